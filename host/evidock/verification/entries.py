"""Entries as verification holds them: typed once, whether the quick way read them or the strict decoder.

Specification: "Entry payload" and "Entry kinds".
"""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple, cast

from evidock_protocol import entry, kinds, sign1, statements
from evidock_protocol.errors import ProtocolError

from . import quick


class Segment(NamedTuple):
    """The body of a SEGMENT entry, in the order of its field table. Ticks are milliseconds, lengths bytes."""

    recording: int
    number: int
    media: int
    header_length: int
    length: int
    leaf_size: int
    root: bytes
    boot: int
    first_tick: int
    last_tick: int
    expected: int
    written: int
    lost: int
    rate: int
    track: int
    attested: int
    stored: int
    attested_length: int


class Entry(NamedTuple):
    """One parsed entry, unchecked. `ticks` are milliseconds since boot, `wall_ms` Unix milliseconds (0 when unset)."""

    hash: bytes
    key_id: bytes
    signed: bytes
    """The bytes that the signature covers."""
    signature: bytes
    device: bytes
    epoch: int
    sequence: int
    previous: bytes
    kind: int
    boot: int
    ticks: int
    wall_state: int
    wall_ms: int
    private: dict[int, bytes]
    body: dict[str, object]
    """Named fields; empty for a SEGMENT."""
    segment: Segment | None
    known: bool

    def number(self, name: str) -> int:
        """The unsigned field `name` of the body; the parser has checked its type."""
        return cast(int, self.body[name])

    def octets(self, name: str) -> bytes:
        """The byte string `name` of the body."""
        return cast(bytes, self.body[name])

    def optional(self, name: str) -> int | None:
        """The unsigned field `name`, which may be null."""
        return cast("int | None", self.body[name])


_CONTEXT = b"\x84\x6aSignature1\x58\x2a"


def parse(raw: bytes, typ: int = statements.TYP_ENTRY) -> Entry:
    """Parses one journal or custody entry; errors as `evidock_protocol.entry.parse`."""
    if typ == statements.TYP_ENTRY:
        kind, found = kinds.SEGMENT, _SEGMENT.match(raw)
        if found is None:
            kind, found = _try(_JOURNAL, raw)
    else:
        kind, found = _try(_CUSTODY, raw)
    return _strict(raw, typ) if found is None else _quick(raw, typ, kind, found)


def _try(patterns: quick.Patterns, raw: bytes) -> tuple[int, quick.Found | None]:
    fitting = patterns.find(raw)
    return (0, None) if fitting is None else (fitting[0], fitting[1].match(raw))


def _quick(raw: bytes, typ: int, kind: int, found: quick.Found) -> Entry:
    segment = None
    body: dict[str, object] = {}
    if typ == statements.TYP_ENTRY and kind == kinds.SEGMENT:
        segment = Segment._make(found.body)
    else:
        names = (_JOURNAL if typ == statements.TYP_ENTRY else _CUSTODY).by_kind[kind].names
        body = dict(zip(names, found.body, strict=True))
    payload = found.payload
    size = len(payload)
    head = b"\x59" + size.to_bytes(2, "big") if size > 255 else b"\x58" + size.to_bytes(1, "big")
    signed = _CONTEXT + raw[4:46] + b"\x40" + head + payload
    return Entry(
        sha256(raw).digest(), found.key_id, signed, found.signature, found.device, found.epoch, found.sequence,
        found.previous, kind, found.boot, found.ticks, found.wall_state, found.wall_ms, found.private, body, segment,
        True,
    )  # fmt: skip


def _strict(raw: bytes, typ: int) -> Entry:
    """Whatever no pattern accepts: the decoder takes it apart, or says what is wrong with it."""
    parsed = entry.parse(raw, typ)
    segment = None
    if typ == statements.TYP_ENTRY and parsed.kind == kinds.SEGMENT:
        segment = Segment(**parsed.body)  # type: ignore[arg-type]
    return Entry(
        parsed.hash,
        parsed.key_id,
        sign1.signed_bytes(parsed.typ, parsed.key_id, parsed.payload),
        parsed.signature,
        parsed.device,
        parsed.epoch,
        parsed.sequence,
        parsed.previous,
        parsed.kind,
        parsed.boot,
        parsed.ticks,
        parsed.wall_state,
        parsed.wall_ms,
        parsed.private,
        {} if segment else parsed.body,
        segment,
        parsed.known,
    )


def envelope(raw: bytes) -> sign1.Sign1 | None:
    """The statement around a payload that this version cannot read, or None: its signature can be checked all the
    same.
    """
    try:
        return sign1.parse(raw)
    except ProtocolError:
        return None


_JOURNAL = quick.Patterns(statements.TYP_ENTRY)
_CUSTODY = quick.Patterns(statements.TYP_CUSTODY)
_SEGMENT = _JOURNAL.by_kind[kinds.SEGMENT]
if tuple(_SEGMENT.names) != Segment._fields:
    raise AssertionError("Segment does not follow the field table of SEGMENT")
