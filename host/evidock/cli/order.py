"""`evidock order`: takes a signed order of the organisation to a recorder.

Interface: "Command line". The order itself is made where the organisation's key is, with `evidock org order`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evidock.cli import common


def order(
    port: common.Port,
    paths: Annotated[list[Path], typer.Argument(metavar="[STORE] FILE", help="EVIDOCK_STORE when STORE is left out.")],
    baud: common.Baud = None,
    as_json: common.Json = False,
) -> None:
    """Have the recorder on PORT carry out the organisation's order in FILE; both keep it, the recorder in its journal.

    Example: evidock order --port /dev/ttyACM0 ./evidence reset.order
    """
    from evidock import client, errors, ordering
    from evidock.cli.progress import shown
    from evidock.store import Store

    folder, file = common.store_and_file(paths)
    with errors.at(file), file.open("rb") as stream:
        raw = stream.read(ordering.MAXIMUM_ORDER + 1)
    with Store(folder) as opened, client.connect(port, opened, baud) as recorder, shown() as progress:
        done = ordering.deliver(recorder, raw, opened, progress)
    if as_json:
        common.print_json(done.to_json())
    else:
        print(common.say("cli.order.done", device=done.device[:16], name=done.operation, entry=done.entry))
