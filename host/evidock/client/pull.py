"""Pulls one segment: the host owns the credit, asks again only for what was lost, and keeps nothing that does not hash.

Specification: "Messages" (LEAVES, MEDIA). Ranges are answered in order, so that a newer answer shows a loss at once.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import cast

from evidock.client.connection import Answer, Connection, Values
from evidock.errors import LineLost, Misbehaving
from evidock.media import PartialFile
from evidock.segments import Segment
from evidock_protocol import merkle, messages

CREDIT = 32 * 1024  # bytes of media asked for and not yet here
RANGE = 8 * 1024  # bytes of one request
CHUNKS = (4096, 1024, 512)  # bytes of one answer: on a clean line, by default, on a bad one
CLEAN = 256 * 1024  # bytes without a loss before a larger chunk is tried
SILENCE_SECONDS = 1.2  # nothing at all arrived: everything outstanding is lost
SILENCES = 8  # in a row, before the line counts as lost
STALLED_SECONDS = 30.0  # something arrives, but nothing useful
TRIES = 3  # of one leaf or one range, before its bytes count as damaged on the recorder
MAXIMUM_UNREADABLE = 4  # ranges that the card does not give, before the segment is left for another docking
VIOLATIONS = 64  # answers that no honest recorder gives
LEAVES_AT_ONCE = 128  # hashes of one answer: 4 KiB


class SegmentMissing(Exception):
    """The recorder has no such segment (now)."""


def fetch_leaves(connection: Connection, segment: Segment) -> list[bytes] | None:
    """The segment's leaf hashes when they fit its signed root, else None. Raises Refused when there is no list."""
    leaves: list[bytes] = []
    while len(leaves) < segment.leaves:
        asked: Values = {"recording": segment.recording, "number": segment.number, "first": len(leaves)}
        asked["count"] = min(LEAVES_AT_ONCE, segment.leaves - len(leaves))
        answer = connection.request(messages.LEAVES, asked)
        hashes = cast(bytes, answer["hashes"])
        if answer["first"] != len(leaves) or not hashes or len(hashes) % merkle.HASH_SIZE:
            return None
        leaves += [hashes[at : at + merkle.HASH_SIZE] for at in range(0, len(hashes), merkle.HASH_SIZE)]
    if len(leaves) != segment.leaves or segment.root_of(leaves) != segment.root:
        return None
    return leaves


class Range:
    """Bytes [next, end) asked for and not yet here."""

    def __init__(self, start: int, end: int):
        self.next = start
        self.end = end


class Pull:
    """The pull of one segment into `file`. After `run`: `damaged` leaves, and `length`, the bytes the recorder has."""

    def __init__(
        self,
        connection: Connection,
        segment: Segment,
        leaves: list[bytes] | None,
        file: PartialFile,
        advance: Callable[[int], None],
    ):
        """Without `leaves` (the recorder's list does not fit) bytes are taken as they come, the root judges later.

        `advance` is told of bytes as they arrive, and of bytes that were for nothing as a negative number.
        """
        self.damaged: set[int] = set()
        self.unreadable = 0  # ranges that the recorder's card does not give: bytes are missing inside
        self.length = segment.length
        self._connection = connection
        self._segment = segment
        self._leaves = leaves
        self._file = file
        self._advance = advance
        self._wanted: list[tuple[int, int]] = []
        self._outstanding: dict[int, Range] = {}
        self._buffers: dict[int, bytearray] = {}
        self._filled: dict[int, int] = {}
        self._tries: dict[int, int] = {}  # by leaf
        self._card_failures: dict[int, int] = {}  # by first byte of a range
        self._chunk = 0  # index in CHUNKS
        self._clean = 0
        self._violations = 0

    def run(self, good: set[int]) -> None:
        """Pulls every leaf but the `good` ones. Raises LineLost, Misbehaving, SegmentMissing, Refused, StoreError."""
        for index in range(self._segment.leaves):
            if index not in good:
                self._want(*self._segment.leaf_span(index))
        silences = 0
        useful = alive = self._connection.monotonic()
        while self._wanted or self._outstanding:
            self._ask()
            received = self._connection.received
            answer = self._connection.receive(alive + SILENCE_SECONDS)
            now = self._connection.monotonic()
            if answer is not None and self._take(answer):
                silences, useful, alive = 0, now, now
            elif answer is not None or self._connection.received > received:
                alive = now
            else:
                silences += 1
                alive = now
                self._lose_all()
            if silences >= SILENCES or now - useful > STALLED_SECONDS:
                raise LineLost("line_silent", port=self._connection.port)
        self._keep_rest()

    def _want(self, start: int, end: int) -> None:
        """Queues the bytes [start, end), joined with what precedes them so that requests are full."""
        end = min(end, self.length)
        if self._wanted and self._wanted[-1][1] == start and start - self._wanted[-1][0] < RANGE:
            start = self._wanted.pop()[0]
        while start < end:
            heapq.heappush(self._wanted, (start, min(end, start + RANGE)))
            start += RANGE

    def _want_again(self, start: int, end: int) -> None:
        end = min(end, self.length)
        if start < end:
            heapq.heappush(self._wanted, (start, end))

    def _ask(self) -> None:
        """Sends requests up to the credit, and never more unread bytes than a recorder's line buffer holds."""
        while self._wanted:
            start, end = self._wanted[0]
            asked: Values = {"recording": self._segment.recording, "number": self._segment.number}
            asked.update(offset=start, length=end - start, chunk=CHUNKS[self._chunk])
            size = self._connection.request_size(messages.MEDIA, asked)
            credit = sum(one.end - one.next for one in self._outstanding.values())
            unread = size * (len(self._outstanding) + 1)
            if self._outstanding and (credit + end - start > CREDIT or unread > self._connection.maximum_unread):
                return
            heapq.heappop(self._wanted)
            self._outstanding[self._connection.send(messages.MEDIA, asked)] = Range(start, end)

    def _take(self, answer: Answer) -> bool:
        """Takes one answer in; whether it brought the segment forward."""
        asked = self._outstanding.get(answer.number)
        if asked is None:
            return False  # a late answer to what was asked again meanwhile
        if answer.refusal is not None:
            return self._take_refusal(answer.number, answer.refusal.code, answer)
        offset, data = cast(int, answer.values["offset"]), cast(bytes, answer.values["data"])
        if not data or offset < asked.next or offset + len(data) > asked.end:
            self._violations += 1
            if self._violations > VIOLATIONS:
                raise Misbehaving("bad_media", port=self._connection.port)
            return False
        lost = [number for number in self._outstanding if number < answer.number]
        for number in lost:
            earlier = self._outstanding.pop(number)
            self._want_again(earlier.next, earlier.end)
        if offset > asked.next:
            self._want_again(asked.next, offset)
        self._note_quality(len(data), bool(lost) or offset > asked.next)
        asked.next = offset + len(data)
        if asked.next == asked.end:
            del self._outstanding[answer.number]
        self._place(offset, data)
        return True

    def _take_refusal(self, number: int, code: int, answer: Answer) -> bool:
        asked = self._outstanding.pop(number)
        if code == messages.NO_SUCH_SEGMENT:
            raise SegmentMissing
        if code == messages.OUT_OF_RANGE:
            self._narrow(asked)
            return True
        if code == messages.BUSY:
            self._want_again(asked.next, asked.end)
            return False
        if code == messages.STORAGE:
            # The recorder forgot the ranges behind it too.
            self._outstanding[number] = asked
            self._lose_all()
            self._card_failures[asked.next] = tries = self._card_failures.get(asked.next, 0) + 1
            if tries >= TRIES:
                self.unreadable += 1
                if self.unreadable < MAXIMUM_UNREADABLE:
                    self._wanted = [one for one in self._wanted if one[0] != asked.next]
                    heapq.heapify(self._wanted)
                    return True
            if tries < TRIES:
                return True
        assert answer.refusal is not None
        raise self._connection.refused(answer.refusal)

    def _narrow(self, asked: Range) -> None:
        """The recorder's file ends before this range does: finds where, by halves, and takes what there is."""
        if asked.end - asked.next > 1:
            middle = (asked.next + asked.end) // 2
            self._want_again(asked.next, middle)
            self._want_again(middle, asked.end)
            return
        self.length = min(self.length, asked.next)
        self._wanted = [(start, min(end, self.length)) for start, end in self._wanted if start < self.length]
        heapq.heapify(self._wanted)

    def _lose_all(self) -> None:
        for one in self._outstanding.values():
            self._want_again(one.next, one.end)
        self._outstanding.clear()
        self._note_quality(0, True)

    def _note_quality(self, count: int, loss: bool) -> None:
        """Smaller chunks after a loss, larger ones after a long clean stretch."""
        self._clean = 0 if loss else self._clean + count
        if loss:
            self._chunk = min(self._chunk + 1, len(CHUNKS) - 1)
        elif self._clean >= CLEAN:
            self._clean = 0
            self._chunk = max(self._chunk - 1, 0)

    def _place(self, offset: int, data: bytes) -> None:
        """Lays bytes into the leaves that they belong to."""
        self._advance(len(data))
        header, leaf_size = self._segment.header_length, self._segment.leaf_size
        at = 0
        while at < len(data):
            place = offset + at
            index = 0 if place < header else 1 + (place - header) // leaf_size
            start, end = self._segment.leaf_span(index)
            count = min(end - place, len(data) - at)
            buffer = self._buffers.setdefault(index, bytearray(end - start))
            buffer[place - start : place - start + count] = data[at : at + count]
            self._filled[index] = self._filled.get(index, 0) + count
            at += count
            if self._filled[index] == end - start:
                self._complete(index)

    def _complete(self, index: int) -> None:
        """A leaf has all its bytes: to disk when it hashes as signed, else asked again, and kept as damaged at last."""
        buffer = self._buffers.pop(index)
        del self._filled[index]
        if self._leaves is not None and merkle.leaf_hash(buffer) != self._leaves[index]:
            self._tries[index] = self._tries.get(index, 0) + 1
            if self._tries[index] < TRIES:
                self._advance(-len(buffer))
                start, end = self._segment.leaf_span(index)
                for part in range(start, end, RANGE):
                    self._want_again(part, min(end, part + RANGE))
                return
            self.damaged.add(index)
        self._file.write_leaf(index, buffer)

    def _keep_rest(self) -> None:
        """What the recorder's file still holds of leaves that it cannot complete."""
        for index, buffer in self._buffers.items():
            start, _end = self._segment.leaf_span(index)
            self.damaged.add(index)
            if not self.unreadable:
                self._file.write_leaf(index, buffer[: self.length - start])
