"""Section "Verification of a chain", "Recordings", step 7: the time line of one recording, a track at a time.

Times are pairs of a boot and a tick of that boot. A span is what stands in one boot, from one tick to another.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from .fields import Fields
from .segments import BOTH, PICTURE, POST_CLOSE, RECOVERED, SOUND

CAPTURE_DELAY = 500
LAG_SLACK = 75_000
RECOVERY_SLACK = 15_000
# "Coverage": worst first.
STATES = ("altered", "unexplained", "pending", "withheld", "declared", "post_close", "recovered", "recorded")
STATE_OF = {RECOVERED: "recovered", POST_CLOSE: "post_close"}
MISSING = {SOUND: "AUDIO_MISSING", PICTURE: "PICTURE_MISSING"}


@dataclass(frozen=True)
class Span:
    """A stretch of one boot and how it stands; `number` is the segment that accounts for it."""

    boot: int
    begin: int
    end: int
    state: str
    number: int | None = None


@dataclass
class Line:
    """One track: what accounts for it and what it lacks."""

    outside: dict[int, int]
    reached: dict[int, int]
    spans: list[Span] = field(default_factory=list)
    missing: range | None = None  # sequences, since its last SEGMENT, that no JOURNAL covers

    def upto(self, boot: int) -> int:
        return self.reached.get(boot, self.outside.get(boot, 0))

    def lacks(self, boot: int, tick: int) -> int:
        return max(0, tick - self.upto(boot))

    def hole(self, boot: int, tick: int, declared: bool) -> None:
        """What lies between the tick up to which it is accounted for and this one."""
        if self.lacks(boot, tick):
            state = "declared" if declared else "altered" if self.missing else "unexplained"
            self.spans.append(Span(boot, self.upto(boot), tick, state))
            self.reached[boot] = tick


class Timeline:
    """The tracks of a recording that are due. `outside`: by boot, the last entry outside recordings."""

    def __init__(self, due: int, boot: int, ticks: int, outside: dict[int, int]) -> None:
        self.due = due
        self.lines = {bit: Line(outside, {boot: ticks}) for bit in (SOUND, PICTURE) if due & bit}
        self.furthest = dict[int, int]()
        self.ends = dict[int, tuple[int, int]]()  # by `track`: where its newest segment ended
        self.start = boot, ticks

    def damage(self, first: int, last: int) -> None:
        for line in self.lines.values():
            line.missing = range(first if line.missing is None else line.missing.start, last + 1)

    def declared_lost(self, first: int, last: int) -> None:
        """JOURNAL: what it covers is missing, not altered."""
        for line in self.lines.values():
            if line.missing and first <= line.missing[0] and line.missing[-1] <= last:
                line.missing = None

    def segment(self, body: Fields, declared: bool, state: str | None) -> bool:
        """A SEGMENT accounts for its tracks. Whether it begins no earlier than what stands before it ended."""
        track, boot = body.integer("track"), body.integer("boot")
        first, last = body.integer("first_tick"), body.integer("last_tick")
        state = state or STATE_OF.get(body.integer("attested"), "recorded")
        before = self.ends.get(track, self.start)
        in_order = boot != before[0] or first >= before[1]
        if track not in self.ends and boot == self.start[0] and first - self.start[1] <= CAPTURE_DELAY:
            first = min(first, self.start[1])
        for bit, line in self.lines.items():
            if track & bit:
                line.hole(boot, first, declared)
                line.spans.append(Span(boot, first, last, state, body.integer("number")))
                line.reached[boot], line.missing = max(line.upto(boot), last), None
        self.ends[track] = boot, last
        self.furthest[boot] = max(self.furthest.get(boot, 0), last)
        return in_order

    def unexplained(self, body: Fields, begin: int, end: int, named: bool) -> None:
        """A stretch of a segment that its frames do not account for; `named`: it is a hole with a finding."""
        number = None if named else body.integer("number")
        for bit, line in self.lines.items():
            if body.integer("track") & bit:
                line.spans.append(Span(body.integer("boot"), begin, end, "unexplained", number))

    def until(self, boot: int, tick: int, declared: bool) -> None:
        for line in self.lines.values():
            line.hole(boot, tick, declared)

    def lowest(self, boot: int) -> int:
        """The lowest tick up to which a track is accounted for without what INTERRUPT declares."""
        ends = list[int]()
        for line in self.lines.values():
            tick = line.upto(boot)
            for span in reversed(line.spans):
                if span.state != "declared" or span.boot != boot or span.end != tick:
                    break
                tick = span.begin
            ends.append(tick)
        return min(ends)

    def interrupt(self, boot: int, last: int, ticks: int | None, declared: bool) -> None:
        """INTERRUPT; `ticks` are its own, None in a later boot."""
        reached = {bit: line.upto(boot) for bit, line in self.lines.items()}
        for bit, line in self.lines.items():
            if ticks is None:
                another = any(tick >= last for other, tick in reached.items() if other != bit)
                line.hole(boot, last, declared or (another and line.lacks(boot, last) <= RECOVERY_SLACK))
            elif line.lacks(boot, max(last, ticks)) <= LAG_SLACK:
                line.hole(boot, last, True)
            else:
                line.hole(boot, max(last, ticks), declared)

    def close(self, declared: bool) -> None:
        """What each track lacks up to the furthest segment."""
        for boot, tick in self.furthest.items():
            self.until(boot, tick, declared)

    def run_on(self, boot: int, tick: int) -> None:
        """Step 6: it still runs at the head: what a track lacks is pending, unless it lags too far behind."""
        furthest = self.furthest.get(boot, 0)
        for line in self.lines.values():
            if line.lacks(boot, furthest) > LAG_SLACK:
                line.hole(boot, furthest, False)
            if line.lacks(boot, tick):
                line.spans.append(Span(boot, line.upto(boot), tick, "pending"))
                line.reached[boot] = tick

    def missing(self) -> Iterator[tuple[str, Span]]:
        """The unexplained holes by their codes: where all tracks have one, it is a COVERAGE_HOLE."""
        holes = {bit: merged(line.spans) for bit, line in self.lines.items()}
        if self.due != BOTH:
            yield from (("COVERAGE_HOLE", span) for spans in holes.values() for span in spans)
            return
        at_once = [both for one in holes[SOUND] for other in holes[PICTURE] if (both := common(one, other))]
        yield from (("COVERAGE_HOLE", span) for span in at_once)
        for bit, spans in holes.items():
            for span in spans:
                yield from ((MISSING[bit], rest) for rest in without(span, at_once))


def merged(spans: list[Span]) -> list[Span]:
    """The unexplained holes, not what a segment covers; those that overlap are one."""
    found: list[Span] = []
    chosen = (span for span in spans if span.state == "unexplained" and span.number is None)
    for span in sorted(chosen, key=lambda span: (span.boot, span.begin)):
        if found and found[-1].boot == span.boot and span.begin < found[-1].end:
            last = found.pop()
            span = Span(last.boot, last.begin, max(last.end, span.end), last.state)
        found.append(span)
    return found


def common(one: Span, other: Span) -> Span | None:
    begin, end = max(one.begin, other.begin), min(one.end, other.end)
    return Span(one.boot, begin, end, one.state) if one.boot == other.boot and begin < end else None


def without(span: Span, others: list[Span]) -> Iterator[Span]:
    """What is left of a span; the others do not overlap one another."""
    begin = span.begin
    for other in sorted((other for other in others if common(span, other)), key=lambda other: other.begin):
        if other.begin > begin:
            yield Span(span.boot, begin, other.begin, span.state)
        begin = max(begin, other.end)
    if begin < span.end:
        yield Span(span.boot, begin, span.end, span.state)
