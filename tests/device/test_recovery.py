"""Boot and boot recovery: what is sealed, what is accused, and that a recorder always comes up (AT-9, AT-33, AT-34)."""

from __future__ import annotations

import struct

import pytest
from support.board import Medium, Tear, World, verify
from support.dock import Host, provisioned

from evidock.chain import Chain
from evidock_agent import signals
from evidock_agent.recorder import CHECKPOINT_MS, FLUSH_MS
from evidock_protocol import card, codes, flash, kinds, messages, versions, wav
from evidock_protocol.errors import Malformed
from evidock_protocol.wire import Refusal

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
    world.settings = b'{"resume": 0}'
    comes_up(world, codes.RESET_WATCHDOG)
    (segment,) = world.bodies(kinds.SEGMENT)
    assert segment["attested"] == codes.ATTESTED_RECOVERED
    assert segment["attested_length"] > 14 * SECOND - CHECKPOINT_MS * SECOND // 1000 - versions.LEAF_SOUND
    assert segment["length"] > 14 * SECOND - (FLUSH_MS + 400) * SECOND // 1000
    assert world.bodies(kinds.INTERRUPT)[0]["cause"] == codes.CAUSE_WATCHDOG
    assert faults(world) == []
    verify(world)


@pytest.mark.parametrize("after", [-300, 40, 120, 400, 600])
@pytest.mark.parametrize("delay", [500, 900, 1300])
def test_a_checkpoint_that_waited_for_its_turn_accuses_nobody(delay: int, after: int) -> None:
    """A docking's signatures take a second on a small board; the card is flushed meanwhile."""
    world = provisioned()
    world.press(signals.BUTTON_RECORD)
    world.run(7900)
    agent = world.agent
    assert agent is not None

    def slow():
        while world.clock.now < until:
            yield

    until = world.clock.now + delay
    agent.add_job(slow())
    world.run(delay + after)
    world.cut()
    comes_up(world)
    assert faults(world) == []
    assert len(world.bodies(kinds.SEGMENT)) == 1


@pytest.mark.parametrize("left", [0, 100, wav.WAV_HEADER, 5 * SECOND, 9 * SECOND])
def test_a_trimmed_card_is_a_loss(left: int) -> None:
    """AT-33."""
    world, stem = cut_after(14)
    the_card(world).files[stem + "WAV"] = the_card(world).files[stem + "WAV"][:left]
    comes_up(world)
    assert codes.FAULT_MEDIA_LOST in faults(world)
    # What is left is evidence all the same: an older checkpoint vouches for it.
    sealed = [(body["length"], body["attested_length"]) for body in world.bodies(kinds.SEGMENT)]
    assert [length for length, _attested in sealed] == ([left] if left > wav.WAV_HEADER else [])
    assert all(length - attested < 5 * SECOND for length, attested in sealed)
    verify(world)


def test_planted_files_are_not_sealed() -> None:
    """AT-34: neither the number nor the headers of files on a card are the recorder's word."""
    world, stem = cut_after(14)
    for number in range(2, 12):
        planted = wav.wav_header(8000, 1, 16, 0) + b"Y" * 90_000
        the_card(world).files[stem[:-9] + card.segment_stem(number) + ".WAV"] = planted
    comes_up(world)
    assert codes.FAULT_RECOVERED_EXCESS in faults(world)
    bodies = world.bodies(kinds.SEGMENT)
    unattested = sum(body["length"] - body["attested_length"] for body in bodies)
    assert len(bodies) <= 2
    assert unattested <= 5 * SECOND + versions.LEAF_SOUND


def test_surplus_files_are_named_once() -> None:
    world, stem = cut_after(14)
    for number in range(2, 12):
        planted = wav.wav_header(8000, 1, 16, 0) + b"Y" * 900
        the_card(world).files[stem[:-9] + card.segment_stem(number) + ".WAV"] = planted
    comes_up(world)
    assert [(body["what"], body["segment"]) for body in world.bodies(kinds.FAULT)] == [
        (codes.FAULT_RECOVERED_EXCESS, 3)
    ]


def test_a_header_that_lies_about_the_rate_seals_nothing() -> None:
    """AT-34, AT-4: the rate is the board's, not the card's."""
    world, stem = cut_after(14)
    media = bytearray(the_card(world).files[stem + "WAV"])
    struct.pack_into("<I", media, 24, 0x7FFFFFFF)
    the_card(world).files[stem + "WAV"] = bytes(media) + b"X" * 3_000_000
    comes_up(world)
    assert world.bodies(kinds.SEGMENT) == []
    assert faults(world) == [codes.FAULT_RECOVERED_EXCESS, codes.FAULT_MEDIA_LOST]


def test_a_start_that_rotted_is_named_and_nothing_of_it_is_given_twice() -> None:
    """Neither its number, nor its recording's, nor the names of its media; and the recorder records."""
    world = provisioned()
    world.press(signals.BUTTON_RECORD)
    world.run(14_000)
    agent = world.agent
    assert agent is not None
    start = agent.journal._addresses[agent.recorder.start_sequence]
    world.cut()
    world.flash["journal"][start + 60] ^= 1
    before = dict(the_card(world).files)
    lost = agent.recorder.start_sequence
    agent = world.boot()
    world.settle()
    assert agent.failed is None
    assert agent.journal.raw(lost) == b""
    raws = [raw for raw in world.raws() if raw]
    assert [body["first"] for body in world.bodies_of(kinds.JOURNAL, raws)] == [lost]
    assert [body["values"] for body in world.bodies_of(kinds.FAULT, raws)] == [[codes.REGION_JOURNAL, 0]]
    world.record(2000)
    assert [body["recording"] for body in world.bodies_of(kinds.START, [raw for raw in world.raws() if raw])] == [3]
    copy = {path: data for path, data in before.items() if "JOURNAL" not in path}
    assert {path: data for path, data in the_card(world).files.items() if path in copy} == copy


def test_a_journal_that_ends_before_its_anchor_is_not_gone_on_with() -> None:
    """The sector with the START was erased: nothing tells how many numbers were given in it."""
    world = provisioned()
    world.press(signals.BUTTON_RECORD)
    world.run(14_000)
    agent = world.agent
    assert agent is not None
    start = agent.journal._addresses[agent.recorder.start_sequence]
    world.cut()
    end = (start // flash.SECTOR + 1) * flash.SECTOR
    world.flash["journal"][start:end] = b"\xff" * (end - start)
    before = dict(the_card(world).files)
    agent = world.boot()
    world.settle()
    assert agent.failed is not None
    world.press(signals.BUTTON_RECORD)
    world.run(2000)
    assert {path: data for path, data in the_card(world).files.items() if path in before} == before


def test_media_that_lie_there_are_not_written_over() -> None:
    world = provisioned()
    agent = world.agent
    assert agent is not None
    path = f"{card.device_folder(agent.journal.device)}/R0000001/S0000001.WAV"
    the_card(world).files[path] = b"evidence"
    world.record(1500)
    assert the_card(world).files[path] == b"evidence"
    assert world.bodies(kinds.STOP)[0]["recording"] == 2
    verify(world)


@pytest.mark.parametrize("rot", [4, 100])
def test_a_rotten_identity_gives_no_journal_away(rot: int) -> None:
    """Neither its head nor its entry: GENESIS is in the ring as well."""
    world = provisioned()
    world.record(2000)
    device = world.agent.journal.device if world.agent else b""
    world.cut()
    world.flash["identity"][rot] ^= 1
    agent = world.boot()
    world.settle()
    assert agent.failed is None
    assert (agent.provisioned, agent.journal.device) == (True, device)
    with pytest.raises(Refusal) as refused:
        Host(world).provision()
    assert refused.value.code == messages.ALREADY_PROVISIONED
    verify(world)


def test_a_rotten_identity_whose_genesis_left_the_ring_ends_the_service() -> None:
    world = provisioned()
    world.drop_entries()
    world.cut()
    world.flash["identity"][100] ^= 1
    agent = world.boot()
    world.settle()
    assert agent.failed is not None
    assert agent.provisioned
    with pytest.raises(Refusal):
        Host(world).provision()


def test_a_source_that_does_not_start_is_a_fault_of_capture() -> None:
    world = provisioned()
    assert world.board is not None

    def start() -> None:
        raise OSError(5)

    world.board.capture.start = start
    world.press(signals.BUTTON_RECORD)
    assert world.agent is not None
    assert (world.agent.failed, world.agent.recording) == (None, None)
    assert faults(world) == [codes.FAULT_CAPTURE]
    assert world.kinds()[-4:] == ["FAULT", "INTERRUPT", "STOP", "EPOCH"]


@pytest.mark.parametrize("error", [Malformed("x"), ValueError("x"), OverflowError("x")])
def test_no_error_of_a_job_escapes(error: Exception) -> None:
    """A recorder that resets at it would meet it again."""
    world = provisioned()
    agent = world.agent
    assert agent is not None

    def job():
        yield
        raise error

    agent.add_job(job())
    world.settle()
    assert agent.failed is not None


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
    verify(world, genuine=False)


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
    assert segment["attested_length"] == wav.WAV_HEADER
    assert segment["length"] <= wav.WAV_HEADER + 5 * SECOND + versions.LEAF_SOUND
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
    """Nothing but boots for months: the key changes, and the ring lets go of what the card has."""
    world = provisioned()
    for _ in range(240):
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


def rot(world: World, sequence: int) -> None:
    """Turns a bit of an entry in the ring over, after a cut."""
    agent = world.agent
    assert agent is not None
    address = agent.journal._addresses[sequence - agent.journal.first]
    world.cut()
    world.flash["journal"][address + flash.RECORD_HEAD + 60] ^= 1


def test_an_older_entry_that_rots_later_is_named_too() -> None:
    """Else what a JOURNAL entry covers would hide nothing, and yet this one would look like a broken chain."""
    world = provisioned()
    world.record(1500)
    for sequence in (5, 3):
        rot(world, sequence)
        world.boot()
        world.settle()
    found = world.bodies_of(kinds.JOURNAL, [raw for raw in world.raws() if raw])
    assert [(body["first"], body["last"]) for body in found] == [(5, 5), (3, 3)]
    world.boot()
    world.settle()
    assert len(world.bodies_of(kinds.JOURNAL, [raw for raw in world.raws() if raw])) == 2


def test_a_recording_whose_start_rotted_keeps_its_number() -> None:
    """On another card no folder shows that it was given."""
    world = provisioned()
    world.record(1500)
    world.press(signals.BUTTON_RECORD)
    world.run(8000)
    agent = world.agent
    assert agent is not None
    start = agent.recorder.start_sequence
    world.press(signals.BUTTON_MARK)
    rot(world, start)
    world.medium = Medium()
    world.boot()
    world.settle()
    world.record(1500)
    starts = world.bodies_of(kinds.START, [raw for raw in world.raws() if raw])
    assert [body["recording"] for body in starts] == [1, 3]


def test_a_planted_folder_with_the_last_number_leaves_numbers() -> None:
    world = provisioned()
    the_card(world).files[f"{world.agent.folder if world.agent else ''}/R9999999/S0000001.WAV"] = b"planted"
    world.boot()
    world.settle()
    world.record(1500)
    assert [body["recording"] for body in world.bodies(kinds.START)] == [1]


def test_a_card_that_fails_in_recovery_is_named_with_the_segment_that_it_failed_at() -> None:
    world, _stem = cut_after(14)
    stem_of_second = _stem[:-2] + "2."
    the_card(world).files[stem_of_second + "WAV"] = the_card(world).files[_stem + "WAV"]
    world.boot()

    def before(_number: int, _tear: Tear) -> None:
        if world.agent is not None and world.kinds().count("SEGMENT") == 1 and world.medium is not None:
            world.medium.failing = True

    world.power.before = before
    world.settle()
    world.power.before = None
    named = [(body["what"], body["segment"]) for body in world.bodies(kinds.FAULT)]
    assert (codes.FAULT_STORAGE, 2) in named
