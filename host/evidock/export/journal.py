"""One recorder's journal in a store, as far as its newest signed head proves it: what an export chooses from.

Specification: "A package". Nothing is written, and nothing is judged but the proof: verification judges the rest.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from evidock import durable, errors, layout
from evidock.archive import Archive
from evidock.chain import Head
from evidock.errors import EvidockError
from evidock.verification.entries import Entry, parse
from evidock_protocol import cbor, codes, kinds, merkle, names, private
from evidock_protocol.entry import ZERO_HASH
from evidock_protocol.errors import ProtocolError

CASE = next(number for number, name, *_rest in names.PRIVATE_LABELS if name == "case")


class Recording(NamedTuple):
    """A recording by the sequences of its START and of the last entry that belongs to it."""

    number: int
    first: int
    last: int


class Journal:
    """The journal of `archive` up to `head`, the largest one that holds.

    `entries` by sequence, with their bytes in `raw`; `leaves` of the tree over all, also of those that the recorder
    lost; `recordings` in order.
    """

    def __init__(self, archive: Archive, named: set[bytes]):
        """`named` are the hashes of the heads that custody names: of equal ones such a head is preferred.

        Raises EvidockError when no head proves the journal.
        """
        self.device = archive.device
        self.archive = archive
        self.raw: dict[int, bytes] = {}
        self.entries: dict[int, Entry] = {}
        raw = _bytes(archive.folder / layout.JOURNAL)
        for item in durable.split(raw)[0]:
            entry = parse(item)
            self.raw[entry.sequence], self.entries[entry.sequence] = item, entry
        total = 1 + max(self.entries, default=-1)
        hashes = (self.entries[place].hash if place in self.entries else ZERO_HASH for place in range(total))
        self.leaves = [merkle.leaf_hash(digest) for digest in hashes]
        self.heads = [head for head in archive.heads if head.is_signed_in(archive.chain)]
        self.head = self._proving(named)
        self.size = self.head.size
        del self.leaves[self.size :]
        for sequence in [place for place in self.entries if place >= self.size]:
            del self.entries[sequence], self.raw[sequence]
        self.recordings = list(self._find_recordings())
        self._openings: dict[int, bytes] | None = None

    def record(self, sequence: int) -> bytes | None:
        """The private record that opens an entry, as it is kept, or None."""
        if self._openings is None:
            self._openings = {}
            for raw in durable.split(_bytes(self.archive.folder / layout.PRIVATE))[0]:
                with suppress(ProtocolError):
                    number, opened = private.parse_record(cbor.decode(raw))
                    entry = self.entries.get(number)
                    if entry is not None and all(entry.private.get(label) == one for label, _value, one in opened):
                        self._openings[number] = raw
        return self._openings.get(sequence)

    def case_of(self, recording: Recording) -> str | None:
        """The case that the officer gave with a START, if its opening is here."""
        raw = self.record(recording.first)
        if raw is None:
            return None
        opened = private.parse_record(cbor.decode(raw))[1]
        return next((str(value) for label, value, _commitment in opened if label == CASE), None)

    def _proving(self, named: set[bytes]) -> Head:
        tree = merkle.TreeHasher()
        roots = {0: tree.root()}
        wanted = {head.size for head in self.heads}
        for leaf in self.leaves:
            tree.append(leaf)
            if tree.size in wanted:
                roots[tree.size] = tree.root()
        fitting = [
            head
            for head in self.heads
            if roots.get(head.size) == head.root and head.size - 1 in self.entries and head.device == self.device
        ]
        if not fitting:
            raise EvidockError("export_no_head", device=self.device.hex()[:16])
        return max(fitting, key=lambda head: (head.size, head.hash in named))

    def _find_recordings(self) -> list[Recording]:
        found: list[Recording] = []
        for sequence, entry in sorted(self.entries.items()):
            if entry.known and entry.kind == kinds.START:
                found.append(Recording(entry.number("recording"), sequence, self.size - 1))
            elif entry.known and entry.kind == kinds.STOP and found and found[-1].number == entry.number("recording"):
                found[-1] = found[-1]._replace(last=sequence)
        # A recording without STOP ends where the next one begins.
        for place, after in enumerate(found[1:]):
            if found[place].last >= after.first:
                found[place] = found[place]._replace(last=after.first - 1)
        return found


def is_context(entry: Entry, boots: set[int]) -> bool:
    """Whether an entry is shown in every package: what keys, settings, trust and firmware follow from, and what places
    `boots` in time.
    """
    if not entry.known:
        return True
    if entry.kind == kinds.HOST:
        event = entry.body["event"]
        return event == codes.HOST_CERTIFIED or (event == codes.HOST_ATTACHED and entry.boot in boots)
    return entry.kind in _ALWAYS


_ALWAYS = (
    kinds.GENESIS,
    kinds.EPOCH,
    kinds.BOOT,
    kinds.JOURNAL,
    kinds.CLOCK,
    kinds.CONFIG,
    kinds.FIRMWARE,
    kinds.RESET,
    kinds.ORG,
)


def _bytes(path: Path) -> bytes:
    with errors.at(path):
        return path.read_bytes() if path.exists() else b""
