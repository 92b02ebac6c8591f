"""Power cut at every flash and card operation of a shift, of its recovery and of provisioning (AT-9, AT-23, AT-33).

Each operation is cut before it takes place and in its middle: a prefix of a page, half an erased sector, a part of a
write. The card has either lost all that was not flushed, or kept it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from support.board import WALL, Tear, World, verify
from support.dock import Host, provisioned

from evidock_agent import signals
from evidock_protocol import codes, kinds, messages, versions

Check = Callable[[World, str], None]


def every(world: World, stride: int, first: int, check: Check) -> list[int]:
    """Runs `check` on forks of `world`, cut at every `stride`-th operation from now on; returns a counter of them."""
    count = [0]

    def before(operation: int, tear: Tear) -> None:
        count[0] += 1
        if count[0] % stride != first % stride:
            return
        for torn, kept in ((False, False), (True, False), (True, True)):
            fork = world.fork(count[0], kept)
            if torn:
                tear(fork)
            check(fork, f"operation {operation}, torn {torn}, kept {kept}")

    world.power.before = before
    return count


def shift(world: World) -> None:
    """START, 25 s, MARK, STOP, a docking, OFF."""
    world.press(signals.BUTTON_RECORD)
    world.run(12_000)
    world.press(signals.BUTTON_MARK)
    world.run(13_000)
    world.press(signals.BUTTON_RECORD)
    host = Host(world)
    head = host.attach()
    host.pull(head["size"])
    host.ask(messages.RECEIPT, {"receipt": host.receipt([[1, 1, bytes(32)]])})
    host.ask(messages.CLOSE)
    world.press(signals.BUTTON_OFF)


def comes_up(world: World, original: World, durable: list[bytes], what: str) -> None:
    """Boots a fork and checks that it goes on where the journal was durable, and loses nothing."""
    agent = world.boot()
    world.settle()
    assert agent.failed is None, what
    raws = world.raws()
    assert raws[: len(durable)] == durable, f"a fork of the chain: {what}"
    verify(world)
    faults = [body["what"] for body in world.bodies(kinds.FAULT)]
    assert faults == [], f"an honest cut is accused: {what}"
    sealed_far_enough(world, original, what)
    size = len(raws)
    world.press(signals.BUTTON_RECORD)
    world.run(1500)
    world.press(signals.BUTTON_RECORD)
    assert world.kinds()[size:] == ["START", "SEGMENT", "STOP", "EPOCH"], what
    verify(world)


def sealed_far_enough(world: World, original: World, what: str) -> None:
    """What was recorded is sealed, but for the last second that no flush had reached, at most 5 s and a leaf of it
    beyond a CHECKPOINT.
    """
    agent = original.agent
    assert agent is not None
    for body in world.bodies(kinds.SEGMENT):
        if body["attested"] == codes.ATTESTED_RECOVERED:
            bytes_per_second = 2 * original.sound.rate
            assert body["length"] - body["attested_length"] <= 5 * bytes_per_second + versions.LEAF_SOUND, what
            running = agent.recorder._segment
            if running is not None:
                assert running.length - body["length"] <= 2 * bytes_per_second, what


def cut_the_shift(stride: int, first: int) -> int:
    world = provisioned()
    agent = world.agent
    assert agent is not None
    count = every(world, stride, first, lambda fork, what: comes_up(fork, world, [*world_raws()], what))
    kept: list[list[bytes]] = [[]]

    def world_raws() -> list[bytes]:
        if world.agent is not None:
            on, world.power.before, hook = world.power.on, None, world.power.before
            assert on
            kept[0] = world.raws()
            world.power.before = hook
        return kept[0]

    shift(world)
    return count[0]


@pytest.mark.parametrize("first", range(2))
def test_a_cut_anywhere_in_a_shift(first: int) -> None:
    assert cut_the_shift(22, 11 * first) >= 150


@pytest.mark.hunt
@pytest.mark.parametrize("first", range(4))
def test_a_cut_everywhere_in_a_shift(first: int) -> None:
    cut_the_shift(4, first)


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("seconds", [1, 9, 14])
def test_a_cut_anywhere_in_a_recovery(seconds: int, kept: bool) -> None:
    world = provisioned()
    world.press(signals.BUTTON_RECORD)
    world.run(seconds * 1000)
    broken = world.fork(seconds, kept)
    broken.boot(codes.RESET_WATCHDOG)

    def check(fork: World, what: str) -> None:
        agent = fork.boot()
        fork.settle()
        assert agent.failed is None, what
        verify(fork)
        assert fork.bodies(kinds.FAULT) == [], what
        assert fork.kinds().count("STOP") == fork.kinds().count("START") == 1, what
        assert fork.kinds().count("INTERRUPT") == 1, what

    count = every(broken, 1, 0, check)
    broken.settle()
    verify(broken)
    assert count[0] > 15


def test_a_cut_anywhere_in_provisioning() -> None:
    world = World()
    world.boot()
    world.settle()

    def check(fork: World, what: str) -> None:
        agent = fork.boot()
        fork.settle()
        if not agent.provisioned:
            fork.seeds.clear()  # the erased ones were never used
            Host(fork).provision()
            fork.settle()
        assert agent.failed is None, what
        verify(fork)
        assert fork.kinds()[0] == "GENESIS", what
        assert fork.kinds().count("GENESIS") == 1, what

    count = every(world, 1, 0, check)
    Host(world).provision(time=WALL)
    world.settle()
    verify(world)
    assert count[0] > 15


def test_a_cut_anywhere_in_provisioning_a_used_chip() -> None:
    """Whatever flash held before is erased first; an erase may tear."""
    world = World()
    for name, image in world.flash.items():
        image[:] = bytes(len(image)) if name != "journal" else b"\x5a" * len(image)
    world.boot()
    world.settle()

    def check(fork: World, what: str) -> None:
        agent = fork.boot()
        fork.settle()
        if not agent.provisioned:
            fork.seeds.clear()
            Host(fork).provision()
            fork.settle()
        verify(fork)

    count = every(world, 3, 0, check)
    Host(world).provision()
    world.settle()
    assert count[0] > 20


def test_a_cut_while_a_segment_rotates() -> None:
    """Two segment files are open to recovery then, and two entries may be on their way."""
    world = provisioned(rate=2000)
    world.press(signals.BUTTON_RECORD)
    world.run(58_000)

    def check(fork: World, what: str) -> None:
        agent = fork.boot()
        fork.settle()
        assert agent.failed is None, what
        verify(fork)
        assert fork.bodies(kinds.FAULT) == [], what
        numbers = [body["number"] for body in fork.bodies(kinds.SEGMENT)]
        assert numbers in ([1], [1, 2]), what
        ticks = [(body["first_tick"], body["last_tick"]) for body in fork.bodies(kinds.SEGMENT)]
        assert all(abs(later[0] - before[1]) <= 1000 for before, later in pairwise(ticks)), what

    count = every(world, 3, 0, check)
    world.run(4_000)
    assert world.kinds()[-1] == "SEGMENT"
    assert count[0] > 20
