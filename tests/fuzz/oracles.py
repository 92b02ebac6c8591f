"""What must hold for any bytes at all, said once for CPython and MicroPython: one function a target.

Specification: "Frames", "Deterministic CBOR", "COSE_Sign1", "Private fields", "Messages" and "Internal flash". Each
function takes hostile bytes and raises AssertionError when the code does something that no bytes may make it do; an
error that is not one of the protocol's own comes through as it is. What only CPython can check besides is in
`comparisons`.
"""

# These run on MicroPython too, which has no typing module to say more.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false
# pyright: reportOptionalSubscript=false, reportOperatorIssue=false, reportIndexIssue=false

import binascii
import struct

from evidock_protocol import cbor, custody_kinds, entry, framing, kinds, private, sign1, statements, wire
from evidock_protocol.errors import LimitExceeded, Malformed, UnknownFormat

COUNTERS = ("frames", "bad_crc", "bad_cobs", "overlong", "skipped_bytes")
KEY_ID = bytes(32)
SIGNATURE = bytes(64)
PAYLOAD_LIMIT = 1900  # bytes of a payload that an envelope around it still holds


def refusal_of(function, *arguments):
    """(result, None), or (None, name of the error class). Hostile bytes may raise nothing but these."""
    try:
        return function(*arguments), None
    except entry.WrongType:
        return None, "WrongType"
    except LimitExceeded:
        return None, "LimitExceeded"
    except Malformed:
        return None, "Malformed"
    except UnknownFormat:
        return None, "UnknownFormat"
    except wire.Refusal as refused:
        return [refused.number, refused.code, refused.text], None


# Frames. The first byte says how the rest is used: its lowest four bits how many bytes come at once, bit 4 whether the
# frame limit is short, bit 7 whether the rest is one payload to be framed rather than a stream.


def frames(data):
    if not data:
        return
    mode, rest = data[0], data[1:]
    limit = framing.frame_size(40 if mode & 16 else 1200)
    if mode & 128:
        _framed(rest, limit, mode & 15)
        return
    expected = reference_frames(rest, limit)
    reader = framing.FrameReader(limit)
    found = fed(reader, rest, mode & 15)
    reader.reset()
    assert found == expected[0], "payloads differ from the reference's"
    counters = [getattr(reader, name) for name in COUNTERS]
    assert counters == expected[1], f"counters {counters}, expected {expected[1]}"


def fed(reader, stream, pace):
    """The payloads of a stream that comes in pieces: all at once for `pace` 0, else that many bytes at a time."""
    step = pace * pace if pace else len(stream) or 1
    found = []
    for at in range(0, len(stream), step):
        found.extend(bytes(payload) for payload in reader.feed(stream[at : at + step]))
    return found


def _framed(payload, limit, pace):
    if not payload or len(payload) > 1200:
        return
    frame = bytes(framing.FrameWriter(len(payload)).encode(payload, True))
    assert frame[0] == 0
    assert frame.find(b"\x00", 1) == len(frame) - 1
    assert len(frame) - 1 <= framing.frame_size(len(payload))
    assert frame[1:-1] == reference_stuffed(payload + struct.pack("<I", binascii.crc32(payload)))
    reader = framing.FrameReader(limit)
    found = fed(reader, frame, pace)
    assert found == ([payload] if len(frame) - 1 <= limit else [])


def reference_stuffed(content):
    """COBS by the byte, as the paper has it; nothing follows a full block that ends the content."""
    out, block = bytearray(), bytearray()
    for place, byte in enumerate(content):
        if byte:
            block.append(byte)
        if not byte or (len(block) == 254 and place + 1 < len(content)):
            out.append(len(block) + 1)
            out.extend(block)
            block = bytearray()
    out.append(len(block) + 1)
    out.extend(block)
    return bytes(out)


def reference_frames(stream, limit):
    """(payloads, counters) of a stream by "Frames", a frame at a time and a byte at a time."""
    payloads = []
    bad_crc = bad_cobs = overlong = skipped = 0
    pieces = bytes(stream).split(b"\x00")
    for place, piece in enumerate(pieces):
        if not piece:
            continue
        ended = place + 1 < len(pieces)
        if len(piece) >= limit:
            overlong += 1
        elif ended:
            content = _unstuffed(piece)
            if content is None:
                bad_cobs += 1
            elif len(content) < 5 or binascii.crc32(content[:-4]) != struct.unpack("<I", content[-4:])[0]:
                bad_crc += 1
            else:
                payloads.append(content[:-4])
                continue
        skipped += len(piece)
    return payloads, [len(payloads), bad_crc, bad_cobs, overlong, skipped]


def _unstuffed(piece):
    content, at = bytearray(), 0
    while at < len(piece):
        code = piece[at]
        if at + code > len(piece):
            return None
        content.extend(piece[at + 1 : at + code])
        at += code
        if at < len(piece) and code < 255:
            content.append(0)
    return bytes(content) if reference_stuffed(content) == piece else None


# CBOR: the bytes are one item, or a sequence, or an item behind tag 18.


def items(data):
    value, refused = refusal_of(cbor.decode, data)
    if refused is None:
        assert cbor.encode(value) == data, "another encoding of the same value was accepted"
        assert cbor.encoded_size(value) == len(data)
    first, first_refused = refusal_of(cbor.decode_at, data, 0)
    end, skip_refused = refusal_of(cbor.skip, data, 0)
    assert first_refused == skip_refused, f"decode_at {first_refused}, skip {skip_refused}"
    if first_refused is None:
        assert first[1] == end
        assert 0 < end <= len(data)
        assert cbor.encode(first[0]) == data[:end]
        assert (refused is None) == (end == len(data))
    else:
        assert refused == first_refused
    tagged, tagged_refused = refusal_of(cbor.decode_tagged, data)
    if tagged_refused is None:
        assert cbor.encode_tagged(tagged) == data
    return value, refused


# Statements, private records and messages. The first byte says what the rest is; from 128 on the rest of a statement is
# its payload, put into an envelope that is right.

TYPES = tuple(row[0] for row in statements.STATEMENTS)
OTHERS = ("opening", "record", "request", "answer")


def envelope(data):
    """(what, bytes) that an input stands for: a `typ` and a statement, or one of OTHERS."""
    if not data:
        return None, b""
    choice, rest = data[0] & 127, data[1:]
    if choice % 16 >= len(TYPES) + len(OTHERS):
        choice = 0
    choice %= 16
    if choice >= len(TYPES):
        return OTHERS[choice - len(TYPES)], rest
    typ = TYPES[choice]
    if data[0] & 128:
        rest = sign1.assemble(typ, KEY_ID, rest[:PAYLOAD_LIMIT], SIGNATURE)
    return typ, rest


def signed(data):
    what, raw = envelope(data)
    if what is None:
        return what, raw, None, None
    if what in OTHERS:
        result, refused = refusal_of(_OTHER[what], raw)
    elif what in (statements.TYP_ENTRY, statements.TYP_CUSTODY):
        result, refused = refusal_of(entry.parse, raw, what)
        if refused is None:
            _same_entry(result, raw, what)
    else:
        result, refused = refusal_of(entry.parse_statement, raw, what)
        if refused is None:
            _same_statement(result, raw, what)
    if what not in OTHERS:
        end, no_end = refusal_of(sign1.end_of, raw, 0)
        assert refused is not None or end == len(raw), f"end_of {end} {no_end}"
    return what, raw, result, refused


def _same_entry(found, raw, typ):
    assert sign1.assemble(typ, found.key_id, found.payload, found.signature) == raw
    known = kinds.ENTRY_KINDS if typ == statements.TYP_ENTRY else custody_kinds.KINDS
    table = kinds.body_table(known, found.kind)
    assert found.known == (table is not None)
    if table is not None:
        wall = (found.wall_state, found.wall_ms)
        chain = (found.device, found.epoch, found.sequence, found.previous, found.kind, found.boot, found.ticks)
        assert entry.encode_payload(table, *chain, wall, found.body, found.private) == found.payload


def _same_statement(found, raw, typ):
    sealed, values = found
    assert sign1.assemble(typ, sealed.key_id, sealed.payload, sealed.signature) == raw
    assert entry.encode_statement(typ, values) == sealed.payload


def _opening(raw):
    label, value = private.parse_opening(raw)
    assert private.opening(cbor.decode(raw)[0], label, value) == raw
    return label, value


def _record(raw):
    decoded = cbor.decode(raw)
    sequence, parsed = private.parse_record(decoded)
    assert private.encode_record(sequence, decoded[1]) == raw
    return sequence, parsed


def _request(raw):
    kind, number, values = wire.parse_request(raw)
    known = [row for row in wire.messages.MESSAGES if row[0] == kind]
    if known:
        assert wire.request(kind, number, values) == raw
    return kind, number, values


def _answer(raw):
    kind, number, values = wire.parse_answer(raw)
    assert wire.answer(kind, number, values) == raw
    return kind, number, values


_OTHER = {"opening": _opening, "record": _record, "request": _request, "answer": _answer}
