"""Whose bytes a file holds that is not what it should be: another segment's, or another recorder's.

Specification: "Verification of a chain", Media. Journals are read again, only when some file differed, so that memory
stays flat.
"""

from __future__ import annotations

from typing import NamedTuple

from evidock_protocol.errors import ProtocolError

from .collector import Collector, Place
from .entries import Segment, parse
from .reader import Reader
from .sequence import items

_MOST = 1000  # files that are traced


class Suspect(NamedTuple):
    """A file that differs: whose place it has, and the root that it would have had."""

    device: bytes
    segment: Segment
    path: str


class Suspects:
    """Files that differ, by the root over all their bytes."""

    def __init__(self) -> None:
        self._by_root: dict[bytes, Suspect] = {}

    def add(self, root: bytes, suspect: Suspect) -> None:
        """Remembers a file; `root` is over its bytes with the header and leaf lengths that its place has."""
        if len(self._by_root) < _MOST:
            self._by_root[root] = suspect

    def trace(self, reader: Reader, devices: list[bytes], collector: Collector) -> None:
        """Looks for the roots in every journal; an entry there need not hold for its root to be known."""
        if not self._by_root:
            return
        for device in devices:
            journal = reader.journal(device)
            if journal is None:
                continue
            try:
                for item in items(journal):
                    if item.raw is not None:
                        self._compare(item.raw, device, collector)
            finally:
                journal.close()

    def _compare(self, raw: bytes, device: bytes, collector: Collector) -> None:
        try:
            found = parse(raw).segment
        except ProtocolError:
            return
        suspect = None if found is None else self._by_root.get(found.root)
        if found is None or suspect is None:
            return
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
