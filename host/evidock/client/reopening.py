"""A line that was lost: the port is opened again and again, until the same recorder answers on it.

Interface: `evidock.sync` (patience). Specification: "Messages" (HELLO, RATE).
"""

from __future__ import annotations

from collections.abc import Callable

from evidock.client import rates
from evidock.client.connection import Connection, Values
from evidock.client.hello import check_versions
from evidock.client.rates import AttendedLine
from evidock.errors import LineLost, Misbehaving, PortError

POLL_SECONDS = 0.03  # between two tries to open the port
HELLO_SECONDS = 0.25  # for one HELLO; a recorder that boots or signs answers a later one


class Reopening:
    """Tries until `attempt` succeeds. `rated` are the rates to say HELLO at in turn, the likeliest first; none for a
    line without."""

    def __init__(
        self,
        opener: Callable[[], AttendedLine],
        port: str,
        device: bytes | None,
        rated: list[int],
        monotonic: Callable[[], float],
        wait: Callable[[float], None],
    ):
        self._opener = opener
        self._port = port
        self._device = device
        self._rated = rated
        self._monotonic = monotonic
        self._wait = wait
        self._turn = 0
        self._line: AttendedLine | None = None
        self._connection: Connection | None = None

    def attempt(self, deadline: float) -> tuple[AttendedLine, Connection, Values]:
        """The open line, a connection over it, and its HELLO.

        Raises LineLost at `deadline` (monotonic seconds), after which it may be called again, Misbehaving when another
        recorder answers, UnsupportedVersion when it came back with other firmware.
        """
        while True:
            try:
                line, connection = self._open()
                hello = self._hello(line, connection, deadline)
            except (LineLost, PortError):
                self.close()
                hello = None
                self._wait(max(0.0, min(POLL_SECONDS, deadline - self._monotonic())))
            else:
                if hello is not None:
                    self._line = self._connection = None
                    if hello["device"] != self._device:
                        line.close()
                        raise Misbehaving("another_recorder", port=self._port)
                    return line, connection, hello
            if self._monotonic() >= deadline:
                raise LineLost("line_lost", port=self._port)

    def close(self) -> None:
        """Lets go of a port that is open and on which nobody has answered yet."""
        if self._line is not None:
            self._line.close()
        self._line = self._connection = None

    def _open(self) -> tuple[AttendedLine, Connection]:
        if self._line is None or self._connection is None:
            self._line = self._opener()
            self._connection = Connection(self._line, self._port, self._monotonic)
            self._turn = 0
        return self._line, self._connection

    def _hello(self, line: AttendedLine, connection: Connection, deadline: float) -> Values | None:
        if self._rated:
            line.set_rate(self._rated[self._turn % len(self._rated)])
            self._turn += 1
        seconds = min(HELLO_SECONDS, deadline - self._monotonic())
        told = rates.say_hello(connection, seconds) if seconds > 0 else None
        if told is not None:
            check_versions(told["package"], told["wire"], told["software"], self._port)  # it may have other firmware
            connection.heed(told)
        return told
