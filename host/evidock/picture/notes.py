"""What is written around a lane: flags of marks above it, labels with pointers below it."""

from evidock.report import Span, State

from . import arrange, symbols
from .drawing import Drawing, shortened
from .markup import Markup, element, join, width_of, write
from .panel import Panel
from .shapes import GREY, IDLE, INK, LEFT, RIGHT, look_of

LINE = 15.0  # between baselines of a label
DEEPEST = 150.0  # room for labels under a lane
MOST = 60  # labels tried on one lane


def draw_flags(panel: Panel, device: str, y: float) -> tuple[Markup, float]:
    """The marks of a recorder above its lane, and how much room they take."""
    marks = [
        mark for mark in panel.drawing.report.marks if mark.device == device and panel.start <= mark.time <= panel.end
    ]
    if not marks:
        return Markup(), 6.0
    drawing = panel.drawing
    texts = [f"{drawing.call('mark', mark.type)} {drawing.clock.time(mark.time)}" for mark in marks]
    shown = [index for index, mark in enumerate(marks) if panel.tells(mark.time, mark.time)]
    wanted = [arrange.Label(panel.scale.x(marks[i].time), width_of(texts[i], 11.5) + 13, LINE) for i in shown]
    places = dict(zip(shown, arrange.place(wanted, LEFT, RIGHT, 60), strict=True))
    bare = [x for index, x in enumerate(map(panel.scale.x, (mark.time for mark in marks))) if not places.get(index)]
    for index, found in places.items():  # a flag without a label stands low and must not stand in front of words
        if found and found[1] < LINE and any(found[0] < x < found[0] + width_of(texts[index], 11.5) + 13 for x in bare):
            places[index] = None
    room = 20 + max((found[1] for found in places.values() if found), default=0.0)
    parts: list[Markup] = []
    for index, mark in enumerate(marks):
        x, found = panel.scale.x(mark.time), places.get(index)
        tip = y + room - 16 - (found[1] if found else 0)
        parts.append(element("g", element("title", texts[index]), symbols.flag(x, y + room + panel.height * 0.2, tip)))
        if found:
            beside = {} if found[0] > x - 1 else {"anchor": "end"}
            parts.append(write(x - 5 if beside else x + 12, tip + 9, texts[index], size=11.5, **beside))
    return join(*parts), room


def draw_labels(panel: Panel, device: str, places: list[int], foot: float) -> tuple[Markup, float]:
    """Labels under a lane for its gaps, alterations and loose findings, and how deep they reach."""
    drawing = panel.drawing
    told: list[tuple[float, list[str], int | None, bool, bool]] = []  # anchor, lines, number, loud, boxed
    for index in places:
        span = drawing.spans[index]
        if span.state is not State.RECORDED and look_of(span) != IDLE and panel.tells(span.start, span.end):
            middle = (max(span.start, panel.start) + min(span.end, panel.end)) / 2
            number = drawing.numbers.get(index)
            loud = number is not None or span.state not in (State.RECOVERED, State.POST_CLOSE)
            told.append(
                (panel.scale.x(middle), _lines(drawing, span, number), number, loud, span.state is State.ALTERED)
            )
    for number, finding in drawing.loose:
        if finding.time and finding.device in (None, device) and panel.tells(*finding.time):
            lines = [drawing.call("finding", finding.code), drawing.when(*finding.time)]
            told.append((panel.scale.x(finding.time[0]), lines, number, True, False))
    crowded = told[:-MOST]  # quiet ones: `places` is in the order of loudness
    told = told[-MOST:]
    wanted = [
        arrange.Label(
            anchor,
            14
            + max(
                width_of(lines[0], 12, "bold") + 22 * (number is not None), *(width_of(line, 12) for line in lines[1:])
            ),
            len(lines) * LINE + 8,
            loud,
        )
        for anchor, lines, number, loud, _ in told
    ]
    found = arrange.place(wanted, LEFT, RIGHT, DEEPEST)
    parts: list[Markup] = []
    for (anchor, lines, number, _, boxed), label, spot in zip(told, wanted, found, strict=True):
        if spot:
            parts.append(_label(anchor, lines, number, boxed, spot[0], foot + 12 + spot[1], label, foot))
    deep = max((12 + spot[1] + label.height for spot, label in zip(found, wanted, strict=True) if spot), default=0.0)
    if missed := found.count(None) + len(crowded):
        parts.append(write(LEFT, foot + deep + 16, drawing.say("labels.more", count=missed), size=11.5, fill=GREY))
        deep += 18
    return join(*parts), deep


def _lines(drawing: Drawing, span: Span, number: int | None) -> list[str]:
    cause = drawing.call("cause", span.cause) if span.cause else ""
    state = drawing.call("state", span.state.value)
    title = (
        (cause or state)
        if span.state is State.DECLARED
        else drawing.say("pair", name=state, value=cause)
        if cause
        else state
    )
    lines = [shortened(title, 60), drawing.when(span.start, span.end)]
    if span.state is State.ALTERED and number is not None:
        finding = drawing.findings[number - 1]
        if finding.path is not None:
            lines.append(shortened(finding.path, 52))
        if finding.bytes is not None:
            lines.append(drawing.say("bytes", start=finding.bytes[0], end=max(finding.bytes[0], finding.bytes[1] - 1)))
    return lines


def _label(
    anchor: float,
    lines: list[str],
    number: int | None,
    boxed: bool,
    x: float,
    y: float,
    label: arrange.Label,
    foot: float,
) -> Markup:
    after = x > anchor - 1  # the label begins at its pole, or else ends there
    pole = element("path", d=f"M{anchor:.2f},{foot - 2:.2f}V{y + label.height - 4:.2f}", stroke=INK)
    pen = {"fill": "#FFFFFF", "stroke": INK if boxed else "none", "stroke_width": 1.6}
    box = element("rect", x=x, y=y, width=label.width, height=label.height - 2, **pen)
    parts = [pole, box] if boxed else [box, pole]
    edge, way = (x + 7, 1) if after else (x + label.width - 7, -1)
    if number is not None:
        parts.append(symbols.number(edge + 8 * way, y + 10, number))
    for index, line in enumerate(lines):
        indent = 21 if number is not None and not index else 0
        pen = {"weight": None if index else "bold", "anchor": None if after else "end"}
        parts.append(write(edge + indent * way, y + 14 + index * LINE, line, size=12, **pen))
    return join(*parts)
