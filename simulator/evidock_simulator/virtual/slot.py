"""The card slot: whether a card is in it, and what is wrong with it. Outlives boots.

Architecture: "The simulator" (card stall, card removed, full).
"""


class Slot:
    """What both card ports ask before they touch a card."""

    def __init__(self, inserted: bool = True):
        self.inserted = inserted
        self.generation = 0  # counts cards that were put in: what was mounted before a removal is dead for good
        self.full = False
        self.failing = False  # every write is an error
        self.stall_ms = 0  # milliseconds of simulated time that the next write takes

    def insert(self) -> None:
        """Puts the card in."""
        if not self.inserted:
            self.inserted = True
            self.generation += 1

    def remove(self) -> None:
        """Pulls the card out, whatever is being written."""
        self.inserted = False

    def take_stall(self) -> int:
        """Milliseconds that this write stalls; once."""
        stall = self.stall_ms
        self.stall_ms = 0
        return stall
