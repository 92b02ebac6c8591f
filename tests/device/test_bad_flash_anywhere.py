"""Garbage at any place of any region of internal flash: nothing that stands elsewhere is lost, every loss is named."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from support.board import SECTORS, NorFlash, Power, World
from support.dock import provisioned

from evidock_agent import signals
from evidock_agent.journal_ring import JournalRing
from evidock_protocol import codes, flash, kinds

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


def damage(raws: list[bytes]) -> list[list[int]]:
    """[region, sector] of each FAULT flash."""
    bodies = World.bodies_of(kinds.FAULT, raws)
    return [body["values"] for body in bodies if body["what"] == codes.FAULT_FLASH]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(SECTORS)), st.integers(0, 1 << 20), st.binary(min_size=1, max_size=300)),
        min_size=1,
        max_size=4,
    )
)
def test_garbage_in_any_region_loses_nothing_that_stands_elsewhere(edits: list[tuple[str, int, bytes]]) -> None:
    """The recorder records, or says that it cannot; no whole entry is lost or numbered again; the loop goes on."""
    world = left_behind()
    before = list(_kept_raws)
    for name, place, data in edits:
        image = world.flash[name]
        used = len(bytes(image).rstrip(b"\xff")) or len(image)  # where something is written
        at = place % used
        image[at : at + len(data)] = data[: len(image) - at]
    records = JournalRing(NorFlash(world, "journal", Power())).scan()
    whole = {raw for _at, kind, raw in records if kind == flash.RECORD_ENTRY}
    agent = world.boot()
    world.settle()
    if agent.failed is not None or not agent.provisioned:
        world.press(signals.BUTTON_RECORD)
        world.run(500)
        return
    world.record(1500)
    after = world.raws()
    for number, raw in enumerate(before[agent.journal.first :], agent.journal.first):
        if after[number - agent.journal.first]:
            assert after[number - agent.journal.first] == raw, "a number was given twice"
        else:
            assert raw not in whole, "a whole entry is lost"
    names = {(body["first"], body["last"]) for body in world.bodies_of(kinds.JOURNAL, after)}
    for number, raw in enumerate(after, agent.journal.first):
        assert raw or any(first <= number <= last for first, last in names), "a loss without a word"
    assert not agent.journal_full
    said = damage(after)
    world.boot()
    world.settle()
    assert damage(world.raws()) == said, "told twice"
