"""Follows a recorder through its journal: boots, recordings, segments and gaps, and what of it is missing.

Specification: "Entry kinds". Only entries that hold arrive here. What a journal says is checked against itself (ticks,
samples, numbers); what the files say comes in as the outcome of each segment.
"""

from __future__ import annotations

from evidock.report import State
from evidock_protocol import codes, kinds, names
from evidock_protocol.versions import MAXIMUM_FILE

from . import faults
from .clocks import Clocks
from .collector import Collector, Place
from .conduct import Conduct
from .coverage import Boot
from .entries import Entry, Segment
from .interruptions import BROKEN_SLACK, STOP_SLACK, Interruptions
from .recording import Outcome, Recording
from .sealed import SEALED_SLACK, Sealed
from .stoppages import Stoppages, is_cause, is_exempt_class, is_stop_reason
from .timeline import TimeLine

NOT_EXPORTED = "not_exported"  # the cause of what a package withholds
EMPTY_SLACK = 1_000  # ms from START to STOP in which nothing may have been sealed: capture begins up to 500 ms later


class Recordings:
    """The state of one recorder while its journal is read, entry by entry."""

    def __init__(self, device: bytes, collector: Collector, host_key: bytes | None = None):
        """`host_key` is that of the host whose store this is."""
        self.device = device
        self.open: Recording | None = None
        self.closed_with_missing: list[Recording] = []
        self._newest = 0  # number of the newest recording
        self._collector = collector
        self._line = TimeLine(device, collector)
        self._clocks = Clocks(device, collector, host_key)
        self._sealed = Sealed(device, collector, self._line)
        self._interruptions = Interruptions(device, collector, self._line)
        self._conduct = Conduct(device, collector)
        self.stoppages = Stoppages()
        self._lost: tuple[int, int] | None = None  # first and last of what is missing since a JOURNAL covered the rest
        self._is_whole = True  # every entry until now was there and held
        self._is_behind_withheld = False  # recordings may have been passed over since the newest
        self._is_unknown = False  # why nothing is recorded may stand in what is withheld
        self._sequence = 0  # of the entry that is due

    def allow(self, sequence: int) -> None:
        """Entry `sequence`, which comes next, holds a lawful order of the organisation: it may set the clock back."""
        self._clocks.lawful = sequence

    @property
    def boots(self) -> list[Boot]:
        """The boots so far, in order."""
        return self._line.boots

    @property
    def boot(self) -> Boot | None:
        """The boot that runs."""
        return self._line.boot

    def note(self, entry: Entry, outcome: Outcome | None) -> None:
        """Takes the next good entry; a SEGMENT with the outcome of its file."""
        self._line.damage = entry.sequence != self._sequence
        self._is_whole = self._is_whole and not self._line.damage
        if self._line.damage:
            self._lost = (self._sequence if self._lost is None else self._lost[0], entry.sequence - 1)
            if self.open is not None:
                self.open.damaged.update(self.open.declared)
        self._sequence = entry.sequence + 1
        boot = self._line.enter(entry)
        self._clocks.note(entry, boot)
        if entry.segment is not None and outcome is not None:
            self._goes_on(entry.segment)
            self._sealed.note(entry, entry.segment, outcome, self.open)
            self._told(entry, entry.segment)
        else:
            handler = _HANDLERS.get(entry.kind)
            if handler is not None and entry.known:
                handler(self, entry, boot)
            if self.open is None:
                self._idle(boot, entry.ticks)
        self.stoppages.reach(entry.boot, entry.ticks)

    def withhold(self, entry: Entry) -> None:
        """What lies before `entry` is withheld: nobody says how it stands, and nothing goes on over it. No recording
        runs there.
        """
        boot = self.boot
        if boot is not None and boot.number != entry.boot:
            boot.ending, boot.ending_state = (NOT_EXPORTED, None), State.WITHHELD
        self._line.exempt(None)
        self.stoppages.pass_over(entry.boot)
        self._conduct.pass_over()
        self._sequence = entry.sequence
        self._is_whole = False
        self._is_behind_withheld = self._is_unknown = True
        if entry.kind != kinds.BOOT:
            self._line.enter(entry).fill(entry.ticks, State.WITHHELD, NOT_EXPORTED, None)

    def note_dated(self, boot: int, ticks: int, latest_ms: int) -> None:
        """A host saw those ticks of a boot at `latest_ms` (Unix) or before."""
        found = self._line.find(boot)
        if found is not None:
            self._clocks.seen(found, ticks, latest_ms)

    def finish(self, boot: int, ticks: int, open_recording: int | None) -> None:
        """Extends the time line to an attested head (or the last entry); an open recording must be open there, too:
        `open_recording` is the sequence of its START, as the head has it.
        """
        last = self._line.find(boot)
        if self.open is not None:
            recording = self.open
            if open_recording == recording.start:
                self.stoppages.reach(boot, ticks)
                if last is not None:
                    self._run_on(recording, last, ticks)
            else:
                home = self._line.find(recording.boot)
                end = 0 if home is None else self._line.tracks(recording, home).furthest
                place = None if home is None else Place(home.number, end, end)
                self._collector.add(
                    "TAIL_OPEN",
                    device=self.device,
                    recording=recording.number,
                    place=place,
                    sentence="TAIL_OPEN.no_stop",
                )
                self.stoppages.ended()
            self._close(recording)
        elif last is not None:
            self._idle(last, ticks)
            self.stoppages.reach(boot, ticks)
        self.stoppages.finish()
        self._conduct.finish()

    def _idle(self, boot: Boot, ticks: int) -> None:
        """Nothing was being recorded up to `ticks`: because of what broke off, or nothing was to be."""
        standing = self.stoppages.standing
        if self._is_unknown:
            boot.fill(ticks, State.WITHHELD, NOT_EXPORTED, None)
        elif standing is None:
            self._line.idle(boot, ticks)
        else:
            boot.fill(ticks, State.DECLARED, *standing)

    def _goes_on(self, segment: Segment) -> None:
        """A recording that broke off is over: a segment of it that begins later leaves a hole that nothing declares."""
        recording = self.open
        if recording is not None and recording.number == segment.recording:
            recording.go_on(segment)

    def _told(self, entry: Entry, segment: Segment) -> None:
        """An encoder's file is sealed at the end of what it took to close and hash it."""
        if segment.lost:
            self.stoppages.lost_frames()
        if segment.attested == codes.ATTESTED_POST_CLOSE and self.open and self.open.number == segment.recording:
            self.open.tell_of_file(entry.boot, entry.ticks, min(segment.length, MAXIMUM_FILE))

    def _run_on(self, recording: Recording, boot: Boot, ticks: int) -> None:
        """What was not sealed yet at the head is pending; a track that lags by more than a segment is missing."""
        tracks = self._line.tracks(recording, boot)
        self._line.hole(boot, tracks.furthest, recording, slack=BROKEN_SLACK)
        for track in recording.declared:
            tracks.fill(track, ticks, State.PENDING, None, recording.number)

    def _booted(self, entry: Entry, _boot: Boot) -> None:
        """The boot before ended without OFF unless it said so."""
        self._interruptions.note_boot(entry)
        standing = self.stoppages.standing
        if self._is_unknown and len(self.boots) > 1:
            self.boots[-2].ending, self.boots[-2].ending_state = (NOT_EXPORTED, None), State.WITHHELD
        elif standing is not None and len(self.boots) > 1:
            self.boots[-2].ending = standing
        self.stoppages.booted(entry)
        self._conduct.booted()
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
        else:
            self._idle(boot, entry.ticks)
        self._line.exempt(None)
        self._is_unknown = self._is_unknown and entry.number("reason") == codes.OFF_BATTERY_LOW
        self.stoppages.switched_off(entry)
        boot.ending = self.stoppages.standing or ("off", None)

    def _started(self, entry: Entry, boot: Boot) -> None:
        number = entry.number("recording")
        if self.open is not None:
            self._add("TAIL_OPEN", entry, recording=self.open.number, sentence="TAIL_OPEN.no_stop")
            self.stoppages.ended()
            self._close(self.open)
        self._idle(boot, entry.ticks)
        self._line.exempt(None)
        self._is_unknown = False
        follows = number > self._newest if self._is_behind_withheld else number == self._newest + 1
        if not self._line.damage and not follows:
            self._add(
                "RECORDING_MISSING",
                entry,
                recording=number,
                sentence="RECORDING_MISSING.number",
                expected=self._newest + 1,
            )
        self._newest = max(self._newest, number)
        self._is_behind_withheld = False
        self.open = Recording(number, entry)
        self._line.tracks(self.open, boot)
        self.stoppages.started(entry, self.open)
        self._conduct.started(entry, number)
        if not self.open.is_known:
            self._unknown(entry, f"tracks {entry.number('tracks')}")

    def _unknown(self, entry: Entry, reason: str) -> None:
        recording = entry.optional("recording")
        self._add("UNKNOWN_FORMAT", entry, recording=recording, number=entry.sequence, reason=reason)

    def _interrupted(self, entry: Entry, _boot: Boot) -> None:
        recording, number = self.open, entry.number("recording")
        if recording is None:
            self._add("HEAD_MISSING", entry, recording=number, sentence="HEAD_MISSING.no_start")
        elif recording.number == number:
            boot, last = self._ended(entry, recording)
            since = self._interruptions.interrupted(entry, recording, boot, last)
            if not is_cause(entry.number("cause")):
                self._unknown(entry, f"cause {entry.number('cause')}")
            self.stoppages.interrupted(entry, recording, since)

    def _ended(self, entry: Entry, recording: Recording) -> tuple[Boot, int]:
        """Boot and tick at which INTERRUPT or STOP says that its recording ended, as far as that can be."""
        number, last = entry.number("boot"), entry.number("last_tick")
        boot = self._line.find(number) if recording.boot <= number <= entry.boot else None
        if boot is None:
            reason = f"boot {number} is none of its recording"
            self._add("MALFORMED", entry, recording=recording.number, number=entry.sequence, reason=reason)
            boot = self._line.enter(entry)
        if boot.number == entry.boot and last > entry.ticks:
            if last > max(entry.ticks, self._line.tracks(recording, boot).furthest) + SEALED_SLACK:
                self._add("ORDER", entry, "ORDER.ahead_of_entry", recording.number, number=entry.sequence)
            last = entry.ticks
        return boot, last

    def _resumed(self, entry: Entry, _boot: Boot) -> None:
        wrong = self.stoppages.resumed(entry, self.open)
        if wrong is not None and self._is_whole:  # else what it names may be what is missing
            number, recording = entry.number("interrupt"), entry.number("recording")
            self._add("RESUME_MISMATCH", entry, f"RESUME_MISMATCH.{wrong}", recording, number=number)

    def _stopped(self, entry: Entry, running: Boot) -> None:
        recording = self.open
        number = entry.number("recording")
        if recording is None or recording.number != number:
            self._add("HEAD_MISSING", entry, recording=number, sentence="HEAD_MISSING.no_start")
            return
        if not is_stop_reason(entry.number("reason")):
            self._unknown(entry, f"reason {entry.number('reason')}")
        boot, last = self._ended(entry, recording)
        since = boot.number, last
        # Nothing sealed: what failed at the start takes as long to sign as a STOP. Else nothing may lack.
        slack = 0 if recording.segments else STOP_SLACK
        self._line.hole(boot, last, recording, slack=slack)
        sealed = self._line.tracks(recording, boot).furthest if recording.segments else last
        if boot is running and entry.ticks - recording.told_by(boot.number, max(last, sealed)) > STOP_SLACK:
            self._line.hole(boot, entry.ticks, recording)
        is_empty = boot is running and not recording.segments and recording.cause is None
        if is_empty and not recording.reasons(boot.number, 0, entry.ticks):  # and nothing says why
            self._line.hole(boot, entry.ticks, recording, slack=EMPTY_SLACK)
        if boot is not running and recording.cause is None:
            since = self._interruptions.broke_off(entry, recording, boot, last, codes.CAUSE_UNKNOWN)
        if entry.number("segments") > recording.segments and not self._line.damage:
            self._add(
                "SEGMENT_MISSING",
                entry,
                recording=number,
                sentence="SEGMENT_MISSING.count",
                expected=entry.number("segments"),
                found=recording.segments,
            )
        if boot is running:  # what a hole accounts for is no gap of another sort as well
            since = max(since, self._line.accounted(boot, recording))
        self.stoppages.stopped(entry, recording, since)
        self._close(recording)

    def _close(self, recording: Recording) -> None:
        self.open = None
        self._line.close(recording)
        if recording.missing:
            self.closed_with_missing.append(recording)

    def _faulted(self, entry: Entry, _boot: Boot) -> None:
        faults.note(entry, self.open, self.device, self._collector)
        self.stoppages.faulted(entry.number("what"))

    def _journal(self, entry: Entry, _boot: Boot) -> None:
        first, last = entry.number("first"), entry.number("last")
        self._add("JOURNAL", entry, first=first, last=last)
        if self._lost is not None and first <= self._lost[0] and self._lost[1] <= last:
            self._lost = None
            if self.open is not None:  # what the recorder declares lost is missing, not altered
                self.open.damaged.clear()

    def _exempted(self, entry: Entry, boot: Boot) -> None:
        if self.open is None:
            self._idle(boot, entry.ticks)
        self._is_unknown = False
        self.stoppages.exempted(entry)
        begins = entry.body["begins"] is True
        number = entry.number("class")
        is_known = is_exempt_class(number)
        if begins and not is_known:
            self._unknown(entry, f"class {number}")
        self._line.exempt(names.name_of(names.EXEMPT_CLASSES, number) if begins else None, is_known)

    def _medium(self, _entry: Entry, _boot: Boot) -> None:
        self.stoppages.medium()

    def _checked(self, entry: Entry, _boot: Boot) -> None:
        self._conduct.checked(entry)

    def _issued(self, entry: Entry, _boot: Boot) -> None:
        self._conduct.issued(entry)

    def _configured(self, entry: Entry, _boot: Boot) -> None:
        self.stoppages.configured(entry)
        self._conduct.configured(entry)

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
    kinds.MEDIUM: Recordings._medium,  # pyright: ignore[reportPrivateUsage]
    kinds.CHECK: Recordings._checked,  # pyright: ignore[reportPrivateUsage]
    kinds.ISSUE: Recordings._issued,  # pyright: ignore[reportPrivateUsage]
    kinds.RETURN: Recordings._issued,  # pyright: ignore[reportPrivateUsage]
    kinds.CONFIG: Recordings._configured,  # pyright: ignore[reportPrivateUsage]
}
