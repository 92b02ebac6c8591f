"""What a journal says of media: segments with their roots, the start of each recording, deletions and receipts.

Specification: "Entry kinds". Reads verified entries only; verification has its own, fuller, reading of the journal.
"""

from __future__ import annotations

from typing import NamedTuple, cast

from evidock_protocol import card, codes, entry, kinds, merkle, sign1, statements, versions
from evidock_protocol.entry import Entry
from evidock_protocol.errors import ProtocolError

BESIDE_MS = 1000  # between a moment and a segment that it belongs to
_NAMING = {3, 4}  # labels "case" and "incident" of private fields


class Segment(NamedTuple):
    """A sealed segment as SEGMENT names it; lengths in bytes."""

    recording: int
    number: int
    media: int
    header_length: int
    length: int
    leaf_size: int
    root: bytes

    def is_sane(self) -> bool:
        """Whether the numbers lie inside the limits, so that the segment can have a name and leaves at all (AT-28)."""
        sizes = versions.MINIMUM_LEAF <= self.leaf_size <= versions.MAXIMUM_LEAF
        lengths = self.header_length <= self.length <= versions.MAXIMUM_FILE
        named = 1 <= self.recording <= 9_999_999 and 1 <= self.number <= 9_999_999
        return sizes and lengths and named and any(self.media == number for number, _extension in card.EXTENSIONS)

    @property
    def leaves(self) -> int:
        """Number of leaves, the header's included."""
        return 1 + merkle.leaf_count(self.length, self.header_length, self.leaf_size)

    def leaf_span(self, index: int) -> tuple[int, int]:
        """(first byte, end) of a leaf; leaf 0 is the header."""
        if index == 0:
            return 0, self.header_length
        start = self.header_length + (index - 1) * self.leaf_size
        return start, min(self.length, start + self.leaf_size)

    def root_of(self, leaves: list[bytes]) -> bytes:
        """The root over all leaf hashes, the header's first."""
        return merkle.segment_root(leaves[0], merkle.root_of(leaves[1:]))


class Segments:
    """Grows entry by entry. Keys are (recording, number); `started` is Unix milliseconds, None for an unset clock."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, int], Segment] = {}
        self.started: dict[int, int | None] = {}
        # By host (thumbprint), the hash of its newest receipt that the recorder holds.
        self.receipted: dict[tuple[int, int], dict[bytes, bytes]] = {}
        self.deleted: set[tuple[int, int]] = set()
        self._cases: set[int] = set()  # recordings of a case or an incident
        self._moments: dict[int | None, list[tuple[int, int]]] = {}  # by recording, (boot, tick) of marks and breaks
        self._spans: dict[tuple[int, int], tuple[int, int, int]] = {}  # boot, first and last tick

    def note(self, item: Entry) -> None:
        """Takes in one verified entry."""
        body = item.body
        self._note_evidence(item)
        if item.kind == kinds.START:
            recording = body["recording"]
            assert isinstance(recording, int)
            self.started.setdefault(recording, item.wall_ms if item.wall_state != codes.WALL_UNSET else None)
        elif item.kind == kinds.SEGMENT:
            segment = Segment(*(body[name] for name in Segment._fields))  # type: ignore[arg-type]
            if segment.is_sane():
                # The first entry counts: a second one of the same number is for verification to judge.
                self.known.setdefault((segment.recording, segment.number), segment)
        elif item.kind == kinds.TOMBSTONE:
            self.deleted.add((body["recording"], body["number"]))  # type: ignore[arg-type]
        elif item.kind == kinds.HOST and body["event"] == codes.HOST_RECEIPTED:
            self._receipt(body["statement"])

    def evidence_first(self, segments: list[Segment]) -> list[Segment]:
        """The same segments: first those of recordings that name a case or an incident, those in which the officer
        marked a moment, and those beside an interruption; each kind in the order given.
        """
        return sorted(segments, key=lambda one: not self._is_evidence((one.recording, one.number)))

    def unreceipted(self, host: bytes) -> list[Segment]:
        """The segments that a recorder may still have and `host` (thumbprint) gave no receipt for, in order."""
        return [
            self.known[key]
            for key in sorted(self.known)
            if key not in self.deleted and host not in self.receipted.get(key, ())
        ]

    def deletable(self, host: bytes) -> list[Segment]:
        """The segments that a recorder may still have although it holds `host`'s receipt for them, oldest first."""
        return [
            self.known[key]
            for key in sorted(self.known)
            if key not in self.deleted and host in self.receipted.get(key, ())
        ]

    def _is_evidence(self, key: tuple[int, int]) -> bool:
        if key[0] in self._cases:
            return True
        boot, first, last = self._spans[key]
        moments = self._moments.get(key[0], []) + self._moments.get(None, [])
        return any(one == boot and first - BESIDE_MS <= tick <= last + BESIDE_MS for one, tick in moments)

    def _note_evidence(self, item: Entry) -> None:
        body = item.body
        recording = cast("int | None", body.get("recording"))
        if item.kind == kinds.START and recording is not None and _NAMING & item.private.keys():
            self._cases.add(recording)
        elif item.kind in (kinds.MARK, kinds.RESUME):
            self._moments.setdefault(recording, []).append((item.boot, item.ticks))
        elif item.kind == kinds.INTERRUPT:
            moment = (cast(int, body["boot"]), cast(int, body["last_tick"]))
            self._moments.setdefault(recording, []).append(moment)
        elif item.kind == kinds.SEGMENT:
            span = tuple(cast(int, body[name]) for name in ("boot", "first_tick", "last_tick"))
            self._spans.setdefault((cast(int, recording), cast(int, body["number"])), span)  # type: ignore[arg-type]

    def _receipt(self, raw: object) -> None:
        if not isinstance(raw, bytes):
            return
        try:
            _sealed, receipt = entry.parse_statement(raw, statements.TYP_RECEIPT)
        except ProtocolError:
            return
        for recording, number, root in cast(list[tuple[int, int, bytes]], receipt["segments"]):
            segment = self.known.get((recording, number))
            if segment is not None and segment.root == root:
                hosts = self.receipted.setdefault((recording, number), {})
                hosts[cast(bytes, receipt["host"])] = sign1.statement_hash(raw)
