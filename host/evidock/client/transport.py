"""The serial line as bytes with deadlines: the one module that imports serial.

Interface: "PORT is anything pyserial opens". Every failure of the line is a PortError or a LineLost.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import threading
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import NamedTuple, Protocol, runtime_checkable

import serial
from serial.tools import list_ports

from evidock.client.holder import holder
from evidock.errors import EvidockError, LineLost, PortError

BAUD = 115200  # what ptys and USB ignore and a plain UART of the recorder has by default
WRITE_SECONDS = 5.0
STOP_SECONDS = 0.2  # within which a wait ends that is to be stopped
POLL_SECONDS = 0.02  # where there is no descriptor to wait on
_READ = 65536
_TERMINAL = 4095  # bytes that a terminal gives at once, at most
_WITHOUT_RATE = ("socket://", "loop://")


def _failures() -> tuple[type[Exception], ...]:
    """What pyserial lets out when a port fails or vanishes: of termios too, which is there on POSIX only."""
    own = (OSError, ValueError, TypeError, OverflowError, NotImplementedError)
    with contextlib.suppress(ImportError):
        return (*own, import_module("termios").error)
    return own


_FAILURES = _failures()


class Line(Protocol):
    """What a connection needs of a line; tests bring their own."""

    def read(self, seconds: float) -> bytes:
        """What has arrived, waiting at most `seconds` for the first byte; empty when nothing came. Raises LineLost."""
        ...

    def write(self, data: bytes | memoryview) -> None:
        """Sends all of `data`. Raises LineLost."""
        ...

    def close(self) -> None:
        """Lets go of the port."""
        ...


@runtime_checkable
class RatedLine(Line, Protocol):
    """A line whose rate can be set on this side."""

    @property
    def rate(self) -> int | None:
        """Bits per second; None for a port that has no rate, as `socket://`."""
        ...

    def set_rate(self, rate: int) -> bool:
        """Sets another rate; False, and the rate as it was, when the port cannot do it. Raises LineLost."""
        ...


class SerialLine:
    """A port that pyserial opened: a device, a pty, `socket://`, `rfc2217://` …

    `gather`: seconds to wait for more once something has come, where much is on its way: fewer wake-ups. Once `stop`
    is set, from whatever thread, reading and writing raise EvidockError `interrupted`.
    """

    def __init__(self, name: str, baud: int = BAUD, stop: threading.Event | None = None):
        """Opens `name` for this process alone where the system can do that. Raises PortError."""
        self.name = name
        self.gather = 0.0
        self._stop = stop
        try:
            self._port = serial.serial_for_url(name, do_not_open=True, baudrate=baud, timeout=0)
            if name.startswith("rfc2217://"):
                self._port.timeout = POLL_SECONDS  # each change of it, once open, is a negotiation with the server
            else:
                self._port.write_timeout = WRITE_SECONDS  # the one above knows none
                self._port.exclusive = True
            self._port.open()
        except _FAILURES as error:
            raise _port_error(name, error) from None
        self._descriptor = self._find_descriptor()

    @property
    def rate(self) -> int | None:
        return None if self.name.startswith(_WITHOUT_RATE) else self._port.baudrate

    def set_rate(self, rate: int) -> bool:
        before = self._port.baudrate
        if before == rate or self.name.startswith(_WITHOUT_RATE):
            return before == rate
        try:
            self._port.baudrate = rate
            return True
        except _FAILURES:
            pass
        try:
            self._port.baudrate = before
            return False
        except _FAILURES as error:
            raise LineLost("line_lost", port=self.name) from error

    def read(self, seconds: float) -> bytes:
        until = time.monotonic() + seconds
        while True:
            left = max(0.0, until - time.monotonic())
            if self._stop is not None:
                self._check_stop(self._stop)
                left = min(left, STOP_SECONDS)
            data = self._read(left)
            if data or time.monotonic() >= until:
                return data

    def write(self, data: bytes | memoryview) -> None:
        until = time.monotonic() + WRITE_SECONDS
        try:
            while True:
                if self._stop is not None:
                    self._check_stop(self._stop)
                if self._descriptor is None:
                    self._port.write(data)
                    return
                data = data[self._send(self._descriptor, data) :]
                if not data:
                    return
                if time.monotonic() >= until:
                    raise TimeoutError
                select.select([], [self._descriptor], [], STOP_SECONDS)
        except _FAILURES as error:
            raise LineLost("line_lost", port=self.name) from error

    def close(self) -> None:
        with contextlib.suppress(*_FAILURES):  # the device is gone: there is nothing to let go of
            self._port.close()

    def _read(self, seconds: float) -> bytes:
        try:
            if self._descriptor is None:
                waiting = self._port.in_waiting
                # For the first byte it waits POLL_SECONDS at most.
                return self._port.read(waiting or 1) if waiting or seconds > 0 else b""
            if not select.select([self._descriptor], [], [], seconds)[0]:
                return b""
            if self.gather > 0:
                time.sleep(self.gather)
            return self._take(self._descriptor)
        except _FAILURES as error:
            raise LineLost("line_lost", port=self.name) from error

    def _take(self, descriptor: int) -> bytes:
        """Everything that is there: a terminal gives 4,095 bytes at a time, and more wait behind them."""
        data = part = os.read(descriptor, _READ)
        if not data:
            raise LineLost("line_lost", port=self.name)
        with contextlib.suppress(BlockingIOError):
            while len(part) >= _TERMINAL and len(data) < _READ:
                part = os.read(descriptor, _READ)
                data += part
        return data

    def _send(self, descriptor: int, data: bytes | memoryview) -> int:
        """Bytes that the port takes at once, nearly always all: pyserial itself asks twice whether it may write."""
        try:
            return os.write(descriptor, data)
        except BlockingIOError:
            return 0

    def _check_stop(self, stop: threading.Event) -> None:
        if stop.is_set():
            raise EvidockError("interrupted")

    def _find_descriptor(self) -> int | None:
        try:
            return int(self._port.fileno())
        except (AttributeError, OSError):
            return None


class Plugged(NamedTuple):
    """What is plugged into a USB port: the name of its device, and what tells it from others."""

    device: str
    identity: tuple[object, ...]


def plugged() -> list[Plugged]:
    """USB serial devices that the system lists now, each with its serial number, or without one its place."""
    return [
        Plugged(port.device, (port.vid, port.pid, port.serial_number or port.location))
        for port in list_ports.comports()
        if port.vid is not None and (port.serial_number or port.location)
    ]


class Opener:
    """Opens one port again and again; a USB device also when it comes back under another name."""

    def __init__(
        self,
        name: str,
        baud: int = BAUD,
        stop: threading.Event | None = None,
        listed: Callable[[], Iterable[Plugged]] = plugged,
    ):
        self.name = name
        self.baud = baud
        self.stop = stop
        self._listed = listed
        self._identity: tuple[object, ...] | None = None

    def __call__(self) -> SerialLine:
        """The open line. Raises PortError, and EvidockError `interrupted`."""
        if self.stop is not None and self.stop.is_set():
            raise EvidockError("interrupted")
        line = SerialLine(self._found(), self.baud, self.stop)
        if self._identity is None and "://" not in self.name:
            device = os.path.realpath(self.name)
            self._identity = next((one.identity for one in self._listed() if one.device == device), None)
        return line

    def wait(self, seconds: float) -> None:
        """Waits, or until `stop` is set."""
        if self.stop is None:
            time.sleep(seconds)
        else:
            self.stop.wait(seconds)

    def _found(self) -> str:
        """The name under which the device is there now; what else took its name is left alone."""
        if self._identity is None:
            return self.name
        names = [one.device for one in self._listed() if one.identity == self._identity]
        if not names:
            raise PortError("no_port", port=self.name)
        return self.name if os.path.realpath(self.name) in names else names[0]


def _port_error(name: str, error: Exception) -> PortError:
    number = getattr(error, "errno", None)
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return PortError("no_port", port=name)
    if number in (errno.EACCES, errno.EPERM):
        return PortError("port_permission", port=name)
    if number in (errno.EBUSY, errno.EAGAIN):
        held = holder(name)
        if held is not None:
            return PortError("port_busy_by", port=name, program=held[0], process=held[1])
        return PortError("port_busy", port=name)
    return PortError("port_fails", port=name, reason=error)
