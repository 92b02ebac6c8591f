"""Coverage: how each second stands, first in a recorder's own ticks, then placed in time and cut to an interval.

Specification: "Verification of a chain", Coverage and Time. Within a boot ticks rule: each boot is placed as a whole,
so spans neither overlap nor leave holes. One without any clock cannot be placed, and that is said rather than guessed.
"""

from __future__ import annotations

from collections.abc import Iterator

from evidock.report import Span, State, TrackSpan, Unplaced, UnplacedMark
from evidock_protocol import codes

from .drift import TIES_KEPT, Reading, Tie
from .lines import Line, Piece
from .placing import Times

CLOCK_LOST = "clock_lost"  # between boots that are placed, where at least one is not
CLOCK_UNSET = "clock_unset"  # of a recorder of which no boot is placed
BEFORE_GENESIS = "before_genesis"
AFTER_HEAD = "after_head"


class Boot(Line):
    """One boot's time line, from its first known tick on; `offset` is the Unix milliseconds at tick 0, or None."""

    def __init__(self, number: int, first: int):
        super().__init__(first)
        self.number = number
        self.first = self.cursor
        self.offset: int | None = None
        self.ties: list[Tie] = []
        self.readings: list[Reading] = []  # of its wall clock: of each era the first and the last
        self.tracks: list[tuple[str, Piece]] = []  # by the name of the track, each recording's in order
        self.marks: list[tuple[int, str]] = []  # ticks and names of the marks that are kept
        self.ending: tuple[str, int | None] = ("power_lost", None)  # cause and recording of the gap after this boot
        self.ending_state = State.DECLARED
        self._clock = codes.WALL_UNSET

    def note_clock(self, ticks: int, state: int, wall_ms: int) -> None:
        """Takes the clock of an entry: the best state counts, and of these the newest."""
        if state != codes.WALL_UNSET and state >= self._clock:
            self._clock = state
            self.offset = wall_ms - ticks

    def note_reading(self, reading: Reading) -> None:
        """Takes a reading of the wall clock, which is later than all before."""
        both = self.readings[-2:]
        if len(both) == 2 and both[0].era == both[1].era == reading.era:
            self.readings[-1] = reading
        else:
            self.readings.append(reading)

    def note_tie(self, tie: Tie) -> None:
        """Takes a tie to a host's time. Of those with one bound and those with two each, few are kept."""
        alike = [at for at, one in enumerate(self.ties) if (one.earliest is None) == (tie.earliest is None)]
        if len(alike) >= TIES_KEPT:
            del self.ties[alike[1]]
        self.ties.append(tie)

    def forget_clock(self) -> None:
        """What the wall clock showed since this boot began was wrong."""
        self.offset = None
        self._clock = codes.WALL_UNSET
        self.readings.clear()


class Adrift:
    """A boot without a place: it lies between the one before and the one after that have one."""

    def __init__(self, boot: Boot, times: Times, since: int | None):
        self.boot = boot
        self.since = since  # Unix ms at which the placed boot before ended, or None
        self.until: int | None = None  # at which the one after begins
        self.instead = State.DECLARED  # what the spans in its place say
        self._times = times

    @property
    def between(self) -> tuple[int | None, int | None]:
        """(earliest start, latest end) in Unix milliseconds; None is unbounded."""
        times, boot = self._times, self.boot
        return times.bounds(boot.number, boot.first)[0], times.bounds(boot.number, boot.cursor)[1]

    @property
    def is_bounded(self) -> bool:
        """Whether it is known between which moments it lies."""
        return None not in self.between

    @property
    def is_held(self) -> bool:
        """Whether the spans hold declared time in its place."""
        return self.since is not None and self.until is not None

    def is_inside(self, asked: tuple[int | None, int | None]) -> bool:
        """Whether it lies in the interval for certain."""
        start, end = asked
        earliest, latest = (self.since, self.until) if self.is_held else self.between
        after = start is None or (earliest is not None and earliest >= start)
        return after and (end is None or (latest is not None and latest <= end))

    def may_touch(self, asked: tuple[int | None, int | None]) -> bool:
        """Whether it may lie in the interval, or a part of it."""
        start, end = asked
        earliest, latest = self.between
        after = start is None or latest is None or latest > start
        return after and (end is None or earliest is None or earliest < end)

    def seconds(self) -> dict[State, float]:
        """Its seconds by state, those that there are."""
        found: dict[State, float] = {}
        for one in self.boot.stretches:
            state = one.standing[0]
            found[state] = found.get(state, 0.0) + (one.last - one.first) / 1000
        return found


class Placed:
    """Boots placed in time: spans of one recorder without gap or overlap, in Unix milliseconds. No second of a boot is
    dropped: one that would begin before the one before it ended begins with that end.
    """

    def __init__(self, boots: list[Boot]):
        self.rows: list[tuple[int, int, State, str | None, int | None]] = []
        self.tracks: list[tuple[int, int, State, str | None, int | None, str]] = []
        self.times = Times(boots)
        self.lives: dict[int, tuple[int, int]] = {}
        """By boot: from the end of the placed one before to its own."""
        self.unplaced: list[Adrift] = []
        cursor: int | None = None
        waiting = 0  # ms of the boots since `cursor` that have no place
        ending: tuple[State, str, int | None] = (State.DECLARED, "power_lost", None)
        behind: list[Adrift] = []
        for boot in boots:
            start = self.times.start_of(boot)
            if start is None:
                adrift = Adrift(boot, self.times, cursor)
                self.unplaced.append(adrift)
                behind.append(adrift)
                waiting += boot.cursor - boot.first
                if boot.ending_state is State.UNEXPLAINED:
                    ending = (boot.ending_state, *boot.ending)
                elif ending[0] is not State.UNEXPLAINED:  # a boot without a place explains nothing
                    ending = (State.DECLARED, CLOCK_LOST, None)
                continue
            if cursor is None:  # those before it lie anywhere before
                cursor, waiting = start, 0
            start = max(start, cursor + waiting)
            before = cursor
            if start > cursor:
                self._put(cursor, start, *ending)
            for adrift in behind:
                adrift.until, adrift.instead = start, ending[0]
            behind.clear()
            waiting, cursor = 0, start
            offset = self.times.offsets[boot.number] = start - boot.first
            for one in boot.stretches:
                cursor = self._put(cursor, offset + one.last, *one.standing, one.recording)
            self.lives[boot.number] = before, cursor
            for name, one in boot.tracks:
                if one.last > max(one.first, boot.first):
                    left = offset + max(one.first, boot.first)
                    self.tracks.append((left, offset + one.last, *one.standing, one.recording, name))
            ending = (boot.ending_state, *boot.ending)

    @property
    def interval(self) -> tuple[int, int] | None:
        """From the first to the last moment that is known, or None when no boot had a clock."""
        return (self.rows[0][0], self.rows[-1][1]) if self.rows else None

    def spans(self, device: bytes, start: int, end: int) -> Iterator[Span]:
        """Spans that fill exactly [start, end) milliseconds: before the first moment and after the last one
        included.
        """
        known = self.interval
        if known is None:
            if end > start:
                yield Span(start / 1000, end / 1000, State.DECLARED, CLOCK_UNSET, device.hex(), None)
            return
        first: tuple[int, int, State, str | None, int | None] = (start, known[0], State.DECLARED, BEFORE_GENESIS, None)
        last: tuple[int, int, State, str | None, int | None] = (known[1], end, State.PENDING, AFTER_HEAD, None)
        for left, right, state, cause, recording in (first, *self.rows, last):
            left, right = max(left, start), min(right, end)
            if right > left:
                yield Span(left / 1000, right / 1000, state, cause, device.hex(), recording)

    def track_spans(self, device: bytes, start: int, end: int) -> Iterator[TrackSpan]:
        """How each track of each recording stands inside [start, end) milliseconds."""
        for left, right, state, cause, recording, name in self.tracks:
            left, right = max(left, start), min(right, end)
            if right > left:
                yield TrackSpan(left / 1000, right / 1000, state, cause, device.hex(), recording, name)

    def adrift(self, device: bytes, asked: tuple[int | None, int | None]) -> Iterator[Unplaced]:
        """The boots without a place that may lie in the interval asked for, in Unix milliseconds."""
        for one in self.unplaced:
            between, boot = _seconds(one.between), one.boot.number
            held = one.instead if one.is_held else None
            if one.may_touch(asked):
                marks = tuple(
                    UnplacedMark(name, _seconds(self.times.bounds(boot, ticks))) for ticks, name in one.boot.marks
                )
                yield Unplaced(device.hex(), boot, one.seconds(), between, one.is_inside(asked), held, marks)

    def adrift_spans(self, device: bytes, asked: tuple[int | None, int | None]) -> Iterator[Span]:
        """How the seconds of these boots stand, without a time of their own."""
        for one in self.unplaced:
            for piece in one.boot.stretches if one.may_touch(asked) else ():
                yield Span(0, 0, *piece.standing, device.hex(), piece.recording)

    def _put(self, cursor: int, end: int, state: State, cause: str | None, recording: int | None) -> int:
        if end <= cursor:
            return cursor
        if self.rows and self.rows[-1][2:] == (state, cause, recording):
            self.rows[-1] = (self.rows[-1][0], end, state, cause, recording)
        else:
            self.rows.append((cursor, end, state, cause, recording))
        return end


def _seconds(between: tuple[int | None, int | None]) -> tuple[float | None, float | None]:
    earliest, latest = between
    return None if earliest is None else earliest / 1000, None if latest is None else latest / 1000
