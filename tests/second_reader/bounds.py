"""Section "Verification of a chain", "Time": what a known moment of a boot says of its other ticks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from .ties import Tie

PARTS = 10_000  # 100 millionths
SLOW, FAST = 1 - Fraction(1, PARTS), 1 + Fraction(1, PARTS)
Pair = tuple[int | None, int | None]


def share(milliseconds: int) -> int:
    """100 millionths, rounded up."""
    return -(-abs(milliseconds) // PARTS)


@dataclass(frozen=True)
class Bound:
    """Between which Unix milliseconds a tick was, and how much time a tick takes, at least and at most."""

    ticks: int
    earliest: int | None
    latest: int | None
    rates: tuple[Fraction, Fraction] = (SLOW, FAST)

    def at(self, ticks: int) -> Pair:
        """What that says of another tick of the boot."""
        passed = ticks - self.ticks
        least, most = sorted(passed * rate for rate in self.rates)
        earliest = None if self.earliest is None else self.earliest + math.floor(least)
        return earliest, None if self.latest is None else self.latest + math.ceil(most)


def _contradicts(tie: Tie, bound: Bound) -> bool:
    earliest, latest = bound.at(tie.ticks)
    early = latest is not None and tie.earliest is not None and tie.earliest > latest
    return early or (earliest is not None and tie.latest < earliest)


def _drift(low: Tie, high: Tie) -> tuple[Fraction, Fraction]:
    passed, slow, fast = high.ticks - low.ticks, SLOW, FAST
    if passed and low.earliest is not None:
        fast = min(fast, Fraction(high.latest - low.earliest, passed))
    if passed and high.earliest is not None:
        slow = max(slow, Fraction(high.earliest - low.latest, passed))
    return (slow, fast) if slow <= fast else (SLOW, FAST)


def bounds_of(ties: Sequence[Tie]) -> tuple[list[Bound], list[Tie]]:
    """The bounds that the ties of one boot give, and those that contradict others and tie nothing."""
    good, bad = list[Tie](), list[Tie]()
    for tie in sorted(ties, key=lambda tie: tie.ticks):
        clash = any(_contradicts(tie, Bound(other.ticks, other.earliest, other.latest)) for other in good)
        (bad if clash else good).append(tie)
    rates = _drift(good[0], good[-1]) if good else (SLOW, FAST)
    return [Bound(tie.ticks, tie.earliest, tie.latest, rates) for tie in good], bad
