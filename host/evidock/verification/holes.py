"""Entries that are missing from a chain so far: later entries may fill the holes, or the recorder declare them.

Specification: "Verification of a chain", Entries 5.
"""

from __future__ import annotations

from collections.abc import Iterator

_KEPT = 1000  # ranges that are remembered; beyond them entries out of place are still found, less precisely


class Holes:
    """Missing ranges, each [first, last] with both included."""

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self._ranges)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self._ranges)

    def add(self, first: int, last: int) -> None:
        """Notes that entries `first` to `last` are missing, while there is room."""
        if len(self._ranges) < _KEPT:
            self._ranges.append((first, last))

    def forget_after(self, count: int) -> None:
        """Drops all but the first `count` ranges: the numbers that made them are not believed."""
        del self._ranges[count:]

    def fill(self, sequence: int) -> bool:
        """Whether entry `sequence` was missing; it is not any more."""
        for place, (first, last) in enumerate(self._ranges):
            if first <= sequence <= last:
                parts = ((first, sequence - 1), (sequence + 1, last))
                self._ranges[place : place + 1] = [part for part in parts if part[0] <= part[1]]
                return True
        return False

    def declare(self, first: int, last: int) -> None:
        """Drops the ranges that lie whole in `first` to `last`."""
        self._ranges = [hole for hole in self._ranges if not (first <= hole[0] and hole[1] <= last)]
