"""Gaps and what is owed for them, as tables on the terminal.

Interface: "Command line". Specification: "Verification of a chain", Gaps and Owed.
"""

from __future__ import annotations

from collections.abc import Callable

from rich.table import Table
from rich.text import Text

from evidock import language
from evidock.report import Gap, GapVerdict, Report

SHOWN = 50  # rows of each table; the JSON form has all
_COLOURS = {
    GapVerdict.TECHNICAL_EXPLAINED: "cyan",
    GapVerdict.TECHNICAL_UNEXPLAINED: "yellow",
    GapVerdict.EXEMPT: "cyan",
    GapVerdict.NON_TECHNICAL: "yellow",
    GapVerdict.CONTRADICTED: "red",
    GapVerdict.CLOCK_STEP: "yellow",
    GapVerdict.ALTERED: "red",
    GapVerdict.UNDECLARED: "red",
}
Clock = Callable[[float], str]
"""Writes Unix seconds as their reader does."""


def gaps(report: Report, clock: Clock, lang: str) -> Table:
    """The table of gaps: when, how long, how each is judged, and what happened."""
    table = _table(language.text("cli.verify.gaps", lang))
    for key in ("when", "long", "verdict", "text"):
        table.add_column(language.text(f"cli.verify.gap.{key}", lang), overflow="fold", no_wrap=key == "long")
    for gap in report.gaps[:SHOWN]:
        verdict = Text(language.name("gap", gap.verdict.value, lang), _COLOURS[gap.verdict])
        when = _with_device(when_of(gap, clock, lang), gap.device, report)
        table.add_row(Text(when), Text(length_of(gap, lang)), verdict, Text(gap.text))
    return table


def owed(report: Report, clock: Clock, lang: str) -> Table:
    """The table of what people still have to do."""
    table = _table(language.text("cli.verify.owed", lang))
    for key in ("what", "since", "text"):
        table.add_column(language.text(f"cli.verify.owed.{key}", lang), overflow="fold", no_wrap=key == "what")
    for one in report.owed[:SHOWN]:
        since = language.text("cli.verify.unknown_time", lang) if one.since is None else clock(one.since)
        what = language.name("duty", one.what.value, lang)
        table.add_row(Text(what), Text(_with_device(since, one.device, report)), Text(one.text))
    return table


def when_of(gap: Gap, clock: Clock, lang: str) -> str:
    """When it began and ended, or between which moments it lies."""
    if gap.start is not None and gap.end is not None:
        return clock(gap.start) if gap.start == gap.end else f"{clock(gap.start)} –\n{clock(gap.end)}"
    earliest, latest = gap.between
    unknown = language.text("cli.verify.unknown_time", lang)
    if earliest is None and latest is None:
        return unknown
    start = "…" if earliest is None else clock(earliest)
    return f"({start} –\n{'…' if latest is None else clock(latest)})"


def length_of(gap: Gap, lang: str) -> str:
    """How long it lasted, at least and at most."""
    least, most = gap.seconds
    if gap.verdict is GapVerdict.CLOCK_STEP and not least and not most:
        return "–"
    if most is None:
        return f"≥ {_seconds(least, lang)}"
    if most - least < 0.5:
        return _seconds(least, lang)
    return f"{_number(least)}–{_seconds(most, lang)}"


def _seconds(seconds: float, lang: str) -> str:
    return language.text("verify.seconds.exact", lang, least=_number(seconds))


def _number(seconds: float) -> str:
    return f"{seconds:.1f}" if seconds < 100 else f"{seconds:.0f}"


def _with_device(text: str, device: str, report: Report) -> str:
    return text if len(report.devices) < 2 else f"{device[:16]}\n{text}"


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", expand=False)
