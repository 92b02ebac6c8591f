"""Any of evidock's bytes as lines for people: statements, private records, frames, flash images, keys, leaf hashes,
WAV heads.

Specification: the section that each kind of file names. Nothing is judged here, and no secret is ever printed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from evidock import package
from evidock_protocol import avi, custody_kinds, fields, kinds, messages, names, sign1, statements
from evidock_protocol.errors import Malformed

from . import coded, decoder, key_files, packaged
from .decoder import Unreadable
from .shown import in_hex, show

_MARK = b"\xd2\x84\x58\x2a\xa3\x01\x27\x04\x58\x20"
_KEY_TABLE, _KEY_TABLE_BYTES = 3, 3104  # a record of the identity sector
_LARGEST = 1 << 26  # bytes of one file that are looked at
_TYPES = {typ: name for typ, name, _table in statements.STATEMENTS}
_TABLES = {typ: table for typ, _name, table in statements.STATEMENTS}


def lines(path: Path) -> Iterator[str]:
    """What the file at `path` holds, line by line. Raises Unreadable when it is nothing of evidock's."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST)
    except OSError as error:
        raise Unreadable("evidence_unreadable", path=path, reason=error.strerror or str(error)) from error
    yield from _choose(data, path)


def _choose(data: bytes, path: Path) -> Iterator[str]:
    if path.name in packaged.EXCERPTS:
        return packaged.excerpt(data, path.name)
    if path.name == package.SUMS:
        return packaged.sums(data)
    if path.suffix.lower() == ".key" or data[:1] == b"{" or key_files.is_seed(data):
        return key_files.lines(data, path)
    if data[510:512] == b"\x55\xaa" and data[:1] in (b"\xeb", b"\xe9", b"\x00"):
        raise Unreadable("inspect_card", path=path)
    if data[:4] == b"RIFF":
        return _avi(data, path) if data[8:12] == b"AVI " else _wav(data)
    if _is_flash(data):
        return _flash(data)
    if path.suffix.lower() == ".lvs":
        return _leaves(data)
    if _MARK in data[: 1 << 16] and not _has_frames(data):
        return _sequence(data)
    if _has_frames(data):
        return _frames(data)
    if data[:1] == b"\x82":
        return _private(data)
    raise Unreadable("inspect_unknown", path=path)


def _sequence(data: bytes) -> Iterator[str]:
    """Statements one after another; bytes between them are counted and passed over."""
    at = 0
    while at < len(data):
        try:
            end = sign1_end(data, at)
            yield from _statement(data[at:end], at)
        except Unreadable:
            following = data.find(_MARK, at + 1)
            end = len(data) if following < 0 else following
            yield f"@{at} {end - at} bytes that are no statement: {in_hex(data[at:end])}"
        at = end


def sign1_end(data: bytes, at: int) -> int:
    """The end of the item at `at`, by cbor2. Raises Unreadable when it is no COSE_Sign1."""
    if not data.startswith(_MARK[:4], at):
        raise Unreadable("inspect_no_statement", offset=at)
    return decoder.cbor_item(data, at)[1]


def _statement(raw: bytes, at: int, indent: str = "") -> Iterator[str]:
    found = decoder.statement(raw)
    typ = found.protected.get(16)
    key_id = found.protected.get(4)
    name = _TYPES.get(typ, f"type {typ}") if isinstance(typ, int) else "statement without type"
    payload = found.payload
    title = name
    if typ in (statements.TYP_ENTRY, statements.TYP_CUSTODY) and isinstance(payload, dict):
        title = _entry_title(cast("dict[object, object]", payload), typ)
    yield f"{indent}@{at} {title}, {len(raw)} bytes, hash {sign1.statement_hash(raw).hex()}"
    shown = key_id.hex() if isinstance(key_id, bytes) else repr(key_id)
    yield f"{indent}  signed by {shown}; signature not checked here" + ("" if found.canonical else "; NOT canonical")
    if found.protected.get(1) != -8 or found.unprotected:
        yield f"{indent}  algorithm {found.protected.get(1)!r}, unprotected {show(found.unprotected)}"
    if not isinstance(payload, dict):
        yield f"{indent}  payload {show(payload)}"
    elif typ in (statements.TYP_ENTRY, statements.TYP_CUSTODY):
        yield from _entry(cast("dict[object, object]", payload), typ, indent)
    else:
        table = _TABLES.get(typ, "") if isinstance(typ, int) else ""  # hostile bytes may say a list there
        yield from _named(table, cast("dict[object, object]", payload), indent + "  ", name)


def _entry_title(payload: dict[object, object], typ: object) -> str:
    table = kinds.ENTRY_KINDS if typ == statements.TYP_ENTRY else custody_kinds.KINDS
    kind = payload.get(6)
    name = kinds.kind_name(table, kind) if isinstance(kind, int) else repr(kind)
    return f"{'entry' if typ == statements.TYP_ENTRY else 'custody entry'} {payload.get(4)!r} {name}"


def _entry(payload: dict[object, object], typ: object, indent: str) -> Iterator[str]:
    table = kinds.ENTRY_KINDS if typ == statements.TYP_ENTRY else custody_kinds.KINDS
    yield (
        f"{indent}  device {show(payload.get(2))}, epoch {show(payload.get(3))}, boot {show(payload.get(7))}, "
        f"ticks {show(payload.get(8))} ms, wall {_wall(payload.get(9))}"
    )
    yield f"{indent}  previous {show(payload.get(5))}"
    kind, body = payload.get(6), payload.get(10)
    if isinstance(body, dict):
        fields_of = kinds.body_table(table, kind) if isinstance(kind, int) else None
        about = kinds.kind_name(table, kind) if isinstance(kind, int) else ""
        yield from _named(fields_of or "", cast("dict[object, object]", body), indent + "    ", about)
    private = payload.get(11)
    if isinstance(private, dict):
        for label, commitment in cast("dict[object, object]", private).items():
            yield f"{indent}    private {_label(label)}: {show(commitment)}"


def _named(table: str, values: dict[object, object], indent: str, about: str) -> Iterator[str]:
    """Fields of what is `about` something by their names; numbers that the table does not know stay numbers."""
    known = {key: (name, form) for key, name, form in fields.parse(table)} if table else {}
    for key, value in values.items():
        name, form = known.get(cast(int, key), (f"field {key!r}", ""))
        shown = _wall(value) if form == "w" else coded.name(about, name, value, values) or show(value)
        yield f"{indent}{name}: {shown}"
        if isinstance(value, bytes) and value.startswith(_MARK):
            try:
                yield from _statement(value, 0, indent + "  ")
            except Unreadable:
                continue


def _private(data: bytes) -> Iterator[str]:
    at = 0
    while at < len(data):
        record, end = decoder.cbor_item(data, at)
        if not isinstance(record, list) or len(cast("list[object]", record)) != 2:
            raise Unreadable("inspect_no_item", offset=at, reason="private record")
        sequence, openings = cast("list[object]", record)
        yield f"@{at} private record of entry {sequence!r}"
        for raw in cast("list[object]", openings if isinstance(openings, list) else []):
            opening = decoder.cbor_item(raw, 0)[0] if isinstance(raw, bytes) else raw
            if isinstance(opening, list) and len(cast("list[object]", opening)) == 3:
                _salt, label, value = cast("list[object]", opening)
                yield f"    {_label(label)}: {show(value)}"
            else:
                yield f"    no opening: {show(raw)}"
        at = end


def _has_frames(data: bytes) -> bool:
    """Whether some piece of the beginning is a frame with a right CRC."""
    return any(message is not None for _at, message in decoder.frames(data[: 1 << 16]))


def _frames(data: bytes) -> Iterator[str]:
    told = {kind: name for kind, name, *_tables in messages.MESSAGES}
    for at, message in decoder.frames(data):
        if message is None:
            yield f"@{at} no frame"
            continue
        try:
            value, _end = decoder.cbor_item(message, 0)
        except Unreadable:
            value = None
        if not isinstance(value, list) or not value:
            yield f"@{at} frame of {len(message)} bytes that holds no message: {in_hex(message)}"
            continue
        kind, *rest = cast("list[object]", value)
        yield f"@{at} {_message_name(kind, told)} {', '.join(show(one) for one in rest)}"
        for one in rest:
            if isinstance(one, bytes) and one.startswith(_MARK):
                for line in _sequence(one):
                    yield "    " + line


def _message_name(kind: object, told: dict[int, str]) -> str:
    if kind == messages.REFUSAL:
        return "REFUSAL"
    if isinstance(kind, int) and kind - messages.ANSWER in told:
        return told[kind - messages.ANSWER] + " answer"
    return told.get(kind, f"message {show(kind)}") if isinstance(kind, int) else f"message {show(kind)}"


def _is_flash(data: bytes) -> bool:
    whole = len(data) >= decoder.SECTOR and len(data) % decoder.SECTOR == 0
    return whole and any(sector.kind not in ("erased", "other") for sector in decoder.sectors(data))


def _flash(data: bytes) -> Iterator[str]:
    for sector in decoder.sectors(data):
        if sector.kind in ("erased", "other"):
            continue
        start = sector.number * decoder.SECTOR
        raw = data[start : start + decoder.SECTOR]
        generation = "" if sector.generation is None else f", generation {sector.generation}"
        yield f"sector {sector.number}: {sector.kind}{generation}" + ("" if sector.whole else ", TORN head")
        if sector.kind in ("journal", "identity"):
            for record in decoder.records(raw):
                yield from _record(record, start)
        elif sector.kind == "anchors":
            for anchor in decoder.anchors(raw):
                where = f"START {anchor.start}, segment {anchor.number}, {anchor.length} bytes, tick {anchor.tick}"
                yield f"    anchor: {where}" + ("" if anchor.whole else ", TORN")
        else:
            for slot in decoder.key_slots(raw):
                epoch = "" if slot.epoch is None else f", epoch {slot.epoch}, secret not shown"
                yield f"    slot {slot.slot}: {slot.state}{epoch}"


def _record(record: decoder.Record, start: int) -> Iterator[str]:
    at = start + record.offset
    if not record.whole:
        yield f"    @{at} TORN record of kind {record.kind}"
        return
    if record.kind == _KEY_TABLE:
        wrong = "" if len(record.data) == _KEY_TABLE_BYTES else ", NOT the length of one"
        yield f"    @{at} key table of the organisation {record.data[:32].hex()}, {len(record.data)} bytes{wrong}"
        return
    try:
        for line in _statement(record.data, at) if record.kind == 2 else _private(record.data):
            yield "    " + line
    except Unreadable:
        yield f"    @{at} record of kind {record.kind} that cannot be read: {in_hex(record.data)}"


def _leaves(data: bytes) -> Iterator[str]:
    for at in range(0, len(data), 32):
        name = "header" if at == 0 else f"leaf {at // 32 - 1}"
        yield f"{name}: {data[at : at + 32].hex()}" + ("" if len(data) - at >= 32 else " TORN")


def _wav(data: bytes) -> Iterator[str]:
    yield "WAV, " + ", ".join(f"{name} {value}" for name, value in decoder.wav(data).items())


def _avi(data: bytes, path: Path) -> Iterator[str]:
    try:
        width, height, rate, chunks, length = avi.read_header(data[: avi.AVI_HEADER])
    except Malformed:
        raise Unreadable("inspect_unknown", path=path) from None
    yield f"AVI, width {width}, height {height}, rate {rate}, chunks {chunks}, length {length}"


def _label(label: object) -> str:
    return names.name_of(names.PRIVATE_LABELS, label) if isinstance(label, int) else repr(label)


def _wall(value: object) -> str:
    """A wall clock [state, Unix milliseconds]."""
    pair = cast("list[object]", value) if isinstance(value, list | tuple) else []
    if len(pair) != 2 or not isinstance(pair[0], int) or not isinstance(pair[1], int):
        return show(pair or cast(object, value))
    state = names.name_of(names.WALL_STATES, pair[0])
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=pair[1])
    except OverflowError:
        return f"{state} {pair[1]} ms"
    return state if pair[0] == 0 else f"{state} {moment.isoformat(timespec='milliseconds')}"
