"""What becomes of segments whose files are absent: lost, or never collected; and where in its recording each lies.

Specification: "Verification of a chain", Media. AT-5, 7, 8 and 10; OB-1.
"""

from __future__ import annotations

from collections.abc import Callable

from evidock.report import State

from .collector import Collector, Place
from .entries import Segment
from .recording import Missing, Recording
from .tracks import MISSING

Lost = Callable[[int, int], bool]
"""Whether a segment (recording, number) was here, or should be, and is gone."""
Told = Callable[[list[Segment]], None]
"""Hears of those of one recording that are gone."""


class MissingFiles:
    """Settles the absent files of one recorder, once everything was read."""

    def __init__(
        self, device: bytes, collector: Collector, lost: Lost, otherwise: tuple[State, str | None], told: Told
    ):
        """`otherwise` is how a segment stands that is absent without being lost."""
        self.device = device
        self.collector = collector
        self._lost = lost
        self._otherwise = otherwise
        self._told = told

    def settle(self, recording: Recording) -> None:
        """Gives each absent segment its state, and names the runs that are lost."""
        gone: list[Missing] = []
        for absent in recording.missing:
            lost = self._lost(absent.segment.recording, absent.segment.number)
            if absent.stretch is not None:
                absent.stretch.state, absent.stretch.cause = (State.UNEXPLAINED, None) if lost else self._otherwise
            if lost:
                gone.append(absent)
        pending = len(recording.missing) - len(gone)
        if pending and self._otherwise[0] is State.PENDING:
            self.collector.add("PENDING", device=self.device, recording=recording.number, count=pending)
        self._name_missing(recording, gone)
        if gone:
            self._told([absent.segment for absent in gone])

    def _name_missing(self, recording: Recording, gone: list[Missing]) -> None:
        """Absent segments by where they lie: the whole recording, a whole track, its beginning, its end, or inside."""
        if not gone:
            return
        if len(gone) == recording.segments:
            self._absent("RECORDING_MISSING", gone)
            return
        for track, source in recording.sources.items():
            absent = [one for one in gone if one.segment.track == track]
            codes = self._alone(track, recording)
            if len(absent) == source.count and codes:
                for code in codes:
                    self._absent(code, absent)
                continue
            for run in _runs(absent):
                if run[0].place == 1:
                    self._absent("HEAD_MISSING", run)
                elif run[-1].place == source.count:
                    self._absent("TAIL_OPEN", run)
                else:
                    self._absent("SEGMENT_MISSING", run)

    @staticmethod
    def _alone(track: int, recording: Recording) -> list[str]:
        """The codes of what only this source of the recording holds: sound, picture, or both."""
        others = 0
        for one in recording.sources:
            others |= one if one != track else 0
        return [code for one, code in MISSING.items() if track & one and not others & one]

    def _absent(self, code: str, run: list[Missing]) -> None:
        first, last = run[0].segment, run[-1].segment
        place = Place(first.boot, first.first_tick, last.last_tick) if first.boot == last.boot else None
        self.collector.add(
            code,
            device=self.device,
            recording=first.recording,
            segment=first.number,
            place=place,
            sentence=f"{code}.files",
            first=first.number,
            last=last.number,
            count=len(run),
        )


def _runs(absent: list[Missing]) -> list[list[Missing]]:
    """Absent segments of one track, those together that follow one another."""
    runs: list[list[Missing]] = []
    for one in absent:
        if runs and runs[-1][-1].place + 1 == one.place:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs
