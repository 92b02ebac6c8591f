"""Follows a recorder through its journal: boots, recordings, segments and gaps, and what of it is missing.

Specification: "Entry kinds". Only entries that hold arrive here. What a journal says is checked against itself (ticks,
samples, numbers); what the files say comes in as the outcome of each segment.
"""

from __future__ import annotations

from evidock.report import State
from evidock_protocol import codes, kinds, names

from . import samples
from .clocks import Clocks
from .collector import Collector, Place
from .coverage import Boot
from .entries import Entry, Segment
from .interruptions import Interruptions
from .recording import Missing, Outcome, Recording
from .timeline import TimeLine

START_SLACK = 500  # ms between START and the first sample
STOP_SLACK = 5_000  # ms that sealing and signing may take between a recording's last tick and its STOP


class Recordings:
    """The state of one recorder while its journal is read, entry by entry."""

    def __init__(self, device: bytes, collector: Collector):
        self.device = device
        self.open: Recording | None = None
        self.closed_with_missing: list[Recording] = []
        self._newest = 0  # number of the newest recording
        self._collector = collector
        self._line = TimeLine(device, collector)
        self._clocks = Clocks(device, collector)
        self._interruptions = Interruptions(device, collector, self._line)
        self._sequence = 0  # of the entry that is due

    @property
    def boots(self) -> list[Boot]:
        """The boots so far, in order."""
        return self._line.boots

    @property
    def boot(self) -> Boot | None:
        """The boot that runs."""
        return self._line.boot

    def note(self, entry: Entry, outcome: Outcome | None, path: str = "") -> None:
        """Takes the next good entry; a SEGMENT with the outcome of its file and that file's path."""
        self._line.damage = entry.sequence != self._sequence
        self._sequence = entry.sequence + 1
        boot = self._line.enter(entry)
        self._clocks.note(entry)
        boot.note_clock(entry.ticks, entry.wall_state, entry.wall_ms)
        if entry.segment is not None and outcome is not None:
            self._segment(entry.segment, outcome, path)
        else:
            handler = _HANDLERS.get(entry.kind)
            if handler is not None and entry.known:
                handler(self, entry, boot)
            if self.open is None:
                self._line.idle(boot, entry.ticks)

    def finish(self, boot: int, ticks: int, open_recording: int | None) -> None:
        """Extends the time line to an attested head (or the last entry); an open recording must be open there, too:
        `open_recording` is the sequence of its START, as the head has it.
        """
        last = self._line.find(boot)
        if self.open is not None:
            recording = self.open
            if open_recording == recording.start:
                if last is not None:
                    last.fill(ticks, State.PENDING, None, recording.number)
            else:
                home = self._line.find(recording.boot)
                place = None if home is None else Place(home.number, home.cursor, home.cursor)
                self._collector.add(
                    "TAIL_OPEN",
                    device=self.device,
                    recording=recording.number,
                    place=place,
                    sentence="TAIL_OPEN.no_stop",
                )
            self._close(recording)
        elif last is not None:
            self._line.idle(last, ticks)

    def _booted(self, entry: Entry, _boot: Boot) -> None:
        """The boot before ended without OFF unless it said so."""
        self._interruptions.note_boot(entry)
        if len(self.boots) > 1 and self.boots[-2].ending[0] == "power_lost" and self.open is None:
            before = self.boots[-2]
            self._collector.add(
                "GAP_DECLARED",
                device=self.device,
                place=Place(before.number, before.cursor, before.cursor),
                sentence="GAP_DECLARED.idle",
            )

    def _off(self, entry: Entry, boot: Boot) -> None:
        if self.open is not None:
            self._line.hole(boot, entry.ticks, self.open)
        boot.ending = ("off", None)

    def _started(self, entry: Entry, boot: Boot) -> None:
        number = entry.number("recording")
        self._line.idle(boot, entry.ticks)
        if self.open is not None:
            self._add("TAIL_OPEN", entry, recording=self.open.number, sentence="TAIL_OPEN.no_stop")
            self._close(self.open)
        if not self._line.damage and number != self._newest + 1:
            self._add(
                "RECORDING_MISSING",
                entry,
                recording=number,
                sentence="RECORDING_MISSING.number",
                expected=self._newest + 1,
            )
        self._newest = max(self._newest, number)
        self.open = Recording(number, entry)

    def _segment(self, segment: Segment, outcome: Outcome, path: str) -> None:
        recording = self.open
        if recording is not None and recording.number != segment.recording:
            self._about("SPLICE", segment, expected=recording.number, found=segment.recording)
            return
        if recording is None:
            self._collector.add(
                "HEAD_MISSING",
                device=self.device,
                recording=segment.recording,
                segment=segment.number,
                place=Place(segment.boot, segment.first_tick, segment.last_tick),
                sentence="HEAD_MISSING.no_start",
            )
            return
        expected = recording.last_number + 1
        if segment.number != expected and not self._line.damage:
            code = "SEGMENT_MISSING" if segment.number > expected else "ORDER"
            self._about(code, segment, sentence=f"{code}.number", number=segment.number, expected=expected)
        recording.last_number = segment.number
        recording.segments += 1
        boot = self._line.find(segment.boot)
        if boot is None:
            self._malformed(segment, f"boot {segment.boot} is not in this journal")
            return
        if not samples.are_countable(segment):
            self._malformed(segment, f"rate {segment.rate}, header {segment.header_length}")
            outcome = outcome if outcome.missing else Outcome(State.UNEXPLAINED, None)
        if samples.unvouched(segment):
            self._about("RECOVERED_EXCESS", segment, sentence="RECOVERED_EXCESS.sealed")
        if recording.overlaps(segment):
            self._about("ORDER", segment, sentence="ORDER.overlap", number=segment.number)
        first = segment.number == 1 and segment.first_tick - boot.cursor <= START_SLACK
        self._line.hole(boot, boot.cursor if first else segment.first_tick, recording, segment)
        self._count_samples(segment)
        stretch = self._line.lay(boot, segment, outcome)
        if outcome.missing:
            recording.missing.append(Missing(segment, stretch, path))

    def _count_samples(self, segment: Segment) -> None:
        """Samples written and lost must fill the ticks; lost ones are declared, others are a hole."""
        if segment.rate and segment.lost:
            self._about("SAMPLES_LOST", segment, seconds=round(segment.lost / segment.rate, 3))
        lacking = samples.lacking(segment)
        if lacking:
            seconds = round(lacking / segment.rate, 3)
            self._about("COVERAGE_HOLE", segment, sentence="COVERAGE_HOLE.samples", seconds=seconds)

    def _interrupted(self, entry: Entry, _boot: Boot) -> None:
        if self.open is not None and self.open.number == entry.number("recording"):
            self._interruptions.interrupted(entry, self.open)

    def _resumed(self, entry: Entry, boot: Boot) -> None:
        recording = self.open
        if recording is not None and recording.number == entry.number("recording"):
            self._line.hole(boot, entry.ticks, recording)
            recording.cause = None

    def _stopped(self, entry: Entry, running: Boot) -> None:
        recording = self.open
        number = entry.number("recording")
        if recording is None or recording.number != number:
            self._add("HEAD_MISSING", entry, recording=number, sentence="HEAD_MISSING.no_start")
            return
        boot = self._line.find(entry.number("boot"))
        if boot is not None:
            last = entry.number("last_tick")
            # Nothing sealed: what failed at the start takes as long to sign as a STOP. Else nothing may lack.
            slack = 0 if recording.segments else STOP_SLACK
            if last - boot.cursor > slack:
                self._line.hole(boot, last, recording)
            if boot is running and entry.ticks - max(last, boot.cursor if recording.segments else last) > STOP_SLACK:
                self._line.hole(boot, entry.ticks, recording)
            if boot is not running and recording.cause is None:
                self._interruptions.broke_off(entry, recording, boot, last, codes.CAUSE_UNKNOWN)
        if entry.number("segments") > recording.segments and not self._line.damage:
            self._add(
                "SEGMENT_MISSING",
                entry,
                recording=number,
                sentence="SEGMENT_MISSING.count",
                expected=entry.number("segments"),
                found=recording.segments,
            )
        self._close(recording)

    def _close(self, recording: Recording) -> None:
        self.open = None
        if recording.missing:
            self.closed_with_missing.append(recording)

    def _faulted(self, entry: Entry, _boot: Boot) -> None:
        what = entry.number("what")
        recording, segment = entry.optional("recording"), entry.optional("segment")
        if what == codes.FAULT_MEDIA_LOST:
            self._add("MEDIA_LOST", entry, recording=recording, segment=segment)
        elif what == codes.FAULT_RECOVERED_EXCESS:
            self._add("RECOVERED_EXCESS", entry, recording=recording, segment=segment)

    def _journal(self, entry: Entry, _boot: Boot) -> None:
        self._add("JOURNAL", entry, first=entry.number("first"), last=entry.number("last"))

    def _exempted(self, entry: Entry, boot: Boot) -> None:
        if self.open is None:
            self._line.idle(boot, entry.ticks)
        begins = entry.body["begins"] is True
        self._line.exempt(names.name_of(names.EXEMPT_CLASSES, entry.number("class")) if begins else None)

    def _malformed(self, segment: Segment, reason: str) -> None:
        self._about("MALFORMED", segment, number=self._sequence - 1, reason=reason)

    def _add(
        self,
        code: str,
        entry: Entry,
        sentence: str | None = None,
        recording: int | None = None,
        segment: int | None = None,
        **values: object,
    ) -> None:
        self._collector.add(
            code,
            device=self.device,
            recording=recording,
            segment=segment,
            place=Place(entry.boot, entry.ticks, entry.ticks),
            sentence=sentence,
            values=values,
        )

    def _about(self, code: str, segment: Segment, sentence: str | None = None, **values: object) -> None:
        self._collector.add(
            code,
            device=self.device,
            recording=segment.recording,
            segment=segment.number,
            place=Place(segment.boot, segment.first_tick, segment.last_tick),
            sentence=sentence,
            values=values,
        )


_HANDLERS = {
    kinds.BOOT: Recordings._booted,  # pyright: ignore[reportPrivateUsage]
    kinds.OFF: Recordings._off,  # pyright: ignore[reportPrivateUsage]
    kinds.START: Recordings._started,  # pyright: ignore[reportPrivateUsage]
    kinds.STOP: Recordings._stopped,  # pyright: ignore[reportPrivateUsage]
    kinds.INTERRUPT: Recordings._interrupted,  # pyright: ignore[reportPrivateUsage]
    kinds.RESUME: Recordings._resumed,  # pyright: ignore[reportPrivateUsage]
    kinds.FAULT: Recordings._faulted,  # pyright: ignore[reportPrivateUsage]
    kinds.JOURNAL: Recordings._journal,  # pyright: ignore[reportPrivateUsage]
    kinds.EXEMPT: Recordings._exempted,  # pyright: ignore[reportPrivateUsage]
}
