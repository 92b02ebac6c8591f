"""The rate of the line: the highest that both sides can do, tried before it is used, and undone when it does not work.

Specification: "Messages" (RATE). A recorder goes back to its usual rate by itself: nothing here can lose it for good.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import cast

from evidock.client import hello
from evidock.client.connection import Connection, Gathering, Values
from evidock.client.transport import Line, RatedLine
from evidock.errors import EvidockError, LineLost, Refused
from evidock_protocol import messages, versions

HIGHEST = 20_000_000  # bits per second; no adapter does more
TRIALS = 4  # rates that are tried at most: one that fails costs seconds
TRIAL_HELLOS = 3
TRIAL_SECONDS = 0.45  # for each: three fit into the time after which the recorder undoes the change
MARGIN_SECONDS = 0.25  # that a recorder's clock and ours may differ by
SETTLE_SECONDS = 0.02  # between the recorder's answer and the first byte at the new rate
HEARD = 4096  # bytes
TRUST = versions.RATE_SILENCE_MS / 1000 - 2  # seconds of silence after which the recorder may have gone back
GONE_BACK = versions.RATE_SILENCE_MS / 1000 + MARGIN_SECONDS
REMEMBERED_SECONDS = 3600.0  # a docking station runs for months, and a cable is put right meanwhile

_failed: dict[str, dict[int, float]] = {}  # by port: rates that did not work in this process, and when to try again


class AttendedLine:
    """A line that follows its recorder back to the usual rate: after long silence neither is at another one.

    `usual` is the rate that the port was opened with, bits per second, None for a line without; `heard` the first that
    came, as long as somebody wants it.
    """

    def __init__(self, line: Line, monotonic: Callable[[], float]):
        self.heard: bytes | None = b""
        self._line = line
        self._rated = line if isinstance(line, RatedLine) else None
        self._gathering = line if isinstance(line, Gathering) else None  # once: the question is slow
        self.usual = self.rate
        self._monotonic = monotonic
        self._active = monotonic()

    @property
    def rate(self) -> int | None:
        """Bits per second, None for a line without."""
        return self._rated.rate if self._rated is not None else None

    @property
    def gather(self) -> float:
        """As in `SerialLine`, 0 for a line without."""
        return self._gathering.gather if self._gathering is not None else 0.0

    @gather.setter
    def gather(self, seconds: float) -> None:
        if self._gathering is not None:
            self._gathering.gather = seconds

    @property
    def has_gone_back(self) -> bool:
        """Whether the recorder may have its usual rate again, and this side has not."""
        return self.rate != self.usual and self._monotonic() - self._active > TRUST

    def set_rate(self, rate: int) -> bool:
        """As in `RatedLine`."""
        return self._rated is not None and self._rated.set_rate(rate)

    def read(self, seconds: float) -> bytes:
        data = self._line.read(seconds)
        if data:
            self._active = self._monotonic()
            if self.heard is not None:
                self.heard = (self.heard + data)[:HEARD]
        return data

    def write(self, data: bytes | memoryview) -> None:
        if self.has_gone_back:
            self.go_back()
        self._active = self._monotonic()
        self._line.write(data)

    def go_back(self) -> None:
        """Waits until the recorder is back at its usual rate for certain, and sets it here."""
        while (left := self._active + GONE_BACK - self._monotonic()) > 0:
            self._line.read(left)
        if self.usual is not None:
            self.set_rate(self.usual)

    def close(self) -> None:
        self._line.close()


def negotiate(connection: Connection, line: AttendedLine, told: Values, highest: int | None = None) -> None:
    """Brings the line to the highest rate, at most `highest`, that works and that the recorder `told` of in its HELLO.

    Raises LineLost, also when the recorder does not come back from a rate that did not work.
    """
    now = line.rate
    if now is None or told["rate"] is None:
        return
    failed = _failed.setdefault(connection.port, {})
    remembered = {rate for rate, until in failed.items() if connection.monotonic() < until}
    wanted = {rate for rate in cast(list[int], told["rates"]) if now < rate <= (highest or HIGHEST)}
    for rate in sorted(wanted - remembered, reverse=True)[:TRIALS]:
        if _change(connection, line, rate, now):
            return
        failed[rate] = connection.monotonic() + REMEMBERED_SECONDS


def say_hello(connection: Connection, seconds: float) -> Values | None:
    """One HELLO: the answer's fields, None when none came within `seconds`. Raises LineLost when the line is gone."""
    try:
        return connection.request(messages.HELLO, hello.OWN, seconds, 1)
    except LineLost as lost:
        if lost.key != "no_answer":
            raise
    except Refused:
        pass
    return None


def leave(connection: Connection, line: AttendedLine) -> None:
    """Sets the recorder's usual rate again, so that the next program need not wait for it. Raises nothing."""
    if line.rate != line.usual:
        with contextlib.suppress(EvidockError):
            connection.request(messages.RATE, {"rate": line.usual}, TRIAL_SECONDS, 1)


def _change(connection: Connection, line: AttendedLine, rate: int, before: int) -> bool:
    """Whether both sides have `rate` now; else both have the rate `before`."""
    if not (line.set_rate(rate) and line.set_rate(before)):
        return False
    try:
        connection.request(messages.RATE, {"rate": rate}, TRIAL_SECONDS, 1)
    except Refused:
        return False
    except LineLost as lost:
        if lost.key != "no_answer":
            raise  # else the recorder may have changed its rate, and only the answer is lost
    _quiet(connection, SETTLE_SECONDS)
    began = connection.monotonic()
    line.set_rate(rate)
    answered = 0
    while answered < TRIAL_HELLOS and say_hello(connection, TRIAL_SECONDS) is not None:
        answered += 1
    if answered == TRIAL_HELLOS:
        return True
    _undo(connection, line, before, began, answered > 0)
    return False


def _undo(connection: Connection, line: AttendedLine, before: int, began: float, heard: bool) -> None:
    """Back to the rate `before`. `heard`: the recorder got HELLOs at the new one, so it stays there for longer."""
    if heard:
        with contextlib.suppress(Refused, LineLost):
            connection.request(messages.RATE, {"rate": before}, TRIAL_SECONDS, 2)
    line.set_rate(before)
    trial = versions.RATE_TRIAL_MS / 1000 + MARGIN_SECONDS
    if not heard:
        _quiet(connection, began + trial - connection.monotonic())
    until = connection.monotonic() + GONE_BACK + trial
    while say_hello(connection, TRIAL_SECONDS) is None:
        if connection.monotonic() >= until:
            raise LineLost("no_answer", port=connection.port)


def _quiet(connection: Connection, seconds: float) -> None:
    """Lets time pass and what comes go by; nothing that was begun at one rate goes on at another."""
    until = connection.monotonic() + seconds
    while connection.monotonic() < until:
        connection.receive(until)
    connection.flush()
