"""Simulated time: ticks that wrap ten minutes after boot, and a wall clock that can be lost.

Architecture: "The simulator" (simulated ticks wrap at 2**30 ms and start ten minutes before).
"""

_WRAP = 1 << 30
_BEFORE_WRAP = 600_000


class Clock:
    """The Clock port. `now` counts simulated milliseconds since the recorder was made, over all boots."""

    def __init__(self, now: int, wall: int | None):
        """`wall` is Unix milliseconds at `now` 0, or None when the clock has lost its time."""
        self.now = now
        self.wall = wall
        self._booted = now

    def boot(self) -> None:
        """Ticks begin anew."""
        self._booted = self.now

    def ticks_ms(self) -> int:
        """Milliseconds, 0 … 2**30 - 1."""
        return (_WRAP - _BEFORE_WRAP + self.now - self._booted) % _WRAP

    def unix_ms(self) -> int | None:
        """Wall clock in Unix milliseconds, or None."""
        return None if self.wall is None else self.wall + self.now

    def set_unix_ms(self, value: int) -> None:
        """Sets the wall clock."""
        self.wall = value - self.now

    def stall(self, milliseconds: int) -> None:
        """Time that passes inside a call, while nothing else runs."""
        self.now += milliseconds
