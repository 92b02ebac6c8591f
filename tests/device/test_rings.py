"""Rings of raw sectors: torn records, anchors, keys, and erasing ahead (AT-9, AT-23)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.board import SECTORS, NorFlash, Power, World

from evidock_agent import key_ring, rings
from evidock_agent.anchor_ring import AnchorRing
from evidock_agent.journal_ring import JournalRing
from evidock_agent.key_ring import KeyRing
from evidock_protocol import flash

SEED = bytes(range(32))


def region(world: World, name: str = "journal") -> NorFlash:
    return NorFlash(world, name, Power())


def records(world: World) -> list[bytes]:
    return [data for _address, _kind, data in JournalRing(region(world)).scan()]


def test_a_ring_goes_round_and_wears_evenly() -> None:
    world = World()
    ring = rings.SectorRing(region(world), flash.MAGIC_JOURNAL)
    opened = [ring.open_next() for _ in range(SECTORS["journal"])]
    assert opened == list(range(SECTORS["journal"]))
    with pytest.raises(rings.RingFull):
        ring.open_next()
    ring.drop_oldest()
    ring.drop_oldest()
    assert [ring.open_next(), ring.open_next()] == [0, 1]
    again = rings.SectorRing(region(world), flash.MAGIC_JOURNAL)
    assert again.used == [*range(2, SECTORS["journal"]), 0, 1]


@pytest.mark.parametrize("half", [0, 1])
def test_a_torn_erase_leaves_a_sector_to_erase_again(half: int) -> None:
    """Whichever bits an erase reaches first, the sector no longer counts as used."""
    world = World()
    ring = JournalRing(region(world))
    for number in range(40):
        ring.append(flash.RECORD_ENTRY, bytes([number]) * 300)
    oldest = ring.ring.used[0]
    power = Power()
    before = bytes(world.flash["journal"][:])
    operations: list[World] = []

    def look(_count: int, tear) -> None:
        fork = world.fork(half)
        tear(fork)
        operations.append(fork)

    power.before = look
    ring.ring._region = NorFlash(world, "journal", power)
    ring.ring.drop_oldest()
    for fork in operations:
        found = rings.SectorRing(region(fork), flash.MAGIC_JOURNAL)
        if bytes(fork.flash["journal"]) != before:
            assert oldest not in found.used
            assert oldest in found.blank or found.erase_ahead()


@given(st.lists(st.binary(min_size=1, max_size=2000), max_size=20))
def test_records_are_read_back_in_order(written: list[bytes]) -> None:
    world = World()
    ring = JournalRing(region(world))
    room = ring.room()
    addresses = [ring.append(flash.RECORD_ENTRY, data) for data in written]
    assert records(world) == written
    assert [ring.read(address) for address in addresses] == written
    assert ring.room() <= room - sum(map(len, written))


def test_a_record_torn_at_any_byte_never_was() -> None:
    """And the next one is readable at once and after a boot."""
    whole = World()
    ring = JournalRing(region(whole))
    ring.append(flash.RECORD_ENTRY, b"first")
    address = ring.append(flash.RECORD_ENTRY, b"\xffsecond\x00" * 5)
    image = bytes(whole.flash["journal"])
    data_at = address + flash.RECORD_HEAD
    # Data first, from their first byte to their last, then the head.
    order = [*range(data_at, data_at + 40), *range(address, data_at)]
    for programmed in range(len(order)):
        world = World()
        world.flash["journal"][:] = image
        for at in order[programmed:]:
            world.flash["journal"][at] = 0xFF
        assert records(world) == [b"first"], programmed
        again = JournalRing(region(world))
        list(again.scan())
        again.append(flash.RECORD_ENTRY, b"third")
        assert records(world) == [b"first", b"third"], programmed


def test_records_behind_a_rotten_one_are_read() -> None:
    """Else their sequences would be given away a second time: a fork made by one flipped bit."""
    world = World()
    ring = JournalRing(region(world))
    addresses = [ring.append(flash.RECORD_ENTRY, b"%d" % number * 50) for number in range(4)]
    world.flash["journal"][addresses[1] + flash.RECORD_HEAD + 7] ^= 1
    assert [data[:1] for data in records(world)] == [b"0", b"2", b"3"]


def test_nothing_is_written_behind_a_record_that_failed() -> None:
    """Its sector ends there: what stood behind would not be read at boot."""
    world = World()
    flaky = region(world)
    ring = JournalRing(flaky)
    ring.append(flash.RECORD_ENTRY, b"first")
    power = flaky._power
    power.on = False
    with pytest.raises(rings.FlashFailed):
        ring.append(flash.RECORD_ENTRY, b"lost")
    power.on = True
    ring.append(flash.RECORD_ENTRY, b"third")
    assert records(world) == [b"first", b"third"]
    assert len(ring.ring.used) == 2


def test_flash_that_fails_is_named_in_every_ring() -> None:
    world = World()
    keys = KeyRing(region(world, "key"))
    anchors = AnchorRing(region(world, "anchor"))

    def refuse(*_values: object) -> None:
        raise OSError(5)

    keys._region.program = anchors._region.program = refuse  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(rings.FlashFailed):
        keys.store(1, SEED)
    with pytest.raises(rings.FlashFailed):
        anchors.note(1, 1, 1, 1)


def test_anchors_survive_and_torn_ones_do_not_count() -> None:
    world = World()
    anchors = AnchorRing(region(world, "anchor"))
    for number in range(600):  # over two sectors
        anchors.note(9, 1, 1000 + number, 5000 * number)
    assert AnchorRing(region(world, "anchor")).newest == (9, 1, 1599, 5000 * 599)
    at = anchors._at - flash.ANCHOR
    world.flash["anchor"][at + 4] = 0
    again = AnchorRing(region(world, "anchor"))
    assert again.newest == (9, 1, 1598, 5000 * 598)
    again.note(9, 1, 7, 8)  # behind the torn one, not over it
    assert AnchorRing(region(world, "anchor")).newest == (9, 1, 7, 8)


def test_anchors_without_an_erased_sector_are_skipped() -> None:
    world = World()
    anchors = AnchorRing(region(world, "anchor"))
    each = (flash.SECTOR - flash.HEAD) // flash.ANCHOR
    for number in range(each * SECTORS["anchor"] + 5):
        anchors.note(1, 1, number, number)
    assert anchors.newest is not None
    assert anchors.newest[2] == each * SECTORS["anchor"] - 1
    while anchors.erase_ahead():
        pass
    anchors.note(2, 2, 2, 2)
    newest = AnchorRing(region(world, "anchor")).newest
    assert newest == (2, 2, 2, 2)


def test_a_wiped_key_is_zeros_in_place() -> None:
    world = World()
    ring = KeyRing(region(world, "key"))
    slot = ring.store(3, SEED)
    assert list(ring.whole()) == [(slot, 3, SEED)]
    ring.wipe(slot)
    assert world.flash["key"][slot * flash.KEY_SLOT :][: flash.KEY_SLOT] == bytes(flash.KEY_SLOT)
    assert not list(ring.whole())


@pytest.mark.parametrize("programmed", range(1, flash.KEY_BYTES))
def test_a_torn_key_is_wiped(programmed: int) -> None:
    """A half-written key is still a secret."""
    world = World()
    ring = KeyRing(region(world, "key"))
    live = ring.store(0, bytes(32))
    at = ring.store(1, SEED) * flash.KEY_SLOT
    world.flash["key"][at + programmed : at + flash.KEY_BYTES] = b"\xff" * (flash.KEY_BYTES - programmed)
    ring.wipe_all_but(live)
    assert world.flash["key"][at : at + flash.KEY_SLOT] == bytes(flash.KEY_SLOT)
    assert [epoch for _slot, epoch, _seed in ring.whole()] == [0]


def test_keys_are_erased_ahead_only_where_none_lives() -> None:
    world = World()
    ring = KeyRing(region(world, "key"))
    slots = SECTORS["key"] * flash.SECTOR // flash.KEY_SLOT
    for epoch in range(slots - 1):
        ring.wipe(ring.store(epoch, SEED))
    live = ring.store(slots, SEED)
    with pytest.raises(key_ring.NoFreeSlot):
        ring.store(slots + 1, SEED)
    assert ring.erase_ahead()
    assert not ring.erase_ahead(), "the other sector holds the live key"
    assert [(slot, epoch) for slot, epoch, _seed in ring.whole()] == [(live, slots)]
    ring.wipe(ring.store(slots + 1, SEED))
