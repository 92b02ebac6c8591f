"""Private fields: salted commitments in the entry, openings in a parallel sequence.

Specification: "Private fields". Whoever has only the entry learns nothing of the value; whoever has the
opening proves it.
"""

import hashlib

from evidock_protocol import cbor, fields
from evidock_protocol.errors import Malformed
from evidock_protocol.versions import MAXIMUM_OPENING, MAXIMUM_PRIVATE_FIELDS

SALT = 16


def opening(salt: bytes, label: int, value: object) -> bytes:
    """Deterministic CBOR of [salt(16 bytes), label, value]; value is an unsigned integer or text. Raises Malformed."""
    raw = cbor.encode([salt, label, value])
    parse_opening(raw)
    return raw


def commitment(raw_opening: bytes) -> bytes:
    """The 32 bytes that stand in the entry for an opening."""
    return hashlib.sha256(raw_opening).digest()


def encode_record(sequence: int, openings: list[bytes]) -> bytes:
    """One record of the private sequence: [entry sequence, [opening as byte string …]]."""
    return cbor.encode([sequence, openings])


def parse_record(record: object) -> tuple[int, list[tuple[int, object, bytes]]]:
    """Parses a decoded record to (sequence, [(label, value, commitment)]), labels ascending; raises Malformed."""
    if not fields.is_list(record) or len(record) != 2:
        raise Malformed("private record is not [sequence, openings]")
    sequence, openings = record
    if not fields.is_uint(sequence) or not fields.is_list(openings):
        raise Malformed("private record is not [sequence, openings]")
    if not 1 <= len(openings) <= MAXIMUM_PRIVATE_FIELDS:
        raise Malformed(f"private record of {len(openings)} openings")
    parsed: list[tuple[int, object, bytes]] = []
    previous = -1
    for raw in openings:
        if not isinstance(raw, bytes):
            raise Malformed("opening is not a byte string")
        label, value = parse_opening(raw)
        if label <= previous:
            raise Malformed("openings are not in ascending order of their labels")
        previous = label
        parsed.append((label, value, commitment(raw)))
    return sequence, parsed


def parse_opening(raw: bytes) -> tuple[int, object]:
    """(label, value) of an opening; raises Malformed."""
    if len(raw) > MAXIMUM_OPENING:
        raise Malformed(f"opening of {len(raw)} bytes, at most {MAXIMUM_OPENING}")
    item = cbor.decode(raw)
    if not isinstance(item, list) or len(item) != 3:
        raise Malformed("opening is not [salt, label, value]")
    salt, label, value = item
    if not isinstance(salt, bytes) or len(salt) != SALT:
        raise Malformed(f"opening does not begin with a salt of {SALT} bytes")
    if not fields.is_uint(label) or label > cbor.MAX_KEY:
        raise Malformed(f"opening: label is not an integer from 0 to {cbor.MAX_KEY}")
    if not fields.is_uint(value) and not isinstance(value, str):
        raise Malformed("opening: value is neither an unsigned integer nor text")
    return label, value
