"""Operations of a log, and the images as they stand between two of them or in the middle of one.

Architecture: "Where bytes live" (NOR rules; whole sectors of a card may tear).
"""

import os
import struct
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from evidock_protocol.flash import SECTOR
from evidock_simulator.replay.overlay import RECORD

FLASH, CARD = 0, 1
WHOLE = "whole"  # the operation did not take place
HEAD = "head"  # its beginning did
TAIL = "tail"  # its end did
MIXED = "mixed"  # some of its bytes, or bits of a page, did


class Operation(NamedTuple):
    """One program, erase or sector write, and what held before it."""

    medium: int
    offset: int
    data: bytes
    step: int
    """Of the scenario."""
    durable: int
    """Entries of the journal."""
    heard: int
    """Bytes that hosts had sent and the recorder had read."""
    time: int
    """Simulated milliseconds since the recorder was made."""
    boot: int

    @property
    def kind(self) -> str:
        """program, erase or sector."""
        if self.medium == CARD:
            return "sector"
        return "erase" if len(self.data) == SECTOR else "program"


def read_log(path: Path) -> list[Operation]:
    """The operations of a log; the entries that are durable never become fewer."""
    data = path.read_bytes()
    found: list[Operation] = []
    at = durable = 0
    size = struct.calcsize(RECORD)
    while at < len(data):
        medium, length, offset, step, entries, *rest = struct.unpack_from(RECORD, data, at)
        durable = max(durable, entries)
        found.append(Operation(medium, offset, data[at + size : at + size + length], step, durable, *rest))
        at += size + length
    return found


def tears(operation: Operation) -> tuple[str, ...]:
    """The ways in which power can go in an operation."""
    if operation.kind == "program" and len(operation.data) == 1:
        return (WHOLE, MIXED)
    return (WHOLE, HEAD, TAIL, MIXED) if operation.kind == "sector" else (WHOLE, HEAD, MIXED)


def torn(operation: Operation, old: bytes, how: str, number: int) -> bytes:
    """What lies there after power went in the operation; `number` makes the place differ from one to the next."""
    new = operation.data
    length = len(new)
    if how == WHOLE:
        return old
    count = 1 + (number * 2654435761 >> 7) % max(1, length - 1)
    if operation.kind == "erase":
        count = length // 2
    if how == HEAD:
        return new[:count] + old[count:]
    if how == TAIL:
        return old[:count] + new[count:]
    if operation.kind == "sector":
        return b"".join((new if at // 32 % 2 else old)[at : at + 32] for at in range(0, length, 32))
    if operation.kind == "erase":  # some bits are set already
        return bytes(byte | (0x5A if at % 3 else 0xA5) for at, byte in enumerate(old))
    return bytes(was & (byte | (0x5A if at % 2 else 0xA5)) for at, (byte, was) in enumerate(zip(new, old, strict=True)))


class Images:
    """The two image files of a player, moved along the log."""

    def __init__(self, flash: Path, card: Path):
        self.paths = (flash, card)
        self._files = [os.open(path, os.O_RDWR) for path in self.paths]
        self.applied = 0

    def apply(self, operations: Iterable[Operation]) -> None:
        """Lets operations take place."""
        for operation in operations:
            self.write(operation)
            self.applied += 1

    def write(self, operation: Operation) -> None:
        """Lets an operation of another log take place, which `kept` undoes."""
        os.pwrite(self._files[operation.medium], operation.data, operation.offset)

    def old(self, operation: Operation) -> bytes:
        """What lies where an operation writes."""
        return os.pread(self._files[operation.medium], len(operation.data), operation.offset)

    @contextmanager
    def cut(self, operation: Operation, how: str, number: int) -> Generator[None]:
        """The images as power left them in this operation, which is the next one; afterwards as before."""
        with self.kept([operation]):
            left = torn(operation, self.old(operation), how, number)
            os.pwrite(self._files[operation.medium], left, operation.offset)
            yield

    @contextmanager
    def kept(self, operations: Iterable[Operation]) -> Generator[None]:
        """Undoes afterwards what these operations, whole or in part, change."""
        undo = [(self._files[one.medium], self.old(one), one.offset) for one in operations]
        try:
            yield
        finally:
            for file, data, offset in reversed(undo):
                os.pwrite(file, data, offset)

    def close(self) -> None:
        """Lets go of the files."""
        for file in self._files:
            os.close(file)
