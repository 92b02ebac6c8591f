"""When each tick of a recorder was in Unix time, as far as it is known: the earliest and the latest that it can have
been.

Specification: "Verification of a chain", Time. Every boot's ticks are a clock of their own. Ties to a host's time hold
it in place; where there are none, the wall clock that ran on over several boots does; and boots follow one another.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import eras
from .drift import LONGEST, READING, Bounds, Ticks, Tie, drifted
from .eras import Clocked, Step, apart


class Times:
    """The boots of one recorder in Unix time. Give it all of them, in order."""

    def __init__(self, boots: Sequence[Clocked]):
        self.steps: list[Step] = []
        """What contradicts: ties each other, the wall clock the ties, a boot the one before."""
        self.offsets: dict[int, int] = {}
        """By boot: Unix milliseconds at tick 0, where coverage lays a boot that is placed."""
        self._readings = {boot.number: boot.readings for boot in boots}
        self._ticks = {boot.number: self._agreeing(boot) for boot in boots}
        tied = {number: ticks for number, ticks in self._ticks.items() if ticks.is_bounded}
        eras.carry(boots, self._ticks)
        self._own = {number for number, ticks in self._ticks.items() if ticks.is_bounded}
        self.steps += eras.steps(boots, tied)
        self._follow(boots)

    def bounds(self, boot: int, tick: int) -> Bounds:
        """(earliest, latest) Unix milliseconds at which `tick` of boot number `boot` can have been, None where nothing
        bounds it. Both are None for a boot that the journal does not have.
        """
        ticks = self._ticks.get(boot)
        return (None, None) if ticks is None else ticks.bounds(tick)

    def elapsed(self, start: tuple[int, int], end: tuple[int, int]) -> tuple[int, int | None]:
        """(least, most) milliseconds from one (boot, tick) to a later one; most is None where nothing bounds it.

        In one boot the ticks say it. Between boots a wall clock that ran on says it better than the bounds of each:
        by however much it was wrong, it was at both.
        """
        if start[0] == end[0]:
            ticks = max(0, end[1] - start[1])
            return ticks, ticks
        earliest, latest = self.bounds(*start)
        first, last = self.bounds(*end)
        least = 0 if first is None or latest is None else max(0, first - latest)
        most = None if last is None or earliest is None else max(least, last - earliest)
        kept = self._kept(start, end)
        if kept is None:
            return least, most
        low, high = max(least, kept[0]), kept[1] if most is None else min(most, kept[1])
        return (low, high) if low <= high else (least, most)

    def _kept(self, start: tuple[int, int], end: tuple[int, int]) -> tuple[int, int] | None:
        """The same by a wall clock that both boots read, unless some clock stepped between them."""
        if any(start[0] < step.boot <= end[0] for step in self.steps):
            return None
        before = {one.era: one for one in self._readings.get(start[0], [])}
        for one in self._readings.get(end[0], []):
            if one.era in before:
                shown, left, right = one.wall - before[one.era].wall, before[one.era].tick - start[1], end[1] - one.tick
                wrong = READING + drifted(shown) + drifted(left) + drifted(right)
                at = shown + left + right
                return max(0, at - wrong), max(0, at + wrong)
        return None

    def point(self, boot: int, tick: int) -> int | None:
        """Unix milliseconds at which coverage shows that tick; None for a boot that is not placed."""
        offset = self.offsets.get(boot)
        return None if offset is None else offset + min(tick, LONGEST)

    def start_of(self, boot: Clocked) -> int | None:
        """Unix milliseconds at which coverage would best lay the first tick of a boot: by its wall clock where that
        may be right, else in the middle of what may be; None where it is not bounded on both sides by itself.
        """
        if boot.number not in self._own:
            return None
        ticks = self._ticks[boot.number]
        wall = boot.offset
        if wall is not None:
            ends = ((wall + tick, wall + tick, ticks.bounds(tick)) for tick in (boot.first, boot.cursor))
            if all(apart((at, until), bounds) <= 0 for at, until, bounds in ends):
                return wall + boot.first
        earliest, latest = ticks.bounds(boot.first)
        assert earliest is not None
        assert latest is not None
        return (earliest + latest) // 2

    def drift(self, boot: int) -> tuple[int, int]:
        """By how many millionths the ticks of a boot run slow, at least and at most; from two ties or more, else the
        bound.
        """
        return self._ticks[boot].drift

    def _agreeing(self, boot: Clocked) -> Ticks:
        """A boot's ties, without those that contradict the ones before."""
        kept = Ticks()
        for tie in sorted(boot.ties, key=lambda one: one.tick):
            wrong = apart(kept.bounds(tie.tick), (tie.earliest, tie.latest))
            if wrong > 0:
                self.steps.append(Step(boot.number, tie.tick, wrong, "CLOCK_STEP.ties"))
            else:
                kept.add(tie)
        return kept

    def _follow(self, boots: Sequence[Clocked]) -> None:
        """No boot begins before the one before it ended: that bounds also those that nothing else does."""
        stepped = {step.boot for step in self.steps}
        floor: int | None = None
        floors: list[tuple[Clocked, int]] = []
        for boot in boots:
            earliest, latest = self.bounds(boot.number, boot.first)
            if floor is not None and latest is not None and floor > latest:
                if boot.number not in stepped:
                    self.steps.append(Step(boot.number, boot.first, floor - latest, "CLOCK_STEP.boot"))
                floor = None
            if floor is not None and (earliest is None or floor > earliest):
                floors.append((boot, floor))
                earliest = floor
            ended = self.bounds(boot.number, boot.cursor)[0]
            least = None if earliest is None else earliest + self._ticks[boot.number].least(boot.cursor - boot.first)
            floor = ended if least is None or (ended is not None and ended > least) else least
        ceiling: int | None = None
        for boot in reversed(boots):
            earliest, latest = self.bounds(boot.number, boot.cursor)
            if ceiling is not None and earliest is not None and ceiling < earliest:
                ceiling = None
            if ceiling is not None and (latest is None or ceiling < latest):
                self._ticks[boot.number].add(Tie(boot.cursor, None, ceiling))
            ceiling = self.bounds(boot.number, boot.first)[1]
        for boot, at in floors:
            latest = self.bounds(boot.number, boot.first)[1]
            if latest is None or at <= latest:
                self._ticks[boot.number].add(Tie(boot.first, at, None))
