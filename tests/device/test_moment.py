"""The wall clock at boot: lost, gone back, started anew, and what does not count as that (AT-20)."""

from __future__ import annotations

import pytest
from support.board import WALL, World, verify
from support.dock import Host, provisioned

from evidock_protocol import codes, kinds, messages

YEAR_2021 = 1_609_459_200_000  # 2021-01-01, where the clocks of some boards start
DAY = 86_400_000


def booted(world: World, unix_ms: int | None) -> list[dict]:
    """Boots with a clock that shows this time; all CLOCK entries so far."""
    world.cut()
    world.clock.wall = None if unix_ms is None else unix_ms - world.clock.now
    agent = world.boot()
    world.settle()
    assert agent.failed is None
    verify(world, media=False)
    return world.bodies(kinds.CLOCK)


def states(world: World) -> set[int]:
    """States of the clock in this boot's entries."""
    return {found.wall_state for found in world.entries() if found.boot == world.boots}


def now(world: World) -> int:
    return WALL + world.clock.now


def test_a_clock_that_starts_in_2021_is_lost() -> None:
    world = provisioned()
    (lost,) = booted(world, YEAR_2021)
    assert lost["source"] == codes.CLOCK_LOST
    assert lost["old"][0] == codes.WALL_SET
    assert 0 <= lost["old"][1] - YEAR_2021 < 60_000
    assert lost["new"] == [codes.WALL_UNSET, 0]
    assert states(world) == {codes.WALL_UNSET}
    world.record(1500)
    assert states(world) == {codes.WALL_UNSET}


def test_a_lost_clock_is_told_once_and_stays_unset_until_it_is_set() -> None:
    """However late it shows by then: nobody set it."""
    world = provisioned()
    assert len(booted(world, YEAR_2021)) == 1
    assert len(booted(world, YEAR_2021)) == 1
    assert len(booted(world, now(world) + DAY)) == 1
    assert states(world) == {codes.WALL_UNSET}
    host = Host(world)
    host.attach()
    host.ask(messages.COMMAND, {"command": host.command(codes.OPERATION_SET_TIME, [now(world) + 2 * DAY])})
    assert world.bodies(kinds.CLOCK)[-1]["source"] == codes.CLOCK_FROM_HOST
    assert world.entries()[-1].wall_state == codes.WALL_SYNCHRONISED
    assert len(booted(world, now(world) + 3 * DAY)) == 2
    assert states(world) == {codes.WALL_SET}
    assert len(booted(world, now(world) + DAY)) == 3, "lost again"


def test_a_clock_without_time_is_told_once() -> None:
    world = provisioned()
    (lost,) = booted(world, None)
    assert (lost["old"], lost["new"]) == ([codes.WALL_UNSET, 0], [codes.WALL_UNSET, 0])
    assert len(booted(world, None)) == 1
    assert len(booted(world, now(world))) == 1
    assert states(world) == {codes.WALL_UNSET}


@pytest.mark.parametrize(("back", "lost"), [(0, 0), (1500, 0), (2100, 1), (DAY, 1)])
def test_a_clock_may_be_behind_by_less_than_two_seconds(back: int, lost: int) -> None:
    """Some keep whole seconds."""
    world = provisioned()
    newest = max(found.wall_ms for found in world.entries())
    assert len(booted(world, newest - back)) == lost


@pytest.mark.parametrize("unix_ms", [0, 1, 1_577_836_700_000, 4_102_444_800_000, 1 << 50, -1])
def test_years_out_of_bounds_are_no_time(unix_ms: int) -> None:
    """2020 to 2099."""
    world = provisioned()
    (lost,) = booted(world, unix_ms)
    assert lost["old"] == [codes.WALL_UNSET, 0]


@pytest.mark.parametrize("midnight", [1_741_996_800_000, 1_743_379_200_000, 1_767_139_200_000, 1_709_164_800_000])
def test_midnight_and_the_ends_of_months_are_nothing_special(midnight: int) -> None:
    """A day's, a month's and a year's end, and one of February in a leap year: local time, UTC+8."""
    world = World()
    world.clock.wall = midnight - 1000
    world.boot()
    world.settle()
    Host(world).provision()
    world.settle()
    world.record(4000)
    verify(world)
    assert world.bodies(kinds.CLOCK) == []
    walls = [found.wall_ms - found.ticks for found in world.entries() if found.boot == world.boots]
    assert max(walls) - min(walls) <= 1
    assert booted(world, midnight + 10_000) == []


def test_a_recording_goes_on_over_the_wrap_of_ticks() -> None:
    """Ticks of a board wrap at 2**30; the simulated ones ten minutes after boot."""
    world = provisioned()
    world.run(595_000)
    world.record(9000)
    verify(world)
    (segment,) = world.bodies(kinds.SEGMENT)
    assert segment["lost"] == 0
    assert segment["first_tick"] < 600_000 < segment["last_tick"]
