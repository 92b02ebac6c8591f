"""Wall clocks that ran on over several boots: what they carry from one boot to another, and where they stepped.

Specification: "Verification of a chain", Recordings 12 and Time. An era of the wall clock ends when it is set, lost or
steps; within one era it was wrong by as much all the time, but for its drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from .drift import READING, UNTIED, Bounds, Reading, Ticks, Tie, drifted


class Clocked(Protocol):
    """What is known of the time of one boot: all ticks from `first` to `cursor`."""

    number: int
    first: int
    cursor: int
    offset: int | None
    ties: list[Tie]
    readings: list[Reading]


class Step(NamedTuple):
    """Clocks that cannot all be right, found at a tick of a boot; `ms` is by how much at least."""

    boot: int
    tick: int
    ms: int
    sentence: str


class _Anchor(NamedTuple):
    """A wall clock's reading whose host time is known."""

    wall: int
    earliest: int
    latest: int


def carry(boots: Sequence[Clocked], ticks_of: Mapping[int, Ticks]) -> None:
    """Gives the boots without ties those that their wall clock carries to them from others, or its own word."""
    carried: dict[int, list[list[Tie]]] = {}
    for row in (boots, boots[::-1]):
        anchors: dict[int, _Anchor] = {}
        for boot in row:
            ticks = ticks_of[boot.number]
            if not ticks.is_bounded:
                found = [_tie(one, anchors[one.era]) for one in boot.readings if one.era in anchors]
                if found:
                    carried.setdefault(boot.number, []).append(found)
                ticks = Ticks(_joined(carried.get(boot.number, [])))
            if ticks.is_bounded:
                own = ticks_of[boot.number].is_bounded
                for one in boot.readings:
                    if own or one.era not in anchors:
                        anchors[one.era] = _anchor(one, ticks)
    began: dict[int, int] = {}
    for boot in boots:
        for one in boot.readings:
            began.setdefault(one.era, one.wall)
        ticks = ticks_of[boot.number]
        if not ticks.is_bounded:
            for tie in _joined(carried.get(boot.number, [])) or _by_wall(boot, began):
                if apart(ticks.bounds(tie.tick), (tie.earliest, tie.latest)) <= 0:
                    ticks.add(tie)


def steps(boots: Sequence[Clocked], tied: Mapping[int, Ticks]) -> Iterator[Step]:
    """Where a wall clock stands behind itself at a later boot, or left the hosts' time between two of the `tied`."""
    anchors: dict[int, _Anchor] = {}
    ended: dict[int, tuple[int, int]] = {}  # by era: its wall clock at a boot's end, and ticks since it was read
    for boot in boots:
        stepped = False
        ticks = tied.get(boot.number)
        for one in boot.readings:
            start = one.wall - (one.tick - boot.first)
            end, unread = ended.get(one.era, (start, 0))
            behind = end - start
            if behind > READING + 2 * drifted(unread + one.tick - boot.first) and not stepped:
                yield Step(boot.number, boot.first, behind, "CLOCK_STEP.boot")
                stepped = True
            elif ticks is not None and one.era in anchors and not stepped:
                left = _left(anchors[one.era], one, ticks)
                if left > 0:
                    yield Step(boot.number, one.tick, left, "CLOCK_STEP.ties")
                    stepped = True
        for one in boot.readings:
            ended[one.era] = one.wall + (boot.cursor - one.tick), boot.cursor - one.tick
            if ticks is not None:
                anchors[one.era] = _anchor(one, ticks)


def apart(ours: Bounds, theirs: Bounds) -> int:
    """Milliseconds between two stretches of time, 0 or less where they may have a moment in common."""
    gaps = [
        low - high for low, high in ((ours[0], theirs[1]), (theirs[0], ours[1])) if low is not None and high is not None
    ]
    return max(gaps, default=0)


def _anchor(reading: Reading, ticks: Ticks) -> _Anchor:
    earliest, latest = ticks.bounds(reading.tick)
    assert earliest is not None
    assert latest is not None
    return _Anchor(reading.wall, earliest, latest)


def _tie(reading: Reading, anchor: _Anchor) -> Tie:
    """What the same wall clock's anchor says of a reading."""
    elapsed = reading.wall - anchor.wall
    wrong = READING + drifted(elapsed)
    return Tie(reading.tick, anchor.earliest + elapsed - wrong, anchor.latest + elapsed + wrong)


def _left(before: _Anchor, reading: Reading, ticks: Ticks) -> int:
    """Milliseconds by which a wall clock left the hosts' time since the anchor before, beyond what it may."""
    expected, found = _tie(reading, before), ticks.bounds(reading.tick)
    return apart((expected.earliest, expected.latest), found)


def _joined(carried: list[list[Tie]]) -> list[Tie]:
    """What anchors before and after say together: both, or, where they contradict, that either may be right."""
    if len(carried) < 2:
        return [tie for ties in carried for tie in ties]
    before, after = Ticks(carried[0]), Ticks(carried[1])
    tick = carried[0][0].tick
    ours, theirs = before.bounds(tick), after.bounds(tick)
    if apart(ours, theirs) <= 0:
        return [*carried[0], *carried[1]]
    return [Tie(tick, _least_of((ours[0], theirs[0])), _greatest_of((ours[1], theirs[1])))]


def _least_of(moments: Iterable[int | None]) -> int | None:
    return min((one for one in moments if one is not None), default=None)


def _greatest_of(moments: Iterable[int | None]) -> int | None:
    return max((one for one in moments if one is not None), default=None)


def _by_wall(boot: Clocked, began: dict[int, int]) -> list[Tie]:
    """A wall clock that no host ever saw is taken at its word, within a bound that grows since it was set."""
    if boot.offset is None or not boot.readings:
        return []
    newest = boot.readings[-1]
    wrong = UNTIED + drifted(newest.wall - began[newest.era])
    return [Tie(newest.tick, boot.offset + newest.tick - wrong, boot.offset + newest.tick + wrong)]
