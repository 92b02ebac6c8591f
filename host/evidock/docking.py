"""One docking: journal first, then private openings, media and receipts, then the second head. Every step resumes.

Interface: `evidock.sync`. Specification: "Session" and "The archive". A segment is receipted only when its root was
recomputed from bytes that are safe on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, cast

from evidock import history
from evidock.archive import Archive
from evidock.chain import Head
from evidock.client import Recorder
from evidock.client.journal import pull_openings
from evidock.client.session import Session, open_session
from evidock.deletion import Deletion
from evidock.errors import Refused, WrongUsage
from evidock.intake import Intake, Progress
from evidock.proving import enrolled, ignore, reconcile, take_head, unknown_custody
from evidock.segments import Segment
from evidock.store import Store
from evidock_protocol import codes, messages, sign1
from evidock_protocol.versions import MAXIMUM_RECEIPT_SEGMENTS

Rows = list[tuple[int, int, bytes]]


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
    deleted: list[tuple[int, int]]
    """Segments that the recorder deleted now because this host has them (only when asked to)."""
    kept: list[tuple[int, int]]
    """Segments that stay on the recorder although they were to be deleted: it wants another receipt, or they differ."""
    contradicted: list[int]
    """Sizes of signed heads, held from before or from other hosts, of which the journal is another history (AT-14)."""
    unknown_custody: int | None
    """Number of a HOST entry that notes a custody head which this host's chain does not have (AT-29)."""

    def to_json(self) -> dict[str, object]:
        """The same as a JSON object."""
        return dict(self._asdict())


def sync(
    recorder: Recorder,
    store: Store | Path | str | None = None,
    progress: Callable[[Progress], None] | None = None,
    delete: bool = False,
) -> SyncResult:
    """Docks `recorder` to `store` (by default the one it was connected with), once. Interrupted anywhere, it goes on.

    With `delete` the recorder deletes, oldest first, what this host has receipted and recomputes from its disk now.

    Raises EvidockError: Refused, BadEvidence (Rollback, Equivocation, Fork, StaleHead), LineLost, DiskFull, StoreError,
    and WrongUsage for a recorder that is blank or not enrolled.
    """
    if isinstance(store, Store) or (store is None and recorder.store is not None):
        opened = store if isinstance(store, Store) else cast(Store, recorder.store)
        return _Docking(recorder, opened, progress, delete).run()
    if store is None:
        raise WrongUsage("no_store")
    if recorder.store is not None and recorder.store.folder.resolve() == Path(store).resolve():
        return _Docking(recorder, recorder.store, progress, delete).run()
    with Store(Path(store)) as opened:
        return _Docking(recorder, opened, progress, delete).run()


class _Docking:
    """One run of `sync`: its counters, and the steps in their order."""

    def __init__(self, recorder: Recorder, store: Store, progress: Callable[[Progress], None] | None, delete: bool):
        self.recorder = recorder
        self.store = store
        self.connection = recorder.connection
        self.progress = progress or ignore
        self.delete = delete
        self.receipted: list[tuple[int, int]] = []

    def run(self) -> SyncResult:
        device = enrolled(self.recorder, self.store)
        try:
            return self._dock(device, self.store.archive(device))
        except BaseException:
            self.store.forget(device)
            raise

    def _dock(self, device: bytes, archive: Archive) -> SyncResult:
        reconcile(self.store, archive)
        before = archive.chain.size
        known = {head.hash for head in history.contradicted(archive)}
        session = open_session(self.connection, self.store, device)
        first = self._take_head(session, archive)
        lost = unknown_custody(self.store, archive)
        self._set_clock(session)
        pull_openings(self.connection, archive)
        intake = Intake(self.connection, archive, self.progress)
        self._take_media(intake, session, archive, first)
        deletion = self._delete(intake, session, archive) if self.delete else None
        second = session.close()
        self._take_head(session, archive)
        refused_openings = pull_openings(self.connection, archive)
        for head in history.reached(archive):
            archive.add_head(head)
        reconcile(self.store, archive)
        return SyncResult(
            device=device.hex(),
            entries=archive.chain.size - before,
            size=archive.chain.size,
            segments=intake.new,
            bytes=intake.pulled,
            receipted=self.receipted,
            missing=intake.missing,
            damaged=intake.damaged,
            unreadable=intake.unreadable,
            refused_openings=refused_openings,
            open_recording=cast("int | None", second.fields["open"]),
            deleted=deletion.deleted if deletion is not None else [],
            kept=deletion.kept if deletion is not None else [],
            contradicted=sorted(head.size for head in history.contradicted(archive) if head.hash not in known),
            unknown_custody=lost,
        )

    def _take_head(self, session: Session, archive: Archive) -> Head:
        return take_head(self.connection, session, self.store, archive, self.progress)

    def _set_clock(self, session: Session) -> None:
        """A simulated recorder lives in its own time: host time is not for it. An unset clock stops nothing."""
        if self.recorder.simulated:
            return
        state = cast(list[int], self.connection.request(messages.STATUS, {})["wall"])[0]
        if state != codes.WALL_UNSET:
            return
        try:
            session.set_time(self.store.now_ms())
        except Refused as refused:  # by this host's rights, or what was signed already lies later
            if refused.code not in (messages.WRONG_ROLE, messages.OUT_OF_RANGE):
                raise

    def _take_media(self, intake: Intake, session: Session, archive: Archive, head: Head) -> None:
        """Brings in what this host has not receipted yet, oldest first, and gives a receipt for each handful."""
        wanted = archive.segments.unreceipted(self.store.host.thumbprint)
        intake.expect(wanted)
        rows: Rows = []
        for segment in wanted:
            if intake.bring(segment):
                rows.append((segment.recording, segment.number, segment.root))
            if len(rows) == MAXIMUM_RECEIPT_SEGMENTS:
                self._give_receipt(session, archive, head, rows)
                rows = []
        if rows:
            self._give_receipt(session, archive, head, rows)

    def _delete(self, intake: Intake, session: Session, archive: Archive) -> Deletion:
        """Has the recorder delete what its journal, as it is now, says that this host receipted."""
        session.renew_head()
        head = self._take_head(session, archive)

        def give_receipt(segments: list[Segment]) -> bytes:
            rows = [(segment.recording, segment.number, segment.root) for segment in segments]
            return self._give_receipt(session, archive, head, rows)

        deletion = Deletion(session, archive, intake, self.store.host.thumbprint, give_receipt)
        deletion.run()
        return deletion

    def _give_receipt(self, session: Session, archive: Archive, head: Head, rows: Rows) -> bytes:
        """Custody, then the receipt here, then the receipt there: nobody holds a receipt that this host does not.

        Returns the receipt's statement hash.
        """
        self.store.custody.ingest(archive.device, head.size, head.newest, rows)
        raw = session.receipt(head, rows, archive.add_receipt)
        self.receipted += [row[:2] for row in rows if row[:2] not in self.receipted]
        return sign1.statement_hash(raw)
