"""Entries as verification holds them, and the quick way to read the kind that fills a journal.

Specification: "Entry payload", "SEGMENT". A SEGMENT has fields of fixed types only, so its one deterministic encoding
is a regular language: a pattern made from the same field tables accepts exactly what the strict decoder accepts, ten
times as fast. Whatever the pattern does not accept goes to the strict decoder, which alone says why.
"""

from __future__ import annotations

import re
from hashlib import sha256
from operator import itemgetter
from typing import NamedTuple, cast

from evidock_protocol import cbor, entry, fields, kinds, sign1, statements, versions
from evidock_protocol.errors import ProtocolError


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
        found = _SEGMENT_PATTERN.fullmatch(raw)
        if found is not None:
            quick = _from_match(raw, found)
            if quick is not None:
                return quick
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


_UINT = rb"([\x00-\x17]|\x18[\x18-\xff]|\x19(?!\x00)..|\x1a(?!\x00\x00)....|\x1b(?!\x00{4})[\x00-\x7f].{7})"
_HASH = rb"\x58\x20(.{32})"
_PATTERNS = {"u": _UINT, "h": _HASH}


def _segment_pattern() -> re.Pattern[bytes]:
    """SEGMENT in its envelope: kid, payload head, payload with its fields, signature; each field is one group."""
    rows = fields.parse(kinds.body_table(kinds.ENTRY_KINDS, kinds.SEGMENT) or "")
    if tuple(name for _key, name, _type in rows) != Segment._fields:
        raise AssertionError("Segment does not follow the field table of SEGMENT")
    body = cbor.head(5, len(rows)) + b"".join(bytes((key,)) + _PATTERNS[kind] for key, _name, kind in rows)
    payload = (
        rb"\xab\x00" + cbor.head(0, versions.PACKAGE_FORMAT)
        + rb"\x01" + cbor.head(0, versions.SUITE_ED25519_SHA256)
        + rb"\x02" + _HASH + rb"\x03" + _UINT + rb"\x04" + _UINT + rb"\x05" + _HASH
        + rb"\x06" + cbor.head(0, kinds.SEGMENT)
        + rb"\x07" + _UINT + rb"\x08" + _UINT + rb"\x09\x82([\x00-\x02])" + _UINT + rb"\x0a" + body
    )  # fmt: skip
    typ = statements.TYP_ENTRY.to_bytes(2, "big")
    return re.compile(
        rb"\xd2\x84\x58\x2a(\xa3\x01\x27\x04\x58\x20(.{32})\x10\x19" + re.escape(typ) + rb")\xa0"
        rb"((?:\x58(?=[\x18-\xff])|\x59(?!\x00)).)(.?)(" + payload + rb")\x58\x40(.{64})",
        re.DOTALL,
    )


def _from_match(raw: bytes, found: re.Match[bytes]) -> Entry | None:
    """The entry of a matched pattern, or None where the pattern alone does not decide."""
    groups = found.groups()
    payload = groups[4]
    head = groups[2] + groups[3]
    if head != cbor.head(2, len(payload)):
        return None
    numbers = [group[0] if len(group) == 1 else int.from_bytes(group[1:], "big") for group in _NUMBERS(groups)]
    epoch, sequence, boot, ticks, wall_state, wall_ms = numbers[:6]
    if wall_state == 0 and wall_ms:
        return None
    return Entry(
        sha256(raw).digest(), groups[1], _CONTEXT + groups[0] + b"\x40" + head + payload, groups[_SIGNATURE], groups[5],
        epoch, sequence, groups[8], kinds.SEGMENT, boot, ticks, wall_state, wall_ms, {}, {},
        Segment._make([*numbers[6:12], groups[_ROOT], *numbers[12:]]), True,
    )  # fmt: skip


_SEGMENT_PATTERN = _segment_pattern()
_BODY = 13  # the first group of the body
_ROOT = _BODY + Segment._fields.index("root")
_SIGNATURE = _BODY + len(Segment._fields)
_NUMBERS = itemgetter(6, 7, 9, 10, 11, 12, *(group for group in range(_BODY, _SIGNATURE) if group != _ROOT))
