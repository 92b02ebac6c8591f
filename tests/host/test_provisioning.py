"""Enrolment: of a blank recorder, after an interruption, into a second store, and of another organisation's."""

from pathlib import Path
from typing import Any

import pytest
from support.docks import attach, dock, make_store
from support.recorder import Cable, ScriptedRecorder

from evidock.errors import BadEvidence, LineLost, Misbehaving, Refused, WrongUsage
from evidock.provisioning import provision
from evidock.store import Store
from evidock_protocol import codes, messages


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with make_store(tmp_path / "store") as made:
        yield made


def test_a_blank_recorder(store: Store) -> None:
    recorder = ScriptedRecorder()
    genesis = provision(attach(recorder, store), store, "417", "BC-1")
    assert genesis.device == recorder.device
    assert genesis.body["organisation"] == store.organisation
    assert genesis.body["successor"] == store.successor
    assert genesis.body["host"] == store.host.thumbprint
    assert (genesis.body["serial"], genesis.body["asset"]) == ("417", "BC-1")
    assert store.devices() == [genesis.device]
    assert store.custody.enrolled == {genesis.device}
    folder = store.folder
    store.close()
    with Store(folder) as opened:
        assert opened.archive(genesis.device).chain.size == 1
        assert opened.custody.enrolled == {genesis.device}


def test_calling_again_changes_nothing(store: Store) -> None:
    recorder = ScriptedRecorder()
    provision(attach(recorder, store), store)
    size = store.custody.size
    provision(attach(recorder, store), store)
    assert store.custody.size == size
    assert len(recorder.entries) == 1


@pytest.mark.parametrize("numbers", [{"serial": "other"}, {"asset": "other"}])
def test_a_provisioned_recorder_keeps_its_numbers(store: Store, numbers: dict[str, str]) -> None:
    recorder = ScriptedRecorder()
    provision(attach(recorder, store), store, "417", "BC-1")
    size = store.custody.size
    with pytest.raises(Refused, match="evidock org order reset"):
        provision(attach(recorder, store), store, **numbers)
    assert (store.custody.size, len(recorder.entries)) == (size, 1)


def test_host_time_is_given_to_a_real_recorder_only(store: Store) -> None:
    for protection, expected in ((codes.PROTECTION_NONE, store.now_ms()), (codes.PROTECTION_SIMULATED, None)):
        recorder = ScriptedRecorder(seed=protection + 5)
        recorder.protection = protection
        provision(attach(recorder, store), store)
        asked = [values for kind, values in recorder.requests if kind == messages.PROVISION]
        assert asked[0]["time"] == expected


def test_an_answer_that_was_lost_is_fetched(store: Store) -> None:
    """The recorder signed GENESIS, the cable was pulled: the same call goes on from there."""
    recorder = ScriptedRecorder()
    cable = Cable(recorder)
    client = attach(recorder, store, cable)
    cable.cut_after = cable._sent
    with pytest.raises(LineLost):
        provision(client, store, "417", "BC-1")
    assert recorder.device is not None
    assert not store.custody.enrolled
    genesis = provision(attach(recorder, store), store, "417", "BC-1")
    assert genesis.raw == recorder.entries[0]
    assert store.custody.enrolled == {genesis.device}
    dock(recorder, store)


def test_a_recorder_of_the_organisation_enters_a_second_store(store: Store, tmp_path: Path) -> None:
    recorder = ScriptedRecorder()
    provision(attach(recorder, store), store)
    recorder.shift(1, 1, 100)
    dock(recorder, store)
    with make_store(tmp_path / "second") as second:
        provision(attach(recorder, second), second)
        result = dock(recorder, second)
        assert result.receipted == [(1, 1)]
        assert result.size == len(recorder.entries)


def test_a_recorder_of_another_organisation(store: Store, tmp_path: Path) -> None:
    recorder = ScriptedRecorder()
    with make_store(tmp_path / "other", seed=7) as other:
        provision(attach(recorder, other), other)
    with pytest.raises(Refused, match="another organisation"):
        provision(attach(recorder, store), store)
    recorder.organisation = store.organisation  # it lets this host in, but GENESIS says otherwise
    with pytest.raises(BadEvidence, match="another organisation"):
        provision(attach(recorder, store), store)
    assert store.devices() == []


@pytest.mark.parametrize("change", ["organisation", "successor"])
def test_a_genesis_for_others(store: Store, change: str) -> None:
    recorder = ScriptedRecorder()
    honest = recorder.provision

    def lie(organisation: bytes, successor: bytes, *rest: Any) -> bytes:
        return honest(bytes(32) if change == "organisation" else organisation, bytes(32), *rest)

    recorder.provision = lie  # type: ignore[method-assign]
    with pytest.raises(BadEvidence, match="another organisation"):
        provision(attach(recorder, store), store)
    assert not store.custody.enrolled


@pytest.mark.parametrize("genesis", [b"", b"\xd2", bytes(200)])
def test_a_genesis_that_cannot_be_read(store: Store, genesis: bytes) -> None:
    recorder = ScriptedRecorder()
    recorder.twist = lambda kind, values: {"genesis": genesis} if kind == messages.PROVISION else values
    with pytest.raises(BadEvidence):
        provision(attach(recorder, store), store)
    assert not store.custody.enrolled
    recorder.twist = lambda _kind, values: values
    provision(attach(recorder, store), store)


def test_a_genesis_of_another_device(store: Store) -> None:
    other = ScriptedRecorder(seed=2)
    other.provision(store.organisation, store.successor)
    recorder = ScriptedRecorder()
    recorder.twist = lambda kind, values: {"genesis": other.entries[0]} if kind == messages.PROVISION else values
    with pytest.raises(BadEvidence, match="another recorder"):
        provision(attach(recorder, store), store)


def test_a_genesis_that_names_another_host(store: Store) -> None:
    recorder = ScriptedRecorder()
    honest = recorder.provision
    recorder.provision = lambda *given: honest(*given[:4], bytes(32))  # type: ignore[method-assign]
    with pytest.raises(BadEvidence, match="another host"):
        provision(attach(recorder, store), store)


def test_a_recorder_that_stays_blank(store: Store) -> None:
    recorder = ScriptedRecorder()
    recorder.twist = lambda kind, values: {**values, "device": None} if kind == messages.HELLO else values
    with pytest.raises(Misbehaving, match="still blank"):
        provision(attach(recorder, store), store)


def test_a_board_without_a_random_source_is_refused(store: Store) -> None:
    recorder = ScriptedRecorder()
    recorder.refuse[messages.PROVISION] = messages.NO_RANDOM_SOURCE
    with pytest.raises(Refused, match="random source"):
        provision(attach(recorder, store), store)


def test_numbers_that_are_too_long(store: Store) -> None:
    with pytest.raises(WrongUsage, match="at most 64"):
        provision(attach(ScriptedRecorder(), store), store, serial="序" * 22)
