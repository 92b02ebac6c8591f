"""A set of segments, one bit each: which files an archive must have, however large it is.

Architecture: "memory flat in archive size".
"""

from __future__ import annotations

_LARGEST = 9_999_999  # the largest number that a file name holds
_DENSE = 1 << 16  # numbers up to here go into bits; a hostile large one must not cost megabytes


class SegmentSet:
    """Pairs of recording and segment number."""

    def __init__(self) -> None:
        self._bits: dict[int, bytearray] = {}
        self._rare: set[tuple[int, int]] = set()

    def add(self, recording: int, number: int) -> bool:
        """Adds a pair; False when it was there already."""
        if not 0 <= number < _DENSE:
            known = (recording, number) in self._rare
            if number <= _LARGEST:
                self._rare.add((recording, number))
            return not known
        bits = self._bits.get(recording)
        if bits is None:
            bits = self._bits[recording] = bytearray()
        place, mask = number >> 3, 1 << (number & 7)
        if place >= len(bits):
            bits.extend(bytes(place + 1 - len(bits)))
        if bits[place] & mask:
            return False
        bits[place] |= mask
        return True

    def __contains__(self, pair: tuple[int, int]) -> bool:
        recording, number = pair
        place, bit = divmod(number, 8)
        bits = self._bits.get(recording)
        return (bits is not None and place < len(bits) and bool(bits[place] >> bit & 1)) or pair in self._rare
