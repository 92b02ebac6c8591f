"""How far a docking has come, and what follows from it: rate, share of the line, time that remains, errors repaired.

Interface: "progress". A docking says `Progress` whenever something moved; a `Meter` makes readings of it, at any pace.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

JOURNAL, MEDIA, WAITING, DONE = "journal", "media", "waiting", "done"
WINDOW_SECONDS = 15.0  # what a rate is taken over: several leaves of 64 KiB also on a slow line
_SPACING_SECONDS = 0.2
_COUNTS = ("received", "lost", "mended", "reopened")  # they only grow


class Progress(NamedTuple):
    """How far a docking has come."""

    phase: str
    """"journal" (in entries), "media" (in bytes), "waiting" for the line to come back, or "done"."""
    done: int
    total: int
    recording: int | None = None
    segment: int | None = None
    received: int = 0
    """Bytes that arrived on the line in this docking."""
    lost: int = 0
    """Frames that had to be asked for again."""
    mended: int = 0
    """Frames with a wrong bit that was put right."""
    reopened: int = 0
    """Times that the line came back after it was lost."""


class Reading(NamedTuple):
    """What a meter says; rates in bytes per second, times in seconds, None for what cannot be told (yet)."""

    phase: str
    done: int
    """Entries in the phase "journal", else bytes of media, as `total`."""
    total: int
    rate: float | None
    """Evidence that arrived on the line, on average over the last seconds."""
    share: float | None
    """Of what the line can carry: 0 … 1."""
    remaining: float | None
    received: int
    lost: int
    mended: int
    reopened: int

    @property
    def repaired(self) -> int:
        """Errors of the line that cost no evidence: frames asked for again and frames mended."""
        return self.lost + self.mended


class _Sample(NamedTuple):
    at: float
    done: int
    fresh: int  # of `done`, what came over the line: the rest was here already
    received: int


class Meter:
    """Readings of one docking: one thread says how far it is, any thread reads."""

    def __init__(self, line_rate: float | None = None, monotonic: Callable[[], float] = time.monotonic):
        """`line_rate`: bytes per second of the line, None where nobody knows."""
        self.line_rate = line_rate
        self._monotonic = monotonic
        self._event: Progress | None = None
        self._amounts: Progress | None = None  # newest one that says how much is done of how much
        self._samples: deque[_Sample] = deque()
        self._lock = threading.Lock()

    def take(self, event: Progress) -> None:
        """Takes what a docking says; cheap."""
        with self._lock:
            before, amounts = self._event, self._amounts
            if event.phase == MEDIA or (event.phase == JOURNAL and (amounts is None or amounts.phase == JOURNAL)):
                if amounts is None or amounts.phase != event.phase:
                    self._samples.clear()
                self._amounts = event
                self._sample(event)
            elif event.phase == JOURNAL:
                event = event._replace(phase=DONE)  # the last entries, of which the docking itself is told
            if before is not None:
                counts = {name: max(getattr(event, name), getattr(before, name)) for name in _COUNTS}
                event = event._replace(**counts)
            self._event = event

    def reading(self) -> Reading | None:
        """How it stands now; None while nothing was said. While a line is away, and at the end, what was done stays."""
        with self._lock:
            event, amounts = self._event, self._amounts
            if event is None:
                return None
            rate = remaining = None
            if amounts is not None and event.phase == amounts.phase:
                rate, remaining = self._rates(amounts)
        done, total = (amounts.done, amounts.total) if amounts is not None else (0, 0)
        if event.phase == DONE and (amounts is None or amounts.phase == JOURNAL):
            done, total = 0, 0  # no media came
        share = min(1.0, rate / self.line_rate) if rate is not None and self.line_rate else None
        counts = (event.received, event.lost, event.mended, event.reopened)
        return Reading(event.phase, done, total, rate, share, remaining, *counts)

    def _sample(self, event: Progress) -> None:
        """Notes when something was finished: media come leaf by leaf, and a rate is taken from one leaf to another."""
        now = self._monotonic()
        if self._samples:
            before = self._samples[-1]
            came = event.done - before.done
            if not came or now - before.at < _SPACING_SECONDS:
                return
            # What lay here already is done at once and moved no byte of the line.
            fresh = max(0, min(came, event.received - before.received) if event.received else came)
            self._samples.append(_Sample(now, event.done, before.fresh + fresh, event.received))
        else:
            self._samples.append(_Sample(now, event.done, 0, event.received))
        while len(self._samples) > 2 and now - self._samples[1].at >= WINDOW_SECONDS:
            self._samples.popleft()

    def _rates(self, event: Progress) -> tuple[float | None, float | None]:
        """(bytes per second, seconds that remain)"""
        first, last = self._samples[0], self._samples[-1]
        if len(self._samples) < 2:
            return None, None
        usual = (last.at - first.at) / (len(self._samples) - 1)
        late = self._monotonic() - last.at - 2 * usual  # when nothing comes any more, the rate falls
        passed = last.at - first.at + max(0.0, late)
        media = event.phase == MEDIA
        pace = last.fresh - first.fresh if media else last.done - first.done
        rate = (pace if media else last.received - first.received) / passed
        return rate, max(0, event.total - event.done) * passed / pace if pace > 0 else None


def together(readings: Sequence[tuple[Reading, float | None]]) -> Reading:
    """The sum over dockings that run side by side, each with its line's rate: it is over when the slowest is."""
    media = [reading for reading, _line in readings if reading.phase != JOURNAL]
    known = [(reading.rate or 0.0, line) for reading, line in readings if line and reading.phase == MEDIA]
    rates = [reading.rate for reading, _line in readings if reading.rate is not None]
    times = [reading.remaining for reading, _line in readings if reading.remaining is not None]
    capacity = sum(line for _rate, line in known)
    every = [reading for reading, _line in readings]
    return Reading(
        MEDIA if media else JOURNAL,
        sum(reading.done for reading in media),
        sum(reading.total for reading in media),
        sum(rates) if rates else None,
        min(1.0, sum(rate for rate, _line in known) / capacity) if capacity else None,
        max(times, default=None),
        sum(reading.received for reading in every),
        sum(reading.lost for reading in every),
        sum(reading.mended for reading in every),
        sum(reading.reopened for reading in every),
    )
