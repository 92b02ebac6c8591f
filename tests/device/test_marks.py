"""MARK: at most one entry a second, and no press is lost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from support.board import World
from support.dock import provisioned

from evidock_agent import signals
from evidock_protocol import kinds


@pytest.fixture
def world() -> World:
    return provisioned()


def mark(world: World, times: int = 1) -> None:
    assert world.board is not None
    world.board.presses += [signals.BUTTON_MARK] * times


def test_presses_are_counted_into_one_entry_a_second(world: World) -> None:
    mark(world, 100)
    start = world.clock.now
    world.run(10_000)
    bodies = world.bodies(kinds.MARK)
    assert sum(body["count"] for body in bodies) == 100
    ticks = [item.ticks for item in world.entries() if item.kind == kinds.MARK]
    assert all(later - earlier >= 1000 for earlier, later in pairwise(ticks))
    assert len(bodies) <= 2 + (ticks[-1] - start) // 1000


def test_one_press_is_written_at_once(world: World) -> None:
    for _ in range(2):
        mark(world)
        before = world.clock.now
        world.run(300)
        item = [item for item in world.entries() if item.kind == kinds.MARK][-1]
        assert (item.body["count"], item.ticks) == (1, pytest.approx(before, abs=world.clock.now))
        world.run(2000)
    assert len(world.bodies(kinds.MARK)) == 2


def test_marks_are_written_before_the_recording_ends(world: World) -> None:
    assert world.board is not None
    world.press(signals.BUTTON_RECORD)
    world.run(2000)
    mark(world, 3)
    world.board.presses.append(signals.BUTTON_RECORD)
    world.run(3000)
    assert [(body["recording"], body["count"]) for body in world.bodies(kinds.MARK)] == [(1, 1), (1, 2)]
    assert world.kinds().index("STOP") > len(world.kinds()) - 1 - world.kinds()[::-1].index("MARK")
