"""The Camera port: a source of pictures fed by simulated time, behind a buffer of bounded size, and how it fails.

Architecture: "The simulator" (faults are policies of the simulated hardware).
"""

import struct

from evidock_simulator.virtual import condition
from evidock_simulator.virtual.pictures import height_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_simulator.virtual.clock import Clock

BUFFER = 4  # pictures that the port holds before it loses the oldest; nothing is stored: the source gives any again


class Camera:
    """Pictures from `source`, which goes on while nobody records, as the world does."""

    def __init__(self, source, clock: "Clock", state: condition.Condition):
        self.width: int = source.width
        self.height: int = source.height
        self.rate: int = source.rate
        self._source = source
        self._clock = clock
        self._condition = state
        self._first = 0  # picture of the source at which this recording began
        self._started: int | None = None
        self._stopped: int | None = None
        self._frozen_at: int | None = None
        self._frozen_ms = 0
        self._taken = 0  # pictures handed out or lost
        self._lost = 0
        self._number = 0  # the picture that is handed out
        self._length = 0
        self._position = 0
        self._stalled = False  # in this picture
        self._head = memoryview(bytearray(1024))
        self._patch = -1  # where in this picture the height is written, when it is to be another

    def start(self) -> None:
        """Begins capture."""
        if self._condition.fault == condition.DEAD:
            raise OSError(5)
        self._started = self._clock.now
        self._first = self._clock.now * self.rate // 1000
        self._stopped = None
        self._frozen_at = None
        self._frozen_ms = 0
        self._taken = 0
        self._lost = 0
        self._length = self._position = 0
        self._stalled = False

    def stop(self) -> None:
        """Ends capture; what was collected can still be read."""
        if self._stopped is None:
            self._stopped = self._clock.now

    def next(self) -> int:
        """Goes to the next picture; its length in bytes, 0 when none is ready."""
        self._length = self._position = 0
        stalls = self._condition.fault == condition.CAMERA_STALL
        if not self._waiting() or (stalls and self._stalled):
            return 0
        self._stalled = stalls
        self._number = self._first + self._frozen_ms * self.rate // 1000 + self._taken
        self._taken += 1
        self._length = self._source.length(self._number)
        if self._condition.fault == condition.CAMERA_HALF:
            self._condition.fault = ""
            self._length //= 2
        self._patch = -1
        if self._condition.fault == condition.CAMERA_RESIZE:
            head = self._head[: min(self._length, len(self._head))]
            self._source.read(self._number, 0, head)
            self._patch = height_place(head)
        return self._length

    def readinto(self, buffer: memoryview) -> int:
        """Copies on from where the picture was left."""
        self._stalled = self._stalled and self._condition.fault == condition.CAMERA_STALL
        end = self._length // 2 if self._stalled else self._length
        count = max(0, min(len(buffer), end - self._position))
        if count:
            self._source.read(self._number, self._position, buffer[:count])
            if self._patch >= 0:
                self._halve_height(buffer, count)
            self._position += count
        return count

    def lost(self) -> int:
        """Pictures lost by overrun since start()."""
        self._waiting()
        return self._lost

    def _halve_height(self, buffer: memoryview, count: int) -> None:
        """Writes the other height into the part of the picture that `buffer` holds."""
        height = struct.pack(">H", self.height // 2)
        for step in range(2):
            place = self._patch + step - self._position
            if 0 <= place < count:
                buffer[place] = height[step]

    def _waiting(self) -> int:
        """Pictures in the buffer; the oldest are lost when it overflowed."""
        if self._started is None:
            return 0
        until = self._clock.now if self._stopped is None else self._stopped
        if self._condition.fault == condition.CAMERA_FREEZE:
            if self._frozen_at is None:
                self._frozen_at = until
            until = self._frozen_at
        elif self._frozen_at is not None:
            self._frozen_ms += until - self._frozen_at
            self._frozen_at = None
        waiting = (until - self._started - self._frozen_ms) * self.rate // 1000 - self._taken
        if waiting > BUFFER:
            excess = waiting - BUFFER
            self._lost += excess
            self._taken += excess
            waiting = BUFFER
        return waiting
