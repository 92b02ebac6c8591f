"""How late the simulator itself was, and whether its times count.

Architecture: "The simulator". Linux tells for how long a process that could run had to wait for a processor.
"""

import os
from contextlib import suppress

MS = 1_000_000
TRUSTED = 0.005  # of the line's busy time may be idle time that nobody can vouch for


class Lateness:
    """Nanoseconds. What the system says it kept this process waiting after it was woken is set off."""

    def __init__(self) -> None:
        self.worst = 0  # behind a time that was planned
        self.doubtful = 0  # idle time of the line that may be the simulator's
        self._late = 0  # at the last wake-up
        self._waited = 0  # for a processor, at the last wake-up
        self._statistics: int | None = None
        with suppress(OSError):
            self._statistics = os.open("/proc/self/schedstat", os.O_RDONLY)

    def waited(self) -> int:
        """For a processor, since the process began; 0 where the system does not tell."""
        if self._statistics is None:
            return 0
        return int(os.pread(self._statistics, 64, 0).split()[1])

    def woke(self, now: int, planned: int | None, waited_before: int, alone: bool = True) -> None:
        """After a pause until `planned`, or until something was there (None): one descriptor `alone`, or several."""
        self._waited = self.waited() - waited_before
        self._late = max(0, now - planned) if planned is not None else 0
        self.worst = max(self.worst, self._late, self._waited)
        if not alone:
            self._late = max(self._late, self._waited)  # one of them woke it, the others may have come meanwhile
        if self._late:
            self._waited = 0

    def there_since(self, now: int, idle_since: int) -> int:
        """When what is found at `now` was there: before the wait for a processor that the wake-up took."""
        return max(min(now, idle_since), now - self._waited)

    def found(self, idle: int) -> None:
        """Bytes were there after the line had been idle, which for as long as this process was late it need not."""
        doubtful = min(idle, self._late)
        self.doubtful += doubtful
        self._late -= doubtful

    def is_void(self, busy: int) -> bool:
        """Whether too much of the line's time is doubtful, against its `busy` time."""
        return self.doubtful > busy * TRUSTED
