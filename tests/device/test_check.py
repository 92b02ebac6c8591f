"""The pre-use check: every source is tried for real and released, a press goes before it, and it never fails itself
(OB-15)."""

from __future__ import annotations

from typing import Any

import pytest
from support.board import Clip, World, verify
from support.tracks import provisioned

from evidock_agent import check, signals
from evidock_protocol import codes, kinds, settings
from evidock_simulator.virtual import condition

PASSED, FAILED, ABSENT = codes.CHECK_PASSED, codes.CHECK_FAILED, codes.CHECK_ABSENT


def booted(world: World) -> dict[int, list[int]]:
    """The items of the CHECK of a new boot, by their numbers: [result, value]."""
    agent = world.boot()
    world.settle()
    items = world.bodies(kinds.CHECK)[-1]["items"]
    assert agent.last_check == items
    return {item: [result, value] for item, result, value in items}


def asked(world: World) -> dict[int, list[int]]:
    agent = world.agent
    assert agent is not None
    agent.add_job(check.run(agent, codes.CHECK_ON_REQUEST))
    world.settle()
    body = world.bodies(kinds.CHECK)[-1]
    assert body["trigger"] == codes.CHECK_ON_REQUEST
    return {item: [result, value] for item, result, value in body["items"]}


def running(world: World) -> list[Any]:
    """Sources that were started and not stopped."""
    board: Any = world.board
    sources = [source for source in (board.capture, board.camera) if source is not None]
    return [source for source in sources if source._started is not None and source._stopped is None]


def test_each_item_is_judged_by_its_figure() -> None:
    world = provisioned(pictures=True)
    items = booted(world)
    assert sorted(items) == [1, 2, 3, 4, 5, 6]
    assert items[codes.CHECK_FUNCTION] == [PASSED, -1]
    assert items[codes.CHECK_BATTERY] == [PASSED, 80]
    assert items[codes.CHECK_STORAGE] == [PASSED, 100_000]
    result, length = items[codes.CHECK_PICTURE]
    assert result == PASSED
    assert length in {len(picture) for picture in world.seen()}
    result, peak = items[codes.CHECK_SOUND]
    assert result == PASSED
    assert 1000 < peak <= 32767, "noise"
    result, seconds = items[codes.CHECK_CLOCK]
    assert result == PASSED
    assert abs(seconds * 1000 - (world.clock.unix_ms() or 0)) < 5000
    assert running(world) == []
    verify(world)


def test_settings_are_the_measure() -> None:
    world = provisioned(pictures=True)
    world.settings = (
        b'{"check_battery": 81, "check_storage": 100001, "check_picture": 16777216, "check_sound": 32767,'
        b' "check_clock": 2}'
    )
    world.sound.read = quiet(9)
    items = booted(world)
    assert [items[item][0] for item in range(1, 7)] == [PASSED, FAILED, FAILED, FAILED, FAILED, FAILED]
    assert items[codes.CHECK_SOUND] == [FAILED, 9]
    assert world.agent is not None
    assert world.agent.setting(settings.CHECK_BATTERY) == 81


def quiet(peak: int):
    """Sound that is never louder."""

    def read(offset: int, buffer: memoryview) -> None:
        for at in range(0, len(buffer), 2):
            buffer[at : at + 2] = (-peak & 0xFFFF).to_bytes(2, "little")

    return read


def test_digital_silence_fails() -> None:
    """A dead microphone gives samples all the same."""
    world = provisioned()
    world.sound.read = quiet(0)
    assert booted(world)[codes.CHECK_SOUND] == [FAILED, 0]


@pytest.mark.parametrize(("pause_ms", "result"), [(500, PASSED), (1500, FAILED)])
def test_a_pause_between_words_is_no_dead_microphone(pause_ms: int, result: int) -> None:
    """Whoever falls silent while the recorder is switched on is not told that it cannot hear."""
    world = provisioned()
    world.boot()
    speech, first = world.sound.read, [0]

    def read(offset: int, buffer: memoryview) -> None:
        first[0] = first[0] or offset
        paused = offset - first[0] < pause_ms * 16  # bytes of a millisecond
        (quiet(0) if paused else speech)(offset, buffer)

    world.sound.read = read
    world.settle()
    items = world.bodies(kinds.CHECK)[-1]["items"]
    assert [item[1] for item in items if item[0] == codes.CHECK_SOUND] == [result]


def test_what_cannot_be_told_is_absent_and_a_card_that_is_gone_fails() -> None:
    world = provisioned(pictures=False)
    medium, world.medium = world.medium, None
    world.clock.wall = None
    items = booted(world)
    assert items[codes.CHECK_STORAGE] == [FAILED, 0]
    assert items[codes.CHECK_PICTURE] == [ABSENT, -1]
    assert items[codes.CHECK_CLOCK] == [FAILED, -1]
    world.medium = medium
    board: Any = world.board
    board.battery.percent = lambda: None
    assert asked(world)[codes.CHECK_BATTERY] == [ABSENT, -1]


@pytest.mark.parametrize("fault", [condition.DEAD, condition.CAMERA_FREEZE, condition.CAMERA_STALL])
def test_a_camera_that_gives_nothing_fails(fault: str) -> None:
    world = provisioned(pictures=True)
    world.boot()
    world.camera_condition.fault = fault
    world.settle()
    assert world.agent is not None
    assert world.agent.last_check is not None
    assert world.agent.last_check[3] == [codes.CHECK_PICTURE, FAILED, 0]
    assert running(world) == []


@pytest.mark.parametrize("name", ["start", "stop", "readinto"])
def test_a_source_that_raises_stops_no_boot(name: str) -> None:
    def fail(*_values: object) -> int:
        raise OSError(5)

    world = provisioned(pictures=True)
    world.boot()
    board: Any = world.board
    setattr(board.capture, name, fail)
    setattr(board.camera, name, fail)
    world.settle()
    assert world.agent is not None
    assert world.agent.failed is None
    items = {item[0]: item for item in world.bodies(kinds.CHECK)[-1]["items"]}
    expected = PASSED if name == "stop" else FAILED
    assert [items[codes.CHECK_PICTURE][1], items[codes.CHECK_SOUND][1]] == [expected, expected]


@pytest.mark.parametrize("after", [0, 20, 120, 250, 330])
def test_a_press_goes_before_the_check(after: int) -> None:
    """Evidence first: what records is proof enough, and the check never stops it."""
    world = provisioned(pictures=True)
    agent = world.boot()
    while agent.last_check is None and not running(world):
        world.step()
    world.run(after)
    pressed = world.clock.now
    assert world.board is not None
    world.board.presses.append(signals.BUTTON_RECORD)
    while not agent.recorder.capturing:
        world.step()
        assert world.clock.now - pressed < 200, "the press waits"
    world.settle()
    assert len(running(world)) == 2
    kinds_found = world.kinds()
    assert "CHECK" in kinds_found[-3:]
    items = world.bodies(kinds.CHECK)[-1]["items"]
    assert [item[1] for item in items if item[0] in (codes.CHECK_PICTURE, codes.CHECK_SOUND)] == [PASSED, PASSED]
    world.run(3000)
    world.press(signals.BUTTON_RECORD)
    assert [body["lost"] for body in world.bodies(kinds.SEGMENT)] == [0, 0]
    verify(world)


def test_what_records_is_not_touched_and_what_does_not_start_fails() -> None:
    world = provisioned(pictures=True)
    world.camera_condition.fault = condition.DEAD
    world.press(signals.BUTTON_RECORD)
    world.run(1000)
    items = asked(world)
    assert items[codes.CHECK_SOUND] == [PASSED, -1]
    assert items[codes.CHECK_PICTURE] == [FAILED, -1]
    world.run(2000)
    world.press(signals.BUTTON_RECORD)
    assert [body["lost"] for body in world.bodies(kinds.SEGMENT)] == [0]
    verify(world)


def test_an_encoder_answers_for_what_it_records() -> None:
    world = provisioned(pictures=False, clip=Clip())
    assert booted(world)[codes.CHECK_PICTURE] == [PASSED, -1]


def test_it_takes_no_room_that_a_cause_may_need() -> None:
    world = provisioned()
    agent = world.agent
    assert agent is not None
    agent.journal.ring.ring.blank.clear()
    agent.add_job(check.run(agent, codes.CHECK_ON_REQUEST))
    size = agent.journal.size
    world.run(1000)
    assert agent.failed is None
    assert "CHECK" not in world.kinds()[size:]
