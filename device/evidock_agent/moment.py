"""Time on the recorder: ticks that do not wrap, and the wall clock with its state.

Specification: "Entry payload" (boot, ticks, wall).
"""

from evidock_protocol import codes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports

_TICKS = (1 << 30) - 1  # ticks of real boards wrap after this (12.4 days); as a mask, a small integer on a board too
_LONGEST_STEP = _TICKS >> 1  # a longer one is a step back
_EARLIEST_MS = 1_577_836_800_000  # 2020-01-01
LATEST_MS = 4_102_444_800_000  # 2100-01-01, exclusive


def is_plausible(unix_ms: int) -> bool:
    """Whether a wall clock may show this time: the years 2020 to 2099, UTC."""
    return _EARLIEST_MS <= unix_ms < LATEST_MS


class Moments:
    """Milliseconds since boot, unwrapped, and the wall clock beside them. Call `now()` at least once in 6 days."""

    def __init__(self, clock: "ports.Clock"):
        self._clock = clock
        self._last = clock.ticks_ms()
        self._elapsed = 0
        self._synchronised = False
        self._lost = False

    def now(self) -> int:
        """Milliseconds since this object was made, which is at boot. None pass when the clock steps back."""
        ticks = self._clock.ticks_ms()
        step = (ticks - self._last) & _TICKS
        if 0 < step <= _LONGEST_STEP:  # after 12.4 days each sum is a new object
            self._elapsed += step
        self._last = ticks
        return self._elapsed

    def wall(self) -> tuple[int, int]:
        """(state, Unix milliseconds); (unset, 0) when the clock lost its time or shows an impossible one."""
        state, unix = self.shown()
        return (codes.WALL_UNSET, 0) if self._lost else (state, unix)

    def shown(self) -> tuple[int, int]:
        """What the wall clock shows, as wall() has it, also when that is known to be wrong."""
        unix = self._clock.unix_ms()
        if unix is None or not is_plausible(unix):
            return codes.WALL_UNSET, 0
        return (codes.WALL_SYNCHRONISED if self._synchronised else codes.WALL_SET), unix

    def lose_wall(self) -> None:
        """The wall clock lost its time: whatever it shows, it counts as unset until a host sets it."""
        self._lost = True
        self._synchronised = False

    def set_from_host(self, unix_ms: int) -> None:
        """Sets the wall clock to a host's time; from here on it counts as synchronised until the next boot."""
        self._clock.set_unix_ms(unix_ms)
        self._synchronised = True
        self._lost = False
