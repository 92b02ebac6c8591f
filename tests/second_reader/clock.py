"""Section "Verification of a chain", "Recordings", steps 11 and 12: boots and the wall clock."""

from dataclasses import dataclass, field

from .cbor import Value
from .entries import Entry
from .findings import Finding

SLACK, PARTS = 2_000, 5_000
LOST = 4


def _wall(value: Value) -> int | None:
    """The Unix milliseconds of a wall clock that is set."""
    if not isinstance(value, list) or not isinstance(value[1], int):
        return None
    return value[1] if value[0] else None


@dataclass
class ClockReader:
    """Reads the entries that count, in order."""

    findings: list[Finding] = field(default_factory=list)
    boot: int = 0
    open: bool = False
    last_kind: str = ""
    reference: tuple[int, int] | None = None  # ticks and wall clock since the boot or the last CLOCK
    ended: int | None = None  # the latest wall clock of all
    seen: bool = True  # this boot has had a clock

    def find(self, code: str, detail: str, problem: bool = True) -> None:
        self.findings.append(Finding(code, detail, problem))

    def read(self, entry: Entry) -> None:
        boot, ticks = entry.fields.integer("boot"), entry.fields.integer("ticks")
        wall = _wall(entry.fields.array("wall"))
        if boot != self.boot:
            self._boot(boot, wall)
        if entry.known and entry.kind_name == "CLOCK":
            self._clock(entry, ticks)
        elif wall is not None:
            if self.reference is None:
                self.reference = ticks, wall
            elif self._steps(ticks, wall):
                self.find("CLOCK_STEP", f"at entry {entry.sequence}")
                self.reference = ticks, wall
        if wall is not None:
            self.seen, self.ended = True, wall
        if entry.kind_name in ("START", "STOP"):
            self.open = entry.kind_name == "START"
        self.last_kind = entry.kind_name

    def finish(self) -> None:
        if not self.seen:
            self.find("CLOCK_UNSET", f"boot {self.boot}", problem=False)

    def _boot(self, boot: int, wall: int | None) -> None:
        self.finish()
        if self.boot and not self.open and self.last_kind != "OFF":
            self.find("GAP_DECLARED", f"boot {boot} follows without OFF", problem=False)
        if self.ended is not None and wall is not None and wall < self.ended - SLACK:
            self.find("CLOCK_STEP", f"boot {boot} begins before the one before ended")
        self.boot, self.reference, self.seen = boot, None, False

    def _steps(self, ticks: int, wall: int, back: bool = False) -> bool:
        """Whether a wall clock does not follow the ticks; `back`: whether it falls behind them."""
        if self.reference is None:
            return False
        passed = ticks - self.reference[0]
        step = wall - self.reference[1] - passed
        return (-step if back else abs(step)) > SLACK + passed // PARTS

    def _clock(self, entry: Entry, ticks: int) -> None:
        old, new = _wall(entry.body.array("old")), _wall(entry.body.array("new"))
        if entry.body.integer("source") != LOST:
            self.find("CLOCK_SET", f"at entry {entry.sequence}", problem=False)
        if entry.body.values["order"] is None and new is not None:
            against_old = old is not None and old - new > SLACK
            if against_old or self._steps(ticks, new, back=True):
                self.find("CLOCK_STEP", f"set back at entry {entry.sequence}")
        self.reference = None if new is None else (ticks, new)
        self.seen |= new is not None
