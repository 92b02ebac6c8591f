"""Runs a station from the command line: what happens goes to the screen, and a signal ends it in order.

Interface: "`evidock dock`" and "`evidock sync`" with several ports. SIGINT or SIGTERM stops the dockings that run at
once; what is safe stays, and a second one ends the process.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Generator, Mapping
from types import FrameType

from evidock.cli import dock_lines
from evidock.station import Event, Station

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(
    station: Station,
    find: Callable[[], Mapping[str, object]],
    once: bool,
    events: bool,
    stays: bool,
    listen: Callable[[Event], None] | None = None,
) -> tuple[set[str], bool]:
    """Runs `station` until it ends. Returns the ports that failed, and whether a signal ended it.

    `events`: JSON lines on standard output instead of sentences; `stays`: sentences for a station that goes on;
    `listen` is told of every event as well, and then nothing but complaints is said.
    """
    with _stopped_by_signals(station) as signalled, _screen(station) as (say, drawn):
        people = dock_lines.People(say, moving=not drawn, stays=stays)

        def take(event: Event) -> None:
            if events:
                print(dock_lines.json_line(event), flush=True)
                return
            if listen is not None:
                listen(event)
            if listen is None or event.kind != dock_lines.DONE:
                people(event)

        failed = station.run(find, take, once)
    return failed, bool(signalled)


@contextlib.contextmanager
def _stopped_by_signals(station: Station) -> Generator[list[int]]:
    """The signals that came; the first one stops the station, after it they do what they did before."""
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def take(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        station.stop()
        for one in _SIGNALS:
            signal.signal(one, signal.SIG_DFL)

    for number in _SIGNALS:
        signal.signal(number, take)
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _screen(station: Station) -> Generator[tuple[dock_lines.Say, bool]]:
    """How lines are said, and whether the dockings are drawn: on a terminal they are, below what is said."""
    if not sys.stderr.isatty():
        yield _print, False
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from evidock.cli.live import Board

    console = Console(stderr=True)
    live = Live(Board(station), console=console, refresh_per_second=4, redirect_stdout=False, redirect_stderr=False)

    def say(line: str, complaint: bool) -> None:
        if complaint or sys.stdout.isatty():
            console.print(Text(line, "red" if complaint else ""), soft_wrap=True)
        else:
            _print(line, complaint)

    with live:
        yield say, True


def _print(line: str, complaint: bool) -> None:
    print(f"evidock: {line}" if complaint else line, file=sys.stderr if complaint else sys.stdout, flush=True)
