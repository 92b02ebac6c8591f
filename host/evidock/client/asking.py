"""One question and its answer over a line that loses frames: asked again when it is clear that either was lost.

Specification: "Messages". A recorder answers in order, so that the answer to a STATUS asked behind a question shows
that the question did not arrive; and a damaged frame without anything behind it was the answer.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from evidock.errors import LineLost, Refused
from evidock_protocol import merkle, messages, wire

CHECK_SECONDS = 1.0  # without an answer that takes its time, before it is checked whether the question arrived
DAMAGED_SECONDS = 0.25  # of silence after a damaged frame: it was the answer
LOST_TRIES = 40  # of a question that is lost again and again, or its answers
LOST_TRIES_SLOW = 12  # of one whose loss takes a second to see
SMALLEST_LIMIT = 256  # bytes of entries, records or leaves in one answer over a bad line

Values = dict[str, object]


class Answer(Protocol):
    """See `connection.Answer`."""

    @property
    def kind(self) -> int: ...

    @property
    def number(self) -> int: ...

    @property
    def values(self) -> Values: ...

    @property
    def refusal(self) -> wire.Refusal | None: ...


class Asked(Protocol):
    """What is needed of a connection. `limit` is the bytes that one answer may have, `damaged` counts lost frames."""

    port: str
    received: int
    largest: int
    limit: int
    maximum_unread: int
    held: int
    upward: float
    signing: bool

    @property
    def damaged(self) -> int: ...

    @property
    def is_busy(self) -> bool: ...

    @property
    def ahead(self) -> float: ...

    def monotonic(self) -> float: ...

    def send(self, kind: int, values: Values) -> int: ...

    def next_answer(self) -> Answer | None: ...

    def pump(self, deadline: float) -> None: ...

    def refused(self, refusal: wire.Refusal) -> Refused: ...


class _Failed(Enum):
    LATE = 1  # nothing came until the deadline
    LOST = 2  # question or answer were lost


class Question:
    """One request of `kind` with `values`, which has `seconds` for its answer each time."""

    def __init__(self, connection: Asked, kind: int, values: Values, seconds: float, slow: bool):
        self._connection = connection
        self._kind = kind
        self._values = values
        self._seconds = seconds
        self._slow = slow  # the recorder may work on it for long
        self._numbers: list[int] = []

    def ask(self, tries: int) -> Values:
        """The answer's fields. `tries` above 1 only for what may be asked twice. Raises Refused, LineLost.

        What was lost counts as no try. What may not be asked twice is given up then; a lost OPEN is asked again, since
        the newest one counts.
        """
        connection = self._connection
        late = lost = 0
        while late < tries:
            self._numbers.append(connection.send(self._kind, self._limited()))
            found = self._wait(connection.monotonic() + connection.ahead + self._seconds)
            if isinstance(found, dict):
                connection.limit = min(connection.largest, connection.limit + connection.limit // 8)
                return found
            connection.limit = max(SMALLEST_LIMIT, connection.limit // 2)
            connection.held = connection.maximum_unread  # something on the way may hold less than the recorder's line
            if found is _Failed.LATE or lost == (LOST_TRIES_SLOW if self._slow else LOST_TRIES):
                late += 1
            elif tries == 1 and self._kind != messages.OPEN:
                break
            else:
                lost += 1
        raise LineLost("no_answer", port=connection.port)

    def _limited(self) -> Values:
        """Smaller answers over a bad line."""
        values = dict(self._values)
        for name, size in (("limit", 1), ("count", merkle.HASH_SIZE)):
            wanted = values.get(name)
            if isinstance(wanted, int):
                values[name] = min(wanted, self._connection.limit // size)
        return values

    def _wait(self, deadline: float) -> Values | _Failed:
        connection = self._connection
        damaged = connection.damaged
        until, check_at = deadline, connection.monotonic() + connection.ahead
        check_at += CHECK_SECONDS if self._slow else self._seconds
        behind: list[int] = []
        while True:
            while (answer := connection.next_answer()) is not None:
                if answer.number in behind:
                    return _Failed.LOST
                found = self._read(answer)
                if found is not None:
                    return found
            now = connection.monotonic()
            if now >= until:
                return _Failed.LOST if until < deadline else _Failed.LATE
            if now >= check_at:
                behind.append(connection.send(messages.STATUS, {}))
                check_at = now + 2 * CHECK_SECONDS
            received = connection.received
            connection.pump(min(until, check_at))
            heard = until < deadline and connection.received > received and not connection.is_busy
            if connection.damaged > damaged or heard:
                damaged = connection.damaged
                until = min(deadline, connection.monotonic() + DAMAGED_SECONDS + connection.upward)

    def _read(self, answer: Answer) -> Values | None:
        """The fields, when it answers this question. Raises Refused."""
        if answer.number not in self._numbers:
            return None  # a late answer to an earlier question
        if answer.refusal is not None:
            if answer.refusal.code == messages.BUSY and answer.number != self._numbers[0]:
                return None  # the first one did arrive, and waits there
            raise self._connection.refused(answer.refusal)
        return answer.values if answer.kind == self._kind else None
