"""The clocks of one recorder, from entry to entry: the wall clock against the ticks, and what ties both to a host's
time.

Specification: "Verification of a chain", Recordings 12 and Time. AT-20. `placing` makes times of it afterwards.
"""

from __future__ import annotations

from evidock_protocol import codes, kinds, names

from . import ties
from .collector import Collector, Place
from .coverage import Boot
from .drift import LONGEST, PLAUSIBLE, READING, Reading, Tie
from .entries import Entry

SLACK = READING  # ms, with DRIFT: how far a wall clock may leave the ticks without a CLOCK entry
DRIFT = 5_000  # one millisecond in so many: both may be wrong, each by half of it


class Clocks:
    """Follows the clocks of one recorder; `host_key` is that of the host whose store this is."""

    def __init__(self, device: bytes, collector: Collector, host_key: bytes | None = None):
        self._device = device
        self._collector = collector
        self._host_key = host_key
        # Boot, ticks and wall clock that the next ones are compared with: of the entry before, a clock could creep.
        self._reference: tuple[int, int, int] | None = None
        self._era = 0
        self._lost = 0  # the boot in which the clock was lost and not set since
        self._is_simulated = False
        self.lawful = -1
        """Sequence of an entry that holds an order of the organisation which nothing speaks against."""

    def note(self, entry: Entry, boot: Boot) -> None:
        """Takes the next entry that holds, which is of `boot`."""
        if entry.kind == kinds.GENESIS and entry.known:
            self._is_simulated = entry.number("protection") == codes.PROTECTION_SIMULATED
        if entry.kind == kinds.CLOCK and entry.known:
            self._clock(entry, boot)
            return
        if entry.kind == kinds.HOST and entry.known:
            self._tie(boot, ties.attached(entry, self._host_key))
        if not _is_shown(entry) or self._lost == entry.boot:
            return
        step, slack = self._step(entry)
        if abs(step) > slack:
            self._add("CLOCK_STEP", entry, seconds=round(step / 1000, 1))
            self._reference = None
            self._era += 1
        if self._reference is None or self._reference[0] != entry.boot:
            self._reference = (entry.boot, entry.ticks, entry.wall_ms)
        self._read(entry, boot)

    def seen(self, boot: Boot, ticks: int, latest_ms: int) -> None:
        """A host saw what was signed at `ticks` of `boot` at `latest_ms` (Unix) or before."""
        if latest_ms in PLAUSIBLE and ticks <= LONGEST:
            self._tie(boot, Tie(ticks, None, latest_ms))

    def _clock(self, entry: Entry, boot: Boot) -> None:
        """CLOCK: the clock is another one from here on."""
        old_state, old_ms = _wall(entry.body["old"])
        if entry.number("source") == codes.CLOCK_LOST:
            if old_state != codes.WALL_UNSET:  # what it showed since the boot was wrong, and nobody set it so
                boot.forget_clock()
            self._lost = entry.boot
            self._reference = None
            self._era += 1
            self._add("CLOCK_LOST", entry)
            return
        tie = ties.ordered(entry, self._host_key)
        if _is_shown(entry):
            step, slack = self._step(entry)
            asked = tie is not None and tie.earliest and abs(entry.wall_ms - tie.earliest) <= ties.WAIT
            if not asked and self.lawful != entry.sequence:
                step = min(step, _wall(entry.body["new"])[1] - old_ms if old_state and _is_set(entry, "new") else 0)
                if step < -slack:  # nobody asked for it: whoever holds the recorder's key could hide time this way
                    self._add("CLOCK_STEP", entry, sentence="CLOCK_STEP.back", seconds=round(-step / 1000, 1))
        if old_state != codes.WALL_UNSET and self._lost != entry.boot and self._agrees(entry, old_ms):
            boot.note_reading(Reading(self._era, entry.ticks, old_ms))
        self._era += 1
        self._lost = 0
        self._tie(boot, tie)
        if _is_shown(entry):
            self._reference = (entry.boot, entry.ticks, entry.wall_ms)
            self._read(entry, boot)
        self._add("CLOCK_SET", entry, source=names.name_of(names.CLOCK_SOURCES, entry.number("source")))

    def _agrees(self, entry: Entry, old_ms: int) -> bool:
        """Whether the old clock that a CLOCK names is the one that this boot showed."""
        if self._reference is None or self._reference[0] != entry.boot:
            return False
        elapsed = entry.ticks - self._reference[1]
        return abs(old_ms - self._reference[2] - elapsed) <= SLACK + elapsed // DRIFT

    def _read(self, entry: Entry, boot: Boot) -> None:
        boot.note_clock(entry.ticks, entry.wall_state, entry.wall_ms)
        boot.note_reading(Reading(self._era, entry.ticks, entry.wall_ms))

    def _tie(self, boot: Boot, tie: Tie | None) -> None:
        """A simulated recorder's time runs at any speed: nothing ties it to a host's."""
        if tie is not None and not self._is_simulated:
            boot.note_tie(tie)

    def _step(self, entry: Entry) -> tuple[int, int]:
        """Milliseconds by which the wall clock left the ticks since the boot's first or the last CLOCK, and how many it
        may.
        """
        if self._reference is None or self._reference[0] != entry.boot:
            return 0, SLACK
        elapsed = entry.ticks - self._reference[1]
        return entry.wall_ms - self._reference[2] - elapsed, SLACK + elapsed // DRIFT

    def _add(self, code: str, entry: Entry, sentence: str | None = None, **values: object) -> None:
        place = Place(entry.boot, entry.ticks, entry.ticks)
        self._collector.add(code, device=self._device, place=place, sentence=sentence, values=values)


def _is_shown(entry: Entry) -> bool:
    """Whether the wall clock of an entry shows a time that a clock can show."""
    return entry.wall_state != codes.WALL_UNSET and entry.wall_ms in PLAUSIBLE and entry.ticks <= LONGEST


def _wall(value: object) -> tuple[int, int]:
    """(state, Unix milliseconds) of a wall clock in a body."""
    if isinstance(value, list | tuple) and len(value) == 2:  # type: ignore[arg-type]
        return int(value[0]), int(value[1])  # type: ignore[arg-type]
    return codes.WALL_UNSET, 0


def _is_set(entry: Entry, field: str) -> bool:
    return _wall(entry.body[field])[0] != codes.WALL_UNSET
