"""Receipts that hosts gave: which segments were safe at a host, whatever lies there now.

Specification: "Receipts". They come from the store's own file and, sealed in the journal, from the recorder.
"""

from __future__ import annotations

from typing import NamedTuple, cast

from evidock import keys
from evidock_protocol import entry, sign1, statements
from evidock_protocol.errors import ProtocolError, UnknownFormat

from .collector import Collector
from .deletions import Deletions, Rows
from .quick import StatementPattern
from .reader import Media
from .segment_set import SegmentSet
from .sequence import items

_RECEIPT = StatementPattern(statements.TYP_RECEIPT)


class Receipt(NamedTuple):
    """A receipt for this recorder that counts: its statement hash, the host id, and (recording, number, root)."""

    hash: bytes
    host: bytes
    rows: Rows


class Receipts:
    """The segments of one recorder that were receipted; `hashes` are those of the receipts seen in the store's file."""

    def __init__(self, device: bytes, collector: Collector, deletions: Deletions):
        self.device = device
        self.segments = SegmentSet()
        self._sealed: dict[bytes, bool] = {}  # receipts that the recorder sealed: hash → must be in the store's file
        self._collector = collector
        self._deletions = deletions

    def read(self, stream: Media | None, host_key: bytes | None, name: str) -> None:
        """Takes the store's own file, after the journal: each receipt must be well formed and signed by the host."""
        seen: set[bytes] = set()
        if stream is not None:
            self._read(stream, host_key, name, seen)
        gone = sum(must and digest not in seen for digest, must in self._sealed.items())
        if gone:
            self._collector.add(
                "STORE_MISMATCH", device=self.device, path=name, sentence="STORE_MISMATCH.receipts", count=gone
            )

    def _read(self, stream: Media, host_key: bytes | None, name: str, seen: set[bytes]) -> None:
        try:
            for item in items(stream, statements.TYP_RECEIPT):
                span = (item.offset, item.offset + item.length)
                if item.raw is None:
                    self._collector.add(
                        "MALFORMED",
                        device=self.device,
                        path=name,
                        span=span,
                        number=0,
                        reason="no statement begins here",
                    )
                    continue
                digest = sign1.statement_hash(item.raw)
                if digest in self._sealed:
                    seen.add(digest)
                    continue  # byte for byte what the recorder checked and signed
                try:
                    sealed, values = entry.parse_statement(item.raw, statements.TYP_RECEIPT)
                except UnknownFormat as error:
                    self._collector.add("UNKNOWN_FORMAT", device=self.device, path=name, number=0, reason=error)
                    continue
                except entry.WrongType as error:
                    self._collector.add("WRONG_TYPE", device=self.device, path=name, span=span, number=0, reason=error)
                    continue
                except ProtocolError as error:
                    self._collector.add("MALFORMED", device=self.device, path=name, span=span, number=0, reason=error)
                    continue
                if host_key is not None and not keys.verify_statement(sealed, host_key):
                    self._collector.add(
                        "BAD_SIGNATURE", device=self.device, path=name, span=span, sentence="BAD_SIGNATURE.receipt"
                    )
                    continue
                self._take(digest, values)
        finally:
            stream.close()

    def sealed(self, raw: object, ours: bool) -> Receipt | None:
        """Takes a receipt that the recorder sealed into its journal; the recorder checked it, so only its content
        counts. One of this store's host (`ours`) must be in its file too, since the host keeps it before it gives it.
        None where it is none for this recorder.
        """
        if not isinstance(raw, bytes):
            return None
        digest = sign1.statement_hash(raw)
        self._sealed[digest] = ours
        values = _RECEIPT.match(raw)
        if values is None:
            try:
                _sealed, values = entry.parse_statement(raw, statements.TYP_RECEIPT)
            except ProtocolError:
                return None
        return self._take(digest, values)

    def _take(self, digest: bytes, values: dict[str, object]) -> Receipt | None:
        if values["device"] != self.device:
            return None
        host, rows = cast(bytes, values["host"]), cast(Rows, values["segments"])
        for recording, number, _root in rows:
            self.segments.add(recording, number)
        self._deletions.named(host, rows)
        return Receipt(digest, host, rows)
