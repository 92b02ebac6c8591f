"""Every fuzz target on CPython: the oracles, and what else reads the same bytes there and must agree.

Specification: as in `oracles`. cbor2, the second reader of tests/second_reader and the host's own quick paths each read
what the protocol's decoders read; the host's readers of journals, cards and stores run on CPython only.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
from fuzz import boot_oracle, evidence_oracle, flash_oracle, line_oracle, media_oracle, oracles
from second_reader import cbor as second_cbor
from second_reader import entries as second_entries
from second_reader import errors as second_errors
from second_reader import flash as second_flash
from second_reader import journal as second_journal
from second_reader import messages as second_messages
from second_reader import private as second_private
from second_reader import statements as second_statements

from evidock.errors import EvidockError
from evidock.inspection import decoder, text
from evidock.verification import entries as host_entries
from evidock.verification.sequence import MAXIMUM_FOREIGN, Item, items
from evidock_protocol import cbor, statements
from evidock_protocol.errors import ProtocolError


def frames(data: bytes) -> None:
    """The host's own second decoder finds every message that the reader finds."""
    oracles.frames(data)
    if data and not data[0] & 128:
        limit = oracles.framing.frame_size(40 if data[0] & 16 else 1200)
        payloads, _counters = oracles.reference_frames(data[1:], limit)
        told = [message for _at, message in decoder.frames(data[1:]) if message is not None]
        assert all(payload in told for payload in payloads)


def items_of_cbor(data: bytes) -> None:
    """What is accepted, cbor2 reads as the same and writes to the same bytes; what cbor2 does so is accepted."""
    value, refused = oracles.items(data)
    try:
        second: object = second_cbor.decode(data)
        second_refused = False
    except second_errors.Malformed:
        second, second_refused = None, True
    assert second_refused == (refused is not None), f"second reader: {second_refused}, here: {refused}"
    if refused is None:
        assert same(second, value)
        assert same(_cbor2(data), value)
        assert cbor2.dumps(value, canonical=True) == data
        return
    if len(data) > 4096:
        return
    try:
        foreign = _cbor2(data)
        canonical = cbor2.dumps(foreign, canonical=True) == data
    except Exception:  # cbor2's hooks raise whatever they like
        return
    assert not (canonical and _is_ours(foreign, cbor.MAX_DEPTH) and _count(foreign) <= cbor.MAX_ITEMS), repr(foreign)


def _cbor2(data: bytes) -> Any:
    stream = io.BytesIO(data)
    found = cbor2.CBORDecoder(stream, allow_duplicate_keys=False, allow_indefinite=False).decode()
    if stream.tell() != len(data):
        raise ValueError("trailing bytes")
    return found


def same(one: object, other: object) -> bool:
    """Equality that tells True from 1, inside containers too."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(*pair) for pair in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other


def _is_ours(value: object, depth: int) -> bool:
    """Whether format 1 has this value."""
    if value is None or isinstance(value, bool | bytes):
        return True
    if isinstance(value, int):
        return -(1 << 64) <= value < 1 << 64
    if isinstance(value, str):
        return True
    if isinstance(value, list):
        return depth > 0 and all(_is_ours(one, depth - 1) for one in value)
    if isinstance(value, dict):
        keys = all(isinstance(key, int) and not isinstance(key, bool) and 0 <= key <= 23 for key in value)
        return keys and depth > 0 and all(_is_ours(one, depth - 1) for one in value.values())
    return False


def _count(value: object) -> int:
    if isinstance(value, list):
        return 1 + sum(map(_count, value))
    if isinstance(value, dict):
        return 1 + len(value) + sum(map(_count, value.values()))
    return 1


def signed(data: bytes) -> None:
    """The second reader accepts and refuses the same, and so does the host's quick way to entries."""
    what: Any
    found: Any
    what, raw, found, refused = oracles.signed(data)
    if what is None:
        return
    refused = "Malformed" if refused == "LimitExceeded" else refused
    second, second_refused = _second(what, raw)
    limit = {"request": second_messages.MAXIMUM_REQUEST, "answer": second_messages.MAXIMUM_PAYLOAD}.get(what, 1 << 30)
    if len(raw) <= limit:
        assert second_refused == refused, f"second reader: {second_refused}, here: {refused}"
    if refused is None and what == "record":
        assert (second.sequence, [one.label for one in second.openings]) == (found[0], [row[0] for row in found[1]])
    if what not in (statements.TYP_ENTRY, statements.TYP_CUSTODY):
        return
    try:
        quick, quick_refused = host_entries.parse(raw, what), None
    except ProtocolError as error:
        quick, quick_refused = None, type(error).__name__
    assert quick_refused == refused or {quick_refused, refused} == {"LimitExceeded", "Malformed"}
    if quick is not None:
        assert quick == host_entries._strict(raw, what)  # pyright: ignore[reportPrivateUsage]
        assert same(dict(second.fields.values) | {"body": None}, _fields(found) | {"body": None})
        assert same(second.body.values, found.body)
        assert second.private == found.private


def _second(what: Any, raw: bytes) -> tuple[Any, str | None]:
    readers: dict[str, Callable[[bytes], Any]] = {
        "opening": second_private.parse_opening, "record": second_private.parse_record,
        "request": second_messages.parse_request, "answer": second_messages.parse_answer,
    }  # fmt: skip
    try:
        if what in readers:
            return readers[what](raw), None
        if what in (statements.TYP_ENTRY, statements.TYP_CUSTODY):
            return second_entries.parse_entry(raw, what), None
        return second_statements.parse_statement(raw, what), None
    except second_errors.Malformed as error:
        return None, "WrongType" if isinstance(error, second_errors.WrongType) else "Malformed"
    except second_errors.UnknownFormat:
        return None, "UnknownFormat"


def _fields(found: Any) -> dict[str, object]:
    names = ("device", "epoch", "sequence", "previous", "kind", "boot", "ticks")
    chain = {name: getattr(found, name) for name in names}
    return {"format": 1, "suite": 1, **chain, "wall": [found.wall_state, found.wall_ms]}


class Slow(io.BytesIO):
    """A file that gives a few bytes at a time."""

    def __init__(self, data: bytes, step: int):
        super().__init__(data)
        self._step = step

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(size, self._step) if size and size > 0 else self._step)


def journal(data: bytes) -> None:
    """Every byte of a sequence belongs to one item; the second reader cuts it alike, and no pace changes that."""
    if not data:
        return
    typ = (statements.TYP_ENTRY, statements.TYP_CUSTODY, statements.TYP_HEAD, statements.TYP_RECEIPT)[data[0] % 4]
    rest = data[1:]
    found = list(items(io.BytesIO(rest), typ))
    assert found == list(items(Slow(rest, 1 + data[0] // 4), typ)), "the pace of reading changes what is found"
    at = 0
    for item in found:
        assert item.offset == at, "a byte belongs to no item"
        assert item.raw is None or rest[at : at + item.length] == item.raw
        at += item.length
    assert at == len(rest) < MAXIMUM_FOREIGN
    assert [(one.offset, one.length, _form(one)) for one in found] == _second_items(rest, typ)
    for item in found:
        if item.raw is not None:
            oracles.refusal_of(host_entries.parse, item.raw, typ)


def _form(item: Item) -> second_journal.Form:
    if item.raw is not None:
        return second_journal.Form.STATEMENT
    return second_journal.Form.TORN if item.torn else second_journal.Form.NOISE


def _second_items(data: bytes, typ: int) -> list[tuple[int, int, second_journal.Form]]:
    """What the second reader cuts; runs of noise that touch are one, whatever heads of no statement stand in them."""
    found: list[tuple[int, int, second_journal.Form]] = []
    for item in second_journal.split(data, typ):
        first, length = item.offset, len(item.raw)
        form = item.form
        if found and found[-1][2] is form is second_journal.Form.NOISE:
            first, before, form = found.pop()
            length += before
        found.append((first, length, form))
    return found


def flash_image(data: bytes) -> None:
    """The device's rings, and of a raw image every slot by the second reader and the host's own layouts."""
    flash_oracle.flash_rings(data)
    if not data or not data[0] & 128:
        return
    size = flash_oracle.SECTORS * flash_oracle.flash.SECTOR
    image = data[1 : 1 + size].ljust(size, b"\xff")
    for sector in decoder.sectors(image):
        raw = image[sector.number * decoder.SECTOR : (sector.number + 1) * decoder.SECTOR]
        for record in decoder.records(raw):
            read = second_flash.read_record(raw[record.offset :])
            assert (read is not None) == (record.whole and record.kind in (1, 2) and raw[record.offset + 1] == 0)
        for slot in decoder.key_slots(raw):
            read_slot = second_flash.read_key_slot(raw[slot.slot * 256 : slot.slot * 256 + 256])
            assert (read_slot is not None) == (slot.state == "whole")
        list(decoder.anchors(raw))


def inspected(data: bytes) -> None:
    """`evidock inspect` on any bytes at all, under each name that it goes by: lines, or an error of its own."""
    if not data:
        return
    path = Path("evidence" + ("", ".lvs", ".key", ".cbs")[data[0] % 4])
    try:
        for line in text._choose(data[1:], path):  # pyright: ignore[reportPrivateUsage]
            assert not {"\n", "\x1b"} & set(line)
    except EvidockError:
        return


def containers(data: bytes) -> None:
    media_oracle.containers(data)
    if data and data[0] & 3 == 1:
        try:
            decoder.wav(data[1:])
        except EvidockError:
            return


TARGETS: dict[str, Callable[[bytes], None]] = {
    "frames": frames,
    "line": line_oracle.line,
    "cbor": items_of_cbor,
    "statements": signed,
    "journal": journal,
    "flash": flash_image,
    "containers": containers,
    "inspect": inspected,
    "card": evidence_oracle.card_image,
    "store": evidence_oracle.store,
    "boot": boot_oracle.boots,
}
