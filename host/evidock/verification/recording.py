"""One recording while its journal is read, and what became of each of its segments' files.

Architecture: "Coverage". Passive records: `recordings` fills them.
"""

from __future__ import annotations

from typing import NamedTuple

from evidock.report import State
from evidock_protocol import codes

from .coverage import Stretch
from .entries import Entry, Segment


class Outcome(NamedTuple):
    """What became of one segment's file: parts of its ticks that are altered, and what the rest is."""

    state: State
    cause: str | None
    altered: tuple[tuple[int, int], ...] = ()
    missing: bool = False
    """The file is absent; whether that is a loss is decided when everything was read."""


class Missing(NamedTuple):
    """A segment whose file is absent, and the stretch that stands for it."""

    segment: Segment
    stretch: Stretch | None
    path: str


class Recording:
    """One recording as far as the journal was read."""

    def __init__(self, number: int, start: Entry):
        self.number = number
        self.start = start.sequence
        self.boot = start.boot
        self.started_ms = start.wall_ms if start.wall_state != codes.WALL_UNSET else None
        self.segments = 0
        self.last_number = 0
        self.missing: list[Missing] = []
        self.cause: str | None = None  # of the interruption that runs
        self._started = (start.boot, start.ticks)
        self._ends: dict[int, tuple[int, int]] = {}  # by track: boot and last tick of the newest segment

    def overlaps(self, segment: Segment) -> bool:
        """Whether a segment begins before the one before it on its track ended, or before START; notes its end."""
        boot, end = self._ends.get(segment.track, self._started)
        self._ends[segment.track] = (segment.boot, segment.last_tick)
        return boot == segment.boot and segment.first_tick < end
