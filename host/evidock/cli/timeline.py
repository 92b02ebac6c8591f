"""`evidock timeline`: the picture of what `verify` finds.

Interface: "Command line".
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evidock.cli import common
from evidock.cli.verify import Device, Evidence, From, Heads, TimeRoots, To, Trusted, report_on
from evidock.errors import WrongUsage


def timeline(
    out: Annotated[Path, typer.Option("--out", metavar="FILE.svg|FILE.html", help="Where the picture goes.")],
    path: Evidence = None,
    trust: Trusted = None,
    heads: Heads = None,
    start: From = None,
    end: To = None,
    device: Device = None,
    time_roots: TimeRoots = None,
) -> int:
    """Draw the timeline of what lies at PATH: recorded, recovered, declared, unexplained and altered time.

    The exit status says the verdict, as that of evidock verify does.

    Example: evidock timeline ./evidence --out shift.svg
    """
    from evidock import durable, picture

    draw = {".svg": picture.draw_svg, ".html": picture.draw_html}.get(out.suffix.lower())
    if draw is None:
        raise WrongUsage("evidence_picture", path=out)
    report = report_on(path, trust, heads, start, end, device, time_roots)
    durable.write_whole(out, draw(report, common.lang()).encode())
    print(common.say("cli.timeline.written", path=out, verdict=report.verdict.value))
    return report.verdict.exit_status
