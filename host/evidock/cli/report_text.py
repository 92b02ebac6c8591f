"""A verification report on the terminal: verdict, three answers, coverage as a bar and a table, findings, what stays
unproved.

Interface: "Command line". Text from the evidence is never read as markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evidock import language, vouched
from evidock.cli import gap_text
from evidock.report import Finding, Report, Severity, Span, State, Verdict
from evidock.verification.store_reader import zone_of

_STYLES = {
    Verdict.VERIFIED: "bold green",
    Verdict.VERIFIED_DECLARED_GAPS: "bold green",
    Verdict.INDETERMINATE: "bold yellow",
    Verdict.INCOMPLETE: "bold yellow",
    Verdict.UNTRUSTED: "bold magenta",
    Verdict.ALTERED: "bold red",
}
_IDLE = "idle"  # declared, and no gap: standby or switched off
# State: character and colour, so that the bar reads without colour too.
_MARKS = {
    State.RECORDED.value: ("█", "green"),
    State.RECOVERED.value: ("▓", "green"),
    State.POST_CLOSE.value: ("▒", "green"),
    State.DECLARED.value: ("-", "cyan"),
    _IDLE: ("·", "bright_black"),
    State.EXEMPT.value: ("=", "cyan"),
    State.WITHHELD.value: ("w", "cyan"),
    State.PENDING.value: ("?", "yellow"),
    State.DISPOSED.value: ("d", "cyan"),
    State.UNEXPLAINED.value: ("!", "yellow"),
    State.ALTERED.value: ("X", "red"),
}
_WORST_FIRST = (
    State.ALTERED.value,
    State.UNEXPLAINED.value,
    State.PENDING.value,
    State.WITHHELD.value,
    State.DECLARED.value,
    State.RECOVERED.value,
    State.POST_CLOSE.value,
    State.EXEMPT.value,
    State.DISPOSED.value,
    State.RECORDED.value,
    _IDLE,
)
_SEVERITIES = {
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.NOTICE: "cyan",
    Severity.INFO: "bright_black",
}
_FINDINGS_SHOWN = 50


def print_report(report: Report, lang: str, console: Console | None = None) -> None:
    """Prints `report` in `lang` ("en" or "zh"); colours only on a terminal."""
    out = console or Console(highlight=False)
    clock = _Clock(report)
    out.print(_verdict_line(report, lang))
    out.print(Text(language.text(f"verdict.{report.headline}.explanation", lang)))
    out.print()
    for name, answer in (
        ("authenticity", report.authenticity),
        ("provenance", report.provenance),
        ("completeness", report.completeness),
    ):
        word = language.name("answer", answer.answer.value, lang)
        out.print(Text(f"{language.text('picture.' + name, lang)}: {word}. {answer.text}"))
    out.print()
    if report.interval[1]:  # an empty store has no time
        out.print(Text(f"{clock.at(report.interval[0])} – {clock.at(report.interval[1])} ({report.zone})"))
    for device in report.devices:
        protection = language.name("protection", device.protection, lang)
        size = 0 if device.head is None else device.head.size
        line = language.text(
            "cli.verify.device",
            lang,
            device=device.id[:16],
            model=device.model,
            serial=device.serial,
            protection=protection,
            size=size,
            epochs=device.epochs,
        )
        out.print(Text(line))
        for told in vouched.lines(report, device, clock.at, lang):
            out.print(Text(f"  {told}"))
        if device.settings:
            pairs = ", ".join(f"{name} = {value}" for name, value in device.settings)
            out.print(Text(language.text("cli.verify.settings", lang, settings=pairs)))
        _print_bars(report, device.id, out, lang)
    out.print(_coverage(report, lang))
    _print_unplaced(report, clock, out, lang)
    _print_gaps(report, clock, out, lang)
    if report.findings:
        out.print(_findings(report, clock, lang))
        if len(report.findings) > _FINDINGS_SHOWN:
            out.print(Text(language.text("picture.findings.more", lang, count=len(report.findings) - _FINDINGS_SHOWN)))
    if report.verified is not None:
        out.print(Text(language.text("picture.verified", lang, time=clock.at(report.verified))))
    if report.trusted:
        out.print(Text(language.text("picture.trusted", lang, fingerprints=", ".join(report.trusted))))
    out.print(Text(language.text("cli.verify.unproven", lang)))
    for sentence in report.unproven:
        out.print(Text(f"  – {sentence}"))


def _print_gaps(report: Report, clock: _Clock, out: Console, lang: str) -> None:
    """The gaps, and what people owe for them."""
    for rows, table in ((report.gaps, gap_text.gaps), (report.owed, gap_text.owed)):
        if rows:
            out.print(table(report, clock.short, lang))
        if len(rows) > gap_text.SHOWN:
            out.print(Text(language.text("picture.findings.more", lang, count=len(rows) - gap_text.SHOWN)))


def print_summary(report: Report, lang: str) -> None:
    """Prints the verdict, a bar for each recorder, and the findings."""
    out = Console(highlight=False)
    out.print(_verdict_line(report, lang))
    for device in report.devices:
        _print_bars(report, device.id, out, lang)
    if report.findings:
        out.print(_findings(report, _Clock(report), lang))


class _Clock:
    """Times of a report as its readers write them."""

    def __init__(self, report: Report):
        try:
            self._zone = zone_of(report.zone)
        except ValueError:
            self._zone = UTC
        self._day = self._moment(report.interval[0]).date() if report.interval[0] else None

    def at(self, time: float) -> str:
        return self._moment(time).strftime("%Y-%m-%d %H:%M:%S")

    def short(self, time: float) -> str:
        """Without the day when it is the interval's first."""
        moment = self._moment(time)
        return (
            moment.strftime("%H:%M:%S.%f")[:-3] if moment.date() == self._day else moment.strftime("%Y-%m-%d %H:%M:%S")
        )

    def _moment(self, time: float) -> datetime:
        try:
            return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=time)).astimezone(self._zone)
        except OverflowError:
            return datetime.max.replace(tzinfo=UTC)


def _verdict_line(report: Report, lang: str) -> Text:
    line = Text()
    line.append(report.verdict.value, _STYLES[report.verdict])
    line.append(f"  {language.text('verdict.' + report.headline, lang)}")
    names = sorted({language.name("protection", device.protection, lang) for device in report.devices})
    if names:
        line.append(f" ({', '.join(names)})")
    if report.simulated:
        line.append(f"  {language.text('picture.simulated', lang)}", "bold reverse")
    return line


def _print_bars(report: Report, device: str, out: Console, lang: str) -> None:
    """A recorder's bar, and under it one for each of its tracks where it has several (OB-1)."""
    spans = [span for span in report.coverage.spans if span.device == device]
    own = [span for span in report.coverage.tracks if span.device == device]
    tracks = sorted({span.track for span in own}, reverse=True)
    words = [language.name("track", track, lang) for track in tracks] if len(tracks) > 1 else []
    room = max((cell_len(word) + 1 for word in words), default=0)
    width = max(20, min(out.width, 100) - 2 - room)
    out.print(_bar(spans, report.interval, width))
    for track, word in zip(tracks, words, strict=False):
        out.print(_bar([span for span in own if span.track == track], report.interval, width).append(f" {word}"))


def _bar(spans: Sequence[Span], interval: tuple[float, float], width: int) -> Text:
    """The interval in `width` characters; each shows the worst state inside it, so that no short loss disappears."""
    start, end = interval
    cells: list[str | None] = [None] * width
    for span in spans:
        look = _look(span)
        for cell in _cells(span, start, end, width):
            present = cells[cell]
            if present is None or _WORST_FIRST.index(look) < _WORST_FIRST.index(present):
                cells[cell] = look
    bar = Text("[")
    for look in cells:
        mark, colour = (" ", "") if look is None else _MARKS[look]
        bar.append(mark, colour)
    bar.append("]")
    return bar


def _look(span: Span) -> str:
    """The state as it is shown: not recording while nothing asked for it is no gap."""
    return _IDLE if span.state is State.DECLARED and span.cause in ("standby", "off") else span.state.value


def _cells(span: Span, start: float, end: float, width: int) -> range:
    if end <= start:
        return range(0)
    first = int((span.start - start) / (end - start) * width)
    last = (span.end - start) / (end - start) * width
    return range(max(0, min(first, width - 1)), max(1, min(width, int(last) + (last > int(last)))))


def _coverage(report: Report, lang: str) -> Table:
    """Seconds in each state: of each recorder where there are a few, and of all together."""
    devices = [device.id for device in report.devices]
    columns: list[str | None] = [*devices, None] if 1 < len(devices) <= 4 else [None]
    table = Table(box=None, pad_edge=False, show_header=len(columns) > 1)
    table.add_column()
    table.add_column()
    for device in columns:
        head = language.text("picture.key.total", lang) if device is None else device[:8]
        table.add_column(head, justify="right")
    looks = {_look(span) for span in report.coverage.spans}
    for look in sorted(looks, key=_WORST_FIRST.index):
        mark, colour = _MARKS[look]
        own = [span for span in report.coverage.spans if _look(span) == look]
        sums = [sum(span.seconds for span in own if device in (None, span.device)) for device in columns]
        name = language.name("state", look, lang)
        table.add_row(Text(mark, colour), Text(name), *(f"{seconds:.3f} s" for seconds in sums))
    return table


def _print_unplaced(report: Report, clock: _Clock, out: Console, lang: str) -> None:
    """Starts of a recorder that nothing places in time: how long they were, and between which moments they lie."""
    for one in report.coverage.unplaced:
        start, end = ("…" if moment is None else clock.short(moment) for moment in one.between)
        parts = [
            f"{language.name('state', state.value, lang)} {seconds:.1f} s" for state, seconds in one.seconds.items()
        ]
        parts += [
            language.text("cli.verify.unplaced_mark", lang, name=language.name("mark", mark.type, lang))
            for mark in one.marks[:_FINDINGS_SHOWN]
        ]
        told = ", ".join(parts)
        line = language.text(
            "cli.verify.unplaced", lang, device=one.device[:16], boot=one.boot, start=start, end=end, told=told
        )
        out.print(Text(line))


def _findings(report: Report, clock: _Clock, lang: str) -> Table:
    table = Table(title=language.text("picture.findings", lang), title_justify="left", expand=False)
    table.add_column(language.text("picture.code", lang), no_wrap=True)
    # Folded, never cut: Chinese has no spaces to break at.
    table.add_column(language.text("picture.location", lang), overflow="fold")
    table.add_column(language.text("picture.finding", lang), overflow="fold")
    worst = sorted(report.findings, key=lambda one: -1 if one.verdict is None else one.verdict.rank, reverse=True)
    for finding in worst[:_FINDINGS_SHOWN]:
        code = finding.code if finding.attack is None else f"{finding.code} (AT-{finding.attack})"
        several = len(report.devices) > 1
        place = _where(finding, clock, lang, several)
        table.add_row(Text(code, _SEVERITIES[finding.severity]), Text(place), Text(finding.text))
    return table


def _where(finding: Finding, clock: _Clock, lang: str, several: bool) -> str:
    """Where the finding lies; its recorder too when the report has `several`."""
    parts: list[str] = []
    if several and finding.device is not None:
        parts.append(finding.device[:16])
    if finding.recording is not None:
        parts.append(language.text("picture.recording", lang, number=finding.recording))
    if finding.segment is not None:
        parts.append(language.text("picture.segment", lang, number=finding.segment))
    if finding.time is not None:
        first, last = finding.time
        parts.append(clock.short(first) if first == last else f"{clock.short(first)} – {clock.short(last)}")
    if finding.path is not None:
        parts.append("/".join(finding.path.split("/")[-2:]))  # the whole path stands in the JSON form
    if finding.bytes is not None:
        parts.append(language.text("picture.bytes", lang, start=finding.bytes[0], end=finding.bytes[1] - 1))
    return "\n".join(parts)
