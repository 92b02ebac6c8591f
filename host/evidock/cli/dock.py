"""`evidock dock`: the docking station.

Interface: "Command line".
"""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from evidock.cli import common
from evidock.cli.sync import Delete, Events, Jobs, station_of
from evidock.errors import EvidockError, PortError


def dock(
    store: common.StoreFolder = None,
    ports: Annotated[
        list[str] | None,
        typer.Option(
            "--ports",
            metavar="GLOB",
            help="Ports to watch, in quotation marks; several times for several patterns. Default: USB serial ports.",
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Dock what is plugged in now, each once, and end.")] = False,
    jobs: Jobs = 8,
    again: Annotated[
        float,
        typer.Option(
            "--again",
            metavar="SECONDS",
            min=0,
            help="Ask a recorder that stays for what is new after so long; 0: not before it is plugged in anew.",
        ),
    ] = 600,
    delete: Delete = False,
    events: Events = False,
    baud: common.Baud = None,
    patience: common.Patience = common.PATIENCE,
) -> int:
    """Watch the ports, and dock every recorder that is plugged in: side by side, each once, until Ctrl-C or SIGTERM.

    A recorder that this store has not enrolled, or that is another organisation's, is told so and left alone until it
    is plugged in again; a bad line is tried again, and disturbs no other. Ending it stops the dockings that run at
    once; they go on when the recorder is docked the next time. Exit status of --once: 1 when a docking failed.

    --events: every line is an object with event (started, progress, reopened, done, failed, gone), time, port, device.
    progress, at most twice a second for each port, has phase, done, total (entries or bytes), rate (bytes/s), share
    (of the line, 0 to 1), remaining_s, lost, mended, reopened; done has result, failed has code and message, and both
    have again_s, the seconds to the next docking (null: not before it is plugged in again).

    Example: evidock dock ./evidence --ports '/dev/ttyACM*' --jobs 4

    Example: evidock dock ./evidence --once --events
    """
    from evidock.cli import dock_run
    from evidock.station.plugged import DEFAULT_GLOBS, plugged
    from evidock.store import Store

    globs = tuple(ports) if ports else DEFAULT_GLOBS
    find = partial(plugged, globs)
    with Store(common.store_folder(store)) as opened:
        if once and not find():
            raise PortError("no_ports", globs=" ".join(globs))
        if not once and not events:
            print(common.say("cli.station.watching", globs=" ".join(globs), store=opened.folder), flush=True)
        station = station_of(opened, jobs, again, delete, baud, patience)
        failed, signalled = dock_run.run(station, find, once, events, not once)
    if signalled and once:
        raise EvidockError("interrupted")
    return int(once and bool(failed))
