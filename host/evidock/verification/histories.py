"""Signed heads against each other: which of them show that a recorder has two histories, and of what kind.

Specification: "Verification of a chain", Two histories. AT-11, AT-12, AT-14, AT-18, AT-36. A head says nothing
of who made the other history: a thief of the key, a clone, or a recorder set back to an old image.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from .epoch_keys import EpochKey
from .signed_head import SignedHead

Rank = tuple[int, int]
Say = Callable[[str, SignedHead], None]


class Other(NamedTuple):
    """A head of another history, and the key of the chain that signed it; None where only a host vouches for it."""

    head: SignedHead
    key: EpochKey | None


class Falls:
    """Finds heads that are smaller although later, or larger although earlier."""

    def __init__(self, ranked: Iterable[tuple[Rank, int]]):
        """(rank in time, size) of every head."""
        rows = sorted(ranked)
        self._ranks = [rank for rank, _size in rows]
        self._before = [-1]  # the largest size of the first n
        for _rank, size in rows:
            self._before.append(max(self._before[-1], size))
        self._after = [1 << 63]  # the smallest of the last n
        for _rank, size in reversed(rows):
            self._after.append(min(self._after[-1], size))

    def is_late(self, rank: Rank, size: int) -> bool:
        """Whether an earlier one is larger."""
        return self._before[bisect_left(self._ranks, rank)] > size

    def is_early(self, rank: Rank, size: int) -> bool:
        """Whether a later one is smaller."""
        return self._after[len(self._ranks) - bisect_right(self._ranks, rank)] < size


class Histories:
    """The signed heads of one recorder: those that hold, those of another history, and those beyond the chain."""

    def __init__(
        self, holding: list[SignedHead], others: list[Other], beyond: list[SignedHead], dated: Mapping[bytes, int]
    ):
        """`dated`: the place in the host's custody chain at which a head (by its hash) is named first."""
        self._holding, self._others, self._beyond, self._dated = holding, others, beyond, dated
        self._contents: dict[int, set[tuple[bytes, bytes]]] = {}
        self._by_host: dict[bytes, list[SignedHead]] = {}
        for head in (*holding, *(other.head for other in others), *beyond):
            self._contents.setdefault(head.size, set()).add((head.newest, head.root))
            self._by_host.setdefault(head.host, []).append(head)
        self._largest: dict[bytes, int] = {}  # by host, of those that hold
        for head in holding:
            self._largest[head.host] = max(head.size, self._largest.get(head.host, 0))
        self._falls: dict[bytes, tuple[Falls, Falls]] = {}

    def judge(self, say: Say) -> None:
        """Gives every head that shows another history its code."""
        for other in self._others:
            say(self._code(other), other.head)
        told: set[int] = set()
        for head in self._beyond:
            if len(self._contents[head.size]) > 1 and head.size not in told:
                told.add(head.size)
                say("EQUIVOCATION", head)
        falls = Falls((head.rank, head.size) for head in self._holding)
        for head in self._holding:
            if falls.is_late(head.rank, head.size):
                say("ROLLBACK", head)

    def _code(self, other: Other) -> str:
        head, key = other
        if key is not None and key.begins > head.size:
            return "EPOCH_VIOLATION"
        ended = None if key is None or key.ended is None or key.ended >= head.size else key.ended
        until = head.size if ended is None else ended + 1  # what a head counts that contradicts this one
        if len(self._contents[head.size]) > 1 or any(
            size >= until for host, size in self._largest.items() if host != head.host
        ):
            return "EQUIVOCATION"
        if self._falls_back(head):
            return "ROLLBACK"
        return "FORK" if ended is None else "EPOCH_VIOLATION"

    def _falls_back(self, head: SignedHead) -> bool:
        """Whether it and another head for the same host show a journal that became shorter."""
        if head.host not in self._falls:
            ours = self._by_host[head.host]
            dated = [((self._dated[one.hash], 0), one.size) for one in ours if one.hash in self._dated]
            self._falls[head.host] = Falls((one.rank, one.size) for one in ours), Falls(dated)
        by_ticks, by_custody = self._falls[head.host]
        ranks = [(by_ticks, head.rank)]
        if head.hash in self._dated:
            ranks.append((by_custody, (self._dated[head.hash], 0)))
        return any(falls.is_late(rank, head.size) or falls.is_early(rank, head.size) for falls, rank in ranks)
