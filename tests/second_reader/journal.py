"""Section "The journal file": a CBOR sequence of statements, cut into its items."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from .sign1 import BEFORE_KEY_ID, BEFORE_SIGNATURE, BEFORE_TYP, MAXIMUM_STATEMENT

START = BEFORE_KEY_ID[:4]
TO_PAYLOAD = 4 + 42 + 1
SIGNATURE_LENGTH = len(BEFORE_SIGNATURE) + 64


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


def _statement_end(data: bytes, offset: int) -> int:
    """Where the statement at `offset` ends. Its heads alone are looked at; its form is checked later."""

    def need(end: int) -> None:
        if end > len(data):
            raise _EndOfFile

    found = data[offset : offset + len(START)]
    if not START.startswith(found):
        raise _NoStatement
    head = offset + TO_PAYLOAD
    need(head + 3)
    if 0x40 <= data[head] <= 0x57:
        payload = head + 1 + data[head] - 0x40
    elif data[head] == 0x58:
        payload = head + 2 + data[head + 1]
    elif data[head] == 0x59:
        payload = head + 3 + int.from_bytes(data[head + 1 : head + 3], "big")
    else:
        raise _NoStatement
    end = payload + SIGNATURE_LENGTH
    if end - offset > MAXIMUM_STATEMENT:
        raise _NoStatement
    need(end)
    if not data.startswith(BEFORE_SIGNATURE, payload):
        raise _NoStatement
    return end


def split(data: bytes, typ: int) -> Iterator[Item]:
    """The items of a sequence of statements. After noise it goes on where a head of this `typ` begins."""
    resumption = re.compile(re.escape(BEFORE_KEY_ID) + b"(?s:.{32})" + re.escape(BEFORE_TYP + typ.to_bytes(2, "big")))
    offset = 0
    while offset < len(data):
        form = Form.STATEMENT
        try:
            end = _statement_end(data, offset)
        except (_NoStatement, _EndOfFile) as reason:
            resumed = resumption.search(data, offset + 1)
            signed = data[-SIGNATURE_LENGTH:].startswith(BEFORE_SIGNATURE) and len(data) - offset >= SIGNATURE_LENGTH
            torn = isinstance(reason, _EndOfFile) and resumed is None and not signed
            form = Form.TORN if torn else Form.NOISE
            end = resumed.start() if resumed else len(data)
        yield Item(form, offset, data[offset:end])
        offset = end
