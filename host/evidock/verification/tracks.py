"""The tracks of one recording in the ticks of one boot: what fills each of them, and where one is lacking.

Specification: "Verification of a chain", Recordings 7. A track is due from START to STOP: sound and picture each have a
line that says how far they are accounted for, and each of the recorder's sources one with the segments that it sealed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from evidock.report import State
from evidock_protocol import codes, names

from .coverage import Boot
from .lines import Line, side_by_side

SOUND_AND_PICTURE = (codes.TRACK_SOUND, codes.TRACK_PICTURE)
KNOWN = [number for number, _name in names.TRACKS]
_UNKNOWN = 1 << 2  # in place of what else a later version's track has: all that it covers stands alike
MISSING = {codes.TRACK_SOUND: "AUDIO_MISSING", codes.TRACK_PICTURE: "PICTURE_MISSING"}


class Lack(NamedTuple):
    """Ticks in which nothing is there and nothing says why; `segment` is the number that showed it, if one did."""

    first: int
    last: int
    segment: int | None


class Tracks:
    """Starts with nothing at tick `first`. `declared` are the tracks that are due: TRACK_SOUND, TRACK_PICTURE."""

    def __init__(self, declared: tuple[int, ...], first: int):
        self.first = first
        self._account = {track: Line(first) for track in declared}
        self._sources: dict[int, Line] = {}  # by SEGMENT's track, which may be both at once; of unknown ones few
        self._lacking: dict[int, list[Lack]] = {track: [] for track in declared}

    def reached(self, track: int) -> int:
        """The tick up to which a track is accounted for."""
        return self._account[track].cursor

    @property
    def furthest(self) -> int:
        """The tick up to which any track is."""
        lines = (*self._account.values(), *self._sources.values())
        return max(line.cursor for line in lines)

    def source(self, track: int, first: int, last: int) -> Line:
        """The line into which a segment of `track` from tick `first` to `last` is laid; its tracks are there then."""
        kind = track if track in KNOWN else _UNKNOWN | track & sum(SOUND_AND_PICTURE)
        line = self._sources.get(kind)
        if line is None:
            line = self._sources[kind] = Line(self.first)
        line.skip(first)
        for one, account in self._account.items():
            if track & one:
                account.skip(last)
        return line

    def fill(self, track: int, until: int, state: State, cause: str | None, recording: int) -> None:
        """Accounts for a track up to `until`: declared, pending, damaged."""
        self._account[track].fill(until, state, cause, recording)

    def lack(self, track: int, until: int, recording: int, segment: int | None) -> None:
        """Nothing is there up to `until`, and nothing says why."""
        first = self.reached(track)
        if until > first:
            self._lacking[track].append(Lack(first, until, segment))
            self._account[track].fill(until, State.UNEXPLAINED, None, recording)

    def join(self, boot: Boot, recording: int) -> None:
        """Lays all tracks into the boot's time line, each second as its worst track stands, and keeps each of them."""
        each: list[Line] = []
        for track, account in self._account.items():
            line = Line(self.first)
            sources = [source for kind, source in self._sources.items() if kind & track]
            for piece in side_by_side([account, *sources], recording):
                line.append(piece)
            each.append(line)
            name = names.name_of(names.TRACKS, track)
            boot.tracks += [(name, piece) for piece in line.stretches]
        for piece in side_by_side(each, recording):
            boot.append(piece)

    def missing(self) -> Iterator[tuple[str, Lack]]:
        """(code, where) of what is lacking: COVERAGE_HOLE where every track is at once, else the track's own code."""
        tracks = list(self._lacking)
        shared = self._lacking[tracks[0]]
        for track in tracks[1:]:
            shared = list(_common(shared, self._lacking[track]))
        for lack in shared:
            yield "COVERAGE_HOLE", lack
        for track in tracks:
            for lack in _without(self._lacking[track], shared):
                yield MISSING[track], lack


def _common(ours: list[Lack], theirs: list[Lack]) -> Iterator[Lack]:
    """The ticks in both of two lists, which are in order."""
    here, there = 0, 0
    while here < len(ours) and there < len(theirs):
        one, other = ours[here], theirs[there]
        first, last = max(one.first, other.first), min(one.last, other.last)
        if first < last:
            yield Lack(first, last, one.segment)
        if one.last <= other.last:
            here += 1
        else:
            there += 1


def _without(lacking: list[Lack], shared: list[Lack]) -> Iterator[Lack]:
    """The ticks of `lacking` that are not in `shared`, a part of it; both are in order."""
    at = 0
    for one in lacking:
        first = one.first
        while at < len(shared) and shared[at].first < one.last:
            if shared[at].first > first:
                yield Lack(first, shared[at].first, one.segment)
            first = shared[at].last
            at += 1
        if first < one.last:
            yield Lack(first, one.last, one.segment)
