"""Signed heads as they lie in a file: parsed, and not yet checked.

Specification: "Heads" and "The journal file".
"""

from __future__ import annotations

from typing import NamedTuple, cast

from evidock_protocol import entry, sign1, statements
from evidock_protocol.errors import ProtocolError, UnknownFormat

from .collector import Collector
from .reader import Media
from .sequence import items

_LIMIT = 1 << 16  # heads of one file


class SignedHead(NamedTuple):
    """A head statement, parsed and not yet checked. Ticks and wall clock are the recorder's."""

    sealed: sign1.Sign1
    hash: bytes
    device: bytes
    epoch: int
    host: bytes
    """Thumbprint of the host that asked for it."""
    size: int
    newest: bytes
    root: bytes
    boot: int
    ticks: int
    open_recording: int | None
    name: str
    """The file it came from, for findings."""

    @property
    def rank(self) -> tuple[int, int]:
        """Its place in the recorder's own time: boot and ticks."""
        return self.boot, self.ticks


def read_heads(stream: Media | None, name: str, collector: Collector, device: bytes | None) -> list[SignedHead]:
    """Every head in a CBOR sequence of heads; damage becomes findings. `name` is the file's, for these."""
    if stream is None:
        return []
    found: list[SignedHead] = []
    seen: set[bytes] = set()
    try:
        for item in items(stream, statements.TYP_HEAD):
            if item.raw is None:
                _damaged(collector, device, name, item.offset, item.length, "no statement begins here")
                continue
            digest = sign1.statement_hash(item.raw)
            if digest in seen:
                continue
            if len(found) >= _LIMIT:
                collector.add("NO_HEAD", device=device, path=name, sentence="NO_HEAD.many", count=_LIMIT)
                break
            seen.add(digest)
            try:
                found.append(_parse(item.raw, name))
            except UnknownFormat as error:
                collector.add("UNKNOWN_FORMAT", device=device, path=name, number=len(found), reason=error)
            except entry.WrongType as error:
                span = (item.offset, item.offset + item.length)
                collector.add("WRONG_TYPE", device=device, path=name, span=span, number=len(found), reason=error)
            except ProtocolError as error:
                _damaged(collector, device, name, item.offset, item.length, str(error))
    finally:
        stream.close()
    return found


def _parse(raw: bytes, name: str) -> SignedHead:
    sealed, values = entry.parse_statement(raw, statements.TYP_HEAD)
    return SignedHead(
        sealed,
        sign1.statement_hash(raw),
        cast(bytes, values["device"]),
        cast(int, values["epoch"]),
        cast(bytes, values["host"]),
        cast(int, values["size"]),
        cast(bytes, values["newest"]),
        cast(bytes, values["root"]),
        cast(int, values["boot"]),
        cast(int, values["ticks"]),
        cast("int | None", values["open"]),
        name,
    )


def _damaged(collector: Collector, device: bytes | None, name: str, offset: int, length: int, reason: str) -> None:
    collector.add("MALFORMED", device=device, path=name, span=(offset, offset + length), number=0, reason=reason)
