"""What becomes of segments whose files are absent: lost, or never collected; and where in its recording each lies.

Specification: "Verification of a chain", Media. AT-5, 7, 8 and 10.
"""

from __future__ import annotations

from collections.abc import Callable

from evidock.report import State

from .collector import Collector, Place
from .entries import Segment
from .recording import Recording

Lost = Callable[[int, int], bool]
"""Whether a segment (recording, number) was here, or should be, and is gone."""


class MissingFiles:
    """Settles the absent files of one recorder, once everything was read."""

    def __init__(self, device: bytes, collector: Collector, lost: Lost, otherwise: tuple[State, str | None]):
        """`otherwise` is how a segment stands that is absent without being lost."""
        self.device = device
        self.collector = collector
        self._lost = lost
        self._otherwise = otherwise

    def settle(self, recording: Recording) -> None:
        """Gives each absent segment its state, and names the runs that are lost."""
        gone: list[Segment] = []
        for segment, stretch, _path in recording.missing:
            lost = self._lost(segment.recording, segment.number)
            if stretch is not None:
                stretch.state, stretch.cause = (State.UNEXPLAINED, None) if lost else self._otherwise
            if lost:
                gone.append(segment)
        pending = len(recording.missing) - len(gone)
        if pending and self._otherwise[0] is State.PENDING:
            self.collector.add("PENDING", device=self.device, recording=recording.number, count=pending)
        self._name_missing(recording, gone)

    def _name_missing(self, recording: Recording, gone: list[Segment]) -> None:
        """Absent segments by where they lie: the whole recording, its beginning, its end, or inside."""
        if not gone:
            return
        if len(gone) == recording.segments:
            self._absent("RECORDING_MISSING", gone)
            return
        runs: list[list[Segment]] = []
        for segment in gone:
            if runs and runs[-1][-1].number + 1 == segment.number:
                runs[-1].append(segment)
            else:
                runs.append([segment])
        for run in runs:
            if run[0].number == 1:
                self._absent("HEAD_MISSING", run)
            elif run[-1].number == recording.last_number:
                self._absent("TAIL_OPEN", run)
            else:
                self._absent("SEGMENT_MISSING", run)

    def _absent(self, code: str, run: list[Segment]) -> None:
        first, last = run[0], run[-1]
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
