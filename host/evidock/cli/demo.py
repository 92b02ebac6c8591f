"""`evidock demo`: the whole path in one command, with nothing but this computer.

Interface: "Two commands on a fresh machine".
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidock.cli import common

if TYPE_CHECKING:
    from evidock.demonstration import Result


def demo(
    media: Annotated[
        list[Path] | None,
        typer.Option(
            "--media",
            metavar="FILE",
            help="Your own sound and pictures: WAV, AVI (MJPEG), or with ffmpeg anything; repeatable.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where everything goes.")] = Path("evidock-demo"),
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Another seed, another recorder.")] = 1,
) -> None:
    """Play a shift on a simulated recorder, dock it, verify it; then edit a copy and verify that.

    The recorder is the agent's real code on real MicroPython, and the sound is real. Nothing outside DIR is changed.

    Example: evidock demo --out /tmp/demo
    """
    from evidock.cli.progress import shown
    from evidock.demonstration import Demonstration

    begun = time.monotonic()
    lang = common.lang()
    demonstration = Demonstration(out, seed, lang)
    _tell("cli.demo.enrol")
    with shown() as progress:
        result = demonstration.shift(media or [], lambda state: _tell(f"cli.demo.{state}"), progress)
    _tell(
        "cli.demo.pulled",
        entries=result.size,
        segments=len(result.segments),
        bytes=common.human_bytes(result.bytes),
    )
    clean = demonstration.verify("store")
    _show("cli.demo.clean", clean)
    edited = demonstration.edit_copy()
    first, last = edited.seconds
    told = "cli.demo.stilled" if edited.still else "cli.demo.edited"
    _tell(told, path=edited.path.relative_to(out), first=f"{first:g}", last=f"{last:g}")
    altered = demonstration.verify("edited")
    _show("cli.demo.altered", altered)
    print()
    print(common.say("cli.demo.pictures", clean=clean.picture, edited=altered.picture))
    print(common.say("cli.demo.again", store=clean.store, fingerprint=demonstration.fingerprint))
    print(common.say("cli.demo.took", seconds=f"{time.monotonic() - begun:.0f}"))
    # The point of the demonstration is this pair of verdicts; anything else is a failure, and the exit status says so.
    if clean.report.verdict.exit_status != 0 or altered.report.verdict.value != "ALTERED":
        raise typer.Exit(1)


def _tell(key: str, **values: object) -> None:
    print(common.say(key, **values), flush=True)


def _show(key: str, result: Result) -> None:
    from evidock.cli.report_text import print_summary

    print(f"\n{common.say(key)}", flush=True)
    print_summary(result.report, common.lang())
    print()
