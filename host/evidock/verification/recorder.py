"""Verifies one recorder: walks its journal, checks each segment's file on the way, and settles what is missing at the
end.

Architecture: "The journal", "The media" and "Coverage". One pass, in the order of the journal, with the memory of one
file buffer.
"""

from __future__ import annotations

from typing import NamedTuple

from evidock.report import DeviceReport, Gap, Head, Mark, Owed, Provenance, Stamp, State
from evidock.timestamps import Roots
from evidock_protocol import codes, kinds, names, sign1

from . import conduct, faults, owed, stamps, vouching
from .chain import Chain
from .collector import Collector, Place
from .coverage import Placed
from .custody_heads import CustodyHeads
from .drift import PLAUSIBLE
from .entries import Entry, Segment
from .excerpt import nodes_of
from .files import FileCheck, Interval, Shared
from .gap_report import Gaps, contradicted
from .heads import HeadCheck
from .missing import MissingFiles
from .private_fields import PrivateFields
from .reader import Reader
from .receipts import Receipt, Receipts
from .recordings import NOT_EXPORTED, Recordings
from .segment_set import SegmentSet
from .signed_head import SignedHead, read_heads
from .stray import StrayFiles
from .trust import Trust
from .trusting import Trusting

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
        authorities: Roots | None = None,
    ):
        self.reader = reader
        self.device = device
        self.trust = trust
        self.collector = collector
        self.chain = Chain(device, collector)
        self.recordings = Recordings(device, collector, trust.host_key)
        self.trusting = Trusting(device, trust, collector)
        self.deletions = self.trusting.deletions
        self.custody_heads = CustodyHeads(device, trust, collector, reader.is_store)
        self.receipts = Receipts(device, collector, self.deletions)
        self.given_up = SegmentSet()
        self.stray = StrayFiles(reader, device, collector)
        self.files = FileCheck(reader, device, collector, self.stray, interval, shared)
        self._extra_heads = extra_heads
        self._authorities = authorities
        self._stamps: tuple[Stamp, ...] = ()
        self._interval = interval
        self._told_of_cut = False
        self._part = None if reader.excerpt is None else reader.excerpt.part(device)
        self._withheld = 0  # entries that a package withholds
        self._marks = 0
        # Whose store this is. Of a package's custody and receipts only a part is here: nothing follows from the rest.
        whole = trust.host_key is not None and reader.excerpt is None
        self._host_id = sign1.thumbprint(trust.host_key) if whole and trust.host_key is not None else None

    def run(self) -> DeviceResult:
        """Reads everything of this recorder once. Raises EvidockError when a file cannot be read."""
        if self._interval != (None, None):
            self.files.offsets = self.offsets()
        heads = read_heads(self.reader.heads(self.device), "heads", self.collector, self.device)
        check = HeadCheck(self.device, heads + self._extra_heads, self.collector, self.reader.is_store)
        self._walk(check)
        check.settle(self.chain, self.custody_heads.order)
        self.custody_heads.compare(heads, check.refused, self._host_id)
        self.receipts.read(self.reader.receipts(self.device), self.trust.host_key, "receipts")
        self.custody_heads.judge_fallen(check)
        provenance = self.trust.judge(self.device, self.chain.genesis, self.trusting.state.line)
        head = self._settle_end(check, heads)
        otherwise = self._absent_otherwise()
        absent = MissingFiles(self.device, self.collector, self._is_lost, otherwise, self._tell_receipts)
        for recording in self.recordings.closed_with_missing:
            absent.settle(recording)
        if not self.chain.begins_late:  # else no entry could be checked, so no file can be called unsigned
            self.stray.look(self.chain, self.files.sealed, self.given_up, self.device in self.trust.enrolled)
        self.custody_heads.tie(heads, check.refused, self.recordings)
        self._judge_stamps(heads + self._extra_heads, check.refused)
        stoppages, boots = self.recordings.stoppages, self.recordings.boots
        contradicted(stoppages.not_counted, boots)
        contradicted(stoppages.unsettled, boots, State.WITHHELD)
        placed = Placed(boots)
        self._say_clocks(placed)
        if not self._is_simulated:
            self.trusting.finish_orders(placed.times)
        self.trusting.finish(self.chain.size)
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

    def offsets(self) -> dict[int, int]:
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
        check.settle(first.chain, self.custody_heads.order)
        first._settle_end(check, heads)
        self.custody_heads.tie(heads, check.refused, first.recordings)
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
        self.chain.withheld = self._nodes
        openings = PrivateFields(self.reader.private(self.device), self.device, self.collector)
        recordings, chain, files = self.recordings, self.chain, self.files
        try:
            for entry in chain.walk(journal):
                if entry.sequence == chain.behind_withheld:
                    recordings.withhold(entry)
                    self.trusting.pass_over(entry.sequence)
                openings.note(entry)
                segment = entry.segment
                if self.trusting.note(entry, recordings.stoppages.settings):
                    recordings.allow(entry.sequence)
                if segment is None:
                    self._note(entry)
                    recordings.note(entry, None)
                    self._note_mark(entry)
                else:
                    recordings.note(entry, files.outcome(segment, entry.sequence, recordings.open))
        finally:
            journal.close()
        openings.finish(complain=not chain.begins_late, expected=self.reader.is_store and self._part is None)
        if self._withheld:
            if check.best is None or check.best.size != self.chain.size:  # nothing else proves what is withheld
                self.collector.add("CHAIN_BREAK", device=self.device, path="journal", sentence="CHAIN_BREAK.withheld")
            self.collector.add("WITHHELD", device=self.device, count=self._withheld)

    def _nodes(self, first: int, count: int) -> list[bytes] | None:
        """The subtrees of entries that a package withholds. A run inside a recording would hide a part of it."""
        nodes = None
        if self._part is not None and self.recordings.open is None:
            nodes = nodes_of(self._part.runs, first, count)
        self._withheld += 0 if nodes is None else count
        return nodes

    def _note(self, entry: Entry) -> None:
        if not entry.known:
            return
        kind, body = entry.kind, entry.body
        if kind == kinds.HOST:
            if body["event"] == codes.HOST_RECEIPTED:
                ours = body["host"] == self._host_id and self.device in self.trust.enrolled
                receipt = self.receipts.sealed(body["statement"], ours)
                if receipt is not None:
                    self.trusting.received(entry, receipt)
                    self._check_ingested(entry, receipt)
            self._witness(entry)
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

    def _check_ingested(self, entry: Entry, receipt: Receipt) -> None:
        """The host writes INGEST before it gives a receipt: a receipt of this host without one was cut off (AT-29)."""
        if not (self.reader.is_store and entry.body["host"] == self._host_id and self.trust.custody_intact):
            return
        held = self.trust.ingested.get(self.device)
        if any(held is None or row[:2] not in held for row in receipt.rows):
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
        if self._part is not None:
            return recording in self._part.recordings
        if not self.reader.is_store:
            return key not in self.deletions.segments
        ingested = self.trust.ingested.get(self.device)
        known = key in self.receipts.segments or key in self.deletions.segments
        return known or (ingested is not None and key in ingested)

    def _tell_receipts(self, gone: list[Segment]) -> None:
        if self.reader.is_store and self._part is None:  # a package lacks what was not asked for
            self.deletions.lost(gone, self._host_id)

    def _absent_otherwise(self) -> tuple[State, str | None]:
        if self._part is not None:
            return (State.WITHHELD, NOT_EXPORTED)
        return (State.PENDING, None) if self.reader.is_store else (State.WITHHELD, "deleted_after_receipt")

    def _judge_stamps(self, heads: list[SignedHead], refused: set[bytes]) -> None:
        """Time stamps over heads that nothing speaks against."""
        own = [head for head in heads if head.device == self.device]
        holding = [head for head in own if head.hash not in refused and head.size <= self.chain.size]
        named = stamps.Named(self.trust.stamps.get(self.device, {}), self.trust.heads.get(self.device, {}))
        self._stamps = stamps.judge(self.reader, self.device, holding, self.collector, named, self._authorities)

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
            *vouching.of(self.device, self.trust, self.trusting.state, self._part is None),
            self._stamps,
        )
