"""The whole sheet: parts from top to bottom, and the SVG document around them (no script, no reference outside)."""

from collections.abc import Callable

from evidock.report import Report

from . import adrift, blocks, gaps
from .drawing import Drawing
from .lanes import draw_panel
from .markup import Markup, element, join, wrap, write
from .panel import Panel
from .shapes import GREY, MARGIN, PALE, RIGHT, WIDTH, definitions

FONTS = "Helvetica, Arial, 'Noto Sans', 'Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', sans-serif"
SPACE = 26.0

Part = Callable[[Drawing, float], tuple[Markup, float]]


def draw_svg(report: Report, lang: str = "en") -> str:
    """The timeline of `report` as a complete SVG document, 1200 units wide, in `lang` (`en` or `zh`).

    Raises KeyError for another language.
    """
    drawing = Drawing.of(report, lang)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + draw(drawing, whole=True) + "\n"


def draw(drawing: Drawing, whole: bool) -> Markup:
    """The `svg` element: all of the sheet, or without the lists that an HTML page has as text."""
    parts: list[Markup] = []
    y = MARGIN
    lists: list[Part] = [gaps.listed, gaps.owed, blocks.recorders, blocks.findings, blocks.limits, _footer]
    listed = lists if whole else []
    for part in [blocks.heading, _timelines, adrift.listed, blocks.key, *listed]:
        drawn, height = part(drawing, y)
        if height:
            parts.append(drawn)
            y += height + SPACE
    height = y - SPACE + MARGIN / 2
    report = drawing.report
    verdict = drawing.call("verdict", report.headline)
    description = drawing.say(
        "description",
        devices=len(drawing.devices),
        start=f"{drawing.clock.date(drawing.start)} {drawing.clock.time(drawing.start)}",
        end=f"{drawing.clock.date(drawing.end)} {drawing.clock.time(drawing.end)}",
        verdict=verdict,
        findings=len(report.findings),
    )
    simulated = f" – {drawing.say('simulated')}" if report.simulated else ""
    return element(
        "svg",
        element("title", drawing.say("pair", name=drawing.say("title"), value=verdict) + simulated),
        element("desc", description),
        definitions(),
        element("rect", width=WIDTH, height=height, fill="#FFFFFF"),
        join(*parts),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH:.0f} {height:.0f}",
        role="img",
        lang="zh-Hans" if drawing.lang == "zh" else "en",
        font_family=FONTS,
    )


def _timelines(drawing: Drawing, y: float) -> tuple[Markup, float]:
    """The overview, and under it the enlargements in the order of time."""
    panels = [Panel(drawing, drawing.start, drawing.end, None)]
    panels += [
        Panel(drawing, start, end, chr(ord("A") + index)) for index, (start, end) in enumerate(drawing.stretches)
    ]
    parts: list[Markup] = []
    top = y
    for index, panel in enumerate(panels):
        if index:
            parts.append(element("path", d=f"M{MARGIN:.2f},{top - 10:.2f}H{RIGHT:.2f}", stroke=PALE))
        drawn, height = draw_panel(panel, top)
        parts.append(drawn)
        top += height + 12
    return join(*parts), top - y - 12


def _footer(drawing: Drawing, y: float) -> tuple[Markup, float]:
    lines = wrap(drawing.say("footer"), WIDTH - 2 * MARGIN, 11.5)
    return join(
        *(write(MARGIN, y + 8 + index * 15, line, size=11.5, fill=GREY) for index, line in enumerate(lines))
    ), 16.0 * len(lines)
