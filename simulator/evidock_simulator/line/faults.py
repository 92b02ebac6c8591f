"""What noise does to the bytes of one direction, from a seed and their positions alone, never from time.

Architecture: "The simulator" (line noise, byte loss). However a stream is cut into pieces, its faults are the same.
"""

import math
import random
import zlib

_FASTER = 4  # a receiver at a much higher rate sees each byte as at most so many


class Faults:
    """One direction. Chances are per data bit (`errors`) and per byte (`drop`, `insert`)."""

    def __init__(self, seed: int, direction: str, errors: float = 0, drop: float = 0, insert: float = 0):
        self.flipped = 0  # bits
        self.dropped = 0  # bytes
        self.inserted = 0  # bytes
        self._at = 0  # bytes seen so far
        self._flips = _Places(f"{seed} {direction} errors", errors)
        self._drops = _Places(f"{seed} {direction} drop", drop)
        self._inserts = _Places(f"{seed} {direction} insert", insert)
        self._stray = zlib.crc32(f"{seed} {direction} stray".encode())

    def apply(self, data: bytes) -> bytes:
        """The next bytes of the stream, as they arrive."""
        begin = self._at
        self._at += len(data)
        flips = self._flips.below(self._at * 8)
        drops = self._drops.below(self._at)
        inserts = self._inserts.below(self._at)
        if not (flips or drops or inserts):
            return data
        changed = bytearray(data)
        for bit in flips:
            changed[bit // 8 - begin] ^= 1 << bit % 8
        self.flipped += len(flips)
        self.dropped += len(drops)
        self.inserted += len(inserts)
        gone, followed = set(drops), set(inserts)
        pieces: list[bytes | bytearray] = []
        at = 0
        for place in sorted(gone | followed):
            pieces.append(changed[at : place - begin + (place not in gone)])
            if place in followed:
                pieces.append(bytes([zlib.crc32(b"%d" % place, self._stray) & 255]))
            at = place - begin + 1
        return b"".join([*pieces, changed[at:]])


def garbled(data: bytes, place: int, sent: int, heard: int) -> bytes:
    """What a receiver at `heard` bits per second makes of bytes sent at `sent`; `place` is the first one's index."""
    if sent == heard:
        return data
    heard = min(heard, _FASTER * sent)
    found = bytearray()
    for at, byte in enumerate(data, place):
        for part in range(at * heard // sent, (at + 1) * heard // sent):
            found.append(zlib.crc32(b"%d %d %d" % (byte, part, heard)) & 255)
    return bytes(found)


class _Places:
    """Places of a stream that a chance picks, in order."""

    def __init__(self, seed: str, chance: float):
        self._random = random.Random(seed)
        self._chance = chance
        self._next = -1
        self._go_on()

    def below(self, end: int) -> list[int]:
        """Those before `end` that were not told yet."""
        found: list[int] = []
        while self._chance and self._next < end:
            found.append(self._next)
            self._go_on()
        return found

    def _go_on(self) -> None:
        if self._chance >= 1:
            self._next += 1
        elif self._chance > 0:
            # The distance to the next success of independent trials.
            self._next += 1 + int(math.log(1 - self._random.random()) / math.log1p(-self._chance))
