"""One recorder's part of a store: its journal exactly as signed, private openings, heads, receipts, places of media.

Specification: "The archive". Whatever enters was checked by `chain`; what does not fit goes to a bounded quarantine.
"""

from __future__ import annotations

import contextlib
import threading
from bisect import bisect_left
from collections.abc import Iterable
from datetime import tzinfo
from pathlib import Path

from evidock import durable, errors, layout
from evidock.chain import Chain, Head
from evidock.durable import SequenceFile
from evidock.errors import BadEvidence, StoreError, UnsupportedVersion
from evidock.locking import locked
from evidock.segments import Segments
from evidock_protocol import cbor, entry, merkle, private, sign1
from evidock_protocol.entry import Entry
from evidock_protocol.errors import ProtocolError

MAXIMUM_QUARANTINE = 16  # files
MAXIMUM_WAITING = 4096  # heads of other hosts that wait for their epoch
_WAITING = "waiting.bin"  # in quarantine: nobody's word counts before a key of the journal vouches for it


class Archive:
    """The archive of one recorder; `chain` is the state of its journal, `segments` what the journal says of media.

    One docking at a time writes to it; others may read, and bring heads of other hosts, meanwhile.
    """

    def __init__(self, folder: Path, device: bytes, zone: tzinfo):
        """Opens and checks the whole journal. Raises StoreError when it does not hold."""
        self.lock = threading.RLock()
        self.folder = folder
        self.device = device
        self.zone = zone
        self.chain = Chain(device)
        self.segments = Segments()
        self._commitments: dict[int, dict[int, bytes]] = {}
        self._sequences: list[int] = []  # of the journal's items
        self._quarantine_is_full = False
        self._journal = SequenceFile(folder / layout.JOURNAL)
        self._private = SequenceFile(folder / layout.PRIVATE, layout.PRIVATE_MODE)
        self._heads = SequenceFile(folder / layout.HEADS)
        self._receipts = SequenceFile(folder / layout.RECEIPTS)
        try:
            for raw in self._journal.items:
                self._note(self.chain.accept(raw))
            self.heads = [Head(raw) for raw in self._heads.items]
            self.waiting = _read_waiting(folder)
            self.opened = {_opening_sequence(raw) for raw in self._private.items}
        except UnsupportedVersion:
            raise
        except (BadEvidence, ProtocolError):
            raise StoreError("journal_damaged", path=self._journal.path, number=self.chain.size) from None

    @locked
    def extend(self, entries: list[bytes]) -> None:
        """Appends the next entries, durably. At the first that does not hold it keeps those before it and raises."""
        accepted: list[bytes] = []
        try:
            for raw in entries:
                item = self.chain.accept(raw)
                accepted.append(raw)
                self._note(item)
        except BadEvidence:
            self.set_aside(f"entry-{self.chain.size}", entries[len(accepted)])
            raise
        finally:
            if accepted:
                self._journal.append(accepted)

    @locked
    def entries(self, first: int, end: int) -> list[Entry]:
        """Entries `first` … `end` − 1 of the journal, without those that the recorder lost."""
        left, right = bisect_left(self._sequences, first), bisect_left(self._sequences, end)
        return [entry.parse(raw) for raw in self._journal.items[left:right]]

    @locked
    def raw(self, number: int) -> bytes | None:
        """Entry `number` exactly as signed; None when it is not here."""
        place = bisect_left(self._sequences, number)
        found = place < len(self._sequences) and self._sequences[place] == number
        return self._journal.items[place] if found else None

    @locked
    def fitting(self, heads: Iterable[Head]) -> set[bytes]:
        """Hashes of those `heads` that describe the first entries of the journal: newest hash and root, recomputed."""
        waiting: dict[int, list[Head]] = {}
        for head in heads:
            waiting.setdefault(head.size, []).append(head)
        fitting: set[bytes] = set()
        tree = merkle.TreeHasher()
        for number in range(min(max(waiting, default=0), self.chain.size)):
            raw = self.raw(number)
            newest = sign1.statement_hash(raw) if raw is not None else entry.ZERO_HASH
            tree.append(merkle.leaf_hash(newest))
            for head in waiting.get(number + 1, ()):
                if (head.newest, head.root) == (newest, tree.root()):
                    fitting.add(head.hash)
        return fitting

    @locked
    def add_openings(self, records: list[bytes]) -> int:
        """Keeps private records that open commitments of the journal; returns how many did not and were set aside.

        Passed over are those that power left without their entry: it has no commitments, or another record of it
        follows.
        """
        kept: list[bytes] = []
        refused = 0
        parsed = [_parse_record(raw) for raw in records]
        for place, raw in enumerate(records):
            sequence, openings = parsed[place]
            superseded = any(later == sequence for later, _openings in parsed[place + 1 : place + 2])
            if sequence in self.opened or (sequence >= 0 and (superseded or sequence not in self._commitments)):
                continue
            promised = self._commitments.get(sequence, {})
            if openings and all(promised.get(label) == commitment for label, _value, commitment in openings):
                kept.append(raw)
                self.opened.add(sequence)
            else:
                refused += 1
                self.set_aside(f"private-{sequence}", raw)
        if kept:
            self._private.append(kept)
        return refused

    @locked
    def unopened(self) -> int | None:
        """The first entry whose private fields are not here, or None."""
        missing = [sequence for sequence in self._commitments if sequence not in self.opened]
        return min(missing) if missing else None

    @locked
    def add_head(self, head: Head) -> None:
        """Keeps a signed head, once."""
        if all(head.hash != held.hash for held in self.heads):
            self._heads.append([head.raw])
            self.heads.append(head)

    @locked
    def keep_waiting(self, heads: list[Head]) -> None:
        """Keeps other hosts' heads, apart from those that count, until the journal has reached their epochs."""
        kept = [*self.waiting, *heads][:MAXIMUM_WAITING]
        if len(kept) > len(self.waiting):
            durable.write_whole(self.folder / layout.QUARANTINE / _WAITING, b"".join(head.raw for head in kept))
            self.waiting = kept

    @locked
    def add_receipt(self, raw: bytes) -> None:
        """Keeps a receipt that this host gives."""
        self._receipts.append([raw])

    def media_path(self, recording: int, number: int) -> Path:
        """Where a segment lies once it is whole. Raises KeyError for a segment that the journal does not name."""
        segment = self.segments.known[recording, number]
        started = self.segments.started.get(recording)
        return self.folder / layout.segment(started, self.zone, recording, number, segment.media)

    def partial_path(self, recording: int, number: int) -> Path:
        """Where a segment's bytes lie while it is half pulled."""
        return self.folder / layout.partial(recording, number)

    def leaves_path(self, recording: int, number: int) -> Path:
        """Where a segment's leaf hashes lie, once they were checked against its signed root."""
        return self.folder / layout.leaves(recording, number)

    @locked
    def set_aside(self, name: str, data: bytes) -> None:
        """Keeps hostile or damaged bytes for inspection; at most MAXIMUM_QUARANTINE files, the first ones."""
        if self._quarantine_is_full or not self.folder.is_dir():
            return
        folder = self.folder / layout.QUARANTINE
        if folder.is_dir() and len(list(folder.iterdir())) >= MAXIMUM_QUARANTINE:
            self._quarantine_is_full = True  # a hostile recorder gives thousands: it is looked at once
            return
        with contextlib.suppress(StoreError):  # a full disk must not hide what was found
            durable.write_whole(folder / f"{name}.bin", data, layout.PRIVATE_MODE)

    @locked
    def set_aside_head(self, head: Head) -> None:
        """Keeps a head that does not fit: among the heads when the recorder did sign it, because it proves a second
        history (AT-11, AT-12, AT-14), else in quarantine."""
        if head.is_signed_in(self.chain):
            self.add_head(head)
        else:
            self.set_aside(f"head-{head.size}", head.raw)

    def _note(self, item: Entry) -> None:
        self._sequences.append(item.sequence)
        if item.private:
            self._commitments[item.sequence] = item.private
        self.segments.note(item)


def _read_waiting(folder: Path) -> list[Head]:
    path = folder / layout.QUARANTINE / _WAITING
    with errors.at(path):
        return [Head(raw) for raw in durable.split(path.read_bytes())[0]] if path.exists() else []


def _parse_record(raw: bytes) -> tuple[int, list[tuple[int, object, bytes]]]:
    """As `private.parse_record`; number −1 for what is no private record."""
    try:
        return private.parse_record(cbor.decode(raw))
    except ProtocolError:
        return -1, []


def _opening_sequence(raw: bytes) -> int:
    return private.parse_record(cbor.decode(raw))[0]
