"""What goes where, decided before anything is drawn: joined spans, stretches to enlarge, labels clear of each other."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise, product
from math import ceil, floor

from evidock.report import Finding, Severity, Span, State, Verdict

from .shapes import IDLE, look_of

MEDIA = (State.RECORDED, State.RECOVERED, State.POST_CLOSE, State.ALTERED)
PANELS = 8  # more enlarged stretches than this are joined: a page must stay readable
DAY = 86400
EVENTFUL = 0.1  # a quiet stretch longer than this share of the interval is clear enough in the overview
_MOMENT = 1e-6  # a fit that any finding with a length of time beats
_SAME = 0.002  # seconds: the same moment, rounded
WELL = 0.3  # the least share of time in common for a finding to speak of a span
SEARCHED = 5  # labels on one lane up to which every arrangement is tried


def joined(spans: Iterable[Span], start: float, end: float) -> list[Span]:
    """`spans` held inside the interval, in order, neighbours that say the same made one. Empty ones go."""
    result: list[Span] = []
    for each in sorted(spans, key=lambda span: (span.device, span.start, span.end)):
        span = replace(each, start=max(each.start, start), end=min(each.end, end))
        if not span.end > span.start:
            continue
        last = result[-1] if result else None
        if (
            last
            and replace(last, start=0, end=0) == replace(span, start=0, end=0)
            and abs(span.start - last.end) < 0.05
        ):
            result[-1] = replace(last, end=span.end)
        else:
            result.append(span)
    return result


def enlargements(spans: Iterable[Span], start: float, end: float, offset: float = 0.0) -> list[tuple[float, float]]:
    """The stretches of time to draw again, enlarged: where media or short gaps are, with a margin. Empty when the whole
    interval is clear at its own scale. Days of activity are cut at local midnight, `offset` seconds ahead of UTC."""
    whole = end - start
    busy = sorted(
        (span.start, span.end)
        for span in spans
        if look_of(span) != IDLE and (span.state in MEDIA or span.seconds < whole * EVENTFUL)
    )
    stretches: list[tuple[float, float]] = []
    for first, last in busy:
        if stretches and first <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(last, stretches[-1][1]))
        else:
            stretches.append((first, last))
    while len(stretches) > 1:
        gap, index = min((stretches[i + 1][0] - stretches[i][1], i) for i in range(len(stretches) - 1))
        both = stretches[index + 1][1] - stretches[index][0]
        if len(stretches) <= PANELS and gap > both * 0.3:
            break
        stretches[index : index + 2] = [(stretches[index][0], stretches[index + 1][1])]
    if len(stretches) == 1 and stretches[0][1] - stretches[0][0] > whole / 3:
        return _days(start, end, offset) if whole > DAY * 1.2 else []
    margins = [max(2.0, (b - a) * 0.05) for a, b in stretches]
    return [(max(start, floor(a - m)), min(end, ceil(b + m))) for (a, b), m in zip(stretches, margins, strict=True)]


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Findings, worst first; their numbers in the picture are their places in this list, from 1."""
    severities, verdicts = list(Severity), list(Verdict)

    def weight(finding: Finding) -> tuple[int, int]:
        forced = -1 if finding.verdict is None else verdicts.index(finding.verdict)
        return -forced, -severities.index(finding.severity)

    return sorted(findings, key=weight)


@dataclass(frozen=True)
class Timed:
    """A finding with its number that has a place on a lane."""

    number: int
    finding: Finding
    start: float
    end: float
    device: str


def timed(findings: list[Finding], only: str | None) -> list[Timed]:
    """The findings that have a time and a recorder, which is `only` where the report has just one."""
    numbered = ((number, finding, finding.device or only) for number, finding in enumerate(findings, 1))
    return [Timed(number, it, *it.time, device) for number, it, device in numbered if it.time and device]


def explanations(spans: list[Span], located: list[Timed]) -> dict[int, int]:
    """For spans (by their place in `spans`) the number of the finding that speaks of them, the best fit of several."""
    result: dict[int, int] = {}
    for place, span in enumerate(spans):
        if span.state is not State.RECORDED and look_of(span) != IDLE:
            fits = [(_fit(span, each), -each.number) for each in located if each.device == span.device]
            fit, number = max(fits, default=(0.0, 0))
            if fit > 0:
                result[place] = -number
    return result


def _fit(span: Span, located: Timed) -> float:
    """The share of the time that span and finding have in common; 0 where the finding speaks of much more.

    A finding at a moment speaks of the span that begins then, when no other fits better.
    """
    if located.start == located.end:
        return _MOMENT if abs(located.start - span.start) < _SAME else 0.0
    common = max(0.0, min(located.end, span.end) - max(located.start, span.start))
    share = common / (max(located.end, span.end) - min(located.start, span.start))
    return share if share >= WELL or common > (located.end - located.start) / 2 else 0.0


@dataclass(frozen=True)
class Label:
    """Room wanted for a label: the place it points to, its width and height. Where room is short the loud get it."""

    anchor: float
    width: float
    height: float
    loud: bool = False


def _days(start: float, end: float, offset: float) -> list[tuple[float, float]]:
    step = DAY * ceil((end - start) / DAY / PANELS)
    first = floor((start + offset) / DAY) * DAY - offset
    cuts = [start, *(first + step * count for count in range(1, ceil((end - first) / step))), end]
    return [(a, b) for a, b in pairwise(cuts) if b > a]


Spots = list[tuple[float, float] | None]


def place(labels: list[Label], left: float, right: float, deepest: float) -> Spots:
    """For each label its left edge and its distance from the lane, so that none covers another or another's pointer;
    None where that would go deeper than `deepest`. A label begins at its anchor, or ends there where that is better."""
    edges = [
        [x for x in (label.anchor, label.anchor - label.width) if left <= x <= right - label.width]
        or [max(left, right - label.width)]
        for label in labels
    ]
    begin = tuple([options[0]] for options in edges)
    ways: list[tuple[list[float], ...]] = [begin, tuple(edges)]
    if len(labels) <= SEARCHED:
        ways = list(product(*([[x] for x in options] for options in edges)))
    rows = [row * 8.0 for row in range(int(deepest // 8) + 1)]
    rightward = sorted(range(len(labels)), key=lambda index: labels[index].anchor)
    orders = [rightward[::-1], rightward, sorted(rightward, key=lambda index: not labels[index].loud)]
    tried = [_try(labels, way, rows, order) for way in ways for order in orders]
    return min(tried, key=lambda spots: _cost(labels, spots))


def _try(labels: list[Label], edges: tuple[list[float], ...], rows: list[float], order: list[int]) -> Spots:
    """Labels one after the other, each at the nearest free place on one of its `edges`."""
    result: Spots = [None] * len(labels)
    taken: list[tuple[Label, float, float]] = []
    for index in order:
        label = labels[index]
        spots = ((x, depth) for depth in rows for x in edges[index])
        spot = next((spot for spot in spots if not any(_disturbs(label, *spot, *other) for other in taken)), None)
        if spot is not None:
            result[index] = spot
            taken.append((label, *spot))
    return result


def _cost(labels: list[Label], spots: Spots) -> float:
    """How ugly an arrangement is: labels left out count most, then depth, then labels that end at their anchor."""
    placed = [(label, *spot) for label, spot in zip(labels, spots, strict=True) if spot]
    missed = sum(20 if label.loud else 1 for label, spot in zip(labels, spots, strict=True) if not spot)
    turned = sum(x < label.anchor for label, x, _ in placed)
    return 2000.0 * missed + sum(depth for _, _, depth in placed) + 6 * turned


def _disturbs(label: Label, x: float, depth: float, other: Label, other_x: float, other_depth: float) -> bool:
    """Whether one of two labels covers the other or the pointer that leads down to it."""
    beside = x >= other_x + other.width + 8 or other_x >= x + label.width + 8
    if not (beside or depth >= other_depth + other.height or other_depth >= depth + label.height):
        return True
    mine = other_x - 3 < label.anchor < other_x + other.width + 3 and other_depth < depth
    theirs = x - 3 < other.anchor < x + label.width + 3 and depth < other_depth
    return mine or theirs
