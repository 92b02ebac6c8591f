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
        self.present = False  # whether any file was there
        self.cause: str | None = None  # of the interruption that runs
        self.fault: str | None = None
