"""What was deleted on a recorder, and on whose word: TOMBSTONEs against the receipts before them; and which hosts
signed for what is not here.

Specification: "Verification of a chain", Deletion. AT-23, AT-35. OB-89.
"""

from __future__ import annotations

from hashlib import sha256

from evidock_protocol import settings

from .collector import Collector, Place
from .continuity import Continuity
from .entries import Entry, Segment
from .segment_set import SegmentSet

Rows = list[tuple[int, int, bytes]]  # (recording, number, root)

_KEY = 16  # bytes of a hash that tell rows of receipts apart


class Deletions:
    """Those of one recorder. Every receipt costs its hash, and every row of it some bytes of one."""

    def __init__(self, device: bytes, collector: Collector, continuity: Continuity):
        self.segments = SegmentSet()
        """Segments that a TOMBSTONE names."""
        self._device = device
        self._collector = collector
        self._continuity = continuity
        self._receipts: dict[bytes, tuple[int, bytes]] = {}  # hash → first HOST entry that holds it, host
        self._entries: dict[int, bytes] = {}  # HOST entries that hold a receipt: sequence → its hash
        self._listed: dict[bytes, tuple[int, ...]] = {}  # row → numbers of the hosts that signed it
        self._rows: set[bytes] = set()  # row and receipt
        self._named: dict[bytes, SegmentSet] = {}  # host → what its receipts name
        self._hosts: dict[bytes, int] = {}
        self._sets: dict[tuple[int, ...], tuple[int, ...]] = {}  # few different ones: each is kept once

    def received(self, found: Entry, digest: bytes, host: bytes, rows: Rows) -> None:
        """HOST (receipted), with a receipt for this recorder."""
        self._entries[found.sequence] = digest
        self.named(host, rows)
        if digest in self._receipts:
            return
        self._receipts[digest] = (found.sequence, host)
        number = self._hosts.setdefault(host, len(self._hosts))
        for row in rows:
            key = _key(row)
            hosts = self._listed.get(key, ())
            if number not in hosts:
                more = (*hosts, number)
                self._listed[key] = self._sets.setdefault(more, more)
            self._rows.add(_key(row, digest))

    def named(self, host: bytes, rows: Rows) -> None:
        """A receipt of `host` that counts names these, wherever it was kept."""
        held = self._named.setdefault(host, SegmentSet())
        for recording, number, _root in rows:
            held.add(recording, number)

    def deleted(self, found: Entry, in_force: dict[int, int]) -> list[bytes]:
        """TOMBSTONE, with the settings `in_force`; the hosts on whose receipts it rests."""
        recording, number, digest = found.number("recording"), found.number("number"), found.octets("receipt")
        self.segments.add(recording, number)
        row = (recording, number, found.octets("root"))
        numbers = self._listed.get(_key(row), ())
        reason = self._missing(found, digest, _key(row, digest), numbers, in_force)
        if reason is not None:
            self._collector.add(
                "UNACKED_DELETE",
                device=self._device,
                recording=recording,
                segment=number,
                place=Place(found.boot, found.ticks, found.ticks),
                sentence=f"UNACKED_DELETE.{reason}" if reason else None,
            )
        return [host for host, place in self._hosts.items() if place in numbers]

    def lost(self, gone: list[Segment], own: bytes | None) -> None:
        """The files of these segments of one recording are not in this archive, which is that of host `own`, and should
        be.
        """
        for host, held in self._named.items():
            signed = [one for one in gone if (one.recording, one.number) in held]
            if not signed:
                continue
            first, last = signed[0], signed[-1]
            ends_in = None if last.boot == first.boot else last.boot
            self._collector.add(
                "RECEIPT_UNBACKED",
                device=self._device,
                recording=first.recording,
                segment=first.number,
                place=Place(first.boot, first.first_tick, last.last_tick, ends_in),
                sentence=None if host == own else "RECEIPT_UNBACKED.other",
                host=host,
                count=len(signed),
            )

    def _missing(
        self, found: Entry, digest: bytes, row: bytes, hosts: tuple[int, ...], in_force: dict[int, int]
    ) -> str | None:
        """What a TOMBSTONE lacks: "" for its receipt, "hosts" for receipts of others, None for nothing that shows."""
        place = found.number("host_entry")
        if place < found.sequence and self._continuity.lacks(place):
            return None
        if self._entries.get(place) != digest or row not in self._rows:
            return ""
        if len(hosts) < in_force.get(settings.RECEIPTS, 1) and self._continuity.is_whole:
            return "hosts"
        return None


def _key(row: tuple[int, int, bytes], digest: bytes = b"") -> bytes:
    recording, number, root = row
    return sha256(b"%d %d " % (recording, number) + root + digest).digest()[:_KEY]
