"""Verifies one recorder: walks its journal, checks each segment's file on the way, and settles what is missing at the
end.

Architecture: "The journal", "The media" and "Coverage". One pass, in the order of the journal, with the memory of one
file buffer.
"""

from __future__ import annotations

from typing import NamedTuple

from evidock.report import DeviceReport, Gap, Head, Mark, Owed, Provenance, State
from evidock_protocol import codes, kinds, names, sign1

from . import conduct, faults, owed
from .chain import Chain
from .collector import Collector, Place
from .coverage import Placed
from .drift import PLAUSIBLE
from .entries import Entry
from .files import FileCheck, Interval, Shared
from .gap_report import Gaps, contradicted
from .heads import HeadCheck, SignedHead, read_heads
from .missing import MissingFiles
from .orders import Orders
from .private_fields import PrivateFields
from .reader import Reader
from .receipts import Receipts, Segments
from .recordings import Recordings
from .segment_set import SegmentSet
from .stray import StrayFiles
from .trust import Trust

_MARKS_KEPT = 10_000


class DeviceResult(NamedTuple):
    """What verification found out about one recorder."""

    report: DeviceReport
    placed: Placed
    marks: tuple[Mark, ...]
    provenance: Provenance
    offsets: dict[int, int]
    """Unix milliseconds at tick 0 of each boot that had a clock."""
    gaps: tuple[Gap, ...]
    owed: tuple[tuple[Gap, Owed], ...]


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
        shared: Shared,
    ):
        self.reader = reader
        self.device = device
        self.trust = trust
        self.collector = collector
        self.chain = Chain(device, collector)
        self.recordings = Recordings(device, collector, trust.host_key)
        self.orders = Orders(device, trust, collector)
        self.receipts = Receipts(device, collector)
        self.deleted = SegmentSet()
        self.given_up = SegmentSet()
        self.stray = StrayFiles(reader, device, collector)
        self.files = FileCheck(reader, device, collector, self.stray, interval, shared)
        self._extra_heads = extra_heads
        self._interval = interval
        self._told_of_cut = False
        self._marks = 0
        self._host_id = None if trust.host_key is None else sign1.thumbprint(trust.host_key)

    def run(self) -> DeviceResult:
        """Reads everything of this recorder once. Raises EvidockError when a file cannot be read."""
        if self._interval != (None, None):
            self.files.offsets = self._offsets()
        heads = read_heads(self.reader.heads(self.device), "heads", self.collector, self.device)
        check = HeadCheck(self.device, heads + self._extra_heads, self.collector, self.reader.is_store)
        self._walk(check)
        check.judge_lost(self.chain.undeclared)
        self._compare_heads(heads, check.refused)
        self.receipts.read(self.reader.receipts(self.device), self.trust.host_key, "receipts")
        provenance = self.trust.judge(self.device, self.chain.genesis)
        head = self._settle_end(check, heads)
        absent = MissingFiles(self.device, self.collector, self._is_lost, self._absent_otherwise())
        for recording in self.recordings.closed_with_missing:
            absent.settle(recording)
        if not self.chain.begins_late:  # else no entry could be checked, so no file can be called unsigned
            self.stray.look(self.chain, self.files.sealed, self.given_up, self.device in self.trust.enrolled)
        self._tie_heads(heads, check.refused)
        stoppages, boots = self.recordings.stoppages, self.recordings.boots
        contradicted(stoppages.not_counted, boots)
        placed = Placed(boots)
        self._say_clocks(placed)
        if not self._is_simulated:
            self.orders.finish(placed.times)
        found = Gaps(self.device, boots, placed.times, self.collector).of(stoppages.all, stoppages.until)
        offsets = placed.times.offsets
        marks = tuple(
            Mark(at / 1000, self.device.hex(), name)
            for boot in boots
            for ticks, name in boot.marks
            if (at := placed.times.point(boot.number, ticks)) is not None
        )
        gaps = tuple(one.gap for one in found)
        due = tuple(owed.of(found, self.collector.lang))
        return DeviceResult(self._report(head), placed, marks, provenance, offsets, gaps, due)

    def _offsets(self) -> dict[int, int]:
        """Where coverage will lay each boot, from the journal and the heads alone: what is said of a boot's time may
        stand behind its segments, and no file may be left out by a clock that was wrong.
        """
        first = RecorderCheck(
            self.reader, self.device, self.trust, self._extra_heads, (None, None), Collector("en"), Shared(None)
        )
        first.files.offsets = None
        heads = read_heads(self.reader.heads(self.device), "heads", first.collector, self.device)
        check = HeadCheck(self.device, heads + self._extra_heads, first.collector, self.reader.is_store)
        first._walk(check)
        check.judge_lost(first.chain.undeclared)
        first._settle_end(check, heads)
        first._tie_heads(heads, check.refused)
        return Placed(first.recordings.boots).times.offsets

    def _walk(self, check: HeadCheck) -> None:
        journal = self.reader.journal(self.device)
        if journal is None:
            self.collector.add("NO_JOURNAL", device=self.device)
            return
        self.chain.may_begin_late = not self.reader.is_store
        self.chain.watcher = check.at
        self.chain.watched = check.next_size
        self.chain.passed = check.passed
        openings = PrivateFields(self.reader.private(self.device), self.device, self.collector)
        recordings, chain, files = self.recordings, self.chain, self.files
        try:
            for entry in chain.walk(journal):
                openings.note(entry)
                segment = entry.segment
                if segment is None:
                    self._note(entry)
                    recordings.note(entry, None)
                    self._note_mark(entry)
                else:
                    recordings.note(entry, files.outcome(segment, entry.sequence, recordings.open))
        finally:
            journal.close()
        openings.finish(complain=not chain.begins_late, expected=self.reader.is_store)

    def _note(self, entry: Entry) -> None:
        if not entry.known:
            return
        kind, body = entry.kind, entry.body
        self.orders.note(entry)
        if kind == kinds.HOST:
            if body["event"] == codes.HOST_RECEIPTED:
                ours = body["host"] == self._host_id and self.device in self.trust.enrolled
                self._check_ingested(entry, self.receipts.sealed(body["statement"], ours))
            self._witness(entry)
        elif kind == kinds.TOMBSTONE:
            self.deleted.add(entry.number("recording"), entry.number("number"))
        elif kind == kinds.FAULT:
            named = faults.given_up(entry)
            if named is not None:
                self.given_up.add(*named)
        elif kind == kinds.JOURNAL:
            self.chain.declare_missing(entry.number("first"), entry.number("last"))

    def _note_mark(self, entry: Entry) -> None:
        """Its boot keeps a mark."""
        boot = self.recordings.boot
        if entry.known and entry.kind == kinds.MARK and boot is not None and self._marks < _MARKS_KEPT:
            self._marks += 1
            boot.marks.append((entry.ticks, names.name_of(names.MARK_TYPES, entry.number("type"))))

    def _witness(self, entry: Entry) -> None:
        """The recorder noted how far this host's custody chain had got: it must reach that far still."""
        noted, host = entry.body["custody"], entry.body["host"]
        ours = self.reader.is_store and isinstance(noted, bytes) and host == self._host_id and self.trust.custody_intact
        if ours and noted not in self.trust.custody_hashes:
            self._custody_was_cut()

    def _check_ingested(self, entry: Entry, segments: Segments) -> None:
        """The host writes INGEST before it gives a receipt: a receipt of this host without one was cut off (AT-29)."""
        if not (self.reader.is_store and entry.body["host"] == self._host_id and self.trust.custody_intact):
            return
        held = self.trust.ingested.get(self.device)
        if any(held is None or key not in held for key in segments):
            self._custody_was_cut()

    def _custody_was_cut(self) -> None:
        if not self._told_of_cut:
            self._told_of_cut = True
            self.collector.add("CUSTODY_BREAK", device=self.device, sentence="CUSTODY_BREAK.cut")

    def _settle_end(self, check: HeadCheck, heads: list[SignedHead]) -> SignedHead | None:
        """How far completeness reaches: to the best head that holds, and to the last entry beyond it."""
        best, beyond, chain = check.best, check.finish(), self.chain
        if beyond is not None and not chain.torn:
            # A card's copy trails the recorder's own journal, so that it is short says nothing against it.
            code = "TAIL_OPEN" if self.reader.is_store else "COPY_TRAILS"
            self.collector.add(code, device=self.device, found=chain.size, expected=beyond.size)
        custody = self.trust.sizes.get(self.device)
        if beyond is None and custody is not None and custody > chain.size:
            self.collector.add("TAIL_OPEN", device=self.device, found=chain.size, expected=custody)
        if best is None and chain.size:
            sentence = "NO_HEAD.enrolled" if self.reader.is_store and chain.size == 1 else None
            self.collector.add("NO_HEAD", device=self.device, sentence=sentence)
        if chain.size:
            at_head = best is not None and best.size == chain.size
            boot, ticks = chain.boot, chain.ticks
            if best is not None and (best.boot, best.ticks) > (boot, ticks) and best.boot == boot:
                ticks = best.ticks
            self.recordings.finish(boot, ticks, best.open_recording if at_head and best is not None else None)
        return best

    def _is_lost(self, recording: int, number: int) -> bool:
        """In a store: received, ingested, or deleted on the recorder on the strength of a receipt. On a card: not
        deleted.
        """
        key = (recording, number)
        if not self.reader.is_store:
            return key not in self.deleted
        ingested = self.trust.ingested.get(self.device)
        return key in self.receipts.segments or (ingested is not None and key in ingested) or key in self.deleted

    def _absent_otherwise(self) -> tuple[State, str | None]:
        return (State.PENDING, None) if self.reader.is_store else (State.WITHHELD, "deleted_after_receipt")

    def _compare_heads(self, heads: list[SignedHead], refused: set[bytes]) -> None:
        """A head that the custody chain names must still be in the file of heads, and the other way round.

        Sync keeps a head before it names it in custody, so when it breaks off in between the last one stands alone.
        """
        held = {head.hash for head in heads}
        named = self.trust.heads.get(self.device, {})
        for digest, (size, _time) in named.items():
            if digest not in held:
                self.collector.add("STORE_MISMATCH", device=self.device, sentence="STORE_MISMATCH.head", number=size)
        if not (self.reader.is_store and self.trust.custody_intact):
            return
        ours = [head for head in heads if head.host == self._host_id and head.hash not in refused]
        for head in ours:
            if head.hash not in named:
                code = "CUSTODY_TRAILS" if head is ours[-1] else "CUSTODY_BREAK"
                self.collector.add(code, device=self.device, sentence=f"{code}.head", number=head.size)

    def _tie_heads(self, heads: list[SignedHead], refused: set[bytes]) -> None:
        """A head that the host's custody chain dates was not signed later than that."""
        named = self.trust.heads.get(self.device, {}) if self.trust.custody_intact else {}
        for head in heads:
            if head.hash in named and head.hash not in refused:
                self.recordings.note_dated(head.boot, head.ticks, named[head.hash][1])

    def _say_clocks(self, placed: Placed) -> None:
        for one in placed.unplaced:
            if one.may_touch(self._interval):
                seconds = round((one.boot.cursor - one.boot.first) / 1000, 1)
                code = "CLOCK_BOUNDED" if one.is_bounded else "CLOCK_UNSET"
                self.collector.add(code, device=self.device, boot=one.boot.number, seconds=seconds)
        for step in placed.times.steps:
            self.collector.add(
                "CLOCK_STEP",
                device=self.device,
                place=Place(step.boot, step.tick, step.tick),
                sentence=step.sentence,
                seconds=round(step.ms / 1000, 1),
            )

    @property
    def _is_simulated(self) -> bool:
        """Whether its GENESIS says so: its time may run at any speed."""
        genesis = self.chain.genesis
        return genesis is not None and genesis.number("protection") == codes.PROTECTION_SIMULATED

    def _report(self, head: SignedHead | None) -> DeviceReport:
        genesis = self.chain.genesis
        body = {} if genesis is None else genesis.body
        number = codes.PROTECTION_NONE if genesis is None else genesis.number("protection")
        simulated = self._is_simulated
        shown = None
        if head is not None:
            dated = self.trust.heads.get(self.device, {}).get(head.hash)
            time = None if dated is None or simulated or dated[1] not in PLAUSIBLE else dated[1] / 1000
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
            tuple(
                (conduct.name_of(number), value) for number, value in sorted(self.recordings.stoppages.settings.items())
            ),
        )
