"""Section "Messages": requests, answers and refusals."""

from dataclasses import dataclass

from .cbor import Value, decode
from .errors import Malformed
from .fields import Fields, is_integer, read_array, table
from .tables import ANSWERS, REQUESTS

MAXIMUM_PAYLOAD = 4224
MAXIMUM_REQUEST = 2112
ANSWER_OFFSET = 128
REFUSAL = 255
REFUSAL_FIELDS = table("0 code u, 1 text t")


@dataclass(frozen=True)
class Message:
    """One message. `type` is the request's, also in an answer. `fields` is None in a request of unknown type."""

    direction: str
    type: int
    number: int
    fields: Fields | None


def _read(raw: bytes, limit: int) -> tuple[int, int, list[Value]]:
    if not 1 <= len(raw) <= limit:
        raise Malformed(f"a message has 1 to {limit} bytes")
    item = decode(raw)
    if not isinstance(item, list) or len(item) < 2:
        raise Malformed("a message is an array with type and number")
    type_, number, *rest = item
    if not isinstance(type_, int) or not isinstance(number, int):
        raise Malformed("type and number are unsigned integers")
    if not is_integer(type_, 0) or not is_integer(number, 0):
        raise Malformed("type and number are unsigned integers")
    return type_, number, rest


def parse_request(raw: bytes) -> Message:
    """A request; one of unknown type is refused, but is no error."""
    type_, number, rest = _read(raw, MAXIMUM_REQUEST)
    if type_ not in REQUESTS:
        return Message("request", type_, number, None)
    return Message("request", type_, number, read_array(REQUESTS[type_][1], rest))


def parse_answer(raw: bytes) -> Message:
    """An answer or a refusal."""
    type_, number, rest = _read(raw, MAXIMUM_PAYLOAD)
    if type_ == REFUSAL:
        return Message("refusal", type_, number, read_array(REFUSAL_FIELDS, rest))
    request = type_ - ANSWER_OFFSET
    if request not in ANSWERS:
        raise Malformed("no such answer")
    return Message("answer", request, number, read_array(ANSWERS[request][1], rest))
