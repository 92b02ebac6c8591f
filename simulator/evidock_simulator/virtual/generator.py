"""Randomness from the seed: the same in every run, and so fit for nothing but simulation, which GENESIS says.

Architecture: "The simulator". SHA-256 over seed, boot and a counter; the boot is in it, or two boots would make one
key twice.
"""

import hashlib

from evidock_protocol import codes


class Generator:
    """The Random port."""

    source = codes.RANDOM_SIMULATED

    def __init__(self, seed: int, boot: int):
        self._key = hashlib.sha256(b"evidock simulated randomness %d %d" % (seed, boot)).digest()
        self._counter = 0

    def fill(self, buffer: bytearray) -> None:
        """Fills `buffer`."""
        done = 0
        while done < len(buffer):
            block = hashlib.sha256(self._key + self._counter.to_bytes(8, "big")).digest()
            self._counter += 1
            count = min(len(buffer) - done, len(block))
            buffer[done : done + count] = block[:count]
            done += count
