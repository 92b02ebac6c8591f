"""`evidock firmware`: announces a recorder's next firmware, so that its change is no finding.

Interface: "Command line".
"""

from __future__ import annotations

from typing import Annotated

import typer

from evidock.cli import common


def firmware(
    port: common.Port,
    expect: Annotated[
        str, typer.Option("--expect", metavar="HEX", help="Measurement (SHA-256) that the recorder will start with.")
    ],
    store: common.StoreFolder = None,
    baud: common.Baud = None,
    as_json: common.Json = False,
) -> None:
    """Announce to the recorder on PORT which firmware it will start next. A change that nobody announced is a finding.

    Example: evidock firmware --port /dev/ttyACM0 ./evidence --expect 9f86d081…
    """
    from evidock import client, ordering
    from evidock.cli.progress import shown
    from evidock.store import Store

    measurement = common.hexadecimal(expect, 32)
    with (
        Store(common.store_folder(store)) as opened,
        client.connect(port, opened, baud) as recorder,
        shown() as progress,
    ):
        kept = ordering.expect_firmware(recorder, measurement, opened, progress)
    if as_json:
        common.print_json(kept.to_json())
    else:
        print(common.say("cli.firmware.done", device=kept.device[:16], entry=kept.entry))
