"""Section "Deterministic CBOR": one item, one encoding."""

from typing import TypeAlias

from .errors import Malformed

Value: TypeAlias = "int | bool | bytes | str | list[Value] | dict[int, Value] | None"

MAX_DEPTH = 8
MAX_ITEMS = 4096
MAX_KEY = 23
TAG_18 = 0xD2

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)
SIMPLE_VALUES: dict[int, bool | None] = {0xF4: False, 0xF5: True, 0xF6: None}


def read_head(data: bytes, offset: int) -> tuple[int, int, int]:
    """The major type and argument of the head at `offset`, in its shortest form, and the offset after it."""
    if offset >= len(data):
        raise Malformed("no item")
    major, additional = data[offset] >> 5, data[offset] & 31
    offset += 1
    if additional < 24:
        return major, additional, offset
    if additional > 27:
        raise Malformed("indefinite length or reserved additional information")
    size = 1 << (additional - 24)
    if offset + size > len(data):
        raise Malformed("the argument is cut short")
    argument = int.from_bytes(data[offset : offset + size], "big")
    smallest = 24 if size == 1 else 1 << (4 * size)
    if argument < smallest:
        raise Malformed("not the shortest head")
    return major, argument, offset + size


class _Decoding:
    """One decoding: it counts its items."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.items = 0

    def _count(self) -> None:
        self.items += 1
        if self.items > MAX_ITEMS:
            raise Malformed(f"more than {MAX_ITEMS} items")

    def item(self, offset: int, depth: int) -> tuple[Value, int]:
        self._count()
        if offset < len(self.data) and self.data[offset] >> 5 == SIMPLE:
            initial = self.data[offset]
            if initial not in SIMPLE_VALUES:
                raise Malformed("only false, true and null")
            return SIMPLE_VALUES[initial], offset + 1
        major, argument, offset = read_head(self.data, offset)
        if major == UNSIGNED:
            return argument, offset
        if major == NEGATIVE:
            return -1 - argument, offset
        if major == TAG:
            raise Malformed("no tags")
        if argument * (2 if major == MAP else 1) > len(self.data) - offset:
            raise Malformed("more declared than there are bytes left")
        if major in (BYTES, TEXT):
            return self._string(major, offset, offset + argument)
        if depth > MAX_DEPTH:
            raise Malformed(f"deeper than {MAX_DEPTH}")
        return self._array(argument, offset, depth) if major == ARRAY else self._map(argument, offset, depth)

    def _string(self, major: int, begin: int, end: int) -> tuple[Value, int]:
        content = self.data[begin:end]
        if major == BYTES:
            return content, end
        try:
            return content.decode("utf-8"), end
        except UnicodeDecodeError as error:
            raise Malformed("ill-formed UTF-8") from error

    def _array(self, count: int, offset: int, depth: int) -> tuple[Value, int]:
        values: list[Value] = []
        for _ in range(count):
            value, offset = self.item(offset, depth + 1)
            values.append(value)
        return values, offset

    def _map(self, count: int, offset: int, depth: int) -> tuple[Value, int]:
        values: dict[int, Value] = {}
        last = -1
        for _ in range(count):
            self._count()
            major, key, offset = read_head(self.data, offset)
            if major != UNSIGNED or key > MAX_KEY:
                raise Malformed(f"a map key that is no integer 0 to {MAX_KEY}")
            if key <= last:
                raise Malformed("map keys ascend, each once")
            last = key
            values[key], offset = self.item(offset, depth + 1)
        return values, offset


def decode_prefix(data: bytes, offset: int = 0) -> tuple[Value, int]:
    """The item that begins at `offset`, and where it ends. Each call is one decoding with its own limits."""
    return _Decoding(data).item(offset, 1)


def decode(data: bytes) -> Value:
    """The item that fills `data`."""
    value, end = decode_prefix(data)
    if end != len(data):
        raise Malformed("trailing bytes")
    return value


def decode_tagged(data: bytes) -> Value:
    """The item behind a leading tag 18, which stands in one byte."""
    if data[:1] != bytes([TAG_18]):
        raise Malformed("tag 18 is missing")
    return decode(data[1:])


def _head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    size = next(size for size in (1, 2, 4, 8) if argument < 1 << (8 * size))
    return bytes([major << 5 | 23 + size.bit_length()]) + argument.to_bytes(size, "big")


def encode(value: Value) -> bytes:
    """The one encoding of `value`. A reader needs it only to show that there is no other."""
    if value is None or isinstance(value, bool):
        return b"\xf6" if value is None else b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(UNSIGNED, value) if value >= 0 else _head(NEGATIVE, -1 - value)
    if isinstance(value, bytes):
        return _head(BYTES, len(value)) + value
    if isinstance(value, str):
        content = value.encode("utf-8")
        return _head(TEXT, len(content)) + content
    if isinstance(value, list):
        return _head(ARRAY, len(value)) + b"".join(map(encode, value))
    pairs = (encode(key) + encode(value[key]) for key in sorted(value))
    return _head(MAP, len(value)) + b"".join(pairs)
