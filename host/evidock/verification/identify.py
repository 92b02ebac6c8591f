"""Whose bytes a file holds that is not what it should be: another segment's, or another recorder's.

Specification: "Verification of a chain", Media. Journals are read again, only when some file differed, so that memory
stays flat.
"""

from __future__ import annotations

from typing import NamedTuple

from evidock.errors import EvidockError
from evidock_protocol.errors import ProtocolError

from .collector import Collector, Place
from .entries import Segment, parse
from .reader import Reader
from .segments import SegmentChecker, is_sound
from .sequence import items

_MOST = 1000  # files that are traced
_SHAPES = 8  # header and leaf lengths that are tried for one length of a file: a recorder has four at most


class Suspect(NamedTuple):
    """A file that differs, and whose place it has."""

    device: bytes
    segment: Segment
    path: str


class Suspects:
    """Files that differ, and the roots over all their bytes with the header and leaf lengths of other segments."""

    def __init__(self, checker: SegmentChecker) -> None:
        self._checker = checker
        self._count = 0
        self._by_length: dict[int, list[Suspect]] = {}
        self._shapes: dict[int, set[tuple[int, int]]] = {}  # by the length of a file: those that were tried
        self._by_root: dict[bytes, list[Suspect]] = {}

    def add(self, length: int, suspect: Suspect) -> None:
        """Remembers a file of `length` bytes."""
        if self._count < _MOST:
            self._count += 1
            self._by_length.setdefault(length, []).append(suspect)

    def trace(self, reader: Reader, devices: list[bytes], collector: Collector) -> None:
        """Looks for them in every journal; an entry there need not hold for its root to be known. Raises
        EvidockError.
        """
        if not self._count:
            return
        for device in devices:
            journal = reader.journal(device)
            if journal is None:
                continue
            try:
                for item in items(journal):
                    if item.raw is not None:
                        self._compare(item.raw, device, reader, collector)
            finally:
                journal.close()

    def _compare(self, raw: bytes, device: bytes, reader: Reader, collector: Collector) -> None:
        try:
            found = parse(raw).segment
        except ProtocolError:
            return
        if found is None or found.length not in self._by_length or not is_sound(found):
            return
        self._hash(found, reader)
        for suspect in self._by_root.get(found.root, ()):
            self._name(suspect, found, device, collector)

    def _hash(self, found: Segment, reader: Reader) -> None:
        """The roots of the files that are as long as a segment, cut as it is."""
        shapes, shape = self._shapes.setdefault(found.length, set()), (found.header_length, found.leaf_size)
        if shape in shapes or len(shapes) >= _SHAPES:
            return
        shapes.add(shape)
        for suspect in self._by_length[found.length]:
            try:
                file = reader.media(suspect.device, suspect.path)
                if file is None:
                    continue
                try:
                    root = self._checker.whole_root(file, found, found.length)
                finally:
                    file.close()
            except OSError as error:
                reason = error.strerror or str(error)
                raise EvidockError("evidence_unreadable", path=suspect.path, reason=reason) from error
            self._by_root.setdefault(root, []).append(suspect)

    @staticmethod
    def _name(suspect: Suspect, found: Segment, device: bytes, collector: Collector) -> None:
        own = suspect.segment
        if device == suspect.device and (found.recording, found.number) == (own.recording, own.number):
            return
        collector.add(
            "OTHER_SEGMENT" if device == suspect.device else "OTHER_DEVICE",
            device=suspect.device,
            recording=own.recording,
            segment=own.number,
            path=suspect.path,
            place=Place(own.boot, own.first_tick, own.last_tick),
            values={"recording": found.recording, "segment": found.number, "found": device},
        )
