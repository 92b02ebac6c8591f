"""One CBOR item read from hostile bytes, strictly; and the numbers that encoder and decoder share.

SPECIFICATION.md, "Deterministic CBOR". Callers use the functions of `evidock_protocol.cbor`.
"""

from evidock_protocol import utf8
from evidock_protocol.errors import LimitExceeded, Malformed, ProtocolError

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    Buffer = bytes | bytearray | memoryview
    Value = None | bool | int | str | bytes | list["Value"] | dict[int, "Value"]

UNSIGNED = 0
NEGATIVE = 1
BYTES = 2
TEXT = 3
ARRAY = 4
MAP = 5
TAG = 6
SIMPLE = 7

MAX_KEY = 23

FALSE = 20
TRUE = 21
NULL = 22

_LARGEST = (1 << 64) - 1


def head_size(n: int) -> int:
    """Length in bytes of an item's head whose argument is `n`. Raises ProtocolError outside 0 to 2^64-1."""
    # The common sizes first: on the recorder the last two comparisons allocate.
    if 0 <= n < 24:
        return 1
    if 24 <= n < 0x100:
        return 2
    if 0x100 <= n < 0x10000:
        return 3
    if not 0 <= n <= _LARGEST:
        raise ProtocolError("integer outside -2^64 to 2^64-1")
    return 5 if n < 0x100000000 else 9


class Reader:
    """A position in hostile bytes, and how many more items may come."""

    def __init__(self, data: "Buffer", offset: int, items: int) -> None:
        self.data = data
        self.offset = offset
        self.items = items
        self.end = len(data)

    def item(self, depth: int, build: bool) -> "Value":
        """Read one item. Without `build` only its bytes are checked and the result means nothing."""
        start = self.offset
        if self.items <= 0:
            raise LimitExceeded(f"at byte {start}: more items than allowed")
        self.items -= 1
        major, n = self.read_head()
        if major == UNSIGNED:
            return n
        if major == NEGATIVE:
            return -1 - n
        if major == SIMPLE:
            if n == FALSE:
                return False
            if n == TRUE:
                return True
            if n == NULL:
                return None
            raise Malformed(f"at byte {start}: expected false, true or null, found another simple value")
        if major == BYTES:
            content = self.read_string(start, n)
            return bytes(content) if build else None
        if major == TEXT:
            return self.read_text(start, n)
        if major == TAG:
            raise Malformed(f"at byte {start}: expected no tag here, found tag {n}")
        if depth <= 0:
            raise LimitExceeded(f"at byte {start}: nested deeper than allowed")
        if major == ARRAY:
            return self.read_array(start, n, depth - 1, build)
        return self.read_map(start, n, depth - 1, build)

    def read_head(self) -> "tuple[int, int]":
        start = self.offset
        if start >= self.end:
            raise Malformed(f"at byte {start}: expected an item, found the end")
        initial = self.data[start]
        major = initial >> 5
        n = initial & 31
        if n < 24:
            self.offset = start + 1
            return major, n
        if n > 27:
            raise Malformed(f"at byte {start}: expected a definite length, found initial byte 0x{initial:02x}")
        if major == SIMPLE:
            raise Malformed(f"at byte {start}: expected false, true or null, found initial byte 0x{initial:02x}")
        size = 1 << (n - 24)
        end = start + 1 + size
        if end > self.end:
            raise Malformed(f"at byte {start}: expected a head of {1 + size} bytes, found {self.end - start}")
        n = int.from_bytes(memoryview(self.data)[start + 1 : end], "big")
        if head_size(n) != 1 + size:
            raise Malformed(f"at byte {start}: expected a head of {head_size(n)} bytes, found {1 + size}")
        self.offset = end
        return major, n

    def read_string(self, start: int, length: int) -> memoryview:
        # The declared length is checked against what is there before anything is allocated.
        if length > self.end - self.offset:
            raise Malformed(f"at byte {start}: expected {length} bytes, found {self.end - self.offset}")
        content = memoryview(self.data)[self.offset : self.offset + length]
        self.offset += length
        return content

    def read_text(self, start: int, length: int) -> str:
        content = self.read_string(start, length)
        try:
            text = str(content, "utf-8")
        except UnicodeError:
            raise Malformed(f"at byte {start}: expected UTF-8, found other bytes") from None
        # As many characters as bytes is plain ASCII, which both interpreters judge alike.
        if len(text) != length and utf8.find_error(content, 0, length) >= 0:
            raise Malformed(f"at byte {start}: expected UTF-8, found other bytes")
        return text

    def read_array(self, start: int, count: int, depth: int, build: bool) -> "list[Value] | None":
        if count > self.end - self.offset:
            raise Malformed(f"at byte {start}: expected {count} items, found {self.end - self.offset} bytes")
        if count > self.items:
            raise LimitExceeded(f"at byte {start}: expected at most {self.items} more items, found {count}")
        values: list[Value] = []
        for _ in range(count):
            value = self.item(depth, build)
            if build:
                values.append(value)
        return values

    def read_map(self, start: int, count: int, depth: int, build: bool) -> "dict[int, Value]":
        if count > MAX_KEY + 1:
            raise Malformed(f"at byte {start}: expected at most {MAX_KEY + 1} keys, found {count}")
        values: dict[int, Value] = {}
        previous = -1
        for _ in range(count):
            key = self.read_key(previous)
            value = self.item(depth, build)
            if build:
                values[key] = value
            previous = key
        return values

    def read_key(self, previous: int) -> int:
        place = self.offset
        if self.items <= 0:
            raise LimitExceeded(f"at byte {place}: more items than allowed")
        self.items -= 1
        if place >= self.end:
            raise Malformed(f"at byte {place}: expected a key, found the end")
        key = self.data[place]  # an integer from 0 to 23 is its own encoding
        if not previous < key <= MAX_KEY:
            raise Malformed(f"at byte {place}: expected a key from {previous + 1} to {MAX_KEY}, found 0x{key:02x}")
        self.offset = place + 1
        return key
