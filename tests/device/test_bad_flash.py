"""Internal flash that somebody or time has damaged: the recorder starts, records, says so once, and keeps what it had.

Each region in turn, sectors, heads and single entries; with the card's copy of the journal and without it.
"""

from __future__ import annotations

from typing import Any

import pytest
from support.board import SECTORS, NorFlash, Power, World, verify
from support.dock import Host, provisioned

from evidock.chain import Chain
from evidock_agent import signals
from evidock_agent.journal_ring import JournalRing
from evidock_protocol import codes, entry, flash, kinds, merkle, sign1

GARBAGE = bytes((7 * at + at // 251 + 5) % 255 for at in range(flash.SECTOR))  # without 0xFF, and no records


_kept: list[World] = []
_kept_raws: list[bytes] = []


def left_behind() -> World:
    """A recorder with two recordings that has lost its power, and whose card has all of the journal."""
    if not _kept:
        world = provisioned()
        for _ in range(2):
            world.record(1500)
            world.boot()
            world.settle()
        _kept_raws.extend(world.raws())
        world.cut()
        _kept.append(world)
    return _kept[0].fork(0)


def lived() -> World:
    """The same, booted once more."""
    world = left_behind()
    world.boot()
    world.settle()
    return world


def cut(world: World) -> list[bytes]:
    """Power goes; the journal as it was."""
    raws = world.raws()
    world.cut()
    return raws


def comes_up(world: World) -> list[bytes]:
    """Boots, records and verifies what can be; the journal's entries, b"" for those that flash lost."""
    agent = world.boot()
    world.settle()
    assert agent.failed is None
    world.record(1500)
    assert world.bodies_of(kinds.STOP, world.raws())[-1]["segments"] == 1
    return world.raws()


def damage(raws: list[bytes]) -> list[list[int]]:
    """[region, sector] of each FAULT flash."""
    bodies = World.bodies_of(kinds.FAULT, raws)
    return [body["values"] for body in bodies if body["what"] == codes.FAULT_FLASH]


def addresses(world: World, *sequences: int) -> list[int]:
    journal: Any = world.agent.journal if world.agent else None
    return [journal._addresses[sequence - journal.first] for sequence in sequences]


def rotten(world: World, *sequences: int) -> list[bytes]:
    """Cuts power and turns bits of these entries over; the journal as it was."""
    places = addresses(world, *sequences)
    raws = cut(world)
    for place in places:
        world.flash["journal"][place + flash.RECORD_HEAD + 60] ^= 0x11
    return raws


def said_once(world: World, expected: list[list[int]]) -> None:
    for _ in range(2):
        world.boot()
        world.settle()
        assert damage(world.raws()) == expected


def tree_of(raws: list[bytes]) -> bytes:
    tree = merkle.TreeHasher()
    for raw in raws:
        tree.append(merkle.leaf_hash(sign1.statement_hash(raw)))
    return tree.root()


@pytest.mark.parametrize("place", [8, flash.HEAD + 100])
def test_a_damaged_identity_is_named_once(place: int) -> None:
    world = lived()
    raws = cut(world)
    world.flash["identity"][place] ^= 1
    found = comes_up(world)
    assert found[: len(raws)] == raws
    assert damage(found) == [[codes.REGION_IDENTITY, 0]]
    said_once(world, [[codes.REGION_IDENTITY, 0]])
    verify(world)


def test_garbage_in_the_key_region_is_named_and_wiped() -> None:
    world = lived()
    journal: Any = world.agent.journal if world.agent else None
    free = 1 - journal._slot * flash.KEY_SLOT // flash.SECTOR
    cut(world)
    world.flash["key"][free * flash.SECTOR : (free + 1) * flash.SECTOR] = GARBAGE
    found = comes_up(world)
    assert damage(found) == [[codes.REGION_KEYS, free]]
    said_once(world, [[codes.REGION_KEYS, free]])
    verify(world)


def test_garbage_in_the_anchor_region_is_named_and_erased() -> None:
    world = lived()
    cut(world)
    world.flash["anchor"][2 * flash.SECTOR : 3 * flash.SECTOR] = GARBAGE
    found = comes_up(world)
    assert damage(found) == [[codes.REGION_ANCHORS, 2]]
    said_once(world, [[codes.REGION_ANCHORS, 2]])
    verify(world)


def test_garbage_in_an_unused_sector_of_the_journal_is_named_and_erased() -> None:
    world = lived()
    cut(world)
    world.flash["journal"][20 * flash.SECTOR : 21 * flash.SECTOR] = GARBAGE
    found = comes_up(world)
    assert damage(found) == [[codes.REGION_JOURNAL, 20]]
    said_once(world, [[codes.REGION_JOURNAL, 20]])
    verify(world)


@pytest.mark.parametrize(("which", "place"), [(0, 1), (1, 5), (-1, 9), (-1, 13)])
def test_a_sector_whose_head_rotted_keeps_its_entries(which: int, place: int) -> None:
    """It would be erased as a torn one is, with all that it holds."""
    world = lived()
    for _ in range(30):
        world.run(2000)
        world.press(signals.BUTTON_MARK)
    world.boot()
    world.settle()
    ring: Any = world.agent.journal.ring.ring if world.agent else None
    assert len(ring.used) > 2
    sector = ring.used[which]
    raws = cut(world)
    world.flash["journal"][sector * flash.SECTOR + place] ^= 4
    found = comes_up(world)
    assert found[: len(raws)] == raws
    assert damage(found) == [[codes.REGION_JOURNAL, sector]]
    said_once(world, [[codes.REGION_JOURNAL, sector]])
    verify(world)


def test_a_sector_of_garbage_in_the_middle_of_the_ring_is_had_back_from_the_card() -> None:
    world = lived()
    for _ in range(40):
        world.run(2000)
        world.press(signals.BUTTON_MARK)
    world.boot()
    world.settle()
    ring: Any = world.agent.journal.ring.ring if world.agent else None
    sector = ring.used[1]
    raws = cut(world)
    start = sector * flash.SECTOR
    world.flash["journal"][start + flash.HEAD : start + flash.SECTOR] = GARBAGE[flash.HEAD :]
    found = comes_up(world)
    lost = [number for number, raw in enumerate(found) if not raw]
    assert 5 < len(lost) < 20
    assert found[: len(raws)] == [b"" if number in lost else raw for number, raw in enumerate(raws)]
    assert world.bodies_of(kinds.JOURNAL, found) == [{"first": lost[0], "last": lost[-1], "place": codes.PLACE_RING}]
    assert damage(found) == [[codes.REGION_JOURNAL, sector]]
    assert world.agent is not None
    assert world.agent.journal.tree.root() == tree_of(raws + found[len(raws) :])
    said_once(world, [[codes.REGION_JOURNAL, sector]])
    assert world.agent.journal.tree.root() == tree_of(raws + world.raws()[len(raws) :]), "an EPOCH has its hash"
    host = Host(world)
    pulled = host.pull(host.attach()["size"])
    assert pulled[: len(raws)] == raws, "the card has what the ring lost"


@pytest.mark.parametrize("has_card", [True, False])
def test_a_start_that_rotted_while_its_recording_ran_is_had_back_from_the_card(has_card: bool) -> None:
    """With it the recording is recovered; without it at least the loss is named."""
    world = provisioned()
    world.press(signals.BUTTON_RECORD)
    world.run(65_000)
    start = world.agent.recorder.start_sequence if world.agent else 0
    raws = rotten(world, start)
    if not has_card:
        world.medium = None
    world.boot()
    world.settle()
    found = world.raws()
    assert found[: len(raws)] == [*raws[:start], b"", *raws[start + 1 :]]
    assert [body["first"] for body in world.bodies_of(kinds.JOURNAL, found)] == [start]
    recovered = [body["attested"] for body in world.bodies_of(kinds.SEGMENT, found)]
    assert recovered == [codes.ATTESTED_INLINE, *[codes.ATTESTED_RECOVERED] * has_card]
    assert len(world.bodies_of(kinds.STOP, found)) == has_card


@pytest.mark.parametrize("kind", [kinds.STOP, kinds.EPOCH])
@pytest.mark.parametrize("has_card", [True, False])
def test_a_newest_entry_that_rotted_is_had_back_or_passed_over(kind: int, has_card: bool) -> None:
    """Never is its number given twice. What follows an EPOCH that is lost is signed by a key that nothing names."""
    world = lived()
    if kind == kinds.EPOCH:
        world.record(1500)
    else:
        world.press(signals.BUTTON_RECORD)
        world.run(2000)
        agent: Any = world.agent

        def no_epoch(_reason: int):
            yield

        agent.journal.change_epoch = no_epoch
        world.press(signals.BUTTON_RECORD)
    assert world.entries()[-1].kind == kind
    if has_card:
        agent = world.agent
        agent.add_job(agent.mirror.catch_up(agent.journal))
        world.settle()
    newest = len(world.raws()) - 1
    raws = rotten(world, newest)
    found = comes_up(world)
    assert world.agent is not None
    if has_card:
        assert found[: len(raws)] == raws
        assert world.bodies_of(kinds.JOURNAL, found) == []
        assert [entry.parse(raw).sequence for raw in found] == list(range(len(found)))
        verify(world)
    else:
        assert found[: len(raws)] == [*raws[:-1], b""]
        assert [body["first"] for body in world.bodies_of(kinds.JOURNAL, found)] == [newest]
        after = [entry.parse(raw) for raw in found[len(raws) :]]
        assert [item.sequence for item in after] == list(range(len(raws), len(found)))
        assert after[0].previous == entry.ZERO_HASH
        assert after[0].epoch == entry.parse(raws[-1]).epoch + (kind == kinds.EPOCH)
        root = world.agent.journal.tree.root()
        world.boot()
        world.settle()
        assert world.agent is not None
        world.agent.journal.device = after[0].device
        tree = merkle.TreeHasher()
        for raw in world.raws():
            tree.append(merkle.leaf_hash(sign1.statement_hash(raw) if raw else entry.ZERO_HASH))
        assert world.agent.journal.tree.root() == tree.root() != root, "each boot has the same tree"
    assert len(damage(found)) == 1
    said_once(world, damage(found))


def test_a_recording_lost_with_the_newest_entry_leaves_its_number() -> None:
    """On another card no folder shows that it was given."""
    world = lived()
    world.press(signals.BUTTON_RECORD)
    world.run(300)
    rotten(world, len(world.raws()) - 1)
    world.medium = None
    world.boot()
    world.settle()
    world.boot()
    world.settle()
    world.press(signals.BUTTON_RECORD)
    starts = world.bodies_of(kinds.START, world.raws())
    assert [body["recording"] for body in starts] == [1, 2, 4]


def test_a_copy_that_somebody_took_an_entry_out_of_is_set_aside() -> None:
    """The ring would let go of what the copy seems to have."""
    world = lived()
    assert world.agent is not None
    path = world.agent.folder + "/JOURNAL.CBS"
    raws = cut(world)
    assert world.medium is not None
    world.medium.files[path] = b"".join(raws[:5] + raws[6:])
    found = comes_up(world)
    world.boot()
    world.settle()
    copy = world.medium.files[path]
    assert copy.startswith(b"".join(raws))
    assert any("JOURNAL.O" in name for name in world.medium.files)
    assert found[: len(raws)] == raws


def test_entries_of_somebody_else_on_the_card_are_not_had_back() -> None:
    """A copy whose entry has another signature, or another recorder's."""
    world = lived()
    newest = len(world.raws()) - 1
    assert world.agent is not None
    path = world.agent.folder + "/JOURNAL.CBS"
    agent: Any = world.agent
    agent.add_job(agent.mirror.catch_up(agent.journal))
    world.settle()
    raws = rotten(world, newest)
    assert world.medium is not None
    copy = bytearray(world.medium.files[path])
    assert bytes(copy).endswith(raws[-1])
    copy[-3] ^= 1
    world.medium.files[path] = bytes(copy)
    found = comes_up(world)
    assert found[newest] == b""


def test_an_epoch_for_which_no_key_slot_was_erased_is_owed() -> None:
    world = provisioned()
    journal: Any = world.agent.journal if world.agent else None
    while journal.epoch_owed is None:
        list(journal.change_epoch(codes.EPOCH_TIME))
    assert journal.epoch_owed == codes.EPOCH_TIME
    while journal._keys.erase_ahead():
        pass
    list(journal.change_epoch(journal.epoch_owed))
    assert journal.epoch_owed is None
    verify(world)


def test_a_change_of_key_that_is_owed_is_made_in_idle_time() -> None:
    world = provisioned()
    journal: Any = world.agent.journal if world.agent else None
    while journal.epoch_owed is None:
        list(journal.change_epoch(codes.EPOCH_STOP))
    epoch = journal.epoch
    world.press(signals.BUTTON_MARK)
    world.run(1000)
    assert (journal.epoch_owed, journal.epoch) == (None, epoch + 1)
    assert world.bodies(kinds.EPOCH)[-1]["reason"] == codes.EPOCH_STOP
    verify(world)


def full_anchors(world: World) -> None:
    """The anchor ring has no erased sector left."""
    anchors: Any = world.agent.anchors if world.agent else None
    anchors.ring.blank.clear()
    anchors._at = anchors._end


def test_a_full_anchor_ring_is_told_once_in_a_recording() -> None:
    world = provisioned()
    for number in (1, 2):
        world.press(signals.BUTTON_RECORD)
        full_anchors(world)
        world.run(30_000)
        world.press(signals.BUTTON_RECORD)
        world.run(2000)
        told = [body for body in world.bodies(kinds.FAULT) if body["what"] == codes.FAULT_ANCHORS_FULL]
        assert [(body["recording"], body["values"]) for body in told] == [(one + 1, []) for one in range(number)]
    verify(world, genuine=False)


@pytest.mark.parametrize("short", [False, True])
def test_anchors_are_spared_when_the_ring_runs_short(short: bool) -> None:
    """The first one comes with the first round all the same."""
    world = provisioned()
    world.press(signals.BUTTON_RECORD)
    anchors: Any = world.agent.anchors if world.agent else None
    note = anchors.note
    noted: list[int] = []

    def noting(start: int, number: int, length: int, tick: int) -> None:
        noted.append(world.clock.now)
        note(start, number, length, tick)

    anchors.note = noting
    if short:
        del anchors.ring.blank[1:]
    began = world.clock.now
    world.run(50_000)
    assert noted[0] - began < 6000
    assert 3 <= len(noted) <= 4 if short else 10 <= len(noted) <= 13
    world.press(signals.BUTTON_RECORD)


def test_a_full_anchor_ring_says_so() -> None:
    world = provisioned()
    anchors: Any = world.agent.anchors if world.agent else None
    each = (flash.SECTOR - flash.HEAD) // flash.ANCHOR
    for number in range(each * SECTORS["anchor"]):
        anchors.note(1, 1, number, number)
        assert not anchors.is_full
    anchors.note(1, 1, 1, 1)
    assert anchors.is_full
    anchors.erase_ahead()
    anchors.note(1, 1, 1, 1)
    assert not anchors.is_full


def test_a_torn_record_is_told_from_one_that_rotted() -> None:
    """Whatever a power cut leaves of a program is no damage of flash."""
    whole = World()
    ring = JournalRing(NorFlash(whole, "journal", Power()))
    ring.append(flash.RECORD_ENTRY, b"first" * 9)
    address = ring.append(flash.RECORD_ENTRY, b"second" * 9)
    image = bytes(whole.flash["journal"])
    order = [*range(address + flash.RECORD_HEAD, ring._at), *range(address, address + flash.RECORD_HEAD)]
    for programmed in range(len(order)):
        for left in (0xA5, 0x7F):
            world = World()
            world.flash["journal"][:] = image
            for at in order[programmed:]:
                world.flash["journal"][at] = 0xFF
            world.flash["journal"][order[programmed]] = image[order[programmed]] | left
            again = JournalRing(NorFlash(world, "journal", Power()))
            list(again.scan())
            assert (again.rotten, again.lost) == ([], 0)
    for at in range(address, ring._at):
        world = World()
        world.flash["journal"][:] = image
        world.flash["journal"][at] &= ~image[at] & 0xFF if image[at] not in (0, 0xFF) else 0xFF
        again = JournalRing(NorFlash(world, "journal", Power()))
        found = list(again.scan())
        if len(found) == 1 and at >= address + 4:
            assert (again.rotten, again.lost) == ([0], 1), at - address


@pytest.mark.parametrize("ends_erased", [False, True])
def test_a_head_that_tore_in_any_of_its_bits_never_was(ends_erased: bool) -> None:
    """All of its eight bytes are programmed at once, the kind and the length as well as the CRC."""
    whole = World()
    ring = JournalRing(NorFlash(whole, "journal", Power()))
    ring.append(flash.RECORD_ENTRY, b"first" * 9)
    address = ring.append(flash.RECORD_ENTRY, b"second" * 9 + b"\xff" * 3 * ends_erased)
    image = bytes(whole.flash["journal"])
    head = image[address : address + flash.RECORD_HEAD]
    masks = [bytes(0xFF if at == one else 0 for at in range(len(head))) for one in range(len(head))]
    masks += [sign1.statement_hash(bytes([number]))[: len(head)] for number in range(200)]
    for mask in masks:
        torn = bytes(byte | left for byte, left in zip(head, mask, strict=True))
        if torn == head:
            continue
        world = World()
        world.flash["journal"][:] = image
        world.flash["journal"][address : address + len(head)] = torn
        again = JournalRing(NorFlash(world, "journal", Power()))
        assert len(list(again.scan())) == 1
        assert (again.rotten, again.lost) == ([], 0), mask


def test_what_it_lived_through_is_a_chain() -> None:
    left_behind()
    chain = Chain(entry.parse(_kept_raws[0]).device)
    for raw in _kept_raws:
        chain.accept(raw)
