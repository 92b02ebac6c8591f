"""Whose turn it is: at most so many dockings work at once, in the order in which they asked.

Interface: "`--jobs N`". A docking whose line is away gives its turn to the next, and needs none to go on.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from evidock.errors import EvidockError

_LOOK_SECONDS = 0.2


class Turns:
    """Turns of one station; every method may be called from any thread."""

    def __init__(self, jobs: int):
        self._jobs = jobs
        self._busy = 0
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    def enter(self, stopped: Callable[[], bool]) -> None:
        """Waits for a turn. Raises EvidockError `interrupted` once `stopped` says so."""
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            try:
                while self._queue[0] is not ticket or self._busy >= self._jobs:
                    if stopped():
                        raise EvidockError("interrupted")
                    self._changed.wait(_LOOK_SECONDS)
                self._busy += 1
            finally:
                self._queue.remove(ticket)
                self._changed.notify_all()

    def resume(self) -> None:
        """Takes a turn at once, though it be one too many: a line that is back must not wait for others."""
        with self._changed:
            self._busy += 1

    def leave(self) -> None:
        """Gives the turn to the next."""
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()
