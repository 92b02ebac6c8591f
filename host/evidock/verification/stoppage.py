"""What keeps a recorder from recording, as one passive record: where it begins and ends, and what speaks for its cause.

Specification: "Verification of a chain", Gaps. `stoppages` fills it, `gap_report` makes a gap of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from . import causes
from .causes import Signs

Instant = tuple[int, int]
"""(boot, ticks)."""

UNASKED = ("docked", "operator")  # causes that nobody is asked to speak of


class Sort(Enum):
    """What kind of stoppage it is."""

    BROKEN = auto()  # a recording broke off
    EXEMPT = auto()  # lawful non-recording
    OFFICER = auto()  # the officer stopped: a break if it goes on soon
    SWITCHED_OFF = auto()  # switched itself off while nothing was recorded, and its figures do not bear that out


@dataclass
class Stoppage:
    """One of them. `number` is that of its cause, where it has one in the protocol's table."""

    sort: Sort
    cause: str
    number: int | None
    recording: int | None
    start: Instant
    signs: Signs = field(default_factory=Signs)
    told: int = 0
    """Tick of the entry that tells of it."""
    end: Instant | None = None
    resumed: int | None = None
    resumed_at: Instant | None = None
    voice: tuple[int, int, int] | None = None
    """Boot, first and last tick."""
    silent: bool = False
    """It went on, and nobody spoke."""
    approved: bool = False
    given_up: bool = False
    """The officer switched off: the next recording does not go on with it."""
    says: str = causes.UNCONTRADICTED
    is_settled: bool = False
    """Figures do not change what `says` has."""
    is_listed: bool = False

    @property
    def is_asked(self) -> bool:
        """Whether somebody is to speak of it when recording goes on."""
        return self.sort is Sort.BROKEN and self.cause not in UNASKED

    @property
    def counts(self) -> bool:
        """Whether its cause explains anything."""
        return self.says not in (causes.CONTRADICTED, causes.NOT_KNOWN)

    def judge(self) -> None:
        """Weighs the cause against what the entries said until now."""
        if self.number is not None and not self.is_settled:
            self.says = causes.judge(self.number, self.signs)
