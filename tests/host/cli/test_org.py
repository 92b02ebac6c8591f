"""`evidock org` as a user types it: one line for what goes wrong, nothing changed by it, and no secret anywhere."""

import base64
import json
import logging
from pathlib import Path

import pytest
from support.command_line import PASSPHRASE, CommandLine, contents
from support.ports import on_pty
from support.recorder import ScriptedRecorder, Wire

from evidock import keys, organisation
from evidock.errors import EvidockError
from evidock_protocol import codes, entry, statements

COMMANDS = (
    "show",
    "backup",
    "restore",
    "passphrase",
    "split",
    "certify",
    "install",
    "host",
    "order",
    "rotate",
    "succeed",
)
OWN = "battery staple"  # the successor's passphrase


@pytest.fixture
def evidock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    made = CommandLine(tmp_path, monkeypatch, capsys)
    made.does("init", "store", "--name", "dock 1")
    return made


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(evidock: CommandLine, command: str) -> None:
    told = " ".join(evidock.does("org", command, "--help").split())
    assert f"Example: evidock org {command}" in told


def test_the_group_says_what_there_is(evidock: CommandLine) -> None:
    told = evidock.does("org")
    assert all(f" {command} " in told for command in COMMANDS)


def test_show(evidock: CommandLine, tmp_path: Path) -> None:
    fingerprint = json.loads((tmp_path / "store" / "store.json").read_text())["organisation"]
    told = evidock("org", "show", "--json").json
    assert told["fingerprint"] == fingerprint
    assert told["pins"] == [fingerprint]
    assert (told["generation"], told["successor_here"], told["handed_over"]) == (1, True, 0)
    (given,) = told["certificates"]
    assert (given["name"], given["generation"]) == ("dock 1", 1)
    assert given["roles"] == ["pull", "time", "receipt", "issue", "configure", "firmware"]
    for lang in ("en", "zh"):
        shown = evidock.does("org", "show", "--lang", lang)
        assert fingerprint in shown
        assert "dock 1" in shown


def test_a_certificate_with_fewer_roles(evidock: CommandLine, tmp_path: Path) -> None:
    told = evidock("org", "certify", "store", "--roles", "pull,receipt", "--generation", "3", "--json").json
    assert (told["roles"], told["generation"]) == (["pull", "receipt"], 3)
    assert evidock("org", "host", "store", "--json").json == told
    assert "generation 3" in evidock.does("org", "certify", "store", "--years", "2")
    assert evidock("org", "show", "--json").json["generation"] == 3
    assert evidock("org", "certify", "store", "--generation", "2").complaint.count("older") == 1


def test_a_host_elsewhere(evidock: CommandLine, tmp_path: Path) -> None:
    public = evidock("org", "host", "store", "--json").json["host_key"]
    assert public in evidock.does("org", "host", "store")
    evidock.does("org", "certify", "--host-key", public, "--name", "gate", "--roles", "pull", "--out", "gate.cert")
    assert "gate" in evidock.does("org", "install", "gate.cert", "store")
    assert evidock("org", "host", "store", "--json").json["roles"] == ["pull"]


ORDERS = [
    (["set_time", "2026-03-02T21:40:00+08:00", "--device", "cd" * 32], codes.OPERATION_SET_TIME, [1_772_458_800_000]),
    (["configure", "battery_stop", "8"], codes.OPERATION_CONFIGURE, [3, 8]),
    (["firmware", "ab" * 32], codes.OPERATION_FIRMWARE, [bytes.fromhex("ab" * 32)]),
    (["reset", "--device", "cd" * 32], codes.OPERATION_RESET, []),
]


@pytest.mark.parametrize(("asked", "operation", "arguments"), ORDERS)
def test_orders(
    evidock: CommandLine, tmp_path: Path, asked: list[str], operation: int, arguments: list[object]
) -> None:
    assert "x.order" in evidock.does("org", "order", *asked, "--out", "x.order")
    sealed, values = entry.parse_statement((tmp_path / "x.order").read_bytes(), statements.TYP_ORDER)
    assert (values["operation"], values["arguments"]) == (operation, arguments)
    assert values["device"] == (bytes.fromhex("cd" * 32) if "--device" in asked else None)
    assert sealed.key_id.hex() == evidock("org", "show", "--json").json["fingerprint"]
    assert evidock("org", "order", *asked, "--out", "x.order").complaint.count("already") == 1


# What is refused; and that nothing is changed by it.

WRONG = [
    (["certify", "store", "--roles", "pull,fly"], "no role fly"),
    (["certify", "store", "--roles", ""], "no role"),
    (["certify", "store", "--years", "99"], "1 to 50"),
    (["certify", "store", "--years", "0"], "1 to 50"),
    (["certify", "store", "--out", "x"], "--host-key"),
    (["certify", "--host-key", "ab", "--name", "x", "--out", "x"], "64 hexadecimal"),
    (["certify", "--host-key", "ab" * 32, "--name", "x"], "--out"),
    (["certify", "--host-key", "ab" * 32, "--out", "x"], "--name"),
    (["certify", "nowhere"], "not a store"),
    (["install", "store/store.json", "store"], "not a certificate"),
    (["install", "nowhere", "store"], "nowhere"),
    (["order", "dance", "--out", "x"], "dance"),
    (["order", "issue", "--out", "x"], "issue"),
    (["order", "reset", "--out", "x"], "--device"),
    (["order", "set_time", "2026-01-01", "--out", "x"], "--device"),
    (["order", "reset", "--device", "12", "--out", "x"], "64 hexadecimal"),
    (["order", "set_time", "yesterday", "--out", "x"], "yesterday"),
    (["order", "set_time", "1970-01-01", "--out", "x"], "2020 to 2099"),
    (["order", "configure", "battery_stop", "51", "--out", "x"], "battery_stop"),
    (["order", "configure", "battery_stop", "much", "--out", "x"], "whole number"),
    (["order", "configure", "no_such", "1", "--out", "x"], "no_such"),
    (["order", "configure", "battery_stop", "--out", "x"], "2 arguments"),
    (["order", "firmware", "xyz", "--out", "x"], "64 hexadecimal"),
    (["order", "organisation", "--out", "x"], "no such order"),
    (["order", "set_time", "2026-01-01"], "--out"),
    (["backup", "--to", "store/copy.key"], "inside the store"),
    (["backup", "--to", "pins"], "already"),
    (["split", "--successor-to", "store/s.key"], "inside the store"),
    (["restore", "copy.key"], "already an organisation key|There is an organisation key"),
    (["succeed", "store", "--successor", "stranger.key", "--out", "x"], "not the successor"),
    (["rotate", "store", "--org-key", "stranger.key", "--out", "x"], "not the one of this store"),
    (["certify", "store", "--org-key", "stranger.key"], "not the one of this store"),
    (["show", "--org-key", "pins"], "not an organisation key"),
    (["show", "--org-key", "nowhere"], "nowhere"),
]


@pytest.mark.parametrize(("asked", "words"), WRONG)
def test_what_is_refused_changes_nothing(
    evidock: CommandLine, tmp_path: Path, asked: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pins").write_text("x")
    evidock.does("init", "strange", "--org-key", "stranger.key")
    evidock.does("org", "backup", "--to", "copy.key")
    monkeypatch.setenv("EVIDOCK_NEW_PASSPHRASE", OWN)
    before = contents(tmp_path)
    told = evidock("org", *asked)
    assert told.status in (1, 2)
    assert any(part in told.complaint for part in words.split("|")), told.complaint
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "asked",
    [
        ["show"], ["backup", "--to", "copy.key"], ["passphrase"], ["split", "--successor-to", "s.key"],
        ["certify", "store"], ["order", "firmware", "ab" * 32, "--out", "x"], ["rotate", "store", "--out", "x"],
        ["succeed", "store", "--successor", "home/evidock/organisation.key", "--out", "x"],
    ],
)  # fmt: skip
def test_a_wrong_passphrase_changes_nothing(
    evidock: CommandLine, tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says what to do when it is lost: nobody can open the file, but the successor can take over."""
    before = contents(tmp_path)
    monkeypatch.setenv("EVIDOCK_PASSPHRASE", "wrong horse")
    monkeypatch.setenv("EVIDOCK_NEW_PASSPHRASE", OWN)
    told = evidock("org", *asked)
    assert told.status == 1
    assert "evidock org succeed" in told.complaint
    assert "wrong horse" not in told.out + told.err
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "asked",
    [
        ["org", "certify", "store"], ["org", "order", "configure", "battery_stop", "8", "--out", "x"],
        ["org", "rotate", "store", "--out", "x"], ["init", "second"], ["init", "third", "--org-key", "third.key"],
        ["org", "succeed", "store", "--successor", "home/evidock/organisation.key", "--out", "x"],
    ],
)  # fmt: skip
def test_a_host_clock_of_1970_changes_nothing(
    evidock: CommandLine, tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(tmp_path)
    monkeypatch.setattr("time.time_ns", lambda: 86_400_000_000_000)
    told = evidock(*asked)
    assert told.status == 1
    assert "1970-01-02" in told.complaint
    assert contents(tmp_path) == before


def test_no_new_passphrase_and_no_terminal(evidock: CommandLine, tmp_path: Path) -> None:
    assert "--new-passphrase-file" in evidock("org", "passphrase").complaint
    (tmp_path / "new").write_text(OWN + "\n")
    evidock.does("org", "passphrase", "--new-passphrase-file", "new")
    assert "succeed" in evidock("org", "show").complaint
    evidock.does("org", "show", "--passphrase-file", "new")


def test_a_passphrase_that_is_no_text(evidock: CommandLine, tmp_path: Path) -> None:
    before = contents(tmp_path)
    (tmp_path / "new").write_bytes(b"\xff\xfe\n")
    for asked in (
        ["org", "passphrase", "--new-passphrase-file"],
        ["init", "x", "--org-key", "x.key", "--passphrase-file"],
    ):
        told = evidock(*asked, "new")
        assert told.status == 2
        assert "UTF-8" in told.complaint
    (tmp_path / "new").unlink()
    assert contents(tmp_path) == before


# No secret anywhere.


def test_no_secret_is_printed_logged_or_left_in_a_file(
    evidock: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Every command with a secret in hand, well and ill; then all that was said and written is searched for each."""
    caplog.set_level(logging.DEBUG)
    made: list[keys.SigningKey] = []
    honest = keys.SigningKey.__init__

    def remember(self: keys.SigningKey, seed: bytes) -> None:
        honest(self, seed)
        made.append(self)

    monkeypatch.setattr(keys.SigningKey, "__init__", remember)
    monkeypatch.setenv("EVIDOCK_NEW_PASSPHRASE", OWN)
    evidock.does("org", "show")
    evidock.does("init", "second")
    evidock.does("org", "backup", "--to", "copy.key")
    evidock.does("org", "split", "--successor-to", "successor.key")
    evidock.does("org", "certify", "second", "--generation", "2")
    evidock.does("org", "rotate", "store", "--out", "rotation.order")
    evidock.does("org", "certify", "second")
    evidock.does("org", "order", "configure", "battery_stop", "8", "--out", "time.order")
    with on_pty(Wire(ScriptedRecorder()).feed) as port:
        evidock.does("provision", "--port", port, "store", "--label", "label.svg")
    evidock("org", "show", "--org-key", "successor.key")
    evidock("org", "backup", "--to", "copy.key")
    monkeypatch.setenv("EVIDOCK_PASSPHRASE", OWN)
    evidock("org", "show")
    evidock.does("org", "succeed", "store", "--successor", "successor.key", "--out", "succession.order")
    monkeypatch.setenv("EVIDOCK_NEW_PASSPHRASE", PASSPHRASE)
    evidock.does("org", "passphrase")

    seeds = {key.seed() for key in made}
    assert len(seeds) >= 6
    secrets = {text.encode() for text in (PASSPHRASE, OWN)}
    for seed in seeds:
        secrets |= {seed, seed.hex().encode(), seed.hex().upper().encode(), base64.b64encode(seed).rstrip(b"=")}
        secrets |= {repr(seed).encode(), base64.urlsafe_b64encode(seed).rstrip(b"=")}
    files = contents(tmp_path)
    hosts = {name for name in files if name.endswith("host.key")}  # a host's own seed, readable by its owner only
    assert all((tmp_path / name).stat().st_mode & 0o777 == 0o600 for name in hosts)
    assert not [name for name in files if name.endswith(".new")]
    places = {name: data for name, data in files.items() if name not in hosts}
    places |= {"what was said": evidock.said.encode(), "what was logged": caplog.text.encode()}
    assert len(places) > 12
    for name, data in places.items():
        assert not [secret for secret in secrets if secret in data], name
    for file in tmp_path.rglob("*.key*"):
        assert file.stat().st_mode & 0o777 == 0o600


def test_no_secret_in_a_repr(tmp_path: Path, evidock: CommandLine) -> None:
    opened = organisation.unlock(evidock.key, PASSPHRASE)
    successor = organisation.unlock_successor(evidock.key, PASSPHRASE)
    for thing in (opened, successor, opened.key, EvidockError("wrong_passphrase", path="x")):
        for key in (opened.key, successor.key):
            assert key.seed().hex() not in repr(thing) + str(thing)
            assert repr(key.seed())[2:-1] not in repr(thing)
