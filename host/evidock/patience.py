"""Waits for a line that was lost: until the recorder is back on its port, or nothing useful has come for too long.

Interface: `evidock.sync`, `patience`. What a docking has brought is safe, so that a lost line costs time alone.
"""

from __future__ import annotations

from collections.abc import Callable

from evidock.client import Recorder
from evidock.errors import EvidockError, LineLost, NotARecorder, PortError

PATIENCE_SECONDS = 30.0  # for which a line that was lost may bring nothing, before that is an error
POLL_SECONDS = 0.5  # between two words of progress while the line is away
FRUITLESS = 20  # times in a row that the line came back and brought nothing


class Patience:
    """The line of one docking over all its connections. `reopened` counts how often it came back; `received` (bytes)
    and `mended` (frames) count what came over it.
    """

    def __init__(self, recorder: Recorder, seconds: float):
        """With 0 `seconds` a lost line is an error at once."""
        self.reopened = 0
        self._recorder = recorder
        self._seconds = seconds
        self._brought: object = None
        self._useful = self._now()
        self._fruitless = 0
        self._received = self._mended = 0  # over connections that were lost

    @property
    def received(self) -> int:
        return self._received + self._recorder.connection.received

    @property
    def mended(self) -> int:
        return self._mended + self._recorder.connection.mended

    def reopen(self, lost: EvidockError, brought: object, waiting: Callable[[], None]) -> None:
        """Waits until the recorder is back; `brought` tells by its change whether anything useful came since the last
        time, and `waiting` is called now and then. Raises `lost` in the end, Misbehaving for another recorder.
        """
        if self._seconds <= 0:
            raise lost
        self._fruitless += 1
        if brought != self._brought:
            self._brought, self._useful, self._fruitless = brought, self._now(), 0
        if self._fruitless >= FRUITLESS:
            raise lost
        old = self._recorder.connection
        self._attempt(lost, waiting)
        self._received += old.received
        self._mended += old.mended
        self.reopened += 1

    def _attempt(self, lost: EvidockError, waiting: Callable[[], None]) -> None:
        deadline = self._useful + self._seconds
        while (now := self._now()) < deadline:
            waiting()
            try:
                self._recorder.reopen(min(deadline, now + POLL_SECONDS))
                return
            except (LineLost, NotARecorder, PortError):
                if self._now() == now:  # there is nothing to wait for
                    break
        raise lost

    def _now(self) -> float:
        return self._recorder.connection.monotonic()
