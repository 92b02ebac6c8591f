"""The sound track against a source that gives errors, or whose figures are wrong: never taken for an error of the card
or of the recorder, never a hole that nobody names (OB-1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.board import EIO, World, verify
from support.tracks import faults, provisioned

from evidock_agent import signals
from evidock_agent.moment import Moments
from evidock_agent.sound import BLOCK
from evidock_protocol import codes, kinds

RATE = 8000
RECORD = signals.BUTTON_RECORD


def refuse(*_arguments: object) -> Any:
    raise OSError(EIO)


def recording(milliseconds: int = 3000) -> tuple[World, Any]:
    """A recorder of sound alone that has recorded so long, and its source."""
    world = provisioned(RATE, pictures=False)
    world.press(RECORD)
    world.run(milliseconds)
    assert world.board is not None
    return world, world.board.capture


def whole(world: World) -> dict[str, Any]:
    """Ends the recording, which is sound in all but samples; its only SEGMENT."""
    world.press(RECORD)
    assert world.agent is not None
    assert world.agent.failed is None
    assert world.bodies(kinds.STOP)[-1]["reason"] == codes.STOP_BUTTON
    verify(world, genuine=False)
    (body,) = world.bodies(kinds.SEGMENT)
    return body


def test_a_source_that_cannot_be_stopped() -> None:
    """It is done either way; what it has collected is kept."""
    world, source = recording()
    source.stop = refuse
    body = whole(world)
    assert body["written"] >= 3 * RATE - RATE // 2
    assert faults(world) == []


def test_a_source_that_cannot_be_stopped_when_the_card_fails() -> None:
    world, source = recording()
    source.stop = refuse
    assert world.medium is not None
    world.medium.failing = True
    world.run(2000)
    world.settle()
    assert world.agent is not None
    assert world.agent.failed is None
    assert faults(world)[0][0] == codes.FAULT_STORAGE
    assert world.bodies(kinds.STOP)[-1]["reason"] == codes.STOP_FAULT


@pytest.mark.parametrize("overrun", [0, RATE])
def test_a_source_that_stops_answering(overrun: int) -> None:
    """The recording goes on, and what time says is lost is declared; the fault counts what the source does not."""
    world, source = recording()
    source.lost = lambda: overrun
    source.readinto = refuse
    world.run(5000)
    assert world.agent is not None
    assert world.agent.recording == 1
    body = whole(world)
    assert 2 * RATE <= body["written"] <= 3 * RATE
    assert body["lost"] == body["expected"] - body["written"] >= 5 * RATE
    stalled = (codes.FAULT_CAPTURE, 1, [codes.CAPTURE_STALLED, (body["lost"] - overrun) * 2])
    assert faults(world) == [
        stalled,
        *([(codes.FAULT_CAPTURE, 1, [codes.CAPTURE_OVERRUN, overrun])] if overrun else []),
    ]


def test_a_source_that_answers_again() -> None:
    world, source = recording()
    real = source.readinto
    source.readinto = refuse
    world.run(1500)
    source.readinto = real
    world.run(3000)
    body = whole(world)
    assert body["written"] + body["lost"] == body["expected"]
    assert RATE // 2 <= body["lost"] <= 3 * RATE // 2 + RATE // 5
    assert [values[0] for _what, _number, values in faults(world)] == [codes.CAPTURE_STALLED, codes.CAPTURE_OVERRUN]


def test_each_segment_names_its_own_stall() -> None:
    world, source = recording()
    real = source.readinto
    source.readinto = refuse
    world.run(60_000)
    source.readinto = real
    world.run(60_000)
    world.press(RECORD)
    verify(world, genuine=False)
    bodies = world.bodies(kinds.SEGMENT)
    told = [(number, values[0]) for _what, number, values in faults(world)]
    assert [number for number, reason in told if reason == codes.CAPTURE_STALLED] == [1, 2]
    assert bodies[0]["written"] + bodies[0]["lost"] == bodies[0]["expected"]
    assert [body["lost"] for body in bodies[2:]] == [0] * len(bodies[2:])


@pytest.mark.parametrize("rotates", [False, True])
def test_a_source_that_does_not_say_what_it_lost(rotates: bool) -> None:
    world, source = recording(58_000 if rotates else 3000)
    source.lost = refuse
    world.run(4000)
    world.press(RECORD)
    verify(world, genuine=False)
    bodies = world.bodies(kinds.SEGMENT)
    assert len(bodies) == 1 + rotates
    assert sum(body["lost"] for body in bodies) <= RATE // 10
    assert {values[0] for _what, _number, values in faults(world)} == {codes.CAPTURE_STALLED}


@pytest.mark.parametrize("count", [BLOCK + 2, 1 << 31, -2, -(1 << 31)])
def test_a_count_beside_the_truth(count: int) -> None:
    """No more than there is room for, no less than nothing."""
    world, source = recording()
    real = source.readinto

    def beside(buffer: memoryview) -> int:
        real(buffer)
        return count

    source.readinto = beside
    world.run(100)
    source.readinto = real
    world.run(1000)
    whole(world)


@pytest.mark.parametrize("count", [0, -5])
def test_a_count_of_lost_samples_that_starts_again(count: int) -> None:
    world, source = recording(100)
    source.lost = lambda: 100
    world.run(60_000)
    source.lost = lambda: count
    world.run(2000)
    world.press(RECORD)
    verify(world, genuine=False)
    assert [body["lost"] for body in world.bodies(kinds.SEGMENT)] == [100, 0]


@pytest.mark.parametrize("name", ["rate", "channels", "bits"])
@pytest.mark.parametrize("figure", [0, -1, 1 << 32])
def test_a_source_whose_figures_no_file_holds(name: str, figure: int) -> None:
    """It counts as one that does not start; it is stopped again."""
    world = provisioned(RATE, pictures=True)
    assert world.board is not None
    source = world.board.capture
    setattr(source, name, figure)
    stopped: list[bool] = []
    source.stop = lambda: stopped.append(True)
    world.record(2000)
    assert world.agent is not None
    assert world.agent.failed is None
    assert stopped == [True]
    assert faults(world) == [(codes.FAULT_CAPTURE, 1, [codes.CAPTURE_NO_START, 0])]
    assert [body["track"] for body in world.bodies(kinds.SEGMENT)] == [codes.TRACK_PICTURE]


def test_figures_that_change_under_way() -> None:
    """A recording keeps those that it began with."""
    world, source = recording()
    real: Callable[[memoryview], int] = source.readinto
    world.run(1000)
    source.rate, source.channels, source.bits = 0, -1, 1 << 20
    source.readinto = lambda _buffer: 0
    world.run(58_000)
    source.rate, source.readinto = RATE, real
    world.run(1000)
    world.press(RECORD)
    verify(world, genuine=False)
    assert {body["rate"] for body in world.bodies(kinds.SEGMENT)} == {RATE}


class Ticks:
    """The Clock port, with ticks as a test says."""

    def __init__(self, ticks: int):
        self.ticks = ticks

    def ticks_ms(self) -> int:
        return self.ticks

    def unix_ms(self) -> int | None:
        return None

    def set_unix_ms(self, value: int) -> None:
        raise AssertionError(value)


@pytest.mark.parametrize("first", [0, 5, (1 << 30) - 1])
@pytest.mark.parametrize("back", [1, 1000, (1 << 29) - 1])
def test_a_clock_that_steps_back(first: int, back: int) -> None:
    """No time has passed; it goes on from there."""
    clock = Ticks(first)
    moments = Moments(clock)
    clock.ticks = (first - back) % (1 << 30)
    assert moments.now() == 0
    clock.ticks = (first - back + 7) % (1 << 30)
    assert moments.now() == 7


def test_a_clock_that_steps_forward_by_almost_half_its_range() -> None:
    clock = Ticks((1 << 30) - 3)
    moments = Moments(clock)
    clock.ticks = (1 << 29) - 4
    assert moments.now() == (1 << 29) - 1


def test_a_clock_that_steps_back_while_pictures_come() -> None:
    """Else millions of pictures would be due."""
    world = provisioned(RATE, pictures=True)
    world.press(RECORD)
    world.run(2000)
    world.clock.now -= 200
    world.run(1000)
    world.press(RECORD)
    verify(world, genuine=False)
    assert all(body["last_tick"] - body["first_tick"] <= 4000 for body in world.bodies(kinds.SEGMENT))
