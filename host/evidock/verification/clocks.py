"""The wall clock against the ticks, inside one boot: it may not step unless a CLOCK entry says so, nor back unasked.

Specification: "Verification of a chain", Recordings 12.
"""

from __future__ import annotations

from evidock_protocol import codes, kinds, names

from .collector import Collector, Place
from .entries import Entry

SLACK = 2_000  # ms, with DRIFT: how far a wall clock may leave the ticks without a CLOCK entry
DRIFT = 5_000  # one millisecond in so many


class Clocks:
    """Follows the wall clock of one recorder from entry to entry."""

    def __init__(self, device: bytes, collector: Collector):
        self._device = device
        self._collector = collector
        # Boot, ticks and wall clock that the next ones are compared with: of the entry before, a clock could creep.
        self._reference: tuple[int, int, int] | None = None

    def note(self, entry: Entry) -> None:
        """Takes the next entry that holds."""
        is_clock = entry.kind == kinds.CLOCK and entry.known
        if entry.wall_state != codes.WALL_UNSET:
            step, slack = self._step(entry)
            if is_clock and entry.body["order"] is None:
                step = min(step, self._set_back(entry))
                if step < -slack:  # nobody asked for it: whoever holds the recorder's key could hide time this way
                    self._add("CLOCK_STEP", entry, sentence="CLOCK_STEP.back", seconds=round(-step / 1000, 1))
            elif not is_clock and abs(step) > slack:
                self._add("CLOCK_STEP", entry, seconds=round(step / 1000, 1))
                self._reference = None
            if is_clock or self._reference is None or self._reference[0] != entry.boot:
                self._reference = (entry.boot, entry.ticks, entry.wall_ms)
        if is_clock and entry.number("source") != codes.CLOCK_LOST:
            self._add("CLOCK_SET", entry, source=names.name_of(names.CLOCK_SOURCES, entry.number("source")))

    def _step(self, entry: Entry) -> tuple[int, int]:
        """Milliseconds by which the wall clock left the ticks since the boot's first or the last CLOCK, and how many it
        may.
        """
        if self._reference is None or self._reference[0] != entry.boot:
            return 0, SLACK
        elapsed = entry.ticks - self._reference[1]
        return entry.wall_ms - self._reference[2] - elapsed, SLACK + elapsed // DRIFT

    @staticmethod
    def _set_back(entry: Entry) -> int:
        """Milliseconds from the old to the new clock as a CLOCK entry itself has them."""
        old, new = entry.body["old"], entry.body["new"]
        if not (isinstance(old, list | tuple) and isinstance(new, list | tuple)) or not (old[0] and new[0]):
            return 0
        return int(new[1]) - int(old[1])  # type: ignore[arg-type]

    def _add(self, code: str, entry: Entry, sentence: str | None = None, **values: object) -> None:
        place = Place(entry.boot, entry.ticks, entry.ticks)
        self._collector.add(code, device=self._device, place=place, sentence=sentence, values=values)
