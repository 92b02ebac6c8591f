"""The organisation's key files, what the key signs, and the hand-over to the next one."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.command_line import contents
from support.docks import NOW_MS, make_organisation, make_store

from evidock import authority, keys, organisation, sealed_file, succession
from evidock.errors import EvidockError, StoreError, WrongPassphrase, WrongUsage
from evidock.store import Store
from evidock_protocol import codes, custody_kinds, entry, sign1, statements

HOST = keys.SigningKey(bytes([9]) * 32)


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Passphrases that cost nothing, and pins that are not this user's."""
    monkeypatch.setattr(keys, "OPERATIONS", 1)
    monkeypatch.setattr(keys, "MEMORY", 8192)
    monkeypatch.setattr(organisation, "pins_path", lambda: tmp_path / "pins.txt")


def make(folder: Path) -> tuple[Path, Store]:
    """A key file and a store of that organisation."""
    path = folder / "keys" / "org.key"
    organisation.create(path, "pass")
    with organisation.changing(path, "pass") as opened:
        store = Store.create(folder / "store", opened, "dock", "UTC", lambda: NOW_MS)
    return path, store


# Key files.


def test_a_file_of_the_first_format_opens_and_is_written_in_the_second(tmp_path: Path) -> None:
    path, salt = tmp_path / "org.key", bytes(keys.SALT)
    key, successor = keys.SigningKey(bytes([1]) * 32), keys.SigningKey(bytes([2]) * 32)
    content = {
        "kind": "evidock organisation key", "format": 1, "organisation": key.public.hex(),
        "successor": authority.hash_of(successor.public).hex(), "kdf": "argon2id", "salt": salt.hex(),
        "operations": 1, "memory": 8192,
        "secret": keys.lock(key.seed() + successor.seed(), "pass", salt, 1, 8192).hex(),
    }  # fmt: skip
    path.write_text(json.dumps(content))
    with organisation.changing(path, "pass") as opened:
        assert opened.key.public == key.public
        assert opened.successor is not None
        assert opened.successor.public == successor.public
        assert (opened.generation, opened.certificates) == (1, [])
        opened.certify(HOST.public, "dock", NOW_MS, generation=3)
    again = organisation.unlock(path, "pass")
    assert json.loads(path.read_text())["format"] == 2
    assert (again.generation, again.newest_ms, len(again.certificates)) == (3, NOW_MS, 1)
    assert again.key.public == key.public


def test_nothing_is_written_when_signing_fails(tmp_path: Path) -> None:
    path, store = make(tmp_path)
    store.close()
    before = contents(tmp_path)

    def sign() -> None:
        with organisation.changing(path, "pass") as opened:
            opened.certify(HOST.public, "dock", NOW_MS, generation=2)
            opened.certify(HOST.public, "dock", NOW_MS, generation=1)

    with pytest.raises(StoreError, match="older than"):
        sign()
    assert contents(tmp_path) == before


def test_two_programs_do_not_change_one_key_file(tmp_path: Path) -> None:
    path, store = make(tmp_path)
    store.close()
    with (
        organisation.changing(path, "pass"),
        pytest.raises(StoreError, match="Another program"),
        organisation.changing(path, "pass"),
    ):
        pass
    organisation.change_passphrase(path, "pass", "other")


def test_the_generation_cannot_be_edited(tmp_path: Path) -> None:
    """It lies inside what is sealed: a changed byte of it opens with no passphrase."""
    path, store = make(tmp_path)
    store.close()
    content = json.loads(path.read_text())
    sealed = bytearray.fromhex(content["secret"])
    sealed[-1] ^= 1
    path.write_text(json.dumps({**content, "secret": sealed.hex()}))
    with pytest.raises(WrongPassphrase):
        organisation.unlock(path, "pass")


def test_no_key_file_inside_a_store(tmp_path: Path) -> None:
    path, store = make(tmp_path)
    store.close()
    inside = tmp_path / "store"
    (tmp_path / "way").symlink_to(inside)
    (inside / "out").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "late.key").symlink_to(inside / "late.key")
    places = [
        inside / "org.key", inside / "recorders" / "deep" / "org.key", tmp_path / "way" / "org.key",
        inside / "out" / "org.key", tmp_path / "keys" / ".." / "store" / "org.key", tmp_path / "late.key",
    ]  # fmt: skip
    before = contents(tmp_path)
    for place in places:
        with pytest.raises(StoreError, match="inside the store"):
            organisation.create(place, "pass")
        with pytest.raises(StoreError, match=r"inside the store|already"):
            organisation.back_up(path, "pass", place)
        with pytest.raises(StoreError, match=r"inside the store|already"):
            organisation.split(path, "pass", place, "own")
    assert contents(tmp_path) == before


def test_a_key_file_that_came_to_lie_in_a_store_is_not_opened(tmp_path: Path) -> None:
    path, store = make(tmp_path)
    store.close()
    moved = tmp_path / "store" / "org.key"
    path.rename(moved)
    with pytest.raises(StoreError, match="inside the store"):
        organisation.unlock(moved, "pass")


def test_backup_passphrase_and_split(tmp_path: Path) -> None:
    path, store = make(tmp_path)
    store.close()
    copy, own = tmp_path / "safe" / "copy.key", tmp_path / "vault" / "successor.key"
    for medium in (copy.parent, own.parent):
        medium.mkdir()
    with pytest.raises(WrongPassphrase):
        organisation.back_up(path, "wrong", copy)
    assert not copy.exists()
    organisation.back_up(path, "pass", copy)
    assert copy.read_bytes() == path.read_bytes()
    assert copy.stat().st_mode & 0o777 == 0o600
    with pytest.raises(StoreError, match="already"):
        organisation.back_up(path, "pass", copy)

    organisation.change_passphrase(path, "pass", "changed")
    with pytest.raises(WrongPassphrase):
        organisation.unlock(path, "pass")
    organisation.unlock(copy, "pass")  # a copy keeps the old one

    with pytest.raises(WrongUsage, match="passphrase of its own"):
        organisation.split(path, "changed", own, "changed")
    both = organisation.unlock(path, "changed")
    organisation.split(path, "changed", own, "own")
    alone = organisation.unlock(path, "changed")
    assert alone.successor is None
    assert alone.successor_hash == both.successor_hash
    assert both.successor is not None
    assert organisation.unlock_successor(own, "own").key.public == both.successor.public
    assert own.stat().st_mode & 0o777 == 0o600
    with pytest.raises(StoreError, match="already"):
        organisation.split(path, "changed", own, "own")
    with pytest.raises(StoreError, match="no longer in"):
        organisation.split(path, "changed", tmp_path / "again.key", "own")
    with pytest.raises(StoreError, match="does not hold the successor"):
        organisation.unlock_successor(path, "changed")
    with pytest.raises(WrongPassphrase):
        organisation.unlock_successor(own, "changed")
    with pytest.raises(StoreError, match="not an organisation key"):
        organisation.unlock(own, "own")
    for seed in (both.successor.seed(), both.key.seed()):
        for file in contents(tmp_path).values():
            assert seed not in file
            assert seed.hex().encode() not in file


# What the key signs.


@pytest.mark.parametrize("now_ms", [0, 86_400_000, authority.EARLIEST_MS - 1, authority.END_MS, 1 << 62])
def test_a_clock_that_cannot_be_right_signs_nothing(tmp_path: Path, now_ms: int) -> None:
    mine = make_organisation()
    for sign in (
        lambda: mine.certify(HOST.public, "dock", now_ms),
        lambda: mine.order(codes.OPERATION_SET_TIME, [NOW_MS], now_ms),
        lambda: mine.rotated(now_ms),
        lambda: authority.succeeded(keys.SigningKey.generate(), 1, 0, [], now_ms),
    ):
        with pytest.raises(StoreError, match="clock shows"):
            sign()
    assert (mine.certificates, mine.newest_ms) == ([], 0)
    with pytest.raises(StoreError, match="clock shows"):
        Store.create(tmp_path / "store", mine, "dock", "UTC", lambda: now_ms)
    assert not (tmp_path / "store" / "store.json").exists()


def test_a_clock_that_went_back_days_signs_nothing() -> None:
    mine = make_organisation()
    mine.certify(HOST.public, "dock", NOW_MS)
    with pytest.raises(StoreError, match="signed at"):
        mine.certify(HOST.public, "dock", NOW_MS - 2 * authority.DAY_MS)
    mine.certify(HOST.public, "dock", NOW_MS - 1000)  # a clock that was set is no reason to stop
    assert mine.newest_ms == NOW_MS


def test_orders_rise_in_time_and_carry_the_generation() -> None:
    mine = make_organisation()
    mine.certify(HOST.public, "dock", NOW_MS, generation=4)
    device = bytes([5]) * 32
    orders = [mine.order(codes.OPERATION_RESET, [], NOW_MS - at, device) for at in range(3)]
    parsed = [entry.parse_statement(raw, statements.TYP_ORDER) for raw in orders]
    assert [values["time"] for _sealed, values in parsed] == [NOW_MS + 1, NOW_MS + 2, NOW_MS + 3]
    assert {values["generation"] for _sealed, values in parsed} == {4}
    assert all(keys.verify_statement(sealed, mine.key.public) for sealed, _values in parsed)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"years": 0}, "1 to 50"), ({"years": 51}, "1 to 50"), ({"roles": 0}, "beyond"), ({"roles": 64}, "beyond"),
        ({"generation": 1 << 32}, "beyond"), ({"generation": 0}, "older"), ({"name": "序" * 22}, "at most 64"),
        ({"host_key": bytes(31)}, "32 bytes"),
    ],
)  # fmt: skip
def test_what_no_certificate_holds(change: dict[str, object], words: str) -> None:
    values: dict[str, object] = {"host_key": HOST.public, "name": "dock", "now_ms": NOW_MS, **change}
    with pytest.raises(EvidockError, match=words):
        make_organisation().certify(**values)  # type: ignore[arg-type]


def test_fewer_roles_and_a_shorter_end() -> None:
    raw = make_organisation().certify(HOST.public, "dock", NOW_MS, codes.ROLE_PULL, 7, 2)
    given = authority.parse_certificate(raw)
    assert (given.roles, given.generation) == (codes.ROLE_PULL, 7)
    assert given.not_after - given.not_before == 2 * authority.YEAR_MS


# Certificates of a store.


def test_a_new_certificate_replaces_the_old_one(tmp_path: Path) -> None:
    path, store = make(tmp_path)
    with store:
        given = succession.certify_store(path, "pass", store, codes.ROLE_PULL | codes.ROLE_RECEIPT, 2, 1, "gate")
        assert store.certificate == given.raw
        size = store.custody.size
        store.take_certificate(given.raw)
        assert store.custody.size == size
    assert (tmp_path / "store" / "host.cert").read_bytes() == given.raw
    with Store(tmp_path / "store") as opened:
        assert opened.custody.certificates[-1] == opened.certificate == given.raw
        assert opened.certificates == [given.raw]
        again = succession.certify_store(path, "pass", opened)
    assert (again.roles, again.generation, again.name) == (codes.ROLE_PULL | codes.ROLE_RECEIPT, 2, "gate")


def test_a_host_elsewhere(tmp_path: Path) -> None:
    """Its key goes to the organisation, its certificate comes back; no passphrase leaves the organisation."""
    path, store = make(tmp_path)
    given = succession.certify_key(path, "pass", store.host.public, "gate", NOW_MS, tmp_path / "gate.cert", 1)
    with store:
        assert succession.install(store, tmp_path / "gate.cert").raw == given.raw
        assert store.certificate == given.raw
    with pytest.raises(StoreError, match="already"):
        succession.certify_key(path, "pass", HOST.public, "gate", NOW_MS, tmp_path / "gate.cert")
    with pytest.raises(WrongUsage, match="--name"):
        succession.certify_key(path, "pass", HOST.public, "", NOW_MS, tmp_path / "other.cert")


@pytest.mark.parametrize("case", ["foreign", "other host", "older", "expired", "garbage", "signature", "1970"])
def test_certificates_that_a_store_does_not_take(tmp_path: Path, case: str) -> None:
    path, store = make(tmp_path)
    with store:
        succession.certify_store(path, "pass", store, generation=2)
        mine, foreign = organisation.unlock(path, "pass"), make_organisation(7)
        host = store.host.public
        file = tmp_path / "given.cert"
        if case == "foreign":
            raw = foreign.certify(host, "dock", NOW_MS, generation=2)
        elif case == "other host":
            raw = mine.certify(HOST.public, "dock", NOW_MS)
        elif case == "older":
            mine.generation = 1
            raw = mine.certify(host, "dock", NOW_MS)
        elif case == "expired":
            mine.newest_ms = 0
            raw = mine.certify(host, "dock", NOW_MS - 2 * authority.YEAR_MS, years=1)
        else:
            raw = mine.certify(host, "dock", NOW_MS)
        if case == "signature":
            raw = raw[:-1] + bytes([raw[-1] ^ 1])
        if case == "1970":
            store.now_ms = lambda: 0
        file.write_bytes(raw if case != "garbage" else b"\x82\x01" * 50)
        before = contents(tmp_path)
        with pytest.raises(StoreError):
            succession.install(store, file)
        assert contents(tmp_path) == before
    Store(tmp_path / "store").close()


# From one key to the next.


def orders_of(store: Store) -> list[int]:
    """Kinds of the custody chain's entries."""
    items = (store.folder / "custody.cbs").read_bytes()
    from evidock.durable import split

    return [entry.parse(raw, statements.TYP_CUSTODY).kind for raw in split(items)[0]]


def test_a_rotation(tmp_path: Path) -> None:
    path, store = make(tmp_path)
    old = organisation.unlock(path, "pass")
    out = tmp_path / "rotation.order"
    with store:
        fresh, aside = succession.rotate(path, "pass", store, out)
        assert store.organisation == fresh.key.public
        assert store.organisations == [fresh.key.public, old.key.public]
        assert [authority.parse_certificate(raw).organisation for raw in store.certificates] == store.organisations
        assert orders_of(store) == [custody_kinds.GENESIS, custody_kinds.ORDER, custody_kinds.CERTIFICATE]
    sealed, values = entry.parse_statement(out.read_bytes(), statements.TYP_ORDER)
    assert keys.verify_statement(sealed, old.key.public)
    assert values["arguments"] == [fresh.key.public, old.successor_hash]
    assert values["device"] is None
    assert organisation.unlock(path, "pass").key.public == fresh.key.public
    assert organisation.unlock(path, "pass").lineage == [out.read_bytes()]
    assert organisation.unlock(aside, "pass").key.public == old.key.public
    assert organisation.read_pins() == [fresh.key.thumbprint.hex()]
    with Store(tmp_path / "store") as opened:
        assert opened.organisation == fresh.key.public
        assert opened.successor == old.successor_hash
        with pytest.raises(StoreError, match="already"):
            succession.rotate(path, "pass", opened, out)
        succession.rotate(path, "pass", opened, tmp_path / "second.order")
        assert len(opened.organisations) == 3


def test_a_second_store_follows_a_rotation(tmp_path: Path) -> None:
    path, store = make(tmp_path)
    with organisation.changing(path, "pass") as opened:
        second = Store.create(tmp_path / "second", opened, "gate", "UTC", lambda: NOW_MS)
    with store, second:
        for number in range(2):
            succession.rotate(path, "pass", store, tmp_path / f"{number}.order")
        succession.certify_key(path, "pass", second.host.public, "gate", NOW_MS, tmp_path / "gate.cert")
        succession.install(second, tmp_path / "gate.cert")
        assert second.organisation == store.organisation
        assert second.successor == store.successor
    with Store(tmp_path / "second") as opened:
        assert len(opened.certificates) == 2


@pytest.mark.parametrize("step", ["order", "certificate", "host.cert"])
def test_a_crash_in_a_hand_over(tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it breaks off, the store opens, and certifying it again ends what was begun."""
    path, store = make(tmp_path)
    out = tmp_path / "rotation.order"

    def fail(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with store, monkeypatch.context() as patch:
        if step == "order":
            patch.setattr(store.custody, "note_certificate", fail)
        elif step == "certificate":
            patch.setattr(store, "_settle", fail)
        else:
            patch.setattr("evidock.store_settings.write", fail)
        with pytest.raises(KeyboardInterrupt):
            succession.rotate(path, "pass", store, out)
    fresh = organisation.unlock(path, "pass")
    with Store(tmp_path / "store") as opened:
        assert (opened.organisation == fresh.key.public) == (step != "order")
        succession.certify_store(path, "pass", opened)
        assert opened.organisation == fresh.key.public
    with Store(tmp_path / "store") as opened:
        assert opened.organisation == fresh.key.public
        assert json.loads((tmp_path / "store" / "store.json").read_text())["organisation"] == fresh.key.thumbprint.hex()
    assert fresh.lineage[-1] == out.read_bytes()


@pytest.mark.parametrize("own_file", [True, False])
def test_the_successor_takes_over(tmp_path: Path, own_file: bool) -> None:
    path, store = make(tmp_path)
    source = tmp_path / "vault" / "successor.key"
    source.parent.mkdir()
    old = organisation.unlock(path, "pass")
    if own_file:
        organisation.split(path, "pass", source, "own")
    else:
        organisation.back_up(path, "pass", source)
    passphrase = "own" if own_file else "pass"
    out = tmp_path / "succession.order"
    with store:
        succession.certify_store(path, "pass", store, generation=5)
        path.unlink()
        made, aside = succession.succeed(source, passphrase, store, out, path)
        assert aside is None
        assert made.generation == 5
        assert authority.hash_of(made.key.public) == old.successor_hash == authority.hash_of(store.organisation)
        sealed, values = entry.parse_statement(out.read_bytes(), statements.TYP_ORDER)
        assert sealed.key_id == sign1.thumbprint(made.key.public)
        assert keys.verify_statement(sealed, made.key.public)
        assert values["arguments"] == [made.key.public, made.successor_hash]
        assert made.successor_hash != old.successor_hash
        with pytest.raises(StoreError, match="belongs to this successor already"):
            succession.succeed(source, passphrase, store, tmp_path / "again.order", path)
    assert organisation.unlock(path, passphrase).key.public == made.key.public
    with Store(tmp_path / "store") as opened:
        assert opened.successor == made.successor_hash


def test_a_key_file_from_an_older_backup_rotates(tmp_path: Path) -> None:
    path, store = make(tmp_path)
    organisation.back_up(path, "pass", tmp_path / "backup.key")
    with store:
        succession.certify_store(path, "pass", store, generation=3)
        path.unlink()
        (tmp_path / "backup.key").rename(path)
        fresh, _aside = succession.rotate(path, "pass", store, tmp_path / "rotation.order")
        assert store.organisation == fresh.key.public
        assert authority.parse_certificate(store.certificate).generation == 3


def test_only_orders_that_hand_over_are_lineage(tmp_path: Path) -> None:
    path, store = make(tmp_path)
    with store:
        old = organisation.unlock(path, "pass")
        store.custody.note_order(old.order(codes.OPERATION_CONFIGURE, [3, 8], store.now_ms()))
        made, _aside = succession.succeed(path, "pass", store, tmp_path / "succession.order", path)
    assert len(made.lineage) == 1


def test_succession_after_rotations_and_a_theft(tmp_path: Path) -> None:
    """The successor's file was split off first; the thief raised the generation; the stolen file is put aside."""
    path, store = make(tmp_path)
    source = tmp_path / "successor.key"
    organisation.split(path, "pass", source, "own")
    with store:
        succession.rotate(path, "pass", store, tmp_path / "1.order")
        stolen = organisation.unlock(path, "pass")
        made, aside = succession.succeed(source, "own", store, tmp_path / "2.order", path, generation=100)
        assert aside is not None
        assert organisation.unlock(aside, "pass").key.public == stolen.key.public
        assert made.generation == 100
        assert len(made.lineage) == 2
        assert len(store.organisations) == 3


def test_another_successor_is_refused(tmp_path: Path) -> None:
    path, store = make(tmp_path)
    other = tmp_path / "other.key"
    organisation.create(other, "pass")
    with store:
        before = contents(tmp_path)
        with pytest.raises(StoreError, match="not the successor"):
            succession.succeed(other, "pass", store, tmp_path / "x.order", tmp_path / "y.key")
        with pytest.raises(StoreError, match="not the one of this store"):
            succession.rotate(other, "pass", store, tmp_path / "x.order")
        with pytest.raises(StoreError, match="not the one of this store"):
            succession.certify_store(other, "pass", store)
        with pytest.raises(StoreError, match="already"):  # another organisation's key is never put aside
            succession.succeed(path, "pass", store, tmp_path / "x.order", other)
        assert contents(tmp_path) == before


def test_only_the_organisation_or_its_successor_hands_over() -> None:
    mine, thief = make_organisation(1), make_organisation(7)
    arguments = [thief.key.public, thief.successor_hash]
    public, successor = mine.key.public, mine.successor_hash
    forged = thief.order(codes.OPERATION_ORGANISATION, arguments, NOW_MS)
    assert authority.handed_over(public, successor, forged) is None
    other = mine.order(codes.OPERATION_SET_TIME, [NOW_MS], NOW_MS)
    assert authority.handed_over(public, successor, other) is None
    one = mine.order(codes.OPERATION_ORGANISATION, arguments, NOW_MS, bytes(32))
    assert authority.handed_over(public, successor, one) is None  # to one recorder: the organisation stays
    assert authority.handed_over(public, successor, b"\xd2") is None
    honest = mine.order(codes.OPERATION_ORGANISATION, arguments, NOW_MS)
    assert authority.handed_over(public, successor, honest) == (thief.key.public, thief.successor_hash)


def test_a_certificate_file_that_only_ends_well(tmp_path: Path) -> None:
    path, store = make(tmp_path)
    succession.certify_key(path, "pass", store.host.public, "gate", NOW_MS, tmp_path / "gate.cert")
    (tmp_path / "gate.cert").write_bytes((tmp_path / "gate.cert").read_bytes() + b"\xd2")
    with store, pytest.raises(StoreError, match="not a certificate"):
        succession.install(store, tmp_path / "gate.cert")


def test_a_store_of_a_stranger_is_not_settled(tmp_path: Path) -> None:
    """store.json that names another organisation, and a certificate that custody does not have, open nothing."""
    make_store(tmp_path / "store").close()
    settings = tmp_path / "store" / "store.json"
    whole = settings.read_text()
    stranger = make_organisation(7).key.thumbprint.hex()
    settings.write_text(json.dumps(json.loads(whole) | {"organisation": stranger}))
    with pytest.raises(StoreError, match="do not fit together"):
        Store(tmp_path / "store")
    settings.write_text(whole)
    host = keys.SigningKey(bytes.fromhex((tmp_path / "store" / "host.key").read_text()))
    (tmp_path / "store" / "host.cert").write_bytes(make_organisation().certify(host.public, "x", NOW_MS))
    with pytest.raises(StoreError, match="do not fit together"):
        Store(tmp_path / "store")


def test_a_link_that_leads_nowhere_is_something(tmp_path: Path) -> None:
    os.symlink(tmp_path / "nowhere", tmp_path / "link")
    with pytest.raises(StoreError, match="already"):
        sealed_file.check_absent(tmp_path / "link")


def test_a_medium_that_is_not_in_becomes_no_folder(tmp_path: Path) -> None:
    path, store = make(tmp_path)
    store.close()
    target = tmp_path / "medium" / "safe" / "a.key"
    with pytest.raises(StoreError, match="medium"):
        organisation.back_up(path, "pass", target)
    with pytest.raises(StoreError, match="medium"):
        organisation.split(path, "pass", target, "own")
    assert not (tmp_path / "medium").exists()
    assert organisation.unlock(path, "pass").successor is not None


def test_pins_of_many_programs_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(organisation.pin, [f"{number:064x}" for number in range(40)]))
    assert sorted(organisation.read_pins()) == [f"{number:064x}" for number in range(40)]
