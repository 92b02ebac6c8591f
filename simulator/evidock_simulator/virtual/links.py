"""The Link port: over a non-blocking descriptor of a pty, or over two buffers in memory.

Architecture: "The simulator" (MicroPython cannot open a pty, so the command that starts it hands it
one as descriptor 3).
"""

import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_simulator.virtual.supply import Supply


class DescriptorLink:
    """A descriptor that never waits. `moved` counts bytes in both directions."""

    def __init__(self, descriptor: int):
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
        self._blocked = count < len(data)
        return count

    def wait(self, milliseconds: int) -> None:
        """Sleeps until the line has bytes, takes bytes again when it did not, or the time is over."""
        self._poll.modify(self._file, select.POLLIN | select.POLLOUT if self._blocked else select.POLLIN)
        self._poll.poll(milliseconds)


class MemoryLink:
    """Two buffers; the host's end is `to_recorder` and `to_host`."""

    def __init__(self, capacity: int = 4096):
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


class PoweredLink:
    """What the agent of one boot sees of a link: nothing more, once its power is gone."""

    def __init__(self, link, supply: "Supply"):
        self._link = link
        self._supply = supply

    def read(self, buffer: memoryview) -> int:
        """Copies what is there."""
        return self._link.read(buffer) if self._supply.on else 0

    def write(self, data: memoryview) -> int:
        """Accepts what fits."""
        return self._link.write(data) if self._supply.on else 0
