"""The two ends of a simulated line: ptys under a link, a port that is there, and the socket of a virtual recorder.

Architecture: "The simulator" (measured traps). Ends never wait; of a pty both sides stay open here.
"""

import fcntl
import os
import pty
import socket
import struct
import termios
import tty
from contextlib import suppress
from pathlib import Path
from typing import Protocol

SOCKET_BUFFER = 32768  # bytes that a recorder may write ahead: 30 ms of the fastest line
# Bits per second that a recorder behind a UART can set.
RATES = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600, 1_000_000, 1_500_000, 2_000_000, 3_000_000)
_TCGETS2, _TCSETS2 = 0x802C542A, 0x402C542B  # Linux: settings with the rate as a number
_CBAUD, _BOTHER = 0o010017, 0o010000
_SETTINGS = struct.Struct("4I B19s 2I")


class BadLink(ValueError):
    """The path for the link is taken; the text says by what."""


class End(Protocol):
    """Where bytes of the line come from and go to. `descriptor` is None while nothing is plugged in."""

    descriptor: int | None

    def unread(self) -> int | None:
        """Bytes that lie there for its reader; None when nobody can say."""
        ...

    def rate(self) -> int | None:
        """Bits per second that its user has set; None when there is no such thing."""
        ...

    def close(self) -> None:
        """Lets go of it."""
        ...


def point(link: Path, name: str) -> None:
    """Makes `link` lead to `name`, in one step; BadLink when something else is there."""
    if os.path.lexists(link) and not link.is_symlink():
        raise BadLink(f"{link} is there and is no link of an earlier run: choose another path")
    link.parent.mkdir(parents=True, exist_ok=True)
    beside = link.with_name(f".{link.name}.{os.getpid()}")
    beside.symlink_to(name)
    beside.replace(link)


def unpoint(link: Path, name: str) -> None:
    """Removes a link that still leads to `name`: the number of a pty is used again."""
    with suppress(OSError):
        if os.readlink(link) == name:
            link.unlink()


class Pty:
    """A raw pty under a link; it can be pulled and plugged in again under the same link."""

    def __init__(self, link: Path):
        self.descriptor: int | None = None
        self._link = link.absolute()
        self._user = -1  # the side that the link leads to
        self._name = ""
        self.plug()

    def plug(self) -> None:
        """A new pty under the link."""
        descriptor, self._user = pty.openpty()
        tty.setraw(self._user)
        os.set_blocking(descriptor, False)
        self._name = os.ttyname(self._user)
        point(self._link, self._name)
        self.descriptor = descriptor

    def unplug(self) -> None:
        """The port is gone: whoever has it open gets errors from now on."""
        if self.descriptor is None:
            return
        unpoint(self._link, self._name)
        os.close(self._user)
        os.close(self.descriptor)
        self.descriptor = None

    close = unplug

    def unread(self) -> int | None:
        """At most 4,095: the terminal holds more, and does not say how much."""
        return _unread(self._user) if self.descriptor is not None else None

    def rate(self) -> int | None:
        """What the user has set with termios."""
        if self.descriptor is None:
            return None
        try:
            return _SETTINGS.unpack(fcntl.ioctl(self._user, _TCGETS2, bytes(_SETTINGS.size)))[-1]
        except OSError:
            speed = termios.tcgetattr(self._user)[5]
            return next((rate for rate in RATES if getattr(termios, f"B{rate}", None) == speed), speed)


class Port:
    """A serial port that is there, opened raw."""

    def __init__(self, path: Path, rate: int | None):
        """With `rate`, in bits per second, a terminal is set to it."""
        self.descriptor: int | None = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        if os.isatty(self.descriptor):
            tty.setraw(self.descriptor)
            if rate:
                _set_rate(self.descriptor, rate)

    def unread(self) -> int | None:
        """Nobody can say."""
        return None

    def rate(self) -> int | None:
        """It stays as it was opened."""
        return None

    def close(self) -> None:
        """Lets go of it."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None


class Socket:
    """One end of a pair; the other is a recorder's, and a duplicate of it here tells what the recorder has not read."""

    def __init__(self, ours: int, theirs: int):
        self.descriptor: int | None = ours
        self._theirs = theirs

    def unread(self) -> int | None:
        """Exact."""
        return _unread(self._theirs)

    def rate(self) -> int | None:
        """A socket has none; a recorder tells its own on another descriptor."""
        return None

    def close(self) -> None:
        """Lets go of both."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            os.close(self._theirs)
            self.descriptor = None


def socket_pair() -> tuple[int, int]:
    """(line's end, recorder's end), neither of which waits."""
    ours, theirs = socket.socketpair()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER)
    ours.setblocking(False)
    theirs.setblocking(False)
    return ours.detach(), theirs.detach()


def _set_rate(descriptor: int, rate: int) -> None:
    """Any rate on Linux; elsewhere OSError for one that the system has no name for."""
    try:
        settings = list(_SETTINGS.unpack(fcntl.ioctl(descriptor, _TCGETS2, bytes(_SETTINGS.size))))
        settings[2] = settings[2] & ~_CBAUD | _BOTHER
        settings[-2:] = [rate, rate]
        fcntl.ioctl(descriptor, _TCSETS2, _SETTINGS.pack(*settings))
    except OSError:
        speed = getattr(termios, f"B{rate}", None)
        if speed is None:
            raise
        plain = termios.tcgetattr(descriptor)
        plain[4:6] = [speed, speed]
        termios.tcsetattr(descriptor, termios.TCSANOW, plain)


def _unread(descriptor: int) -> int:
    return int(struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)))[0])
