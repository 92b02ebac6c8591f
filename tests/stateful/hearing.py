"""What surrounds the recorder of a rig: a room in which somebody speaks, and the line to a host."""

from __future__ import annotations

from support.board import Sound, World


class Hearing(Sound):
    """A quiet room in which somebody speaks now and then: `spoken` holds the frames from which and up to which."""

    def __init__(self, rate: int):
        super().__init__(rate)
        self.spoken: list[tuple[int, int]] = []
        self._loud = self._block
        # One part in 256 of full scale: the high byte becomes the low one, and its sign the high one.
        self._block = b"".join(bytes((high, 0xFF if high & 0x80 else 0)) for high in self._loud[1::2])

    def read(self, offset: int, buffer: memoryview) -> None:
        quiet = self._block
        first, last = offset // 2, (offset + len(buffer)) // 2
        if any(start < last and first < end for start, end in self.spoken):  # to a part of a second
            self._block = self._loud
        super().read(offset, buffer)
        self._block = quiet


class Line:
    """The world as a line of the host's client."""

    def __init__(self, world: World):
        self._world = world
        self.write = world.write

    def read(self, seconds: float) -> bytes:
        if self._world.agent is None:
            raise AssertionError("the recorder is off")
        return self._world.read(max(seconds, 0.001))  # a host that hardly waits must not wait for ever

    def monotonic(self) -> float:
        return self._world.clock.now / 1000

    def close(self) -> None:
        pass
