"""The parts of the sheet that are words: verdict and answers, key with totals, recorders, findings, limits."""

from evidock import vouched
from evidock.report import Answer, Authenticity, Completeness, DeviceReport, Finding, Provenance, State

from . import gaps, symbols
from .drawing import Drawing, located, short
from .markup import Markup, element, join, width_of, wrap, write
from .shapes import GREY, IDLE, INK, LEFT, LOOKS, MARGIN, PALE, RIGHT, UNPLACED, WIDTH, draw, look_of
from .time_axis import stopwatch

MOST = 60  # findings drawn; the JSON report has all of them


def heading(drawing: Drawing, y: float) -> tuple[Markup, float]:
    """Title, verdict, the simulated stamp, the interval and the three answers."""
    report = drawing.report
    parts = [
        write(MARGIN, y + 14, drawing.say("title"), size=13, weight="bold", fill=GREY),
        symbols.of_verdict(report.verdict, MARGIN + 32, y + 64, 31),
        write(MARGIN + 80, y + 55, drawing.call("verdict", report.headline), size=31, weight="bold"),
        write(MARGIN + 81, y + 78, drawing.call("verdict", f"{report.headline}.explanation"), size=14),
        write(MARGIN + 81, y + 97, _strength(drawing), size=12.5, fill=GREY),
    ]
    if report.simulated:
        parts.append(_stamp(drawing, y))
    clock, start, end = drawing.clock, drawing.start, drawing.end
    dates = f"{clock.date(start)} {drawing.when(start, end)}"
    zone = drawing.say("zone", zone=clock.name, offset=clock.offset(start))
    small = element("tspan", zone, dx=12, font_size=13, font_weight="normal", fill=GREY)
    parts.append(element("text", dates, small, x=MARGIN, y=y + 137, font_size=16, font_weight="bold", fill=INK))
    cards = [
        _card(drawing, "authenticity", report.authenticity),
        _card(drawing, "provenance", report.provenance),
        _card(drawing, "completeness", report.completeness),
    ]
    tall = max(height for _, height in cards)
    width = (RIGHT - MARGIN - 32) / 3
    for index, (card, _) in enumerate(cards):
        frame = element("rect", width=width, height=tall, fill="#FFFFFF", stroke=GREY, rx=4)
        parts.append(
            element("g", frame, card, transform=f"translate({MARGIN + index * (width + 16):.2f} {y + 154:.2f})")
        )
    return join(*parts), 154 + tall


def _strength(drawing: Drawing) -> str:
    """The verdict's code, how well the keys under it were kept, when it was found, and on whose word it rests."""
    report = drawing.report
    words = dict.fromkeys(drawing.call("protection", device.protection) for device in report.devices)
    return " · ".join([report.verdict.value, *words, *made(drawing, [short(one) for one in report.trusted])])


def made(drawing: Drawing, fingerprints: list[str]) -> list[str]:
    """When the report was made and whom it trusts, as far as it says so."""
    words: list[str] = []
    if drawing.report.verified is not None:
        words.append(drawing.say("verified", time=drawing.moment(int(drawing.report.verified))))
    if fingerprints:
        words.append(drawing.say("trusted", fingerprints=", ".join(fingerprints)))
    return words


def _stamp(drawing: Drawing, y: float) -> Markup:
    word, small = drawing.say("simulated"), drawing.say("simulated.explanation")
    width = max(width_of(word, 22, "bold"), width_of(small, 11.5)) + 32
    x = RIGHT - width
    return join(
        element("rect", x=x, y=y, width=width, height=56, fill="url(#evidock-simulated)", stroke=INK, stroke_width=2),
        element("rect", x=x + 5, y=y + 5, width=width - 10, height=46, fill="#FFFFFF"),
        write(x + width / 2, y + 29, word, size=22, weight="bold", anchor="middle"),
        write(x + width / 2, y + 45, small, size=11.5, anchor="middle"),
    )


def _card(
    drawing: Drawing, key: str, answer: Answer[Authenticity] | Answer[Provenance] | Answer[Completeness]
) -> tuple[Markup, float]:
    width = (RIGHT - MARGIN - 32) / 3
    lines = wrap(answer.text, width - 66, 12.5, 4) if answer.text else []
    parts = [
        write(14, 20, drawing.say(f"{key}.question"), size=11.5, fill=GREY),
        symbols.of_answer(answer.answer, 28, 46, 13),
        write(
            52,
            45,
            drawing.say("pair", name=drawing.say(key), value=drawing.call("answer", answer.answer.value)),
            size=15,
            weight="bold",
        ),
        *(write(52, 64 + index * 16, line, size=12.5) for index, line in enumerate(lines)),
    ]
    return join(*parts), 70.0 + len(lines) * 16


def key(drawing: Drawing, y: float) -> tuple[Markup, float]:
    """Every look that occurs, with its name, meaning and total time for each recorder; marks with their number."""
    each = [device.id for device in drawing.devices] if 1 < len(drawing.devices) <= 4 else []
    columns: list[str | None] = [*each, None]
    place = [RIGHT - (len(columns) - 1 - index) * 104 for index in range(len(columns))]
    parts = [write(MARGIN, y + 14, drawing.say("key"), size=15, weight="bold")]
    for index, device in enumerate(columns):
        head = drawing.say("key.total") if device is None else short(device)
        parts.append(write(place[index], y + 14, head, size=12, weight="bold", anchor="end"))
    top = y + 24
    for look in [look for look in LOOKS if occurs(drawing, look)]:
        names = drawing.call("state", look), drawing.call("state", f"{look}.explanation")
        parts.append(_row(top, names, draw(look, MARGIN + 4, top + 8, 62, 19), place[0] - 90))
        for index, device in enumerate(columns):
            figure = stopwatch(seconds(drawing, look, device))
            parts.append(write(place[index], top + 22, figure, size=13, anchor="end", family="monospace"))
        top += 34
    if any(drawing.tracks.values()):
        names = drawing.say("tracks"), drawing.say("tracks.explanation")
        swatch = join(*(draw(State.RECORDED.value, MARGIN + 4, top + step, 62, 8) for step in (8, 19)))
        parts.append(_row(top, names, swatch, place[0] - 90))
        top += 34
    if drawing.report.marks:
        names = drawing.say("marks"), drawing.say("marks.explanation")
        parts.append(_row(top, names, symbols.flag(MARGIN + 30, top + 28, top + 6), place[0] - 90))
        count = str(len(drawing.report.marks))
        parts.append(write(RIGHT, top + 22, count, size=13, anchor="end", family="monospace"))
        top += 34
    judged = gaps.verdicts(drawing)
    if judged:
        parts.append(write(MARGIN, top + 22, drawing.say("gaps"), size=13, weight="bold"))
        parts.append(write(112, top + 22, drawing.say("gaps.explanation"), size=12.5, fill=GREY))
        parts.append(element("path", d=f"M{MARGIN:.2f},{top:.2f}H{RIGHT:.2f}", stroke=PALE))
        top += 34
    for verdict in judged:
        names = drawing.call("gap", verdict.value), drawing.call("gap", f"{verdict.value}.explanation")
        parts.append(_row(top, names, gaps.sign(verdict, MARGIN + 34, top + 18, 9), place[0] - 90))
        figure = gaps.total(drawing, verdict)
        parts.append(write(RIGHT, top + 22, figure, size=13, anchor="end", family="monospace"))
        top += 34
    if drawing.loose:
        names = drawing.say("moment"), drawing.say("moment.explanation")
        parts.append(_row(top, names, symbols.moment(MARGIN + 34, top + 18), place[0] - 90))
        top += 34
    return join(*parts), top - y


def occurs(drawing: Drawing, look: str) -> bool:
    """Whether anything looks so, or lies in a start of a recorder that has no place on a lane."""
    return any(look_of(span) == look for span in drawing.spans) or seconds(drawing, look, None) >= 0.001


def seconds(drawing: Drawing, look: str, device: str | None) -> float:
    """The report's own total of a look, for one recorder or for all: what has no place in time is in it.

    Declared time is told apart by its causes: what is neither idle nor a declared gap on a lane is `unplaced`.
    """
    coverage = drawing.report.coverage

    def drawn(look: str) -> float:
        return sum(span.seconds for span in drawing.spans if look_of(span) == look and device in (None, span.device))

    if look in (IDLE, State.DECLARED.value):
        return drawn(look)
    if look == UNPLACED:
        return max(0.0, coverage.seconds(State.DECLARED, device) - drawn(IDLE) - drawn(State.DECLARED.value))
    return coverage.seconds(State(look), device)


def _row(y: float, names: tuple[str, str], swatch: Markup, right: float) -> Markup:
    rule = element("path", d=f"M{MARGIN:.2f},{y:.2f}H{RIGHT:.2f}", stroke=PALE)
    meaning = wrap(names[1], right - 340, 12.5, 1)[0]
    return join(rule, swatch, write(112, y + 22, names[0], weight="bold"), write(340, y + 22, meaning, size=12.5))


def recorders(drawing: Drawing, y: float) -> tuple[Markup, float]:
    """Every recorder in full: identity, model, protection of its key, the head that the report rests on."""
    parts = [write(MARGIN, y + 14, drawing.say("devices"), size=15, weight="bold")]
    top = y + 24
    for device in drawing.devices:
        words = [device.model, drawing.say("serial", serial=device.serial) if device.serial else ""]
        words += [drawing.call("protection", device.protection), drawing.say("simulated") if device.simulated else ""]
        parts.append(element("path", d=f"M{MARGIN:.2f},{top:.2f}H{RIGHT:.2f}", stroke=PALE))
        parts.append(write(MARGIN, top + 18, device.id, size=12.5, weight="bold", family="monospace"))
        parts.append(write(MARGIN, top + 35, " · ".join(word for word in words if word), size=12.5))
        parts.append(write(MARGIN, top + 52, describe_head(drawing, device), size=12.5))
        top += 62
        told = vouched.lines(drawing.report, device, drawing.moment, drawing.lang)
        told += [in_force(drawing, device)] if device.settings else []
        for line in (line for one in told for line in wrap(one, RIGHT - MARGIN, 12.5)):
            parts.append(write(MARGIN, top + 6, line, size=12.5))
            top += 18
    for line in wrap(" · ".join(made(drawing, list(drawing.report.trusted))), RIGHT - MARGIN, 12.5):
        if line:
            parts.append(write(MARGIN, top + 8, line, size=12.5))
            top += 18
    return join(*parts), top - y


def in_force(drawing: Drawing, device: DeviceReport) -> str:
    """The settings of a recorder that are not the default."""
    return drawing.say("settings", settings=", ".join(f"{name} = {value}" for name, value in device.settings))


def describe_head(drawing: Drawing, device: DeviceReport) -> str:
    """The head of the journal that the report rests on, in a sentence."""
    head = device.head
    if head is None:
        return drawing.say("head.none")
    journal = drawing.say("head", size=head.size, epochs=device.epochs, hash=short(head.hash))
    if head.time is None:
        return drawing.say(
            "list", first=journal, second=drawing.say("head.attested_undated" if head.attested else "head.undated")
        )
    when = drawing.moment(head.time)
    return drawing.say(
        "list", first=journal, second=drawing.say("head.attested" if head.attested else "head.dated", time=when)
    )


def findings(drawing: Drawing, y: float) -> tuple[Markup, float]:
    """The numbered list of findings, worst first."""
    parts = [write(MARGIN, y + 14, drawing.say("findings"), size=15, weight="bold")]
    top = y + 24
    if not drawing.findings:
        parts.append(write(MARGIN, top + 16, drawing.say("findings.none")))
        top += 24
    for number, finding in enumerate(drawing.findings[:MOST], 1):
        row, height = _finding(drawing, number, finding, top)
        parts.append(row)
        top += height
    if len(drawing.findings) > MOST:
        parts.append(write(MARGIN, top + 16, drawing.say("findings.more", count=len(drawing.findings) - MOST)))
        top += 24
    return join(*parts), top - y


def _finding(drawing: Drawing, number: int, finding: Finding, y: float) -> tuple[Markup, float]:
    title = drawing.call("finding", finding.code)
    code = finding.code + (f" · AT-{finding.attack}" if finding.attack is not None else "")
    room = RIGHT - LEFT - 90
    body = wrap(finding.text, room, 12.5) if finding.text else []
    where = wrap(" · ".join(located(drawing, finding)), room, 12, 3)
    parts = [
        element("path", d=f"M{MARGIN:.2f},{y:.2f}H{RIGHT:.2f}", stroke=PALE),
        symbols.number(MARGIN + 10, y + 16, number),
        symbols.of_finding(finding, MARGIN + 42, y + 16, 9),
        write(MARGIN + 66, y + 21, title, size=13, weight="bold"),
        write(RIGHT, y + 21, code, size=12, anchor="end", family="monospace", fill=GREY),
    ]
    base = y + 38
    for line in body:
        parts.append(write(MARGIN + 66, base, line, size=12.5))
        base += 16
    for line in where:
        if line:
            parts.append(write(MARGIN + 66, base, line, size=12, fill=GREY))
            base += 16
    return join(*parts), base - y - 4


def limits(drawing: Drawing, y: float) -> tuple[Markup, float]:
    """What the report cannot prove."""
    if not drawing.report.unproven:
        return Markup(), 0.0
    parts = [write(MARGIN, y + 14, drawing.say("unproven"), size=15, weight="bold")]
    top = y + 36
    for sentence in drawing.report.unproven:
        parts.append(element("circle", cx=MARGIN + 4, cy=top - 4, r=2, fill=INK))
        for line in wrap(sentence, WIDTH - 2 * MARGIN - 20, 12.5):
            parts.append(write(MARGIN + 14, top, line, size=12.5))
            top += 17
    return join(*parts), top - y
