"""Section "Verification of a chain", "Recordings": steps 1 to 7."""

from dataclasses import dataclass, field

from .coverage import begins_in_time, follows, frames_fit
from .entries import Entry
from .fields import Fields
from .findings import Finding
from .wav import MAXIMUM_FILE

MINIMUM_LEAF, MAXIMUM_LEAF = 4096, 1048576
HIGHEST_NUMBER = 9999999
MEDIA_LOST, RECOVERED_EXCESS = 6, 7


@dataclass
class Recording:
    """What the entries say of one recording. Without its START it is known by its segments alone."""

    number: int
    start: Entry | None
    segments: list[Fields] = field(default_factory=list)
    interrupts: list[Entry] = field(default_factory=list)
    stop: Entry | None = None

    @property
    def spans(self) -> list[dict[str, int | None]]:
        """What is covered, in ticks of a boot, and in Unix ms where START had a wall clock and the boot is the same."""
        spans: list[dict[str, int | None]] = []
        for segment in self.segments:
            boot, first, last = (segment.integer(name) for name in ("boot", "first_tick", "last_tick"))
            if spans and spans[-1]["boot"] == boot and spans[-1]["last_tick"] == first:
                spans[-1] |= {"last_tick": last, "ends": self.wall(boot, last)}
            else:
                begins, ends = self.wall(boot, first), self.wall(boot, last)
                spans.append({"boot": boot, "first_tick": first, "last_tick": last, "begins": begins, "ends": ends})
        return spans

    def wall(self, boot: int, tick: int) -> int | None:
        if self.start is None or self.start.fields.integer("boot") != boot:
            return None
        state, milliseconds = self.start.fields.wall()
        return milliseconds + tick - self.start.fields.integer("ticks") if state else None


class RecordingReader:
    """Reads entries in order."""

    def __init__(self) -> None:
        self.recordings: dict[int, Recording] = {}
        self.findings: list[Finding] = []
        self.open: Recording | None = None
        self.highest = 0

    def find(self, code: str, detail: str, recording: int | None = None, segment: int | None = None) -> None:
        self.findings.append(Finding(code, detail, recording=recording, segment=segment))

    def note(self, code: str, detail: str, recording: int | None = None) -> None:
        self.findings.append(Finding(code, detail, problem=False, recording=recording))

    def read(self, entry: Entry) -> None:
        if entry.known and entry.kind_name in ("SEGMENT", "INTERRUPT", "STOP"):
            recording = self._of(entry)
            if entry.kind_name == "SEGMENT":
                self._segment(recording, entry.body)
            elif entry.kind_name == "INTERRUPT":
                recording.interrupts.append(entry)
                self.note("GAP_DECLARED", f"interrupted, cause {entry.body.integer('cause')}", recording.number)
            else:
                self._stop(recording, entry)
        elif entry.kind_name == "START":
            self._start(entry)
        elif entry.kind_name == "JOURNAL":
            first, last = entry.body.integer("first"), entry.body.integer("last")
            self.find("INCOMPLETE", f"the recorder lost entries {first} to {last}")
        elif entry.kind_name == "FAULT":
            self._fault(entry.body)

    def _start(self, entry: Entry) -> None:
        number = entry.body.integer("recording")
        if number > self.highest + 1:
            self.find("RECORDING_MISSING", f"recordings {self.highest + 1} to {number - 1} are not there", number)
        elif number <= self.highest:
            self.find("CHAIN_BREAK", "the number of an earlier recording", number)
        self.highest = max(number, self.highest)
        self.open = self.recordings[number] = Recording(number, entry)

    def _of(self, entry: Entry) -> Recording:
        """The recording that an entry is of (step 1)."""
        number = entry.body.integer("recording")
        if number not in self.recordings:
            self.find("HEAD_MISSING", f"{entry.kind_name} without its START", number)
            self.recordings[number] = Recording(number, None)
        elif self.open is None or self.open.number != number:
            self.find("CHAIN_BREAK", f"{entry.kind_name} of a recording that is not open", number)
        return self.recordings[number]

    def _segment(self, recording: Recording, body: Fields) -> None:
        """Steps 2, 3 and 5."""
        number = body.integer("number")
        expected = recording.segments[-1].integer("number") + 1 if recording.segments else 1
        if number != expected:
            self.find("SEGMENT_MISSING", f"segment {expected} is not there", recording.number, expected)
        sizes_hold = body.integer("header_length") <= body.integer("length") <= MAXIMUM_FILE
        leaf_holds = MINIMUM_LEAF <= body.integer("leaf_size") <= MAXIMUM_LEAF
        numbers_hold = 1 <= number <= HIGHEST_NUMBER and 1 <= recording.number <= HIGHEST_NUMBER
        if not (sizes_hold and leaf_holds and numbers_hold):
            self.find("MALFORMED", "lengths, leaf size or numbers beyond their limits", recording.number, number)
        if number == 1 and recording.start and not begins_in_time(recording.start, body):
            self.find("COVERAGE_HOLE", "the first segment begins elsewhere than START", recording.number, number)
        elif number == expected and recording.segments and not follows(recording.segments, body):
            self.find("COVERAGE_HOLE", "the segment does not follow the one before", recording.number, number)
        if not frames_fit(body):
            self.find("COVERAGE_HOLE", "frames are missing", recording.number, number)
        recording.segments.append(body)

    def _stop(self, recording: Recording, entry: Entry) -> None:
        recording.stop, self.open = entry, None
        last = recording.segments[-1] if recording.segments else None
        if entry.body.integer("segments") != (last.integer("number") if last else 0):
            self.find("SEGMENT_MISSING", "STOP counts other segments than there are", recording.number)
        elif last and entry.body.integer("last_tick") != last.integer("last_tick"):
            self.find("COVERAGE_HOLE", "STOP ends elsewhere than the last segment", recording.number)

    def _fault(self, body: Fields) -> None:
        recording = body.optional_integer("recording")
        if body.integer("what") == MEDIA_LOST:
            segment = body.optional_integer("segment")
            self.find("INCOMPLETE", f"media lost, {body.array('values')}", recording, segment)
        elif body.integer("what") == RECOVERED_EXCESS:
            self.note("INDETERMINATE", f"bytes beyond what was sealed, {body.array('values')}", recording)

    def finish(self, open_sequences: set[int]) -> None:
        """Step 4: a recording without STOP is open, and its head should say so."""
        for recording in self.recordings.values():
            attested = recording.start is not None and recording.start.sequence in open_sequences
            if recording.stop is None and not attested:
                self.note("TAIL_OPEN", "no STOP, and no head says that it runs", recording.number)
