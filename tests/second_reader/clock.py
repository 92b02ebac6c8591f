"""Section "Verification of a chain", "Recordings", steps 11 and 12: boots, the wall clock, and its eras ("Time")."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .cbor import Value
from .entries import Entry
from .findings import Finding

SLACK, PARTS, BOOT_PARTS = 2_000, 5_000, 5_000  # two parts in 10,000
EARLIEST, LATEST = 1_577_836_800_000, 4_102_444_800_000  # 2020-01-01 and 2100-01-01
LOST = 4


@dataclass(frozen=True)
class Reading:
    """What a wall clock showed."""

    boot: int
    ticks: int
    state: int
    wall: int
    era: int


def wall_of(value: Value) -> tuple[int, int] | None:
    """State and Unix milliseconds of a wall clock that is set, to a time that one can show."""
    if not isinstance(value, list) or not isinstance(value[0], int) or not isinstance(value[1], int):
        return None
    return (value[0], value[1]) if value[0] and EARLIEST <= value[1] < LATEST else None


def _time_of(value: Value) -> int | None:
    found = wall_of(value)
    return None if found is None else found[1]


def is_lost(entry: Entry) -> bool:
    return entry.known and entry.kind_name == "CLOCK" and entry.body.integer("source") == LOST


def walls(entries: Sequence[Entry]) -> list[tuple[int, int] | None]:
    """The wall clock of each entry, as far as it counts as set."""
    found: list[tuple[int, int] | None] = []
    lost = False
    for place, entry in enumerate(entries):
        boot = entry.fields.integer("boot")
        if place and boot != entries[place - 1].fields.integer("boot"):
            lost = False
        if entry.known and entry.kind_name == "CLOCK":
            lost = is_lost(entry)
            if lost and wall_of(entry.body.array("old")) is not None:
                found = [
                    None if other.fields.integer("boot") == boot else wall
                    for other, wall in zip(entries, found, strict=False)
                ]
        found.append(None if lost else wall_of(entry.fields.array("wall")))
    return found


@dataclass
class ClockReader:
    """Reads the entries that count, in order. `ties`: hashes of CLOCK entries whose order ties, and its time."""

    ties: dict[bytes, int] = field(default_factory=dict)
    ordered: set[bytes] = field(default_factory=set)  # hashes of CLOCK entries whose order of the organisation holds
    findings: list[Finding] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    stepped: set[int] = field(default_factory=set)  # boots that have a CLOCK_STEP against another
    boot: int = 0
    era: int = 0
    open: bool = False
    last_kind: str = ""
    ticks: int = 0
    reference: tuple[int, int] | None = None  # ticks and wall clock since the boot or the last CLOCK
    ended: int | None = None  # what the wall clock showed last, carried on by the ticks
    unread: int = 0  # ticks since then
    steps: list[tuple[int, int]] = field(default_factory=list)

    def find(self, code: str, detail: str, problem: bool = True) -> None:
        self.findings.append(Finding(code, detail, problem))

    def step(self, boot: int, ticks: int, detail: str) -> None:
        self.find("CLOCK_STEP", detail)
        self.steps.append((boot, ticks))

    def read_all(self, entries: Sequence[Entry]) -> None:
        for entry, wall in zip(entries, walls(entries), strict=True):
            self._read(entry, wall)

    def _read(self, entry: Entry, wall: tuple[int, int] | None) -> None:
        boot, ticks = entry.fields.integer("boot"), entry.fields.integer("ticks")
        if boot != self.boot:
            self._boot(boot, entry.kind_name)
        if self.ended is not None:
            self.ended += ticks - self.ticks
        self.unread += ticks - self.ticks
        self.ticks = ticks
        if entry.known and entry.kind_name == "CLOCK":
            self._clock(entry, boot, ticks)
        elif wall is not None:
            self._wall(entry.sequence, boot, ticks, wall[1])
        if wall is not None:
            self.ended, self.unread = wall[1], 0
            self.readings.append(Reading(boot, ticks, *wall, self.era))
        if entry.kind_name in ("START", "STOP"):
            self.open = entry.kind_name == "START"
        self.last_kind = entry.kind_name

    def _boot(self, boot: int, kind: str) -> None:
        if self.boot and kind == "BOOT" and not self.open and self.last_kind != "OFF":
            self.find("GAP_DECLARED", f"boot {boot} follows without OFF", problem=False)
        self.boot, self.reference, self.ticks = boot, None, 0

    def _wall(self, sequence: int, boot: int, ticks: int, wall: int) -> None:
        if self.reference is None:
            slack = SLACK + self.unread // BOOT_PARTS
            if self.ended is not None and wall < self.ended - slack and boot not in self.stepped:
                self.step(boot, ticks, f"boot {boot} begins before an earlier one ended")
                self.stepped.add(boot)
            self.reference = ticks, wall
        elif self._steps(ticks, wall):
            self.step(boot, ticks, f"at entry {sequence}")
            self.reference = ticks, wall
            self.era += 1

    def _steps(self, ticks: int, wall: int, back: bool = False) -> bool:
        """Whether a wall clock does not follow the ticks; `back`: whether it falls behind them."""
        if self.reference is None:
            return False
        passed = ticks - self.reference[0]
        step = wall - self.reference[1] - passed
        return (-step if back else abs(step)) > SLACK + passed // PARTS

    def _clock(self, entry: Entry, boot: int, ticks: int) -> None:
        old, new = wall_of(entry.body.array("old")), _time_of(entry.body.array("new"))
        lost = is_lost(entry)
        self.find("CLOCK_LOST" if lost else "CLOCK_SET", f"at entry {entry.sequence}", problem=False)
        if new is not None:
            back = old is not None and old[1] - new > SLACK
            tied = self.ties.get(entry.hash)
            back = back or self._steps(ticks, new, back=True)
            if back and entry.hash not in self.ordered and (tied is None or abs(tied - new) > 30_000):
                self.step(boot, ticks, f"set back at entry {entry.sequence}")
        if old is not None and not lost and self.reference is not None and not self._steps(ticks, old[1]):
            self.readings.append(Reading(boot, ticks, *old, self.era))
        self.era += 1
        self.ended = None
        self.reference = None if new is None else (ticks, new)
