"""What is heard where nobody speaks: for scenarios that say themselves when somebody does. Loaded by these.

Specification: "Interruptions" (somebody spoke). Its level stays far below that of any voice.
"""

import hashlib
import struct

_BLOCK = 512  # bytes that carry one number


class Quiet:
    """Hardly a sound, at 8 kHz, mono: what is heard where nobody speaks. No two stretches of 32 ms are alike."""

    rate = 8_000
    channels = 1

    def __init__(self, seed: int):
        self._seed = b"evidock quiet %d " % seed
        self._hum = bytearray(_BLOCK)
        for at in range(0, _BLOCK, 2):
            struct.pack_into("<h", self._hum, at, at * 5 % 80 - 40)

    def read(self, position: int, buffer: memoryview) -> None:
        """Fills `buffer` with the stream's bytes from `position` on."""
        done = 0
        while done < len(buffer):
            at = (position + done) % _BLOCK
            marks = hashlib.sha256(self._seed + b"%d" % ((position + done) // _BLOCK)).digest()
            for number in range(16):
                self._hum[2 * number] = marks[number] >> 1
                self._hum[2 * number + 1] = 0
            count = min(len(buffer) - done, _BLOCK - at)
            buffer[done : done + count] = self._hum[at : at + count]
            done += count
