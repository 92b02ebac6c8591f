"""The client: a recorder on a port, what it says of itself, and the session in which it hands over what it signed.

Interface: "Python". `connection`, `session`, `pull` and `transport` do the work; this is what users hold. `greeting`,
`rates` and `reopening` bring a line about, and back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, NamedTuple, cast

from evidock import host_clock
from evidock.client import rates
from evidock.client.connection import Connection, Values
from evidock.client.greeting import greet
from evidock.client.rates import AttendedLine
from evidock.client.reopening import Reopening
from evidock.client.transport import BAUD, Line, Opener
from evidock.errors import LineLost
from evidock.store import Store
from evidock_protocol import codes, messages, names

if TYPE_CHECKING:
    from evidock.checking import Check
    from evidock.commands import Exempted, Kept


BITS = 10  # of the line for a byte: start, eight, stop


class Status(NamedTuple):
    """What a recorder says of itself, unsigned. None where it cannot tell. Source: STATUS and HELLO."""

    device: str | None
    """Device id in hexadecimal, None for a blank recorder."""
    model: str
    software: str
    protection: str
    """How its keys are protected: a name of `names.PROTECTIONS`."""
    provisioned: bool
    battery_percent: int | None
    millivolts: int | None
    temperature_celsius: float | None
    storage_free_bytes: int | None
    storage_total_bytes: int | None
    clock: str
    """`unset`, `set` or `synchronised`."""
    clock_unix_ms: int | None
    boot: int
    uptime_ms: int
    recording: int | None
    """Number of the recording that runs."""
    epoch: int
    journal_entries: int
    backlog_segments: int
    """Segments that no receipt lists."""
    backlog_bytes: int
    docked: bool
    check: dict[str, str]
    """Result of this boot's newest check by item: `passed`, `failed`, `absent`; empty when there was none."""
    refusals: int

    def to_json(self) -> dict[str, object]:
        """The same as a JSON object."""
        return dict(self._asdict())


class Recorder:
    """A recorder that answered on a port. A context manager; made by `connect`.

    `hello` holds the fields of HELLO, `device` the id (32 bytes, None while blank), `store` the store it docks to.
    """

    def __init__(
        self,
        line: Line,
        port: str,
        store: Store | None = None,
        owns_store: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
        opener: Callable[[], Line] | None = None,
        wait: Callable[[float], None] = time.sleep,
        fixed: bool = False,
        highest: int | None = None,
    ):
        """Says HELLO on an open `line`, and brings it to the highest rate that works unless its rate is `fixed`.

        `opener` opens the port again once it was lost, `wait` passes the time while it cannot.
        Raises NotARecorder, UnsupportedVersion, LineLost.
        """
        self.port = port
        self.store = store
        self._owns_store = owns_store
        self._monotonic = monotonic
        self._opener = opener
        self._wait = wait
        self._fixed = fixed
        self._highest = highest
        self._reopening: Reopening | None = None
        self._line = AttendedLine(line, monotonic)
        self.connection = Connection(self._line, port, monotonic)
        self.hello = greet(self.connection, self._line, fixed)
        self._negotiate()

    @property
    def line_rate(self) -> float | None:
        """Bytes per second that the line carries; None where it has no rate (USB, `socket://`)."""
        rate = self._line.rate
        return rate / BITS if rate is not None and self.hello["rate"] is not None else None

    def reopen(self, deadline: float) -> None:
        """Opens the port again, once: also under another name of the same USB device. `connection` and `hello` are new.

        `deadline` in seconds of `connection.monotonic`. Raises LineLost when the recorder did not answer by then, and
        it may be called again; Misbehaving when another one answers.
        """
        if self._reopening is None:
            self.connection.close()
            self._reopening = Reopening(
                self._open_again, self.port, self.device, self._likely(), self._monotonic, self._wait
            )
        line, connection, hello = self._reopening.attempt(deadline)
        self._reopening = None
        self._line, self.connection, self.hello = line, connection, hello
        self._negotiate()

    def ready(self) -> None:
        """Brings the line back to its best rate when the recorder has left it in a long silence. Raises LineLost."""
        if self._line.has_gone_back:
            self._line.go_back()
            self._negotiate()

    def _negotiate(self) -> None:
        if not self._fixed:
            rates.negotiate(self.connection, self._line, self.hello, self._highest)
        self.connection.carries(self.line_rate)

    def _open_again(self) -> AttendedLine:
        if self._opener is None:
            raise LineLost("line_lost", port=self.port)
        return AttendedLine(self._opener(), self._monotonic)

    def _likely(self) -> list[int]:
        """The rates at which the recorder may be: the newest, and the one that it returns to."""
        return [rate for rate in dict.fromkeys((self._line.rate, self._line.usual)) if rate is not None]

    @property
    def device(self) -> bytes | None:
        """The device id, as HELLO claims it: nothing is proved before a session."""
        return cast("bytes | None", self.hello["device"])

    @property
    def simulated(self) -> bool:
        """Whether it says that its keys are simulated: host time is then never tied to it."""
        return self.hello["protection"] == codes.PROTECTION_SIMULATED

    def status(self) -> Status:
        """Asks for its state. Raises Refused, LineLost."""
        self.ready()
        return _status(self.hello, self.connection.request(messages.STATUS, {}))

    # Signed commands. Each needs `store` and a recorder that is enrolled there; `commands` says what they raise.

    def check(self) -> Check:
        """Has it check itself (OB-15); what it signed of that."""
        return _commands().check(self)

    def issue(self, officer: int, unit: int | None = None) -> Kept:
        """Hands it to an officer: numbers, which stay private."""
        return _commands().issue(self, officer, unit)

    def take_back(self, officer: int, unit: int | None = None) -> Kept:
        """Takes it back from an officer; it signs with a new key from then on."""
        return _commands().take_back(self, officer, unit)

    def exempt(self, class_: int, begins: bool, officer: int | None = None, approver: int | None = None) -> Exempted:
        """Begins or ends lawful non-recording: 1 secret investigation, 2 secrets or privacy, 3 emergency (OB-11)."""
        return _commands().exempt(self, class_, begins, officer, approver)

    def close(self) -> None:
        """Lets go of the port, and of the store when `connect` opened it."""
        if self._reopening is not None:
            self._reopening.close()
        else:
            rates.leave(self.connection, self._line)
        self.connection.close()
        if self._owns_store and self.store is not None:
            self.store.close()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def connect(
    port: str,
    store: Store | Path | str | None = None,
    baud: int | None = None,
    highest: int | None = None,
    stop: threading.Event | None = None,
) -> Recorder:
    """Opens `port` (anything pyserial opens) and says HELLO; `store` is opened and locked when it is given as a path.

    A line that has a rate is opened at 115,200 bits per second and brought to the highest, at most `highest`, that
    works at both ends; `baud` fixes one instead. Once `stop` is set, from any thread, whatever waits for the recorder
    raises EvidockError `interrupted` within 0.2 s.

    Raises PortError, NotARecorder (within six seconds), UnsupportedVersion, LineLost, StoreError, and EvidockError
    when this host's clock cannot be right.
    """
    opened = store if store is None or isinstance(store, Store) else Store(Path(store))
    owns = opened is not None and opened is not store
    try:
        if opened is not None:
            host_clock.check(opened)
        opener = Opener(port, baud or BAUD, stop)
        line = opener()
        try:
            return Recorder(
                line, port, opened, owns, opener=opener, wait=opener.wait, fixed=baud is not None, highest=highest
            )
        except BaseException:
            line.close()
            raise
    except BaseException:
        if owns and opened is not None:
            opened.close()
        raise


def _commands() -> ModuleType:
    """Loaded when used: it imports this module."""
    return import_module("evidock.commands")


def _status(hello: Values, answer: Values) -> Status:
    state, unix_ms = cast(tuple[int, int], tuple(cast(list[int], answer["wall"])))
    temperature = cast("int | None", answer["temperature"])
    device = cast("bytes | None", hello["device"])
    checks = cast("list[list[int]] | None", answer["check"]) or []
    return Status(
        device=device.hex() if device is not None else None,
        model=printable(hello["model"]),
        software=printable(hello["software"]),
        protection=names.name_of(names.PROTECTIONS, cast(int, hello["protection"])),
        provisioned=hello["state"] != codes.RECORDER_BLANK,  # also one that was reset: it is still the recorder it was
        battery_percent=cast("int | None", answer["battery"]),
        millivolts=cast("int | None", answer["millivolts"]),
        temperature_celsius=temperature / 10 if temperature is not None else None,
        storage_free_bytes=_kibibytes(answer["storage_free"]),
        storage_total_bytes=_kibibytes(answer["storage_total"]),
        clock=names.name_of(names.WALL_STATES, state),
        clock_unix_ms=unix_ms if state != codes.WALL_UNSET else None,
        boot=cast(int, answer["boot"]),
        uptime_ms=cast(int, answer["ticks"]),
        recording=cast("int | None", answer["recording"]),
        epoch=cast(int, answer["epoch"]),
        journal_entries=cast(int, answer["size"]),
        backlog_segments=cast(int, answer["backlog_segments"]),
        backlog_bytes=cast(int, answer["backlog_bytes"]),
        docked=cast(bool, answer["docked"]),
        check={names.name_of(names.CHECK_ITEMS, row[0]): names.name_of(names.CHECK_RESULTS, row[1]) for row in checks},
        refusals=cast(int, answer["refusals"]),
    )


def _kibibytes(value: object) -> int | None:
    return value * 1024 if isinstance(value, int) else None


def printable(text: object) -> str:
    """Text from the line, fit for a terminal."""
    return "".join(character if character.isprintable() else "?" for character in str(text))
