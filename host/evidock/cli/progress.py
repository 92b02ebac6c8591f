"""Progress on standard error: bars with rate and remaining time on a terminal, a plain line now and then elsewhere.

Interface: "progress bars". Nothing is drawn for work that is done within a second.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from evidock.cli import common
from evidock.progress import JOURNAL, MEDIA, WAITING, Meter, Progress, Reading

FIRST_SECONDS = 1.0
PLAIN_SECONDS = 5.0
_DRAW_SECONDS = 0.1


@contextmanager
def shown(line_rate: float | None = None) -> Generator[Callable[[Progress], None]]:
    """A callback for `evidock.sync` that draws what it is told; `line_rate` in bytes per second, where it is known."""
    meter = Meter(line_rate)
    if not sys.stderr.isatty():
        yield _Plain(meter).take
        return
    bars = _Bars(meter)
    try:
        yield bars.take
    finally:
        bars.stop()


def amount(reading: Reading) -> str:
    """What is done of what there is, in the units of the phase."""
    shape = _count if reading.phase == JOURNAL else common.human_bytes
    return f"{shape(reading.done)} / {shape(reading.total)}"


def rate(reading: Reading) -> str:
    """Evidence per second; empty when it cannot be told."""
    return f"{common.human_bytes(reading.rate)}/s" if reading.rate is not None else ""


def share(reading: Reading) -> str:
    """Share of what the line can carry; empty when it cannot be told."""
    return f"{100 * reading.share:.0f} %" if reading.share is not None else ""


def left(reading: Reading) -> str:
    """Time that remains; empty when it cannot be told."""
    return common.human_time(reading.remaining) if reading.remaining is not None else ""


def sentence(reading: Reading) -> str:
    """All of a reading in a line for a log."""
    if reading.phase == WAITING:
        return common.say("cli.sync.away")
    phase = common.say("dock." + reading.phase)
    if reading.phase not in (JOURNAL, MEDIA):
        return phase
    shape = _count if reading.phase == JOURNAL else common.human_bytes
    line = common.say(
        "cli.sync.plain",
        phase=phase,
        done=shape(reading.done),
        total=shape(reading.total),
        rate=common.human_bytes(reading.rate or 0),
        left=left(reading) or "?",
    )
    if reading.share is not None:
        line += common.say("cli.sync.comma") + common.say("cli.sync.share", share=share(reading))
    if reading.repaired:
        line += common.say("cli.sync.comma") + common.say("cli.sync.repaired", count=reading.repaired)
    return line


class _Plain:
    """A line every few seconds, for logs."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._phase = ""
        self._next = 0.0

    def take(self, event: Progress) -> None:
        self._meter.take(event)
        now = time.monotonic()
        if event.phase != self._phase:
            self._phase, self._next = event.phase, now + PLAIN_SECONDS
            if event.phase != WAITING:
                return
        elif now < self._next or not event.total or event.phase == WAITING:
            return
        self._next = now + PLAIN_SECONDS
        reading = self._meter.reading()
        if reading is not None:
            print(sentence(reading), file=sys.stderr, flush=True)


class _Bars:
    """A bar for each phase, drawn by rich once the work takes longer than a second."""

    def __init__(self, meter: Meter) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bars

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            *(TextColumn(f"{{task.fields[{name}]}}") for name in ("amount", "rate", "share", "left", "repaired")),
        )
        self._bars = Bars(*columns, console=Console(stderr=True), refresh_per_second=8)
        self._meter = meter
        self._tasks: dict[str, int] = {}
        self._start = self._drawn = time.monotonic()
        self._running = False

    def take(self, event: Progress) -> None:
        self._meter.take(event)
        now = time.monotonic()
        fresh = event.phase in (JOURNAL, MEDIA) and event.phase not in self._tasks
        if not fresh and event.done < event.total and now - self._drawn < _DRAW_SECONDS:
            return
        self._drawn = now
        if not self._running and now - self._start > FIRST_SECONDS:
            self._bars.start()
            self._running = True
        reading = self._meter.reading()
        if reading is None:
            return
        texts: dict[str, Any] = {
            "amount": amount(reading),
            "rate": rate(reading),
            "share": common.say("cli.sync.share", share=share(reading)) if reading.share is not None else "",
            "left": left(reading),
            "repaired": common.say("cli.sync.repaired", count=reading.repaired) if reading.repaired else "",
        }
        if fresh:
            self._tasks[event.phase] = self._bars.add_task("", total=event.total, **texts)
        title = common.say("dock." + event.phase)
        task = self._tasks.get(event.phase, max(self._tasks.values(), default=None))
        if task is not None:
            self._bars.update(
                task,  # type: ignore[arg-type]
                description=title,
                completed=reading.done,
                total=reading.total,
                **texts,
            )

    def stop(self) -> None:
        if self._running:
            self._bars.stop()


def _count(number: float) -> str:
    return f"{number:.0f}"
