"""Which entries of a journal are missing or did not count, as seen by what follows the entries that do.

Specification: "Verification of a chain", Trust state, Deletion and Firmware: none of these accuses where
what is missing may be the answer.
"""

from __future__ import annotations

_KEPT = 1000  # ranges; beyond them everything up to the newest counts as missing


class Continuity:
    """Fed with the sequence of every entry that counts, in order."""

    def __init__(self) -> None:
        self.next = 0
        self.broken_at = -1
        """The sequence behind the newest range that is missing; −1 without any."""
        self.has_withheld = False
        """Whether a package withholds a range."""
        self._ranges: list[tuple[int, int]] = []

    def note(self, sequence: int) -> bool:
        """Takes the next entry; whether anything before it is missing since the one before."""
        broken = sequence != self.next
        if broken:
            self.broken_at = sequence
            self._keep(sequence)
        self.next = sequence + 1
        return broken

    @property
    def is_whole(self) -> bool:
        """Whether every entry until now was shown, and counts."""
        return self.broken_at < 0 and not self.has_withheld

    def pass_over(self, sequence: int) -> None:
        """A package withholds what is before this entry. It shows all that trust state and firmware follow from, so for
        these nothing is missing.
        """
        self.has_withheld = True
        self._keep(sequence)
        self.next = sequence

    def _keep(self, sequence: int) -> None:
        if len(self._ranges) < _KEPT:
            self._ranges.append((self.next, sequence - 1))
        else:
            self._ranges[-1] = (self._ranges[-1][0], sequence - 1)

    def lacks(self, sequence: int) -> bool:
        """Whether an entry up to here is missing."""
        return any(first <= sequence <= last for first, last in self._ranges)
