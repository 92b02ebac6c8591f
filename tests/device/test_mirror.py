"""The journal's copy on the card: torn, behind, of another journal, and of what flash has lost (AT-9)."""

from __future__ import annotations

import pytest
from support.board import Medium, World, verify
from support.dock import Host, provisioned

from evidock.chain import Chain
from evidock_agent import signals
from evidock_protocol import card, codes, flash, kinds, messages, wire


def path(world: World, name: str = card.JOURNAL) -> str:
    assert world.agent is not None
    return card.device_folder(world.agent.journal.device) + "/" + name


def the_card(world: World) -> Medium:
    assert world.medium is not None
    return world.medium


def reboot(world: World) -> None:
    world.boot()
    world.settle()


def dropped(world: World) -> None:
    """The ring has let go of its oldest sector."""
    world.drop_entries()


def test_the_copy_is_the_journal() -> None:
    world = provisioned()
    world.record(1000)
    reboot(world)
    assert the_card(world).files[path(world)] == b"".join(world.raws())


def test_the_newest_epoch_is_copied_once_when_nothing_records() -> None:
    """Nothing else names the live key, should it rot in flash; and a card wears."""
    world = provisioned()
    world.record(2000)
    raws = world.raws()
    world.run(1000)
    assert the_card(world).files[path(world)] == b"".join(raws)
    for _ in range(5):
        world.press(signals.BUTTON_MARK)
        world.run(1500)
    before = world.power.operations
    world.run(60_000)
    assert world.power.operations == before
    assert the_card(world).files[path(world)] == b"".join(raws)


def test_a_torn_tail_is_written_over() -> None:
    whole = provisioned()
    whole.record(1000)
    reboot(whole)
    copy = the_card(whole).files[path(whole)]
    for cut in range(0, len(copy), 97):
        world = whole.fork(0)
        for tail in (b"", b"\0" * 300, b"\xd2\x84\x58\x2a" + b"\x11" * 90):
            the_card(world).files[path(whole)] = copy[:cut] + tail
            reboot(world)
            assert the_card(world).files[path(world)] == b"".join(world.raws()), cut
            assert not [name for name in the_card(world).files if ".O" in name]


def test_a_journal_that_goes_on_otherwise_is_set_aside_and_never_lost() -> None:
    """As after a rollback of flash: the card knows more than the recorder."""
    world = provisioned()
    older = world.fork(0)
    for _ in range(2):
        world.record(1000)
        reboot(world)
        ahead = the_card(world).files[path(world)]
        older.medium = the_card(world)
        reboot(older)
        assert the_card(older).files[path(older)] == b"".join(older.raws())
        assert ahead in [data for name, data in the_card(older).files.items() if ".O" in name]
        verify(older, media=False)
    assert len([name for name in the_card(older).files if ".O" in name]) == 3, "each set one aside"


def test_another_recorders_card_is_left_alone() -> None:
    first = provisioned()
    first.record(1000)
    medium = the_card(first)
    before = dict(medium.files)
    second = World(seed=2)
    second.medium = medium
    second.boot()
    second.settle()
    Host(second).provision()
    second.settle()
    second.record(1000)
    assert {name: medium.files[name] for name in before} == before
    verify(second)


def test_a_card_that_lags_behind_the_ring_is_named() -> None:
    world = provisioned()
    old = the_card(world).fork(False)
    dropped(world)
    world.medium = old
    reboot(world)
    assert [body["place"] for body in world.bodies(kinds.JOURNAL)] == [codes.PLACE_CARD]
    assert world.agent is not None
    first = world.agent.journal.first
    host = Host(world)
    host.attach()
    with pytest.raises(wire.Refusal) as refused:
        host.ask(messages.JOURNAL, {"first": first - 1, "limit": 4096})
    assert refused.value.code == messages.STORAGE
    assert any("JOURNAL.O" in name for name in old.files)
    reboot(world)
    assert len(world.bodies(kinds.JOURNAL)) == 1, "said once"


def test_what_left_the_ring_is_served_from_the_card() -> None:
    world = provisioned()
    dropped(world)
    host = Host(world)
    size = host.attach()["size"]
    raws = host.pull(size)
    assert world.agent is not None
    assert raws[world.agent.journal.first : size] == world.raws()[: size - world.agent.journal.first]
    backwards = [host.ask(messages.JOURNAL, {"first": at, "limit": 1})["entries"] for at in range(9, -1, -1)]
    assert backwards[::-1] == raws[:10]


def test_an_entry_that_flash_lost_is_named_and_numbers_go_on() -> None:
    """One flipped bit must neither fork the chain nor stop the recorder."""
    world = provisioned()
    world.record(1000)
    for _ in range(5):
        world.run(60_000)
        world.press(signals.BUTTON_MARK)
    before = world.raws()
    assert world.agent is not None
    address = world.agent.journal._addresses[-3]
    world.flash["journal"][address + flash.RECORD_HEAD + 40] ^= 1
    reboot(world)
    assert world.agent is not None
    lost = len(before) - 3
    found = world.raws()
    assert found[: len(before)] == [*before[:lost], b"", *before[lost + 1 :]]
    assert world.bodies_of(kinds.JOURNAL, found) == [{"first": lost, "last": lost, "place": codes.PLACE_RING}]
    host = Host(world)
    size = host.attach()["size"]
    assert host.ask(messages.JOURNAL, {"first": lost + 1, "limit": 10})["entries"] == before[lost + 1]
    with pytest.raises(wire.Refusal):
        host.ask(messages.JOURNAL, {"first": lost, "limit": 10})
    assert host.ask(messages.JOURNAL, {"first": lost - 1, "limit": 4096})["entries"] == before[lost - 1]
    assert host.ask(messages.JOURNAL, {"first": size - 1, "limit": 10})["entries"]
    # The tree is whole again, too: the entry behind the lost one names its hash.
    world.flash["journal"][address + flash.RECORD_HEAD + 40] ^= 1
    world.record(1000)
    repaired = [raw if raw else before[lost] for raw in world.raws()]
    chain = Chain(world.agent.journal.device)
    for raw in repaired:
        chain.accept(raw)
    assert chain.tree.root() == world.agent.journal.tree.root()
