"""Puts wrong bits of media right: the CRC of a frame tells which one or two they were, the leaf's hash whether so.

Specification: "Frames". Only a host does this, and only with media whose leaves are known: a wrong guess costs one leaf
on the line, never evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import islice

from evidock_protocol import framing, versions
from evidock_protocol.frame_reader import FrameReader

# Bits of a payload in which two wrong ones are looked for: in more than that, other pairs explain the CRC as well.
LONGEST_OF_TWO = 8 * 1100
_IN_CRC = -1  # place of a bit of the CRC
_POLYNOMIAL = 0xEDB88320  # CRC-32 as in IEEE 802.3, bits reflected


class MendingReader(FrameReader):
    """Finds payloads in a stream; `mended` counts those that had a wrong bit.

    `is_expected` says of a payload as it would be whether it is media that were asked for, of their exact length.
    """

    def __init__(self, is_expected: Callable[[bytes], bool]):
        super().__init__(framing.frame_size(versions.MAXIMUM_PAYLOAD))
        self.mended = 0
        self._is_expected = is_expected

    @property
    def damaged(self) -> int:
        """Frames that were lost to noise, and pieces of such."""
        return self.bad_crc + self.bad_cobs + self.overlong - self.mended

    def mend(self, payload: memoryview, difference: int) -> bytes | None:
        """The payload with one or two bits turned, as its CRC wants it, when that is media that were asked for."""
        whole = bytearray(payload)
        wrong = _wrong_bits(difference, 8 * len(whole))
        if wrong is None:
            return None
        for place in wrong:
            if place != _IN_CRC:
                whole[len(whole) - 1 - place // 8] ^= 0x80 >> place % 8
        mended = bytes(whole)
        if not self._is_expected(mended):
            return None
        self.mended += 1
        return mended


def _wrong_bits(difference: int, bits: int) -> tuple[int, ...] | None:
    """Places of the one or two wrong bits that explain a CRC; None when none do, or when several pairs would."""
    places = _places()
    place = places.get(difference)
    if place is not None and place < bits:
        return (place,)
    if bits > LONGEST_OF_TWO:
        return None
    found: tuple[int, ...] | None = None
    for one, state in enumerate(islice(places, bits)):
        other = places.get(difference ^ state)
        if other is not None and (one < other < bits or other == _IN_CRC):
            if found is not None:
                return None
            found = (one, other)
    return found


@cache
def _places() -> dict[int, int]:
    """What one wrong bit does to a CRC, for each place of the bit, counted from the last byte's highest bit, in order;
    then the bits of the CRC itself.
    """
    places: dict[int, int] = {}
    state = _POLYNOMIAL  # a wrong highest bit of the last byte: the CRC shifts each byte out lowest bit first
    for place in range(8 * versions.MAXIMUM_PAYLOAD):
        places[state] = place
        state = state >> 1 ^ (_POLYNOMIAL if state & 1 else 0)
    places.update({1 << bit: _IN_CRC for bit in range(32)})
    return places
