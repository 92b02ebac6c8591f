"""Section "Private fields": openings and private records."""

from dataclasses import dataclass

from .cbor import Value, decode, decode_prefix
from .errors import Malformed
from .fields import is_integer
from .sign1 import sha256

MAXIMUM_OPENING = 320
MAXIMUM_PRIVATE_FIELDS = 8
SALT_LENGTH = 16
HIGHEST_LABEL = 23


@dataclass(frozen=True)
class Opening:
    """What a commitment commits to."""

    raw: bytes
    salt: bytes
    label: int
    value: int | str

    @property
    def commitment(self) -> bytes:
        return sha256(self.raw)


@dataclass(frozen=True)
class Record:
    """The openings of one entry."""

    sequence: int
    openings: list[Opening]


def parse_opening(raw: bytes) -> Opening:
    if len(raw) > MAXIMUM_OPENING:
        raise Malformed(f"more than {MAXIMUM_OPENING} bytes")
    item = decode(raw)
    if not isinstance(item, list) or len(item) != 3:
        raise Malformed("an opening is [salt, label, value]")
    salt, label, value = item
    if not isinstance(salt, bytes) or len(salt) != SALT_LENGTH:
        raise Malformed(f"a salt has {SALT_LENGTH} bytes")
    if not isinstance(label, int) or not is_integer(label, 0) or label > HIGHEST_LABEL:
        raise Malformed(f"a label is 0 to {HIGHEST_LABEL}")
    if not isinstance(value, int | str) or (not isinstance(value, str) and not is_integer(value, 0)):
        raise Malformed("a value is an unsigned integer or text")
    return Opening(raw, salt, label, value)


def _record(item: Value) -> Record:
    if not isinstance(item, list) or len(item) != 2:
        raise Malformed("a record is [sequence, openings]")
    sequence, rows = item
    if not isinstance(sequence, int) or not is_integer(sequence, 0):
        raise Malformed("a sequence is an unsigned integer")
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAXIMUM_PRIVATE_FIELDS:
        raise Malformed(f"a record has 1 to {MAXIMUM_PRIVATE_FIELDS} openings")
    openings: list[Opening] = []
    for row in rows:
        if not isinstance(row, bytes):
            raise Malformed("an opening is wrapped in a byte string")
        openings.append(parse_opening(row))
    labels = [opening.label for opening in openings]
    if labels != sorted(set(labels)):
        raise Malformed("labels ascend, each once")
    return Record(sequence, openings)


def parse_record(raw: bytes) -> Record:
    return _record(decode(raw))


def parse_records(raw: bytes) -> list[Record]:
    """A private sequence: records in whatever order they stand."""
    records: list[Record] = []
    offset = 0
    while offset < len(raw):
        item, offset = decode_prefix(raw, offset)
        records.append(_record(item))
    return records
