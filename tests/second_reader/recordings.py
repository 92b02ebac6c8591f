"""Section "Verification of a chain", "Recordings": steps 1 to 10; the time line is in timeline.py."""

from dataclasses import dataclass, field

from .cbor import Value
from .entries import Entry
from .fields import Fields
from .findings import INDETERMINATE, Finding
from .segments import (
    BOTH,
    POST_CLOSE,
    RECOVERED,
    TRACKS,
    duration,
    fits,
    frames_fit,
    is_empty,
    is_known,
    is_sound,
    lost_time,
)
from .sums import Sum
from .timeline import Timeline
from .waiting import CHANGED_WHILE_HASHED, OF_ENCODER, Told, told_until

CAPTURE, STORAGE, MEDIA_LOST, RECOVERED_EXCESS = 1, 2, 6, 7
GIVING_UP = CAPTURE, STORAGE, MEDIA_LOST, RECOVERED_EXCESS
ANCHOR_SLACK, ANCHOR_LATE = 15_000, 10_000
ANCHORS_FULL = 10
START_SLACK = 1_000
LAST_CAUSE, INTEGRATORS, LEAST_REASON, LAST_REASON = 14, 1000, 1, 10
OF_CARD = 1, 5, 6  # causes before which not everything is sealed
STOP_SLACK = 5_000


def _moment(body: Fields, tick: str) -> tuple[int, int]:
    return body.integer("boot"), body.integer(tick)


@dataclass
class Recording:
    """What the entries say of one recording. Without its START it is known by its segments alone."""

    number: int
    start: Entry | None
    timeline: Timeline | None = None
    segments: list[Fields] = field(default_factory=list)
    wanted: list[Fields] = field(default_factory=list)  # whose files are looked for
    interrupts: list[Entry] = field(default_factory=list)
    stop: Entry | None = None
    summed: dict[tuple[int, int], Sum] = field(default_factory=dict)  # by `track` and boot
    anchors: list[list[Value]] = field(default_factory=list)  # of every BOOT since START
    broke: dict[int, tuple[int, int]] = field(default_factory=dict)  # by sequence: since when it had broken off
    given_up: set[int] = field(default_factory=set)
    encoded: list[Told] = field(default_factory=list)

    @property
    def anchored(self) -> tuple[int, int]:
        """The moment of the anchor that had got furthest."""
        furthest = max((anchor[3] for anchor in self.anchors if isinstance(anchor[3], int)), default=0)
        return self.start.fields.integer("boot") if self.start else 0, furthest

    @property
    def moments(self) -> list[tuple[int, int]]:
        """What its entries and anchors tell of, also at a later boot."""
        ends = [*self.segments, *(entry.body for entry in (*self.interrupts, self.stop) if entry is not None)]
        return [self.anchored, *(_moment(body, "last_tick") for body in ends)]

    @property
    def declared(self) -> bool:
        return bool(self.interrupts)

    def declares(self, segment: Fields) -> bool:
        """Whether INTERRUPT stands before what a segment brings to light: one that goes on has not broken off."""
        if not self.interrupts:
            return False
        body = self.interrupts[0].body
        broke, begins = _moment(body, "last_tick"), _moment(segment, "first_tick")
        return segment.integer("attested") == RECOVERED or begins < broke

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
        self.strays: dict[int, Recording] = {}  # segments outside their recordings
        self.findings: list[Finding] = []
        self.open: Recording | None = None
        self.highest = 0
        self.places = set[tuple[int, int]]()
        self.outside = dict[int, int]()  # by boot: the ticks of its last entry outside recordings
        self.boots = set[int]()
        self.anchor: list[Value] | None = None
        self.anchorless = set[int | None]()  # recordings of which a FAULT anchors_full came
        self.damage = False
        self.following = 0

    def find(self, code: str, detail: str, recording: int | None = None, segment: int | None = None) -> None:
        self.findings.append(Finding(code, detail, recording=recording, segment=segment))

    def note(
        self,
        code: str,
        detail: str,
        recording: int | None = None,
        segment: int | None = None,
        allows: str | None = None,
    ) -> None:
        found = Finding(code, detail, problem=False, recording=recording, segment=segment, allows=allows)
        self.findings.append(found)

    def read(self, entry: Entry) -> None:
        before, self.damage = self.following, entry.sequence != self.following
        self.following = entry.sequence + 1
        if self.damage and self.open is not None and self.open.timeline is not None:
            self.open.timeline.damage(before, entry.sequence - 1)
        boot, ticks = entry.fields.integer("boot"), entry.fields.integer("ticks")
        handler = getattr(self, "_" + entry.kind_name.lower(), None) if entry.known else None
        if handler is not None:
            handler(entry)
        self.boots.add(boot)
        if self.open is None:
            self.outside[boot] = max(self.outside.get(boot, 0), ticks)

    def _boot(self, entry: Entry) -> None:
        self.anchor = None if entry.body.values["anchor"] is None else entry.body.array("anchor")
        if self.open is not None and self.anchor and self.open.start and self.anchor[0] == self.open.start.sequence:
            self.open.anchors.append(self.anchor)

    def _off(self, entry: Entry) -> None:
        """Step 7."""
        if self.open is not None and self.open.timeline is not None:
            boot, ticks = entry.fields.integer("boot"), entry.fields.integer("ticks")
            self.open.timeline.until(boot, ticks, self.open.declared)

    def _start(self, entry: Entry) -> None:
        """Step 1."""
        number, tracks = entry.body.integer("recording"), entry.body.integer("tracks")
        if self.open is not None:
            self.find("TAIL_OPEN", "another recording starts before its STOP", self.open.number)
            self._end(self.open)
        if number != self.highest + 1 and not self.damage:
            self.find("RECORDING_MISSING", f"recording {self.highest + 1} was due", number)
        self.highest = max(number, self.highest)
        if tracks not in TRACKS:
            self.note("UNKNOWN_FORMAT", f"tracks {tracks}", number)
        due = tracks if tracks in TRACKS else BOTH
        boot, ticks = entry.fields.integer("boot"), entry.fields.integer("ticks")
        self.open = Recording(number, entry, Timeline(due, boot, ticks, dict(self.outside)))
        self.recordings.setdefault(number, self.open)

    def _segment(self, entry: Entry) -> None:
        """Steps 2 and 5."""
        body = entry.body
        place = body.integer("recording"), body.integer("number")
        if place in self.places:
            self.find("REPLAY", "a second SEGMENT of the same number", *place)
        self.places.add(place)
        recording = self.open if self.open is not None and self.open.number == place[0] else None
        wanted = judged = is_known(body) and is_sound(body)
        if not is_known(body):
            self.note("UNKNOWN_FORMAT", "codes that no table here has", *place)
        elif not wanted:
            self.find("MALFORMED", "lengths, leaf size, ticks or numbers beyond their limits", *place)
        elif recording is not None and not self._fits(recording, body):
            judged = False
            self.find("MALFORMED", "none of the tracks of its recording, or of a boot that is not here", *place)
        if self.open is None:
            self.find("HEAD_MISSING", "SEGMENT without its START", *place)
        elif recording is None:
            self.find("CHAIN_BREAK", f"SEGMENT inside recording {self.open.number}", *place)
        if recording is None:
            recording = self.strays.setdefault(place[0], Recording(place[0], None))
        else:
            self._covers(recording, body, judged)
            if body.integer("attested") == POST_CLOSE:
                recording.encoded.append(Told.of(entry, body.integer("length")))
        recording.segments.append(body)
        if wanted:
            recording.wanted.append(body)

    def _fits(self, recording: Recording, body: Fields) -> bool:
        due = recording.timeline.due if recording.timeline else BOTH
        return fits(body, due) and body.integer("boot") in self.boots

    def _covers(self, recording: Recording, body: Fields, judged: bool) -> None:
        """Steps 3, 7 and 8."""
        number, timeline = body.integer("number"), recording.timeline
        expected = recording.segments[-1].integer("number") + 1 if recording.segments else 1
        if number < expected and not self.damage:
            self.find("ORDER", f"segment {expected} was due", recording.number, number)
        elif not self.damage and not recording.given_up.issuperset(range(expected, min(number, expected + 65536))):
            self.find("SEGMENT_MISSING", f"segment {expected} was due", recording.number, number)
        if timeline is None:
            return
        if not timeline.segment(body, recording.declares(body), None if judged else "unexplained"):
            self.find("ORDER", "begins before what stands before it ended", recording.number, number)
        if not judged:
            return
        summed = recording.summed.setdefault((body.integer("track"), body.integer("boot")), Sum())
        if not frames_fit(body):
            self.find("COVERAGE_HOLE", "frames are missing", recording.number, number)
        if summed.lacks(body, frames_fit(body) and not is_empty(body)):
            self.find("COVERAGE_HOLE", "frames are missing in several segments", recording.number, summed.first)
        first, last = body.integer("first_tick"), body.integer("last_tick")
        if is_empty(body):
            timeline.unexplained(body, first, last, named=True)
        elif lost_time(body) and duration(body):
            timeline.unexplained(body, last - lost_time(body), last, named=False)
        if body.integer("lost"):
            self.note("SAMPLES_LOST", f"{body.integer('lost')} frames", recording.number, number)

    def _interrupt(self, entry: Entry) -> None:
        """Steps 2, 7 and 10."""
        recording, body = self.open, entry.body
        if recording is None:
            self.find("HEAD_MISSING", "INTERRUPT without its START", body.integer("recording"))
        if recording is None or recording.timeline is None or recording.number != body.integer("recording"):
            return
        if recording.interrupts:
            return
        boot, last = body.integer("boot"), body.integer("last_tick")
        later = entry.fields.integer("boot") != boot
        ticks, cause = entry.fields.integer("ticks"), body.integer("cause")
        if LAST_CAUSE < cause < INTEGRATORS or cause >= 2 * INTEGRATORS:
            self.note("UNKNOWN_FORMAT", f"cause {cause}", recording.number)
        if later:
            self._anchored(recording, last)
        if later or cause in OF_CARD:
            recording.timeline.interrupt(boot, last, None if later else ticks, declared=False)
        else:
            self._until(recording, boot, last, ticks)
        recording.interrupts.append(entry)
        recording.broke[entry.sequence] = boot, recording.timeline.lowest(boot) if boot in self.boots else last
        anchor = self.anchor if recording.start and self.anchor and self.anchor[0] == recording.start.sequence else None
        allows = INDETERMINATE if later and not self._vouched(recording, anchor, boot, last) else None
        self.note("GAP_DECLARED", f"interrupted, cause {body.integer('cause')}", recording.number, allows=allows)

    def _anchored(self, recording: Recording, last: int) -> None:
        """Step 10: what an anchor says that there was."""
        _, furthest = recording.anchored
        if recording.timeline is not None and furthest > last + ANCHOR_SLACK:
            self.find("MEDIA_LOST", "the anchor had got further", recording.number)
            recording.timeline.until(recording.timeline.start[0], furthest, declared=False)

    def _vouched(self, recording: Recording, anchor: list[Value] | None, boot: int, last: int) -> bool:
        """Step 10: whether an anchor says that it had been recording."""
        if anchor is None or recording.timeline is None:
            return False
        begun = recording.timeline.start
        late = boot != begun[0] or last > begun[1] + ANCHOR_LATE
        return anchor[1] != 0 or not (late or recording.number in self.anchorless)

    def _until(self, recording: Recording, boot: int, last: int, ticks: int | None) -> None:
        """What a track lacks up to a `last_tick`, and up to the ticks of its entry, if these are much later."""
        timeline = recording.timeline
        if timeline is None:
            return
        begun = timeline.start[1] if timeline.start[0] == boot else last
        if recording.segments or last - begun > STOP_SLACK:
            timeline.until(boot, last, recording.declared)
        told = told_until(recording.encoded, boot, max(last, timeline.furthest.get(boot, 0)))
        if ticks is not None and ticks - told > STOP_SLACK:
            timeline.until(boot, ticks, recording.declared)

    def _stop(self, entry: Entry) -> None:
        """Steps 2, 4 and 7."""
        recording, body = self.open, entry.body
        if recording is None or recording.timeline is None or recording.number != body.integer("recording"):
            self.find("HEAD_MISSING", "STOP without its START", body.integer("recording"))
            return
        timeline = recording.timeline
        boot, last, ticks = body.integer("boot"), body.integer("last_tick"), entry.fields.integer("ticks")
        begun = timeline.start[1] if timeline.start[0] == boot else last
        if not LEAST_REASON <= body.integer("reason") <= LAST_REASON:
            self.note("UNKNOWN_FORMAT", f"reason {body.integer('reason')}", recording.number)
        same = boot == entry.fields.integer("boot")
        self._until(recording, boot, last, ticks if same else None)
        if same:
            first = begun if timeline.start[0] == boot else ticks
            bare = not recording.segments and not recording.declared and not recording.given_up
            if bare and ticks - first > START_SLACK:
                timeline.until(boot, ticks, declared=False)
            recording.broke[entry.sequence] = boot, max(last, timeline.lowest(boot))
        elif not recording.declared:
            self._anchored(recording, last)
            recording.broke[entry.sequence] = boot, timeline.lowest(boot) if boot in self.boots else last
            self.note("GAP_DECLARED", "broke off without INTERRUPT", recording.number, allows=INDETERMINATE)
        if body.integer("segments") > len(recording.segments) and not self.damage:
            self.find("SEGMENT_MISSING", "STOP counts more segments than there are", recording.number)
        recording.stop, self.open = entry, None
        self._end(recording)

    def _end(self, recording: Recording) -> None:
        """Step 7: what is not accounted for."""
        if recording.timeline is None:
            return
        recording.timeline.close(recording.declared)
        for code, span in recording.timeline.missing():
            self.findings.append(
                Finding(code, f"ticks {span.begin} to {span.end} of boot {span.boot}", recording=recording.number)
            )

    def _journal(self, entry: Entry) -> None:
        first, last = entry.body.integer("first"), entry.body.integer("last")
        if self.open is not None and self.open.timeline is not None:
            self.open.timeline.declared_lost(first, last)
        self.find("JOURNAL", f"the recorder lost entries {first} to {last}")

    def _fault(self, entry: Entry) -> None:
        """Steps 3 and 9."""
        body = entry.body
        what, values = body.integer("what"), f"{body.array('values')}"
        recording, segment = body.optional_integer("recording"), body.optional_integer("segment")
        if self.open is not None and recording == self.open.number and segment is not None and what in GIVING_UP:
            self.open.given_up.add(segment)
        values_of = body.array("values")
        own = segment is not None and self.open is not None and recording == self.open.number
        if own and self.open is not None and what == CAPTURE and values_of and values_of[0] in OF_ENCODER:
            hashed = values_of[1] if values_of[0] == CHANGED_WHILE_HASHED and len(values_of) > 1 else 0
            self.open.encoded.append(Told.of(entry, hashed if isinstance(hashed, int) else 0))
        if what == ANCHORS_FULL:
            self.anchorless.add(recording)
        if what == MEDIA_LOST:
            self.find("MEDIA_LOST", values, recording, segment)
        elif what == RECOVERED_EXCESS:
            self.note("RECOVERED_EXCESS", values, recording, segment)
        elif what == CAPTURE:
            self.note("CAPTURE_FAULT", values, recording, segment)

    def finish(self, open_sequences: set[int], moment: tuple[int, int]) -> None:
        """Step 6: a recording without STOP is open, and its head, of this moment, should say so."""
        recording = self.open
        if recording is None or recording.timeline is None or recording.start is None:
            return
        if recording.start.sequence in open_sequences:
            recording.timeline.run_on(*moment)
        else:
            self.find("TAIL_OPEN", "no STOP, and no head says that it runs", recording.number)
        self._end(recording)
