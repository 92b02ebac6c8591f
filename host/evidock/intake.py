"""Brings segments in: decides what is here, pulls what is not, says of each whether it is safe, whole and as signed.

Specification: "The archive". Several segments are on their way at once: while one is pulled, the next one's leaves are
fetched, and the disk work of the last one is done in a thread of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from typing import Any

from evidock.archive import Archive
from evidock.client.assembly import Assembly
from evidock.client.connection import Connection
from evidock.client.pull import Pull, fetch_leaves
from evidock.disk_work import DiskWork, Found
from evidock.errors import Refused
from evidock.progress import Progress
from evidock.segments import Segment
from evidock_protocol import messages

AHEAD = 2  # segments that are looked at before their turn
BACKLOG = 128 * 1024  # bytes to ask for, below which the next segment is begun
FINISHING = 8  # segments whose disk work may wait
TELL_SECONDS = 0.1  # between two words of progress
KEEP_SECONDS = 3.0  # of disk work without a word on the line, which loses its rate after eight and its session later

Key = tuple[int, int]  # recording, number


class Intake:
    """The media of one docking, also over several connections. `pulled` counts bytes."""

    def __init__(
        self,
        connection: Connection,
        archive: Archive,
        progress: Callable[[Progress], None],
        chunk: int | None = None,
        executor: Executor | None = None,
    ):
        """`chunk` fixes the bytes of one answer; `executor` does the disk work, one thread when None is given."""
        self.new: list[Key] = []
        self.missing: list[Key] = []
        self.damaged: list[Key] = []
        self.unreadable: list[Key] = []
        self.pull = Pull(connection, chunk)
        self._connection = connection
        self._disk = DiskWork(archive)
        self._progress = progress
        self._worker = executor or ThreadPoolExecutor(1, "evidock-disk")
        self._owns_worker = executor is None
        self._known: set[Key] = set()  # whatever was expected in this docking
        self._expected: deque[Segment] = deque()
        self._looked: deque[Future[Found]] = deque()  # in the order of `_expected`
        self._unlisted: Found | None = None  # its leaf list is fetched next
        self._opening: Future[Assembly] | None = None
        self._moving: list[Assembly] = []
        self._finishing: deque[tuple[Assembly, Future[bool]]] = deque()
        self._safe: deque[Segment] = deque()
        self._done = 0  # bytes of segments that are dealt with
        self._total = 0
        self._told = -TELL_SECONDS

    @property
    def pulled(self) -> int:
        """Bytes of media that came over the line and were new."""
        return self.pull.pulled

    @property
    def lost(self) -> int:
        """Frames of media that were asked for again."""
        return self.pull.ranges.lost

    @property
    def is_judged(self) -> bool:
        """Whether leaf lists judge all that is on its way, whoever sends it."""
        return all(assembly.leaves is not None for assembly in self._moving)

    def attach(self, connection: Connection) -> None:
        """Goes on where it was, over another connection."""
        self._connection = connection
        self.pull.attach(connection)

    def expect(self, segments: list[Segment]) -> None:
        """Says what is to be brought, in this order; what was expected before is passed over."""
        for segment in segments:
            key = (segment.recording, segment.number)
            if key not in self._known:
                self._known.add(key)
                self._expected.append(segment)
                self._total += segment.length

    def next(self) -> Segment | None:
        """The next segment that is here, whole, as signed and safe on disk; None when no more will be.

        After a LineLost it goes on once another connection is attached; after any other EvidockError all resumes in
        another docking.
        """
        while not self._safe:
            if self._is_over():
                self._tell(None)
                return None
            self._step()
        return self._safe.popleft()

    def holds(self, segment: Segment) -> bool:
        """Whether a segment is here, whole, recomputed from disk now; the session is kept meanwhile."""
        looked = self._worker.submit(self._disk.look, segment)
        self._keep_awake([looked])
        return looked.result().is_whole

    def bring(self, segment: Segment) -> bool:
        """Whether a segment is here now, as `next` says of it; it is pulled although it was before."""
        self._known.discard((segment.recording, segment.number))
        self.expect([segment])
        brought = False
        while (found := self.next()) is not None:
            brought = brought or found == segment
        return brought

    def close(self) -> None:
        """Waits for the disk work and lets go of every file; what is not whole waits for another docking."""
        self._connection.media = None
        if self._owns_worker:
            self._worker.shutdown(cancel_futures=True)
        opened = self._opening
        if opened is not None and opened.done() and not opened.cancelled() and not opened.exception():
            self._moving.append(opened.result())
        for assembly in self._moving + [assembly for assembly, _future in self._finishing]:
            assembly.file.close()

    def check(self) -> None:
        """Raises what disk work failed with, if any did; the line may have been lost before anybody asked."""
        futures: list[Future[Any]] = [*self._looked, *(future for _assembly, future in self._finishing)]
        if self._opening is not None:
            futures.append(self._opening)
        for future in futures:
            if future.done() and not future.cancelled():
                future.result()

    def _is_over(self) -> bool:
        waits = self._expected or self._looked or self._unlisted or self._opening or self._finishing
        return not waits and not self._moving

    def _step(self) -> None:
        """Whatever can be done now, without waiting as long as anything can."""
        while self._expected and len(self._looked) < AHEAD:
            self._looked.append(self._worker.submit(self._disk.look, self._expected.popleft()))
        self._begin()
        while self.pull.finished and len(self._finishing) < FINISHING:
            assembly = self.pull.finished.popleft()
            self._moving.remove(assembly)
            self._finishing.append((assembly, self._worker.submit(self._disk.finish, assembly)))
        if self._finishing and self._finishing[0][1].done():
            self._settle(*self._finishing.popleft())
        elif not self.pull.is_idle:
            self._connection.pump(self._connection.monotonic() + TELL_SECONDS)
            self._tell_sometimes()
        else:
            self._wait()

    def _begin(self) -> None:
        """Takes the next segments as far as there is room for them."""
        if self._opening is not None and self._opening.done():
            opened, self._opening = self._opening, None
            assembly = opened.result()
            self._moving.append(assembly)
            self.pull.add(assembly)
        if self._opening is not None or self.pull.ranges.backlog > BACKLOG:
            return
        if self._unlisted is None and self._looked and self._looked[0].done():
            found = self._looked.popleft().result()
            if found.is_whole:
                self._done += found.segment.length
                self._safe.append(found.segment)
                return
            self._unlisted = found
        if self._unlisted is not None:
            self._open(self._unlisted)

    def _open(self, found: Found) -> None:
        """Fetches the leaf list where there is none, while media move on, and has the file opened."""
        segment, leaves = found.segment, found.leaves
        if leaves is None:
            try:
                leaves = fetch_leaves(self._connection, segment, self.pull.chunk.size)
            except Refused as refused:
                if refused.code == messages.NO_SUCH_SEGMENT:
                    self._unlisted = None
                    self._give_up(segment, self.missing)
                    return
                if refused.code not in (messages.STORAGE, messages.OUT_OF_RANGE):
                    raise
        self._unlisted = None
        self._opening = self._worker.submit(self._disk.open, segment, leaves, found.leaves is None)

    def _settle(self, assembly: Assembly, future: Future[bool]) -> None:
        segment = assembly.segment
        if assembly.missing:
            future.result()
            self._give_up(segment, self.missing)
        elif assembly.unreadable:
            future.result()
            self._give_up(segment, self.unreadable)
        elif not future.result():
            self._give_up(segment, self.damaged)
        else:
            self._done += segment.length
            self.new.append((segment.recording, segment.number))
            self._safe.append(segment)
            self._tell(segment)

    def _give_up(self, segment: Segment, reason: list[Key]) -> None:
        self._done += segment.length
        key = (segment.recording, segment.number)
        if key not in reason:
            reason.append(key)
        self._tell(segment)

    def _wait(self) -> None:
        """Waits for the disk: nothing is on the line."""
        futures: list[Future[Any]] = [future for _assembly, future in list(self._finishing)[:1]]
        if self._opening is not None:
            futures.append(self._opening)
        elif self._looked:
            futures.append(self._looked[0])
        self._keep_awake(futures)

    def _keep_awake(self, futures: list[Future[Any]]) -> None:
        """Waits for the first of `futures`, with a question now and then lest the session end of silence: that is also
        where a docking sees that it is to stop."""
        while futures and not wait(futures, KEEP_SECONDS, FIRST_COMPLETED).done:
            self._connection.request(messages.STATUS, {})

    # What is said of it.

    def _tell_sometimes(self) -> None:
        now = self._connection.monotonic()
        if now - self._told >= TELL_SECONDS:
            self._told = now
            self._tell(self._moving[0].segment if self._moving else None)

    def _tell(self, segment: Segment | None) -> None:
        done = self._done + sum(assembly.have for assembly in self._moving)
        done += sum(assembly.have for assembly, _future in self._finishing)
        place = (segment.recording, segment.number) if segment is not None else (None, None)
        self._progress(Progress("media", min(done, self._total), self._total, *place, lost=self.lost))
