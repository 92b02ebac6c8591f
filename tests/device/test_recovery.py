"""Boot and boot recovery: what is sealed, what is accused, and that a recorder always comes up (AT-9, AT-33, AT-34)."""

from __future__ import annotations

import pytest
from support.board import Medium, Tear, World, verify
from support.dock import Host, provisioned

from evidock.chain import Chain
from evidock_agent import signals
from evidock_protocol import card, codes, flash, kinds, versions

SECOND = 16_000  # bytes


def cut_after(seconds: int) -> tuple[World, str]:
    """A recorder whose power went in a recording; and the path of its media without the extension."""
    world = provisioned()
    world.press(signals.BUTTON_RECORD)
    world.run(seconds * 1000)
    agent = world.agent
    assert agent is not None
    stem = f"{card.device_folder(agent.journal.device)}/R0000001/S0000001."
    world.cut()
    return world, stem


def comes_up(world: World, reset: int = codes.RESET_POWER_ON) -> World:
    agent = world.boot(reset)
    world.settle()
    assert agent.failed is None
    assert world.kinds().count("STOP") == world.kinds().count("START")
    return world


def faults(world: World) -> list[int]:
    return [body["what"] for body in world.bodies(kinds.FAULT)]


def the_card(world: World) -> Medium:
    assert world.medium is not None
    return world.medium


def test_an_honest_cut_is_sealed_and_accused_of_nothing() -> None:
    world, _stem = cut_after(14)
    comes_up(world, codes.RESET_WATCHDOG)
    (segment,) = world.bodies(kinds.SEGMENT)
    assert segment["attested"] == codes.ATTESTED_RECOVERED
    assert segment["attested_length"] > 11 * SECOND
    assert segment["length"] > 12 * SECOND
    assert world.bodies(kinds.INTERRUPT)[0]["cause"] == codes.CAUSE_WATCHDOG
    assert faults(world) == []
    verify(world)


def test_a_checkpoint_that_waited_for_its_turn_accuses_nobody() -> None:
    """A docking's signatures take a second on a small board; the card is flushed meanwhile."""
    world = provisioned()
    world.press(signals.BUTTON_RECORD)
    world.run(7900)
    agent = world.agent
    assert agent is not None

    def slow():
        while world.clock.now < until:
            yield

    until = world.clock.now + 1200
    agent.add_job(slow())
    world.run(1000)
    world.cut()
    comes_up(world)
    assert faults(world) == []
    (segment,) = world.bodies(kinds.SEGMENT)
    assert segment["length"] - segment["attested_length"] > 4 * SECOND


@pytest.mark.parametrize("left", [0, 100, card.WAV_HEADER, 5 * SECOND, 11 * SECOND])
def test_a_trimmed_card_is_a_loss(left: int) -> None:
    """AT-33."""
    world, stem = cut_after(14)
    the_card(world).files[stem + "WAV"] = the_card(world).files[stem + "WAV"][:left]
    comes_up(world)
    assert codes.FAULT_MEDIA_LOST in faults(world)
    assert world.bodies(kinds.SEGMENT) == []
    verify(world)


@pytest.mark.parametrize("medium", [None, Medium()])
def test_a_card_that_is_gone_is_a_loss(medium: Medium | None) -> None:
    world, _stem = cut_after(14)
    world.medium = medium
    comes_up(world)
    assert faults(world) == [codes.FAULT_MEDIA_LOST]
    verify(world)


def test_what_somebody_appended_is_not_sealed() -> None:
    """AT-34."""
    world, stem = cut_after(14)
    the_card(world).files[stem + "WAV"] += bytes(60 * SECOND)
    comes_up(world)
    (segment,) = world.bodies(kinds.SEGMENT)
    assert faults(world) == [codes.FAULT_RECOVERED_EXCESS]
    assert segment["length"] <= segment["attested_length"] + 5 * SECOND + versions.LEAF_SOUND
    verify(world)


def test_what_somebody_changed_is_not_sealed() -> None:
    world, stem = cut_after(14)
    media = bytearray(the_card(world).files[stem + "WAV"])
    media[3 * SECOND] ^= 1
    the_card(world).files[stem + "WAV"] = bytes(media)
    comes_up(world)
    assert world.bodies(kinds.SEGMENT) == []
    assert codes.FAULT_MEDIA_LOST in faults(world)


@pytest.mark.parametrize("garbage", [b"", b"\0" * 900, b"\xd2\x84\x58\x2a" * 300])
def test_checkpoints_that_are_gone_or_torn(garbage: bytes) -> None:
    world, stem = cut_after(14)
    the_card(world).files[stem + "CKP"] = garbage
    comes_up(world)
    (segment,) = world.bodies(kinds.SEGMENT)
    assert segment["attested_length"] == card.WAV_HEADER
    assert segment["length"] <= card.WAV_HEADER + 5 * SECOND + versions.LEAF_SOUND
    assert codes.FAULT_RECOVERED_EXCESS in faults(world)
    verify(world)


@pytest.mark.parametrize("operation", range(1, 16))
def test_a_card_that_fails_in_recovery_stops_no_boot(operation: int) -> None:
    """Else the recorder would crash at every boot until somebody took the card out."""
    world, _stem = cut_after(14)
    world.boot()
    count = [0]

    def before(_number: int, _tear: Tear) -> None:
        count[0] += 1
        if count[0] == operation and world.medium is not None:
            world.medium.failing = True

    world.power.before = before
    world.settle()
    world.power.before = None
    assert world.agent is not None
    assert world.agent.failed is None
    assert world.kinds().count("STOP") == 1
    the_card(world).failing = False
    world.boot()
    world.settle()
    world.record(1500)
    assert world.bodies(kinds.SEGMENT)
    verify(world, media=False)


def test_a_cut_before_the_first_flush_leaves_an_empty_recording() -> None:
    world = provisioned()
    world.press(signals.BUTTON_RECORD)
    world.run(200)
    world.cut()
    comes_up(world)
    assert world.bodies(kinds.STOP)[0]["segments"] == 0
    assert faults(world) == []


def test_boots_without_end_and_without_a_card_leave_a_recorder_that_docks_with_one() -> None:
    """A full journal waits for a card, and works again with it."""
    world = provisioned()
    medium = world.medium
    world.medium = None
    for _ in range(400):
        agent = world.boot()
        world.settle()
        if agent.journal_full:
            break
    assert world.agent is not None
    assert world.agent.journal_full
    world.medium = medium
    world.run(1000)
    world.settle()
    assert not world.agent.journal_full
    world.record(2000)
    assert world.kinds()[-4:] == ["START", "SEGMENT", "STOP", "EPOCH"]
    host = Host(world)
    size = host.attach()["size"]
    assert len(host.pull(size)) == size
    world.boot()
    world.settle()
    world.record(1000)
    assert world.bodies(kinds.START)[-1]["recording"] == 2


def test_boots_without_end_never_fill_a_recorder_with_a_card() -> None:
    """Nothing but boots for a year: the key changes, and the ring lets go of what the card has."""
    world = provisioned()
    for _ in range(420):
        agent = world.boot()
        world.settle()
        world.step()
        world.settle()
        assert not agent.journal_full
    assert world.agent is not None
    assert world.agent.journal.first > 0
    host = Host(world)
    size = host.attach()["size"]
    chain = Chain(world.agent.journal.device)
    for raw in host.pull(size)[:size]:
        chain.accept(raw)


def test_flash_of_another_version_is_left_alone() -> None:
    world = provisioned()
    address = flash.HEAD + flash.RECORD_HEAD
    head = flash.encode_record_head(flash.RECORD_ENTRY, b"\xa0" * 300)
    world.flash["identity"][flash.HEAD :] = head + b"\xa0" * 300 + world.flash["identity"][address + 300 :]
    before = {name: bytes(image) for name, image in world.flash.items()}
    agent = world.boot()
    world.settle()
    assert agent.failed is not None
    assert {name: bytes(image) for name, image in world.flash.items()} == before


def test_flash_that_fails_ends_the_service_but_not_the_loop() -> None:
    world = provisioned()
    agent = world.agent
    assert agent is not None
    world.flash["journal"][:] = bytes(len(world.flash["journal"]))
    world.press(signals.BUTTON_RECORD)
    assert agent.failed is not None
    assert world.board is not None
    assert world.board.shown == signals.INDICATE_FAULT
    world.run(2000)
    world.press(signals.BUTTON_OFF)
    assert world.agent is None
