"""Verifies one recorder: walks its journal, checks each segment's file on the way, and settles what is missing at the
end.

Architecture: "The journal", "The media" and "Coverage". One pass, in the order of the journal, with the memory of one
file buffer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from evidock.errors import EvidockError
from evidock.report import DeviceReport, Head, Mark, Provenance, State
from evidock_protocol import codes, kinds, names, sign1
from evidock_protocol.errors import ProtocolError

from .chain import Chain
from .collector import Collector, Place
from .coverage import Placed
from .entries import Entry, Segment
from .heads import HeadCheck, SignedHead, read_heads
from .identify import Suspect, Suspects
from .private_fields import PrivateFields
from .reader import Media, Reader
from .receipts import Receipts
from .recordings import Outcome, Recording, Recordings
from .segment_set import SegmentSet
from .segments import Checked, SegmentChecker, is_sound, tick_of
from .stray import StrayFiles
from .trust import Trust

Interval = tuple[int | None, int | None]
_STATES = {
    codes.ATTESTED_INLINE: State.RECORDED,
    codes.ATTESTED_RECOVERED: State.RECOVERED,
    codes.ATTESTED_POST_CLOSE: State.POST_CLOSE,
}
_MARKS_KEPT = 10_000


class DeviceResult(NamedTuple):
    """What verification found out about one recorder."""

    report: DeviceReport
    placed: Placed
    marks: tuple[Mark, ...]
    provenance: Provenance
    offsets: dict[int, int]
    """Unix milliseconds at tick 0 of each boot that had a clock."""


class RecorderCheck:
    """One recorder in `reader`, read once by `run`."""

    def __init__(
        self,
        reader: Reader,
        device: bytes,
        trust: Trust,
        extra_heads: list[SignedHead],
        interval: Interval,
        collector: Collector,
        checker: SegmentChecker,
        suspects: Suspects,
        progress: Callable[[int], None] | None,
    ):
        self.reader = reader
        self.device = device
        self.trust = trust
        self.collector = collector
        self.chain = Chain(device, collector)
        self.recordings = Recordings(device, collector)
        self.receipts = Receipts(device, collector)
        self.sealed = SegmentSet()
        self.deleted = SegmentSet()
        self.stray = StrayFiles(reader, device, collector)
        self._extra_heads = extra_heads
        self._interval = interval
        self._checker = checker
        self._suspects = suspects
        self._progress = progress
        self._marks: list[tuple[int, int, str]] = []
        self._host_id = None if trust.host_key is None else sign1.thumbprint(trust.host_key)

    def run(self) -> DeviceResult:
        """Reads everything of this recorder once. Raises EvidockError when a file cannot be read."""
        heads = read_heads(self.reader.heads(self.device), "heads", self.collector, self.device)
        self._compare_with_custody(heads)
        check = HeadCheck(self.device, heads + self._extra_heads, self.collector)
        self._walk(check)
        self.receipts.read(self.reader.receipts(self.device), self.trust.host_key, "receipts")
        provenance = self.trust.judge(self.device, self.chain.genesis)
        head = self._settle_end(check, heads)
        self._settle_missing()
        if not self.chain.begins_late:  # else no entry could be checked, so no file can be called unsigned
            self.stray.look(self.chain, self.sealed, self.device in self.trust.enrolled)
        placed = Placed(self.recordings.boots)
        self._say_clocks(placed)
        offsets = {boot.number: boot.offset for boot in self.recordings.boots if boot.offset is not None}
        marks = tuple(
            Mark((offsets[boot] + ticks) / 1000, self.device.hex(), name)
            for boot, ticks, name in self._marks
            if boot in offsets
        )
        return DeviceResult(self._report(head), placed, marks, provenance, offsets)

    def _walk(self, check: HeadCheck) -> None:
        journal = self.reader.journal(self.device)
        if journal is None:
            self.collector.add("NO_JOURNAL", device=self.device)
            return
        self.chain.may_begin_late = not self.reader.is_store
        self.chain.watcher = check.at
        self.chain.watched = check.next_size
        openings = PrivateFields(self.reader.private(self.device), self.device, self.collector)
        recordings, chain = self.recordings, self.chain
        try:
            for entry in chain.walk(journal):
                openings.note(entry)
                segment = entry.segment
                if segment is None:
                    self._note(entry)
                    recordings.note(entry, None)
                else:
                    path, outcome = self._outcome(segment, recordings.open)
                    recordings.note(entry, outcome, path)
        finally:
            journal.close()
        openings.finish(complain=not chain.begins_late)

    def _note(self, entry: Entry) -> None:
        if not entry.known:
            return
        kind, body = entry.kind, entry.body
        if kind == kinds.HOST:
            if body["event"] == codes.HOST_RECEIPTED:
                self.receipts.sealed(body["statement"])
            self._witness(entry)
        elif kind == kinds.MARK and len(self._marks) < _MARKS_KEPT:
            self._marks.append((entry.boot, entry.ticks, names.name_of(names.MARK_TYPES, entry.number("type"))))
        elif kind == kinds.TOMBSTONE:
            self.deleted.add(entry.number("recording"), entry.number("number"))
        elif kind == kinds.JOURNAL:
            self.chain.declare_missing(entry.number("first"), entry.number("last"))

    def _witness(self, entry: Entry) -> None:
        """The recorder noted how far this host's custody chain had got: it must reach that far still."""
        noted, host = entry.body["custody"], entry.body["host"]
        ours = self.reader.is_store and isinstance(noted, bytes) and host == self._host_id and self.trust.custody_intact
        if ours and noted not in self.trust.custody_hashes:
            self.collector.add("CUSTODY_BREAK", device=self.device, sentence="CUSTODY_BREAK.cut")

    def _outcome(self, segment: Segment, recording: Recording | None) -> tuple[str, Outcome]:
        """Checks the file of one segment."""
        state = _STATES.get(segment.attested)
        started = None if recording is None else recording.started_ms
        try:
            if state is None or not is_sound(segment):
                raise ProtocolError("numbers of the segment are out of range")
            path = self.reader.media_path(self.device, segment.recording, segment.number, segment.media, started)
        except (ProtocolError, OverflowError, ValueError, OSError) as error:
            code = "MALFORMED" if segment.stored == codes.STORED_PLAIN else "UNKNOWN_FORMAT"
            self._say(code, segment, "", number=self.chain.size - 1, reason=error)
            return "", Outcome(State.UNEXPLAINED, None)
        if not self.sealed.add(segment.recording, segment.number):
            self._say("REPLAY", segment, path, number=self.chain.size - 1, expected=self.chain.size - 1)
        self.stray.expect(segment, path)
        if self._is_outside(segment):
            return path, Outcome(State.WITHHELD, "not_examined")
        file = self.reader.media(self.device, path)
        if file is None:
            return path, Outcome(State.PENDING, None, missing=True)
        try:
            checked = self._checker.check(file, segment)
            if self._progress is not None:
                self._progress(checked.length)
            if checked.matches and checked.length == segment.length:
                if checked.frame and checked.frame * segment.written != segment.length - segment.header_length:
                    self._say("COVERAGE_HOLE", segment, path, sentence="COVERAGE_HOLE.frames", seconds=0)
                return path, Outcome(state, None)
            return path, self._damage(file, segment, path, state, checked)
        except OSError as error:
            raise EvidockError("evidence_unreadable", path=path, reason=error.strerror or str(error)) from error
        finally:
            file.close()

    def _is_outside(self, segment: Segment) -> bool:
        """Whether a segment lies outside the interval asked for, by the clock of its boot so far."""
        start, end = self._interval
        boot = self.recordings.boot
        if (start is None and end is None) or boot is None or boot.offset is None or boot.number != segment.boot:
            return False
        first, last = boot.offset + segment.first_tick, boot.offset + segment.last_tick
        return (start is not None and last <= start) or (end is not None and first >= end)

    def _damage(self, file: Media, segment: Segment, path: str, state: State, checked: Checked) -> Outcome:
        """Names what differs in a file, down to its leaves where their hashes were kept."""
        altered: list[tuple[int, int]] = []
        if not checked.matches:
            length = self._length(file, checked.length) if checked.length > segment.length else checked.length
            root = self._checker.whole_root(file, segment, length)
            self._suspects.add(root, Suspect(self.device, segment, path))
            kept = self.reader.leaves(self.device, segment.recording, segment.number, path)
            located = self._checker.locate(file, segment, kept)
            if kept is not None and not located.located:
                self._say("LEAVES_DAMAGED", segment, path)
            for start, end in located.differing:
                header = located.located and end <= segment.header_length and located.header_differs
                ticks = (segment.first_tick, segment.last_tick) if header else _ticks(segment, start, end)
                altered.append(ticks)
                cut = located.length < segment.length and end == segment.length
                self.collector.add(
                    "HEADER_MISMATCH" if header else "CONTENT_MISMATCH",
                    device=self.device,
                    recording=segment.recording,
                    segment=segment.number,
                    span=(start, end),
                    place=Place(segment.boot, *ticks),
                    path=path,
                    sentence="CONTENT_MISMATCH.short" if cut else None,
                    start=start,
                    end=end,
                    length=located.length,
                    expected=segment.length,
                )
        if checked.length > segment.length:
            self.collector.add(
                "UNCOVERED_TAIL",
                device=self.device,
                recording=segment.recording,
                segment=segment.number,
                path=path,
                span=(segment.length, self._length(file, checked.length)),
                place=Place(segment.boot, segment.last_tick, segment.last_tick),
                expected=segment.length,
            )
        return Outcome(state, None, tuple(sorted(altered)))

    @staticmethod
    def _length(file: Media, found: int) -> int:
        """Length of a file that is longer than sealed: counted in steps, however long it is."""
        file.seek(found)
        length = found
        while chunk := file.read(1 << 20):
            length += len(chunk)
        return length

    def _settle_end(self, check: HeadCheck, heads: list[SignedHead]) -> SignedHead | None:
        """How far completeness reaches: to the best head that holds, and to the last entry beyond it."""
        best, beyond, chain = check.best, check.finish(chain=self.chain), self.chain
        if beyond is not None and not chain.torn:
            # A card's copy trails the recorder's own journal, so that it is short says nothing against it.
            code = "TAIL_OPEN" if self.reader.is_store else "COPY_TRAILS"
            self.collector.add(code, device=self.device, found=chain.size, expected=beyond.size)
        custody = self.trust.sizes.get(self.device)
        if beyond is None and custody is not None and custody[0] > chain.size:
            self.collector.add("TAIL_OPEN", device=self.device, found=chain.size, expected=custody[0])
        if best is None and chain.size:
            self.collector.add("NO_HEAD", device=self.device)
        if chain.size:
            at_head = best is not None and best.size == chain.size
            boot, ticks = chain.boot, chain.ticks
            if best is not None and (best.boot, best.ticks) > (boot, ticks) and best.boot == boot:
                ticks = best.ticks
            self.recordings.finish(boot, ticks, best.open_recording if at_head and best is not None else None)
        return best

    def _settle_missing(self) -> None:
        """Absent files: lost when they were here or nobody deleted them, still on the recorder when they never came."""
        ingested = self.trust.ingested.get(self.device)
        for recording in self.recordings.closed_with_missing:
            gone: list[Segment] = []
            pending = 0
            for segment, stretch, _path in recording.missing:
                key = (segment.recording, segment.number)
                if self.reader.is_store:
                    lost = (
                        key in self.receipts.segments
                        or (ingested is not None and key in ingested)
                        or key in self.deleted
                    )
                    state, cause = (State.UNEXPLAINED, None) if lost else (State.PENDING, None)
                else:
                    lost = key not in self.deleted
                    state, cause = (State.UNEXPLAINED, None) if lost else (State.WITHHELD, "deleted_after_receipt")
                if stretch is not None:
                    stretch.state, stretch.cause = state, cause
                if lost:
                    gone.append(segment)
                else:
                    pending += 1
            if pending:
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

    def _compare_with_custody(self, heads: list[SignedHead]) -> None:
        """A head that the custody chain names must still be in the file of heads."""
        held = {head.hash for head in heads}
        for digest, (size, _time) in self.trust.heads.get(self.device, {}).items():
            if digest not in held:
                self.collector.add("STORE_MISMATCH", device=self.device, sentence="STORE_MISMATCH.head", number=size)

    def _say_clocks(self, placed: Placed) -> None:
        for boot in placed.unplaced:
            seconds = round((boot.cursor - boot.first) / 1000, 1)
            self.collector.add("CLOCK_UNSET", device=self.device, boot=boot.number, seconds=seconds)
        for boot, overlap in placed.overlaps:
            if overlap > 2000:
                self.collector.add(
                    "CLOCK_STEP",
                    device=self.device,
                    place=Place(boot.number, boot.first, boot.first + overlap),
                    sentence="CLOCK_STEP.boot",
                    seconds=round(overlap / 1000, 1),
                )

    def _say(self, code: str, segment: Segment, path: str, sentence: str | None = None, **values: object) -> None:
        self.collector.add(
            code,
            device=self.device,
            recording=segment.recording,
            segment=segment.number,
            path=path or None,
            place=Place(segment.boot, segment.first_tick, segment.last_tick),
            sentence=sentence,
            values=values,
        )

    def _report(self, head: SignedHead | None) -> DeviceReport:
        genesis = self.chain.genesis
        body = {} if genesis is None else genesis.body
        number = codes.PROTECTION_NONE if genesis is None else genesis.number("protection")
        simulated = number == codes.PROTECTION_SIMULATED
        shown = None
        if head is not None:
            dated = self.trust.heads.get(self.device, {}).get(head.hash)
            time = None if dated is None or simulated else dated[1] / 1000
            shown = Head(head.size, head.newest.hex(), head.root.hex(), time, True)
        elif self.chain.size:
            root = "" if self.chain.tree is None else self.chain.tree.root().hex()
            shown = Head(self.chain.size, self.chain.newest.hex(), root, None, False)
        return DeviceReport(
            self.device.hex(),
            self.chain.epoch + 1 if genesis else 0,
            shown,
            names.name_of(names.PROTECTIONS, number),
            str(body.get("model", "")),
            str(body.get("serial", "")),
            simulated,
        )


def _ticks(segment: Segment, start: int, end: int) -> tuple[int, int]:
    """Ticks of a byte range; the end of the data is the end of the segment, and no range is empty."""
    first = tick_of(segment, start)
    last = segment.last_tick if end >= segment.length else min(tick_of(segment, end) + 1, segment.last_tick)
    return first, max(first, last)
