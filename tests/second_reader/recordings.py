"""Section "Verification of a chain", "Recordings": steps 1 to 10."""

from dataclasses import dataclass, field

from .cbor import Value
from .coverage import BROKEN_SLACK, STOP_SLACK, WAV, frames_fit, hole_before
from .entries import Entry
from .fields import Fields
from .findings import Finding
from .wav import MAXIMUM_FILE

MINIMUM_LEAF, MAXIMUM_LEAF = 4096, 1048576
HIGHEST_NUMBER = 9999999
MEDIA_LOST, RECOVERED_EXCESS = 6, 7
ANCHOR_SLACK = 15_000
MEDIA, ATTESTED, PLAIN = (1, 2, 3, 4), (0, 1, 2), 0


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


def is_known(body: Fields) -> bool:
    """Step 5: whether this reader knows how the segment is kept."""
    return body.integer("media") in MEDIA and body.integer("attested") in ATTESTED and body.integer("stored") == PLAIN


def is_countable(body: Fields) -> bool:
    """Step 5: whether the frames of a WAV can be counted."""
    return body.integer("media") != WAV or (body.integer("rate") > 0 and 44 <= body.integer("header_length") <= 65536)


def is_sound(body: Fields) -> bool:
    """Step 5: whether its numbers allow a check."""
    return (
        body.integer("header_length") <= body.integer("length") <= MAXIMUM_FILE
        and body.integer("first_tick") <= body.integer("last_tick")
        and MINIMUM_LEAF <= body.integer("leaf_size") <= MAXIMUM_LEAF
        and 1 <= body.integer("number") <= HIGHEST_NUMBER
        and 1 <= body.integer("recording") <= HIGHEST_NUMBER
    )


class RecordingReader:
    """Reads entries in order."""

    def __init__(self) -> None:
        self.recordings: dict[int, Recording] = {}
        self.findings: list[Finding] = []
        self.open: Recording | None = None
        self.highest = 0
        self.places = set[tuple[int, int]]()
        self.covered = dict[int, int]()  # by boot: the tick up to which the time line is known
        self.declared = False  # INTERRUPT without RESUME
        self.ends = dict[int, tuple[int, int]]()  # by track: boot and last tick of the open recording's newest segment
        self.started = 0, 0  # boot and ticks of its START
        self.anchor: list[Value] | None = None
        self.damage = False
        self.following = 0

    def find(self, code: str, detail: str, recording: int | None = None, segment: int | None = None) -> None:
        self.findings.append(Finding(code, detail, recording=recording, segment=segment))

    def note(self, code: str, detail: str, recording: int | None = None) -> None:
        self.findings.append(Finding(code, detail, problem=False, recording=recording))

    def read(self, entry: Entry) -> None:
        self.damage = entry.sequence != self.following
        self.following = entry.sequence + 1
        boot = entry.fields.integer("boot")
        self.covered.setdefault(boot, 0)
        handler = getattr(self, "_" + entry.kind_name.lower(), None) if entry.known else None
        if handler is not None:
            handler(entry)
        if self.open is None:
            self.covered[boot] = max(self.covered[boot], entry.fields.integer("ticks"))

    def _boot(self, entry: Entry) -> None:
        self.anchor = None if entry.body.values["anchor"] is None else entry.body.array("anchor")

    def _off(self, entry: Entry) -> None:
        """Step 7."""
        if self.open is not None:
            self._until(self.open, entry.fields.integer("boot"), entry.fields.integer("ticks"))

    def _start(self, entry: Entry) -> None:
        """Step 1."""
        number = entry.body.integer("recording")
        if self.open is not None:
            self.find("TAIL_OPEN", "another recording starts before its STOP", self.open.number)
        if number != self.highest + 1 and not self.damage:
            self.find("RECORDING_MISSING", f"recording {self.highest + 1} was due", number)
        self.highest = max(number, self.highest)
        boot, ticks = entry.fields.integer("boot"), entry.fields.integer("ticks")
        self.covered[boot] = max(self.covered[boot], ticks)
        self.declared = False
        self.ends, self.started = {}, (boot, ticks)
        self.open = Recording(number, entry)
        self.recordings.setdefault(number, self.open)

    def _segment(self, entry: Entry) -> None:
        """Steps 2, 3, 5, 7 and 8."""
        body = entry.body
        place = body.integer("recording"), body.integer("number")
        if place in self.places:
            self.find("REPLAY", "a second SEGMENT of the same number", *place)
        self.places.add(place)
        if not is_known(body):
            self.note("UNKNOWN_FORMAT", f"codes of segment {place[1]}", place[0])
        elif not is_sound(body) or not is_countable(body) or body.integer("boot") not in self.covered:
            self.find("MALFORMED", "lengths, leaf size, ticks or numbers beyond their limits", *place)
        if self.open is None:
            self.find("HEAD_MISSING", "SEGMENT without its START", *place)
        elif self.open.number != place[0]:
            self.find("CHAIN_BREAK", f"SEGMENT inside recording {self.open.number}", *place)
        else:
            self._covers(self.open, body)
            return
        self.recordings.setdefault(place[0], Recording(place[0], None)).segments.append(body)

    def _covers(self, recording: Recording, body: Fields) -> None:
        number, boot = body.integer("number"), body.integer("boot")
        expected = recording.segments[-1].integer("number") + 1 if recording.segments else 1
        if number != expected and not self.damage:
            code = "SEGMENT_MISSING" if number > expected else "ORDER"
            self.find(code, f"segment {expected} was due", recording.number, number)
        if hole_before(body, self.covered, number == 1):
            self._hole(recording, f"before segment {number}")
        end = self.ends.get(body.integer("track"), self.started)
        if boot == end[0] and body.integer("first_tick") < end[1]:
            self.find("ORDER", "begins before what stands before it ended", recording.number, number)
        self.ends[body.integer("track")] = boot, body.integer("last_tick")
        if not frames_fit(body):
            self.find("COVERAGE_HOLE", "frames are missing", recording.number, number)
        if body.integer("lost"):
            self.note("SAMPLES_LOST", f"{body.integer('lost')} frames", recording.number)
        if boot in self.covered:
            self.covered[boot] = max(self.covered[boot], body.integer("last_tick"))
        recording.segments.append(body)

    def _hole(self, recording: Recording, detail: str) -> None:
        if not self.declared and not self.damage:
            self.find("COVERAGE_HOLE", detail, recording.number)

    def _until(self, recording: Recording, boot: int, tick: int) -> None:
        """Whether something is missing before a `last_tick`."""
        if boot in self.covered and tick > self.covered[boot]:
            self._hole(recording, f"up to tick {tick} of boot {boot}")
            self.covered[boot] = tick

    def _interrupt(self, entry: Entry) -> None:
        """Step 10."""
        recording, body = self.open, entry.body
        if recording is None or recording.number != body.integer("recording"):
            return
        recording.interrupts.append(entry)
        later = entry.fields.integer("boot") != body.integer("boot")
        boot, last, ticks = body.integer("boot"), body.integer("last_tick"), entry.fields.integer("ticks")
        if not later:
            if max(last, ticks) - self.covered.get(boot, last) > BROKEN_SLACK:
                self._until(recording, boot, max(last, ticks))
            self.declared = True
        self._until(recording, boot, last)
        self.declared = True
        self.note("GAP_DECLARED", f"interrupted, cause {body.integer('cause')}", recording.number)
        anchor = self.anchor if recording.start and self.anchor and self.anchor[0] == recording.start.sequence else None
        if later and anchor and isinstance(anchor[3], int) and anchor[3] > body.integer("last_tick") + ANCHOR_SLACK:
            self.find("MEDIA_LOST", "the anchor had got further", recording.number)

    def _resume(self, entry: Entry) -> None:
        if self.open is not None and self.open.number == entry.body.integer("recording"):
            self._until(self.open, entry.fields.integer("boot"), entry.fields.integer("ticks"))
            self.covered[entry.fields.integer("boot")] = entry.fields.integer("ticks")
            self.declared = False

    def _stop(self, entry: Entry) -> None:
        """Steps 2, 4 and 7."""
        recording, body = self.open, entry.body
        if recording is None or recording.number != body.integer("recording"):
            self.find("HEAD_MISSING", "STOP without its START", body.integer("recording"))
            return
        boot, last, ticks = body.integer("boot"), body.integer("last_tick"), entry.fields.integer("ticks")
        covered = self.covered.get(boot, last)
        if recording.segments or last - covered > STOP_SLACK:
            self._until(recording, boot, last)
        if boot == entry.fields.integer("boot"):
            if ticks - (max(last, covered) if recording.segments else last) > STOP_SLACK:
                self._until(recording, boot, ticks)
        elif not self.declared:
            self.note("GAP_DECLARED", "broke off without INTERRUPT", recording.number)
        if body.integer("segments") > len(recording.segments) and not self.damage:
            self.find("SEGMENT_MISSING", "STOP counts more segments than there are", recording.number)
        recording.stop, self.open = entry, None

    def _journal(self, entry: Entry) -> None:
        first, last = entry.body.integer("first"), entry.body.integer("last")
        self.find("JOURNAL", f"the recorder lost entries {first} to {last}")

    def _fault(self, entry: Entry) -> None:
        body = entry.body
        recording = body.optional_integer("recording")
        if body.integer("what") == MEDIA_LOST:
            self.find("MEDIA_LOST", f"{body.array('values')}", recording, body.optional_integer("segment"))
        elif body.integer("what") == RECOVERED_EXCESS:
            self.note("RECOVERED_EXCESS", f"{body.array('values')}", recording)

    def finish(self, open_sequences: set[int]) -> None:
        """Step 6: a recording without STOP is open, and its head should say so."""
        recording = self.open
        if recording is not None and (recording.start is None or recording.start.sequence not in open_sequences):
            self.find("TAIL_OPEN", "no STOP, and no head says that it runs", recording.number)
