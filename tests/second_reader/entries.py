"""Sections "Entry payload", "Entry kinds" and "Custody kinds": entries of both chains."""

from dataclasses import dataclass

from .cbor import Value, decode
from .errors import Malformed, UnknownFormat, WrongType
from .fields import Fields, check, is_integer, read_map
from .sign1 import Envelope, parse_envelope
from .tables import CUSTODY_KINDS, ENTRY_KINDS, PAYLOAD

ENTRY = 65001
CUSTODY = 65007
PACKAGE_FORMAT = 1
SUITE = 1
PRIVATE_KEY = 11
MAXIMUM_PRIVATE_FIELDS = 8
KINDS = {ENTRY: ENTRY_KINDS, CUSTODY: CUSTODY_KINDS}


@dataclass(frozen=True)
class Entry:
    """One entry, its form checked. Its signature is not checked here."""

    envelope: Envelope
    fields: Fields
    body: Fields
    private: dict[int, bytes]
    known: bool
    kind_name: str

    @property
    def hash(self) -> bytes:
        return self.envelope.hash

    @property
    def sequence(self) -> int:
        return self.fields.integer("sequence")


def read_payload(payload: bytes) -> dict[int, Value]:
    """The map in a payload, whose `format` this reader knows."""
    value = decode(payload)
    if not isinstance(value, dict):
        raise Malformed("the payload is no map")
    package_format = value.get(0)
    if not is_integer(package_format, 0):
        raise Malformed("format is no number")
    if package_format != PACKAGE_FORMAT:
        raise UnknownFormat(f"format {package_format}")
    return value


def _private_fields(value: Value) -> dict[int, bytes]:
    if not isinstance(value, dict) or not 1 <= len(value) <= MAXIMUM_PRIVATE_FIELDS:
        raise Malformed(f"private fields are a map of 1 to {MAXIMUM_PRIVATE_FIELDS} commitments")
    commitments: dict[int, bytes] = {}
    for label, commitment in value.items():
        check("h", commitment)
        if isinstance(commitment, bytes):
            commitments[label] = commitment
    return commitments


def read_entry(envelope: Envelope, typ: int = ENTRY) -> Entry:
    """The entry in an envelope, in a chain of `typ` (steps 2 to 4 of "Verification of a chain")."""
    if envelope.typ != typ:
        raise WrongType(f"typ {envelope.typ} in the place of {typ}")
    payload = read_payload(envelope.payload)
    suite = payload.get(1)
    if not is_integer(suite, 0):
        raise Malformed("suite is no number")
    if suite != SUITE:
        raise UnknownFormat(f"suite {suite}")
    private = _private_fields(payload.pop(PRIVATE_KEY)) if PRIVATE_KEY in payload else {}
    fields = read_map(PAYLOAD, payload)
    kind, content = fields.integer("kind"), payload[10]
    if kind in KINDS[typ]:
        name, rows = KINDS[typ][kind]
        return Entry(envelope, fields, read_map(rows, content), private, True, name)
    if not isinstance(content, dict):
        raise Malformed("the body is no map")
    body = Fields({str(key): value for key, value in content.items()})
    return Entry(envelope, fields, body, private, False, str(kind))


def parse_entry(raw: bytes, typ: int = ENTRY) -> Entry:
    return read_entry(parse_envelope(raw), typ)
