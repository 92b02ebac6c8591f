"""One docking: journal first, then private openings, media and receipts, then the second head. Every step resumes.

Interface: `evidock.sync`. Specification: "Session" and "The archive". A segment is receipted only when its root was
recomputed from bytes that are safe on disk. A line that is lost and comes back costs a new session and no media.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, cast

from evidock import history
from evidock.archive import Archive
from evidock.chain import Head
from evidock.client import Recorder
from evidock.client.journal import pull_openings
from evidock.client.session import Session, open_session
from evidock.deletion import Deletion
from evidock.errors import LineLost, Refused, WrongUsage
from evidock.intake import Intake
from evidock.patience import PATIENCE_SECONDS, Patience
from evidock.progress import Progress
from evidock.proving import enrolled, ignore, reconcile, take_head, unknown_custody
from evidock.receipting import Receipts
from evidock.store import Store
from evidock_protocol import codes, messages


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
    reopened: int
    """Times that the line was lost and came back."""
    lost: int
    """Frames of media that were asked for again."""
    mended: int
    """Frames of media with a wrong bit that was put right."""

    def to_json(self) -> dict[str, object]:
        """The same as a JSON object."""
        return dict(self._asdict())


def sync(
    recorder: Recorder,
    store: Store | Path | str | None = None,
    progress: Callable[[Progress], None] | None = None,
    delete: bool = False,
    patience: float = PATIENCE_SECONDS,
    chunk: int | None = None,
    executor: Executor | None = None,
) -> SyncResult:
    """Docks `recorder` to `store` (by default the one it was connected with), once. Interrupted anywhere, it goes on.

    With `delete` the recorder deletes, oldest first, what this host has receipted and recomputes from its disk now. A
    lost line is waited for, until nothing useful has come for `patience` seconds; with 0 it is an error at once.
    `chunk` fixes the bytes of one answer with media, `executor` does the disk work: both for measurements and tests.

    Raises EvidockError: Refused, BadEvidence (Rollback, Equivocation, Fork, StaleHead), LineLost, DiskFull, StoreError,
    Misbehaving (also for another recorder on the port), and WrongUsage for a recorder that is blank or not enrolled.
    """

    def dock(opened: Store) -> SyncResult:
        return _Docking(recorder, opened, progress or ignore, delete, patience, chunk, executor).run()

    if isinstance(store, Store) or (store is None and recorder.store is not None):
        return dock(store if isinstance(store, Store) else cast(Store, recorder.store))
    if store is None:
        raise WrongUsage("no_store")
    if recorder.store is not None and recorder.store.folder.resolve() == Path(store).resolve():
        return dock(recorder.store)
    with Store(Path(store)) as opened:
        return dock(opened)


class _Docking:
    """One run of `sync`: its counters, and the steps in their order. A session lost with its line is begun again."""

    def __init__(
        self,
        recorder: Recorder,
        store: Store,
        progress: Callable[[Progress], None],
        delete: bool,
        patience: float,
        chunk: int | None,
        executor: Executor | None,
    ):
        self.recorder = recorder
        self.store = store
        self.device = enrolled(recorder, store)
        self._delete = delete
        self._deleted: list[tuple[int, int]] = []
        self._refused_openings = 0
        self._patience = Patience(recorder, patience)
        self._progress = progress
        self._newest = self._media = Progress("media", 0, 0)
        self._goal: int | None = None  # entries that the recorder had when this docking began
        self._chunk = chunk
        self._executor = executor

    def run(self) -> SyncResult:
        with self.store.claim(self.device, self.recorder.port):
            try:
                archive = self.store.archive(self.device)
                reconcile(self.store, archive)
                intake = Intake(self.recorder.connection, archive, self._tell, self._chunk, self._executor)
                try:
                    with closing(intake):
                        return self._dock_patiently(intake, archive)
                except (LineLost, Refused):
                    intake.check()  # a full disk is the news then
                    raise
            except BaseException:
                self.store.forget(self.device)
                raise

    def _dock_patiently(self, intake: Intake, archive: Archive) -> SyncResult:
        before = archive.chain.size
        known = {head.hash for head in history.contradicted(archive)}
        receipts = Receipts(self.store, archive)
        while True:
            try:
                second, lost, kept = self._dock(intake, receipts, archive)
                break
            except (LineLost, Refused) as error:
                if isinstance(error, Refused) and (error.code != messages.NO_SESSION or self._goal is None):
                    raise
                # A recorder that was booted has lost the session, and its port may have stayed.
                # Each session makes the journal longer: that is nothing useful.
                entries = min(archive.chain.size, self._goal or 0)
                brought = (entries, intake.pulled, len(receipts.given), len(self._deleted))
                self._patience.reopen(error, brought, lambda: self._tell(self._newest._replace(phase="waiting")))
        self._tell(self._media._replace(phase="done"))
        return SyncResult(
            device=self.device.hex(),
            entries=archive.chain.size - before,
            size=archive.chain.size,
            segments=intake.new,
            bytes=intake.pulled,
            receipted=receipts.given,
            missing=intake.missing,
            damaged=intake.damaged,
            unreadable=intake.unreadable,
            refused_openings=self._refused_openings,
            open_recording=cast("int | None", second.fields["open"]),
            # The journal says what is gone: a command whose answer was lost may have been refused.
            deleted=[key for key in self._deleted if key in archive.segments.deleted],
            kept=kept + [key for key in self._deleted if key not in archive.segments.deleted],
            contradicted=sorted(head.size for head in history.contradicted(archive) if head.hash not in known),
            unknown_custody=lost,
            reopened=self._patience.reopened,
            lost=intake.lost,
            mended=self._patience.mended,
        )

    def _dock(
        self, intake: Intake, receipts: Receipts, archive: Archive
    ) -> tuple[Head, int | None, list[tuple[int, int]]]:
        """One session from OPEN to CLOSE: the second head, the number of an entry that notes an unknown custody head,
        and what was to be deleted and stays.
        """
        self.recorder.ready()
        connection = self.recorder.connection
        session = open_session(connection, self.store, self.device)
        self._goal = self._goal or session.head.size
        # What was on its way when the line was lost goes on at once where leaves that were checked before judge it;
        # other media are taken of the recorder alone, as its head proves it.
        if intake.is_judged:
            intake.attach(connection)
        first = self._take_head(session, archive)
        intake.attach(connection)
        lost = unknown_custody(self.store, archive)
        self._set_clock(session)
        pull_openings(connection, archive)
        self._take_media(intake, receipts, session, archive, first)
        kept = self._clear(intake, receipts, session, archive) if self._delete else []
        second = session.close()
        self._take_head(session, archive)
        self._refused_openings = pull_openings(connection, archive)
        for head in history.reached(archive):
            archive.add_head(head)
        reconcile(self.store, archive)
        return second, lost, kept

    def _tell(self, event: Progress) -> None:
        if event.phase in ("journal", "media"):
            self._newest = event
        if event.phase == "media":
            self._media = event
        line = self._patience
        event = event._replace(lost=max(event.lost, self._media.lost))
        self._progress(event._replace(received=line.received, mended=line.mended, reopened=line.reopened))

    def _take_head(self, session: Session, archive: Archive) -> Head:
        return take_head(self.recorder.connection, session, self.store, archive, self._tell)

    def _set_clock(self, session: Session) -> None:
        """A simulated recorder lives in its own time: host time is not for it. An unset clock stops nothing."""
        if self.recorder.simulated:
            return
        state = cast(list[int], self.recorder.connection.request(messages.STATUS, {})["wall"])[0]
        if state != codes.WALL_UNSET:
            return
        try:
            session.set_time(self.store.now_ms())
        except Refused as refused:  # by this host's rights, or what was signed already lies later
            if refused.code not in (messages.WRONG_ROLE, messages.OUT_OF_RANGE):
                raise

    def _take_media(self, intake: Intake, receipts: Receipts, session: Session, archive: Archive, head: Head) -> None:
        """Brings in what this host has not receipted yet, evidence first; receipts go out while media move on."""
        wanted = archive.segments.unreceipted(self.store.host.thumbprint)
        receipts.keep_only(wanted)
        intake.expect(archive.segments.evidence_first(wanted))
        while (segment := intake.next()) is not None:
            receipts.add(session, head, segment)
        receipts.finish(session, head)

    def _clear(self, intake: Intake, receipts: Receipts, session: Session, archive: Archive) -> list[tuple[int, int]]:
        """Has the recorder delete what its journal, as it is now, says that this host receipted; what stays."""
        session.renew_head()
        head = self._take_head(session, archive)
        host = self.store.host.thumbprint
        deletion = Deletion(session, archive, intake, host, lambda segments: receipts.give(session, head, segments))
        try:
            deletion.run()
        finally:
            self._deleted += deletion.deleted
        return deletion.kept
