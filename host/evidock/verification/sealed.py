"""Takes each SEGMENT of the recording that runs: its number, its track, its frames, and its place in the time line.

Specification: "Verification of a chain", Recordings 2, 3, 5, 7 and 8. AT-5, 6, 7, 15, 21 and 28.
"""

from __future__ import annotations

from evidock.report import State

from . import samples
from .collector import Collector, Place
from .coverage import Boot
from .entries import Entry, Segment
from .recording import Missing, Outcome, Recording
from .timeline import TimeLine
from .tracks import KNOWN

START_SLACK = 500  # ms between START and the first sample or picture
SEALED_SLACK = 500  # ms by which a segment's last sample may be ahead of the clock that its entry is dated by


class Sealed:
    """Judges the segments of one recorder, in the order of its journal."""

    def __init__(self, device: bytes, collector: Collector, line: TimeLine):
        self._device = device
        self._collector = collector
        self._line = line
        self._recording = (0, 0)  # number and boot to which the shortfalls belong
        self._shortfalls: dict[int, samples.Shortfall] = {}  # by track

    def note(self, entry: Entry, segment: Segment, outcome: Outcome, recording: Recording | None) -> None:
        """Takes the SEGMENT of `entry`, with the outcome of its file; `recording` is the one that runs."""
        if recording is not None and recording.number != segment.recording:
            self._about("SPLICE", segment, expected=recording.number, found=segment.recording)
            return
        if recording is None:
            self._collector.add(
                "HEAD_MISSING",
                device=self._device,
                recording=segment.recording,
                segment=segment.number,
                place=Place(segment.boot, segment.first_tick, segment.last_tick),
                sentence="HEAD_MISSING.no_start",
            )
            return
        expected = recording.last_number + 1
        if segment.number != expected and not self._line.damage and not recording.passes(segment.number):
            code = "SEGMENT_MISSING" if segment.number > expected else "ORDER"
            self._about(code, segment, sentence=f"{code}.number", number=segment.number, expected=expected)
        overlaps, is_first = recording.overlaps(segment), segment.track not in recording.sources
        recording.note(segment)
        boot = self._line.find(segment.boot)
        if boot is None:
            self._malformed(segment, entry.sequence, f"boot {segment.boot} is not in this journal")
            return
        if reason := _unfit(segment, recording):
            self._malformed(segment, entry.sequence, reason)
            outcome = outcome if outcome.missing else Outcome(State.UNEXPLAINED, None)
        is_judged = not reason and (outcome.missing or outcome.state is not State.UNEXPLAINED)
        if is_judged and samples.unvouched(segment):  # of pictures, whose sizes differ, `files` counts them
            self._about("RECOVERED_EXCESS", segment, sentence="RECOVERED_EXCESS.sealed")
        if overlaps:
            self._about("ORDER", segment, sentence="ORDER.overlap", number=segment.number)
        if segment.boot == entry.boot and segment.last_tick > entry.ticks + SEALED_SLACK:
            self._about("ORDER", segment, sentence="ORDER.ahead", number=segment.number)
        self._lay(segment, outcome, recording, boot, is_first, is_judged)

    def _lay(
        self, segment: Segment, outcome: Outcome, recording: Recording, boot: Boot, is_first: bool, is_judged: bool
    ) -> None:
        """Lays a segment into the tracks of its recording, with what lacks before it and, if it is judged, in it."""
        tracks, first = self._line.tracks(recording, boot), segment.first_tick
        if is_first and first - tracks.first <= START_SLACK:
            first = tracks.first
        self._line.hole(boot, first, recording, segment.track, segment.number)
        recording.damaged.difference_update(one for one in recording.declared if segment.track & one)
        if is_judged:
            if samples.is_empty(segment):
                for one in recording.declared:
                    if segment.track & one:
                        tracks.lack(one, segment.last_tick, recording.number, segment.number)
            self._count_samples(segment)
        stretch = self._line.lay(boot, segment, outcome, recording, first)
        if outcome.missing:
            recording.missing.append(Missing(segment, stretch, recording.sources[segment.track].count))

    def _count_samples(self, segment: Segment) -> None:
        """Samples written and lost must fill the ticks; lost ones are declared, others are a hole."""
        if segment.lost:
            seconds = round(segment.lost / segment.rate, 3) if segment.rate else 0
            sentence = None if segment.rate else "SAMPLES_LOST.count"
            self._about("SAMPLES_LOST", segment, sentence=sentence, seconds=seconds, count=segment.lost)
        if samples.is_empty(segment):
            return
        lacking = samples.lacking(segment)
        if lacking:
            seconds = round(lacking / segment.rate, 3)
            self._about("COVERAGE_HOLE", segment, sentence="COVERAGE_HOLE.samples", seconds=seconds)
        self._add_up(segment, lacking > 0)

    def _add_up(self, segment: Segment, is_told: bool) -> None:
        """Segments of a track that each lack a little lack more together (AT-21)."""
        place = segment.recording, segment.boot
        if self._recording != place:
            self._recording = place
            self._shortfalls.clear()
        if is_told or segment.track not in KNOWN:
            self._shortfalls.pop(segment.track, None)
            return
        shortfall = self._shortfalls.setdefault(segment.track, samples.Shortfall())
        lacking = shortfall.add(segment)
        if lacking:
            self._collector.add(
                "COVERAGE_HOLE",
                device=self._device,
                recording=segment.recording,
                segment=segment.number,
                place=Place(segment.boot, shortfall.first, segment.last_tick),
                sentence="COVERAGE_HOLE.together",
                seconds=round(lacking / segment.rate, 3),
            )

    def _malformed(self, segment: Segment, sequence: int, reason: str) -> None:
        self._about("MALFORMED", segment, number=sequence, reason=reason)

    def _about(self, code: str, segment: Segment, sentence: str | None = None, **values: object) -> None:
        self._collector.add(
            code,
            device=self._device,
            recording=segment.recording,
            segment=segment.number,
            place=Place(segment.boot, segment.first_tick, segment.last_tick),
            sentence=sentence,
            values=values,
        )


def _unfit(segment: Segment, recording: Recording) -> str:
    """Why a segment cannot be one of its recording's tracks, or nothing. What a later version's is, is not known."""
    if segment.track not in KNOWN:
        return ""
    if segment.track & ~sum(recording.declared):
        return f"track {segment.track} is none that START declares"
    return samples.unfit(segment)
