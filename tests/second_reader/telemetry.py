"""Section "Verification of a chain", "Telemetry": what the entries say of the cause of a gap."""

from collections.abc import Sequence
from dataclasses import dataclass

from .entries import Entry
from .settings import BATTERY_WARNING, THERMAL_RESUME, in_force

EQUIPMENT, DAMAGE, BATTERY, STORAGE, MEDIUM, POWER = 1, 2, 4, 5, 6, 8
WATCHDOG, BROWN_OUT, THERMAL, OVERRUN = 9, 10, 11, 12
RESET_OF = {POWER: 1, WATCHDOG: 2, BROWN_OUT: 3}
FAULTS_OF_EQUIPMENT = 1, 2, 10, 11, 12
IMPACT, JOURNAL_FULL = 4, 8
OFF_BATTERY = 2
SECOND_LOOK = 10_000


@dataclass
class Said:
    """The places in the chain that speak of a gap: START, INTERRUPT, STOP and the next START, where there are any."""

    entries: Sequence[Entry]
    start: int | None
    interrupt: int | None
    stop: int | None
    following: int | None

    @property
    def end(self) -> int:
        return len(self.entries) if self.following is None else self.following

    def since(self, kind: str, first: int | None = None) -> list[Entry]:
        """Entries of a kind from START up to the next START."""
        begin = (self.start or 0) if first is None else first
        return [entry for entry in self.entries[begin : self.end] if entry.known and entry.kind_name == kind]

    def faults(self) -> set[int]:
        return {entry.body.integer("what") for entry in self.since("FAULT")}

    def figures(self, name: str, off: bool = False) -> list[int]:
        told = [self.entries[place] for place in (self.interrupt, self.stop) if place is not None]
        if off:
            first = max(place for place in (self.interrupt, self.stop, 0) if place is not None)
            told += [entry for entry in self.since("OFF", first) if entry.body.integer("reason") == OFF_BATTERY]
        values = (entry.body.values.get(name) for entry in told)
        return [value for value in values if isinstance(value, int)]

    @property
    def place(self) -> int:
        return self.interrupt if self.interrupt is not None else self.stop or 0


def weigh(cause: int, said: Said) -> bool | None:
    """True: confirmed; False: contradicted; None: neither."""
    if cause == BATTERY:
        return weigh_battery(said.figures("battery", off=True), in_force(said.entries, said.place, BATTERY_WARNING))
    if cause == STORAGE:
        return _storage(said)
    if cause == THERMAL:
        warm = said.figures("temperature")
        if not warm:
            return None
        confirmed = max(warm) >= in_force(said.entries, said.place, THERMAL_RESUME)
        return True if confirmed else False if max(warm) < 500 else None
    if cause == MEDIUM:
        return _medium(said)
    if cause == EQUIPMENT:
        return any(what in FAULTS_OF_EQUIPMENT for what in said.faults())
    if cause in RESET_OF:
        return _reset(said, RESET_OF[cause])
    confirmed = (cause == DAMAGE and IMPACT in said.faults()) or (
        cause == OVERRUN and any(entry.body.integer("lost") for entry in said.since("SEGMENT"))
    )
    return True if confirmed else None


def weigh_battery(figures: Sequence[int], warning: int) -> bool | None:
    if not figures:
        return None
    return True if max(figures) <= warning else False if max(figures) >= 30 else None


def _storage(said: Said) -> bool | None:
    boot = said.entries[said.place].fields.integer("boot")
    before = said.entries[: said.start or 0]
    full = JOURNAL_FULL in said.faults() or any(
        entry.known
        and entry.kind_name == "FAULT"
        and entry.body.integer("what") == JOURNAL_FULL
        and entry.fields.integer("boot") == boot
        for entry in before
    )
    free = said.figures("storage_free")
    if full or (free and max(free) <= 2048):
        return True
    return False if free and max(free) >= 65536 else None


def _medium(said: Said) -> bool | None:
    entry = said.entries[said.place]
    boot = entry.fields.integer("boot")
    following = None if said.following is None else said.entries[said.following]
    again = following is not None and following.fields.integer("boot") == boot
    without = said.start is not None and said.entries[said.start].body.values["card"] is None
    if again and following is not None and following.body.values["card"] is None:
        without = True
    if said.since("MEDIUM") or without:
        return True
    last = max(other.fields.integer("ticks") for other in said.entries if other.fields.integer("boot") == boot)
    return False if again or last - entry.fields.integer("ticks") >= SECOND_LOOK else None


def _reset(said: Said, prescribed: int) -> bool | None:
    """The BOOT that found the recording open is the one before INTERRUPT."""
    if said.interrupt is None:
        return None
    entry = said.entries[said.interrupt]
    boots = [other for other in said.since("BOOT") if other.sequence < entry.sequence]
    if not boots:
        return False
    reset, told = boots[-1].body.integer("reset"), entry.body.optional_integer("reset")
    if told is not None and told != reset:
        return False
    return True if reset == prescribed else None if reset == 0 else False
