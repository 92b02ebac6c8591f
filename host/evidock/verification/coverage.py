"""Coverage: how each second stands, first in a recorder's own ticks, then placed in time and cut to an interval.

Architecture: "Coverage" and "Time". Within a boot ticks rule: each boot is placed in time as a whole by the best clock
it had, so spans neither overlap nor leave holes. A boot without any clock cannot be placed, and that is said rather
than guessed.
"""

from __future__ import annotations

from collections.abc import Iterator

from evidock.report import Span, State, TrackSpan
from evidock_protocol import codes

from .lines import Line, Piece

CLOCK_LOST = "clock_lost"
BEFORE_GENESIS = "before_genesis"
AFTER_HEAD = "after_head"


class Boot(Line):
    """One boot's time line, from its first known tick on; `offset` is the Unix milliseconds at tick 0, or None."""

    def __init__(self, number: int, first: int):
        super().__init__(first)
        self.number = number
        self.first = first
        self.offset: int | None = None
        self.tracks: list[tuple[str, Piece]] = []  # by the name of the track, each recording's in order
        self.ending: tuple[str, int | None] = ("power_lost", None)  # cause and recording of the gap after this boot
        self._clock = codes.WALL_UNSET

    def note_clock(self, ticks: int, state: int, wall_ms: int) -> None:
        """Takes the clock of an entry: the best state counts, and of these the newest."""
        if state != codes.WALL_UNSET and state >= self._clock:
            self._clock = state
            self.offset = wall_ms - ticks


class Placed:
    """Boots placed in time: spans of one recorder without gap or overlap, in Unix milliseconds."""

    def __init__(self, boots: list[Boot]):
        self.rows: list[tuple[int, int, State, str | None, int | None]] = []
        self.tracks: list[tuple[int, int, State, str | None, int | None, str]] = []
        self.overlaps: list[
            tuple[Boot, int]
        ] = []  # boots whose clock says that they began before the boot before ended
        self.unplaced: list[Boot] = []
        cursor: int | None = None
        ending: tuple[str, int | None] = ("power_lost", None)
        for boot in boots:
            if boot.offset is None:
                self.unplaced.append(boot)
                ending = (CLOCK_LOST, None)
                continue
            start = boot.offset + boot.first
            if cursor is None:
                cursor = start
            elif start > cursor:
                self._put(cursor, start, State.DECLARED, *ending)
                cursor = start
            elif start < cursor:
                self.overlaps.append((boot, cursor - start))
            begin = cursor
            for one in boot.stretches:
                cursor = self._put(cursor, boot.offset + one.last, *one.standing, one.recording)
            for name, one in boot.tracks:
                left, right = max(boot.offset + one.first, begin), boot.offset + one.last
                if right > left:
                    self.tracks.append((left, right, *one.standing, one.recording, name))
            ending = boot.ending

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
                yield Span(start / 1000, end / 1000, State.DECLARED, CLOCK_LOST, device.hex(), None)
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

    def _put(self, cursor: int, end: int, state: State, cause: str | None, recording: int | None) -> int:
        if end <= cursor:
            return cursor
        if self.rows and self.rows[-1][2:] == (state, cause, recording):
            self.rows[-1] = (self.rows[-1][0], end, state, cause, recording)
        else:
            self.rows.append((cursor, end, state, cause, recording))
        return end
