"""One port of a docking station: what is plugged into it, the docking of that, and when it is due again.

Interface: "`evidock dock`". Who is not for this store is told so once, and left alone until it is plugged in anew.
"""

from __future__ import annotations

from evidock.errors import (
    BadEvidence,
    EvidockError,
    NotARecorder,
    NotEnrolled,
    Refused,
    UnsupportedVersion,
    WrongUsage,
)
from evidock.progress import Reading
from evidock.station.visit import Visit
from evidock_protocol import messages

RETRY_SECONDS = 10.0  # after a first failure; twice as long after each further one
MAXIMUM_RETRY_SECONDS = 300.0
_FOREIGN = (NotEnrolled, UnsupportedVersion, BadEvidence, WrongUsage)
_PASSING = (messages.BUSY, messages.STORAGE, messages.NO_SESSION, messages.MALFORMED, messages.REPLAYED)
_TRIES = 2  # of what does not answer as a recorder: it may just have been booting
_FINAL_KEYS = ("docking_fails", "interrupted")


class Berth:
    """`mark` tells one thing plugged in from the next; `due` is when it is to be docked, in monotonic seconds, or None;
    `busy` while a docking is queued or runs."""

    def __init__(self, port: str, mark: object, now: float):
        self.port = port
        self.mark = mark
        self.due: float | None = now
        self.visit: Visit | None = None
        self.told: Reading | None = None  # newest reading that was told
        self.busy = False
        self.started = False  # whether it was told that the docking began
        self._before: Visit | None = None
        self._failures = 0

    @property
    def docked(self) -> bool:
        """Whether what is plugged in was docked, whole, the last time."""
        return self.visit is not None and self.visit.error is None

    @property
    def device(self) -> str | None:
        """The recorder's id in hexadecimal, once it has answered."""
        return self.visit.device if self.visit is not None else None

    def begin(self, visit: Visit) -> None:
        """Starts a docking."""
        self._before, self.visit, self.due, self.told = self.visit, visit, None, None
        self.busy, self.started = True, False
        visit.start()

    def end(self, now: float, again: float) -> float | None:
        """Notes that the docking has ended: the seconds to the next one, None when there is to be none."""
        assert self.visit is not None
        self.busy = False
        wait = self._wait(self.visit.error, again)
        self.due = now + wait if wait is not None else None
        if self.visit.idle:
            self.visit = self._before  # what there is to say of this port is still what that one brought
        return wait

    def _wait(self, error: EvidockError | None, again: float) -> float | None:
        if error is None:
            self._failures = 0
            return again or None
        self._failures += 1
        if isinstance(error, _FOREIGN) or error.key in _FINAL_KEYS:
            return None
        if isinstance(error, Refused) and error.code not in _PASSING:
            return None
        if isinstance(error, NotARecorder) and self._failures >= _TRIES:
            return None
        return float(min(MAXIMUM_RETRY_SECONDS, RETRY_SECONDS * 2 ** min(10, self._failures - 1)))
