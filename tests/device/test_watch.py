"""What the recorder looks at once a second: battery, heat, storage, charging, shocks, clock (OB-19, OB-41, OB-86)."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st
from support.board import World, verify
from support.breaking import made, pull, since, size_of
from support.dock import Host

from evidock_agent import signals, watch
from evidock_protocol import codes, kinds, messages, settings, settings_table

RECORD = signals.BUTTON_RECORD


def faults(world: World, what: int) -> list[list[int]]:
    return [body["values"] for body in world.bodies(kinds.FAULT) if body["what"] == what]


def shown(world: World) -> int:
    assert world.board is not None
    return world.board.shown


# Battery.


def test_a_low_battery_is_shown_before_anything_ends() -> None:
    world = made(storage_warning=0)
    world.press(RECORD)
    world.battery = 16
    world.run(3000)
    assert shown(world) == signals.INDICATE_RECORDING
    world.battery = 15
    world.run(3000)
    assert shown(world) == signals.INDICATE_LOW
    assert world.agent is not None
    assert world.agent.recording == 1
    world.battery = 80
    world.run(3000)
    assert shown(world) == signals.INDICATE_RECORDING


@pytest.mark.parametrize("glitch", [0, None])
def test_one_glitch_of_a_gauge_stops_nothing(glitch: Any) -> None:
    world = made()
    world.press(RECORD)
    for _ in range(5):
        world.battery = glitch
        world.run(1500)
        world.battery = 80
        world.run(3000)
    world.temperature = 900
    world.run(1500)
    world.temperature = 300
    world.run(5000)
    assert world.agent is not None
    assert world.agent.recording == 1


def test_a_recording_that_began_low_goes_on_until_the_battery_is_empty() -> None:
    world = made()
    world.battery = 4
    world.press(RECORD)
    size = size_of(world)
    world.run(20_000)
    agent = world.agent
    assert agent is not None
    assert agent.recording == 1
    world.battery = 2
    world.run(8000)
    assert world.agent is None, "it is off"
    world.agent = agent
    world.power.on = True
    assert since(world, size) == ["SEGMENT", "INTERRUPT", "STOP", "EPOCH", "OFF"]
    assert world.bodies(kinds.INTERRUPT)[-1]["cause"] == codes.CAUSE_BATTERY_LOW
    assert world.bodies(kinds.STOP)[-1]["reason"] == codes.STOP_BATTERY_LOW
    off = world.bodies(kinds.OFF)[-1]
    assert (off["reason"], off["battery"]) == (codes.OFF_BATTERY_LOW, 2)
    (segment,) = world.bodies(kinds.SEGMENT)
    assert segment["last_tick"] - segment["first_tick"] >= 20_000, "the last seconds are safe"
    verify(world, genuine=False)


@pytest.mark.parametrize("state", ["charging", "docked"])
def test_it_stays_on_while_it_gets_power(state: str) -> None:
    world = made()
    setattr(world, state, True)
    world.battery = 1
    world.run(20_000)
    assert world.agent is not None
    setattr(world, state, False)
    world.run(6000)
    assert world.agent is None


def test_an_idle_recorder_switches_itself_off_too() -> None:
    world = made()
    agent = world.agent
    world.battery = 2
    world.run(6000)
    assert world.agent is None
    world.agent = agent
    world.power.on = True
    assert world.kinds()[-1] == "OFF"


def test_a_blank_recorder_writes_nothing_and_stays() -> None:
    world = World()
    world.battery = 1
    world.boot()
    world.run(20_000)
    assert world.agent is not None
    assert world.raws() == []


def test_a_battery_that_cannot_be_told_stops_nothing() -> None:
    world = made()
    world.battery = None  # type: ignore[assignment]
    world.temperature = None  # type: ignore[assignment]
    world.charging = None  # type: ignore[assignment]
    world.press(RECORD)
    world.run(20_000)
    world.press(RECORD)
    assert world.bodies(kinds.STOP)[-1]["reason"] == codes.STOP_BUTTON
    assert world.bodies(kinds.STOP)[-1]["battery"] is None


def test_gauges_that_give_errors_stop_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = made()

    def broken() -> int:
        raise OSError(5)

    for name in ("percent", "millivolts", "temperature", "charging", "shock"):
        monkeypatch.setattr(world.board, name, broken)
    world.press(RECORD)
    world.run(10_000)
    world.press(RECORD)
    assert world.bodies(kinds.START)[-1]["battery"] is None
    verify(world, genuine=False)


# Storage and card.


def test_a_card_that_runs_low_is_shown() -> None:
    world = made()
    assert world.medium is not None
    world.medium.free = 262_145
    world.press(RECORD)
    world.run(3000)
    assert shown(world) == signals.INDICATE_RECORDING
    world.medium.free = 262_144
    world.run(3000)
    assert shown(world) == signals.INDICATE_LOW


def test_a_pulled_card_is_missed_though_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoder writes by itself: nobody here would meet an error."""
    world = made()
    world.press(RECORD)
    agent = world.agent
    assert agent is not None
    monkeypatch.setattr(agent.recorder, "_move", lambda: 0)
    world.run(2000)
    pull(world)
    world.run(2500)
    assert world.bodies(kinds.INTERRUPT)[-1]["cause"] == codes.CAUSE_MEDIUM_SWAPPED


# Dock.


def test_a_start_in_the_dock_records() -> None:
    """Only the contact's closing ends a recording."""
    world = made()
    world.docked = True
    world.run(3000)
    world.press(RECORD)
    world.run(10_000)
    assert world.agent is not None
    assert world.agent.recording == 1
    world.docked = False
    world.run(3000)
    assert world.agent.recording == 1
    world.docked = True
    world.run(3000)
    assert world.agent.recording is None
    assert world.bodies(kinds.STOP)[-1]["reason"] == codes.STOP_DOCKED


def test_a_host_on_the_line_is_no_dock() -> None:
    world = made()
    world.press(RECORD)
    host = Host(world)
    host.attach()
    host.ask(messages.CLOSE)
    world.run(5000)
    assert world.agent is not None
    assert world.agent.recording == 1


# Charging and shocks.


def test_charging_out_of_bounds_is_told_once_for_each_time() -> None:
    """OB-86."""
    world = made(charge_millivolts=3899)
    world.run(5000)
    assert faults(world, codes.FAULT_CHARGE) == [], "not while nothing charges"
    for _ in range(2):
        world.charging = True
        world.run(90_000)
        world.charging = False
        world.run(5000)
    assert faults(world, codes.FAULT_CHARGE) == [[3900, 215]] * 2


def test_charging_in_the_heat() -> None:
    world = made()
    world.charging = True
    world.temperature = 450
    world.run(5000)
    assert faults(world, codes.FAULT_CHARGE) == []
    world.temperature = 451
    world.run(5000)
    assert faults(world, codes.FAULT_CHARGE) == [[3900, 451]]


def test_a_charger_that_flickers_is_told_once_a_minute() -> None:
    world = made(charge_millivolts=0)
    for _ in range(60):
        world.charging = not world.charging
        world.run(2000)
    assert len(faults(world, codes.FAULT_CHARGE)) <= 3


def test_a_shock_is_told_with_its_strength() -> None:
    world = made()
    world.press(RECORD)
    world.shock = 7999
    world.run(2000)
    assert faults(world, codes.FAULT_IMPACT) == []
    world.shock = 8000
    world.run(2000)
    assert faults(world, codes.FAULT_IMPACT) == [[8000]]
    assert world.bodies(kinds.FAULT)[-1]["recording"] == 1


def test_shocks_without_end_are_one_entry_a_minute_with_the_hardest() -> None:
    world = made()
    for number in range(130):
        world.shock = 9000 + number % 50
        world.run(1000)
    found = faults(world, codes.FAULT_IMPACT)
    assert 2 <= len(found) <= 4
    assert found[1] == [9049]


def test_shocks_are_not_noted_where_the_settings_say_so() -> None:
    world = made(impact=0)
    world.shock = 50_000
    world.run(5000)
    assert faults(world, codes.FAULT_IMPACT) == []


# The clock.


def test_a_clock_that_is_lost_while_it_runs() -> None:
    world = made()
    world.press(RECORD)
    world.run(3000)
    before = world.clock.unix_ms()
    assert before is not None
    world.clock.wall = None
    world.run(3000)
    (clock,) = [body for body in world.bodies(kinds.CLOCK) if body["source"] == codes.CLOCK_LOST]
    assert clock["old"][0] != codes.WALL_UNSET
    assert 0 <= before - clock["old"][1] <= 1500
    assert clock["new"] == [codes.WALL_UNSET, 0]
    assert clock["order"] is None
    world.run(10_000)
    world.press(RECORD)
    assert len(world.bodies(kinds.CLOCK)) <= 2
    verify(world, genuine=False)


def test_a_clock_that_comes_back_by_itself_stays_unset_until_somebody_sets_it() -> None:
    world = made()
    wall, world.clock.wall = world.clock.wall, None
    world.run(3000)
    assert [body["source"] for body in world.bodies(kinds.CLOCK)][-1] == codes.CLOCK_LOST
    world.clock.wall = wall
    world.run(3000)
    world.press(signals.BUTTON_MARK)
    world.run(2000)
    assert world.entries()[-1].kind == kinds.MARK
    assert world.entries()[-1].wall_state == codes.WALL_UNSET
    size = size_of(world)
    world.boot()
    world.settle()
    assert {item.wall_state for item in world.entries()[size:]} == {codes.WALL_UNSET}
    assert world.agent is not None
    world.agent.moments.set_from_host(1_741_939_300_000)
    world.record(1000)
    assert world.entries()[-1].wall_state == codes.WALL_SYNCHRONISED


# How it costs.


def test_a_look_is_taken_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    world = made()
    looks: list[int] = []

    def charging() -> bool:
        looks.append(world.clock.now)
        return False

    monkeypatch.setattr(world.board, "charging", charging)
    world.press(RECORD)
    world.run(10_000)
    assert 9 <= len(looks) <= 12
    assert all(later - before >= watch.LOOK_MS for before, later in pairwise(looks))


# Any course of figures: what ends a recording is what the settings say, once, and everything is sealed.

FIGURES = st.tuples(
    st.sampled_from([80, 16, 15, 6, 5, 3]), st.sampled_from([215, 650, 700, 749, 750, 900]), st.booleans()
)


@given(st.lists(FIGURES, min_size=1, max_size=6))
@profile(max_examples=15, deadline=None)
def test_any_course_of_battery_heat_and_dock(course: list[tuple[int, int, bool]]) -> None:
    world = made(resume=0)
    world.press(RECORD)
    docked = False
    expected: set[int] = set()
    for battery, temperature, dock in course:
        world.battery, world.temperature, world.docked = battery, temperature, dock
        if not expected:
            if battery <= settings_table.default(settings.BATTERY_STOP):
                expected.add(codes.CAUSE_BATTERY_LOW)
            if temperature >= settings_table.default(settings.THERMAL_STOP):
                expected.add(codes.CAUSE_THERMAL)
            if dock and not docked:
                expected.add(codes.CAUSE_DOCKED)
        docked = dock
        world.run(5000)
    world.settle()
    causes = {body["cause"] for body in world.bodies(kinds.INTERRUPT)}
    assert len(world.bodies(kinds.INTERRUPT)) == bool(expected)
    assert causes <= expected
    if codes.CAUSE_DOCKED in expected:
        assert causes == {codes.CAUSE_DOCKED}, "the contact needs no second look"
    verify(world, genuine=False)
