"""Deterministic CBOR of format 1: encoder, strict decoder and skipper.

SPECIFICATION.md, "Deterministic CBOR": the subset of RFC 8949 section 4.2.1 with integers from -2^64 to 2^64-1, byte
strings, UTF-8 text, arrays, maps with keys 0 to 23, false, true and null. Tag 18 (COSE_Sign1) is read and written only
at the top, by the functions whose names end in `tagged`.
"""

import struct

from evidock_protocol import utf8
from evidock_protocol.cbor_reader import (
    ARRAY,
    BYTES,
    FALSE,
    MAP,
    MAX_KEY,
    NEGATIVE,
    NULL,
    SIMPLE,
    TEXT,
    TRUE,
    UNSIGNED,
    Reader,
    head_size,
)
from evidock_protocol.errors import BufferTooSmall, Malformed, ProtocolError

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from evidock_protocol.cbor_reader import Buffer, Value

    Encodable = (
        None | bool | int | str | Buffer | list["Encodable"] | tuple["Encodable", ...] | dict[object, "Encodable"]
    )

MAX_DEPTH = 8  # arrays and maps inside each other
MAX_ITEMS = 4096

_TAG_18 = 0xD2
_WIDE = "expected a view of single bytes"


def put_head(buffer: bytearray | memoryview, offset: int, major: int, n: int) -> int:
    """Write the shortest head (RFC 8949 section 3) at `offset` and return its end.

    Raises ProtocolError when `n` is outside 0 to 2^64-1, BufferTooSmall when the head does not fit.
    """
    size = head_size(n)
    if offset + size > len(buffer):
        raise BufferTooSmall(f"expected room up to byte {offset + size}, buffer ends at {len(buffer)}")
    major <<= 5
    if size == 1:
        buffer[offset] = major | n
    elif size == 2:
        buffer[offset] = major | 24
        buffer[offset + 1] = n
    elif size == 3:
        struct.pack_into(">BH", buffer, offset, major | 25, n)
    elif size == 5:
        struct.pack_into(">BI", buffer, offset, major | 26, n)
    else:
        struct.pack_into(">BQ", buffer, offset, major | 27, n)
    return offset + size


def head(major: int, n: int) -> bytes:
    """Only the head of an item: for an array or string whose content is written separately."""
    buffer = bytearray(9)
    return bytes(memoryview(buffer)[: put_head(buffer, 0, major, n)])


def encoded_size(value: object) -> int:
    """Length in bytes of `encode(value)`. Raises ProtocolError for what format 1 cannot hold."""
    return _size(value, MAX_DEPTH)  # pyright: ignore[reportArgumentType]


def encode_into(buffer: bytearray | memoryview, offset: int, value: object) -> int:
    """Write `value` at `offset` and return the end. Byte strings are copied once, without a temporary.

    Raises ProtocolError for what format 1 cannot hold, BufferTooSmall when it does not fit; what was written up to
    then stays in the buffer.
    """
    return _put(buffer, offset, value, MAX_DEPTH)  # pyright: ignore[reportArgumentType]


def encode(value: object) -> bytes:
    """The one encoding of `value`. Raises ProtocolError for what format 1 cannot hold."""
    buffer = bytearray(encoded_size(value))
    encode_into(buffer, 0, value)
    return bytes(buffer)


def encode_tagged(value: object) -> bytes:
    """The one encoding of tag 18 around `value` (RFC 9052 section 4.2)."""
    buffer = bytearray(1 + encoded_size(value))
    buffer[0] = _TAG_18
    encode_into(buffer, 1, value)
    return bytes(buffer)


def decode(data: "Buffer", depth: int = MAX_DEPTH, items: int = MAX_ITEMS) -> "Value":
    """The value of exactly one item that fills `data`.

    `depth` limits nested arrays and maps, `items` the data items in total. Raises Malformed for anything but the one
    encoding, trailing bytes included; LimitExceeded past a limit. Byte strings come back as copies.
    """
    value, end = decode_at(data, 0, depth, items)
    if end != len(data):
        raise Malformed(f"at byte {end}: expected the end, found {len(data) - end} bytes more")
    return value


def decode_at(data: "Buffer", offset: int, depth: int = MAX_DEPTH, items: int = MAX_ITEMS) -> "tuple[Value, int]":
    """The item at `offset` and its end: for sequences (RFC 8742). Errors as for `decode`."""
    reader = Reader(data, offset, items)
    value = reader.item(depth, True)
    return value, reader.offset


def decode_tagged(data: "Buffer", depth: int = MAX_DEPTH, items: int = MAX_ITEMS) -> "Value":
    """The value inside tag 18, which must fill `data`. Errors as for `decode`."""
    if len(data) == 0 or data[0] != _TAG_18:
        raise Malformed("at byte 0: expected tag 18, found " + ("the end" if len(data) == 0 else f"0x{data[0]:02x}"))
    value, end = decode_at(data, 1, depth, items)
    if end != len(data):
        raise Malformed(f"at byte {end}: expected the end, found {len(data) - end} bytes more")
    return value


def skip(data: "Buffer", offset: int, depth: int = MAX_DEPTH, items: int = MAX_ITEMS) -> int:
    """The end of the item at `offset`, held to the same rules as `decode` but without building it."""
    reader = Reader(data, offset, items)
    reader.item(depth, False)
    return reader.offset


def _size(value: "Encodable", depth: int) -> int:
    # None and booleans first: on CPython booleans are integers too.
    if value is None or value is True or value is False:
        return 1
    if isinstance(value, int):
        return head_size(value if value >= 0 else -1 - value)
    if isinstance(value, str):
        length = len(_utf8(value))
        return head_size(length) + length
    if isinstance(value, (bytes, bytearray, memoryview)):
        return head_size(len(value)) + len(value)
    _check_container(value, depth)
    total = head_size(len(value))
    if isinstance(value, dict):
        for item in value.values():
            total += 1 + _size(item, depth - 1)  # every key is one byte
    else:
        for item in value:
            total += _size(item, depth - 1)
    return total


def _put(buffer: bytearray | memoryview, offset: int, value: "Encodable", depth: int) -> int:
    if value is None:
        return put_head(buffer, offset, SIMPLE, NULL)
    if value is True:
        return put_head(buffer, offset, SIMPLE, TRUE)
    if value is False:
        return put_head(buffer, offset, SIMPLE, FALSE)
    if isinstance(value, int):
        if value >= 0:
            return put_head(buffer, offset, UNSIGNED, value)
        return put_head(buffer, offset, NEGATIVE, -1 - value)
    if isinstance(value, str):
        return _put_string(buffer, offset, TEXT, _utf8(value))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _put_string(buffer, offset, BYTES, value)
    _check_container(value, depth)
    if isinstance(value, dict):
        offset = put_head(buffer, offset, MAP, len(value))
        for key in range(MAX_KEY + 1):  # ascending, without a sorted copy
            if key in value:
                offset = put_head(buffer, offset, UNSIGNED, key)
                offset = _put(buffer, offset, value[key], depth - 1)
        return offset
    offset = put_head(buffer, offset, ARRAY, len(value))
    for item in value:
        offset = _put(buffer, offset, item, depth - 1)
    return offset


def _check_container(value: "list[Encodable] | tuple[Encodable, ...] | dict[object, Encodable]", depth: int) -> None:
    if not isinstance(value, (list, tuple, dict)):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ProtocolError(f"format 1 holds no {type(value).__name__}")
    if depth == 0:
        raise ProtocolError(f"expected at most {MAX_DEPTH} arrays and maps inside each other, found more")
    if isinstance(value, dict):
        for key in value:
            if isinstance(key, bool) or not isinstance(key, int) or not 0 <= key <= MAX_KEY:
                raise ProtocolError(f"expected map keys that are integers from 0 to {MAX_KEY}")


def _put_string(buffer: bytearray | memoryview, offset: int, major: int, content: "Buffer") -> int:
    start = put_head(buffer, offset, major, len(content))
    end = start + len(content)
    # Items wider than a byte would make the length a lie. MicroPython's memoryview cannot tell, but is not copied then.
    if getattr(content, "itemsize", 1) != 1:
        raise ProtocolError(_WIDE)
    if end > len(buffer):
        raise BufferTooSmall(f"expected room up to byte {end}, buffer ends at {len(buffer)}")
    try:
        buffer[start:end] = content
    except ValueError:
        raise ProtocolError(_WIDE) from None
    return end


def _utf8(text: str) -> bytes:
    try:
        content = text.encode()
    except UnicodeError:  # CPython refuses lone surrogates, MicroPython does not
        raise ProtocolError("text is not valid Unicode") from None
    if len(content) != len(text) and utf8.find_error(content, 0, len(content)) >= 0:
        raise ProtocolError("text is not valid Unicode")
    return content
