"""Follows a recorder through its journal: boots, recordings, segments and gaps, and what of it is missing.

Specification: "Entry kinds". Only entries that hold arrive here. What a journal says is checked against itself (ticks,
samples, numbers); what the files say comes in as the outcome of each segment.
"""

from __future__ import annotations

from typing import cast

from evidock.report import State
from evidock_protocol import codes, kinds, names

from .collector import Collector, Place
from .coverage import Boot, Stretch
from .entries import Entry, Segment
from .recording import Missing, Outcome, Recording

START_SLACK = 500  # ms between START and the first sample
SAMPLE_SLACK = 500  # ms of samples that a segment may lack or have too many: what waits in a capture buffer
RECOVERY_SLACK = 15_000  # ms between the last anchor or checkpoint and what can still be recovered
CLOCK_SLACK = 2_000  # ms, with CLOCK_DRIFT: how far a wall clock may leave the ticks without a CLOCK entry
CLOCK_DRIFT = 5_000  # one millisecond in so many


class Recordings:
    """The state of one recorder while its journal is read, entry by entry."""

    def __init__(self, device: bytes, collector: Collector):
        self.device = device
        self.boots: list[Boot] = []
        self.open: Recording | None = None
        self.closed_with_missing: list[Recording] = []
        self._by_number: dict[int, Boot] = {}
        self._newest = 0  # number of the newest recording
        self._collector = collector
        self._damage = False  # something unreadable since the last good entry
        self._sequence = 0
        self._wall: tuple[int, int, int] | None = None  # boot, ticks and wall clock of the last entry with a clock
        self._exempt: str | None = None
        self._anchor: tuple[int, ...] | None = None
        self.boot: Boot | None = None

    def note(self, entry: Entry, outcome: Outcome | None, path: str = "") -> None:
        """Takes the next good entry; a SEGMENT with the outcome of its file and that file's path."""
        self._damage = entry.sequence != self._sequence
        self._sequence = entry.sequence + 1
        if self.boot is None or entry.boot != self.boot.number:
            self._start_boot(entry)
        assert self.boot is not None
        self._check_clock(entry)
        self.boot.note_clock(entry.ticks, entry.wall_state, entry.wall_ms)
        if entry.segment is not None and outcome is not None:
            self._segment(entry.segment, outcome, path)
        else:
            handler = _HANDLERS.get(entry.kind)
            if handler is not None and entry.known:
                handler(self, entry)
            if self.open is None:
                self._idle(entry.ticks)

    def finish(self, boot: int, ticks: int, open_recording: int | None) -> None:
        """Extends the time line to an attested head (or the last entry); an open recording must be open there, too:
        `open_recording` is the sequence of its START, as the head has it.
        """
        last = self._by_number.get(boot)
        if self.open is not None:
            recording = self.open
            if open_recording == recording.start:
                if last is not None:
                    last.fill(ticks, State.PENDING, None, recording.number)
            else:
                home = self._by_number.get(recording.boot)
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
            self._idle_in(last, ticks)

    def _start_boot(self, entry: Entry) -> None:
        before = self.boot
        first = entry.ticks if before is None else 0
        self.boot = Boot(entry.boot, first)
        self.boots.append(self.boot)
        self._by_number[entry.boot] = self.boot
        self._exempt = None

    def _check_clock(self, entry: Entry) -> None:
        """Wall clock and ticks must agree inside a boot, except across a CLOCK entry."""
        assert self.boot is not None
        if entry.wall_state == codes.WALL_UNSET:
            return
        if entry.kind != kinds.CLOCK and self._wall is not None and self._wall[0] == entry.boot:
            elapsed = entry.ticks - self._wall[1]
            step = entry.wall_ms - self._wall[2] - elapsed
            if abs(step) > CLOCK_SLACK + elapsed // CLOCK_DRIFT:
                self._add("CLOCK_STEP", entry, seconds=round(step / 1000, 1))
        self._wall = (entry.boot, entry.ticks, entry.wall_ms)

    def _idle(self, ticks: int) -> None:
        assert self.boot is not None
        self._idle_in(self.boot, ticks)

    def _idle_in(self, boot: Boot, ticks: int) -> None:
        if self._exempt is not None:
            boot.fill(ticks, State.EXEMPT, self._exempt, None)
        else:
            boot.fill(ticks, State.DECLARED, "standby", None)

    def _booted(self, entry: Entry) -> None:
        """The boot before ended without OFF unless it said so; an open recording is corroborated by the anchor, or
        not.
        """
        anchor = entry.body["anchor"]
        self._anchor = None if anchor is None else tuple(cast("list[int]", anchor))
        if len(self.boots) > 1 and self.boots[-2].ending[0] == "power_lost" and self.open is None:
            before = self.boots[-2]
            self._collector.add(
                "GAP_DECLARED",
                device=self.device,
                place=Place(before.number, before.cursor, before.cursor),
                sentence="GAP_DECLARED.idle",
            )

    def _off(self, entry: Entry) -> None:
        assert self.boot is not None
        self._idle(entry.ticks)
        self.boot.ending = ("off", None)

    def _started(self, entry: Entry) -> None:
        number = entry.number("recording")
        self._idle(entry.ticks)
        if self.open is not None:
            self._add("TAIL_OPEN", entry, recording=self.open.number, sentence="TAIL_OPEN.no_stop")
            self._close(self.open)
        if not self._damage and number != self._newest + 1:
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
        boot = self._by_number.get(segment.boot)
        if boot is None:
            return
        expected = recording.last_number + 1
        if segment.number != expected and not self._damage:
            code = "SEGMENT_MISSING" if segment.number > expected else "ORDER"
            self._about(code, segment, sentence=f"{code}.number", number=segment.number, expected=expected)
        recording.last_number = segment.number
        recording.segments += 1
        first = segment.number == 1 and segment.first_tick - boot.cursor <= START_SLACK
        self._hole(boot, boot.cursor if first else segment.first_tick, recording, segment)
        self._samples(segment)
        stretch = self._lay(boot, segment, outcome)
        if outcome.missing:
            recording.missing.append(Missing(segment, stretch, path))
        else:
            recording.present = True

    def _lay(self, boot: Boot, segment: Segment, outcome: Outcome) -> Stretch | None:
        """Lays a segment's stretches into its boot."""
        if outcome.missing:
            return boot.fill(segment.last_tick, outcome.state, outcome.cause, segment.recording, fixed=False)
        for start, end in outcome.altered:
            boot.fill(start, outcome.state, outcome.cause, segment.recording)
            boot.fill(end, State.ALTERED, None, segment.recording)
        boot.fill(segment.last_tick, outcome.state, outcome.cause, segment.recording)
        return None

    def _hole(self, boot: Boot, until: int, recording: Recording, segment: Segment | None) -> None:
        """Whatever lies between the cursor and `until` inside a recording."""
        if until <= boot.cursor:
            return
        if recording.cause is not None:
            boot.fill(until, State.DECLARED, recording.cause, recording.number)
        elif self._damage:
            boot.fill(until, State.ALTERED, None, recording.number)
        else:
            self._collector.add(
                "COVERAGE_HOLE",
                device=self.device,
                recording=recording.number,
                segment=None if segment is None else segment.number,
                place=Place(boot.number, boot.cursor, until),
                seconds=round((until - boot.cursor) / 1000, 3),
            )
            boot.fill(until, State.UNEXPLAINED, None, recording.number)

    def _samples(self, segment: Segment) -> None:
        """Samples written and lost must fill the ticks; lost ones are declared, others are a hole."""
        if segment.rate == 0:
            return
        if segment.lost:
            self._about("SAMPLES_LOST", segment, seconds=round(segment.lost / segment.rate, 3))
        expected = (segment.last_tick - segment.first_tick) * segment.rate // 1000
        lacking = max(expected, segment.expected) - segment.written - segment.lost
        if lacking > SAMPLE_SLACK * segment.rate // 1000:
            self._about(
                "COVERAGE_HOLE", segment, sentence="COVERAGE_HOLE.samples", seconds=round(lacking / segment.rate, 3)
            )

    def _interrupted(self, entry: Entry) -> None:
        recording = self.open
        if recording is None or recording.number != entry.number("recording"):
            return
        boot = self._by_number.get(entry.number("boot"))
        cause = cause_name(entry.number("cause"))
        if boot is None:
            return
        last = entry.number("last_tick")
        recovered = entry.boot != boot.number
        if recovered:
            self._hole(boot, last, recording, None)
            boot.ending = (cause, recording.number)
            anchor = self._anchor
            supported = anchor is not None and anchor[0] == recording.start
            if anchor is not None and supported and anchor[3] > last + RECOVERY_SLACK:
                self._add("MEDIA_LOST", entry, recording=recording.number, sentence="MEDIA_LOST.anchor")
            self._collector.add(
                "GAP_DECLARED" if supported else "GAP_UNCORROBORATED",
                device=self.device,
                recording=recording.number,
                place=Place(boot.number, last, last),
                cause=cause,
            )
        else:
            if boot.cursor < last:  # sound after the last sealed segment was lost with what broke
                recording.cause = cause
                self._hole(boot, last, recording, None)
            self._add("GAP_DECLARED", entry, recording=recording.number, cause=cause)
        recording.cause = cause

    def _resumed(self, entry: Entry) -> None:
        recording = self.open
        if recording is not None and recording.number == entry.number("recording") and self.boot is not None:
            self._hole(self.boot, entry.ticks, recording, None)
            recording.cause = None

    def _stopped(self, entry: Entry) -> None:
        recording = self.open
        number = entry.number("recording")
        if recording is None or recording.number != number:
            self._add("HEAD_MISSING", entry, recording=number, sentence="HEAD_MISSING.no_start")
            return
        boot = self._by_number.get(entry.number("boot"))
        if boot is not None and recording.segments:
            self._hole(boot, entry.number("last_tick"), recording, None)
        if entry.number("segments") > recording.segments and not self._damage and recording.fault is None:
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

    def _faulted(self, entry: Entry) -> None:
        what = entry.number("what")
        recording, segment = entry.optional("recording"), entry.optional("segment")
        if what == codes.FAULT_MEDIA_LOST:
            self._add("MEDIA_LOST", entry, recording=recording, segment=segment)
        elif what == codes.FAULT_RECOVERED_EXCESS:
            self._add("RECOVERED_EXCESS", entry, recording=recording, segment=segment)
        elif self.open is not None and self.open.number == recording:
            self.open.fault = "equipment_fault"

    def _journal(self, entry: Entry) -> None:
        self._add("JOURNAL", entry, first=entry.number("first"), last=entry.number("last"))

    def _exempted(self, entry: Entry) -> None:
        if entry.body["begins"] is True:
            self._idle(entry.ticks)
            self._exempt = names.name_of(names.EXEMPT_CLASSES, entry.number("class"))
        else:
            self._idle(entry.ticks)
            self._exempt = None

    def _clock(self, entry: Entry) -> None:
        if entry.number("source") != codes.CLOCK_LOST:
            self._add("CLOCK_SET", entry, source=names.name_of(names.CLOCK_SOURCES, entry.number("source")))

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


def cause_name(number: int) -> str:
    """The name of an interruption's cause; a private-use number stays a number."""
    return names.name_of(names.CAUSES, number)


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
    kinds.CLOCK: Recordings._clock,  # pyright: ignore[reportPrivateUsage]
}
