"""Gaps as drawn: a strip under each lane, a row of the key for each verdict, and the lists of gaps and of what is owed.

Each verdict has a sign of its own outline; colour only repeats it.
"""

from evidock.report import Gap, GapVerdict, Owed, Verdict

from . import symbols
from .arrange import MEDIA
from .drawing import Drawing, short
from .markup import Markup, element, join, width_of, wrap, write
from .panel import Panel
from .shapes import BLUE, GREEN, GREY, INK, LEFT, MARGIN, ORANGE, PALE, PURPLE, RIGHT, VERMILION
from .time_axis import stopwatch

STRIP = 19.0  # height of the strip under a lane
SIGN = 6.5  # radius of a sign on it
MOST = 60  # rows of a list; the JSON report has all
DRAWN = 400  # on one strip
COLOURS = {
    GapVerdict.TECHNICAL_EXPLAINED: GREEN,
    GapVerdict.TECHNICAL_UNEXPLAINED: BLUE,
    GapVerdict.EXEMPT: GREEN,
    GapVerdict.NON_TECHNICAL: PURPLE,
    GapVerdict.CONTRADICTED: VERMILION,
    GapVerdict.CLOCK_STEP: GREY,
    GapVerdict.ALTERED: VERMILION,
    GapVerdict.UNDECLARED: ORANGE,
}
WORST_LAST = (
    GapVerdict.EXEMPT,
    GapVerdict.TECHNICAL_EXPLAINED,
    GapVerdict.TECHNICAL_UNEXPLAINED,
    GapVerdict.CLOCK_STEP,
    GapVerdict.NON_TECHNICAL,
    GapVerdict.UNDECLARED,
    GapVerdict.CONTRADICTED,
    GapVerdict.ALTERED,
)


def sign(verdict: GapVerdict, x: float, y: float, r: float = SIGN) -> Markup:
    """The sign of a gap's verdict, of radius `r` around (x, y)."""
    colour = COLOURS[verdict]
    like = {
        GapVerdict.TECHNICAL_EXPLAINED: Verdict.VERIFIED_DECLARED_GAPS,
        GapVerdict.TECHNICAL_UNEXPLAINED: Verdict.INDETERMINATE,
        GapVerdict.NON_TECHNICAL: Verdict.UNTRUSTED,
        GapVerdict.UNDECLARED: Verdict.INCOMPLETE,
        GapVerdict.ALTERED: Verdict.ALTERED,
    }.get(verdict)
    if like is not None:
        return symbols.of_verdict(like, x, y, r)
    pen = {"stroke": colour, "stroke_width": r * 0.22}
    if verdict is GapVerdict.EXEMPT:
        ground = element("circle", cx=x, cy=y, r=r * 0.95, fill="#FFFFFF", **pen)
        return join(ground, _letter("§", x, y, r, INK))
    if verdict is GapVerdict.CLOCK_STEP:
        ground = element("circle", cx=x, cy=y, r=r * 0.95, fill="#FFFFFF", **pen)
        hands = f"M{x:.2f},{y - r * 0.6:.2f}V{y:.2f}h{r * 0.5:.2f}"
        return join(ground, element("path", d=hands, fill="none", stroke=INK, stroke_width=r * 0.2))
    square = element("rect", x=x - r, y=y - r, width=2 * r, height=2 * r, rx=r * 0.25, fill=colour)
    return join(square, _letter("≠", x, y, r * 1.15, "#FFFFFF"))


def _letter(text: str, x: float, y: float, r: float, fill: str) -> Markup:
    return write(x, y + r * 0.5, text, size=r * 1.4, weight="bold", fill=fill, anchor="middle")


def strip(panel: Panel, device: str, y: float) -> tuple[Markup, float]:
    """The gaps of a recorder under its lane, and the height that they take."""
    own = [gap for gap in panel.drawing.report.gaps if gap.device == device]
    shown = [(gap, *ends) for gap in own if (ends := _ends(panel, gap)) is not None][:DRAWN]
    if not shown:
        return Markup(), 0.0
    middle = y + STRIP / 2 + 2
    shown.sort(key=lambda one: WORST_LAST.index(one[0].verdict))
    taken: list[tuple[float, float]] = []
    bars: list[Markup] = []
    marks: list[Markup] = []
    for gap, left, right in reversed(shown):  # the worst take their places first
        title = element("title", " · ".join(words(panel.drawing, gap)))
        bars.append(element("g", title, _bracket(gap, left, right, middle)))
        left, right = max(left, LEFT), min(right, RIGHT)
        text = "" if gap.start is not None and gap.end is not None else length(panel.drawing, gap)
        wide = width_of(text, 11) + 8 if text else 0.0
        for share, beside in ((0.5, wide), (0.2, wide), (0.75, wide), (0.5, 0.0)):
            x = min(max(left + (right - left) * share, LEFT + SIGN), RIGHT - SIGN)
            fits = beside == 0 or x + SIGN + beside < right
            if fits and all(x + SIGN + beside + 1 < first or x - SIGN - 1 > last for first, last in taken):
                taken.append((x - SIGN, x + SIGN + beside))
                marks.append(element("g", title, sign(gap.verdict, x, middle), _beside(text, x, middle, beside)))
                break
    return join(element("g", *reversed(bars), clip_path="url(#evidock-lanes)"), *marks), STRIP


def _beside(text: str, x: float, middle: float, room: float) -> Markup:
    """How long a gap is of which only bounds are known, beside its sign: its bracket does not show that."""
    if not room:
        return Markup()
    ground = element("rect", x=x + SIGN + 2, y=middle - 7, width=room - 2, height=14, fill="#FFFFFF")
    return join(ground, write(x + SIGN + 4, middle + 4, text, size=11))


def length(drawing: Drawing, gap: Gap) -> str:
    """30 s; 3 min 20 s–34 min; ≥ 30 s."""
    least, most = gap.seconds
    if most is None:
        return f"≥ {drawing.duration(least)}"
    if most - least < 0.5:
        return drawing.duration(least)
    return f"{drawing.duration(least)}–{drawing.duration(most)}"


def _ends(panel: Panel, gap: Gap) -> tuple[float, float] | None:
    """Where a gap begins and ends on the page, or None when the panel does not show it."""
    start, end = (gap.start, gap.end) if gap.start is not None and gap.end is not None else gap.between
    if start is None and end is None:
        return None
    start = panel.drawing.start if start is None else start
    end = panel.drawing.end if end is None else end
    if gap.start is None or gap.end is None:
        start, end = _cut(panel.drawing, gap, start, end)
    if end < panel.start or start > panel.end:
        return None
    return panel.scale.x(max(start, panel.start - 1e9)), panel.scale.x(end)


def _cut(drawing: Drawing, gap: Gap, start: float, end: float) -> tuple[float, float]:
    """Bounds without what is recorded at their ends: no gap lies there, however little is known of its place."""
    own = [span for span in drawing.spans if span.device == gap.device and span.state in MEDIA]
    for span in own:
        if gap.start is None and span.start <= start < span.end < end:
            start = span.end
    for span in reversed(own):
        if gap.end is None and start < span.start < end <= span.end:
            end = span.start
    return start, end


def _bracket(gap: Gap, left: float, right: float, y: float) -> Markup:
    """A line with caps from the beginning of a gap to its end; dashed where only bounds are known."""
    if right - left < 3:
        left, right = (left + right) / 2 - 1.5, (left + right) / 2 + 1.5
    path = f"M{left:.2f},{y - 5:.2f}v10M{left:.2f},{y:.2f}H{right:.2f}M{right:.2f},{y - 5:.2f}v10"
    pen: dict[str, object] = {"fill": "none", "stroke": COLOURS[gap.verdict], "stroke_width": 2.6}
    if gap.start is None or gap.end is None:
        pen["stroke_dasharray"] = "5 3"
    return element("path", d=path, **pen)  # type: ignore[arg-type]


def words(drawing: Drawing, gap: Gap) -> list[str]:
    """What a gap says when one points at it."""
    return [drawing.call("gap", gap.verdict.value), when(drawing, gap), length(drawing, gap), gap.text]


def when(drawing: Drawing, gap: Gap) -> str:
    """Day, times and length of a gap, or the moments between which it lies."""
    clock = drawing.clock
    if gap.start is not None and gap.end is not None:
        return f"{clock.date(gap.start)} {drawing.when(gap.start, gap.end)}"
    if gap.between == (None, None):
        return drawing.say("gap.unknown")
    start, end = ("…" if one is None else f"{clock.date(one)} {clock.time(one)}" for one in gap.between)
    return drawing.say("gap.between", start=start, end=end)


def verdicts(drawing: Drawing) -> list[GapVerdict]:
    """Those that occur, the worst first."""
    found = {gap.verdict for gap in drawing.report.gaps}
    return [verdict for verdict in reversed(WORST_LAST) if verdict in found]


def total(drawing: Drawing, verdict: GapVerdict) -> str:
    """How many gaps have a verdict, and their length at least: 3 × 00:12:00."""
    own = [gap for gap in drawing.report.gaps if gap.verdict is verdict]
    return f"{len(own)} × {stopwatch(sum(gap.seconds[0] for gap in own))}"


def listed(drawing: Drawing, y: float) -> tuple[Markup, float]:
    """The list of gaps, in the order of time."""
    if not drawing.report.gaps:
        return Markup(), 0.0
    parts = [write(MARGIN, y + 14, drawing.say("gaps"), size=15, weight="bold")]
    top = y + 24
    for gap in drawing.report.gaps[:MOST]:
        parts += [
            element("path", d=f"M{MARGIN:.2f},{top:.2f}H{RIGHT:.2f}", stroke=PALE),
            sign(gap.verdict, MARGIN + 12, top + 16, 8),
            write(MARGIN + 32, top + 21, drawing.call("gap", gap.verdict.value), size=13, weight="bold"),
            write(RIGHT, top + 21, " · ".join(_where(drawing, gap)), size=12, anchor="end", fill=GREY),
        ]
        base = top + 38
        for line in wrap(gap.text, RIGHT - LEFT - 90, 12.5):
            parts.append(write(MARGIN + 32, base, line, size=12.5))
            base += 16
        top = base - 4
    return _more(drawing, parts, top, y, len(drawing.report.gaps))


def _where(drawing: Drawing, gap: Gap) -> list[str]:
    several = [drawing.say("recorder", id=short(gap.device))] if len(drawing.devices) != 1 else []
    return [*several, when(drawing, gap)]


def owed(drawing: Drawing, y: float) -> tuple[Markup, float]:
    """The list of what people still have to do."""
    if not drawing.report.owed:
        return Markup(), 0.0
    parts = [
        write(MARGIN, y + 14, drawing.say("owed"), size=15, weight="bold"),
        write(MARGIN + 66, y + 14, drawing.say("owed.explanation"), size=12, fill=GREY),
    ]
    top = y + 24
    for one in drawing.report.owed[:MOST]:
        parts.append(element("path", d=f"M{MARGIN:.2f},{top:.2f}H{RIGHT:.2f}", stroke=PALE))
        parts.append(write(MARGIN, top + 17, drawing.call("duty", one.what.value), size=12.5, weight="bold"))
        parts.append(write(RIGHT, top + 17, since(drawing, one), size=12, anchor="end", fill=GREY))
        lines = wrap(one.text, RIGHT - LEFT - 200, 12.5)
        parts += [write(LEFT, top + 17 + 16 * index, line, size=12.5) for index, line in enumerate(lines)]
        top += 8 + 16 * len(lines)
    return _more(drawing, parts, top, y, len(drawing.report.owed))


def since(drawing: Drawing, one: Owed) -> str:
    """Since when it is owed, and of which recorder where there are several."""
    words = [] if len(drawing.devices) == 1 else [drawing.say("recorder", id=short(one.device))]
    if one.since is None:
        return " · ".join([*words, drawing.say("gap.unknown")])
    time = f"{drawing.clock.date(one.since)} {drawing.clock.time(int(one.since))}"
    return " · ".join([*words, drawing.say("owed.since", time=time)])


def _more(drawing: Drawing, parts: list[Markup], top: float, y: float, count: int) -> tuple[Markup, float]:
    if count > MOST:
        parts.append(write(MARGIN, top + 16, drawing.say("findings.more", count=count - MOST)))
        top += 24
    return join(*parts), top - y
