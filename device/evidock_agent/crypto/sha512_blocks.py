"""SHA-512 over a message that arrives in pieces, for interpreters whose hashlib lacks it.

Source: FIPS 180-4, sections 5.1.2, 5.3.5 and 6.4. One block is the work of `sha512_viper`, as machine code, or where
that cannot load (another architecture's .mpy, an interpreter without viper) of `sha512_plain`.
"""

from array import array
from struct import pack, unpack

from evidock_agent.crypto.sha512_tables import INITIAL

try:
    from evidock_agent.crypto.sha512_viper import compress
except (ImportError, SyntaxError, ValueError, NotImplementedError, AttributeError):
    from evidock_agent.crypto.sha512_plain import compress

BLOCK = 128  # bytes


class Sha512:
    """An incremental SHA-512. `digest` ends it."""

    def __init__(self, data: bytes = b"") -> None:
        self._state = array("I", unpack(">16I", INITIAL))
        self._block = bytearray(BLOCK)
        self._length = 0
        self.update(data)

    def update(self, data: bytes) -> None:
        """Take in the next bytes (any bytes-like object) of the message."""
        view = memoryview(data)
        size = len(view)
        filled = self._length % BLOCK
        self._length += size
        start = 0
        if filled:
            start = min(BLOCK - filled, size)
            self._block[filled : filled + start] = view[:start]
            if filled + start < BLOCK:
                return
            compress(self._state, self._block, 0)
        while start + BLOCK <= size:
            compress(self._state, view, start)
            start += BLOCK
        self._block[: size - start] = view[start:]

    def digest(self) -> bytes:
        """The 64 bytes of the digest."""
        bits = 8 * self._length
        # A one bit, zeros up to 16 bytes before the end of a block, and the length in bits (5.1.2).
        self.update(b"\x80" + bytes((BLOCK - 17 - self._length) % BLOCK) + bits.to_bytes(16, "big"))
        return pack(">16I", *self._state)
