"""What is written around a lane: flags of marks above it, labels with pointers below it."""

from dataclasses import dataclass

from evidock.report import Span, State

from . import arrange, symbols
from .drawing import Drawing, shortened
from .markup import Markup, element, join, width_of, write
from .panel import Panel
from .shapes import GREY, IDLE, INK, LEFT, RIGHT, look_of

LINE = 15.0  # between baselines of a label
DEEPEST = 150.0  # room for labels under a lane
TRACK_CODES = ("AUDIO_MISSING", "PICTURE_MISSING")  # say more than the state of what they lack
MOST = 60  # labels tried on one lane


def draw_flags(panel: Panel, device: str, y: float) -> tuple[Markup, float]:
    """The marks of a recorder above its lane, and how much room they take."""
    drawing = panel.drawing
    marks = [mark for mark in drawing.report.marks if mark.device == device and panel.start <= mark.time <= panel.end]
    if not marks:
        return Markup(), 6.0
    texts = [f"{drawing.call('mark', mark.type)} {drawing.clock.time(mark.time)}" for mark in marks]
    shown = [index for index, mark in enumerate(marks) if panel.tells(mark.time, mark.time)]
    wanted = [arrange.Label(panel.scale.x(marks[i].time), width_of(texts[i], 11.5) + 13, LINE) for i in shown]
    places = dict(zip(shown, arrange.place(wanted, LEFT, RIGHT, 60), strict=True))
    bare = [panel.scale.x(mark.time) for index, mark in enumerate(marks) if not places.get(index)]
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
            left, anchor = (x + 12, None) if found[0] > x - 1 else (x - 5, "end")
            parts.append(write(left, tip + 9, texts[index], size=11.5, anchor=anchor))
    return join(*parts), room


@dataclass(frozen=True)
class Note:
    """What a label under a lane says: where it points to, its lines, the number of its finding."""

    anchor: float
    lines: list[str]
    number: int | None
    loud: bool = True
    boxed: bool = False

    @property
    def label(self) -> arrange.Label:
        """The room that it needs."""
        title = width_of(self.lines[0], 12, "bold") + (0 if self.number is None else 22)
        width = max(title, *(width_of(line, 12) for line in self.lines[1:]))
        return arrange.Label(self.anchor, width + 14, len(self.lines) * LINE + 8, self.loud)


def draw_labels(panel: Panel, device: str, places: list[int], foot: float) -> tuple[Markup, float]:
    """Labels under a lane for its gaps, alterations and loose findings, and how deep they reach."""
    notes = _notes(panel, device, places)
    shown = notes[-MOST:]
    spots = arrange.place([note.label for note in shown], LEFT, RIGHT, DEEPEST)
    parts: list[Markup] = []
    deep = 0.0
    for note, spot in zip(shown, spots, strict=True):
        if spot:
            parts.append(_label(note, spot[0], foot, foot + 12 + spot[1]))
            deep = max(deep, 12 + spot[1] + note.label.height)
    if missed := spots.count(None) + len(notes) - len(shown):
        parts.append(
            write(LEFT, foot + deep + 16, panel.drawing.say("labels.more", count=missed), size=11.5, fill=GREY)
        )
        deep += 18
    return join(*parts), deep


def _notes(panel: Panel, device: str, places: list[int]) -> list[Note]:
    """Notes on the spans at `places` and on loose findings, the most important last."""
    drawing = panel.drawing
    notes: list[Note] = []
    for index in places:
        span = drawing.spans[index]
        if span.state is State.RECORDED or look_of(span) == IDLE or not panel.tells(span.start, span.end):
            continue
        middle = (max(span.start, panel.start) + min(span.end, panel.end)) / 2
        number = drawing.numbers.get(index)
        loud = number is not None or span.state not in (State.RECOVERED, State.POST_CLOSE)
        lines = _lines(drawing, span, number)
        notes.append(Note(panel.scale.x(middle), lines, number, loud, span.state is State.ALTERED))
    for it in drawing.loose:
        if it.device == device and panel.tells(it.start, it.end):
            lines = [drawing.call("finding", it.finding.code), drawing.when(it.start, it.end)]
            notes.append(Note(panel.scale.x(it.start), lines, it.number))
    return sorted(notes, key=lambda note: note.loud)


def _lines(drawing: Drawing, span: Span, number: int | None) -> list[str]:
    cause = drawing.call("cause", span.cause) if span.cause else ""
    state = drawing.call("state", span.state.value)
    title = cause or state
    if number is not None and drawing.findings[number - 1].code in TRACK_CODES:
        title = drawing.call("finding", drawing.findings[number - 1].code)
    if cause and span.state is not State.DECLARED:
        title = drawing.say("pair", name=state, value=cause)
    lines = [shortened(title, 60), drawing.when(span.start, span.end)]
    if span.state is State.ALTERED and number is not None:
        finding = drawing.findings[number - 1]
        if finding.path is not None:
            lines.append(shortened(finding.path, 52))
        if finding.bytes is not None:
            lines.append(drawing.say("bytes", start=finding.bytes[0], end=max(finding.bytes[0], finding.bytes[1] - 1)))
    return lines


def _label(note: Note, x: float, foot: float, y: float) -> Markup:
    """A note with its left upper corner at (x, y) and a pole up to the lane, beside which it begins or ends."""
    label, after = note.label, x > note.anchor - 1
    pole = element("path", d=f"M{note.anchor:.2f},{foot - 2:.2f}V{y + label.height - 4:.2f}", stroke=INK)
    pen = {"fill": "#FFFFFF", "stroke": INK if note.boxed else "none", "stroke_width": 1.6}
    box = element("rect", x=x, y=y, width=label.width, height=label.height - 2, **pen)
    parts = [pole, box] if note.boxed else [box, pole]
    edge, way = (x + 7, 1) if after else (x + label.width - 7, -1)
    if note.number is not None:
        parts.append(symbols.number(edge + 8 * way, y + 10, note.number))
    for index, line in enumerate(note.lines):
        indent = 0 if index or note.number is None else 21
        weight, anchor = None if index else "bold", None if after else "end"
        parts.append(write(edge + indent * way, y + 14 + index * LINE, line, size=12, weight=weight, anchor=anchor))
    return join(*parts)
