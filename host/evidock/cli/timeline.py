"""`evidock timeline`: the picture of what `verify` finds.

Interface: "Command line".
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evidock.cli import common
from evidock.cli.verify import Device, Evidence, From, Heads, To, Trusted, progress_bar
from evidock.errors import WrongUsage


def timeline(
    out: Annotated[Path, typer.Option("--out", metavar="FILE.svg|FILE.html", help="Where the picture goes.")],
    path: Evidence = None,
    trust: Trusted = None,
    heads: Heads = None,
    start: From = None,
    end: To = None,
    device: Device = None,
) -> int:
    """Draw the timeline of what lies at PATH: recorded, recovered, declared, unexplained and altered time.

    The exit status says the verdict, as that of evidock verify does.

    Example: evidock timeline ./evidence --out shift.svg
    """
    from evidock import durable, picture, verification

    draw = {".svg": picture.draw_svg, ".html": picture.draw_html}.get(out.suffix.lower())
    if draw is None:
        raise WrongUsage("evidence_picture", path=out)
    with progress_bar() as progress:
        report = verification.verify(
            common.store_folder(path),
            start,
            end,
            trust=trust or None,
            heads=heads,
            device=device,
            progress=progress,
            lang=common.lang(),
        )
    durable.write_whole(out, draw(report, common.lang()).encode())
    print(common.say("cli.timeline.written", path=out, verdict=report.verdict.value))
    return report.verdict.exit_status
