"""The Link port: over a non-blocking descriptor of a pty, or over two buffers in memory.

Architecture: "The simulator" (MicroPython cannot open a pty, so the command that starts it hands it
one as descriptor 3).
"""

import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_simulator.virtual.supply import Supply


USUAL_RATE = 115_200  # bits per second of a UART after a reset


class DescriptorLink:
    """A descriptor that never waits. `moved` counts bytes in both directions.

    A link with `rates` tells the line what rate it has set on another descriptor, `telling`: the rate and the number of
    bytes written before, four bytes each, little-endian.
    """

    def __init__(self, descriptor: int, rates: tuple = (), telling: int | None = None):
        self.rates = rates
        self.rate = USUAL_RATE if rates else 0
        self._telling = None
        if telling is not None:
            self._telling = open(telling, "wb", 0)  # noqa: SIM115 (open for life)
        self._untold = b""  # the newest rate, while the line does not take it
        self._written = 0
        self._file = open(descriptor, "r+b", 0)  # noqa: SIM115 (open for life)
        self._poll = select.poll()
        self._poll.register(self._file, select.POLLIN)
        self._blocked = False  # the line did not take all of the last write
        self.moved = 0

    def read(self, buffer: memoryview) -> int:
        """Copies what is there."""
        count = self._file.readinto(buffer) or 0
        self.moved += count
        return count

    def write(self, data: memoryview) -> int:
        """Accepts what fits."""
        count = self._file.write(data) or 0
        self.moved += count
        self._written += count
        self._blocked = count < len(data)
        return count

    def set_rate(self, rate: int) -> None:
        """Bits per second, one of `rates`, for what is written from now on."""
        self.rate = rate
        if self._telling is not None:
            self._untold = rate.to_bytes(4, "little") + (self._written & 0xFFFFFFFF).to_bytes(4, "little")
            self._tell()

    def _tell(self) -> None:
        """A pipe takes eight bytes whole or not at all; one that nobody reads any more takes nothing again."""
        if self._telling is None:
            return
        try:
            if self._telling.write(self._untold):
                self._untold = b""
        except OSError:
            self._telling = None
            self._untold = b""

    def wait(self, milliseconds: int) -> None:
        """Sleeps until the line has bytes, takes bytes again when it did not, or the time is over."""
        if self._untold:
            self._tell()
        self._poll.modify(self._file, select.POLLIN | select.POLLOUT if self._blocked else select.POLLIN)
        self._poll.poll(milliseconds)


class MemoryLink:
    """Two buffers; the host's end is `to_recorder` and `to_host`."""

    def __init__(self, capacity: int = 4096, rates: tuple = ()):
        self.rates = rates
        self.rate = USUAL_RATE if rates else 0
        self.to_recorder = bytearray()
        self.to_host = bytearray()
        self.moved = 0
        self._capacity = capacity

    def read(self, buffer: memoryview) -> int:
        """Copies what is there."""
        count = min(len(buffer), len(self.to_recorder))
        buffer[:count] = self.to_recorder[:count]
        self.to_recorder = self.to_recorder[count:]
        self.moved += count
        return count

    def write(self, data: memoryview) -> int:
        """Accepts what fits."""
        count = max(0, min(len(data), self._capacity - len(self.to_host)))
        self.to_host += data[:count]
        self.moved += count
        return count

    def set_rate(self, rate: int) -> None:
        """Bits per second, one of `rates`."""
        self.rate = rate


class PoweredLink:
    """What the agent of one boot sees of a link: nothing more, once its power is gone."""

    def __init__(self, link, supply: "Supply"):
        self._link = link
        self._supply = supply
        self.rates = link.rates
        if self.rates and link.rate != USUAL_RATE:
            link.set_rate(USUAL_RATE)  # a reset has done that

    @property
    def rate(self) -> int:
        """Bits per second, 0 for a link that has none."""
        return self._link.rate

    def read(self, buffer: memoryview) -> int:
        """Copies what is there."""
        return self._link.read(buffer) if self._supply.on else 0

    def write(self, data: memoryview) -> int:
        """Accepts what fits."""
        return self._link.write(data) if self._supply.on else 0

    def set_rate(self, rate: int) -> None:
        """Bits per second, one of `rates`, once what was written has left."""
        if self._supply.on:
            self._link.set_rate(rate)
