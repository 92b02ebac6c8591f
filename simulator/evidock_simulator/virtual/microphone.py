"""The Capture port: a sound source fed by simulated time, behind a buffer of bounded size.

Architecture: "Coverage" (samples are checked against ticks: a stalled card must not make a silent hole).
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_simulator.virtual.clock import Clock
    from evidock_simulator.virtual.hearing import Hearing

BUFFER_MS = 500  # what the port holds before it loses sound; nothing is stored, since the source gives any byte again


class Microphone:
    """Sound from `source`, which goes on while nobody records, as the world does: no two recordings are alike."""

    bits = 16

    def __init__(self, source, clock: "Clock", hearing: "Hearing | None" = None):
        self.hearing = hearing
        self.rate: int = source.rate
        self.channels: int = source.channels
        self._source = source
        self._clock = clock
        self._frame = 2 * source.channels
        self._capacity = source.rate * BUFFER_MS // 1000
        self._first = 0  # frame of the source at which this recording began
        self._started: int | None = None
        self._stopped: int | None = None
        self._taken = 0  # frames handed out or lost
        self._lost = 0

    def start(self) -> None:
        """Begins capture."""
        self._started = self._clock.now
        self._first = self._clock.now * self.rate // 1000
        self._stopped = None
        self._taken = 0
        self._lost = 0

    def stop(self) -> None:
        """Ends capture; what was collected can still be read."""
        if self._stopped is None:
            self._stopped = self._clock.now

    def readinto(self, buffer: memoryview) -> int:
        """Copies whole frames that are there; returns the number of bytes."""
        count = min(self._waiting(), len(buffer) // self._frame)
        if count:
            position = (self._first + self._taken) * self._frame
            self._source.read(position, buffer[: count * self._frame])
            if self.hearing is not None:
                self.hearing.overlay(self.rate, self._frame, position, buffer[: count * self._frame])
            self._taken += count
        return count * self._frame

    def lost(self) -> int:
        """Frames lost by overrun since start()."""
        self._waiting()
        return self._lost

    def _waiting(self) -> int:
        """Frames in the buffer; the oldest are lost when it overflowed."""
        if self._started is None:
            return 0
        until = self._clock.now if self._stopped is None else self._stopped
        silent = self.hearing.silent_ms(self._started, until) if self.hearing is not None else 0
        waiting = (until - self._started - silent) * self.rate // 1000 - self._taken
        if waiting > self._capacity:
            excess = waiting - self._capacity
            self._lost += excess
            self._taken += excess
            waiting = self._capacity
        return waiting
