"""Pictures made from the seed, where there is no file of them: any of an endless row, by its number and in parts.

Source: JPEG, ITU-T T.81 Annex B (markers).
"""

import hashlib
import struct


class Drawn:
    """Pictures of 64 x 48 pixels, 5 a second, no two alike. JPEG by their markers, but there is nothing to see."""

    rate = 5
    width = 64
    height = 48

    def __init__(self, seed: int):
        self._seed = b"evidock picture %d " % seed

    def length(self, number: int) -> int:
        """Bytes of a picture."""
        return len(self._draw(number))

    def read(self, number: int, position: int, buffer: memoryview) -> None:
        """Fills `buffer` with a picture's bytes from `position` on."""
        buffer[:] = self._draw(number)[position : position + len(buffer)]

    def _draw(self, number: int) -> bytes:
        scan = hashlib.sha256(self._seed + b"%d" % number).digest().replace(b"\xff", b"\xfe")
        return (
            b"\xff\xd8\xff\xc0"
            + struct.pack(">HBHHB", 11, 8, self.height, self.width, 1)
            + b"\x01\x11\x00\xff\xda"
            + struct.pack(">H", 8)
            + b"\x01\x01\x00\x00\x3f\x00"
            + scan * (20 + number % 7)
            + b"\xff\xd9"
        )
