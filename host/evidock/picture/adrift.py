"""Starts of a recorder that nothing places in time: they stand on no lane, so they are listed under it.

Specification: "Verification of a chain", Time and Coverage.
"""

from evidock.report import State, Unplaced

from .drawing import Drawing, short
from .markup import Markup, element, join, wrap, write
from .shapes import GREY, IDLE, MARGIN, PALE, RIGHT, UNPLACED, draw

MOST = 40  # rows; the JSON report has all
MARKS = 8  # told of one start


def listed(drawing: Drawing, y: float) -> tuple[Markup, float]:
    """How long each was in which state, and between which moments it lies."""
    rows = drawing.report.coverage.unplaced
    if not rows:
        return Markup(), 0.0
    parts = [write(MARGIN, y + 14, drawing.say("unplaced"), size=15, weight="bold")]
    top = y + 24
    for one in rows[:MOST]:
        told = wrap(what(drawing, one), RIGHT - 112 - 10, 12.5)
        parts.append(element("path", d=f"M{MARGIN:.2f},{top:.2f}H{RIGHT:.2f}", stroke=PALE))
        parts.append(draw(UNPLACED, MARGIN + 4, top + 8, 62, 19))
        parts.append(write(112, top + 19, who(drawing, one), size=12.5, weight="bold"))
        parts.append(write(RIGHT, top + 19, when(drawing, one), size=12, anchor="end", fill=GREY))
        parts += [write(112, top + 36 + 16 * index, line, size=12.5) for index, line in enumerate(told)]
        top += 28 + 16 * len(told)
    if len(rows) > MOST:
        parts.append(write(MARGIN, top + 16, drawing.say("gaps.more", count=len(rows) - MOST)))
        top += 24
    return join(*parts), top - y


def who(drawing: Drawing, one: Unplaced) -> str:
    """Which start of which recorder."""
    return drawing.say("unplaced.start", id=short(one.device), boot=one.boot)


def when(drawing: Drawing, one: Unplaced) -> str:
    """Between which moments it lies, as far as that is known."""
    if one.between == (None, None):
        return drawing.say("gap.unknown")
    clock = drawing.clock
    start, end = ("…" if it is None else f"{clock.date(it)} {clock.time(it)}" for it in one.between)
    return drawing.say("gap.between", start=start, end=end)


def what(drawing: Drawing, one: Unplaced) -> str:
    """Its seconds by state, its marks, and whether the totals have them."""
    parts = [
        drawing.say("pair", name=_name(drawing, state), value=drawing.duration(one.seconds[state]))
        for state in State
        if one.seconds.get(state)
    ]
    parts += [drawing.call("mark", mark.type) for mark in one.marks[:MARKS]]
    if len(one.marks) > MARKS:
        parts.append(drawing.say("labels.more_marks", count=len(one.marks) - MARKS))
    parts.append(drawing.say("unplaced.counted" if one.certain else "unplaced.not_counted"))
    return " · ".join(parts)


def _name(drawing: Drawing, state: State) -> str:
    """Of declared time it is not told here whether the recorder stood by, was off, or had broken off."""
    return drawing.call("state", IDLE if state is State.DECLARED else state.value)
