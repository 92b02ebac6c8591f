"""The Link port over the stream that the REPL has: USB, on boards whose only USB port it is, or a UART.

Specification: "Frames". Frames hold any byte, so Ctrl-C must stop interrupting while the agent runs; it does again once
the link is closed. Banner, echo and text that was printed before the first frame are noise to a host, which skips it.
"""

import select
import sys

import micropython

_CTRL_C = 3
_OFF = -1
_PACKET = 64  # bytes of USB: how many are written at once, when the stream says that it takes some


class ReplLink:
    """sys.stdin and sys.stdout as bytes. Its rate cannot be set: USB has none, a UART's is the board's choice."""

    rates: tuple[int, ...] = ()

    def __init__(self, rate: int = 0) -> None:
        """`rate`: bits per second where the REPL is on a UART, which loses what is not read; 0 for USB."""
        self.rate = rate
        self._input = sys.stdin.buffer
        self._output = sys.stdout.buffer
        self._readable = select.poll()
        self._readable.register(self._input, select.POLLIN)
        self._writable = select.poll()
        self._writable.register(self._output, select.POLLOUT)
        self._either = select.poll()
        self._either.register(self._input, select.POLLIN)
        self._either.register(self._output, select.POLLOUT)
        self._byte = bytearray(1)
        self._blocked = False
        micropython.kbd_intr(_OFF)

    def read(self, buffer: memoryview) -> int:
        """Copies what is there.

        One byte at a time: asked for more than it has, a stream of the REPL waits for the rest.
        """
        count = 0
        while count < len(buffer) and _is_ready(self._readable) and self._input.readinto(self._byte):
            buffer[count] = self._byte[0]
            count += 1
        return count

    def write(self, data: memoryview) -> int:
        """Accepts what fits. No more than a packet at a time: given more than it takes, the stream waits as well."""
        count = 0
        while count < len(data) and _is_ready(self._writable):
            count += self._output.write(data[count : count + _PACKET]) or 0
        self._blocked = count < len(data)
        return count

    def set_rate(self, rate: int) -> None:
        """Never asked for: there are no rates."""
        raise OSError(22)

    def wait(self, milliseconds: int) -> None:
        """Sleeps until the line has bytes, takes bytes again when it did not, or the time is over."""
        (self._either if self._blocked else self._readable).poll(milliseconds)

    def close(self) -> None:
        """Gives the stream back to the REPL, and Ctrl-C its meaning."""
        micropython.kbd_intr(_CTRL_C)


def _is_ready(poll: select.poll) -> bool:
    for _ in poll.ipoll(0):
        return True
    return False
