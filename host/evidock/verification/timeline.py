"""The time line of one recorder while its journal is read: its boots, and what fills the ticks of each.

Specification: "Verification of a chain", Recordings 7. `coverage` places the boots in time afterwards.
"""

from __future__ import annotations

from evidock.report import State

from . import samples
from .collector import Collector, Place
from .coverage import Boot, Stretch
from .entries import Entry, Segment
from .recording import Outcome, Recording


class TimeLine:
    """The boots of one recorder; what is laid into them is laid at each boot's cursor, in order."""

    def __init__(self, device: bytes, collector: Collector):
        self.boots: list[Boot] = []
        self.boot: Boot | None = None
        """The boot that runs."""
        self.damage = False
        """Whether something unreadable stands before the entry that is read."""
        self._device = device
        self._collector = collector
        self._by_number: dict[int, Boot] = {}
        self._exempt: str | None = None

    def enter(self, entry: Entry) -> Boot:
        """The boot of the next entry, which becomes the one that runs."""
        boot = self.boot
        if boot is None or entry.boot != boot.number:
            boot = self.boot = Boot(entry.boot, entry.ticks if boot is None else 0)
            self.boots.append(boot)
            self._by_number[entry.boot] = boot
            self._exempt = None
        return boot

    def find(self, number: int) -> Boot | None:
        """The boot of that number, where the journal has it."""
        return self._by_number.get(number)

    def idle(self, boot: Boot, ticks: int) -> None:
        """Nothing was being recorded up to `ticks`."""
        if self._exempt is not None:
            boot.fill(ticks, State.EXEMPT, self._exempt, None)
        else:
            boot.fill(ticks, State.DECLARED, "standby", None)

    def exempt(self, name: str | None) -> None:
        """From here on idle time is exempt for the reason `name`, or not any more."""
        self._exempt = name

    def hole(self, boot: Boot, until: int, recording: Recording, segment: Segment | None = None) -> None:
        """Whatever lies between the cursor and `until` inside a recording: declared, damaged, or a finding."""
        if until <= boot.cursor:
            return
        if recording.cause is not None:
            boot.fill(until, State.DECLARED, recording.cause, recording.number)
        elif self.damage:
            boot.fill(until, State.ALTERED, None, recording.number)
        else:
            self._collector.add(
                "COVERAGE_HOLE",
                device=self._device,
                recording=recording.number,
                segment=None if segment is None else segment.number,
                place=Place(boot.number, boot.cursor, until),
                seconds=round((until - boot.cursor) / 1000, 3),
            )
            boot.fill(until, State.UNEXPLAINED, None, recording.number)

    @staticmethod
    def lay(boot: Boot, segment: Segment, outcome: Outcome) -> Stretch | None:
        """Lays a segment's stretches into its boot; the one that stands for it when its file is missing."""
        if outcome.missing:
            return boot.fill(segment.last_tick, outcome.state, outcome.cause, segment.recording, fixed=False)
        for start, end in outcome.altered:
            boot.fill(start, outcome.state, outcome.cause, segment.recording)
            boot.fill(end, State.ALTERED, None, segment.recording)
        lost = samples.lost_ms(segment)
        if lost > samples.LOST_SLACK:  # where they were lost is not known, only how many: they stand at the end
            boot.fill(segment.last_tick - lost, outcome.state, outcome.cause, segment.recording)
            boot.fill(segment.last_tick, State.UNEXPLAINED, None, segment.recording)
        boot.fill(segment.last_tick, outcome.state, outcome.cause, segment.recording)
        return None
