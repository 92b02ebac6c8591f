"""Which bytes are still to be asked for, which are asked for and on their way, and which of those were lost.

Specification: "Messages" (MEDIA). Pure bookkeeping. Ranges are answered in the order in which they were asked for, so
that a newer answer shows that what is missing before it was lost.
"""

from __future__ import annotations

from collections import deque

from evidock.client.assembly import Assembly
from evidock.client.window import Chunk


class Range:
    """Bytes `start` … `end` − 1 of a segment; `next` is the first of them that did not come yet."""

    __slots__ = ("begun", "chunk", "end", "next", "owner", "probe", "size", "start")

    def __init__(self, owner: Assembly, start: int, end: int, probe: bool = False):
        self.owner = owner
        self.start = self.next = start
        self.end = end
        self.probe = probe  # asks for what an older range asks for, too
        self.chunk = 0  # bytes of one answer
        self.size = 0  # bytes of the request
        self.begun = False  # whether the recorder has read the request


class Ranges:
    """What is wanted and what is on its way. `credit`: bytes on their way; `unread`: of requests maybe not read yet.

    `lost` counts frames, `violations` answers that no honest recorder gives. Of the segments `passed` something was
    wanted that is here by now.
    """

    def __init__(self, chunk: Chunk):
        self.chunk = chunk
        self.wanted: deque[Range] = deque()
        self.outstanding: dict[int, Range] = {}  # by request number, the oldest first
        self.credit = 0
        self.unread = 0
        self.lost = 0
        self.violations = 0
        self.passed: list[Assembly] = []

    @property
    def backlog(self) -> int:
        """Bytes that are not asked for yet."""
        return sum(one.end - one.next for one in self.wanted)

    def want(self, owner: Assembly, start: int, end: int) -> None:
        """Wants bytes `start` … `end` − 1 after everything else."""
        self.wanted.append(Range(owner, start, end))

    def want_again(self, owner: Assembly, start: int, end: int) -> None:
        """Wants bytes before everything else."""
        if start < end:
            self.wanted.appendleft(Range(owner, start, end))

    def concern(self, owner: Assembly) -> bool:
        """Whether anything of a segment is wanted or on its way."""
        return any(one.owner is owner for one in self.wanted) or any(
            one.owner is owner for one in self.outstanding.values()
        )

    def cut(self, owner: Assembly, length: int) -> None:
        """A segment ends at `length`: nothing behind it is wanted, or comes."""
        self.wanted = deque(one for one in self.wanted if one.owner is not owner or one.next < length)
        for one in self.wanted:
            if one.owner is owner:
                one.end = min(one.end, length)

    def skip(self, owner: Assembly, start: int, end: int) -> None:
        """Of a segment nothing of the bytes `start` … `end` − 1 is wanted that is not asked for yet."""
        kept: deque[Range] = deque()
        for one in self.wanted:
            if one.owner is not owner:
                kept.append(one)
                continue
            for first, last in ((one.next, min(one.end, start)), (max(one.next, end), one.end)):
                if first < last:
                    kept.append(Range(owner, first, last))
        self.wanted = kept

    def take(self, most: int) -> Range:
        """The next bytes to ask for, at most so many of them; `ask` or `put_back` follows."""
        count = self.following(most)
        first = self.wanted[0]
        if first.end - first.next == count:
            return self.wanted.popleft()
        taken = Range(first.owner, first.next, first.next + count)
        first.start = first.next = taken.end
        return taken

    def put_back(self, one: Range) -> None:
        """It was not asked for after all."""
        self.wanted.appendleft(one)

    def following(self, most: int) -> int:
        """Bytes that `take` would give, 0 when nothing is wanted. What a probe brought meanwhile is passed over."""
        while self.wanted:
            first = self.wanted[0]
            end = min(first.end, first.next + most)
            start, stop = first.owner.gap(first.next, end)
            first.start = first.next = start
            if start < stop:
                return stop - start
            if start == first.end:
                self.passed.append(self.wanted.popleft().owner)
        return 0

    def ask(self, number: int, one: Range, size: int) -> None:
        """`one` is asked for by request `number`, of `size` bytes, in answers of `chunk` bytes."""
        one.start, one.chunk, one.size, one.begun = one.next, self.chunk.size, size, False
        self.outstanding[number] = one
        self.credit += one.end - one.next
        self.unread += size

    def probe(self) -> Range | None:
        """A range that asks once more for the oldest answer on its way: its own answer shows what was lost."""
        for one in self.outstanding.values():
            return Range(one.owner, one.next, min(one.end, one.next + self.chunk.size), True)
        return None

    def place(self, number: int, index: int, length: int) -> tuple[Range, int, int] | None:
        """(range, first byte, end) of an answer; None when it answers nothing, or not in the length that it has to."""
        asked = self.outstanding.get(number)
        if asked is None:
            return None
        start = asked.start + index * asked.chunk
        end = start + asked.chunk
        if end > asked.end:
            end = asked.end
        if length != end - start or start >= end:
            self.violations += 1
            return None
        return (asked, start, end) if start >= asked.next else None  # a frame that came twice

    def answered(self, number: int, index: int, length: int) -> tuple[Assembly, int] | None:
        """Whose bytes these are and the first of them; None for a late answer or a wrong one. Wants again what it
        shows to be lost.
        """
        found = self.place(number, index, length)
        if found is None:
            return None
        asked, start, end = found
        if start > asked.next or next(iter(self.outstanding)) != number:
            self._lose_before(number, asked, start, end)
        if not asked.begun:
            asked.begun = True
            self.unread -= asked.size
        self.credit -= end - start
        asked.next = end
        if end == asked.end:
            del self.outstanding[number]
        self.chunk.arrived(length)
        return asked.owner, start

    def remove(self, number: int) -> Range:
        """Takes away what a refusal answers."""
        one = self.outstanding.pop(number)
        self._forget(one)
        return one

    def drop(self, owner: Assembly) -> None:
        """Nothing of a segment is wanted any more."""
        self.wanted = deque(one for one in self.wanted if one.owner is not owner)
        for number in [number for number, one in self.outstanding.items() if one.owner is owner]:
            self.remove(number)

    def lose_all(self) -> None:
        """Nothing that is on its way will come."""
        self._lose(list(self.outstanding))

    def _lose_before(self, number: int, asked: Range, start: int, end: int) -> None:
        """An answer with bytes `start` … `end` − 1 came before older ones: those will not come any more."""
        older: list[int] = []
        for one in self.outstanding:
            if one == number:
                break
            older.append(one)
        if start > asked.next:
            self._count(asked, asked.next, start)
            self.want_again(asked.owner, asked.next, start)
            self.credit -= start - asked.next
            asked.next = start
        for one in older:
            earlier = self.outstanding[one]
            if earlier.owner is asked.owner and earlier.next == start and not earlier.probe:
                self.credit -= min(end, earlier.end) - earlier.next
                earlier.next = min(end, earlier.end)  # what a probe brings is not asked for again
        self._lose(older)

    def _lose(self, numbers: list[int]) -> None:
        total = 0
        for number in reversed(numbers):
            one = self.remove(number)
            if not one.probe and one.next < one.end:
                total += one.end - one.next
                self.lost += -(-(one.end - one.next) // one.chunk)
                self.wanted.appendleft(one)
        if total:
            self.chunk.lost(total)

    def _count(self, one: Range, start: int, end: int) -> None:
        self.lost += -(-(end - start) // one.chunk)
        self.chunk.lost(end - start)

    def _forget(self, one: Range) -> None:
        self.credit -= one.end - one.next
        if not one.begun:
            self.unread -= one.size
