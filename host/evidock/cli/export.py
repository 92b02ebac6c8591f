"""`evidock export`: a part of a store as a package that anyone can verify alone.

Interface: "Command line".
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidock.cli import common
from evidock.errors import WrongUsage

if TYPE_CHECKING:
    from evidock.export import Exported

Target = Annotated[Path, typer.Option("--to", metavar="DIR", help="The package: a folder that is new or empty.")]
From = Annotated[
    str | None, typer.Option("--from", metavar="T", help="Begin of the interval, ISO 8601, in the store's zone.")
]
Until = Annotated[str | None, typer.Option("--to-time", metavar="T", help="End of the interval.")]
Device = Annotated[str | None, typer.Option("--device", metavar="ID", help="One recorder, by the beginning of its id.")]
Recordings = Annotated[
    list[int] | None, typer.Option("--recording", metavar="N", min=1, help="A recording of that recorder; repeatable.")
]
Case = Annotated[str | None, typer.Option("--case", metavar="N", help="The recordings that were begun for this case.")]


def export(
    target: Target,
    store: common.StoreFolder = None,
    start: From = None,
    end: Until = None,
    device: Device = None,
    recordings: Recordings = None,
    case: Case = None,
    as_json: common.Json = False,
) -> None:
    """Export one case, one hour or some recordings of STORE to a folder that verifies on its own, elsewhere.

    Recordings that are not asked for stay behind, with their media and every private field; signed heads prove that
    nothing else was left out between the entries that are shown. Interrupted, the same command goes on from there.

    Example: evidock export ./evidence --to ./case-4711 --from 2025-03-14T08:00 --to-time 2025-03-14T09:00
    """
    from evidock.cli.progress import shown
    from evidock.export import export as write
    from evidock.intake import Progress
    from evidock.store import Store

    with Store(common.store_folder(store)) as opened, shown() as progress:
        interval = (_moment(start, opened.zone), _moment(end, opened.zone))
        done = write(
            opened,
            target,
            interval,
            recordings=recordings or (),
            case=case,
            device=device,
            progress=lambda count, total: progress(Progress("media", count, total)),
        )
    if as_json:
        common.print_json(done.to_json())
    else:
        for line in _lines(done):
            print(line)


def _lines(done: Exported) -> list[str]:
    lines: list[str] = []
    for one in done.recorders:
        line = common.say(
            "cli.export.recorder",
            device=one.device.hex()[:16],
            recordings=", ".join(map(str, one.recordings)) or "–",
            segments=len(one.segments),
            bytes=common.human_bytes(one.bytes),
            entries=one.entries,
            withheld=one.withheld,
        )
        lines.append(line)
        for key, segments in (("cli.export.missing", one.missing), ("cli.export.damaged", one.damaged)):
            if segments:
                named = ", ".join(common.say("cli.sync.segment", recording=a, number=b) for a, b in segments)
                lines.append(common.say(key, segments=named))
    lines += [common.say("cli.export.left_out", device=one.hex()[:16]) for one in done.left_out]
    lines.append(common.say("cli.export.done", path=done.path, package=done.package.hex()))
    return lines


def _moment(text: str | None, zone: tzinfo) -> int | None:
    """Unix milliseconds of an ISO 8601 time; without a zone it is in the store's. Raises WrongUsage."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return round((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise WrongUsage("evidence_time", time=text[:80]) from None
