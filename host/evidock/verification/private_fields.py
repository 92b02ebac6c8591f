"""Private openings against the commitments in the journal: what is opened must be what was sealed; what is withheld is
said.

Specification: "Private fields". Both files are in the order of the entries, so they are read side by side. A power cut
may leave records of entries that never came; they are passed over, unless a commitment stays without its opening.
"""

from __future__ import annotations

from evidock_protocol import cbor, private
from evidock_protocol.errors import ProtocolError
from evidock_protocol.versions import MAXIMUM_OPENING, MAXIMUM_PRIVATE_FIELDS

from .collector import Collector
from .entries import Entry
from .reader import Media

_RECORD = 16 + MAXIMUM_PRIVATE_FIELDS * (MAXIMUM_OPENING + 3)  # bytes of one record at most
_CHUNK = 1 << 15
_KEPT = 4096  # records read ahead of their entries, when they are out of order
_NAMED = 256  # records passed over that are remembered


class PrivateFields:
    """The private sequence of one recorder, consumed as its entries are walked."""

    def __init__(self, stream: Media | None, device: bytes, collector: Collector):
        """`stream` is the file of private records, or None when there is none."""
        self._stream = stream
        self._device = device
        self._collector = collector
        self._buffer = b""
        self._offset = 0
        self._ahead: dict[int, tuple[dict[int, bytes], tuple[int, int]]] = {}
        self._newest = -1  # sequence of the record read last
        self._passed: list[tuple[int, tuple[int, int]]] = []  # (sequence, bytes) of records that no entry took
        self._ended = stream is None
        self.withheld = 0

    def note(self, entry: Entry) -> None:
        """Compares the openings of an entry that has private fields."""
        if not entry.private:
            return
        # One record further: a power cut may have left an older one of the same sequence before it.
        while not self._ended and len(self._ahead) < _KEPT and self._wants(entry.sequence):
            self._read_one()
        record = self._ahead.pop(entry.sequence, None)
        if record is None:
            self.withheld += 1
            return
        opened, span = record
        if any(entry.private.get(label) != commitment for label, commitment in opened.items()):
            self._mismatch(entry.sequence, span)
        elif len(opened) < len(entry.private):
            self.withheld += 1

    def finish(self, complain: bool = True, expected: bool = False) -> None:
        """Whatever is left belongs to no entry. That is a mismatch when it may be an opening that is wanting, and
        `complain` says that the entries could be checked. `expected`: this is where all openings should be.
        """
        while complain and not self._ended:
            if len(self._ahead) >= _KEPT:
                self._pass_over_rest()
            self._read_one()
        self._pass_over_rest()
        if complain and self.withheld:
            for sequence, span in self._passed:
                self._mismatch(sequence, span)
        if expected and self.withheld:
            self._collector.add("PRIVATE_WITHHELD", device=self._device, path="private", count=self.withheld)
        if self._stream is not None:
            self._stream.close()

    def _wants(self, sequence: int) -> bool:
        return sequence not in self._ahead or self._newest <= sequence

    def _pass_over_rest(self) -> None:
        for sequence, (_opened, span) in self._ahead.items():
            self._pass_over(sequence, span)
        self._ahead.clear()

    def _pass_over(self, sequence: int, span: tuple[int, int]) -> None:
        if len(self._passed) < _NAMED:
            self._passed.append((sequence, span))

    def _read_one(self) -> None:
        assert self._stream is not None
        while len(self._buffer) < _RECORD:
            more = self._stream.read(_CHUNK)
            if not more:
                break
            self._buffer += more
        if not self._buffer:
            self._ended = True
            return
        try:
            item, end = cbor.decode_at(self._buffer[:_RECORD], 0)
            sequence, openings = private.parse_record(item)
        except ProtocolError as error:
            # A private record has no mark to go on from: the rest of the file counts as one damage.
            self._ended = True
            self._collector.add(
                "MALFORMED",
                device=self._device,
                path="private",
                span=(self._offset, self._offset + len(self._buffer)),
                number=0,
                reason=error,
            )
            return
        span = (self._offset, self._offset + end)
        self._offset += end
        self._buffer = self._buffer[end:]
        opened = {label: commitment for label, _value, commitment in openings}
        if sequence in self._ahead:
            self._pass_over(sequence, self._ahead[sequence][1])
        self._ahead[sequence] = (opened, span)
        self._newest = sequence

    def _mismatch(self, sequence: int, span: tuple[int, int]) -> None:
        self._collector.add("PRIVATE_MISMATCH", device=self._device, path="private", span=span, number=sequence)
