"""One docking: journal first, then private openings, media and receipts, then the second head. Every step resumes.

Interface: `evidock.sync`. Specification: "Session" and "The archive". A segment is receipted only when its root was
recomputed from bytes that are safe on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, cast

from evidock.archive import Archive
from evidock.chain import Head
from evidock.client import Recorder
from evidock.client.journal import pull_openings
from evidock.client.session import Session, open_session
from evidock.errors import Refused, WrongUsage
from evidock.intake import Intake, Progress
from evidock.proving import enrolled, ignore, reconcile, take_head
from evidock.store import Store
from evidock_protocol import codes, messages
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


class _Docking:
    """One run of `sync`: its counters, and the steps in their order."""

    def __init__(self, recorder: Recorder, store: Store, progress: Callable[[Progress], None] | None):
        self.recorder = recorder
        self.store = store
        self.connection = recorder.connection
        self.progress = progress or ignore
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
        session = open_session(self.connection, self.store, device)
        first = self._take_head(session, archive)
        self._set_clock(session)
        pull_openings(self.connection, archive)
        intake = Intake(self.connection, archive, self.progress)
        self._take_media(intake, session, archive, first)
        second = session.close()
        self._take_head(session, archive)
        refused_openings = pull_openings(self.connection, archive)
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

    def _give_receipt(self, session: Session, archive: Archive, head: Head, rows: Rows) -> None:
        """Custody, then the receipt here, then the receipt there: nobody holds a receipt that this host does not."""
        self.store.custody.ingest(archive.device, head.size, head.newest, rows)
        session.receipt(head, rows, archive.add_receipt)
        self.receipted += [(recording, number) for recording, number, _root in rows]
