"""The card slot: which card is in it, if any, and what is wrong with that. Outlives boots.

Architecture: "The simulator" (card stall, card removed, full).
"""

OWN = ""
OTHER = "other"  # another card, empty when it comes in first
FOREIGN = "foreign"  # one whose file system is none that a recorder reads
CARDS = {"own": OWN, "other": OTHER, "foreign": FOREIGN}
LOW_KIB = 1536  # what a card that is nearly full says is free


class Slot:
    """What both card ports ask before they touch a card."""

    def __init__(self, inserted: bool = True, card: str = OWN):
        self.inserted = inserted
        self.card = card
        self.generation = 0  # counts cards that were put in: what was mounted before a removal is dead for good
        self.mend()
        self.stall_ms = 0  # milliseconds of simulated time that the next write takes

    def insert(self) -> None:
        """Puts the card in."""
        if not self.inserted:
            self.inserted = True
            self.generation += 1

    def remove(self) -> None:
        """Pulls the card out, whatever is being written."""
        self.inserted = False

    def change(self, card: str) -> None:
        """Puts another card in, with nothing wrong with it."""
        self.card = card
        self.inserted = True
        self.generation += 1
        self.mend()

    def mend(self) -> None:
        """Nothing is wrong with the card any more."""
        self.full = False
        self.low = False  # says that it is nearly full
        self.failing = False  # every write is an error

    def path(self, own: str) -> str:
        """The file or folder of the card that is in, beside that of the recorder's own card."""
        return own + "." + self.card if self.card else own

    def free(self, kibibytes: int) -> int:
        """What the card says is free, of so much that is."""
        return 0 if self.full else min(kibibytes, LOW_KIB) if self.low else kibibytes

    def take_stall(self) -> int:
        """Milliseconds that this write stalls; once."""
        stall = self.stall_ms
        self.stall_ms = 0
        return stall
