"""One docking whole, its resumption at every point, and everything that a recorder may do wrong."""

import contextlib
import errno
import os
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.docks import attach, dock, enrol, make_store
from support.recorder import LEAF, Cable, ScriptedRecorder

from evidock import keys
from evidock.docking import sync
from evidock.durable import SequenceFile
from evidock.errors import (
    BadEvidence,
    DiskFull,
    EvidockError,
    LineLost,
    Misbehaving,
    NotEnrolled,
    Refused,
    StaleHead,
    StoreError,
    UnsupportedVersion,
)
from evidock.intake import Progress
from evidock.media import is_intact
from evidock.store import Store
from evidock_protocol import codes, entry, kinds, messages, statements
from evidock_protocol.wire import Refusal

SHORT = 2 * LEAF + 30


@pytest.fixture
def recorder() -> ScriptedRecorder:
    return ScriptedRecorder()


@pytest.fixture
def store(tmp_path: Path, recorder: ScriptedRecorder) -> Any:
    with make_store(tmp_path / "store") as made:
        enrol(recorder, made)
        recorder.shift(2, 2, SHORT)
        yield made


def folder_of(store: Store, recorder: ScriptedRecorder) -> Path:
    assert recorder.device is not None
    return store.archive(recorder.device).folder


def check_whole(store: Store, recorder: ScriptedRecorder) -> None:
    """Everything that the recorder signed is in the store, durable, receipted, and in the custody chain."""
    folder = store.folder
    store.close()
    with Store(folder, store.now_ms) as opened:
        assert recorder.device is not None
        archive = opened.archive(recorder.device)
        assert (archive.folder / "journal.cbs").read_bytes() == b"".join(recorder.entries)
        assert archive.unopened() is None
        for key, data in recorder.media.items():
            assert archive.media_path(*key).read_bytes() == bytes(data)
            assert is_intact(archive.media_path(*key), archive.segments.known[key])
            assert archive.leaves_path(*key).read_bytes() == b"".join(recorder.leaves[key])
            assert opened.host.thumbprint in archive.segments.receipted[key]
            assert (recorder.device, *key, archive.segments.known[key].root) in opened.custody.ingested
        assert all(head.hash in opened.custody.heads for head in archive.heads)
        assert archive.heads[-1].describes(archive.chain)
        assert not list(archive.folder.glob("partial/*"))
        assert archive.segments.unreceipted(opened.host.thumbprint) == []


def test_a_docking(store: Store, recorder: ScriptedRecorder) -> None:
    result = dock(recorder, store)
    assert result.segments == result.receipted == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert result.size == len(recorder.entries)
    assert result.bytes == sum(map(len, recorder.media.values()))
    assert recorder.requests[-1][0] == messages.CLOSE or recorder.requests[-2][0] == messages.CLOSE
    check_whole(store, recorder)


def test_evidence_first(store: Store, recorder: ScriptedRecorder) -> None:
    """Nothing of the media moves before the journal is here and the head is checked."""
    dock(recorder, store)
    order = [kind for kind, _values in recorder.requests]
    assert order.index(messages.JOURNAL) < order.index(messages.LEAVES) < order.index(messages.MEDIA)
    assert order.index(messages.MEDIA) < order.index(messages.RECEIPT) < order.index(messages.CLOSE)


def test_a_second_docking_pulls_nothing_again(store: Store, recorder: ScriptedRecorder) -> None:
    dock(recorder, store)
    recorder.requests.clear()
    result = dock(recorder, store)
    assert result.segments == result.receipted == []
    assert not {messages.MEDIA, messages.LEAVES, messages.RECEIPT} & {kind for kind, _values in recorder.requests}
    check_whole(store, recorder)


def test_receipts_list_at_most_24_segments(store: Store, recorder: ScriptedRecorder) -> None:
    recorder.shift(1, 30, 100)
    result = dock(recorder, store)
    assert [len(receipt["segments"]) for receipt in recorder.receipts] == [24, 10]
    assert len(result.receipted) == 34
    check_whole(store, recorder)


def test_a_receipt_is_kept_here_before_the_recorder_has_it(store: Store, recorder: ScriptedRecorder) -> None:
    def look(kind: int) -> None:
        if kind == messages.RECEIPT:
            assert recorder.device is not None
            kept = SequenceFile(folder_of(store, recorder) / "receipts.cbs").items
            assert len(kept) == len(recorder.receipts) + 1
            assert len(store.custody.ingested) >= 4

    recorder.during = look
    dock(recorder, store)
    assert recorder.receipts[0]["session"] == recorder.session["session"]


def test_a_receipt_whose_answer_was_lost(store: Store, recorder: ScriptedRecorder) -> None:
    """The recorder takes a receipt once; asked again, it says so, and the segments are receipted."""

    def lose(kind: int, values: dict[str, Any]) -> dict[str, Any]:
        if kind == messages.RECEIPT:
            raise Refusal(messages.REPLAYED, "this receipt was taken before")
        return values

    recorder.twist = lose
    assert dock(recorder, store).receipted == [(1, 1), (1, 2), (2, 1), (2, 2)]
    check_whole(store, recorder)


def test_close_is_followed_by_nothing_but_its_entries(store: Store, recorder: ScriptedRecorder) -> None:
    """A recorder ends the session soon after CLOSE."""
    dock(recorder, store)
    order = [kind for kind, _values in recorder.requests]
    assert set(order[order.index(messages.CLOSE) + 1 :]) <= {messages.JOURNAL, messages.PRIVATE}


def test_a_recording_that_runs_gives_what_is_sealed(store: Store, recorder: ScriptedRecorder) -> None:
    recorder.start()
    recorder.segment(100)
    result = dock(recorder, store)
    assert (3, 1) in result.segments
    assert result.open_recording is not None
    recorder.segment(100)
    recorder.stop()
    result = dock(recorder, store)
    assert result.segments == [(3, 2)]
    assert result.open_recording is None
    check_whole(store, recorder)


def test_entries_that_arise_during_the_docking(store: Store, recorder: ScriptedRecorder) -> None:
    recorder.start()

    def record(kind: int) -> None:
        if kind in (messages.JOURNAL, messages.MEDIA) and len(recorder.entries) < 80:
            recorder.segment(50)
            recorder.change_epoch(codes.EPOCH_TIME)

    recorder.during = record
    dock(recorder, store)
    recorder.during = lambda _kind: None
    dock(recorder, store)
    check_whole(store, recorder)


def test_a_segment_that_is_gone_is_noted(store: Store, recorder: ScriptedRecorder) -> None:
    del recorder.media[1, 2]
    result = dock(recorder, store)
    assert result.missing == [(1, 2)]
    assert result.receipted == [(1, 1), (2, 1), (2, 2)]


@pytest.mark.parametrize("place", [0, 600, -1])
def test_changed_media_are_kept_without_a_receipt(store: Store, recorder: ScriptedRecorder, place: int) -> None:
    recorder.media[2, 1][place] ^= 1
    result = dock(recorder, store)
    assert result.damaged == [(2, 1)]
    assert (2, 1) not in result.receipted
    assert recorder.device is not None
    path = store.archive(recorder.device).media_path(2, 1)
    assert path.read_bytes() == bytes(recorder.media[2, 1])
    recorder.media[2, 1][place] ^= 1  # the card's contacts were cleaned
    result = dock(recorder, store)
    assert result.receipted == [(2, 1)]
    check_whole(store, recorder)


def test_a_shortened_file_is_kept_without_a_receipt(store: Store, recorder: ScriptedRecorder) -> None:
    del recorder.media[2, 2][LEAF:]
    assert dock(recorder, store).damaged == [(2, 2)]


def test_a_file_that_was_changed_here_before_its_receipt(store: Store, recorder: ScriptedRecorder) -> None:
    recorder.silent.add(messages.RECEIPT)
    with pytest.raises(LineLost):
        dock(recorder, store)
    assert recorder.device is not None
    path = store.archive(recorder.device).media_path(1, 1)
    path.write_bytes(b"x" + path.read_bytes()[1:])
    recorder.silent.clear()
    result = dock(recorder, store)
    assert len(result.receipted) == 4
    assert result.segments == [(1, 1)]
    check_whole(store, recorder)


def test_the_clock_is_set_when_it_is_not(store: Store, recorder: ScriptedRecorder) -> None:
    dock(recorder, store)
    assert recorder.commands == []
    recorder.wall = (codes.WALL_UNSET, 0)
    dock(recorder, store)
    assert recorder.commands[0]["arguments"] == [store.now_ms()]
    assert recorder.wall == (codes.WALL_SYNCHRONISED, store.now_ms())
    check_whole(store, recorder)


@pytest.mark.parametrize("code", [messages.WRONG_ROLE, messages.OUT_OF_RANGE])
def test_a_clock_that_may_not_be_set_stops_no_docking(store: Store, recorder: ScriptedRecorder, code: int) -> None:
    """What was signed lies in the host's future: only the organisation puts the clock back."""
    recorder.wall = (codes.WALL_UNSET, 0)
    recorder.refuse[messages.COMMAND] = code
    dock(recorder, store)
    check_whole(store, recorder)


def test_a_simulated_recorder_keeps_its_own_time(store: Store, recorder: ScriptedRecorder) -> None:
    recorder.protection = codes.PROTECTION_SIMULATED
    recorder.wall = (codes.WALL_UNSET, 0)
    recorder.shift(1, 1, 100)
    dock(recorder, store)
    assert recorder.commands == []
    assert recorder.device is not None
    assert "undated" in str(store.archive(recorder.device).media_path(3, 1))


def test_progress_reaches_its_end_and_never_goes_beyond(store: Store, recorder: ScriptedRecorder) -> None:
    events: list[Progress] = []
    sync(attach(recorder, store), store, events.append)
    for phase in ("journal", "media"):
        told = [event for event in events if event.phase == phase]
        assert all(0 <= event.done <= event.total for event in told)
    media = [event for event in events if event.phase == "media"]
    assert media[-1].done == media[-1].total == sum(map(len, recorder.media.values()))


# Resumption.


@settings(max_examples=40)
@given(st.integers(1, 110_000))
def test_a_cable_pulled_anywhere(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    recorder = ScriptedRecorder()
    with make_store(tmp_path_factory.mktemp("dock") / "store") as store:
        enrol(recorder, store)
        recorder.shift(1, 2, SHORT)
        cable = Cable(recorder)
        cable.cut_after = cut
        try:
            dock(recorder, store, cable)
        except LineLost:
            dock(recorder, store)
        check_whole(store, recorder)


def test_a_disk_that_fills_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The n-th flush to disk fails, for every n: one error, and the next docking goes on."""
    flush = os.fsync
    failed = 0
    for number in range(1, 200):
        recorder = ScriptedRecorder()
        with make_store(tmp_path / str(number)) as store:
            enrol(recorder, store)
            recorder.shift(1, 2, 100)
            left = number

            def full(handle: int) -> None:
                nonlocal left
                left -= 1
                if left == 0:
                    raise OSError(errno.ENOSPC, "No space left on device")
                flush(handle)

            monkeypatch.setattr(os, "fsync", full)
            try:
                dock(recorder, store)
            except DiskFull:
                failed += 1
                dock(recorder, store)
            monkeypatch.setattr(os, "fsync", flush)
            check_whole(store, recorder)
        if left > 0:
            break
    assert failed > 15


@pytest.mark.parametrize(
    "kind", [messages.OPEN, messages.PROVE, messages.JOURNAL, messages.PRIVATE, messages.LEAVES, messages.CLOSE]
)
def test_a_recorder_that_stops_answering(store: Store, recorder: ScriptedRecorder, kind: int) -> None:
    recorder.silent.add(kind)
    with pytest.raises(LineLost, match="same command again"):
        dock(recorder, store)
    recorder.silent.clear()
    dock(recorder, store)
    check_whole(store, recorder)


def test_a_session_that_the_recorder_forgot(store: Store, recorder: ScriptedRecorder) -> None:
    def restart(kind: int) -> None:
        if kind == messages.MEDIA:
            recorder.proved = False

    recorder.during = restart
    with pytest.raises(Refused, match="same command again"):
        dock(recorder, store)
    recorder.during = lambda _kind: None
    dock(recorder, store)
    check_whole(store, recorder)


# What a recorder may do wrong.


def test_a_blank_recorder(tmp_path: Path) -> None:
    with make_store(tmp_path / "s") as store, pytest.raises(NotEnrolled, match="provision"):
        dock(ScriptedRecorder(), store)


def test_a_recorder_that_is_not_enrolled_here(store: Store) -> None:
    other = ScriptedRecorder(seed=9)
    other.provision(store.organisation, store.successor)
    with pytest.raises(NotEnrolled, match="provision"):
        dock(other, store)


def replayed(kind: int, name: str) -> Any:
    """An answer of an earlier session, given again (AT-13)."""

    def test(recorder: ScriptedRecorder) -> None:
        old: list[dict[str, Any]] = []

        def twist(asked: int, values: dict[str, Any]) -> dict[str, Any]:
            if asked != kind:
                return values
            old.append(values)
            return old[0]

        recorder.twist = twist

    return test


@pytest.mark.parametrize(
    ("kind", "name"), [(messages.OPEN, "challenge"), (messages.PROVE, "head"), (messages.CLOSE, "head")]
)
def test_a_replayed_statement_is_stale(store: Store, recorder: ScriptedRecorder, kind: int, name: str) -> None:
    replayed(kind, name)(recorder)
    dock(recorder, store)
    with pytest.raises(StaleHead, match="replay"):
        dock(recorder, store)


def other_key(kind: int, field: str, typ: int) -> Any:
    def twist(asked: int, values: dict[str, Any]) -> dict[str, Any]:
        if asked != kind:
            return values
        sealed, _fields = entry.parse_statement(values[field], typ)
        return {field: keys.SigningKey(bytes(32)).statement(typ, sealed.payload)}

    return twist


@pytest.mark.parametrize(
    ("kind", "field", "typ"),
    [
        (messages.OPEN, "challenge", statements.TYP_CHALLENGE),
        (messages.PROVE, "head", statements.TYP_HEAD),
        (messages.CLOSE, "head", statements.TYP_HEAD),
    ],
)
def test_a_stranger_with_the_recorders_journal(
    store: Store, recorder: ScriptedRecorder, kind: int, field: str, typ: int
) -> None:
    """Who only copied the journal cannot sign for this session; its media are not taken."""
    recorder.twist = other_key(kind, field, typ)
    with pytest.raises(BadEvidence, match="keep it for examination"):
        dock(recorder, store)
    if kind != messages.CLOSE:
        assert messages.MEDIA not in [asked for asked, _values in recorder.requests]


@pytest.mark.parametrize(
    "change",
    [
        {"device": bytes(32)}, {"host": bytes(32)}, {"phase": 2}, {"session": bytes(16)}, {"device_nonce": bytes(16)},
        {"size": 3}, {"size": 2**62}, {"root": bytes(32)}, {"newest": bytes(32)}, {"epoch": 77},
    ],
)  # fmt: skip
def test_a_head_that_lies(store: Store, recorder: ScriptedRecorder, change: dict[str, Any]) -> None:
    def twist(asked: int, values: dict[str, Any]) -> dict[str, Any]:
        if asked != messages.PROVE:
            return values
        _sealed, fields = entry.parse_statement(values["head"], statements.TYP_HEAD)
        return {"head": recorder._sign(statements.TYP_HEAD, {**fields, **change})}

    recorder.twist = twist
    with pytest.raises((BadEvidence, Misbehaving)):
        dock(recorder, store)
    assert messages.MEDIA not in [asked for asked, _values in recorder.requests]


@pytest.mark.parametrize(
    "head", [b"", b"\xd2", bytes(100), keys.SigningKey(bytes(32)).statement(statements.TYP_HEAD, b"\xa0")]
)
def test_a_head_that_cannot_be_read(store: Store, recorder: ScriptedRecorder, head: bytes) -> None:
    for kind in (messages.PROVE, messages.CLOSE):
        recorder.twist = lambda asked, values, kind=kind: {"head": head} if asked == kind else values
        with pytest.raises(Misbehaving):
            dock(recorder, store)


def flipped(raw: bytes, place: int) -> bytes:
    changed = bytearray(raw)
    changed[place] ^= 1
    return bytes(changed)


@pytest.mark.parametrize("number", [1, 5])
@pytest.mark.parametrize("place", [60, 150, -1, -64])
def test_an_edited_entry_is_refused_and_set_aside(
    store: Store, recorder: ScriptedRecorder, number: int, place: int
) -> None:
    """AT-2: nothing from the bad entry on reaches the archive; the honest recorder is docked afterwards."""
    honest = recorder.entries[number]
    recorder.entries[number] = flipped(honest, place)
    with pytest.raises((BadEvidence, UnsupportedVersion, Misbehaving)) as caught:
        dock(recorder, store)
    folder = folder_of(store, recorder)
    assert (folder / "journal.cbs").read_bytes() == b"".join(recorder.entries[:number])
    if caught.type is BadEvidence:
        assert (folder / "quarantine" / f"entry-{number}.bin").read_bytes() == recorder.entries[number]
    recorder.entries[number] = honest
    dock(recorder, store)


def test_entries_in_another_order(store: Store, recorder: ScriptedRecorder) -> None:
    recorder.entries[2], recorder.entries[3] = recorder.entries[3], recorder.entries[2]
    with pytest.raises(BadEvidence):
        dock(recorder, store)


def test_a_removed_entry(store: Store, recorder: ScriptedRecorder) -> None:
    del recorder.entries[3]
    with pytest.raises(BadEvidence):
        dock(recorder, store)


def test_a_history_that_was_set_back(store: Store, recorder: ScriptedRecorder) -> None:
    """AT-12: the head proves it, so it is kept among the heads."""
    dock(recorder, store)
    kept = len(recorder.entries)
    folder = folder_of(store, recorder)
    heads = len(SequenceFile(folder / "heads.cbs").items)
    old = ScriptedRecorder()
    old.provision(store.organisation, store.successor, "417", "BC-1", store.host.thumbprint)
    with pytest.raises(BadEvidence, match="set back"):
        dock(old, store)
    assert len(SequenceFile(folder / "journal.cbs").items) == kept
    assert len(SequenceFile(folder / "heads.cbs").items) == heads + 1


def test_another_history_of_the_same_recorder(store: Store, recorder: ScriptedRecorder) -> None:
    """AT-11: a longer history that does not contain ours is refused whole."""
    dock(recorder, store)
    kept = b"".join(recorder.entries)
    fork = ScriptedRecorder()
    fork.provision(store.organisation, store.successor, "417", "BC-1", store.host.thumbprint)
    fork.shift(9, 2, 100)
    with pytest.raises(BadEvidence):
        dock(fork, store)
    assert (folder_of(store, recorder) / "journal.cbs").read_bytes() == kept
    dock(recorder, store)


def test_an_empty_journal_answer(store: Store, recorder: ScriptedRecorder) -> None:
    recorder.twist = lambda kind, values: {**values, "entries": b""} if kind == messages.JOURNAL else values
    with pytest.raises(Misbehaving):
        dock(recorder, store)


def test_half_an_entry_in_the_answer(store: Store, recorder: ScriptedRecorder) -> None:
    recorder.twist = lambda kind, values: (
        {**values, "entries": values["entries"][:-1]} if kind == messages.JOURNAL else values
    )
    with pytest.raises(Misbehaving):
        dock(recorder, store)


def test_private_openings_that_open_nothing(store: Store, recorder: ScriptedRecorder) -> None:
    sequence = next(iter(recorder.openings))
    honest = recorder.openings[sequence]
    recorder.openings[sequence] = [flipped(honest[0], -1)]
    result = dock(recorder, store)
    assert result.refused_openings == 1
    recorder.openings[sequence] = honest
    assert dock(recorder, store).refused_openings == 0
    check_whole(store, recorder)


def test_private_answers_that_never_end(store: Store, recorder: ScriptedRecorder) -> None:
    recorder.twist = lambda kind, values: {**values, "next": values["first"]} if kind == messages.PRIVATE else values
    with pytest.raises(Misbehaving):
        dock(recorder, store)


def test_a_certificate_of_another_organisation(tmp_path: Path, store: Store, recorder: ScriptedRecorder) -> None:
    with make_store(tmp_path / "other", seed=7) as other:
        assert recorder.device is not None
        other.custody.enrolled.add(recorder.device)
        with pytest.raises(Refused, match="another organisation"):
            dock(recorder, other)


def test_hostile_numbers_in_a_segment_make_no_path(store: Store, recorder: ScriptedRecorder) -> None:
    """AT-28: a signed entry may still name what has no file name or no leaves."""
    body = dict(entry.parse(recorder.entries[2]).body)
    for change in ({"recording": 2**62}, {"number": 0}, {"media": 99}, {"leaf_size": 0}, {"leaf_size": 2**60},
                   {"header_length": 2**40}, {"length": 2**62}):  # fmt: skip
        recorder.append(kinds.SEGMENT, {**body, **change})
    assert len(dock(recorder, store).receipted) == 4


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.sampled_from([1, 5, 20]))
def test_a_recorder_whose_answers_are_changed_at_random(
    tmp_path_factory: pytest.TempPathFactory, seed: int, chance: int
) -> None:
    """Whatever comes, only our errors come out, and the honest recorder can be docked afterwards."""
    recorder = ScriptedRecorder()
    with make_store(tmp_path_factory.mktemp("dock") / "store") as store:
        enrol(recorder, store)
        recorder.shift(1, 1, SHORT)
        chaos = random.Random(seed)

        def twist(kind: int, values: dict[str, Any]) -> dict[str, Any]:
            if kind == messages.HELLO or chaos.randrange(100) >= chance:
                return values
            name = chaos.choice(list(values))
            value = values[name]
            if isinstance(value, bytes) and value:
                return {**values, name: flipped(value, chaos.randrange(len(value)))}
            return {**values, name: chaos.randrange(2**63)} if type(value) is int else values

        recorder.twist = twist
        with contextlib.suppress(EvidockError):  # whatever else comes out fails the test
            dock(recorder, store)
        recorder.twist = lambda _kind, values: values
        dock(recorder, store)
        check_whole(store, recorder)


# The store's own side.


def test_a_damaged_journal_of_the_store_is_not_extended(store: Store, recorder: ScriptedRecorder) -> None:
    dock(recorder, store)
    path = folder_of(store, recorder) / "journal.cbs"
    raw = flipped(path.read_bytes(), 500)
    path.write_bytes(raw)
    store.forget(recorder.device or b"")
    with pytest.raises(StoreError, match="evidock verify"):
        dock(recorder, store)
    assert path.read_bytes() == raw


def test_a_torn_journal_of_the_store_is_pulled_again(store: Store, recorder: ScriptedRecorder) -> None:
    dock(recorder, store)
    path = folder_of(store, recorder) / "journal.cbs"
    path.write_bytes(path.read_bytes()[:-40])
    store.forget(recorder.device or b"")
    dock(recorder, store)
    check_whole(store, recorder)


def test_heads_that_a_crash_kept_out_of_custody(store: Store, recorder: ScriptedRecorder) -> None:
    dock(recorder, store)
    store.custody.heads.clear()  # as if the entries had not been written
    dock(recorder, store)
    check_whole(store, recorder)


def test_a_kept_file_stays_while_the_recorder_has_nothing_better(store: Store, recorder: ScriptedRecorder) -> None:
    recorder.media[2, 1][200] ^= 1
    dock(recorder, store)
    assert recorder.device is not None
    path = store.archive(recorder.device).media_path(2, 1)
    kept = path.read_bytes()
    del recorder.media[2, 1]
    assert dock(recorder, store).missing == [(2, 1)]
    assert path.read_bytes() == kept
