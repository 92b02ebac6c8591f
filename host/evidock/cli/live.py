"""Many dockings at once on a terminal: a row for each port, and one for all of them together.

Interface: "`evidock dock`". Drawn on standard error by rich, four times a second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.console import Console, ConsoleOptions, RenderResult
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from evidock.cli import common, progress
from evidock.progress import DONE, JOURNAL, MEDIA, WAITING, Reading, together
from evidock.station import Station
from evidock.station.berth import Berth
from evidock.station.visit import CONNECTING, DOCKING, ENDED, QUEUED

# Columns in their order, with their widths; a narrow terminal does without those of _DISPENSABLE, in that order.
_COLUMNS = ("port", "recorder", "state", "bar", "percent", "amount", "rate", "share", "left", "repaired")
_WIDTHS = {"port": 12, "recorder": 8, "bar": 4, "percent": 3, "amount": 19, "rate": 10, "share": 5, "left": 7}
_TITLES = {"bar": "", "percent": "%"}
_DISPENSABLE = ("amount", "bar", "share", "repaired", "rate", "left", "percent", "recorder")
_MAXIMUM_PORT, _SHORT_BAR, _MAXIMUM_BAR = 32, 8, 24
_STYLES = {"media": "cyan", "journal": "cyan", "waiting": "yellow", "finished": "green", "failed": "red"}

_ENDED = ("finished", "failed", "stopped")
_STATES = (QUEUED, CONNECTING, JOURNAL, MEDIA, WAITING, DONE, *_ENDED)


class Row(NamedTuple):
    """What is shown of a port. `state` is a name of the catalogue's family `dock`."""

    port: str
    device: str | None
    state: str
    reading: Reading | None = None
    line_rate: float | None = None


def row_of(berth: Berth) -> Row:
    """A port of a station as it stands now."""
    visit = berth.visit
    if visit is None:
        return Row(berth.port, None, QUEUED)
    reading = visit.meter.reading()
    state = visit.state
    if state == ENDED:
        state = "finished" if visit.error is None else "stopped" if visit.error.key == "interrupted" else "failed"
    elif state == DOCKING:
        state = reading.phase if reading is not None else JOURNAL
    return Row(berth.port, visit.device, state, reading, visit.meter.line_rate)


class Board:
    """The table of a station, as it is whenever it is drawn."""

    def __init__(self, station: Station):
        self._station = station

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = [row_of(berth) for berth in self._station.berths()]
        if rows:
            yield table(rows, options.max_width, max(3, console.size.height - 5))


def table(rows: Sequence[Row], width: int, height: int = 1000) -> Table:
    """A table for a terminal of `width` columns with at most `height` rows of ports; those at work come first."""
    widths = _widths([row.port for row in rows], width)
    made = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), expand=False, header_style="bold")
    for name, columns in widths.items():
        right = name not in ("port", "recorder", "state", "bar")
        title = _TITLES[name] if name in _TITLES else common.say("cli.station." + name)
        made.add_column(title, width=columns, no_wrap=True, justify="right" if right else "left")
    shown = sorted(rows, key=lambda row: row.state in _ENDED)[:height] if len(rows) > height else rows
    for row in shown:
        state = Text(common.say("dock." + row.state), _STYLES.get(row.state, ""))
        cells = _cells(row.reading, row.state, widths)
        cells |= {"port": _tail(row.port, widths["port"]), "recorder": Text((row.device or "")[:8]), "state": state}
        made.add_row(*(cells.get(name, Text()) for name in widths))
    if len(shown) < len(rows):
        made.add_row(Text(common.say("cli.station.more", count=len(rows) - len(shown))))
    if len(rows) > 1:
        cells = _cells(_sum(rows), MEDIA, widths) | {"port": Text(common.say("cli.station.total"))}
        finished = sum(row.state == "finished" for row in rows)
        cells["state"] = Text(common.say("cli.station.count", finished=finished, all=len(rows)))
        made.add_row(*(cells.get(name, Text()) for name in widths), style="bold")
    return made


def _widths(ports: Sequence[str], width: int) -> dict[str, int]:
    """Columns that fit, by name, each with its width: nothing but a port's name is ever cut off."""
    states = [common.say("dock." + state) for state in _STATES]
    least = {
        **_WIDTHS,
        "state": max(map(common.columns, states)),
        "repaired": common.columns(common.say("cli.station.repaired")),
    }
    for name in ("recorder", "rate", "share", "left"):
        least[name] = max(least[name], common.columns(common.say("cli.station." + name)))
    shown = list(_COLUMNS)
    for name in _DISPENSABLE:
        if sum(least[one] + 1 for one in shown) <= width:
            break
        shown.remove(name)
    room = max(0, width - sum(least[one] + 1 for one in shown))
    longest = max(map(len, ports), default=0)
    for name, most in (("bar", _SHORT_BAR), ("port", min(_MAXIMUM_PORT, longest)), ("bar", _MAXIMUM_BAR)):
        more = min(room, max(0, most - least[name])) if name in shown else 0
        least[name] += more
        room -= more
    return {name: least[name] for name in shown}


def _cells(reading: Reading | None, state: str, widths: Mapping[str, int]) -> dict[str, ProgressBar | Text]:
    if reading is None:
        return {}
    total = max(1, reading.total)
    done = min(total, reading.done) if reading.total else int(state == "finished")
    cells: dict[str, ProgressBar | Text] = {"percent": Text(f"{100 * done // total}")}
    bar = widths.get("bar", 0)
    cells["bar"] = ProgressBar(total, done, width=bar, complete_style="cyan", finished_style="green")
    cells["amount"] = Text(progress.amount(reading) if reading.total else "")
    if state in (JOURNAL, MEDIA):
        cells["rate"] = Text(progress.rate(reading))
        cells["share"] = Text(progress.share(reading))
        cells["left"] = Text(progress.left(reading))
    cells["repaired"] = Text(str(reading.repaired) if reading.repaired else "")
    return cells


def _sum(rows: Sequence[Row]) -> Reading | None:
    """Over all rows: what has ended is part of the amounts, and no longer of the rates."""
    readings = [
        (row.reading, row.line_rate) if row.state not in _ENDED else (_still(row.reading), None)
        for row in rows
        if row.reading is not None
    ]
    return together(readings) if readings else None


def _still(reading: Reading) -> Reading:
    phase = MEDIA if reading.phase in (DONE, WAITING) else reading.phase
    return reading._replace(phase=phase, rate=None, share=None, remaining=None)


def _tail(port: str, width: int) -> Text:
    """A long name by its end, which tells ports apart."""
    return Text(port if len(port) <= width else "…" + port[1 - width :])
