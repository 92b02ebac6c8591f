"""One stretch of time on the page: the whole interval, or a part of it enlarged."""

from dataclasses import dataclass

from .drawing import Drawing
from .shapes import LEFT, RIGHT
from .time_axis import Scale


@dataclass(frozen=True)
class Panel:
    """A stretch of time to draw: `letter` names an enlargement, None is the overview."""

    drawing: Drawing
    start: float
    end: float
    letter: str | None

    @property
    def scale(self) -> Scale:
        """Where its times lie on the page."""
        return Scale(self.start, self.end, LEFT, RIGHT)

    @property
    def height(self) -> float:
        """Height of a lane."""
        return 40.0 if self.letter or not self.drawing.stretches else 30.0

    def tells(self, start: float, end: float) -> bool:
        """Whether this panel labels [start, end]: an enlargement what lies inside it, the overview the rest."""
        if self.letter is not None:
            return self.start <= start and end <= self.end
        return self.scale.shows(start, end) and not any(
            first <= start and end <= last for first, last in self.drawing.stretches
        )
