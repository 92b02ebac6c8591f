"""A recorder that boots on whatever its flash and its card hold: nothing escapes from the agent, and it settles.

Specification: "Internal flash" and "Boot recovery". The input is a list of edits, six bytes each, to what a recorder
left behind that lost its power while it recorded. Records that were changed get a right CRC, so that what reads them
meets everything that somebody with a soldering iron could write there. CPython only: it needs the whole board.
"""

from __future__ import annotations

from functools import cache

from support.board import SECTORS, NorFlash, Power, World
from support.dock import Host, provisioned

from evidock_agent.journal_ring import JournalRing
from evidock_protocol import entry, flash, kinds, sign1

EDIT = 6
EDITS = 8  # at most


@cache
def _left_behind() -> tuple[World, tuple[tuple[int, bytes], ...]]:
    """A recorder's world after a power cut in its second recording, and the records of its journal ring."""
    world = provisioned()
    world.record(700)
    Host(world).attach()
    world.press(1)
    world.run(300)
    world.cut()
    left = world.fork(0, kept=True)
    records = [(kind, bytes(data)) for _at, kind, data in JournalRing(NorFlash(left, "journal", Power())).scan()]
    return left, tuple(records)


def boots(data: bytes) -> None:
    left, records = _left_behind()
    world = left.fork(0, kept=True)
    edited = list(records)
    for at in range(0, min(len(data), EDIT * EDITS) - EDIT + 1, EDIT):
        _edit(world, edited, data[at : at + EDIT])
    _write(world, edited)
    world.boot(1 + len(data) % 4)
    world.settle()
    before = _entries(world)
    world.record(250)
    world.settle()
    after = _entries(world)
    assert after[: len(before)] == before, "what was in the journal has changed"
    previous = before[-1] if before else b""
    for raw in after[len(before) :]:
        parsed = entry.parse(raw)
        assert parsed.previous == sign1.statement_hash(previous), "a new entry does not follow the one before"
        assert parsed.kind in {row[0] for row in kinds.ENTRY_KINDS}
        previous = raw


def _entries(world: World) -> list[bytes]:
    """The journal as the agent has it; [] for one that did not come up."""
    if world.agent is None or not world.agent.journal.has_key:
        return []
    return world.raws()


def _edit(world: World, records: list[tuple[int, bytes]], edit: bytes) -> None:
    how, place, value = edit[0] % 8, int.from_bytes(edit[1:3], "big"), edit[5]
    offset = int.from_bytes(edit[3:5], "big")
    if how < 4 and records:
        number = place % len(records)
        kind, raw = records[number]
        if how == 0 and raw:
            at = offset % len(raw)
            records[number] = (kind, raw[:at] + bytes([value]) + raw[at + 1 :])
        elif how == 1:
            del records[number]
        elif how == 2:
            records.insert(offset % (len(records) + 1), (kind, raw))
        else:
            records[number] = (value, raw[: offset % (len(raw) + 1)])
    elif how == 4:
        name = sorted(world.flash)[place % len(world.flash)]
        if name != "journal":
            world.flash[name][offset % (SECTORS[name] * flash.SECTOR)] = value
    elif how == 5:
        anchor = flash.encode_anchor(place % 64, value % 4, offset * 16, offset)
        world.flash["anchor"][flash.HEAD + 16 * (value // 4) : flash.HEAD + 16 * (value // 4) + 16] = anchor
    elif world.medium is not None and world.medium.files:
        name = sorted(world.medium.files)[place % len(world.medium.files)]
        content = world.medium.files[name]
        at = offset % (len(content) + 1)
        world.medium.files[name] = content[:at] + (bytes([value]) + content[at + 1 :] if how == 6 else b"")


def _write(world: World, records: list[tuple[int, bytes]]) -> None:
    """Makes these the records of the journal ring."""
    world.flash["journal"] = bytearray(b"\xff" * (flash.SECTOR * SECTORS["journal"]))
    ring = JournalRing(NorFlash(world, "journal", Power()))
    for kind, data in records:
        if flash.record_span(len(data)) <= flash.SECTOR - flash.HEAD:
            ring.append(kind, data)
