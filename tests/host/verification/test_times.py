"""The times of a recorder's boots: whatever its clocks do within their bounds, the truth is within what is said."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from evidock.report import State
from evidock.verification.coverage import Boot, Placed
from evidock.verification.drift import DRIFT, TIES_KEPT, Reading, Ticks, Tie, drifted
from evidock.verification.placing import Times
from evidock.verification.ties import WAIT

MILLION = 1_000_000
NOON = 1_741_953_600_000  # 2025-03-14 12:00 UTC
HOUR = 3_600_000
DAY = 24 * HOUR


def boot(number: int, length: int, *ties: Tie, readings: tuple[Reading, ...] = (), state: int = 1) -> Boot:
    """A boot of `length` ticks, all of them recorded."""
    made = Boot(number, 0)
    made.fill(length, State.RECORDED, None, number)
    for one in readings:
        made.note_clock(one.tick, state, one.wall)
        made.note_reading(one)
    for tie in ties:
        made.note_tie(tie)
    return made


def test_a_tie_bounds_every_tick_of_its_boot() -> None:
    times = Times([boot(1, 2 * HOUR, Tie(HOUR, NOON, NOON + 30_000))])
    assert times.bounds(1, HOUR) == (NOON, NOON + 30_000)
    # 100 millionths of an hour are 360 ms.
    assert times.bounds(1, 2 * HOUR) == (NOON + HOUR - 360, NOON + HOUR + 30_360)
    assert times.bounds(1, 0) == (NOON - HOUR - 360, NOON - HOUR + 30_360)
    assert times.bounds(2, 0) == (None, None)


def test_two_ties_tell_the_drift() -> None:
    """40 millionths slow over ten days, seen through two waits of a second: from 38 to 42, not from −100 to 100."""
    slow = 10 * DAY * 40 // MILLION
    ties = Tie(0, NOON, NOON + 1000), Tie(10 * DAY, NOON + 10 * DAY + slow, NOON + 10 * DAY + slow + 1000)
    times = Times([boot(1, 20 * DAY, *ties)])
    assert times.drift(1) == (38, 42)
    earliest, latest = times.bounds(1, 20 * DAY)
    assert earliest is not None
    assert latest is not None
    truth = NOON + 20 * DAY + 2 * slow
    assert earliest <= truth <= latest
    assert latest - earliest < 5_000
    assert Times([boot(1, DAY, ties[0])]).drift(1) == (-DRIFT, DRIFT)


def test_the_tighter_of_two_ties_counts() -> None:
    times = Times([boot(1, 1000, Tie(0, NOON, NOON + 30_000), Tie(500, None, NOON + 600))])
    assert times.bounds(1, 0) == (NOON, NOON + 101)


def test_ties_that_contradict_are_a_step() -> None:
    times = Times([boot(1, HOUR, Tie(0, NOON, NOON + 30_000), Tie(HOUR, NOON + 2 * HOUR, NOON + 2 * HOUR + 30_000))])
    assert [(step.boot, step.tick, step.sentence) for step in times.steps] == [(1, HOUR, "CLOCK_STEP.ties")]
    assert times.steps[0].ms == HOUR - 30_000 - 360


def test_a_head_dated_before_its_docking_began() -> None:
    """The host's own clock went back in between: the tie that contradicts is left out, and half of a bound remains."""
    dated, asked = Tie(0, None, NOON - HOUR), Tie(10, NOON, NOON + 30_000)
    times = Times([boot(1, 1000, dated, asked, readings=(Reading(0, 0, NOON),)), boot(2, 1000)])
    assert [step.sentence for step in times.steps] == ["CLOCK_STEP.ties"]
    assert times.bounds(1, 0) == (None, NOON - HOUR)


def test_ties_are_kept_few() -> None:
    """The first and the newest, of dockings and of dated heads each."""
    moments = range(0, HOUR, 10_000)
    docked = [Tie(tick, NOON + tick, NOON + tick + 30_000) for tick in moments]
    dated = [Tie(tick + 1, None, NOON + tick + 2) for tick in moments]
    made = boot(1, HOUR, *docked, *dated)
    for row in (docked, dated):
        assert [tie for tie in made.ties if tie in row] == [row[0], *row[1 - TIES_KEPT :]]


def test_a_wall_clock_that_ran_on_carries_a_tie_to_another_boot() -> None:
    """It is an hour wrong all the time: the boot before is corrected by what the docking showed."""
    wrong = NOON + HOUR
    one = boot(1, 1000, readings=(Reading(0, 0, wrong),))
    two = boot(2, 1000, Tie(500, NOON + DAY, NOON + DAY + 100), readings=(Reading(0, 500, wrong + DAY),))
    times = Times([one, two])
    earliest, latest = times.bounds(1, 0)
    assert earliest is not None
    assert latest is not None
    assert earliest <= NOON <= latest
    assert latest - earliest == 100 + 2 * (2_000 + drifted(DAY))
    placed = Placed([one, two])
    assert abs(placed.times.offsets[1] - NOON) < 11_000
    assert not placed.times.steps


def test_a_clock_that_agrees_with_ticks_but_not_with_two_ties() -> None:
    """Between two dockings somebody put it back by an hour, while the recorder was off."""
    one = boot(1, 1000, Tie(0, NOON, NOON + 100), readings=(Reading(0, 0, NOON),))
    later = NOON + DAY
    two = boot(2, 1000, Tie(0, later, later + 100), readings=(Reading(0, 0, later - HOUR),))
    steps = Times([one, two]).steps
    assert [(step.boot, step.sentence) for step in steps] == [(2, "CLOCK_STEP.ties")]
    assert HOUR - 20_000 < steps[0].ms < HOUR


def test_a_clock_that_was_set_between_two_ties_is_another_one() -> None:
    one = boot(1, 1000, Tie(0, NOON, NOON + 100), readings=(Reading(0, 0, NOON),))
    later = NOON + DAY
    two = boot(2, 1000, Tie(0, later, later + 100), readings=(Reading(1, 0, later - HOUR),))
    assert not Times([one, two]).steps


def test_a_clock_behind_the_boot_before_is_a_step() -> None:
    one = boot(1, HOUR, readings=(Reading(0, 0, NOON), Reading(0, HOUR, NOON + HOUR)))
    for late, stepped in ((-3_000, True), (-1_500, False), (5_000, False)):
        two = boot(2, HOUR, readings=(Reading(0, 0, NOON + HOUR + late),))
        steps = Times([one, two]).steps
        assert [step.sentence for step in steps] == (["CLOCK_STEP.boot"] if stepped else [])


def test_a_boot_without_a_clock_lies_between_its_neighbours() -> None:
    one = boot(1, 1000, Tie(1000, NOON, NOON + 100))
    dark = boot(2, HOUR)
    three = boot(3, 1000, Tie(0, NOON + 3 * HOUR, NOON + 3 * HOUR + 100))
    placed = Placed([one, dark, three])
    assert placed.times.bounds(2, 0) == (NOON, NOON + 2 * HOUR + 460)
    assert placed.times.bounds(2, HOUR) == (NOON + HOUR - 360, NOON + 3 * HOUR + 100)
    assert placed.times.point(2, 0) is None
    (adrift,) = placed.adrift(bytes(32), (None, None))
    assert adrift.seconds == {State.RECORDED: 3600.0}
    assert adrift.between == (NOON / 1000, (NOON + 3 * HOUR + 100) / 1000)
    assert adrift.certain
    assert adrift.held


def test_a_clock_that_ran_on_measures_a_gap_better_than_it_dates_it() -> None:
    """A minute wrong or not, it was so on both sides of the gap."""
    one = boot(1, 10_000, readings=(Reading(0, 5_000, NOON),))
    two = boot(2, 10_000, readings=(Reading(0, 1_000, NOON + 36_000),))
    times = Times([one, two])
    assert times.elapsed((1, 10_000), (2, 0)) == (30_000 - 2_006, 30_000 + 2_006)
    assert times.elapsed((1, 4_000), (1, 9_000)) == (5_000, 5_000)
    assert times.elapsed((1, 10_000), (9, 0)) == (0, None)
    three = boot(3, 10_000, readings=(Reading(1, 0, NOON + 90_000),))
    least, most = Times([one, two, three]).elapsed((2, 10_000), (3, 0))
    assert least == 0
    assert most is not None
    assert most > 120_000


def test_an_interval_that_may_hold_a_boot_without_a_clock() -> None:
    one, dark = boot(1, 1000, Tie(1000, NOON, NOON)), boot(2, HOUR)
    three = boot(3, 1000, Tie(0, NOON + 3 * HOUR, NOON + 3 * HOUR))
    placed = Placed([one, dark, three])

    def certain(start: int | None, end: int | None) -> list[bool]:
        return [one.certain for one in placed.adrift(bytes(32), (start, end))]

    assert certain(NOON - HOUR, NOON + 4 * HOUR) == [True]
    assert certain(NOON + HOUR, NOON + 2 * HOUR) == [False]
    assert certain(NOON + 4 * HOUR, None) == []
    assert certain(None, NOON - 1) == []


@dataclass
class World:
    """What really happened: boots with their true beginning and speed, and the clocks that saw it."""

    boots: list[Boot] = field(default_factory=list)
    begins: list[int] = field(default_factory=list)
    speeds: list[int] = field(default_factory=list)  # millionths by which ticks run slow

    def truth(self, index: int, tick: int) -> float:
        return self.begins[index] + tick * (1 + self.speeds[index] / MILLION)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Boots of up to a month, some docked, with a wall clock that is kept, lost, set, or wrong by a minute."""
    world, now, era = World(), NOON, 0
    rate = draw(st.integers(-DRIFT, DRIFT))  # of the wall clock
    kept: tuple[int, float] | None = (now, now + draw(st.integers(-59_000, 59_000)))  # (truth, wall) when set
    for number in range(1, draw(st.integers(1, 6)) + 1):
        now += draw(st.integers(0, 3 * DAY))
        length, speed = draw(st.integers(0, 30 * DAY)), draw(st.integers(-DRIFT, DRIFT))
        made = Boot(number, 0)
        world.boots.append(made)
        world.begins.append(now)
        world.speeds.append(speed)
        index = number - 1
        if draw(st.integers(0, 3)) == 0:
            kept, era = None, era + 1
        for tick in sorted(draw(st.lists(st.integers(0, length), max_size=4))):
            truth = world.truth(index, tick)
            if kept is not None:
                wrong = kept[1] - kept[0] + (truth - kept[0]) * rate / MILLION
                wall = round(truth + max(-59_000, min(wrong, 59_000)))  # days off add to it, and a minute is believed
                made.note_clock(tick, 1, wall)
                made.note_reading(Reading(era, tick, wall))
            action = draw(st.integers(0, 3))
            asked = int(truth) - draw(st.integers(0, WAIT - 1))
            if action <= 1:
                made.note_tie(Tie(tick, asked, asked + WAIT))
            if action == 1:  # and the host sets the clock
                kept, era = (int(truth), int(truth)), era + 1
                made.note_clock(tick, 2, int(truth))
                made.note_reading(Reading(era, tick, int(truth)))
            if action == 2:  # a head that a host dated
                made.note_tie(Tie(tick, None, int(truth) + 1 + draw(st.integers(0, HOUR))))
        made.fill(length, State.RECORDED, None, number)
        now = int(world.truth(index, length)) + 1
    return world


@given(worlds(), st.integers(0, 1000))
@settings(max_examples=300, deadline=None)
def test_the_truth_lies_within_its_bounds(world: World, part: int) -> None:
    times = Times(world.boots)
    assert not times.steps
    for index, one in enumerate(world.boots):
        for tick in (0, one.cursor * part // 1000, one.cursor):
            earliest, latest = times.bounds(one.number, tick)
            truth = world.truth(index, tick)
            assert earliest is None or earliest <= truth + 1
            assert latest is None or truth - 1 <= latest


@given(worlds(), st.data())
@settings(max_examples=200, deadline=None)
def test_the_true_length_of_a_gap_is_within_what_is_said(world: World, data: st.DataObject) -> None:
    times = Times(world.boots)
    left = data.draw(st.integers(0, len(world.boots) - 1))
    right = data.draw(st.integers(left, len(world.boots) - 1))
    start, end = world.boots[left].cursor, world.boots[right].cursor // 2
    if left == right:
        start = 0
    least, most = times.elapsed((left + 1, start), (right + 1, end))
    truth = world.truth(right, end) - world.truth(left, start)
    wrong = drifted(end) if left == right else 0
    assert least <= truth + 1 + wrong
    assert most is None or truth - 1 - wrong <= most


@given(worlds())
@settings(max_examples=200, deadline=None)
def test_a_boot_is_laid_within_its_bounds(world: World) -> None:
    """As far as its ticks run like time: coverage counts them one to one."""
    placed, before = Placed(world.boots), 0
    for one in world.boots:
        before += one.cursor
        at, (earliest, latest) = placed.times.point(one.number, 0), placed.times.bounds(one.number, 0)
        if at is not None:
            assert earliest is not None
            assert latest is not None
            assert earliest - 1 <= at <= latest + drifted(before) + 10


@given(worlds())
@settings(max_examples=200, deadline=None)
def test_no_second_is_lost_and_none_counts_twice(world: World) -> None:
    placed = Placed(world.boots)
    for left, right in zip(placed.rows, placed.rows[1:], strict=False):
        assert left[1] == right[0]
    recorded = sum(end - start for start, end, state, *_ in placed.rows if state is State.RECORDED)
    adrift = sum(1000 * sum(one.seconds.values()) for one in placed.adrift(bytes(32), (None, None)))
    assert recorded + round(adrift) == sum(one.cursor for one in world.boots)
    for one in placed.unplaced:
        if one.is_held:
            assert one.since is not None
            assert one.until is not None
            assert one.until - one.since >= one.boot.cursor


@given(st.lists(st.tuples(st.integers(0, 60 * DAY), st.integers(0, WAIT)), max_size=6), st.integers(-DRIFT, DRIFT))
def test_drift_is_never_outside_what_two_ties_allow(moments: list[tuple[int, int]], speed: int) -> None:
    ticks = Ticks(())
    for tick, wait in moments:
        truth = tick * (MILLION + speed) // MILLION
        ticks.add(Tie(tick, truth - wait, truth - wait + WAIT + 1))
    least, most = ticks.drift
    assert least <= speed <= most
