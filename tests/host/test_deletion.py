"""What `sync --delete` has a recorder delete: only what this host holds now, oldest first, by a receipt that counts."""

import threading
from pathlib import Path
from typing import Any

import pytest
from support.docks import attach, dock, enrol, make_store
from support.recorder import LEAF, ScriptedRecorder

from evidock import intake, media
from evidock.docking import SyncResult, sync
from evidock.errors import LineLost, Refused
from evidock.media import is_intact
from evidock.segments import Segment
from evidock.store import Store
from evidock_protocol import codes, entry, kinds, messages
from evidock_protocol.wire import Refusal

SHORT = LEAF + 30
ALL = [(1, 1), (1, 2), (2, 1), (2, 2)]


@pytest.fixture
def recorder() -> ScriptedRecorder:
    return ScriptedRecorder()


@pytest.fixture
def store(tmp_path: Path, recorder: ScriptedRecorder) -> Any:
    with make_store(tmp_path / "store") as made:
        enrol(recorder, made)
        recorder.shift(2, 2, SHORT)
        yield made


def clear(recorder: ScriptedRecorder, store: Store) -> SyncResult:
    return sync(attach(recorder, store), store, delete=True, patience=0)


def deletions(recorder: ScriptedRecorder) -> list[tuple[int, int]]:
    """Segments whose deletion was asked for, in that order."""
    asked = [one["arguments"] for one in recorder.commands if one["operation"] == codes.OPERATION_DELETE]
    return [(first, second) for first, second, *_rest in asked]


def held(store: Store, recorder: ScriptedRecorder, key: tuple[int, int]) -> bool:
    assert recorder.device is not None
    archive = store.archive(recorder.device)
    return is_intact(archive.media_path(*key), archive.segments.known[key])


def test_nothing_is_deleted_unless_asked(store: Store, recorder: ScriptedRecorder) -> None:
    result = dock(recorder, store)
    assert (result.deleted, result.kept, deletions(recorder)) == ([], [], [])
    assert sorted(recorder.media) == ALL


def test_what_was_just_receipted_goes_oldest_first(store: Store, recorder: ScriptedRecorder) -> None:
    result = clear(recorder, store)
    assert result.receipted == ALL
    assert result.deleted == deletions(recorder) == ALL
    assert result.kept == []
    assert recorder.media == {}
    assert recorder.device is not None
    archive = store.archive(recorder.device)
    assert archive.segments.deleted == set(ALL)  # the TOMBSTONEs came with the second head
    assert all(held(store, recorder, key) for key in ALL)
    again = clear(recorder, store)
    assert (again.deleted, again.kept, again.missing) == ([], [], [])


def test_the_command_names_a_receipt_that_the_journal_has(store: Store, recorder: ScriptedRecorder) -> None:
    dock(recorder, store)
    clear(recorder, store)
    stones = [item.body for item in map(entry.parse, recorder.entries) if item.kind == kinds.TOMBSTONE]
    assert {bytes(one["receipt"]) for one in stones} <= set(recorder._listed)  # type: ignore[arg-type]
    assert len(recorder.receipts) == 1  # no second one was needed


def test_a_file_that_rotted_here_is_pulled_anew_first(store: Store, recorder: ScriptedRecorder) -> None:
    """The receipt was right when it was given; what counts is what is on disk now."""
    dock(recorder, store)
    assert recorder.device is not None
    path = store.archive(recorder.device).media_path(1, 1)
    path.write_bytes(path.read_bytes()[:-9] + bytes(9))
    result = clear(recorder, store)
    assert result.bytes > 0
    assert result.deleted == ALL
    assert held(store, recorder, (1, 1))


def test_what_is_lost_here_and_damaged_there_stays_there(store: Store, recorder: ScriptedRecorder) -> None:
    dock(recorder, store)
    assert recorder.device is not None
    store.archive(recorder.device).media_path(1, 1).unlink()
    recorder.media[1, 1][100] ^= 1
    result = clear(recorder, store)
    assert result.kept == [(1, 1), (1, 2)]  # (1, 2) is newer: oldest first
    assert result.deleted == [(2, 1), (2, 2)]
    assert sorted(recorder.media) == [(1, 1), (1, 2)]


def test_a_receipt_that_the_ring_let_go_of_is_given_again(store: Store, recorder: ScriptedRecorder) -> None:
    dock(recorder, store)
    recorder.forgotten = set(recorder._listed)
    result = clear(recorder, store)
    assert result.deleted == ALL
    assert len(recorder.receipts) == 2
    assert recorder.receipts[-1]["session"] == recorder.session["session"]


def test_two_hosts_must_have_it(tmp_path: Path, store: Store, recorder: ScriptedRecorder) -> None:
    """With the setting `receipts` at 2 one host's receipts delete nothing, however often they are given."""
    recorder.receipts_wanted = 2
    result = clear(recorder, store)
    assert result.deleted == []
    assert result.kept == ALL
    assert len(recorder.receipts) == 2  # one fresh receipt was tried, and no more
    with make_store(tmp_path / "second") as other:
        enrol(recorder, other)
        result = clear(recorder, other)
        assert result.receipted == result.deleted == ALL
        assert all(held(other, recorder, key) for key in ALL)
    assert all(held(store, recorder, key) for key in ALL)
    last = dock(recorder, store)
    assert (last.missing, last.segments) == ([], [])


def test_a_recorder_that_records_deletes_nothing(store: Store, recorder: ScriptedRecorder) -> None:
    recorder.start()
    result = clear(recorder, store)
    assert result.deleted == []
    assert result.kept == ALL
    assert len(deletions(recorder)) == 0 or recorder.commands[-1]["operation"] == codes.OPERATION_DELETE
    assert len(recorder.receipts) == 1
    recorder.stop()
    assert clear(recorder, store).deleted == ALL


def test_a_host_without_the_right_is_told(store: Store, recorder: ScriptedRecorder) -> None:
    dock(recorder, store)
    recorder.refuse = {messages.COMMAND: messages.WRONG_ROLE}
    with pytest.raises(Refused, match="certificate does not allow"):
        clear(recorder, store)
    recorder.refuse = {}
    assert clear(recorder, store).deleted == ALL


def test_an_answer_that_is_lost_deletes_once(store: Store, recorder: ScriptedRecorder) -> None:
    dock(recorder, store)
    recorder.silent = {messages.COMMAND}
    with pytest.raises(LineLost):
        clear(recorder, store)
    recorder.silent = set()
    assert clear(recorder, store).deleted == ALL
    stones = [item for item in map(entry.parse, recorder.entries) if item.kind == kinds.TOMBSTONE]
    assert len(stones) == len(ALL)


def test_media_that_are_gone_already_are_passed_over(store: Store, recorder: ScriptedRecorder) -> None:
    dock(recorder, store)
    del recorder.media[1, 1]
    result = clear(recorder, store)
    assert result.deleted == [(1, 2), (2, 1), (2, 2)]
    assert result.kept == []


def test_many_segments(store: Store, recorder: ScriptedRecorder) -> None:
    """More than one receipt can list, each of which the ring has lost."""
    recorder.start()
    for _ in range(30):
        recorder.segment(10)
    recorder.stop()
    dock(recorder, store)
    recorder.forgotten = set(recorder._listed)
    given = len(recorder.receipts)
    result = clear(recorder, store)
    assert len(result.deleted) == 34
    assert result.kept == []
    assert len(recorder.receipts) == given + 2


def test_deleted_is_what_the_journal_says(store: Store, recorder: ScriptedRecorder) -> None:
    """The recorder took the command and failed at it; its refusal was lost, and the repeat is one it has seen."""
    delete = recorder._delete

    def fail(raw: bytes, recording: int, number: int, root: bytes, receipt: bytes) -> int:
        if (recording, number) == (2, 1):
            raise Refusal(messages.REPLAYED, "old command")
        return delete(raw, recording, number, root, receipt)

    recorder._delete = fail  # type: ignore[method-assign]
    result = clear(recorder, store)
    assert (2, 1) in recorder.media
    assert (2, 1) not in result.deleted
    assert (2, 1) in result.kept
    assert {*result.deleted, *result.kept} == set(ALL)


def test_a_slow_disk_does_not_end_the_session(
    store: Store, recorder: ScriptedRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a file is recomputed the recorder is asked something now and then, where a docking ends that is stopped."""
    dock(recorder, store)
    asked = threading.Event()
    recorder.during = lambda kind: asked.set() if kind == messages.STATUS else None
    leaves_on_disk = media.leaves_on_disk

    def slow(path: Path, segment: Segment) -> list[bytes] | None:
        asked.clear()
        assert asked.wait(2)
        return leaves_on_disk(path, segment)

    monkeypatch.setattr(intake, "KEEP_SECONDS", 0.01)
    monkeypatch.setattr(media, "leaves_on_disk", slow)
    assert clear(recorder, store).deleted == ALL
