"""Making, opening and locking a store; the organisation key and its certificate."""

import json
from pathlib import Path

import pytest
from support.docks import NOW_MS, make_organisation, make_store

from evidock import keys, layout, organisation
from evidock.errors import StoreError, WrongPassphrase
from evidock.store import Store, check_place
from evidock_protocol import codes, entry, statements


def test_a_store_opens_again_as_it_was_made(tmp_path: Path) -> None:
    with make_store(tmp_path / "s") as made:
        host, custody = made.host.public, made.custody.newest
    with Store(tmp_path / "s") as opened:
        assert opened.host.public == host
        assert opened.custody.newest == custody
        assert opened.custody.size == 1
        assert str(opened.zone) == "Asia/Shanghai"
        assert opened.organisation == make_organisation().key.public
        assert opened.devices() == []
    assert (tmp_path / "s" / layout.HOST_KEY).stat().st_mode & 0o777 == 0o600


def test_at_30_a_store_whose_zone_is_not_the_sealed_one_is_not_opened(tmp_path: Path) -> None:
    with make_store(tmp_path / "s") as made:
        assert made.custody.zone == "Asia/Shanghai"
    settings = tmp_path / "s" / layout.STORE_FILE
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"zone": "UTC"}))
    with pytest.raises(StoreError, match="do not fit together"):
        Store(tmp_path / "s")


def test_two_programs_cannot_use_one_store(tmp_path: Path) -> None:
    with make_store(tmp_path / "s"), pytest.raises(StoreError, match="Another program"):
        Store(tmp_path / "s")
    Store(tmp_path / "s").close()


def test_a_store_is_not_made_twice_nor_over_other_files(tmp_path: Path) -> None:
    make_store(tmp_path / "s").close()
    with pytest.raises(StoreError, match="already"):
        make_store(tmp_path / "s")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").touch()
    with pytest.raises(StoreError, match="not empty"):
        make_store(tmp_path / "other")
    with pytest.raises(StoreError, match="not a folder"):
        make_store(tmp_path / "other" / "thesis.txt")


def test_an_interrupted_init_can_be_run_again(tmp_path: Path) -> None:
    make_store(tmp_path / "s").close()
    (tmp_path / "s" / layout.STORE_FILE).unlink()
    with make_store(tmp_path / "s") as made:
        assert made.custody.size == 1


def test_a_used_store_without_its_settings_is_not_overwritten(tmp_path: Path) -> None:
    make_store(tmp_path / "s").close()
    (tmp_path / "s" / layout.STORE_FILE).unlink()
    (tmp_path / "s" / layout.RECORDERS / ("ab" * 32)).mkdir()
    with pytest.raises(StoreError, match="not empty"):
        check_place(tmp_path / "s")
    with pytest.raises(StoreError, match="not a store"):
        Store(tmp_path / "s")


@pytest.mark.parametrize("name", [layout.HOST_KEY, layout.CERTIFICATE, layout.STORE_FILE, layout.CUSTODY])
@pytest.mark.parametrize("change", ["empty", "garbage", "flipped"])
def test_damaged_files_of_a_store_are_said_in_one_line(tmp_path: Path, name: str, change: str) -> None:
    make_store(tmp_path / "s").close()
    path = tmp_path / "s" / name
    raw = bytearray(path.read_bytes())
    raw[20] ^= 1
    path.write_bytes({"empty": b"", "garbage": bytes(range(200)) * 100, "flipped": bytes(raw)}[change])
    if name == layout.CUSTODY and change == "empty":
        return  # a custody chain that was cut whole is for verification to find, against heads that others hold
    with pytest.raises(StoreError):
        Store(tmp_path / "s")
    raw[20] ^= 1
    path.write_bytes(raw)
    Store(tmp_path / "s").close()  # and the lock was let go


def test_a_store_of_a_later_format_is_refused(tmp_path: Path) -> None:
    make_store(tmp_path / "s").close()
    path = tmp_path / "s" / layout.STORE_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 2}))
    with pytest.raises(StoreError, match="format 2"):
        Store(tmp_path / "s")


def test_the_organisation_key_round_trip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "OPERATIONS", 1)
    monkeypatch.setattr(keys, "MEMORY", 8192)
    path = tmp_path / "deep" / "org.key"
    made = organisation.create(path, "pass")
    assert path.stat().st_mode & 0o777 == 0o600
    assert made.key.seed().hex() not in path.read_text()
    opened = organisation.unlock(path, "pass")
    assert opened.key.public == made.key.public
    assert opened.successor_hash == made.successor_hash
    assert opened.key.seed().hex() not in repr(opened)
    with pytest.raises(WrongPassphrase):
        organisation.unlock(path, "Pass")
    with pytest.raises(StoreError, match="already"):
        organisation.create(path, "pass")


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "x"}, {"format": 3}, {"memory": 1 << 50}, {"salt": "00"}, {"secret": "zz"}, {"operations": None},
        {"organisation": "00" * 32},
    ],
)  # fmt: skip
def test_what_is_no_organisation_key_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
) -> None:
    monkeypatch.setattr(keys, "OPERATIONS", 1)
    monkeypatch.setattr(keys, "MEMORY", 8192)
    path = tmp_path / "org.key"
    organisation.create(path, "pass")
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(StoreError, match="not an organisation key"):
        organisation.unlock(path, "pass")


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"{}", b"\xff\xfe", b"7" * ((1 << 22) + 1)])
def test_any_file_is_no_organisation_key(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "org.key").write_bytes(raw)
    with pytest.raises(StoreError, match="not an organisation key"):
        organisation.unlock(tmp_path / "org.key", "pass")


def test_the_certificate_names_host_and_organisation() -> None:
    mine = make_organisation()
    host = keys.SigningKey.generate()
    sealed, values = entry.parse_statement(mine.certify(host.public, "dock 1", NOW_MS), statements.TYP_CERTIFICATE)
    assert keys.verify_statement(sealed, mine.key.public)
    assert values["organisation"] == mine.key.public
    assert values["host_key"] == host.public
    assert (values["roles"], values["generation"]) == (codes.ALL_ROLES, 1)
    assert values["not_before"] == NOW_MS
    assert values["name"] == "dock 1"


def test_pins_that_are_no_text_pin_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(organisation, "pins_path", lambda: tmp_path / "pins.txt")
    (tmp_path / "pins.txt").write_bytes(b"\xff\xfe\n")
    assert all(len(one) != 64 for one in organisation.read_pins())


def test_only_folders_that_are_named_as_recorders_are(tmp_path: Path) -> None:
    with make_store(tmp_path / "s") as store:
        for name in ("z" * 64, "AB" * 32, "ab" * 32):
            (tmp_path / "s" / layout.RECORDERS / name).mkdir()
        assert store.devices() == [bytes.fromhex("ab" * 32)]


def test_settings_that_nest_without_end(tmp_path: Path) -> None:
    make_store(tmp_path / "s").close()
    (tmp_path / "s" / layout.STORE_FILE).write_text("[" * 200_000)
    with pytest.raises(StoreError):
        Store(tmp_path / "s")


def test_pins_are_kept_once_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(organisation, "pins_path", lambda: tmp_path / "deep" / "pins.txt")
    assert organisation.read_pins() == []
    for fingerprint in ("ab" * 32, "cd" * 32, "ab" * 32):
        organisation.pin(fingerprint)
    assert organisation.read_pins() == ["ab" * 32, "cd" * 32]
