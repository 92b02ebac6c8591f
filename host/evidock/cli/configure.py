"""`evidock configure`: settings of a recorder, by this host's signed commands.

Interface: "Command line". Specification: "Settings".
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evidock.cli import common


def configure(
    port: common.Port,
    given: Annotated[
        list[str],
        typer.Argument(metavar="[STORE] SETTING=VALUE...", help="EVIDOCK_STORE when STORE is left out."),
    ],
    baud: common.Baud = None,
    as_json: common.Json = False,
) -> None:
    """Set settings of the recorder on PORT: each change is signed, and an entry of its journal.

    Example: evidock configure --port /dev/ttyACM0 ./evidence battery_warning=20 receipts=2
    """
    from evidock import client, ordering
    from evidock.cli.progress import shown
    from evidock.store import Store

    first = given[0]
    named = "=" not in first or Path(first).is_dir()
    values = _values(given[1:] if named else given)
    for name, value in values.items():
        ordering.setting_number(name, value)
    folder = common.store_folder(Path(first) if named else None)
    with Store(folder) as opened, client.connect(port, opened, baud) as recorder, shown() as progress:
        common.warn_out_of_use(opened, recorder)
        done = ordering.configure(recorder, values, opened, progress)
    if as_json:
        common.print_json(done.to_json())
        return
    for name, number in done.entries.items():
        print(common.say("cli.configure.done", device=done.device[:16], name=name, value=values[name], entry=number))


def _values(given: list[str]) -> dict[str, int]:
    from evidock.errors import WrongUsage

    values: dict[str, int] = {}
    for text in given:
        name, sign, value = text.partition("=")
        try:
            values[name.strip()] = int(value)
        except ValueError:
            raise WrongUsage("setting_form", given=text) from None
        if not sign:
            raise WrongUsage("setting_form", given=text)
    if not values:
        raise WrongUsage("setting_form", given="")
    return values
