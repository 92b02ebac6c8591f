"""One boot's ticks as a clock: what moments at which its time is known say of every other tick, drift included.

Specification: "Verification of a chain", Time. Whole milliseconds, rounded outwards, so that no bound is too narrow.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

DRIFT = 100  # millionths by which a recorder's clocks run slow or fast at most
READING = 2_000  # ms by which a wall clock may leave the ticks beside it
UNTIED = 60_000  # ms by which a wall clock that no host ever saw may be wrong, besides its drift
LONGEST = 1 << 40  # ms: no boot lasts 34 years, whatever is signed; so every time can be written
PLAUSIBLE = range(1_577_836_800_000, 4_102_444_800_000)  # the years 2020 to 2099: a clock that shows another is unset
TIES_KEPT = 16  # of one boot: the first, and the newest of the others
_MILLION = 1_000_000

Bounds = tuple[int | None, int | None]
"""(earliest, latest) in Unix milliseconds; None where nothing bounds it."""


class Tie(NamedTuple):
    """At `tick` of its boot it was not earlier and not later than so many Unix milliseconds; None where unbounded."""

    tick: int
    earliest: int | None
    latest: int | None


class Reading(NamedTuple):
    """The wall clock (Unix milliseconds) at a tick; `era` counts how often it was set, lost or stepped before."""

    era: int
    tick: int
    wall: int


class Ticks:
    """The ticks of one boot. Nothing is known of them without ties."""

    def __init__(self, ties: Iterable[Tie] = ()):
        self._lowest: list[tuple[int, int]] = []  # (tick, Unix ms): it was not earlier
        self._highest: list[tuple[int, int]] = []  # it was not later
        self._drift: tuple[int, int] | None = None  # as far as it was measured
        for tie in ties:
            self.add(tie)

    @property
    def is_bounded(self) -> bool:
        """Whether both bounds of every tick are known."""
        return bool(self._lowest and self._highest)

    @property
    def drift(self) -> tuple[int, int]:
        """(least, most) millionths by which these ticks run slow: of real time more passes than they count."""
        if self._drift is None:
            self._drift = self._measure()
        return self._drift

    def add(self, tie: Tie) -> None:
        """Takes one more tie."""
        self._drift = None
        if tie.earliest is not None:
            self._lowest.append((tie.tick, tie.earliest))
        if tie.latest is not None:
            self._highest.append((tie.tick, tie.latest))

    def bounds(self, tick: int) -> Bounds:
        """(earliest, latest) Unix milliseconds of `tick`."""
        drift, tick = self.drift, min(tick, LONGEST)
        earliest = [at + _elapsed(tick - one, drift)[0] for one, at in self._lowest]
        latest = [at + _elapsed(tick - one, drift)[1] for one, at in self._highest]
        return max(earliest, default=None), min(latest, default=None)

    def least(self, ticks: int) -> int:
        """The least real milliseconds in which so many of these ticks can have passed."""
        return _elapsed(ticks, self.drift)[0]

    def _measure(self) -> tuple[int, int]:
        least, most = -DRIFT, DRIFT
        if self.is_bounded:
            (low, earliest), (high, latest) = min(self._lowest), max(self._highest)
            if high > low:
                most = min(most, -(-(latest - earliest - high + low) * _MILLION // (high - low)))
            (low, earliest), (high, latest) = max(self._lowest), min(self._highest)
            if low > high:
                least = max(least, (earliest - latest - low + high) * _MILLION // (low - high))
        return (least, most) if least <= most else (-DRIFT, DRIFT)


def drifted(elapsed: int) -> int:
    """Milliseconds by which a clock may be wrong after that many, at most."""
    return -(-abs(elapsed) * DRIFT // _MILLION)


def _elapsed(ticks: int, drift: tuple[int, int]) -> tuple[int, int]:
    """(least, most) real milliseconds from one tick to another `ticks` later, or earlier when negative."""
    return ticks + min(ticks * one // _MILLION for one in drift), ticks + max(
        -(-ticks * one // _MILLION) for one in drift
    )
