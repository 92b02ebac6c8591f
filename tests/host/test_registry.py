"""The registry: every change is a signed entry, units are private, and what ended stays ended."""

from collections.abc import Generator
from pathlib import Path

import pytest
from support.docks import NOW_MS, attach, dock, enrol, make_store
from support.recorder import ScriptedRecorder

from evidock import registry
from evidock.cli import common
from evidock.durable import SequenceFile
from evidock.errors import EvidockError, StoreError, WrongUsage
from evidock.provisioning import provision
from evidock.store import Store
from evidock_protocol import cbor, codes, custody_kinds, entry, messages, private, statements

UNIT = 33_000_417  # a number that nothing else in a store holds


@pytest.fixture
def recorder() -> ScriptedRecorder:
    return ScriptedRecorder()


@pytest.fixture
def store(tmp_path: Path, recorder: ScriptedRecorder) -> Generator[Store]:
    """A store with one recorder that worked a shift."""
    with make_store(tmp_path / "store") as made:
        enrol(recorder, made)
        recorder.shift(1, 1, 100)
        dock(recorder, made)
        yield made


def device_of(store: Store) -> bytes:
    (device,) = store.devices()
    return device


def again(store: Store) -> Store:
    store.close()
    return Store(store.folder, lambda: NOW_MS)


def test_states_and_units(store: Store, recorder: ScriptedRecorder) -> None:
    device = device_of(store)
    first = registry.recorder(store, device)
    assert (first.state, first.unit, first.serial, first.asset) == ("enrolled", None, "417", "BC-1")
    assert first.device.startswith(first.fingerprint.replace(" ", "").lower())
    registry.note_issue(store, device, UNIT)
    registry.note_return(store, device)
    with again(store) as opened:
        assert registry.recorder(opened, device).state == "enrolled"
        assert registry.recorder(opened, device).unit == UNIT  # it still belongs there
        for state in ("in_repair", "lost", "issued"):
            assert registry.set_state(opened, device, registry.STATES[state]).state == state
        assert registry.set_state(opened, device, registry.ISSUED, 7).unit == 7
        size = opened.custody.size
        registry.note_issue(opened, device, None)
        registry.note_issue(opened, device, 7)
        assert opened.custody.size == size  # what changes nothing is no entry
        assert registry.recorders(opened) == [registry.recorder(opened, device)]


def test_units_stand_in_no_signed_entry(store: Store) -> None:
    """OB-70: a package of the custody chain tells nobody whose recorder it was."""
    registry.note_issue(store, device_of(store), UNIT)
    chain, openings = (store.folder / name for name in ("custody.cbs", "custody-private.cbs"))
    number = cbor.encode(UNIT)
    assert number not in chain.read_bytes()
    (record,) = SequenceFile(openings).items
    sequence, (opening,) = private.parse_record(cbor.decode(record))
    item = entry.parse(SequenceFile(chain).items[sequence], statements.TYP_CUSTODY)
    assert item.kind == custody_kinds.REGISTRY
    assert opening == (codes.LABEL_UNIT, UNIT, item.body["unit"])
    openings.unlink()
    with again(store) as opened:  # withheld
        assert registry.recorders(opened)[0].unit is None


def test_revoked_at_a_head(store: Store, recorder: ScriptedRecorder) -> None:
    """AT-19: entries from the head on are not trusted; the entry names it."""
    device = device_of(store)
    held = store.archive(device).chain.size
    registry.set_state(store, device, registry.REVOKED, at_size=held - 1)
    registration = store.custody.registered[device]
    assert (registration.state, registration.head_size) == (registry.REVOKED, held - 1)
    assert registration.head_hash == store.archive(device).entries(held - 2, held - 1)[0].hash
    for state in (registry.ENROLLED, registry.RETIRED):
        with pytest.raises(StoreError, match="only be revoked"):
            registry.set_state(store, device, state)
    with pytest.raises(StoreError, match="only be revoked"):
        registry.set_state(store, device, registry.REVOKED, at_size=held)
    size = store.custody.size
    registry.note_issue(store, device, None)
    registry.note_return(store, device)
    assert store.custody.size == size
    assert registry.set_state(store, device, registry.REVOKED, 7).unit == 7
    assert registry.set_state(store, device, registry.REVOKED, at_size=2).head_size == 2
    with again(store) as opened:
        assert registry.recorder(opened, device).state == "revoked"


@pytest.mark.parametrize(("serial", "asset", "name"), [("417", "", "serial"), ("", "BC-1", "asset")])
def test_a_number_that_is_taken(store: Store, serial: str, asset: str, name: str) -> None:
    """OB-45: refused before the recorder is asked; free again once that recorder is retired (OB-83)."""
    second = ScriptedRecorder(seed=2)
    with pytest.raises(StoreError, match=f"{name} number"):
        provision(attach(second, store), store, serial, asset)
    assert messages.PROVISION not in [kind for kind, _values in second.requests]
    registry.demand_free(store, serial, asset, device_of(store))
    registry.retire(store, device_of(store))
    registry.demand_free(store, serial, asset)


def test_retired_by_default_at_all_that_is_held(store: Store) -> None:
    """OB-83: who retires an asset revokes its key."""
    device = device_of(store)
    registry.retire(store, device)
    assert registry.recorder(store, device).head_size == store.archive(device).chain.size
    registry.retire(store, bytes(32))  # not enrolled here: nothing to retire
    assert registry.set_state(store, device, registry.REVOKED, at_size=3).state == "revoked"


@pytest.mark.parametrize("at_size", [0, -1, 10_000])
def test_a_head_that_is_not_held(store: Store, at_size: int) -> None:
    with pytest.raises(WrongUsage, match="holds only"):
        registry.set_state(store, device_of(store), registry.REVOKED, at_size=at_size)
    with pytest.raises(WrongUsage, match="--at-size"):
        registry.set_state(store, device_of(store), registry.LOST, at_size=1)
    with pytest.raises(WrongUsage, match="whole number"):
        registry.set_state(store, device_of(store), registry.LOST, -1)


def test_find(store: Store) -> None:
    device = device_of(store)
    for text in (
        device.hex(),
        device.hex()[:8],
        device.hex()[:8].upper(),
        registry.recorder(store, device).fingerprint,
    ):
        assert registry.find(store, text) == device
    assert registry.find(store, "417") == device
    for text in ("", "4", device.hex()[:7], "zz" * 32):
        with pytest.raises(StoreError, match="enrolled in"):
            registry.find(store, text)
    second = ScriptedRecorder(seed=77)
    provision(attach(second, store), store, device.hex()[:8])
    with pytest.raises(WrongUsage, match="2 recorders"):
        registry.find(store, device.hex()[:8])


@pytest.mark.parametrize("name", ["custody.cbs", "custody-private.cbs"])
def test_a_registry_that_was_edited_by_hand(store: Store, name: str) -> None:
    """Another state, another unit: the store is not opened, and not changed, before somebody looked at it."""
    registry.note_issue(store, device_of(store), 17)
    registry.note_issue(store, device_of(store), 18)
    path = store.folder / name
    raw = bytearray(path.read_bytes())
    items = SequenceFile(path).items
    place = raw.index(items[-2]) + (len(items[-2]) - 70 if name == "custody.cbs" else len(items[-2]) - 1)
    raw[place] ^= 1
    store.close()
    path.write_bytes(raw)
    with pytest.raises(StoreError, match="custody chain"):
        Store(store.folder)
    assert path.read_bytes() == raw


def test_records_that_power_left_without_their_entry(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    device = device_of(store)
    with monkeypatch.context() as patch:
        patch.setattr(store.custody, "add", lambda *_arguments: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            registry.note_issue(store, device, 17)
    with again(store) as opened:
        assert registry.recorder(opened, device).unit is None
        registry.note_issue(opened, device, 18)
        with again(opened) as last:
            assert registry.recorder(last, device).unit == 18


def test_a_clock_of_1970_writes_nothing(store: Store) -> None:
    before = (store.folder / "custody.cbs").read_bytes()
    store.close()
    with Store(store.folder, lambda: 0) as late, pytest.raises(StoreError, match="clock shows 1970"):
        registry.note_issue(late, device_of(late), 17)
    assert (store.folder / "custody.cbs").read_bytes() == before
    assert not (store.folder / "custody-private.cbs").exists()


def test_a_recorder_that_was_reset_is_another_one(store: Store, recorder: ScriptedRecorder) -> None:
    """What it signed up to its RESET is brought here first; then the old one is retired and the new one enrolled."""
    old = device_of(store)
    held = store.archive(old).chain.size
    recorder.start()  # entries that no docking has seen
    fresh = ScriptedRecorder(seed=99)
    now = [recorder]

    class Both:
        """One recorder at the cable: the old one until it is provisioned, the new one from then on."""

        def __getattr__(self, name: str) -> object:
            return getattr(now[0], name)

        def handle(self, payload: bytes) -> list[bytes]:
            from evidock_protocol import wire

            if wire.parse_request(payload)[0] == messages.PROVISION:
                now[0] = fresh
            return now[0].handle(payload)

    recorder.twist = lambda kind, values: (
        {**values, "state": codes.RECORDER_RESET} if kind == messages.HELLO else values
    )
    genesis = provision(attach(Both(), store), store, "418")  # type: ignore[arg-type]
    assert genesis.device == fresh.device
    assert store.archive(old).chain.size > held
    assert registry.recorder(store, old).state == "retired"
    assert registry.recorder(store, old).head_size == store.archive(old).chain.size
    assert registry.recorder(store, genesis.device).state == "enrolled"


def test_a_provisioning_with_a_clock_of_1970(tmp_path: Path) -> None:
    make_store(tmp_path / "store").close()
    with Store(tmp_path / "store", lambda: 0) as store:
        recorder = ScriptedRecorder()
        with pytest.raises(EvidockError, match="clock shows 1970"):
            provision(attach(recorder, store), store)
        assert recorder.device is None
        assert store.devices() == []


@pytest.mark.parametrize("state", ["lost", "retired", "revoked"])
def test_what_is_out_of_use_is_not_issued(
    store: Store, recorder: ScriptedRecorder, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client = attach(recorder, store)
    registry.set_state(store, device_of(store), registry.STATES[state])
    size = store.custody.size
    recorder.requests.clear()
    with pytest.raises(StoreError, match=state):
        client.issue(8)
    assert (recorder.requests, store.custody.size) == ([], size)
    assert registry.out_of_use(store, device_of(store)) == state
    assert common.warn_out_of_use(store, attach(recorder, store)) == state
    assert f"has recorder {device_of(store).hex()[:16]} as {state}" in capsys.readouterr().err
    dock(recorder, store)  # what it recorded is brought in all the same


def test_files_that_name_people_are_for_their_owner_only(store: Store, recorder: ScriptedRecorder) -> None:
    attach(recorder, store).issue(8, UNIT)
    kept = [path for path in store.folder.rglob("*private.cbs") if path.stat().st_size]
    assert len(kept) == 2
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
