"""The receipts of one docking: given for what is safe on disk, kept here before the recorder has them.

Specification: "Session" (RECEIPT) and "The archive". What waits for a receipt outlives the session that was lost.
"""

from __future__ import annotations

from evidock.archive import Archive
from evidock.chain import Head
from evidock.client.session import Session
from evidock.segments import Segment
from evidock.store import Store
from evidock_protocol import sign1
from evidock_protocol.versions import MAXIMUM_RECEIPT_SEGMENTS

Row = tuple[int, int, bytes]  # recording, number, root


class Receipts:
    """`given` lists (recording, number)."""

    def __init__(self, store: Store, archive: Archive):
        self.given: list[tuple[int, int]] = []
        self._store = store
        self._archive = archive
        self._rows: list[Row] = []

    def keep_only(self, segments: list[Segment]) -> None:
        """Of what waits only `segments` still want a receipt: one may have arrived whose answer was lost."""
        keys = {(segment.recording, segment.number) for segment in segments}
        self._note([row for row in self._rows if row[:2] not in keys])
        self._rows = [row for row in self._rows if row[:2] in keys]

    def add(self, session: Session, head: Head, segment: Segment) -> None:
        """A segment is safe; as many as one receipt lists get one."""
        self._rows.append((segment.recording, segment.number, segment.root))
        if len(self._rows) >= MAXIMUM_RECEIPT_SEGMENTS:
            self.finish(session, head)

    def finish(self, session: Session, head: Head) -> None:
        """Gives receipts for all that waits."""
        while self._rows:
            self._give(session, head, self._rows[:MAXIMUM_RECEIPT_SEGMENTS])
            del self._rows[:MAXIMUM_RECEIPT_SEGMENTS]

    def give(self, session: Session, head: Head, segments: list[Segment]) -> bytes:
        """A receipt for `segments`; its statement hash."""
        return self._give(session, head, [(one.recording, one.number, one.root) for one in segments])

    def _give(self, session: Session, head: Head, rows: list[Row]) -> bytes:
        """Custody, then the receipt here, then the receipt there: nobody holds a receipt that this host does not."""
        self._store.custody.ingest(self._archive.device, head.size, head.newest, rows)
        raw = session.receipt(head, rows, self._archive.add_receipt)
        self._note(rows)
        return sign1.statement_hash(raw)

    def _note(self, rows: list[Row]) -> None:
        self.given += [row[:2] for row in rows if row[:2] not in self.given]
