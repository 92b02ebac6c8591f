"""The process of one line: started by the Python API and by `evidock-sim`, ends when who holds it has gone.

Architecture: "The simulator". What it is told comes as one JSON argument, what it holds as inherited descriptors.
"""

import json
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NotRequired, TypedDict

from evidock_simulator.line import report
from evidock_simulator.line.ends import BadLink, End, Port, Pty, Socket
from evidock_simulator.line.options import Options, parse
from evidock_simulator.line.relay import Relay

EVERY = 0.1  # seconds between reports to a file
# The link must not stay: another program may get the number of its pty. SIGHUP comes when a terminal is closed.
_ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_PRIORITY = -15  # hardware does not wait for a busy machine; taken where the system lets us


class Orders(TypedDict):
    """What such a process does. One of `socket`, `port` and `far` says what is at the far end."""

    link: str  # where the host's port goes
    options: str
    socket: NotRequired[tuple[int, int]]  # the line's end of a pair, and a duplicate of the recorder's
    port: NotRequired[str]  # a port that is there
    far: NotRequired[str]  # a link under which a second pty goes
    rates: NotRequired[int]  # where the recorder tells its rate
    control: NotRequired[int]  # a socket: a byte is answered by a report, a line of JSON; its end ends the line
    report: NotRequired[str]  # a file that has the report of the last tenth of a second


def main() -> None:
    """Entry point of `python -m evidock_simulator.line`."""
    orders: Orders = json.loads(sys.argv[1])
    try:
        serve(orders)
    except (BadLink, OSError) as error:
        where = getattr(error, "filename", None) or orders.get("port") or orders["link"]
        print(error if isinstance(error, BadLink) else f"{where}: {error.strerror}", file=sys.stderr)
        sys.exit(1)


def serve(orders: Orders) -> None:
    """Relays until it is told to end. Raises BadLink, OSError."""
    options = parse(orders["options"])
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _PRIORITY)
    host = Pty(Path(orders["link"]))
    far: End | None = None
    try:
        far = _far(orders, options)
        _relay(orders, Relay(options, host, far, orders.get("rates")))
    finally:
        host.close()
        if far is not None:
            far.close()


def _far(orders: Orders, options: Options) -> End:
    if "socket" in orders:
        return Socket(*orders["socket"])
    if "port" in orders:
        return Port(Path(orders["port"]), options.rate or None)
    if "far" in orders:
        return Pty(Path(orders["far"]))
    raise ValueError("nothing at the far end")


def _relay(orders: Orders, relay: Relay) -> None:
    over: list[bool] = []
    watched = {}
    for name in _ENDS:
        if signal.getsignal(name) is not signal.SIG_IGN:  # nohup: it outlives its terminal
            signal.signal(name, lambda *_: over.append(True))
    waking, wake = os.pipe()  # a signal ends the pause at once
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    watched[waking] = lambda: os.read(waking, 1)
    control = orders.get("control")
    if control is not None:

        def answer() -> None:
            if not os.read(control, 1):
                over.append(True)
                return
            with suppress(BrokenPipeError):
                os.write(control, json.dumps(report.of(relay)).encode() + b"\n")

        watched[control] = answer
    keeper = _Keeper(relay, orders.get("report"))
    if control is not None:
        os.write(control, b"\n")  # the link is there
    try:
        relay.run(lambda: bool(over) or keeper.keep(), watched, keeper.due)
    finally:
        keeper.write()


class _Keeper:
    """Keeps the file with the report up to date."""

    def __init__(self, relay: Relay, path: str | None):
        self._relay = relay
        self._path = Path(path) if path else None
        self._written = 0.0
        self.write()

    def due(self) -> float | None:
        """Seconds until the file is out of date; None while it is not."""
        if self._path is None or not self._relay.changed:
            return None
        return max(0.0, self._written + EVERY - time.monotonic())

    def keep(self) -> bool:
        """Writes it when it is time; False, for whoever asks whether to end."""
        if self.due() == 0:
            self.write()
        return False

    def write(self) -> None:
        """Writes it now."""
        if self._path is not None:
            self._relay.changed = False
            self._written = time.monotonic()
            report.write(report.of(self._relay), self._path)


__all__ = ["BadLink", "Orders", "main", "serve"]
