"""What presses, the dock, the settings file and a full journal must not do to a recorder. OB-6, 7, 21; AT-22."""

from __future__ import annotations

import json

import pytest
from support.board import World, verify
from support.breaking import made, pull, since, size_of, the_medium

from evidock_agent import signals
from evidock_agent.journal import EPOCH_CEILING, RESERVE
from evidock_protocol import codes, kinds

RECORD = signals.BUTTON_RECORD
CLASSES = (signals.BUTTON_EXEMPT_SECRET, signals.BUTTON_EXEMPT_PRIVACY)


def pressed(world: World, button: int, steps: int) -> None:
    """A press, and so many steps."""
    assert world.board is not None
    world.board.presses.append(button)
    for _ in range(steps):
        world.step()


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 8, 13])
def test_dock_while_start_is_made(steps: int) -> None:
    """The contact closes between the press and the recording: it ends, as docked. OB-7

    Not with 0: nothing tells a contact that closes before the press is seen from one that was closed before it.
    """
    world = made()
    size = size_of(world)
    pressed(world, RECORD, steps)
    world.docked = True
    world.run(8000)
    world.settle()
    assert world.agent is not None
    assert world.agent.recording is None
    if "START" in since(world, size):
        assert [body["cause"] for body in world.bodies(kinds.INTERRUPT)] == [codes.CAUSE_DOCKED]
    verify(world, genuine=False)


def test_pressed_in_the_dock() -> None:
    """Closed already at the press, it stops nothing."""
    world = made()
    world.docked = True
    world.run(3000)
    world.press(RECORD)
    world.run(8000)
    assert world.agent is not None
    assert world.agent.recording is not None


@pytest.mark.parametrize("first", ["card", "press"])
@pytest.mark.parametrize("steps", [0, 1, 2, 6, 14])
def test_stop_beside_a_card_that_fails(first: str, steps: int) -> None:
    """Who stops what breaks off at the same moment does not want it to begin by itself. OB-6"""
    world = made(voice_wait=0)
    world.press(RECORD)
    world.run(20_000)
    assert world.board is not None
    medium = the_medium(world)
    if first == "card":
        pull(world)
        for _ in range(steps):
            world.step()
        assert world.agent is not None
        if world.agent.recording is None:
            return  # the press would be a START
        pressed(world, RECORD, 0)
    else:
        pressed(world, RECORD, steps)
        pull(world)
    world.run(5000)
    world.settle()
    size = size_of(world)
    world.medium = medium
    world.run(5000)
    world.settle()
    assert "START" not in since(world, size)


@pytest.mark.parametrize(
    "chosen", [{"battery_off": 100}, {"thermal_stop": 0}, {"battery_off": 11}, {"thermal_stop": 650}]
)
def test_settings_that_would_stop_it(chosen: dict[str, int]) -> None:
    """Such values are out of bounds: FAULT settings, and it records."""
    world = made()
    world.settings = json.dumps(chosen).encode()
    world.boot()
    world.run(5000)
    world.press(RECORD)
    world.run(10_000)
    assert world.agent is not None
    assert world.agent.recording is not None
    assert codes.FAULT_SETTINGS in [body["what"] for body in world.bodies(kinds.FAULT)]


@pytest.mark.parametrize("chosen", [{"battery_off": 0}, {"battery_off": 0, "battery_stop": 0}, {}])
def test_gauge_that_shows_nothing(chosen: dict[str, int]) -> None:
    """0 % beside a voltage that no empty cell has: the gauge is broken, and nothing is switched off."""
    world = made(pictures=False, rate=8000, **chosen)
    world.battery = 0
    world.press(RECORD)
    world.run(10_000)
    assert world.agent is not None
    assert world.agent.recording is not None


@pytest.mark.parametrize(("name", "percent"), [("battery_off", 1), ("battery_stop", 4)])
def test_zero_is_never(name: str, percent: int) -> None:
    world = made(False, battery_off=0, **({name: 0} if name != "battery_off" else {}))
    world.press(RECORD)
    world.run(5000)
    world.battery = percent
    world.run(10_000)
    assert world.agent is not None
    assert (world.agent.recording is not None) == (name == "battery_stop")


def test_flood_of_exemptions() -> None:
    """Presses of two classes in turn write no more than one exemption a second; the last one holds."""
    world = made()
    size, began = size_of(world), world.clock.now
    assert world.board is not None
    for number in range(100):
        world.board.presses.append(CLASSES[number % 2])
        world.run(30)
    seconds = (world.clock.now - began) // 1000 + 1
    world.run(2000)
    world.settle()
    assert since(world, size).count("EXEMPT") <= 2 * (seconds + 1)
    assert world.bodies(kinds.EXEMPT)[-1]["class"] == codes.EXEMPT_SECRET_OR_PRIVACY
    world.press(RECORD)
    world.run(2000)
    assert world.agent is not None
    assert world.agent.recording is not None


def fill(world: World, room: int) -> None:
    """Entries until no more than `room` bytes are left."""
    assert world.agent is not None
    journal = world.agent.journal
    body = {"what": codes.FAULT_IMPACT, "recording": None, "segment": None, "values": [9000]}
    while journal.ring.room() > room:
        for _ in journal.append(kinds.FAULT, body):
            pass
        if journal.size - journal.epoch_since > 50:
            for _ in journal.change_epoch(codes.EPOCH_ENTRIES):
                pass
            for _ in world.agent.keys, world.agent.anchors:
                while _.erase_ahead():
                    pass


@pytest.mark.parametrize("room", [200, 700, 1500, 3000, RESERVE - 300])
@pytest.mark.parametrize("open_", [False, True])
def test_boot_without_room(room: int, open_: bool) -> None:
    """A boot that cannot be said: the recorder does nothing until a card is in, and begins its boot anew."""
    world = made(voice_wait=0)
    world.press(RECORD)
    world.run(20_000)
    if not open_:
        world.press(RECORD)
        world.run(2000)
    medium = pull(world)
    if not open_:
        world.run(3000)
    fill(world, room)
    world.cut()
    for _ in range(3):
        world.boot(codes.RESET_WATCHDOG)
        world.run(3000)
        assert world.board is not None
        world.board.presses.append(signals.BUTTON_MARK)
        world.run(2000)
    size = size_of(world)
    last = world.entries()[-1]
    world.medium = medium
    world.run(8000)
    world.settle()
    assert world.agent is not None
    fresh = world.entries()[size:] if world.agent.journal.first == 0 else world.entries()
    fresh = [found for found in fresh if found.sequence > last.sequence]
    assert fresh
    boots = [found.boot for found in fresh]
    if fresh[0].boot != last.boot:
        assert fresh[0].kind == kinds.BOOT
    assert boots == sorted(boots)
    assert world.agent.failed is None
    if world.agent.recording is None:
        world.press(RECORD)
        world.run(3000)
    assert world.agent.recording is not None
    ends = [found.kind for found in world.entries() if found.kind in (kinds.START, kinds.STOP)]
    assert all(ends[at] != ends[at - 1] for at in range(1, len(ends))), "START after START, or two STOPs"


def test_boots_do_not_eat_the_reserve() -> None:
    """Resets without a card and without an open recording leave what the reserve is for. AT-38"""
    world = made()
    pull(world)
    world.run(3000)
    fill(world, RESERVE + 700)
    for _ in range(12):
        world.boot(codes.RESET_BROWN_OUT)
        world.run(2000)
        world.settle()
    assert world.agent is not None
    assert world.agent.journal.ring.room() > RESERVE - 1500
    assert (
        world.kinds().count("FAULT") - len([b for b in world.bodies(kinds.FAULT) if b["what"] == codes.FAULT_IMPACT])
        <= 1
    )


@pytest.mark.parametrize("milliseconds", [50, 4000, 30_000])
def test_card_that_fails_for_a_moment(milliseconds: int) -> None:
    """It is tried again, and recording goes on by itself. OB-6"""
    world = made(voice_wait=0)
    world.press(RECORD)
    world.run(20_000)
    medium = the_medium(world)
    medium.failing = True
    world.run(milliseconds)
    medium.failing = False
    world.run(120_000)
    assert world.agent is not None
    assert world.agent.recording is not None
    if world.bodies(kinds.INTERRUPT):
        assert world.bodies(kinds.START)[-1]["reason"] == codes.START_POLICY
    verify(world, media=False)


def test_card_that_was_out_between_two_looks() -> None:
    """A contact that remembers that it was open: the cause is the card's, not a fault of the equipment. AT-22"""
    world = made()
    world.press(RECORD)
    world.run(8000)
    assert world.board is not None
    answers = [False]
    world.board.card.present = lambda: answers.pop() if answers else True  # type: ignore[method-assign]
    the_medium(world).failing = True
    world.run(3000)
    world.settle()
    assert [body["cause"] for body in world.bodies(kinds.INTERRUPT)] == [codes.CAUSE_MEDIUM_SWAPPED]


def test_start_without_room_leaves_the_exemption() -> None:
    """Neither recording nor exempt is what must not be."""
    world = made()
    world.press(signals.BUTTON_EXEMPT_PRIVACY)
    world.run(2000)
    pull(world)
    world.run(2000)
    fill(world, RESERVE + 250)
    size = size_of(world)
    world.press(RECORD)
    world.run(2000)
    assert world.agent is not None
    assert world.agent.exempt
    assert "EXEMPT" not in since(world, size)


def test_silent_microphone_waits_for_no_card() -> None:
    """No source starts: hours later another card is put in, and nothing begins by itself."""
    world = made(voice_wait=0)
    assert world.board is not None

    def start() -> None:
        raise OSError(5)

    working, world.board.capture.start = world.board.capture.start, start
    world.press(RECORD)
    world.run(5000)
    world.settle()
    assert world.bodies(kinds.INTERRUPT)[-1]["cause"] == codes.CAUSE_EQUIPMENT_FAULT
    world.board.capture.start = working
    medium = pull(world)
    world.run(5000)
    size = size_of(world)
    world.medium = medium
    world.run(5000)
    world.settle()
    assert "START" not in since(world, size)


def test_boot_with_little_room_on_the_card() -> None:
    """2 to 4 MiB are not enough to go on by itself, at a boot as at a change of the card."""
    world = made(voice_wait=0)
    world.press(RECORD)
    world.run(8000)
    the_medium(world).free = 2047
    world.run(3000)
    world.settle()
    assert world.bodies(kinds.INTERRUPT)[-1]["cause"] == codes.CAUSE_STORAGE_FULL
    the_medium(world).free = 4000
    size = size_of(world)
    world.boot()
    world.run(5000)
    world.settle()
    assert "START" not in since(world, size)
    the_medium(world).free = 100_000
    world.boot()
    world.run(5000)
    assert "START" in since(world, size)


def test_exemption_after_another_end_was_decided() -> None:
    """EXEMPT is followed by STOP (exempt), whatever was to end the recording a moment before."""
    world = made()
    world.press(RECORD)
    world.run(8000)
    assert world.agent is not None
    world.agent.recorder.ask_stop(codes.STOP_THERMAL, codes.CAUSE_THERMAL)
    for _ in world.agent.recorder.stop(codes.STOP_EXEMPT):
        pass
    world.settle()
    assert world.bodies(kinds.STOP)[-1]["reason"] == codes.STOP_EXEMPT
    assert not world.bodies(kinds.INTERRUPT)


@pytest.mark.parametrize(
    "raw", [b'{"resume",1}', b'{"resume":1,,}', b"{,}", b"{]", b"[}", b'{"a"}', b'{"resume":1,"resume":2}']
)
def test_settings_that_only_some_readers_take(raw: bytes) -> None:
    """The same file means the same on every build: nothing."""
    world = made()
    world.settings = raw
    world.boot()
    world.run(3000)
    assert [body["values"] for body in world.bodies(kinds.FAULT) if body["what"] == codes.FAULT_SETTINGS] == [[0]]
    assert not world.bodies(kinds.CONFIG)


def test_epoch_that_boots_owe() -> None:
    """It comes before BOOT: however short the boots are, the next epoch begins."""
    world = made()
    assert world.agent is not None
    journal = world.agent.journal
    body = {"what": codes.FAULT_IMPACT, "recording": None, "segment": None, "values": [9000]}
    while journal.size - journal.epoch_since < EPOCH_CEILING:
        for _ in journal.append(kinds.FAULT, body):
            pass
    size = size_of(world)
    agent = world.boot(codes.RESET_BROWN_OUT)
    while agent.journal.size <= size + 1:
        world.step()
    world.boot(codes.RESET_BROWN_OUT)
    world.run(3000)
    world.settle()
    assert since(world, size)[:3] == ["EPOCH", "BOOT", "BOOT"]
    before, epoch = world.entries()[size - 1 :][:2]
    assert (epoch.boot, epoch.ticks, epoch.wall_ms) == (before.boot, before.ticks, before.wall_ms)
    verify(world)


@pytest.mark.hunt
@pytest.mark.parametrize("entries", [0, 1])
def test_boots_that_die_early_never_brick_it(entries: int) -> None:
    """Power goes as soon as a boot has written an entry, or two: after 500 of these it still records. AT-38"""
    world = made()
    world.press(RECORD)
    world.run(3000)
    world.press(RECORD)
    world.run(2000)
    for _ in range(500):
        agent = world.boot(codes.RESET_BROWN_OUT)
        before = None
        for _ in range(3000):
            world.step()
            if agent.ready and before is None:
                before = agent.journal.size
            if before is not None and (agent.journal.size > before + entries or not agent._jobs):
                break
    world.boot()
    world.run(20_000)
    world.settle()
    assert world.agent is not None
    assert world.agent.failed is None
    world.press(RECORD)
    world.run(3000)
    assert world.agent.recording is not None
    ticks = [(found.boot, found.ticks) for found in world.entries()]
    assert ticks == sorted(ticks)
