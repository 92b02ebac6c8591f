"""Builds and parses messages as arrays, from the tables in `messages`.

Specification: "Messages". Frames around them are `framing`'s.
"""

from evidock_protocol import cbor, fields, messages
from evidock_protocol.errors import Malformed
from evidock_protocol.versions import MAXIMUM_TEXT

REFUSAL = "0 code u, 1 text t"
MEDIA_NUMBERS = 6  # of a MEDIA request, after its type
_MEDIA_ARRAY = 0x80 + 1 + MEDIA_NUMBERS
_MEDIA_ANSWER = bytes((0x84, 0x18, messages.MEDIA + messages.ANSWER))


class Refusal(Exception):
    """A request refused with one of `names.REFUSALS`; `text` is for people."""

    def __init__(self, code: int, text: str):
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.number = 0  # of the request that was refused; set by parse_answer


def request(kind: int, number: int, values: dict[str, object]) -> bytes:
    """A request's bytes; raises Malformed when `values` are not exactly the request's fields."""
    return cbor.encode(_message(kind, number, _tables(kind)[0], values))


def answer(kind: int, number: int, values: dict[str, object]) -> bytes:
    """An answer's bytes to request `number`."""
    return cbor.encode(answer_items(kind, number, values))


def answer_items(kind: int, number: int, values: dict[str, object]) -> list[object]:
    """The items of an answer, for a sender that encodes them where it needs them."""
    return _message(kind + messages.ANSWER, number, _tables(kind)[1], values)


def refusal(number: int, code: int, text: str) -> bytes:
    """A refusal's bytes; text beyond MAXIMUM_TEXT bytes is cut off."""
    return cbor.encode(refusal_items(number, code, text))


def refusal_items(number: int, code: int, text: str) -> list[object]:
    """The items of a refusal, as `answer_items`."""
    while len(text.encode()) > MAXIMUM_TEXT:
        text = text[:-1]
    return [messages.REFUSAL, number, code, text]


def put_data_head(buffer: bytearray | memoryview, end: int, kind: int, number: int, index: int, length: int) -> int:
    """Write what stands before the `length` data bytes of a MEDIA answer, so that it ends at `end`; return its start.

    The sender has the data behind it already, and frames both where they lie.
    """
    size = 1 + cbor.head_size(kind + messages.ANSWER) + cbor.head_size(number)
    start = end - size - cbor.head_size(index) - cbor.head_size(length)
    at = cbor.put_head(buffer, start, cbor.ARRAY, 4)
    at = cbor.put_head(buffer, at, cbor.UNSIGNED, kind + messages.ANSWER)
    at = cbor.put_head(buffer, at, cbor.UNSIGNED, number)
    at = cbor.put_head(buffer, at, cbor.UNSIGNED, index)
    cbor.put_head(buffer, at, cbor.BYTES, length)
    return start


def parse_request(payload: bytes) -> "tuple[int, int, fields.Fields]":
    """(type, request number, fields) of a request; raises Malformed.

    An unknown type gives empty fields and is the caller's to refuse.
    """
    kind, number, rest = _open(payload)
    for known, _name, table, _answer in messages.MESSAGES:
        if known == kind:
            return kind, number, _fields(table, rest)
    return kind, number, {}


def parse_media(payload: bytes, numbers: list[int]) -> bool:
    """Whether this is a MEDIA request without a number above 2^32-1; fills `numbers`: the request's, then its fields.

    What `parse_request` says of it too, but that takes kilobytes of heap, and a host asks for every 8 KiB of media.
    """
    end = len(payload)
    if end < 2 + MEDIA_NUMBERS or payload[0] != _MEDIA_ARRAY or payload[1] != messages.MEDIA:
        return False
    at = 2
    for place in range(MEDIA_NUMBERS):
        if at >= end:
            return False
        number = payload[at]
        at += 1
        if number >= 24:
            size = 1 << (number - 24)
            if number > 26 or at + size > end:
                return False
            number = 0
            for _ in range(size):
                number = number << 8 | payload[at]
                at += 1
            if cbor.head_size(number) != 1 + size:
                return False
        numbers[place] = number
    return at == end


def parse_media_answer(payload: bytes) -> tuple[int, int, int] | None:
    """(request number, index, where the data begin) of a MEDIA answer whose data go to the end; None for all else.

    What `parse_answer` says of it too, a good deal slower, and a host takes in thousands a second.
    """
    if len(payload) < 6 or payload[:3] != _MEDIA_ANSWER:
        return None
    at = 3
    found = [0, 0, 0]  # request number, index, bytes of data
    for place in range(3):
        first = payload[at] - (64 if place == 2 else 0)  # a byte string's head differs from a number's in this alone
        at += 1
        if first < 24:
            found[place] = first
            if first < 0:
                return None
            continue
        size = 1 << (first - 24)
        if first > 26 or at + size > len(payload) - 2 + place:
            return None
        found[place] = int.from_bytes(payload[at : at + size], "big")
        at += size
        if cbor.head_size(found[place]) != 1 + size:
            return None
    return (found[0], found[1], at) if at + found[2] == len(payload) else None


def parse_answer(payload: bytes) -> "tuple[int, int, fields.Fields]":
    """(request type, request number, fields) of an answer; raises Refusal for a refusal, Malformed for anything else.

    A Refusal carries the request number it answers as attribute `number`.
    """
    kind, number, rest = _open(payload)
    if kind == messages.REFUSAL:
        values = _fields(REFUSAL, rest)
        refused = Refusal(values["code"], values["text"])  # type: ignore[arg-type]
        refused.number = number
        raise refused
    for known, _name, _request, table in messages.MESSAGES:
        if known + messages.ANSWER == kind:
            return known, number, _fields(table, rest)
    raise Malformed(f"unknown answer {kind}")


def _open(payload: bytes) -> tuple[int, int, list[object]]:
    item: object = cbor.decode(payload)
    if not fields.is_list(item) or len(item) < 2:
        raise Malformed("message is not [type, number, …]")
    kind, number = item[0], item[1]
    if not fields.is_uint(kind) or not fields.is_uint(number):
        raise Malformed("message is not [type, number, …]")
    return kind, number, item[2:]


def _tables(kind: int) -> tuple[str, str]:
    for known, _name, asked, answered in messages.MESSAGES:
        if known == kind:
            return asked, answered
    raise Malformed(f"unknown message {kind}")


def _fields(table: str, rest: list[object]) -> "fields.Fields":
    if not table:
        if rest:
            raise Malformed(f"message takes no fields, got {len(rest)}")
        return {}
    return fields.from_map(table, dict(enumerate(rest)))


def _message(kind: int, number: int, table: str, values: dict[str, object]) -> list[object]:
    message: list[object] = [kind, number]
    if not table and values:
        raise Malformed(f"message takes no fields, got {len(values)}")
    if table:
        numbered = fields.to_map(table, values)
        for key in range(len(numbered)):
            message.append(numbered[key])
    return message
