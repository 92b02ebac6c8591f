"""Rows of stretches in the ticks of one boot, and what several of them say side by side.

Specification: "Verification of a chain", Coverage. The worst of what lies side by side counts, so that no track hides
another's damage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from evidock.report import State

from .drift import LONGEST

_WORST_LAST = (
    State.RECORDED,
    State.EXEMPT,
    State.DISPOSED,
    State.RECOVERED,
    State.POST_CLOSE,
    State.DECLARED,
    State.WITHHELD,
    State.PENDING,
    State.UNEXPLAINED,
    State.ALTERED,
)


class Stretch:
    """Some ticks of a boot in one state. An `open` one may still change its state, until the spans are placed."""

    __slots__ = ("cause", "first", "last", "open", "recording", "state")

    def __init__(
        self, first: int, last: int, state: State, cause: str | None, recording: int | None, is_open: bool = False
    ):
        self.first = first
        self.last = last
        self.state = state
        self.cause = cause
        self.recording = recording
        self.open = is_open

    @property
    def standing(self) -> tuple[State, str | None]:
        """State and cause as they are now."""
        return self.state, self.cause


class Joint:
    """Ticks at which several stretches lie side by side: they stand as the worst of them does."""

    __slots__ = ("_parts", "first", "last", "recording")

    def __init__(self, first: int, last: int, parts: list[Stretch | Joint], recording: int | None):
        self.first = first
        self.last = last
        self.recording = recording
        self._parts = parts

    @property
    def parts(self) -> tuple[Stretch | Joint, ...]:
        """What lies side by side here."""
        return tuple(self._parts)

    @property
    def open(self) -> bool:
        """Whether one of the stretches may still change."""
        return any(part.open for part in self._parts)

    @property
    def standing(self) -> tuple[State, str | None]:
        """State and cause of the worst of the stretches, as they are now."""
        return max((part.standing for part in self._parts), key=lambda one: _WORST_LAST.index(one[0]))


Piece = Stretch | Joint


class Line:
    """A row of stretches in the ticks of one boot, in order; what lies before `cursor` is accounted for."""

    def __init__(self, first: int):
        self.cursor = min(first, LONGEST)
        self.stretches: list[Piece] = []

    def fill(
        self, last: int, state: State, cause: str | None, recording: int | None, fixed: bool = True
    ) -> Stretch | None:
        """Gives the ticks from the cursor to `last` a state. With `fixed` off the stretch stays apart and may be
        changed later.
        """
        last = min(last, LONGEST)
        if last <= self.cursor:
            return None
        before = self.stretches[-1] if self.stretches else None
        if (
            fixed
            and isinstance(before, Stretch)
            and not before.open
            and before.last == self.cursor
            and before.standing == (state, cause)
            and before.recording == recording
        ):
            before.last = self.cursor = last
            return before
        stretch = Stretch(self.cursor, last, state, cause, recording, not fixed)
        self.stretches.append(stretch)
        self.cursor = last
        return stretch

    def skip(self, to: int) -> None:
        """Leaves the ticks up to `to` without a stretch."""
        self.cursor = max(self.cursor, min(to, LONGEST))

    def append(self, piece: Piece) -> None:
        """Puts a piece that begins at the cursor or later, joined with the one before where both stand alike."""
        if piece.open:
            self.stretches.append(piece)
            self.cursor = piece.last
        else:
            self.skip(piece.first)
            self.fill(piece.last, *piece.standing, piece.recording)


def side_by_side(lines: Iterable[Line], recording: int) -> Iterator[Piece]:
    """What several lines say together, from the first tick of any to the last: at each tick the worst of them."""
    rows = sorted((piece for line in lines for piece in line.stretches), key=lambda piece: piece.first)
    edges = sorted({edge for piece in rows for edge in (piece.first, piece.last)})
    running: list[Piece] = []
    following = 0
    for first, last in pairwise(edges):
        while following < len(rows) and rows[following].first <= first:
            running.append(rows[following])
            following += 1
        running = [piece for piece in running if piece.last > first]
        if running:
            yield Joint(first, last, list(running), recording)
        else:  # nobody accounts for it
            yield Stretch(first, last, State.UNEXPLAINED, None, recording)
