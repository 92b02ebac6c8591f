"""Raw sectors of internal flash: sector heads, journal records, anchors and key slots.

Specification: "Internal flash". NOR rules hold: erase sets bits, programming clears them, one program call writes at
most one page.
"""

import binascii
import struct

from evidock_protocol.errors import Malformed

SECTOR = 4096  # bytes erased at once
PAGE = 256  # bytes programmed at once
ERASED = 0xFF

HEAD = 16  # bytes of a sector head
MAGIC_JOURNAL = b"EVJ1"
MAGIC_ANCHOR = b"EVA1"
MAGIC_IDENTITY = b"EVI1"
MAGIC_KEY = b"EVK1"

RECORD_HEAD = 8  # bytes before a journal record
RECORD_PRIVATE = 1
RECORD_ENTRY = 2
RECORD_KEY_TABLE = 3  # in the identity sector only
RECORD_FREE = 0xFF

ANCHOR = 16  # bytes of an anchor
KEY_SLOT = PAGE  # bytes of a key slot
KEY_BYTES = 44  # bytes of it that are used

KEY_TABLE = 3104  # bytes of a key table: the public key and its comb
KEY_TABLE_TEETH = 5  # bits to a digit of that comb
KEY_TABLE_BLOCKS = 2  # digits to a row


def encode_head(magic: bytes, generation: int) -> bytes:
    """Sector head: magic, generation (counts sectors this ring ever opened), zero word, CRC-32 of these 12 bytes."""
    body = magic + struct.pack("<II", generation, 0)
    return body + struct.pack("<I", binascii.crc32(body))


def parse_head(raw: bytes, magic: bytes) -> int | None:
    """The generation of a sector head, or None when the sector is blank, torn or another ring's."""
    if len(raw) < HEAD or bytes(raw[:4]) != magic or binascii.crc32(raw[:12]) != struct.unpack_from("<I", raw, 12)[0]:
        return None
    return struct.unpack_from("<I", raw, 4)[0]


def encode_record_head(kind: int, data: bytes) -> bytes:
    """Record head: kind, zero, length (16 bits), CRC-32 over those four bytes and the data."""
    start = struct.pack("<BBH", kind, 0, len(data))
    return start + struct.pack("<I", binascii.crc32(data, binascii.crc32(start)))


def parse_record_head(raw: bytes) -> tuple[int, int, int]:
    """(kind, length, CRC-32) of a record head, unchecked."""
    kind, _zero, length, check = struct.unpack_from("<BBHI", raw, 0)
    return kind, length, check


def record_is_whole(raw_head: bytes, data: bytes) -> bool:
    """Whether a record's CRC-32 holds and its second byte is zero: a torn record's does not."""
    if raw_head[1] != 0:
        return False
    return binascii.crc32(data, binascii.crc32(raw_head[:4])) == struct.unpack_from("<I", raw_head, 4)[0]


def record_span(length: int) -> int:
    """Bytes that a record of `length` data bytes takes, padded with erased bytes to a multiple of four."""
    return (RECORD_HEAD + length + 3) & ~3


def encode_anchor(start: int, number: int, length: int, tick: int) -> bytes:
    """An anchor: START's sequence, segment length (bytes), tick (ms since boot, low 32 bits), segment number, CRC.

    The CRC is the low half of CRC-32 over the 14 bytes before it.
    """
    body = struct.pack("<IIIH", start, length, tick & 0xFFFFFFFF, number)
    return body + struct.pack("<H", binascii.crc32(body) & 0xFFFF)


def parse_anchor(raw: bytes) -> tuple[int, int, int, int] | None:
    """(START's sequence, segment number, length, tick) or None for a blank or torn anchor."""
    start, length, tick, number, check = struct.unpack_from("<IIIHH", raw, 0)
    if binascii.crc32(raw[:14]) & 0xFFFF != check or start == 0xFFFFFFFF:
        return None
    return start, number, length, tick


def encode_key(epoch: int, seed: bytes) -> bytes:
    """A key slot's used bytes: magic, epoch, the 32-byte Ed25519 seed, CRC-32."""
    if len(seed) != 32:
        raise Malformed(f"seed of {len(seed)} bytes, expected 32")
    body = MAGIC_KEY + struct.pack("<I", epoch) + seed
    return body + struct.pack("<I", binascii.crc32(body))


def parse_key(raw: bytes) -> tuple[int, bytes] | None:
    """(epoch, seed) or None when the slot is blank, wiped or torn."""
    if len(raw) < KEY_BYTES or bytes(raw[:4]) != MAGIC_KEY:
        return None
    if binascii.crc32(raw[:40]) != struct.unpack_from("<I", raw, 40)[0]:
        return None
    return struct.unpack_from("<I", raw, 4)[0], bytes(raw[8:40])
