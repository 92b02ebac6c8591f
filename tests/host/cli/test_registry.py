"""`evidock registry` as a user types it."""

import json
from pathlib import Path

import pytest
from support.command_line import CommandLine, contents
from support.ports import on_pty
from support.recorder import ScriptedRecorder, Wire


@pytest.fixture
def recorder() -> ScriptedRecorder:
    return ScriptedRecorder()


@pytest.fixture
def evidock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], recorder: ScriptedRecorder
) -> CommandLine:
    made = CommandLine(tmp_path, monkeypatch, capsys)
    made.does("init", "store")
    with on_pty(Wire(recorder).feed) as port:
        made.does("provision", "--port", port, "store", "--serial", "417", "--asset", "BC-1")
    return made


@pytest.mark.parametrize("command", ["list", "show", "set"])
def test_help_has_an_example(evidock: CommandLine, command: str) -> None:
    told = " ".join(evidock.does("registry", command, "--help").split())
    assert f"Example: evidock registry {command}" in told
    assert command in evidock.does("registry")


def test_list_show_and_set(evidock: CommandLine, recorder: ScriptedRecorder) -> None:
    assert recorder.device is not None
    device = recorder.device.hex()
    (one,) = evidock("registry", "list", "store", "--json").json["recorders"]
    assert (one["device"], one["serial"], one["asset"], one["state"]) == (device, "417", "BC-1", "enrolled")
    assert one["fingerprint"] in evidock.does("registry", "list", "store")
    assert "已登记" in evidock.does("registry", "list", "store", "--lang", "zh")
    told = evidock("registry", "set", device[:8], "store", "--state", "in_repair", "--unit", "12", "--json").json
    assert (told["state"], told["unit"]) == ("in_repair", 12)
    assert "in repair" in evidock.does("registry", "show", "417", "store")
    assert evidock("registry", "show", "417", "store", "--json").json == told
    told = evidock(
        "registry", "set", one["fingerprint"], "store", "--state", "revoked", "--at-size", "1", "--json"
    ).json
    assert (told["state"], told["head_size"], told["unit"]) == ("revoked", 1, 12)
    assert "its first 1 entries are trusted" in evidock.does("registry", "list", "store")
    assert evidock("registry", "set", device, "store", "--unit", "13", "--json").json["head_size"] == 1


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["set", "417", "store", "--state", "lent"], "no state lent"),
        (["set", "417", "store"], "--state"),
        (["set", "417", "store", "--state", "lost", "--at-size", "1"], "--at-size"),
        (["set", "417", "store", "--state", "revoked", "--at-size", "2"], "not 2:"),
        (["set", "418", "store", "--state", "lost"], "418"),
        (["set", "417", "store", "--state", "lost", "--unit", "-1"], "unit"),
        (["show", "abcdef012345", "store"], "abcdef012345"),
        (["list", "nowhere"], "not a store"),
        (["list"], "EVIDOCK_STORE"),
    ],
)
def test_what_is_refused_changes_nothing(evidock: CommandLine, tmp_path: Path, asked: list[str], words: str) -> None:
    before = contents(tmp_path)
    told = evidock("registry", *asked)
    assert told.status in (1, 2)
    assert words in told.complaint
    assert contents(tmp_path) == before


def test_a_registry_that_was_edited_by_hand(evidock: CommandLine, tmp_path: Path) -> None:
    evidock.does("registry", "set", "417", "store", "--state", "lost", "--unit", "12")
    path = tmp_path / "store" / "custody.cbs"
    raw = bytearray(path.read_bytes())
    raw[-80] ^= 1
    path.write_bytes(raw)
    before = contents(tmp_path)
    told = evidock("registry", "list", "store")
    assert (told.status, told.out) == (1, "")
    assert "does not hold" in told.complaint
    assert contents(tmp_path) == before


def test_a_clock_of_1970(evidock: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(tmp_path)
    monkeypatch.setattr("time.time_ns", lambda: 0)
    told = evidock("registry", "set", "417", "store", "--state", "lost", "--unit", "12")
    assert told.status == 1
    assert "1970" in told.complaint
    assert contents(tmp_path) == before
    assert json.loads(evidock("registry", "list", "store", "--json").out)["recorders"]
