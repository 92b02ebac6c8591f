"""Section "The journal file": a CBOR sequence of statements, cut into its items."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from .sign1 import BEFORE_KEY_ID, BEFORE_TYP, MAXIMUM_STATEMENT

BYTE_STRING = 2


class Form(Enum):
    """What a piece of the file is."""

    STATEMENT = "statement"
    NOISE = "bytes that begin no statement"
    TORN = "a file that ends inside a statement"


@dataclass(frozen=True)
class Item:
    """A piece of the file."""

    form: Form
    offset: int
    raw: bytes


class _NoStatement(Exception):
    """No statement begins here."""


class _EndOfFile(Exception):
    """The statement that begins here needs more bytes."""


def _after_byte_string(data: bytes, offset: int) -> int:
    """Where the byte string at `offset` ends; its head need not be the shortest, so that a bad one can be named."""
    if offset >= len(data):
        raise _EndOfFile
    major, additional = data[offset] >> 5, data[offset] & 31
    if major != BYTE_STRING or additional > 27:
        raise _NoStatement
    size = 0 if additional < 24 else 1 << (additional - 24)
    if offset + 1 + size > len(data):
        raise _EndOfFile
    length = int.from_bytes(data[offset + 1 : offset + 1 + size], "big") if size else additional
    return offset + 1 + size + length


def _statement_end(data: bytes, offset: int) -> int:
    def expect(position: int, content: bytes) -> int:
        found = data[position : position + len(content)]
        if not content.startswith(found):
            raise _NoStatement
        if len(found) < len(content):
            raise _EndOfFile
        return position + len(content)

    end = expect(offset, b"\xd2\x84")
    end = _after_byte_string(data, end)
    if end - offset > MAXIMUM_STATEMENT:
        raise _NoStatement
    end = _after_byte_string(data, expect(end, b"\xa0"))
    if end - offset <= MAXIMUM_STATEMENT:
        end = _after_byte_string(data, end)
    if end - offset > MAXIMUM_STATEMENT:
        raise _NoStatement
    if end > len(data):
        raise _EndOfFile
    return end


def split(data: bytes, typ: int) -> Iterator[Item]:
    """The items of a sequence of statements. After noise it goes on where a head of this `typ` begins.

    The specification goes on at the head's first ten bytes; these also begin the statements inside HOST entries.
    """
    resumption = re.compile(re.escape(BEFORE_KEY_ID) + b"(?s:.{32})" + re.escape(BEFORE_TYP + typ.to_bytes(2, "big")))
    offset = 0
    while offset < len(data):
        form = Form.STATEMENT
        try:
            end = _statement_end(data, offset)
        except (_NoStatement, _EndOfFile) as reason:
            resumed = resumption.search(data, offset + 1)
            form = Form.TORN if isinstance(reason, _EndOfFile) and resumed is None else Form.NOISE
            end = resumed.start() if resumed else len(data)
        yield Item(form, offset, data[offset:end])
        offset = end
