"""One segment as it comes in: bytes laid into its leaves, in any order and twice, and only leaves that hash kept.

Specification: "Hash tree" and "Messages" (MEDIA). Holds the leaves in hand only; a file keeps those that are complete.
"""

from __future__ import annotations

from collections.abc import Callable

from evidock.media import PartialFile
from evidock.segments import Segment
from evidock_protocol import merkle

TRIES = 3  # of one leaf, before its bytes count as damaged on the recorder

Again = Callable[["Assembly", int, int], None]  # wants the bytes from the first number to the second once more


class Assembly:
    """Afterwards: `damaged` leaves, and `length`, the bytes that the recorder has.

    `have` counts bytes that are here, `unreadable` places of the card that the recorder cannot read; `missing` says
    that it does not have the segment.
    """

    def __init__(self, segment: Segment, leaves: list[bytes] | None, file: PartialFile):
        """Without `leaves` (the recorder's list does not fit) bytes are taken as they come; the root judges later."""
        self.segment = segment
        self.leaves = leaves
        self.file = file
        self.length = segment.length
        self.damaged: set[int] = set()
        self.unreadable = 0
        self.missing = False
        self.good = file.good_leaves(leaves) if leaves is not None else set[int]()
        self.have = sum(end - start for start, end in map(segment.leaf_span, self.good))
        self.wrong = 0  # leaves that came and did not hash
        self._done = {index for index in range(segment.leaves) if index in self.good or not _size(segment, index)}
        self._open: dict[int, _Leaf] = {}
        self._newest: _Leaf | None = None
        self._tries: dict[int, int] = {}

    @property
    def is_whole(self) -> bool:
        """Whether all leaves are here."""
        return len(self._done) == self.segment.leaves

    @property
    def worth(self) -> int:
        """Bytes up to the end of what the recorder gave, or of the last leaf that hashed as signed, if that is more."""
        verified = self._done - self.damaged if self.leaves is not None else set[int]()
        last = max((index for index in verified if _size(self.segment, index)), default=None)
        return self.length if last is None else max(self.length, self.segment.leaf_span(last)[1])

    def spans(self) -> list[tuple[int, int]]:
        """(first byte, end) of what is not here, in order, neighbouring leaves as one."""
        spans: list[tuple[int, int]] = []
        for index in range(self.segment.leaves):
            if index in self._done:
                continue
            start, end = self.segment.leaf_span(index)
            if spans and spans[-1][1] == start:
                start = spans.pop()[0]
            spans.append((start, end))
        return spans

    def leaf_end(self, offset: int) -> int:
        """Where the leaf ends that the byte at `offset` is part of."""
        return self.segment.leaf_span(self._index(offset))[1]

    def gap(self, start: int, end: int) -> tuple[int, int]:
        """(first byte, end) of what is not here first, of bytes `start` … `end` − 1; (end, end) when all are."""
        first: int | None = None
        at = start
        while at < end:
            index = self._index(at)
            leaf_end = self.segment.leaf_span(index)[1]
            leaf = self._open.get(index)
            gaps = [(leaf.start + low, leaf.start + high) for low, high in leaf.gaps] if leaf else [(at, leaf_end)]
            for low, high in gaps if index not in self._done else ():
                if high <= at or low >= end:
                    continue
                if low > at and first is not None:
                    return first, min(at, end)
                first = max(low, at) if first is None else first
                at = high
            if at < leaf_end and first is not None:
                return first, min(at, end)
            at = leaf_end
        return (first, end) if first is not None and first < end else (end, end)

    def put(self, offset: int, data: memoryview, again: Again) -> int:
        """Lays bytes from `offset` on into their leaves; how many of them were new. A leaf that does not hash is wanted
        `again`.
        """
        new = 0
        while True:
            leaf = self._newest
            if leaf is None or not leaf.start <= offset < leaf.end:
                leaf = self._leaf(offset)
            count = leaf.end - offset
            if count >= len(data):
                return new + self._fill(leaf, offset, data, again)
            new += self._fill(leaf, offset, data[:count], again)
            offset, data = offset + count, data[count:]

    def shorten(self, length: int) -> None:
        """The recorder's file ends at `length`."""
        self.length = min(self.length, length)

    def keep_rest(self) -> None:
        """What the recorder's file still holds of leaves that it cannot complete."""
        for leaf in self._open.values():
            self.damaged.add(leaf.index)
            if not self.unreadable:
                self.file.write_leaf(leaf.index, leaf.buffer[: max(0, self.length - leaf.start)])
        self._open.clear()

    def _index(self, offset: int) -> int:
        header, leaf_size = self.segment.header_length, self.segment.leaf_size
        return 0 if offset < header else 1 + (offset - header) // leaf_size

    def _leaf(self, offset: int) -> _Leaf:
        index = self._index(offset)
        leaf = self._open.get(index)
        if leaf is None:
            leaf = _Leaf(index, *self.segment.leaf_span(index))
            if index not in self._done:
                self._open[index] = leaf
        self._newest = leaf
        return leaf

    def _fill(self, leaf: _Leaf, offset: int, data: memoryview, again: Again) -> int:
        if leaf.index in self._done:
            return 0
        new = leaf.put(offset - leaf.start, data)
        self.have += new
        if not leaf.gaps:
            self._complete(leaf, again)
        return new

    def _complete(self, leaf: _Leaf, again: Again) -> None:
        """A leaf has all its bytes: to disk when it hashes as signed, else asked again, and kept as damaged at last."""
        index = leaf.index
        del self._open[index]
        self._newest = None
        if self.leaves is not None and merkle.leaf_hash(leaf.buffer) != self.leaves[index]:
            self.wrong += 1
            self._tries[index] = self._tries.get(index, 0) + 1
            if self._tries[index] < TRIES:
                self.have -= leaf.end - leaf.start
                again(self, leaf.start, leaf.end)
                return
            self.damaged.add(index)
        self.file.write_leaf(index, leaf.buffer)
        self._done.add(index)


class _Leaf:
    """A leaf in hand: bytes `start` … `end` − 1 of the file; `gaps` are the parts of `buffer` that did not come yet."""

    __slots__ = ("buffer", "end", "gaps", "index", "start")

    def __init__(self, index: int, start: int, end: int):
        self.index = index
        self.start = start
        self.end = end
        self.buffer = bytearray(end - start)
        self.gaps = [(0, end - start)]

    def put(self, at: int, data: memoryview) -> int:
        """Puts bytes into place; how many were new."""
        end = at + len(data)
        self.buffer[at:end] = data
        first, last = self.gaps[0]
        if first == at and end <= last:  # the next bytes, as nearly always
            if end == last:
                del self.gaps[0]
            else:
                self.gaps[0] = (end, last)
            return len(data)
        before = sum(last - first for first, last in self.gaps)
        parts = [part for first, last in self.gaps for part in ((first, min(last, at)), (max(first, end), last))]
        self.gaps = [(first, last) for first, last in parts if first < last]
        return before - sum(last - first for first, last in self.gaps)


def _size(segment: Segment, index: int) -> int:
    start, end = segment.leaf_span(index)
    return end - start
