"""One open store shared by threads, a recorder each: what they write together holds, and is read back whole."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from support.docks import NOW_MS, attach, enrol, make_store
from support.recorder import ScriptedRecorder

from evidock import registry
from evidock.archive import Archive
from evidock.docking import sync
from evidock.errors import EvidockError, StoreError
from evidock.store import Store
from evidock_protocol import custody_kinds

THREADS = 6
TIMES = 8


def side_by_side(work: Callable[[int], None], count: int = THREADS) -> None:
    """Runs `work` in threads that begin at once; fails with the first error of one."""
    together, errors = threading.Barrier(count), list[BaseException]()

    def run(number: int) -> None:
        try:
            together.wait(30)
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    if errors:
        raise errors[0]


def test_the_custody_chain_of_many_writers_is_one_chain(tmp_path: Path) -> None:
    """Without its lock two entries get one number, and the chain does not open any more (OB-38)."""
    with make_store(tmp_path / "store") as store:

        def work(number: int) -> None:
            for turn in range(TIMES):
                digest = bytes([number, turn]) + bytes(30)
                store.custody.note_head(bytes([number]) * 32, turn + 1, digest, digest, digest)

        side_by_side(work)
    with Store(tmp_path / "store", lambda: NOW_MS) as again:
        assert again.custody.size == 1 + THREADS * TIMES
        assert len(again.custody.heads) == THREADS * TIMES


def test_what_is_noted_once_is_noted_once(tmp_path: Path) -> None:
    with make_store(tmp_path / "store") as store:

        def work(_number: int) -> None:
            for turn in range(TIMES):
                digest = bytes([turn]) * 32
                store.custody.note_head(bytes(32), turn + 1, digest, digest, digest)

        side_by_side(work)
        assert store.custody.size == 1 + TIMES


def test_the_registry_under_many_hands(tmp_path: Path) -> None:
    """Each state is decided on what is in force: units keep their openings, and who is revoked stays revoked."""
    recorders = [ScriptedRecorder(seed) for seed in range(1, 4)]
    with make_store(tmp_path / "store") as store:
        for number, recorder in enumerate(recorders):
            enrol_as(recorder, store, str(number))

        def work(number: int) -> None:
            device = recorders[number % 3].device
            assert device is not None
            for turn in range(4):
                registry.note_issue(store, device, number * 10 + turn)
                registry.note_return(store, device)
            registry.retire(store, device)
            registry.note_issue(store, device, 1)

        side_by_side(work)
    with Store(tmp_path / "store", lambda: NOW_MS) as again:
        assert [one.state for one in registry.recorders(again)] == ["retired"] * 3
        assert all(one.unit is not None for one in registry.recorders(again))


def test_the_certificates_while_others_write(tmp_path: Path) -> None:
    from support.docks import make_organisation

    with make_store(tmp_path / "store") as store:
        raws = [make_organisation().certify(store.host.public, "test host", NOW_MS - 1 - one) for one in range(THREADS)]

        def work(number: int) -> None:
            store.take_certificate(raws[number])
            store.custody.note_order(bytes([number]))

        side_by_side(work)
        newest = store.certificate
    with Store(tmp_path / "store", lambda: NOW_MS) as again:
        assert again.certificate == newest
        assert again.custody.size == 1 + 2 * THREADS


def test_an_archive_is_opened_once(tmp_path: Path) -> None:
    recorder = ScriptedRecorder()
    with make_store(tmp_path / "store") as store:
        enrol(recorder, store)
        assert recorder.device is not None
        device = recorder.device
        store.forget(device)
        found: list[Archive] = []
        side_by_side(lambda _number: found.append(store.archive(device)))
        assert len(set(map(id, found))) == 1


def test_heads_of_others_come_in_while_a_journal_grows(tmp_path: Path) -> None:
    """Readers see entries whole or not at all."""
    recorder = ScriptedRecorder()
    with make_store(tmp_path / "store") as store:
        enrol(recorder, store)
        assert recorder.device is not None
        archive = store.archive(recorder.device)
        recorder.shift(4, 8, 10)

        def work(number: int) -> None:
            if number == 0:
                for raw in recorder.entries[1:]:
                    archive.extend([raw])
                return
            while archive.chain.size < len(recorder.entries):
                size = archive.chain.size
                assert len(archive.entries(0, size)) == size
                assert archive.raw(size - 1) == recorder.entries[size - 1]

        side_by_side(work, 3)


def test_dockings_side_by_side(tmp_path: Path) -> None:
    recorders = [ScriptedRecorder(seed) for seed in range(1, 1 + THREADS)]
    with make_store(tmp_path / "store") as store:
        for number, recorder in enumerate(recorders):
            enrol_as(recorder, store, str(number))
            recorder.shift(2, 2, 100)

        def work(number: int) -> None:
            for _ in range(2):
                sync(attach(recorders[number], store), store)

        side_by_side(work)
    with Store(tmp_path / "store", lambda: NOW_MS) as again:
        for recorder in recorders:
            assert recorder.device is not None
            archive = again.archive(recorder.device)
            assert archive.chain.size == len(recorder.entries)
            assert archive.segments.unreceipted(again.host.thumbprint) == []
            assert {head.hash for head in archive.heads} <= again.custody.heads
        kinds = [custody_kinds.INGEST for _ in again.custody.ingested]
        assert len(kinds) == THREADS * 4


def test_one_recorder_on_two_ports(tmp_path: Path) -> None:
    recorder = ScriptedRecorder()
    with make_store(tmp_path / "store") as store:
        enrol(recorder, store)
        recorder.shift(1, 1, 100)
        assert recorder.device is not None
        with store.claim(recorder.device, "/dev/ttyACM7"):
            with pytest.raises(StoreError, match=r"docked on /dev/ttyACM7 already"):
                sync(attach(recorder, store), store)
            with pytest.raises(EvidockError, match=r"docked on /dev/ttyACM7 already"):
                attach(recorder, store).issue(7)
        assert sync(attach(recorder, store), store).segments == [(1, 1)]
        sync(attach(recorder, store), store)


def enrol_as(recorder: ScriptedRecorder, store: Store, serial: str) -> None:
    from evidock.provisioning import provision

    provision(attach(recorder, store), store, serial, "BC-" + serial)
