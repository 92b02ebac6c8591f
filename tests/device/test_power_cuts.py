"""Power cut at every flash and card operation of a shift, of its recovery and of provisioning (AT-9, AT-23, AT-33).

Each operation is cut before it takes place and in its middle: a prefix of a page, half an erased sector, a part of a
write. The card has either lost all that was not flushed, or kept it.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from support.board import WALL, Clip, World, verify
from support.cuts import every
from support.dock import Host
from support.tracks import faults, of_track, provisioned

from evidock_agent import signals
from evidock_protocol import codes, kinds, messages


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
    assert faults(world) == [], f"an honest cut is accused: {what}"
    sealed_far_enough(world, original, what)
    size = len(raws)
    goes_on = agent.interruptions.pending is not None
    world.press(signals.BUTTON_RECORD)
    world.run(1500)
    world.press(signals.BUTTON_RECORD)
    segments = ["SEGMENT"] * len(agent.recorder.tracks)
    assert world.kinds()[size:] == ["START", *segments, *["RESUME"] * goes_on, "STOP", "EPOCH"], what
    verify(world)


def sealed_far_enough(world: World, original: World, what: str) -> None:
    """What was recorded is sealed, but for the last two seconds that no flush had reached and what was being written;
    at most 5 s and a leaf of it beyond a CHECKPOINT.
    """
    agent = original.agent
    assert agent is not None
    for body in world.bodies(kinds.SEGMENT):
        if body["attested"] == codes.ATTESTED_RECOVERED:
            bytes_per_second = 2 * original.sound.rate if body["track"] == codes.TRACK_SOUND else 5 * 600
            assert body["length"] - body["attested_length"] <= 5 * bytes_per_second + body["leaf_size"], what
            running = next((track.segment for track in agent.recorder.tracks if track.bits == body["track"]), None)
            if running is not None and running.number == body["number"]:
                assert running.length - body["length"] <= 2 * bytes_per_second + 4096, what


def cut_the_shift(stride: int, first: int, pictures: bool) -> int:
    world = provisioned(pictures=pictures)
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


@pytest.mark.parametrize(("first", "pictures"), [(0, False), (11, False), (17, True)])
def test_a_cut_anywhere_in_a_shift(first: int, pictures: bool) -> None:
    assert cut_the_shift(22 + 22 * pictures, first, pictures) >= 150


@pytest.mark.hunt
@pytest.mark.parametrize("pictures", [False, True])
@pytest.mark.parametrize("first", range(4))
def test_a_cut_everywhere_in_a_shift(first: int, pictures: bool) -> None:
    cut_the_shift(4, first, pictures)


@pytest.mark.parametrize(("seconds", "kept", "pictures"), [(9, False, False), (14, True, False), (1, False, True),
                                                           (14, True, True)])  # fmt: skip
def test_a_cut_anywhere_in_a_recovery(seconds: int, kept: bool, pictures: bool) -> None:
    """And in the recording that goes on by itself then, before and after it said with what."""
    world = provisioned(pictures=pictures)
    world.press(signals.BUTTON_RECORD)
    world.run(seconds * 1000)
    broken = world.fork(seconds, kept)
    broken.boot(codes.RESET_WATCHDOG)

    def check(fork: World, what: str) -> None:
        reset = (codes.RESET_POWER_ON, codes.RESET_BROWN_OUT)[fork.cuts // 2 % 2]
        agent = fork.boot(reset)
        fork.settle()
        assert agent.failed is None, what
        verify(fork)
        assert fork.bodies(kinds.FAULT) == [], what
        found = fork.kinds()
        running = agent.recording is not None
        assert found.count("INTERRUPT") == found.count("STOP") == found.count("START") - running, what
        assert found.count("INTERRUPT") <= 2, what
        broke_off = [item.sequence for item in fork.entries() if item.kind == kinds.INTERRUPT]
        if running:  # the newest is what it goes on with, and all before are answered
            assert reset == codes.RESET_BROWN_OUT, what
            fork.press(signals.BUTTON_RECORD)
            assert {body["interrupt"] for body in fork.bodies(kinds.RESUME)} == set(broke_off), what
        else:
            assert agent.interruptions.pending == broke_off[-1], what
            assert {body["interrupt"] for body in fork.bodies(kinds.RESUME)} == set(broke_off[:-1]), what

    count = every(broken, 1 + pictures, 0, check)
    broken.settle()
    broken.run(1500)
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


@pytest.mark.parametrize(("pictures", "stride"), [(False, 3), (True, 7)])
def test_a_cut_while_segments_rotate(pictures: bool, stride: int) -> None:
    """Two files of each track are open to recovery then, and as many entries may be on their way."""
    world = provisioned(2000, pictures)
    world.press(signals.BUTTON_RECORD)
    world.run(58_000)
    tracks = 1 + pictures

    def check(fork: World, what: str) -> None:
        agent = fork.boot()
        fork.settle()
        assert agent.failed is None, what
        verify(fork)
        assert fork.bodies(kinds.FAULT) == [], what
        numbers = [body["number"] for body in fork.bodies(kinds.SEGMENT)]
        assert numbers == list(range(1, len(numbers) + 1)), what
        assert tracks <= len(numbers) <= 2 * tracks, what
        for track in (codes.TRACK_SOUND, codes.TRACK_PICTURE)[:tracks]:
            ticks = [(body["first_tick"], body["last_tick"]) for body in of_track(fork, track)]
            assert all(abs(later[0] - before[1]) <= 1000 for before, later in pairwise(ticks)), what

    count = every(world, stride, 0, check)
    world.run(4_000)
    assert world.kinds()[-1] == "SEGMENT"
    assert count[0] > 20


@pytest.mark.parametrize("seconds", [3, 30])
def test_a_cut_with_an_encoder_names_its_file(seconds: int) -> None:
    """Nothing vouches for it: its sound is sealed, its own file is not."""
    world = provisioned(pictures=False, clip=Clip())
    world.press(signals.BUTTON_RECORD)
    world.run(seconds * 1000)
    world.cut()
    world.boot()
    world.settle()
    assert [(what, number) for what, number, _values in faults(world)] == [(codes.FAULT_RECOVERED_EXCESS, 2)]
    assert faults(world)[0][2][0] == 0
    assert [body["number"] for body in world.bodies(kinds.SEGMENT)] == [1]
    verify(world)
