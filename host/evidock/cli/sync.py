"""`evidock sync`: one docking of each port that is named, with its progress.

Interface: "Command line".
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidock.cli import common
from evidock.errors import EvidockError

if TYPE_CHECKING:
    from evidock.station import Event, Station
    from evidock.store import Store

Ports = Annotated[
    list[str],
    typer.Option(
        "--port",
        metavar="PORT",
        help="A device, a pty, socket://HOST:PORT, rfc2217://HOST:PORT …; several times for several recorders.",
    ),
]
Jobs = Annotated[int, typer.Option("--jobs", metavar="N", min=1, help="Dock at most N recorders at once.")]
Delete = Annotated[bool, typer.Option("--delete", help="Then have the recorder delete what STORE holds, oldest first.")]
Events = Annotated[bool, typer.Option("--events", help="Print a JSON object for each event, a line each.")]


def sync(
    port: Ports,
    store: common.StoreFolder = None,
    jobs: Jobs = 8,
    delete: Delete = False,
    events: Events = False,
    baud: common.Baud = None,
    patience: common.Patience = common.PATIENCE,
    as_json: common.Json = False,
) -> int:
    """Dock the recorder on PORT: pull its journal and media into STORE, verify every byte, give receipts.

    Interrupted anywhere (cable, power, full disk), the same command goes on from there. A recording that still runs
    is not disturbed. Several ports are docked side by side, and one that fails stops no other. Exit status 1 when one
    of them failed, also when a journal is another history than a signed head that STORE holds.

    --events: every line is an object with event (started, progress, reopened, done, failed), time, port, device.
    progress, at most twice a second for each port, has phase, done, total (entries or bytes), rate (bytes/s), share
    (of the line, 0 to 1), remaining_s, lost, mended, reopened; done has result; failed has code and message.

    Example: evidock sync --port /dev/ttyACM0 ./evidence

    Example: evidock sync --port /dev/ttyACM0 --port /dev/ttyACM1 ./evidence --jobs 2
    """
    folder = common.store_folder(store)
    if len(port) == 1 and not events:
        return _one(port[0], folder, delete, baud, patience, as_json)
    from evidock.store import Store

    with Store(folder) as opened:
        return _several(port, station_of(opened, jobs, 0.0, delete, baud, patience), events, as_json)


def station_of(store: Store, jobs: int, again: float, delete: bool, baud: int | None, patience: float) -> Station:
    """A station with the options of the line that the user gave."""
    from evidock import client, docking
    from evidock.station import Station

    dock = partial(docking.sync, patience=patience)
    return Station(store, jobs, again, delete, partial(client.connect, baud=baud), dock)


def _one(port: str, folder: Path, delete: bool, baud: int | None, patience: float, as_json: bool) -> int:
    from evidock import client, docking
    from evidock.cli.progress import shown
    from evidock.cli.sync_text import done_lines
    from evidock.store import Store

    with (
        Store(folder) as opened,
        client.connect(port, opened, baud=baud) as recorder,
        shown(recorder.line_rate) as progress,
    ):
        state = common.warn_out_of_use(opened, recorder)
        result = docking.sync(recorder, opened, progress, delete, patience)
    if as_json:
        common.print_json({**result.to_json(), **({} if state is None else {"registry": state})})
    else:
        for line in done_lines(result):
            print(line)
    return int(bool(result.contradicted))


def _several(ports: list[str], station: Station, events: bool, as_json: bool) -> int:
    from evidock.cli import dock_lines, dock_run
    from evidock.station import DONE, FAILED

    ended: dict[str, dict[str, object]] = {}

    def listen(event: Event) -> None:
        if event.kind in (DONE, FAILED):
            told = dock_lines.as_json(event)
            result = told.get("result")
            named = ("port", "device", "registry", "code", "message")
            ended[event.port] = {name: told[name] for name in named if name in told}
            ended[event.port] |= result if isinstance(result, dict) else {}

    found = dict.fromkeys(ports)
    failed, signalled = dock_run.run(station, lambda: found, True, events, False, listen if as_json else None)
    if as_json and not events:
        common.print_json({"recorders": [ended[port] for port in dict.fromkeys(ports) if port in ended]})
    if signalled:
        raise EvidockError("interrupted")
    return int(bool(failed))
