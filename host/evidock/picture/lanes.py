"""A panel as drawn: one time axis, and under it a lane for each recorder with its spans."""

from evidock.report import DeviceReport, Span, State

from . import gaps, symbols
from .drawing import Drawing, short, shortened
from .markup import Markup, element, join, width_of, write
from .notes import draw_flags, draw_labels
from .panel import Panel
from .shapes import FAINT, GREY, IDLE, INK, LEFT, MARGIN, PALE, RIGHT, SILVER, draw, look_of
from .time_axis import ticks

TRACK, TRACK_SPACE = 11.0, 4.0  # height of a track's lane, and the room above it
LAST = {State.UNEXPLAINED: 1, State.ALTERED: 2}  # what is wrong is drawn last, over everything else


def draw_panel(panel: Panel, y: float) -> tuple[Markup, float]:
    """The panel with its top at `y`, and its height."""
    axis = y + 50
    top = axis + (24 if panel.letter is None and panel.drawing.stretches else 8)
    below = top
    lanes: list[Markup] = []
    for device in panel.drawing.devices:
        lane, below = _lane(panel, device, below)
        lanes.append(lane)
    grid = [element("path", d=f"M{LEFT:.2f},{axis:.2f}H{RIGHT:.2f}", stroke=INK, stroke_width=1)]
    for time, label, midnight in ticks(panel.scale, panel.drawing.clock):
        x = panel.scale.x(time)
        grid.append(element("path", d=f"M{x:.2f},{axis - 5:.2f}V{below - 8:.2f}", stroke=SILVER if midnight else PALE))
        weight = "bold" if midnight else None
        grid.append(write(min(x, RIGHT - 16), axis - 10, label, size=11.5, weight=weight, anchor="middle"))
    return join(_title(panel, y), _letters(panel, axis, below - 8), *grid, *lanes), below - y


def _title(panel: Panel, y: float) -> Markup:
    drawing, x = panel.drawing, MARGIN
    name = drawing.say("overview")
    tag = Markup()
    if panel.letter is not None:
        name = drawing.say("enlarged", letter="").strip()
        tag, x = _tag(panel.letter, x + 9, y + 11), x + 26
    date = drawing.clock.date(panel.start)
    when = f"{date} {drawing.when(panel.start, panel.end)}"
    return join(
        tag,
        write(x, y + 15, name, size=13, weight="bold"),
        write(LEFT, y + 15, when, size=12.5, fill=GREY),
    )


def _letters(panel: Panel, top: float, bottom: float) -> Markup:
    """On the overview: bands that show which stretches are enlarged below, each with its letter."""
    if panel.letter is not None:
        return Markup()
    bands: list[Markup] = []
    tags: list[Markup] = []
    free = LEFT - 20
    for index, (start, end) in enumerate(panel.drawing.stretches):
        left, right = panel.scale.x(start), panel.scale.x(end)
        bands.append(element("rect", x=left, y=top, width=max(2.0, right - left), height=bottom - top, fill="#E9EDF2"))
        x = max((left + right) / 2, free + 20)
        tags.append(_tag(chr(ord("A") + index), x, top + 12))
        free = x
    return join(*bands, *tags)


def _tag(letter: str, x: float, y: float) -> Markup:
    box = element("rect", x=x - 8.5, y=y - 8.5, width=17, height=17, rx=3, fill="#FFFFFF", stroke=INK, stroke_width=1.3)
    return join(box, write(x, y + 4.3, letter, size=12, weight="bold", anchor="middle"))


def _lane(panel: Panel, device: DeviceReport, y: float) -> tuple[Markup, float]:
    """One recorder's lane with marks above and labels below, and where the next one begins."""
    flags, above = draw_flags(panel, device.id, y)
    top = y + above
    foot = top + panel.height
    ground = element("rect", x=LEFT, y=top, width=RIGHT - LEFT, height=panel.height, fill=FAINT)
    places = [
        index
        for index, span in enumerate(panel.drawing.spans)
        if span.device == device.id and span.end > panel.start and span.start < panel.end
    ]
    places.sort(key=lambda index: LAST.get(panel.drawing.spans[index].state, 0))
    spans = [_span(panel, panel.drawing.spans[index], top) for index in places]
    tracks, ground_line = _tracks(panel, device, foot)
    gap_strip, height = gaps.strip(panel, device.id, ground_line)
    foot = ground_line + height
    labels, deep = draw_labels(panel, device.id, places, foot)
    moments = [
        symbols.moment(panel.scale.x(it.start), ground_line)
        for it in panel.drawing.loose
        if it.device == device.id and panel.scale.shows(it.start, it.end)
    ]
    names, under = _names(panel, device, top, foot)
    lowest = max(foot + deep, under)
    return join(ground, tracks, names, *spans, gap_strip, *moments, flags, labels), lowest + 18


def _tracks(panel: Panel, device: DeviceReport, y: float) -> tuple[Markup, float]:
    """Under the lane of a recorder with several tracks a thin lane for each, and where the last one ends."""
    drawing = panel.drawing
    parts: list[Markup] = []
    for name, spans in drawing.tracks[device.id].items():
        y += TRACK_SPACE
        word = drawing.call("track", name)
        parts.append(write(LEFT - 7, y + TRACK - 1.5, word, size=11.5, fill=GREY, anchor="end"))
        parts.append(element("rect", x=LEFT, y=y, width=RIGHT - LEFT, height=TRACK, fill=FAINT))
        inside = [span for span in spans if span.end > panel.start and span.start < panel.end]
        inside.sort(key=lambda span: LAST.get(span.state, 0))
        parts += [_track(panel, span, word, y) for span in inside]
        y += TRACK
    return join(*parts), y


def _track(panel: Panel, span: Span, word: str, y: float) -> Markup:
    left, right = panel.scale.x(span.start), panel.scale.x(span.end)
    clipped = left - 12 * (span.start < panel.start), right + 12 * (span.end > panel.end)
    title = " · ".join([word, *_words(panel.drawing, span)])
    shape = draw(look_of(span), clipped[0], y, clipped[1] - clipped[0], TRACK)
    return element("g", element("title", title), shape, clip_path="url(#evidock-lanes)")


def _words(drawing: Drawing, span: Span) -> list[str]:
    """What a span says of itself when one points at it."""
    words = [drawing.call("state", look_of(span))]
    if span.cause:
        words.append(drawing.call("cause", span.cause))
    if span.recording is not None:
        words.append(drawing.say("recording", number=span.recording))
    return [*words, drawing.when(span.start, span.end)]


def _names(panel: Panel, device: DeviceReport, y: float, foot: float) -> tuple[Markup, float]:
    """Who the lane at `y` belongs to, and where that ends. Details do not stand beside the names of tracks."""
    drawing = panel.drawing
    lines = [write(MARGIN, y + 13, short(device.id), size=14, weight="bold", family="monospace")]
    details = [device.model, device.serial]
    if panel.letter is None:
        details.append(drawing.call("protection", device.protection))
        if device.simulated:
            details.append(drawing.say("simulated"))
    else:
        details = details[:1]
    base = y + 29.0
    for detail in filter(None, details):
        if drawing.tracks[device.id] and y + panel.height < base < foot + 10:
            base = foot + 14
        lines.append(write(MARGIN, base, shortened(detail, 25), size=11.5, fill=GREY))
        base += 14.5
    return join(*lines), max(base - 12.5, y + (70 if panel.letter is None else 34))


def _span(panel: Panel, span: Span, top: float) -> Markup:
    drawing, look = panel.drawing, look_of(span)
    left, right = panel.scale.x(span.start), panel.scale.x(span.end)
    clipped = left - 12 * (span.start < panel.start), right + 12 * (span.end > panel.end)  # goes on past the edge
    inside = Markup()
    if look == State.RECORDED.value:
        inside = _inside(panel, span, (left + right) / 2, top + panel.height / 2 + 4.3, right - left)
    elif look == IDLE:
        text = f"{drawing.call('cause', span.cause or IDLE)} · {drawing.duration(span.seconds)}"
        if width_of(text, 11.5) + 12 < right - left:
            inside = write((left + right) / 2, top + panel.height / 2 - 5, text, size=11.5, fill=GREY, anchor="middle")
    shape = draw(look, clipped[0], top, clipped[1] - clipped[0], panel.height)
    return element(
        "g", element("title", " · ".join(_words(drawing, span))), shape, inside, clip_path="url(#evidock-lanes)"
    )


def _inside(panel: Panel, span: Span, x: float, y: float, room: float) -> Markup:
    """The name and length of a recording inside its bar, as much as fits."""
    drawing = panel.drawing
    length = drawing.duration(span.seconds)
    texts = [length]
    if span.recording is not None:
        name = drawing.say("recording", number=span.recording)
        texts = [f"{name} · {length}", name, str(span.recording)]
    for text in texts:
        if width_of(text, 12, "bold") + 8 < room:
            return write(x, y, text, size=12, weight="bold", fill="#FFFFFF", anchor="middle")
    return Markup()
