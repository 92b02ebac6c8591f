"""`evidock verify`: the three answers, the verdict, findings and coverage of a store, a package or a card.

Interface: "Command line". The exit status says the verdict.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from evidock.cli import common
from evidock.report import Report

Evidence = Annotated[
    Path | None,
    typer.Argument(metavar="PATH", help="A store, a package, a recorder's card or its image; default EVIDOCK_STORE."),
]
Trusted = Annotated[
    list[str] | None,
    typer.Option(
        "--trust",
        metavar="KEY|FINGERPRINT",
        help="An organisation key to trust instead of the pinned ones; repeatable.",
    ),
]
Heads = Annotated[Path | None, typer.Option("--heads", metavar="FILE", help="Signed heads that were kept elsewhere.")]
TimeRoots = Annotated[
    Path | None,
    typer.Option("--time-roots", metavar="FILE", help="Certificates (PEM) of time-stamping authorities to trust."),
]
From = Annotated[
    str | None, typer.Option("--from", metavar="T", help="Begin of the interval, ISO 8601, in the store's zone.")
]
To = Annotated[str | None, typer.Option("--to", metavar="T", help="End of the interval.")]
Device = Annotated[str | None, typer.Option("--device", metavar="ID", help="One recorder, by the beginning of its id.")]

_FIRST_SECONDS = 1.0
_PLAIN_SECONDS = 5.0


def verify(
    path: Evidence = None,
    trust: Trusted = None,
    heads: Heads = None,
    start: From = None,
    end: To = None,
    device: Device = None,
    time_roots: TimeRoots = None,
    as_json: common.Json = False,
) -> int:
    """Verify what lies at PATH and say what can be told about it, and what cannot.

    Exit status: 0 VERIFIED or VERIFIED_DECLARED_GAPS, 3 INDETERMINATE, 4 INCOMPLETE, 5 UNTRUSTED, 6 ALTERED.

    Example: evidock verify ./evidence --from 2025-03-14T08:00 --to 2025-03-14T18:00
    """
    report = report_on(path, trust, heads, start, end, device, time_roots)
    if as_json:
        common.print_json(report.to_json())
    else:
        from evidock.cli.report_text import print_report

        print_report(report, common.lang())
    return report.verdict.exit_status


def report_on(
    path: Path | None,
    trust: list[str] | None,
    heads: Path | None,
    start: str | None,
    end: str | None,
    device: str | None,
    time_roots: Path | None,
) -> Report:
    """The report on what the options name, with progress on standard error."""
    from evidock import verification, witnessing

    if heads is not None:
        witnessing.check_has_heads(heads)
    with _progress_bar() as progress:
        return verification.verify(
            common.store_folder(path),
            start,
            end,
            trust=trust or None,
            heads=heads,
            device=device,
            time_roots=time_roots,
            progress=progress,
            lang=common.lang(),
        )


@contextmanager
def _progress_bar() -> Generator[Callable[[int, int], None] | None]:
    """A callback that draws bytes read on standard error: a bar on a terminal, a plain line now and then elsewhere."""
    begun = time.monotonic()
    if not sys.stderr.isatty():
        following = begun + _PLAIN_SECONDS

        def tell(done: int, total: int) -> None:
            nonlocal following
            if total and time.monotonic() >= following:
                following = time.monotonic() + _PLAIN_SECONDS
                rate = done / (time.monotonic() - begun)
                left = common.human_time((total - done) / rate) if rate else "?"
                told = {"done": common.human_bytes(done), "total": common.human_bytes(total)}
                line = common.say("cli.verify.progress", rate=common.human_bytes(rate), left=left, **told)
                print(line, file=sys.stderr, flush=True)

        yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    bars = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bars.add_task(common.say("cli.verify.reading"), total=None)
    running = False

    def draw(done: int, total: int) -> None:
        nonlocal running
        if not running and time.monotonic() - begun > _FIRST_SECONDS:
            bars.start()
            running = True
        bars.update(task, completed=done, total=total or None)

    try:
        yield draw
    finally:
        if running:
            bars.stop()
