"""Deletes on a recorder what this host has receipted and still holds, oldest first.

Specification: "Session" (delete) and "Entry kinds" (TOMBSTONE). Every file is recomputed from disk now, not only when
its receipt was given; one that has rotted here since is pulled anew instead.
"""

from __future__ import annotations

from collections.abc import Callable

from evidock.archive import Archive
from evidock.client.session import Session
from evidock.errors import Refused
from evidock.intake import Intake
from evidock.segments import Segment
from evidock_protocol import codes, messages
from evidock_protocol.versions import MAXIMUM_RECEIPT_SEGMENTS

Key = tuple[int, int]  # recording, number
Receipt = Callable[[list[Segment]], bytes]  # gives a fresh receipt for segments: its statement hash


class Deletion:
    """One docking's deletions. `deleted` and `kept` (segments that stay on the recorder) list (recording, number)."""

    def __init__(self, session: Session, archive: Archive, intake: Intake, host: bytes, give_receipt: Receipt):
        """`host` is this host's thumbprint."""
        self.deleted: list[Key] = []
        self.kept: list[Key] = []
        self._session = session
        self._archive = archive
        self._intake = intake
        self._host = host
        self._give_receipt = give_receipt
        self._busy = False  # whether the recorder deletes nothing now
        self._renews = True  # whether a fresh receipt may still help
        self._stuck: set[int] = set()  # recordings whose older segments stay: their newer ones do, too

    def run(self) -> None:
        """Deletes all that may go. Raises Refused (wrong role), LineLost."""
        wanted = self._archive.segments.deletable(self._host)
        for start in range(0, len(wanted), MAXIMUM_RECEIPT_SEGMENTS):
            batch = wanted[start : start + MAXIMUM_RECEIPT_SEGMENTS]
            self._delete([segment for segment in batch if self._is_held(segment)])

    def _is_held(self, segment: Segment) -> bool:
        """Whether this host has it, whole, on disk, now."""
        if self._busy or segment.recording in self._stuck:
            self.kept.append((segment.recording, segment.number))
            return False
        if self._intake.holds(segment) or self._intake.bring(segment):
            return True
        self._keep(segment)
        return False

    def _delete(self, batch: list[Segment]) -> None:
        fresh: bytes | None = None
        for place, segment in enumerate(batch):
            key = (segment.recording, segment.number)
            if self._busy or segment.recording in self._stuck:
                self.kept.append(key)
                continue
            receipt = fresh or self._archive.segments.receipted[key][self._host]
            if self._ask(segment, receipt):
                continue
            if fresh is None and self._renews and not self._busy:
                # The recorder's ring lets go of old receipts.
                fresh = self._give_receipt(batch[place:])
                if self._ask(segment, fresh):
                    continue
                self._renews = False
            self._keep(segment)

    def _ask(self, segment: Segment, receipt: bytes) -> bool:
        """Whether the segment is gone from the recorder; False when this receipt does not do."""
        arguments: list[object] = [segment.recording, segment.number, segment.root, receipt]
        try:
            self._session.command(codes.OPERATION_DELETE, arguments, [])
        except Refused as refused:
            if refused.code == messages.NO_SUCH_SEGMENT:
                return True
            if refused.code not in (messages.OUT_OF_RANGE, messages.BUSY, messages.STORAGE):
                raise
            self._busy = refused.code == messages.BUSY  # it records: nothing is deleted then
            return False
        self.deleted.append((segment.recording, segment.number))
        return True

    def _keep(self, segment: Segment) -> None:
        self.kept.append((segment.recording, segment.number))
        self._stuck.add(segment.recording)
