"""Builds and parses messages as arrays, from the tables in `messages`.

Specification: "Messages". Frames around them are `framing`'s.
"""

from evidock_protocol import cbor, fields, messages
from evidock_protocol.errors import Malformed
from evidock_protocol.versions import MAXIMUM_TEXT

REFUSAL = "0 code u, 1 text t"


class Refusal(Exception):
    """A request refused with one of `names.REFUSALS`; `text` is for people."""

    def __init__(self, code: int, text: str):
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.number = 0  # of the request that was refused; set by parse_answer


def request(kind: int, number: int, values: dict[str, object]) -> bytes:
    """A request's bytes; raises Malformed when `values` are not exactly the request's fields."""
    return _build(kind, number, _tables(kind)[0], values)


def answer(kind: int, number: int, values: dict[str, object]) -> bytes:
    """An answer's bytes to request `number`."""
    return _build(kind + messages.ANSWER, number, _tables(kind)[1], values)


def refusal(number: int, code: int, text: str) -> bytes:
    """A refusal's bytes; text beyond MAXIMUM_TEXT bytes is cut off."""
    while len(text.encode()) > MAXIMUM_TEXT:
        text = text[:-1]
    return cbor.encode([messages.REFUSAL, number, code, text])


def data_head(kind: int, number: int, offset: int, length: int) -> bytes:
    """The bytes of a MEDIA answer before its `length` data bytes, which the sender frames from its own buffer."""
    return (
        b"\x84"
        + cbor.head(0, kind + messages.ANSWER)
        + cbor.head(0, number)
        + cbor.head(0, offset)
        + cbor.head(2, length)
    )


def parse_request(payload: bytes) -> "tuple[int, int, fields.Fields]":
    """(type, request number, fields) of a request; raises Malformed.

    An unknown type gives empty fields and is the caller's to refuse.
    """
    kind, number, rest = _open(payload)
    for known, _name, table, _answer in messages.MESSAGES:
        if known == kind:
            return kind, number, _fields(table, rest)
    return kind, number, {}


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


def _build(kind: int, number: int, table: str, values: dict[str, object]) -> bytes:
    message: list[object] = [kind, number]
    if not table and values:
        raise Malformed(f"message takes no fields, got {len(values)}")
    if table:
        numbered = fields.to_map(table, values)
        for key in range(len(numbered)):
            message.append(numbered[key])
    return cbor.encode(message)
