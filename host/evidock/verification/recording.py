"""One recording while its journal is read, and what became of each of its segments' files.

Architecture: "Coverage". Passive records: `recordings` and `faults` fill them.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from evidock.report import State
from evidock_protocol import codes

from .collector import Place
from .entries import Entry, Segment
from .lines import Stretch
from .tracks import SOUND_AND_PICTURE, Tracks

_FIRST_ANCHOR = 10_000  # ms after START: one checkpoint interval, and a card that stalls meanwhile
_GIVEN_UP_KEPT = 1 << 16  # numbers: those that a recording can have
_CLOSING = 15_000  # ms in which a recorder waits for an encoder to close its file, and signs what became of it
_HASHED = 131_072  # bytes of an encoder's file for which it has a second more
_FILES_KEPT = 1024  # of an encoder that were told of: none has so many waiting


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
    place: int
    """Which one of its track's segments it is, from 1."""


class Source:
    """The segments of one track so far: their count, boot and last tick of the newest."""

    def __init__(self) -> None:
        self.count = 0
        self.end: tuple[int, int] = (0, 0)


class Recording:
    """One recording as far as the journal was read."""

    def __init__(self, number: int, start: Entry):
        self.number = number
        self.start = start.sequence
        self.boot = start.boot
        self.started_ms = start.wall_ms if start.wall_state != codes.WALL_UNSET else None
        tracks = start.number("tracks")
        self.is_known = 0 < tracks <= sum(SOUND_AND_PICTURE)
        """Whether this version knows the tracks that START declares; if not, both are due."""
        self.declared = tuple(one for one in SOUND_AND_PICTURE if tracks & one or not self.is_known)
        self.sources: dict[int, Source] = {}  # by SEGMENT's track
        self.tracks: dict[int, Tracks] = {}  # by boot
        self.damaged: set[int] = set()  # tracks whose next segment may be what could not be read
        self.segments = 0
        self.last_number = 0
        self.missing: list[Missing] = []
        self.cause: str | None = None  # of the interruption that it ended with
        self.broke_off: tuple[int, int] | None = None  # boot and tick that INTERRUPT names
        self.has_no_anchors = False  # the recorder says that it had no room for them
        self._started = (start.boot, start.ticks)
        self._given_up: dict[int, tuple[str, Place]] = {}
        self._files: deque[tuple[int, int, int]] = deque(maxlen=_FILES_KEPT)  # boot, ticks, ms that it may take

    def had_anchors_by(self, boot: int, tick: int) -> bool:
        """Whether an honest recorder would have noted an anchor before it recorded as far as this tick."""
        return self.has_no_anchors or self._started[0] != boot or tick - self._started[1] > _FIRST_ANCHOR

    def go_on(self, segment: Segment) -> None:
        """A segment comes; one that begins after the recording broke off takes INTERRUPT's word away."""
        recovered = segment.attested == codes.ATTESTED_RECOVERED
        if self.broke_off is not None and not recovered and (segment.boot, segment.first_tick) >= self.broke_off:
            self.cause = self.broke_off = None

    def overlaps(self, segment: Segment) -> bool:
        """Whether a segment begins before the one before it on its track ended, or before START."""
        source = self.sources.get(segment.track)
        return (segment.boot, segment.first_tick) < (self._started if source is None else source.end)

    def note(self, segment: Segment) -> None:
        """Takes the next SEGMENT."""
        source = self.sources.setdefault(segment.track, Source())
        source.count += 1
        source.end = (segment.boot, segment.last_tick)
        self._given_up.pop(segment.number, None)
        self.last_number = segment.number
        self.segments += 1

    def give_up(self, number: int, reason: str, place: Place) -> None:
        """The recorder says, at `place`, that segment `number` may not come, and why."""
        if number > self.last_number and len(self._given_up) < _GIVEN_UP_KEPT:
            self._given_up[number] = (reason, place)

    def passes(self, number: int) -> bool:
        """Whether the recorder gave up every number between the last segment and `number`."""
        between = range(self.last_number + 1, number)
        if number <= self.last_number or len(between) > len(self._given_up):
            return False
        return all(one in self._given_up for one in between)

    def tell_of_file(self, boot: int, ticks: int, length: int) -> None:
        """The recorder says what became of an encoder's file, of which it hashed `length` bytes."""
        self._files.append((boot, ticks, _CLOSING + length * 1000 // _HASHED))

    def told_by(self, boot: int, ended: int) -> int:
        """The tick up to which the recorder waited for encoders and hashed their files, after all `ended`."""
        for number, ticks, allowed in self._files:
            if number != boot or ticks <= ended:
                continue
            if ticks > ended + allowed:
                break
            ended = ticks
        return ended

    def reasons(self, boot: int, first: int, until: int) -> list[str]:
        """Why no segments came, as the recorder said from tick `first` of a boot up to `until`, or at a later boot."""
        found = (
            reason
            for reason, place in self._given_up.values()
            if place.boot > boot or (place.boot == boot and first <= place.first <= until)
        )
        return list(dict.fromkeys(found))

    def forget(self) -> None:
        """Lets go of what is needed only while the recording runs."""
        self.tracks.clear()
        self._given_up.clear()
        self._files.clear()
