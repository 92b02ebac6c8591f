"""Section "Verification of a chain", "Coverage": every second of a recorder, and the totals."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .coverage import covering
from .entries import Entry
from .gaps import Gap, Moment
from .places import Place
from .recordings import Recording
from .timeline import STATES
from .times import Times

Key = tuple[str, str | None, int | None]  # state, cause, recording
STANDBY: Key = ("declared", "standby", None)
OFF: Key = ("declared", "off", None)
RESETS = {1: "power_lost", 2: "watchdog", 3: "brown_out"}


@dataclass(frozen=True)
class Second:
    """A stretch of time that stands in one way; Unix milliseconds."""

    begin: int
    end: int
    key: Key


@dataclass
class Unplaced:
    """A boot that has no place: milliseconds by state, and the bounds between which it lies."""

    boot: int
    totals: dict[str, int]
    between: tuple[int | None, int | None]


@dataclass
class Seconds:
    """The whole time line of a recorder."""

    spans: list[Second] = field(default_factory=list)
    unplaced: list[Unplaced] = field(default_factory=list)
    totals: Counter[str] = field(default_factory=Counter)


def _painted(length: tuple[int, int], layers: Sequence[tuple[int, int, Key]]) -> Iterator[tuple[int, int, Key]]:
    """What is uppermost in every stretch: later layers lie above earlier ones."""
    edges = {edge for begin, end, _ in layers for edge in (begin, end) if length[0] < edge < length[1]}
    for begin, end in itertools.pairwise(sorted(edges | set(length))):
        above = [key for first, last, key in layers if first <= begin and end <= last]
        yield begin, end, above[-1] if above else STANDBY


def _key_of(gap: Gap) -> Key:
    if gap.unknown:
        return "unexplained", gap.cause, gap.recording
    if gap.verdict == "exempt":
        return "exempt", gap.cause, None
    return "unexplained" if gap.says is False else "declared", gap.cause, gap.recording


class Painter:
    """Lays gaps and recordings above standby, boot by boot."""

    def __init__(
        self,
        entries: Sequence[Entry],
        times: Times,
        gaps: Sequence[Gap],
        recordings: Sequence[Recording],
        states: Mapping[Place, str],
        altered: Mapping[Place, list[tuple[int, int]]],
    ) -> None:
        self.times, self.gaps = times, gaps
        self.offs = {
            entry.fields.integer("boot"): entry.fields.integer("ticks")
            for entry in entries
            if entry.known and entry.kind_name == "OFF"
        }
        self.resets = {
            entry.fields.integer("boot"): entry.body.integer("reset")
            for entry in entries
            if entry.known and entry.kind_name == "BOOT"
        }
        self.recorded: dict[int, list[tuple[int, int, Key]]] = {}
        causes = {gap.recording: gap.cause for gap in gaps if gap.code is not None}
        for recording in recordings:
            spans = [span for track in covering(recording, states, altered).values() for span in track]
            for span in sorted(spans, key=lambda span: -STATES.index(span.state)):
                cause = causes.get(recording.number) if span.state == "declared" else None
                key = (span.state, cause, recording.number)
                self.recorded.setdefault(span.boot, []).append((span.begin, span.end, key))
        begins = {entry.fields.integer("boot"): entry.fields.integer("ticks") for entry in entries[:1]}
        self.begins = begins

    def _covers(self, gap: Gap, begin: Moment, end: Moment) -> tuple[Moment, Moment] | None:
        first, last = max(gap.begin, begin), min(gap.end or gap.begin, end)
        return (first, last) if first < last else None

    def boot(self, number: int) -> list[tuple[int, int, Key]]:
        last = self.times.boots[number].last
        layers = list[tuple[int, int, Key]]()
        if number in self.offs:
            layers.append((self.offs[number], last, OFF))
        for gap in self.gaps:
            part = self._covers(gap, (number, 0), (number, last))
            if part:
                layers.append((part[0][1], part[1][1], _key_of(gap)))
        layers += self.recorded.get(number, [])
        return list(_painted((self.begins.get(number, 0), last), layers))

    def between(self, one: int, other: int) -> Key:
        """What stands between two boots that follow one another."""
        for gap in reversed(self.gaps):
            if gap.begin <= (one, self.times.boots[one].last) and (gap.end or gap.begin) >= (other, 0):
                return _key_of(gap)
        if one in self.offs:
            return OFF
        return "declared", RESETS.get(self.resets.get(other, 1), "unknown"), None


def seconds(painter: Painter) -> Seconds:
    """Spans of what is placed; what is not stands beside them."""
    found, boots = Seconds(), list(painter.times.boots.values())
    placed = [boot for boot in boots if boot.place is not None]
    hidden = 0
    for before, boot in zip([None, *placed], placed, strict=False):
        if before is not None and before.place is not None and boot.place is not None:
            lost = [other.last for other in boots if before.number < other.number < boot.number]
            hidden += sum(lost)
            key: Key = ("declared", "clock_lost", None) if lost else painter.between(before.number, boot.number)
            found.spans.append(Second(before.place + before.last, boot.place, key))
        parts = painter.boot(boot.number)
        found.spans += [Second((boot.place or 0) + begin, (boot.place or 0) + end, key) for begin, end, key in parts]
    found.spans = _merged(found.spans)
    for span in found.spans:
        found.totals[span.key[0]] += span.end - span.begin
    found.totals["declared"] -= hidden
    for boot in boots:
        if boot.place is None:
            totals: Counter[str] = Counter()
            for begin, end, key in painter.boot(boot.number):
                totals[key[0]] += end - begin
            found.unplaced.append(Unplaced(boot.number, dict(totals), (boot.begin[0], boot.end[1])))
            found.totals.update(totals)
    return found


def _merged(spans: Sequence[Second]) -> list[Second]:
    found: list[Second] = []
    for span in spans:
        if span.begin == span.end:
            continue
        if found and found[-1].end == span.begin and found[-1].key == span.key:
            found[-1] = replace(found[-1], end=span.end)
        else:
            found.append(span)
    return found
