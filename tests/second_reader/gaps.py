"""Section "Verification of a chain", "Gaps": what kept a recorder from recording, from entry to entry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .entries import Entry
from .settings import BATTERY_WARNING, in_force
from .telemetry import OFF_BATTERY, Said, weigh, weigh_battery

Moment = tuple[int, int]
CAUSES = (
    *("unknown", "equipment_fault", "damage", "weather", "battery_low", "storage_full", "medium_swapped"),
    *("battery_swapped", "power_lost", "watchdog", "brown_out", "thermal", "capture_overrun", "operator", "docked"),
)
UNKNOWN, EQUIPMENT, BATTERY, STORAGE, THERMAL, OPERATOR, DOCKED = 0, 1, 4, 5, 11, 13, 14
CLASSES = {1: "secret_investigation", 2: "secret_or_privacy", 3: "emergency"}
EXEMPTED = 10
OF_STOP = {3: BATTERY, 4: STORAGE, 9: THERMAL, 8: EQUIPMENT, 7: UNKNOWN}
OFFICER = 1, 5, 6
OFF_BUTTON = 1


def moment(entry: Entry) -> Moment:
    return entry.fields.integer("boot"), entry.fields.integer("ticks")


def last_of(entry: Entry) -> Moment:
    return entry.body.integer("boot"), entry.body.integer("last_tick")


@dataclass
class Gap:
    """A stretch without recording. `cause` is a name; `interrupt` the sequence of its INTERRUPT."""

    cause: str
    begin: Moment
    recording: int | None
    end: Moment | None = None
    resumed: int | None = None
    verdict: str = ""
    says: bool | None = None
    interrupt: int | None = None
    code: int | None = None
    denied: bool = False  # by the STOP of its INTERRUPT
    unknown: bool = False  # a cause, reason or class of no table
    voice: tuple[int, int] | None = None
    spoken: bool = False  # a RESUME explains it, or says that nobody did
    places: tuple[int | None, int | None, int | None] = (None, None, None)  # START, INTERRUPT, STOP

    @property
    def technical(self) -> bool:
        return self.verdict.startswith("technical") or self.verdict == "contradicted"


class GapReader:
    """Reads the entries that count; `gaps` are those that entries tell of."""

    def __init__(self, entries: Sequence[Entry], begins: Mapping[int, Moment], end: Moment) -> None:
        """`begins`: by the sequence of INTERRUPT or STOP, when a recording broke off. `end`: the last that is known."""
        self.entries, self.begins = entries, begins
        self.gaps: list[Gap] = []
        self.ended: list[tuple[Entry, Entry | None]] = []  # STOP by the officer, and the START after it
        self.gap: Gap | None = None
        self.ceased: list[Gap] = []  # that an exemption ended, and that the next START still goes on with
        self.exemption: Gap | None = None
        self.open: dict[str, int | None] = {}  # places of START, INTERRUPT and EXEMPT in the open recording
        self.stopped: Entry | None = None
        for place, entry in enumerate(entries):
            handler = getattr(self, "_" + entry.kind_name.lower(), None) if entry.known else None
            if handler is not None:
                handler(place, entry)
        self._end(self.gap, end, None)
        self._end(self.exemption, end, None)

    def _number(self) -> int | None:
        start = self.open.get("start")
        return None if start is None else self.entries[start].body.integer("recording")

    def _breaks_off(self, cause: int, entry: Entry, place: int, stop: bool) -> None:
        if self.gap is not None:
            self._end(self.gap, last_of(entry), None)
        name = CAUSES[cause] if cause < len(CAUSES) else str(cause)
        places = self.open.get("start"), None if stop else place, place if stop else None
        self.gap = Gap(name, self.begins.get(entry.sequence, last_of(entry)), self._number(), code=cause, places=places)
        self.gap.interrupt = None if stop else entry.sequence
        self.gap.unknown = len(CAUSES) <= cause < 1000 or cause >= 2000
        self.gaps.append(self.gap)

    def _end(self, gap: Gap | None, end: Moment, resumed: int | None, following: int | None = None) -> None:
        """A gap ends; only now all that speaks of its cause is known."""
        if gap is None:
            return
        gap.end, gap.resumed = max(end, gap.begin), resumed
        if gap is self.gap:
            self.gap = None
        if gap is self.exemption:
            self.exemption = None
        if gap.code is not None and not gap.unknown:
            gap.says = (
                False if gap.code == -1 or gap.denied else weigh(gap.code, Said(self.entries, *gap.places, following))
            )

    def _start(self, place: int, entry: Entry) -> None:
        number = entry.body.integer("recording")
        if self.stopped is not None:
            self.ended.append((self.stopped, entry))
        self.stopped = None
        self._end(self.gap, moment(entry), number, place)
        self._end(self.exemption, moment(entry), number, place)
        for gap in self.ceased:
            gap.resumed = number
        self.ceased = []
        self.open = {"start": place}

    def _interrupt(self, place: int, entry: Entry) -> None:
        if self._number() != entry.body.integer("recording") or "interrupt" in self.open:
            return
        self.open["interrupt"] = place
        cause = entry.body.integer("cause")
        if cause != DOCKED:
            self._breaks_off(cause, entry, place, stop=False)

    def _stop(self, place: int, entry: Entry) -> None:
        if self._number() != entry.body.integer("recording"):
            return
        reason, interrupt = entry.body.integer("reason"), self.open.get("interrupt")
        exempt = self.open.get("exempt")
        if interrupt is not None:
            if self.gap is not None and self.gap.interrupt == self.entries[interrupt].sequence:
                self.gap.places = *self.gap.places[:2], place
                self.gap.denied = reason in OFFICER
        elif exempt is None and reason > EXEMPTED:
            self._breaks_off(reason, entry, place, stop=True)
            if self.gap is not None:
                self.gap.cause, self.gap.unknown = str(reason), True
        elif reason in OF_STOP and exempt is None:
            self._breaks_off(OF_STOP[reason], entry, place, stop=True)
        elif reason == EXEMPTED and exempt is None:
            self._breaks_off(-1, entry, place, stop=True)
            if self.gap is not None:
                self.gap.cause = "exempt"
        if exempt is not None:
            if self.gap is not None:
                self._end(self.gap, self.gap.begin, None)
            self.ceased = [gap for gap in self.ceased if gap.code is None]
            if self.exemption is not None and self.exemption.recording == self._number():
                self.exemption.begin = self.begins.get(entry.sequence, last_of(entry))
        if reason in OFFICER or (interrupt is not None and self.entries[interrupt].body.integer("cause") == DOCKED):
            self.stopped = entry
        self.open = {}

    def _exempt(self, place: int, entry: Entry) -> None:
        if self.exemption is not None:
            self.ceased.append(self.exemption)
        self._end(self.exemption, moment(entry), None)
        if not entry.body.values["begins"]:
            return
        if self.gap is not None:
            self.ceased.append(self.gap)
        self._end(self.gap, moment(entry), None)
        self.stopped = None
        number = entry.body.optional_integer("recording")
        if number is not None and number == self._number():
            self.open["exempt"] = place
        class_ = entry.body.integer("class")
        self.exemption = Gap(CLASSES.get(class_, str(class_)), moment(entry), number, verdict="exempt")
        self.exemption.unknown = class_ not in CLASSES
        self.gaps.append(self.exemption)

    def _off(self, place: int, entry: Entry) -> None:
        reason = entry.body.integer("reason")
        self._end(self.exemption, moment(entry), None)
        if reason != OFF_BATTERY:
            self.ceased = []
            self._end(self.gap, moment(entry), None)
        elif self.gap is None:
            battery = entry.body.optional_integer("battery")
            figures = [] if battery is None else [battery]
            if weigh_battery(figures, in_force(self.entries, place, BATTERY_WARNING)) is False:
                gap = Gap("battery_low", moment(entry), None, says=False, verdict="contradicted")
                following = [other for other in self.entries[place:] if other.known and other.kind_name == "BOOT"]
                gap.end = moment(following[0] if following else self.entries[-1])
                self.gaps.append(gap)

    def _boot(self, place: int, entry: Entry) -> None:
        gap = self.exemption
        if gap is not None and place:
            if "exempt" in self.open:
                self.gaps.remove(gap)
                self.exemption = None
                self.open.pop("exempt")
            else:
                self._end(gap, moment(self.entries[place - 1]), None)


def judge(gaps: Sequence[Gap]) -> None:
    """The verdict of each gap, once voices are known."""
    for gap in gaps:
        if gap.unknown:
            gap.verdict = "undeclared"
        if gap.verdict:
            continue
        if gap.code == OPERATOR:
            gap.verdict = "non_technical"
        elif gap.says is False:
            gap.verdict = "contradicted"
        else:
            gap.verdict = "technical_explained" if gap.voice else "technical_unexplained"
