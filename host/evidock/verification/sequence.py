"""Reads a CBOR sequence of signed statements item by item, in bounded memory, and finds the next item after damage.

Specification: "The journal file" and "COSE_Sign1". Only the envelope is measured here; whether an item is well formed
is its reader's to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from evidock_protocol import statements
from evidock_protocol.versions import MAXIMUM_STATEMENT

_START = b"\xd2\x84\x58\x2a"  # tag 18, array(4), a protected header of 42 bytes
_MARK = _START + b"\xa3\x01\x27\x04\x58\x20"  # and its fixed beginning, before the key id
_HEAD = 46  # bytes up to the unprotected header: where reading goes on after damage
_SIGNATURE_HEAD = b"\x58\x40"
_SIGNATURE = 66  # bytes of the signature with its head
_CHUNK = 1 << 16
MAXIMUM_FOREIGN = 1 << 26  # bytes in all that are no statement, after which nothing more is looked for


class Stream(Protocol):
    """What is read: a file opened in binary mode will do."""

    def read(self, size: int, /) -> bytes: ...


class Item(NamedTuple):
    """One item, or a run of bytes that is none."""

    offset: int
    length: int
    raw: bytes | None
    """The item's exact bytes, or None for bytes that form no statement."""
    torn: bool
    """True for the beginning of a statement that the end of the file cuts off."""


def items(stream: Stream, typ: int = statements.TYP_ENTRY) -> Iterator[Item]:
    """Every item of `stream` in order. Each byte belongs to exactly one item or run, until MAXIMUM_FOREIGN bytes were
    none: a run is then the last. Errors are the stream's own.

    `typ` is the sequence's: after damage reading goes on at a head of that type, since entries hold whole statements
    of other types.
    """
    head = re.compile(re.escape(_MARK) + b".{32}" + re.escape(b"\x10\x19" + typ.to_bytes(2, "big")), re.DOTALL)
    buffer = b""
    base = 0  # offset of the buffer's first byte
    at = 0
    ended = False
    lost = -1  # offset where a run of foreign bytes began
    foreign = 0  # bytes of the runs before it
    while True:
        if not ended and len(buffer) - at < MAXIMUM_STATEMENT:
            more = stream.read(_CHUNK)
            ended = not more
            base += at
            buffer = buffer[at:] + more
            at = 0
            continue
        if at >= len(buffer):
            break
        length = _measure(buffer, at) if lost < 0 or head.match(buffer, at) else None
        if length is not None and at + length <= len(buffer):
            if lost >= 0:
                foreign += base + at - lost
                yield Item(lost, base + at - lost, None, False)
                lost = -1
            yield Item(base + at, length, buffer[at : at + length], False)
            at += length
            continue
        if length is not None and _is_cut_off(buffer, at, head):
            if lost >= 0:
                yield Item(lost, base + at - lost, None, False)
            yield Item(base + at, len(buffer) - at, None, True)
            return
        if lost < 0:
            lost = base + at
        elif foreign + base + at - lost > MAXIMUM_FOREIGN:
            break
        following = head.search(buffer, at + 1)
        # A head may straddle the end of what is read so far: keep its possible beginning.
        at = following.start() if following else max(at + 1, len(buffer) - (0 if ended else _HEAD - 1))
    if lost >= 0:
        yield Item(lost, base + at - lost, None, False)


def _measure(buffer: bytes, at: int) -> int | None:
    """Length of the statement at `at` by its heads, maybe past the buffer's end; None when there is none."""
    if not buffer.startswith(_START, at):
        return None if len(buffer) - at >= len(_START) or not _START.startswith(buffer[at:]) else MAXIMUM_STATEMENT
    body = at + _HEAD + 1
    if body + 3 > len(buffer):
        return MAXIMUM_STATEMENT
    head = buffer[body]
    if head == 0x59:
        payload = 3 + int.from_bytes(buffer[body + 1 : body + 3], "big")
    elif head == 0x58:
        payload = 2 + buffer[body + 1]
    elif 0x40 <= head <= 0x57:
        payload = 1 + head - 0x40
    else:
        return None
    end = body + payload + _SIGNATURE
    if end - at > MAXIMUM_STATEMENT:
        return None
    if end <= len(buffer) and not buffer.startswith(_SIGNATURE_HEAD, end - _SIGNATURE):
        return None
    return end - at


def _is_cut_off(buffer: bytes, at: int, head: re.Pattern[bytes]) -> bool:
    """Whether the last bytes of a file are a statement's beginning: nothing follows, and no signature ends them."""
    tail = buffer[at:]
    return head.search(tail, 1) is None and tail[-_SIGNATURE : 2 - _SIGNATURE] != _SIGNATURE_HEAD
