"""What surrounds the recorder: battery, temperature, buttons, the light on its case and the dock contact.

Architecture: "The simulator" (scenarios are data).
"""

from evidock_agent import signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_simulator.virtual.board import Parts
    from evidock_simulator.virtual.clock import Clock

EMPTY_MILLIVOLTS = 3300
FULL_MILLIVOLTS = 4200


def on_curve(points: list, milliseconds: int) -> int:
    """The value of a curve of [seconds, value] points at a time, straight between them and level outside."""
    before = points[0]
    for point in points:
        at = point[0] * 1000
        if milliseconds < at:
            start = before[0] * 1000
            if at == start or milliseconds <= start:
                return before[1]
            return before[1] + (point[1] - before[1]) * (milliseconds - start) // (at - start)
        before = point
    return before[1]


class Battery:
    """The Battery port. `elapsed()` gives milliseconds since the shift began."""

    def __init__(self, points: list, elapsed, parts: "Parts"):
        self._points = points
        self._elapsed = elapsed
        self._parts = parts

    def percent(self) -> int | None:
        """0 … 100."""
        return on_curve(self._points, self._elapsed())

    def millivolts(self) -> int | None:
        """Cell voltage."""
        full = FULL_MILLIVOLTS - EMPTY_MILLIVOLTS
        return EMPTY_MILLIVOLTS + full * on_curve(self._points, self._elapsed()) // 100 + (self._parts.charge or 0)


class Buttons:
    """The Buttons port: presses wait until they are polled."""

    def __init__(self):
        self._waiting: list[int] = []

    def press(self, button: int) -> None:
        """A person presses."""
        self._waiting.append(button)

    def poll(self) -> int:
        """The next press, or 0."""
        return self._waiting.pop(0) if self._waiting else 0


class Indicator:
    """The Indicator port; `state` is what a person sees."""

    def __init__(self):
        self.state = signals.INDICATE_OFF

    def show(self, state: int) -> None:
        """Lights up."""
        self.state = state


class Watchdog:
    """The Watchdog port; `bitten()` says when the board would reset."""

    LIMIT_MS = 8000

    def __init__(self, clock: "Clock"):
        self._clock = clock
        self._fed: int | None = None  # runs from the first feed on

    def feed(self) -> None:
        """The loop is alive."""
        self._fed = self._clock.now

    def bitten(self) -> bool:
        """Whether 8 s have passed without."""
        return self._fed is not None and self._clock.now - self._fed > self.LIMIT_MS
