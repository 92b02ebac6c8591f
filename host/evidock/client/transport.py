"""The serial line as bytes with deadlines: the one module that imports serial.

Interface: "PORT is anything pyserial opens". Every failure of the line is a PortError or a LineLost.
"""

from __future__ import annotations

import contextlib
import errno
import select
from typing import Protocol

import serial

from evidock.errors import LineLost, PortError

BAUD = 115200  # what ptys and USB ignore and a plain UART of the recorder has by default
WRITE_SECONDS = 5.0
_READ = 65536


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


class SerialLine:
    """A port that pyserial opened: a device, a pty, `socket://`, `rfc2217://` …"""

    def __init__(self, name: str, baud: int = BAUD):
        """Opens `name` for this process alone where the system can do that. Raises PortError."""
        self.name = name
        try:
            self._port = serial.serial_for_url(
                name, baudrate=baud, timeout=0, write_timeout=WRITE_SECONDS, exclusive=True
            )
        except (OSError, ValueError) as error:
            raise _port_error(name, error) from None
        self._descriptor = self._find_descriptor()

    def read(self, seconds: float) -> bytes:
        try:
            if self._descriptor is not None:
                if not select.select([self._descriptor], [], [], max(0.0, seconds))[0]:
                    return b""
                return self._port.read(_READ)
            # No descriptor to wait on (rfc2217): wait for one byte, then take what came with it.
            self._port.timeout = max(0.0, seconds)
            data = self._port.read(1)
            self._port.timeout = 0
            return data + self._port.read(_READ) if data else data
        except (OSError, ValueError, TypeError) as error:  # pyserial lets the last two out when a port vanishes
            raise LineLost("line_lost", port=self.name) from error

    def write(self, data: bytes | memoryview) -> None:
        try:
            self._port.write(data)
        except (OSError, ValueError, TypeError) as error:
            raise LineLost("line_lost", port=self.name) from error

    def close(self) -> None:
        with contextlib.suppress(OSError):  # the device is gone: there is nothing to let go of
            self._port.close()

    def _find_descriptor(self) -> int | None:
        try:
            return int(self._port.fileno())
        except (AttributeError, OSError):
            return None


def _port_error(name: str, error: Exception) -> PortError:
    number = getattr(error, "errno", None)
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return PortError("no_port", port=name)
    if number in (errno.EACCES, errno.EPERM):
        return PortError("port_permission", port=name)
    if number in (errno.EBUSY, errno.EAGAIN):
        return PortError("port_busy", port=name)
    return PortError("port_fails", port=name, reason=error)
