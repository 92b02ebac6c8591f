"""One docking: journal first, then private openings, media and receipts, then the second head. Every step resumes.

Interface: `evidock.sync`. Specification: "Session" and "The archive". A segment is receipted only when its root was
recomputed from bytes that are safe on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, cast

from evidock import durable
from evidock.archive import Archive
from evidock.chain import Head
from evidock.client import Recorder
from evidock.client.journal import pull_journal, pull_openings
from evidock.client.pull import Pull, SegmentMissing, fetch_leaves
from evidock.client.session import Session, open_session
from evidock.errors import Refused, WrongUsage
from evidock.media import PartialFile, is_intact, leaves_on_disk
from evidock.segments import Segment
from evidock.store import Store
from evidock_protocol import codes, messages
from evidock_protocol.versions import MAXIMUM_RECEIPT_SEGMENTS

Rows = list[tuple[int, int, bytes]]


class Progress(NamedTuple):
    """How far a docking has come: `phase` is "journal" (entries) or "media" (bytes); `done` of `total`."""

    phase: str
    done: int
    total: int
    recording: int | None = None
    segment: int | None = None


class SyncResult(NamedTuple):
    """What one docking brought. Segments are (recording, number)."""

    device: str
    """Device id in hexadecimal."""
    entries: int
    """Journal entries that are new here."""
    size: int
    """Journal entries here now."""
    segments: list[tuple[int, int]]
    """Segments that are new here, whole and verified."""
    bytes: int
    """Bytes of media that were pulled."""
    receipted: list[tuple[int, int]]
    missing: list[tuple[int, int]]
    """Segments that the recorder signed, did not delete by a receipt, and does not have (now)."""
    damaged: list[tuple[int, int]]
    """Segments whose bytes on the recorder differ from what it signed; kept as they are, without a receipt."""
    unreadable: list[tuple[int, int]]
    """Segments that the recorder's card does not give whole; what was read waits for another docking."""
    refused_openings: int
    """Private records that do not open what the journal committed to."""
    open_recording: int | None
    """Sequence of the START of a recording that still runs."""

    def to_json(self) -> dict[str, object]:
        """The same as a JSON object."""
        return dict(self._asdict())


def sync(
    recorder: Recorder, store: Store | Path | str | None = None, progress: Callable[[Progress], None] | None = None
) -> SyncResult:
    """Docks `recorder` to `store` (by default the one it was connected with), once. Interrupted anywhere, it goes on.

    Raises EvidockError: Refused, BadEvidence (StaleHead), LineLost, DiskFull, StoreError, and WrongUsage for a recorder
    that is blank or not enrolled.
    """
    if isinstance(store, Store) or (store is None and recorder.store is not None):
        opened = store if isinstance(store, Store) else cast(Store, recorder.store)
        return _Docking(recorder, opened, progress).run()
    if store is None:
        raise WrongUsage("no_store")
    if recorder.store is not None and recorder.store.folder.resolve() == Path(store).resolve():
        return _Docking(recorder, recorder.store, progress).run()
    with Store(Path(store)) as opened:
        return _Docking(recorder, opened, progress).run()


def _ignore(_event: Progress) -> None:
    pass


class _Docking:
    """One run of `sync`: its counters, and the steps in their order."""

    def __init__(self, recorder: Recorder, store: Store, progress: Callable[[Progress], None] | None):
        self.recorder = recorder
        self.store = store
        self.connection = recorder.connection
        self.progress = progress or _ignore
        self.segments: list[tuple[int, int]] = []
        self.receipted: list[tuple[int, int]] = []
        self.missing: list[tuple[int, int]] = []
        self.damaged: list[tuple[int, int]] = []
        self.unreadable: list[tuple[int, int]] = []
        self.pulled = 0
        self.done = 0
        self.total = 0

    def run(self) -> SyncResult:
        device = self.recorder.device
        if device is None:
            raise WrongUsage("blank", port=self.recorder.port)
        if device not in self.store.custody.enrolled:
            raise WrongUsage("not_enrolled", device=device.hex()[:16], port=self.recorder.port, store=self.store.folder)
        archive = self.store.archive(device)
        self._reconcile(archive)
        before = archive.chain.size
        session = open_session(self.connection, self.store, device)
        first = self._take_head(session, archive)
        self._set_clock(session)
        refused_openings = pull_openings(self.connection, archive)
        self._media(session, archive, first)
        second = session.close()
        self._take_head(session, archive)
        refused_openings += pull_openings(self.connection, archive)
        return SyncResult(
            device=device.hex(),
            entries=archive.chain.size - before,
            size=archive.chain.size,
            segments=self.segments,
            bytes=self.pulled,
            receipted=self.receipted,
            missing=self.missing,
            damaged=self.damaged,
            unreadable=self.unreadable,
            refused_openings=refused_openings,
            open_recording=cast("int | None", second.fields["open"]),
        )

    def _reconcile(self, archive: Archive) -> None:
        """What an interrupted docking kept in the archive and did not write into the custody chain yet."""
        for head in archive.heads:
            self.store.custody.note_head(archive.device, head.size, head.newest, head.root, head.hash)

    def _take_head(self, session: Session, archive: Archive) -> Head:
        """Brings the journal up to the session's head, checks that head, and keeps it."""
        head = session.head
        start = archive.chain.size
        total = head.size - start
        pull_journal(
            self.connection, archive, head, lambda size: self.progress(Progress("journal", size - start, total))
        )
        session.check(archive)
        archive.add_head(head)
        self.store.custody.note_head(archive.device, head.size, head.newest, head.root, head.hash)
        return head

    def _set_clock(self, session: Session) -> None:
        """A simulated recorder lives in its own time: host time is not for it."""
        if self.recorder.simulated:
            return
        state = cast(list[int], self.connection.request(messages.STATUS, {})["wall"])[0]
        if state == codes.WALL_UNSET:
            session.set_time(self.store.now_ms())

    def _media(self, session: Session, archive: Archive, head: Head) -> None:
        host = self.store.host.thumbprint
        told = archive.segments
        wanted = [key for key in sorted(told.known) if host not in told.receipted.get(key, ())]
        wanted = [key for key in wanted if key not in told.deleted or archive.media_path(*key).exists()]
        self.total = sum(told.known[key].length for key in wanted)
        rows: Rows = []
        for key in wanted:
            segment = told.known[key]
            start = self.done
            if self._is_here(archive, segment) or self._pull(archive, segment):
                rows.append((*key, segment.root))
            self._report(start + segment.length - self.done, segment)
            if len(rows) == MAXIMUM_RECEIPT_SEGMENTS:
                self._give_receipt(session, archive, head, rows)
                rows = []
        if rows:
            self._give_receipt(session, archive, head, rows)

    def _is_here(self, archive: Archive, segment: Segment) -> bool:
        """Whether an earlier docking brought it whole; a file that differs is pulled again in place of it."""
        path = archive.media_path(segment.recording, segment.number)
        if not path.exists():
            return False
        if is_intact(path, segment):
            return True
        if (segment.recording, segment.number) not in archive.segments.deleted:
            durable.make_folders(archive.partial_path(segment.recording, segment.number).parent)
            durable.move_into_place(path, archive.partial_path(segment.recording, segment.number))
        return False

    def _pull(self, archive: Archive, segment: Segment) -> bool:
        """Pulls a segment to its place; whether it is there, whole and as signed."""
        key = (segment.recording, segment.number)
        path = archive.media_path(*key)
        try:
            leaves = self._leaves(archive, segment)
            with PartialFile(archive.partial_path(*key), segment) as file:
                good = file.good_leaves(leaves) if leaves is not None else set[int]()
                for index in good:
                    start, end = segment.leaf_span(index)
                    self._report(end - start, segment)
                pull = Pull(self.connection, segment, leaves, file, lambda count: self._count(count, segment))
                pull.run(good)
                if pull.unreadable:
                    self.unreadable.append(key)
                    return False
                file.finish(path, pull.length)
        except SegmentMissing:
            self.missing.append(key)
            return False
        except Refused as refused:
            if refused.code != messages.STORAGE:
                raise
            self.unreadable.append(key)
            return False
        # From disk, after the bytes were safe: this is what the receipt says.
        found = leaves_on_disk(path, segment)
        if found is None or segment.root_of(found) != segment.root:
            self.damaged.append(key)
            return False
        if leaves is None:
            durable.write_whole(archive.leaves_path(*key), b"".join(found))
        self.segments.append(key)
        return True

    def _leaves(self, archive: Archive, segment: Segment) -> list[bytes] | None:
        """The checked leaf list: from an earlier docking or the recorder; None when the recorder's does not fit."""
        path = archive.leaves_path(segment.recording, segment.number)
        if path.exists():
            raw = path.read_bytes()
            leaves = [raw[at : at + 32] for at in range(0, len(raw), 32)]
            if len(leaves) == segment.leaves and segment.root_of(leaves) == segment.root:
                return leaves
        try:
            fetched = fetch_leaves(self.connection, segment)
        except Refused as refused:
            if refused.code == messages.NO_SUCH_SEGMENT:
                raise SegmentMissing from None
            if refused.code not in (messages.STORAGE, messages.OUT_OF_RANGE):
                raise
            return None
        if fetched is not None:
            durable.write_whole(path, b"".join(fetched))
        return fetched

    def _give_receipt(self, session: Session, archive: Archive, head: Head, rows: Rows) -> None:
        """Custody, then the receipt here, then the receipt there: nobody holds a receipt that this host does not."""
        self.store.custody.ingest(archive.device, head.size, head.newest, rows)
        session.receipt(head, rows, archive.add_receipt)
        self.receipted += [(recording, number) for recording, number, _root in rows]

    def _count(self, count: int, segment: Segment) -> None:
        self.pulled += max(0, count)
        self._report(count, segment)

    def _report(self, count: int, segment: Segment) -> None:
        self.done += count
        self.progress(Progress("media", self.done, self.total, segment.recording, segment.number))

