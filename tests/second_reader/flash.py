"""Section "Internal flash": what does not hold is None, as if it were not there."""

import zlib
from dataclasses import dataclass

JOURNAL_RING, ANCHOR_RING, IDENTITY, KEY_SLOT = b"EVJ1", b"EVA1", b"EVI1", b"EVK1"
PRIVATE_RECORD, ENTRY_RECORD = 1, 2
NO_SEQUENCE = 0xFFFFFFFF


def _integer(data: bytes, offset: int, size: int = 4) -> int:
    return int.from_bytes(data[offset : offset + size], "little")


def _check_holds(data: bytes, length: int) -> bool:
    """Whether the CRC-32 at `length` is that of the bytes before it."""
    return len(data) >= length + 4 and zlib.crc32(data[:length]) == _integer(data, length)


def sector_generation(data: bytes, magic: bytes) -> int | None:
    """The generation in a sector head of this ring."""
    if data[:4] != magic or data[8:12] != bytes(4) or not _check_holds(data, 12):
        return None
    return _integer(data, 4)


@dataclass(frozen=True)
class Record:
    """A record of the journal ring; `span` is where the next one begins, from its own beginning."""

    kind: int
    data: bytes
    span: int


def read_record(data: bytes, kinds: tuple[int, ...] = (PRIVATE_RECORD, ENTRY_RECORD)) -> Record | None:
    """The record that begins `data`; the kinds are those of the journal ring."""
    if len(data) < 8 or data[0] not in kinds or data[1] != 0:
        return None
    length = _integer(data, 2, 2)
    content = data[8 : 8 + length]
    if len(content) != length or zlib.crc32(data[:4] + content) != _integer(data, 4):
        return None
    return Record(data[0], content, (8 + length + 3) // 4 * 4)


@dataclass(frozen=True)
class Anchor:
    """How far a recording had got."""

    start: int
    number: int
    length: int
    tick: int


def read_anchor(data: bytes) -> Anchor | None:
    if len(data) != 16 or zlib.crc32(data[:14]) & 0xFFFF != _integer(data, 14, 2):
        return None
    start = _integer(data, 0)
    if start == NO_SEQUENCE:
        return None
    return Anchor(start, _integer(data, 12, 2), _integer(data, 4), _integer(data, 8))


@dataclass(frozen=True)
class KeySlot:
    """A whole key slot."""

    epoch: int
    seed: bytes


def read_key_slot(data: bytes) -> KeySlot | None:
    if data[:4] != KEY_SLOT or not _check_holds(data, 40):
        return None
    return KeySlot(_integer(data, 4), data[8:40])
