"""`evidock issue` and `evidock return`: a recorder goes to an officer, and comes back.

Interface: "Command line". The numbers stay private: what the recorder signs has their commitments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from evidock.cli import common

if TYPE_CHECKING:
    from evidock.commands import Kept

Officer = Annotated[int, typer.Option("--officer", metavar="N", help="The officer's number; it stays private.")]
Unit = Annotated[int | None, typer.Option("--unit", metavar="N", help="The unit's number; it stays private.")]


def issue(
    port: common.Port,
    officer: Officer,
    store: common.StoreFolder = None,
    unit: Unit = None,
    baud: common.Baud = None,
    as_json: common.Json = False,
) -> None:
    """Hand the recorder on PORT to an officer: it signs the order, and keeps whose it is where it can be withheld.

    Example: evidock issue --port /dev/ttyACM0 ./evidence --officer 4711 --unit 12
    """
    from evidock import commands

    _hand("issue", commands.issue, port, store, officer, unit, baud, as_json)


def return_(
    port: common.Port,
    officer: Officer,
    store: common.StoreFolder = None,
    unit: Unit = None,
    baud: common.Baud = None,
    as_json: common.Json = False,
) -> None:
    """Take the recorder on PORT back from an officer: it signs the order, and with a new key from then on.

    Example: evidock return --port /dev/ttyACM0 ./evidence --officer 4711 --unit 12
    """
    from evidock import commands

    _hand("return", commands.take_back, port, store, officer, unit, baud, as_json)


def _hand(
    name: str,
    command: Callable[..., Kept],
    port: str,
    store: common.StoreFolder,
    officer: int,
    unit: int | None,
    baud: int | None,
    as_json: bool,
) -> None:
    from evidock import client
    from evidock.cli.progress import shown
    from evidock.store import Store

    with (
        Store(common.store_folder(store)) as opened,
        client.connect(port, opened, baud) as recorder,
        shown() as progress,
    ):
        kept = command(recorder, officer, unit, opened, progress)
    if as_json:
        common.print_json(kept.to_json())
    else:
        print(common.say(f"cli.{name}.done", device=kept.device[:16], entry=kept.entry))
