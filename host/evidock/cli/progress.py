"""Progress on standard error: bars with rate and remaining time on a terminal, a plain line now and then elsewhere.

Interface: "progress bars". Nothing is drawn for work that is done within a second.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from evidock.cli import common
from evidock.intake import Progress

FIRST_SECONDS = 1.0
PLAIN_SECONDS = 5.0


@contextmanager
def shown() -> Generator[Callable[[Progress], None]]:
    """A callback for `evidock.sync` that draws what it is told."""
    if not sys.stderr.isatty():
        yield _Plain().take
        return
    bars = _Bars()
    try:
        yield bars.take
    finally:
        bars.stop()


class _Plain:
    """A line every few seconds, for logs."""

    def __init__(self) -> None:
        self._phase = ""
        self._begun = self._next = 0.0

    def take(self, event: Progress) -> None:
        now = time.monotonic()
        if event.phase != self._phase:
            self._phase, self._begun, self._next = event.phase, now, now + PLAIN_SECONDS
        if now < self._next or not event.total:
            return
        self._next = now + PLAIN_SECONDS
        rate = event.done / (now - self._begun)
        left = common.human_time((event.total - event.done) / rate) if rate > 0 else "?"
        amount = common.human_bytes if event.phase == "media" else _count
        line = common.say(
            "cli.sync.plain",
            phase=common.say("cli.sync." + event.phase),
            done=amount(event.done),
            total=amount(event.total),
            rate=amount(rate),
            left=left,
        )
        print(line, file=sys.stderr, flush=True)


class _Bars:
    """A bar for each phase, drawn by rich once the work takes longer than a second."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[amount]}"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        self._bars = Bars(*columns, console=Console(stderr=True), refresh_per_second=8)
        self._tasks: dict[str, int] = {}
        self._begun: dict[str, float] = {}
        self._start = time.monotonic()
        self._running = False

    def take(self, event: Progress) -> None:
        now = time.monotonic()
        if not self._running and now - self._start > FIRST_SECONDS:
            self._bars.start()
            self._running = True
        amount = common.human_bytes if event.phase == "media" else _count
        if event.phase not in self._tasks:
            self._begun[event.phase] = now
            title = common.say("cli.sync." + event.phase)
            self._tasks[event.phase] = self._bars.add_task(title, total=event.total, amount="", rate="")
        passed = now - self._begun[event.phase]
        self._bars.update(
            self._tasks[event.phase],  # type: ignore[arg-type]
            completed=event.done,
            total=event.total,
            amount=f"{amount(event.done)} / {amount(event.total)}",
            rate=f"{amount(event.done / passed)}/s" if passed > 0.2 else "",
        )

    def stop(self) -> None:
        if self._running:
            self._bars.stop()


def _count(number: float) -> str:
    return f"{number:.0f}"
