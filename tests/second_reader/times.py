"""Section "Verification of a chain", "Time": between which bounds each boot was, and where it is placed."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .bounds import Bound, Pair, bounds_of, share
from .clock import Reading
from .entries import Entry
from .findings import DECLARED, INDETERMINATE, Finding
from .ties import Tie

WORD = 60_000
LONGEST = 2**40
STEP = 2_000


Moment = tuple[int, int]


@dataclass
class Boot:
    """One boot, by its number: its first and last tick, what bounds it and its place."""

    number: int
    first: int
    last: int
    place: int | None = None
    readings: list[Reading] = field(default_factory=list)
    either: list[Bound] = field(default_factory=list)  # of readings that contradict each other
    bound: list[Bound] = field(default_factory=list)
    tied: bool = False  # on both sides

    def bounds(self, ticks: int) -> Pair:
        """The narrowest bounds of a tick."""
        lows, highs = list[int](), list[int]()
        for bound in self.bound:
            earliest, latest = bound.at(ticks)
            lows += [] if earliest is None else [earliest]
            highs += [] if latest is None else [latest]
        if self.either:
            pairs = [bound.at(ticks) for bound in self.either]
            lows += [min(low for low, _ in pairs if low is not None)]
            highs += [max(high for _, high in pairs if high is not None)]
        return max(lows, default=None), min(highs, default=None)

    @property
    def begin(self) -> Pair:
        return self.bounds(0)

    @property
    def end(self) -> Pair:
        return self.bounds(self.last)


class Times:
    """Every boot of a recorder, in order."""

    def __init__(
        self, entries: Sequence[Entry], readings: Iterable[Reading], told: Iterable[Moment], ties: Sequence[Tie]
    ) -> None:
        """`told`: moments that no entry is of, but that a head, an anchor or a recording tells of."""
        self.boots: dict[int, Boot] = {}
        for entry in entries:
            number, ticks = entry.fields.integer("boot"), entry.fields.integer("ticks")
            self.boots.setdefault(number, Boot(number, ticks, ticks))
            self._lasts(number, ticks)
        for other in told:
            self._lasts(*other)
        begun = dict[int, int]()
        for reading in readings:
            begun.setdefault(reading.era, reading.wall)
            self.boots[reading.boot].readings.append(reading)
        self.findings: list[Finding] = []
        self.contradicted = set[int]()
        self.untied: list[Tie] = []  # that contradict others
        for boot in self.boots.values():
            boot.bound, bad = bounds_of([tie for tie in ties if tie.boot == boot.number])
            self.untied += bad
            boot.tied = None not in boot.begin
        self._gains()
        for boot in self.boots.values():
            if not boot.tied:
                self._bound(boot, begun)
        self._narrow()
        self._place()

    def _lasts(self, number: int, ticks: int) -> None:
        """A boot lasted up to what is said of it, also at a later boot; none lasts longer than 34 years."""
        boot = self.boots.get(number)
        if boot is not None:
            boot.last = max(boot.last, min(ticks, LONGEST))

    def _bound(self, boot: Boot, begun: dict[int, int]) -> None:
        """By the same era in tied boots, or at its word; of what contradicts itself either may be right."""
        found, words = list[Bound](), list[Bound]()
        for reading in _counted(boot.readings):
            others = self._tied(boot, reading.era)
            for other, tied in others:
                earliest, latest = tied.bounds(other.ticks)
                shown = reading.wall - other.wall
                slack = STEP + share(shown)
                if earliest is not None and latest is not None:
                    found.append(Bound(reading.ticks, earliest + shown - slack, latest + shown + slack))
            if not others:
                slack = WORD + share(reading.wall - begun[reading.era])
                words.append(Bound(reading.ticks, reading.wall - slack, reading.wall + slack))
        found = found or words
        by_ties = boot.bound
        boot.bound = [*by_ties, *found]
        earliest, latest = boot.begin
        if earliest is not None and latest is not None and earliest > latest:
            boot.bound, boot.either = by_ties, found

    def _tied(self, boot: Boot, era: int) -> list[tuple[Reading, Boot]]:
        """The nearest readings of an era in tied boots, before and after."""
        near = list[tuple[Reading, Boot]]()
        all_ = [(reading, other) for other in self.boots.values() if other.tied for reading in other.readings]
        same = [(reading, other) for reading, other in all_ if reading.era == era]
        near += [pair for pair in same if pair[1].number < boot.number][-1:]
        return near + [pair for pair in same if pair[1].number > boot.number][:1]

    def _gains(self) -> None:
        """The wall clock of one era gains or loses little in two tied boots."""
        tied = [boot for boot in self.boots.values() if boot.tied and boot.readings]
        for before, boot in itertools.pairwise(tied):
            one, other = before.readings[-1], boot.readings[0]
            early, late = before.bounds(one.ticks), boot.bounds(other.ticks)
            if one.era != other.era or None in (*early, *late):
                continue
            shown = other.wall - one.wall
            slack = STEP + share(shown)
            least, most = (late[0] or 0) - (early[1] or 0), (late[1] or 0) - (early[0] or 0)
            if shown < least - slack or shown > most + slack:
                self.contradicted.add(boot.number)

    def _narrow(self) -> None:
        """Boots follow one another."""
        boots = list(self.boots.values())
        for before, boot in itertools.pairwise(boots):
            end, latest = before.end[0], boot.begin[1]
            if end is not None and latest is not None and latest < end:
                self.contradicted.add(boot.number)
            elif end is not None:
                boot.bound.append(Bound(0, end, None))
        for before, boot in itertools.pairwise(reversed(boots)):
            begin, earliest = before.begin[1], boot.end[0]
            if begin is not None and (earliest is None or earliest <= begin):
                boot.bound.append(Bound(boot.last, None, begin))

    def _place(self) -> None:
        end, between = None, 0
        for boot in self.boots.values():
            earliest, latest = boot.begin
            bounded = earliest is not None and latest is not None
            if (boot.tied or boot.readings) and earliest is not None and latest is not None:
                best = max(boot.readings, key=lambda reading: (reading.state, reading.ticks), default=None)
                place = (earliest + latest) // 2
                if best is not None and _inside(boot, best.wall - best.ticks):
                    place = best.wall - best.ticks
                boot.place = place if end is None else max(place, end + between)
                end, between = boot.place + boot.last, 0
                continue
            between += boot.last
            allows = DECLARED if bounded else INDETERMINATE
            self.findings.append(Finding("CLOCK_UNSET", f"boot {boot.number}", problem=False, allows=allows))

    @property
    def end(self) -> tuple[int, int]:
        """The last moment that is known."""
        number = max(self.boots, default=0)
        return number, self.boots[number].last if self.boots else 0

    def at(self, boot: int, ticks: int) -> int | None:
        """Unix milliseconds of a moment whose boot has a place."""
        found = self.boots.get(boot)
        return None if found is None or found.place is None else found.place + ticks

    def apart(self, one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int | None]:
        """How long it is from a moment to a later one: at least, and at most where that is known."""
        if one[0] == other[0]:
            return other[1] - one[1], other[1] - one[1]
        first, second = self.boots[one[0]], self.boots[other[0]]
        least = first.last - one[1] + other[1]
        least += sum(boot.last for boot in self.boots.values() if one[0] < boot.number < other[0])
        before, after = first.bounds(one[1]), second.bounds(other[1])
        if after[0] is not None and before[1] is not None:
            least = max(least, after[0] - before[1])
        most = None if after[1] is None or before[0] is None else after[1] - before[0]
        shown = self._shown(first, second, one, other)
        if shown is not None:
            least, most = max(least, shown[0]), shown[1] if most is None else min(most, shown[1])
        return least, most

    def _shown(self, first: Boot, second: Boot, one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int] | None:
        """What the wall clock shows between two boots that read it in one era."""
        crossed = any(one[0] < number <= other[0] for number in self.contradicted)
        if not first.readings or not second.readings or crossed:
            return None
        last, begin = first.readings[-1], second.readings[0]
        if last.era != begin.era:
            return None
        parts = (begin.wall - last.wall, last.ticks - one[1], other[1] - begin.ticks)
        slack = 2_000 + sum(share(part) for part in parts)
        return max(0, sum(parts) - slack), sum(parts) + slack


def _counted(readings: Sequence[Reading]) -> list[Reading]:
    """The first and the last of each era."""
    eras = dict[int, list[Reading]]()
    for reading in readings:
        eras.setdefault(reading.era, []).append(reading)
    return [reading for found in eras.values() for reading in (found[0], found[-1])]


def _inside(boot: Boot, place: int) -> bool:
    """Whether a place is within the bounds of the first and the last tick."""
    for ticks in (0, boot.last):
        earliest, latest = boot.bounds(ticks)
        if (earliest is not None and place + ticks < earliest) or (latest is not None and place + ticks > latest):
            return False
    return True
