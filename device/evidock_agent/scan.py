"""What one pass over the journal shows at boot: the open recording, what broke off, the clock, what is told already.

Specification: "Boot recovery". Loaded on demand, with `boot`.
"""

from evidock_protocol import codes, entry, kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent

_GIVING_UP = (
    codes.CAPTURE_NO_START,
    codes.CAPTURE_LEFT_OPEN,
    codes.CAPTURE_FILE_GONE,
    codes.CAPTURE_CHANGED_WHILE_HASHED,
    codes.CAPTURE_EMPTY_FILE,
    codes.CAPTURE_TOO_LONG,
)
_OPERATOR = 13  # of CAUSES; this agent writes none
_NEVER_GONE_ON_WITH = (codes.CAUSE_DOCKED, _OPERATOR)


class OpenRecording:
    """A recording that the journal leaves open: where it started and how far it is sealed."""

    def __init__(self, start: entry.Entry, answers: "BrokenOff | None"):
        self.sequence = start.sequence
        self.hash = start.hash
        self.recording: int = start.body["recording"]
        self.by_policy = start.body["reason"] == codes.START_POLICY
        self.card = start.body["card"]
        self.boot = start.boot
        self.start = start.ticks
        self.answers = answers  # what it goes on with; None once a RESUME says so
        self.segments = 0  # SEGMENT entries
        self.number = 0  # of the newest of them
        self.reached = 0  # the highest number that was told of before power went
        self.passed: set[int] = set()  # numbers that were given up
        self.silent: set[int] = set()  # those of the tracks that never started
        self.told: list[tuple[int, int, list[int]]] = []  # FAULTs after power went: (what, segment, values)
        self.recovered: list[dict] = []  # SEGMENTs of a recovery that was cut itself
        self.ticks: dict[int, int] = {}  # last tick of each track
        self.interrupt: BrokenOff | None = None  # INTERRUPT is there already, STOP is not


class BrokenOff:
    """An INTERRUPT that the next START goes on with."""

    def __init__(self, sequence: int, body: dict, left: "OpenRecording | None"):
        self.sequence = sequence
        self.cause: int = body["cause"]
        self.at_boot = body["reset"] is not None  # written by a recovery
        self.lasted: int = max(body["last_tick"] - left.start, 0) if left is not None else 0
        self.by_policy = left is not None and left.by_policy


class Scan:
    """What one pass over the journal shows. Sequences are those of entries."""

    def __init__(self):
        self.open: OpenRecording | None = None
        self.broken_off: BrokenOff | None = None  # the newest that nothing went on with
        self.may_wait = True  # whether it may still go on by itself: no exemption began and nothing switched off since
        self.is_through = True  # whether the boot that noted it came as far as CHECK
        self.recordings = 0
        self.unknown = 0  # recordings that entries which flash lost may have begun
        self.card: bytes | None = None
        self.wall_ms = 0  # wall clock of the newest entry whose clock was set
        self.clock_lost = False  # CLOCK said so, and nobody has set it since
        self.wall_state = codes.WALL_UNSET  # of the newest entry
        self.missing: list[tuple[int, int]] = []
        self.told: list[tuple[int, int]] = []  # sequences that JOURNAL entries already name
        self.told_damage: set[tuple[int, int]] = set()  # (region, sector) that FAULT flash already names
        self.damage: list[tuple[int, int]] = []  # those that none names yet
        self.had_back = False  # whether the card gave entries back on which the tree of this epoch hangs

    def follow(self, agent: "Agent", parsed: entry.Entry) -> None:
        """Takes one entry, oldest first."""
        body = parsed.body
        kind = parsed.kind
        self.wall_state = parsed.wall_state
        if parsed.wall_state != codes.WALL_UNSET:
            self.wall_ms = parsed.wall_ms
        if kind == kinds.START:
            self.open = OpenRecording(parsed, self.broken_off)
            self.broken_off = None
            self.may_wait = True
        elif kind == kinds.SEGMENT:
            if self.open is not None:
                self._follow_segment(self.open, parsed)
        elif kind == kinds.FAULT:
            self._follow_fault(parsed)
        elif kind in (kinds.INTERRUPT, kinds.RESUME, kinds.STOP, kinds.OFF, kinds.CHECK):
            self._follow_break(parsed)
        elif kind == kinds.EXEMPT:
            self.may_wait = self.may_wait and not body["begins"]
        elif kind == kinds.BOOT:
            self.card = body["card"]
        elif kind == kinds.MEDIUM:
            self.card = body["new"]
        elif kind == kinds.CLOCK:
            self.clock_lost = body["source"] == codes.CLOCK_LOST
        elif kind == kinds.JOURNAL:
            self.told.append((body["first"], body["last"]))
        elif kind == kinds.TOMBSTONE:
            self.open = None  # nothing is deleted while something records: its STOP is what flash lost
        elif kind in (kinds.GENESIS, kinds.EPOCH):
            agent.remember_key(body["public_key"])
            if kind == kinds.EPOCH and body["reason"] == codes.EPOCH_STOP:
                self.open = None  # its STOP may be what flash lost
        recording = body.get("recording")  # START may be what flash lost
        if isinstance(recording, int) and recording > self.recordings:
            self.recordings = recording
            self.unknown = 0

    def is_told(self, missing: tuple[int, int]) -> bool:
        """Whether a JOURNAL entry names all of these sequences."""
        return any(first <= missing[0] and missing[1] <= last for first, last in self.told)

    def note_missing(self, missing: tuple[int, int], known: int) -> None:
        """Flash lost these entries; those below `known` somebody gave back."""
        self.missing.append(missing)
        self.unknown += missing[1] + 1 - known

    def _follow_break(self, parsed: entry.Entry) -> None:
        kind, body = parsed.kind, parsed.body
        if kind == kinds.INTERRUPT:
            self.broken_off = None
            if body["cause"] not in _NEVER_GONE_ON_WITH:
                self.broken_off = BrokenOff(parsed.sequence, body, self.open)
            if self.open is not None:
                self.open.interrupt = BrokenOff(parsed.sequence, body, self.open)
            self.is_through = False
        elif kind == kinds.STOP:
            if self.open is None or self.open.interrupt is None:  # the officer ended it
                self.broken_off = None
            self.open = None
        elif kind == kinds.CHECK:
            self.is_through = True
        elif kind == kinds.OFF:
            self.may_wait = False
            if body["reason"] != codes.OFF_BATTERY_LOW:  # the officer switched off
                self.broken_off = None
        elif self.broken_off is not None and self.broken_off.sequence == body["interrupt"]:
            self.broken_off = None
        if kind == kinds.RESUME and self.open is not None:
            self.open.answers = None

    def _follow_segment(self, left: OpenRecording, parsed: entry.Entry) -> None:
        body = parsed.body
        left.segments += 1
        left.number = body["number"]
        left.ticks[body["track"]] = body["last_tick"]
        if body["attested"] == codes.ATTESTED_RECOVERED:
            left.recovered.append(body)
        else:
            left.reached = max(left.reached, left.number)

    def _follow_fault(self, parsed: entry.Entry) -> None:
        body, left = parsed.body, self.open
        values = body["values"]
        if body["what"] == codes.FAULT_FLASH and len(values) == 2:
            self.told_damage.add((values[0], values[1]))
        number = body["segment"]
        if left is None or body["recording"] != left.recording or number is None:
            return
        if parsed.boot != left.boot:
            left.told.append((body["what"], number, values))
        if not gives_up(body):
            return
        left.passed.add(number)
        if parsed.boot == left.boot:
            left.reached = max(left.reached, number)
        if values[:1] == [codes.CAPTURE_NO_START]:
            left.silent.add(number)


def gives_up(fault: dict) -> bool:
    """Whether a FAULT stands in the place of its segment: others say what was wrong with one that is sealed."""
    values = fault["values"]
    if fault["what"] != codes.FAULT_CAPTURE:
        return fault["what"] == codes.FAULT_STORAGE
    return bool(values) and values[0] in _GIVING_UP
