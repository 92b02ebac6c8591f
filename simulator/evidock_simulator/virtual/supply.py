"""Power: whether it is there, and at which flash or card operation it goes.

Architecture: "The simulator" (faults are policies of the simulated hardware).
"""

EIO = 5


class Supply:
    """The power of one boot. A new boot gets a new one, so that what an old boot left behind can do nothing more."""

    def __init__(self):
        self.on = True
        self.operations = 0  # writing operations on flash and card so far
        self.cut_at: int | None = None  # the number of the operation that power goes in, counted from 1
        self.buried = False  # nobody looks at this boot any more: what finalizers still write goes nowhere

    def operation(self) -> bool:
        """Counts one writing operation. True when power goes in the middle of it; raises OSError when it is gone."""
        if not self.on:
            raise OSError(EIO)
        self.operations += 1
        if self.operations == self.cut_at:
            self.on = False
            return True
        return False

    def cut(self) -> None:
        """Power goes between two operations."""
        self.on = False

    def bury(self) -> None:
        """Ends this boot for good."""
        self.on = False
        self.buried = True

    def torn(self, length: int) -> int:
        """How many of `length` bytes a torn operation still writes; the same in every run."""
        return (self.operations * 2654435761 >> 7) % (length + 1)
