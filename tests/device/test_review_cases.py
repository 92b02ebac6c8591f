"""What reviews found wrong, mended since: entries that rotted in flash, which the card has or has not."""

from __future__ import annotations

from support.board import World
from support.dock import provisioned

from evidock_agent import signals
from evidock_protocol import flash, merkle, sign1


def rot(world: World, *sequences: int) -> list[bytes]:
    """Cuts power and turns a bit of each entry in the ring over; the journal as it was."""
    agent = world.agent
    assert agent is not None
    raws = world.raws()
    addresses = [agent.journal._addresses[sequence - agent.journal.first] for sequence in sequences]
    world.cut()
    for address in addresses:
        world.flash["journal"][address + flash.RECORD_HEAD + 60] ^= 1
    return raws


def test_a_newest_entry_that_rotted_is_not_numbered_again() -> None:
    """AT-11, AT-14: a host that holds it would see a fork."""
    world = provisioned()
    world.record(1500)
    world.boot()  # so that the card's copy has all of it
    world.settle()
    raws = rot(world, world.agent.journal.size - 1 if world.agent else 0)
    agent = world.boot()
    world.settle()
    assert agent.failed is not None or world.raws()[len(raws) - 1] in (raws[-1], b"")


def test_two_entries_that_rotted_beside_each_other_leave_the_tree_right() -> None:
    """Else heads and the next EPOCH carry a wrong root, which a host must call FORK or CHAIN_BREAK: ALTERED."""
    world = provisioned()
    world.record(1500)
    world.press(signals.BUTTON_MARK)
    for _ in range(2):
        world.boot()
        world.settle()
    size = world.agent.journal.size if world.agent else 0
    raws = rot(world, size - 3, size - 2)
    agent = world.boot()
    world.settle()
    tree = merkle.TreeHasher()
    for raw in raws + world.raws()[len(raws) :]:
        tree.append(merkle.leaf_hash(sign1.statement_hash(raw)))
    assert agent.journal.tree.root() == tree.root()


def test_an_entry_that_rotted_before_it_was_copied_does_not_end_the_copy() -> None:
    world = provisioned()
    medium = world.medium
    world.medium = None
    world.boot()
    world.settle()
    rot(world, world.agent.journal.size - 2 if world.agent else 0)
    world.medium = medium
    world.boot()
    world.settle()
    world.record(1500)
    agent = world.agent
    assert agent is not None
    assert (agent.mirror.usable, agent.mirror.end) == (True, agent.journal.size - 2)  # STOP and EPOCH follow the copy
