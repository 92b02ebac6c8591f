"""A recorder that was set back, cloned or forked, what a host keeps of it, and what each witnesses of the other."""

import copy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.docks import NOW_MS, attach, dock, enrol, make_store
from support.recorder import LEAF, Cable, ScriptedRecorder

from evidock import authority, keys, layout, witnessing
from evidock.archive import Archive
from evidock.client import connect
from evidock.docking import sync
from evidock.durable import SequenceFile, split
from evidock.errors import BadEvidence, Equivocation, EvidockError, Fork, Rollback, StaleHead
from evidock.store import Store
from evidock_protocol import codes, custody_kinds, entry, kinds, messages, statements
from evidock_protocol.wire import Refusal

SHORT = LEAF + 30


@pytest.fixture
def recorder() -> ScriptedRecorder:
    return ScriptedRecorder()


@pytest.fixture
def store(tmp_path: Path, recorder: ScriptedRecorder) -> Any:
    with make_store(tmp_path / "store") as made:
        enrol(recorder, made)
        recorder.shift(1, 1, SHORT)
        yield made


def archive_of(store: Store, recorder: ScriptedRecorder) -> Archive:
    assert recorder.device is not None
    return store.archive(recorder.device)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def changed(store: Store, before: dict[str, bytes]) -> set[str]:
    """Files of the store that are new or differ, without the recorder's folder in their names."""
    after = files(store.folder)
    assert before.keys() <= after.keys()
    return {name.split("/", 2)[-1] for name in after if after[name] != before.get(name)}


def mark(recorder: ScriptedRecorder, type_: int) -> None:
    recorder.append(kinds.MARK, {"recording": None, "type": type_, "count": 1})


def asked_for_media(recorder: ScriptedRecorder) -> bool:
    return any(kind in (messages.MEDIA, messages.LEAVES, messages.RECEIPT) for kind, _values in recorder.requests)


def refused(store: Store, recorder: ScriptedRecorder, error: type[EvidockError], word: str) -> set[str]:
    """Docks what must be refused before any media; which files changed."""
    recorder.requests.clear()
    before = files(store.folder)
    with pytest.raises(error, match=word):
        dock(recorder, store)
    assert not asked_for_media(recorder)
    assert not recorder.receipts or recorder.receipts[-1]["session"] != recorder.session["session"]
    return changed(store, before)


def test_an_old_copy_is_a_rollback(store: Store, recorder: ScriptedRecorder) -> None:
    """AT-12: its flash was set back to an image of an earlier epoch; the head that it signs is kept as the proof."""
    dock(recorder, store)
    old = copy.deepcopy(recorder)
    recorder.shift(2, 2, SHORT)
    dock(recorder, store)
    old.start()
    old.segment(SHORT)  # so that it offers media
    assert refused(store, old, Rollback, "set back") == {layout.HEADS, layout.CUSTODY}
    archive = archive_of(store, recorder)
    proof = archive.heads[-1]
    assert proof.size < archive.chain.size
    assert keys.verify_statement(proof.sealed, archive.chain.epoch_keys[proof.epoch][1])
    assert proof.hash in store.custody.heads
    assert dock(recorder, store).contradicted == []  # the recorder itself goes on


def test_two_heads_of_one_size_are_an_equivocation(store: Store, recorder: ScriptedRecorder) -> None:
    """AT-14, AT-36: a clone goes on by itself until it has as many entries as this host knows."""
    dock(recorder, store)
    clone = copy.deepcopy(recorder)
    mark(recorder, 1)
    mark(recorder, 1)
    attach(recorder, store).check()
    held = archive_of(store, recorder).chain.size
    while len(clone.entries) < held - 1:  # HOST comes with the session
        mark(clone, 2)
    assert refused(store, clone, Equivocation, f"two different heads of {held}") == {layout.HEADS, layout.CUSTODY}
    heads = [head for head in archive_of(store, recorder).heads if head.size == held]
    assert len({head.root for head in heads}) == 2


def test_a_longer_second_history_is_a_fork(store: Store, recorder: ScriptedRecorder) -> None:
    """AT-11: the entries that carry it are set aside; the first is signed by a key that this host's journal knows."""
    dock(recorder, store)
    clone = copy.deepcopy(recorder)
    dock(recorder, store)
    clone.random.seed(99)
    clone.shift(3, 1, SHORT)
    (name,) = refused(store, clone, Fork, "another history") - {f"quarantine/entry-{len(recorder.entries)}.bin"}
    archive = archive_of(store, recorder)
    items, _end = split((archive.folder / name).read_bytes())
    first = entry.parse(items[0])
    ours = archive.raw(first.sequence)
    assert ours is not None
    assert ours != items[0]
    assert ours == recorder.entries[first.sequence]
    assert first.key_id == entry.parse(ours).key_id
    assert entry.parse_statement(items[-1], statements.TYP_HEAD)[1]["size"] == first.sequence + len(items) - 1
    dock(recorder, store)


def test_a_shorter_fork_with_epochs_of_its_own(store: Store, recorder: ScriptedRecorder) -> None:
    """AT-12 with keys that this host has never seen: only the entries between tell that they are the recorder's."""
    dock(recorder, store)
    clone = copy.deepcopy(recorder)
    recorder.shift(6, 2, SHORT)
    dock(recorder, store)
    clone.random.seed(99)
    for _ in range(12):
        clone.change_epoch(codes.EPOCH_TIME)
    assert len(clone.entries) < len(recorder.entries)
    told = refused(store, clone, Rollback, "set back")
    assert told == {layout.HEADS, layout.CUSTODY, f"quarantine/history-{len(clone.entries)}.bin"}
    assert dock(recorder, store).contradicted == []


def test_a_fork_whose_ring_has_let_go_of_old_entries(store: Store, recorder: ScriptedRecorder) -> None:
    """What the recorder no longer has cannot be compared; what it still has proves the fork all the same."""
    dock(recorder, store)
    clone = copy.deepcopy(recorder)
    dock(recorder, store)
    clone.random.seed(99)
    clone.shift(2, 1, SHORT)
    gone = len(clone.entries) // 3

    def twist(kind: int, values: dict[str, Any]) -> dict[str, Any]:
        if kind == messages.JOURNAL and 0 < values["first"] < gone:
            raise Refusal(messages.STORAGE, "let go of")
        return values

    clone.twist = twist
    assert any(name.startswith("quarantine/history-") for name in refused(store, clone, Fork, "another history"))


ACTS = st.lists(st.sampled_from(["mark", "epoch", "shift", "dock"]), max_size=4)


@given(common=ACTS, ours=ACTS, theirs=ACTS, seed=st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_a_copy_never_passes_for_the_recorder(common: list[str], ours: list[str], theirs: list[str], seed: int) -> None:
    """AT-11, AT-12, AT-14: whatever recorder and copy did, once this host has docked the one behind their parting it
    refuses the other before any media, and its journal stays as it is.
    """
    with TemporaryDirectory() as folder, make_store(Path(folder) / "store") as store:
        recorder = ScriptedRecorder()
        enrol(recorder, store)
        recorder.start()
        recorder.segment(10)
        act(recorder, store, common)
        dock(recorder, store)
        clone = copy.deepcopy(recorder)
        clone.random.seed(seed)
        act(recorder, store, ours)
        mark(recorder, 1)
        dock(recorder, store)
        mark(clone, 2)
        act(clone, None, theirs)
        clone.media.clear()
        journal = archive_of(store, recorder).folder / layout.JOURNAL
        before = journal.read_bytes()
        refused(store, clone, BadEvidence, "keep (it|the recorder) for examination")
        assert journal.read_bytes() == before
        assert dock(recorder, store).contradicted == []


def act(recorder: ScriptedRecorder, store: Store | None, acts: list[str]) -> None:
    for one in acts:
        if one == "mark":
            mark(recorder, 3)
        elif one == "epoch":
            recorder.change_epoch(codes.EPOCH_TIME)
        elif one == "shift":
            recorder.shift(1, 1, 10)
        elif store is not None:
            dock(recorder, store)


def test_an_impostor_accuses_nobody(store: Store, recorder: ScriptedRecorder) -> None:
    """Who claims a recorder's id without its keys gets it neither a rollback nor a fork."""
    dock(recorder, store)
    impostor = copy.deepcopy(recorder)
    impostor.key = keys.SigningKey(bytes(32))
    del impostor.entries[5:]
    told = refused(store, impostor, BadEvidence, "not signed")
    assert layout.HEADS not in told
    assert layout.JOURNAL not in told


def test_an_old_answer_is_stale(store: Store, recorder: ScriptedRecorder) -> None:
    """AT-13."""
    dock(recorder, store)
    old = recorder.head(codes.HEAD_FIRST)
    recorder.twist = lambda kind, values: {"head": old} if kind == messages.PROVE else values
    assert refused(store, recorder, StaleHead, "replay") == set()


def test_a_journal_that_was_cut_here_is_brought_in_again(store: Store, recorder: ScriptedRecorder) -> None:
    """A back-up of the journal under newer heads: the recorder still has what is missing, and must have it."""
    dock(recorder, store)
    folder = archive_of(store, recorder).folder
    whole = (folder / layout.JOURNAL).read_bytes()
    recorder.shift(1, 1, SHORT)
    dock(recorder, store)
    old = copy.deepcopy(recorder)
    mark(recorder, 1)
    attach(recorder, store).check()
    (folder / layout.JOURNAL).write_bytes(whole)
    store.forget(recorder.device or b"")
    told = dock(recorder, store)
    assert told.contradicted == []
    assert (folder / layout.JOURNAL).read_bytes() == b"".join(recorder.entries)
    assert told.size > len(old.entries)


# Heads that two hosts show each other.


def second_store(tmp_path: Path, recorder: ScriptedRecorder) -> Store:
    """Another host of the same organisation."""
    store = make_store(tmp_path / "second")
    enrol(recorder, store)
    return store


def test_heads_of_an_honest_recorder_agree(tmp_path: Path, store: Store, recorder: ScriptedRecorder) -> None:
    dock(recorder, store)
    with second_store(tmp_path, recorder) as other:
        dock(recorder, other)
        raw, count, devices = witnessing.export_heads(other)
        assert (count, devices) == (2, 1)
        told = witnessing.import_heads(store, raw, "heads.cbs")
        assert (told.agreeing, told.ahead, told.contradicting, told.unsigned) == (0, 2, [], [])
        assert {head.stands for head in witnessing.held(store)} == {witnessing.AGREES, witnessing.AHEAD}
        assert witnessing.import_heads(store, raw, "heads.cbs").known == 2
        assert dock(recorder, store).contradicted == []
        stands = {(head.own, head.stands) for head in witnessing.held(store)}
        assert stands == {(True, witnessing.AGREES), (False, witnessing.AGREES)}
        back, _count, _devices = witnessing.export_heads(store)
        told = witnessing.import_heads(other, back, "heads.cbs")
        assert (told.known, told.contradicting) == (2, [])
    witnesses = [
        item.body
        for item in (
            entry.parse(raw, statements.TYP_CUSTODY) for raw in SequenceFile(store.folder / "custody.cbs").items
        )
        if item.kind == custody_kinds.WITNESS
    ]
    assert len(witnesses) == 2
    assert {one["host"] for one in witnesses} == {other.host.thumbprint}


def test_a_clone_shown_to_another_host_is_found_by_the_heads_alone(
    tmp_path: Path, store: Store, recorder: ScriptedRecorder
) -> None:
    """AT-14, AT-36: this host docks the recorder, another one its clone; nothing but heads passes between them."""
    clone = copy.deepcopy(recorder)
    dock(recorder, store)
    recorder.shift(2, 1, SHORT)
    with second_store(tmp_path, clone) as other:
        attach(clone, other).check()
        raw, _count, _devices = witnessing.export_heads(other)
    told = witnessing.import_heads(store, raw, "heads.cbs")
    assert told.contradicting
    assert not told.unsigned
    archive = archive_of(store, recorder)
    assert {head.size for head in told.contradicting} <= {head.size for head in archive.heads}
    assert all(head.hash in store.custody.heads for head in archive.heads)
    # It is kept, and known from then on: this recorder's own history still goes on.
    assert dock(recorder, store).contradicted == []


def test_a_witness_ahead_speaks_at_the_next_docking(tmp_path: Path, store: Store, recorder: ScriptedRecorder) -> None:
    """AT-14: the other host's head counts more than is held here; the recorder then brings another history."""
    dock(recorder, store)
    clone = copy.deepcopy(recorder)
    with second_store(tmp_path, clone) as other:
        dock(clone, other)
        raw, _count, _devices = witnessing.export_heads(other)
    told = witnessing.import_heads(store, raw, "heads.cbs")
    assert told.ahead == 2
    result = dock(recorder, store)
    assert result.contradicted
    assert result.receipted == []
    recorder.shift(1, 1, SHORT)
    assert dock(recorder, store).receipted  # evidence is brought in all the same


def test_a_forged_head_is_set_aside(tmp_path: Path, store: Store, recorder: ScriptedRecorder) -> None:
    dock(recorder, store)
    forger = copy.deepcopy(recorder)
    forger.key = keys.SigningKey(bytes(32))
    forged = forger.head(codes.HEAD_FIRST)
    heads = len(archive_of(store, recorder).heads)
    told = witnessing.import_heads(store, forged, "heads.cbs")
    assert len(told.unsigned) == 1
    assert len(archive_of(store, recorder).heads) == heads
    assert list(archive_of(store, recorder).folder.glob("quarantine/head-*"))


def test_a_forged_head_of_a_later_epoch_never_counts(store: Store, recorder: ScriptedRecorder) -> None:
    """It waits, apart from the heads, for a key that vouches for it; none does, and nothing is said against anyone."""
    dock(recorder, store)
    forger = copy.deepcopy(recorder)
    forger.change_epoch(codes.EPOCH_TIME)
    forger.key = keys.SigningKey(bytes(32))
    forger.session["host"] = bytes(32)
    mark(forger, 1)
    archive = archive_of(store, recorder)
    before = (archive.folder / layout.HEADS).read_bytes()
    told = witnessing.import_heads(store, forger.head(codes.HEAD_FIRST), "heads.cbs")
    assert (told.ahead, told.unsigned) == (1, [])
    assert witnessing.import_heads(store, forger.head(codes.HEAD_FIRST), "heads.cbs").known == 1
    assert (archive.folder / layout.HEADS).read_bytes() == before
    for _ in range(3):
        assert dock(recorder, store).contradicted == []
    assert all(head.host == store.host.thumbprint for head in archive_of(store, recorder).heads)


def test_heads_of_a_recorder_of_nobody(tmp_path: Path, store: Store, recorder: ScriptedRecorder) -> None:
    dock(recorder, store)
    raw, _count, _devices = witnessing.export_heads(store)
    with make_store(tmp_path / "elsewhere") as other:
        told = witnessing.import_heads(other, raw, "heads.cbs")
        assert told.foreign == 2
        assert other.devices() == []


@pytest.mark.parametrize("change", [b"", b"\xd2", b"nonsense", b"\xa0" * 5])
def test_a_file_that_holds_no_heads(store: Store, recorder: ScriptedRecorder, change: bytes) -> None:
    dock(recorder, store)
    raw, _count, _devices = witnessing.export_heads(store)
    before = files(store.folder)
    with pytest.raises(EvidockError, match=r"here\.cbs"):
        witnessing.import_heads(store, raw + change if change else b"", "here.cbs")
    assert files(store.folder) == before


# Custody and recorder witness each other.


def test_a_custody_chain_that_was_set_back_is_noticed(tmp_path: Path, store: Store, recorder: ScriptedRecorder) -> None:
    """AT-29: the recorder noted a newer custody entry than this host has."""
    dock(recorder, store)
    folder = store.folder
    old = (folder / layout.CUSTODY).read_bytes()
    assert dock(recorder, store).unknown_custody is None
    dock(recorder, store)
    store.close()
    (folder / layout.CUSTODY).write_bytes(old)
    with Store(folder, lambda: NOW_MS + 1000) as cut:
        told = dock(recorder, cut)
        assert told.unknown_custody is not None
        noted = entry.parse(recorder.entries[told.unknown_custody])
        assert noted.kind == kinds.HOST
        assert noted.body["custody"] not in cut.custody.hashes


def test_a_whole_store_that_was_set_back_is_noticed(tmp_path: Path, store: Store, recorder: ScriptedRecorder) -> None:
    """The same with archive and all: only the recorder remembers."""
    dock(recorder, store)
    saved = files(store.folder)
    folder = store.folder
    recorder.shift(1, 1, SHORT)
    dock(recorder, store)
    dock(recorder, store)
    store.close()
    for name, data in saved.items():
        (folder / name).write_bytes(data)
    with Store(folder, lambda: NOW_MS) as restored:
        assert dock(recorder, restored).unknown_custody is not None
        assert archive_of(restored, recorder).chain.size == len(recorder.entries)


# This host's clock.


@pytest.mark.parametrize("now", [0, NOW_MS - 86_400_000, 4_200_000_000_000, -1, 1 << 62])
def test_a_host_clock_that_cannot_be_right(tmp_path: Path, recorder: ScriptedRecorder, now: int) -> None:
    """1970, before its certificate, after 2099: nothing is sent, nothing changes."""
    with make_store(tmp_path / "store") as store:
        enrol(recorder, store)
        cable = Cable(recorder)
        client = attach(recorder, store, cable)
        store.now_ms = lambda: now
        recorder.requests.clear()
        before = files(store.folder)
        for ask in (lambda: sync(client, store), client.check, lambda: client.issue(1)):
            with pytest.raises(EvidockError, match="clock") as caught:
                ask()
            assert "\n" not in str(caught.value)
        with pytest.raises(EvidockError, match="clock"):
            connect("/dev/null/no-such-port", store)
        assert recorder.requests == []
        assert files(store.folder) == before


def test_an_imported_head_for_this_host_locks_nobody_out(store: Store, recorder: ScriptedRecorder) -> None:
    """AT-12: who holds the live key makes a head for this host, of any size; the recorder is docked all the same."""
    dock(recorder, store)
    thief = copy.deepcopy(recorder)
    for _ in range(40):
        mark(thief, 1)
    raw = thief.head(codes.HEAD_FIRST)
    witnessing.import_heads(store, raw, "heads.cbs")
    forged = archive_of(store, recorder).heads[-1]
    assert (forged.raw, forged.host) == (raw, store.host.thumbprint)
    assert dock(recorder, store).receipted == []
    recorder.shift(1, 1, SHORT)
    assert dock(recorder, store).receipted


def test_a_host_whose_certificate_ended_docks_nothing(store: Store, recorder: ScriptedRecorder) -> None:
    client = attach(recorder, store)
    store.now_ms = lambda: NOW_MS + 5 * authority.YEAR_MS + 1
    recorder.requests.clear()
    before = files(store.folder)
    with pytest.raises(EvidockError, match="certificate of this host ended"):
        sync(client, store)
    assert recorder.requests == []
    assert files(store.folder) == before
