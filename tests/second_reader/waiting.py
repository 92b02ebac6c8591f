"""Section "Verification of a chain", "Recordings", step 7: how long a recorder may wait for an encoder's files."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from .entries import Entry

CLOSING = 15_000
BYTES_A_SECOND = 131_072
LEFT_OPEN, FILE_GONE, CHANGED_WHILE_HASHED, EMPTY_FILE, TOO_LONG = 5, 6, 7, 8, 9
OF_ENCODER = LEFT_OPEN, FILE_GONE, CHANGED_WHILE_HASHED, EMPTY_FILE, TOO_LONG


@dataclass(frozen=True)
class Told:
    """An entry that tells of an encoder's file, and how many bytes of it were hashed."""

    boot: int
    ticks: int
    hashed: int

    @classmethod
    def of(cls, entry: Entry, hashed: int) -> Self:
        return cls(entry.fields.integer("boot"), entry.fields.integer("ticks"), hashed)


def told_until(entries: Iterable[Told], boot: int, ticks: int) -> int:
    """The last of the entries behind these ticks, each of which stands soon enough after the one before."""
    for entry in entries:
        if entry.boot == boot and entry.ticks > ticks:
            if entry.ticks - ticks > CLOSING + entry.hashed * 1000 // BYTES_A_SECOND:
                break
            ticks = entry.ticks
    return ticks
