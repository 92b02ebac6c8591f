"""A second decoder, independent of `evidock_protocol`: CBOR by cbor2, layouts of flash and WAV by construct.

Specification: "Deterministic CBOR", "COSE_Sign1", "Internal flash", "Frames" and "WAV". It looks at damaged and hostile
bytes, so it says what it finds instead of refusing; nothing is believed because this module could read it.
"""

from __future__ import annotations

import binascii
import io
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

import cbor2
import construct  # pyright: ignore[reportMissingTypeStubs]

from evidock.errors import EvidockError

SECTOR = 4096
SLOT = 256
LARGEST_ITEM = 1 << 16  # bytes tried for one item of a sequence
DEEPEST = 16  # nested arrays and maps

_of = cast(Any, construct)  # it has no types of its own
_SECTOR_HEAD: Any = _of.Struct(
    "magic" / _of.Bytes(4), "generation" / _of.Int32ul, "zero" / _of.Int32ul, "check" / _of.Int32ul
)
_RECORD_HEAD: Any = _of.Struct("kind" / _of.Int8ul, "zero" / _of.Int8ul, "length" / _of.Int16ul, "check" / _of.Int32ul)
_ANCHOR: Any = _of.Struct(
    "start" / _of.Int32ul, "length" / _of.Int32ul, "tick" / _of.Int32ul, "number" / _of.Int16ul, "check" / _of.Int16ul
)
_KEY_SLOT: Any = _of.Struct(
    "magic" / _of.Const(b"EVK1"), "epoch" / _of.Int32ul, _of.Padding(32), "check" / _of.Int32ul
)  # the seed is passed over
_WAV: Any = _of.Struct(
    "riff" / _of.Const(b"RIFF"),
    "length" / _of.Int32ul,
    "wave" / _of.Const(b"WAVE"),
    "format_name" / _of.Const(b"fmt "),
    "format_length" / _of.Int32ul,
    "format" / _of.Int16ul,
    "channels" / _of.Int16ul,
    "rate" / _of.Int32ul,
    "bytes_per_second" / _of.Int32ul,
    "frame" / _of.Int16ul,
    "bits" / _of.Int16ul,
)
_ANCHORS: Any = _of.Array((SECTOR - 16) // 16, _ANCHOR)


class Unreadable(EvidockError):
    """Bytes that are not what their place says."""


class Statement(NamedTuple):
    """A COSE_Sign1 as cbor2 read it."""

    protected: dict[object, object]
    unprotected: object
    payload: object
    """The decoded payload, or its bytes where those are no CBOR."""
    signature: bytes
    canonical: bool
    """Whether cbor2 writes the payload back to the same bytes."""


class Sector(NamedTuple):
    """One sector of internal flash."""

    number: int
    kind: str
    """`journal`, `anchors`, `identity`, `keys`, `erased` or `other`."""
    generation: int | None
    whole: bool
    """Whether the head's CRC holds."""


class Record(NamedTuple):
    """One record of a journal ring or of the identity sector."""

    offset: int
    kind: int
    data: bytes
    whole: bool


class Anchor(NamedTuple):
    """One anchor; `tick` has 32 bits."""

    start: int
    number: int
    length: int
    tick: int
    whole: bool


class KeySlot(NamedTuple):
    """One slot of the key ring. The seed is never read."""

    slot: int
    state: str
    """`whole`, `torn` or `wiped`."""
    epoch: int | None


def cbor_item(data: bytes, at: int) -> tuple[object, int]:
    """The item at `at` and its end. Raises Unreadable."""
    stream = io.BytesIO(data[at : at + LARGEST_ITEM])
    try:
        value: object = cbor2.CBORDecoder(stream, max_depth=DEEPEST, read_size=1).decode()
    except Exception as error:  # cbor2's tag hooks raise whatever they like on hostile bytes
        raise Unreadable("inspect_no_item", offset=at, reason=type(error).__name__) from None
    return value, at + stream.tell()


def statement(raw: bytes) -> Statement:
    """Takes a COSE_Sign1 apart. Raises Unreadable."""
    value, end = cbor_item(raw, 0)
    tagged = cast("list[object] | None", value.value if isinstance(value, cbor2.CBORTag) and value.tag == 18 else None)
    if end != len(raw) or not isinstance(tagged, list | tuple) or len(tagged) != 4:
        raise Unreadable("inspect_no_statement", offset=0)
    protected, unprotected, payload, signature = tagged
    if not (isinstance(protected, bytes) and isinstance(payload, bytes) and isinstance(signature, bytes)):
        raise Unreadable("inspect_no_statement", offset=0)
    header, header_end = cbor_item(protected, 0)
    if not isinstance(header, dict) or header_end != len(protected):
        raise Unreadable("inspect_no_statement", offset=0)
    try:
        decoded, decoded_end = cbor_item(payload, 0)
        canonical = decoded_end == len(payload) and cbor2.dumps(decoded, canonical=True) == payload
    except Exception:  # what cbor2 could read it need not be able to write
        decoded, canonical = payload, False
    return Statement(cast("dict[object, object]", header), unprotected, decoded, signature, canonical)


def frames(data: bytes) -> Iterator[tuple[int, bytes | None]]:
    """(offset, message) of every frame between zero bytes; None for one whose blocks or CRC do not hold."""
    at = 0
    for raw in data.split(b"\x00"):
        if raw:
            yield at, _unframed(raw)
        at += len(raw) + 1


def sectors(image: bytes) -> Iterator[Sector]:
    """What each sector of a flash image says it is."""
    names = {b"EVJ1": "journal", b"EVA1": "anchors", b"EVI1": "identity"}
    for number in range(len(image) // SECTOR):
        raw = image[number * SECTOR : (number + 1) * SECTOR]
        head = _SECTOR_HEAD.parse(raw)
        if raw.count(0xFF) == SECTOR:
            yield Sector(number, "erased", None, True)
        elif head.magic in names:
            yield Sector(number, names[head.magic], head.generation, binascii.crc32(raw[:12]) == head.check)
        elif any(True for _ in key_slots(raw)):
            yield Sector(number, "keys", None, True)
        else:
            yield Sector(number, "other", None, True)


def records(sector: bytes) -> Iterator[Record]:
    """Records of a journal or identity sector, up to the first that is torn or erased."""
    at = 16
    while at + 8 <= len(sector):
        head = _RECORD_HEAD.parse(sector[at:])
        if head.kind == 0xFF:
            return
        data = sector[at + 8 : at + 8 + head.length]
        check = binascii.crc32(data, binascii.crc32(sector[at : at + 4]))
        whole = len(data) == head.length and check == head.check
        yield Record(at, head.kind, data, whole)
        if not whole:
            return
        at += (8 + head.length + 3) & ~3


def anchors(sector: bytes) -> Iterator[Anchor]:
    """Anchors that were written, also torn ones."""
    for place, one in enumerate(_ANCHORS.parse(sector[16:])):
        raw = sector[16 + place * 16 : 32 + place * 16]
        if raw != b"\xff" * 16:
            yield Anchor(one.start, one.number, one.length, one.tick, binascii.crc32(raw[:14]) & 0xFFFF == one.check)


def key_slots(sector: bytes) -> Iterator[KeySlot]:
    """Slots of a key sector that are not blank: their epochs and states, never their seeds."""
    for slot in range(len(sector) // SLOT):
        raw = sector[slot * SLOT : (slot + 1) * SLOT]
        if raw[:44] == bytes(44):
            yield KeySlot(slot, "wiped", None)
        elif raw[:4] == b"EVK1":
            head = _KEY_SLOT.parse(raw)
            yield KeySlot(slot, "whole" if binascii.crc32(raw[:40]) == head.check else "torn", head.epoch)


def wav(data: bytes) -> dict[str, int]:
    """The fields of a WAV header. Raises Unreadable."""
    try:
        head = _WAV.parse(data)
    except construct.ConstructError as error:
        raise Unreadable("inspect_no_item", offset=0, reason=type(error).__name__) from None
    return {name: int(head[name]) for name in ("length", "format", "channels", "rate", "frame", "bits")}


def plain(value: object) -> object:
    """cbor2's own types as those of Python: arrays are lists, tags and simple values are text."""
    if isinstance(value, dict):
        return {plain_key(key): plain(one) for key, one in cast("dict[object, object]", value).items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in cast("list[object]", value)]
    if value is None or isinstance(value, bool | int | str | bytes):
        return value
    return f"({type(value).__name__})"


def plain_key(key: object) -> object:
    """A map's key as something that can be a key."""
    return key if isinstance(key, int | str | bytes) else f"({type(key).__name__})"


def _unframed(raw: bytes) -> bytes | None:
    out = bytearray()
    at = 0
    while at < len(raw):
        code = raw[at]
        if at + code > len(raw):
            return None
        out += raw[at + 1 : at + code]
        at += code
        if code < 255 and at < len(raw):
            out.append(0)
    message = bytes(out[:-4])
    return message if len(out) > 4 and binascii.crc32(message) == int.from_bytes(out[-4:], "little") else None
