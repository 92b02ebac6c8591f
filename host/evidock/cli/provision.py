"""`evidock provision`: enrols a recorder.

Interface: "Command line".
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from evidock.cli import common


def provision(
    port: common.Port,
    store: common.StoreFolder = None,
    serial: Annotated[str, typer.Option("--serial", help="Serial number of the recorder.")] = "",
    asset: Annotated[str, typer.Option("--asset", help="Asset number of the recorder.")] = "",
    as_json: common.Json = False,
) -> None:
    """Enrol a recorder: it makes its key, and belongs to this store's organisation from then on.

    A recorder of this organisation that another store provisioned is entered into this store's registry.

    Example: evidock provision --port /dev/ttyACM0 ./evidence --serial 00417 --asset BC-2024-11
    """
    from evidock import client, provisioning
    from evidock.store import Store
    from evidock_protocol import names

    with Store(common.store_folder(store)) as opened, client.connect(port, opened) as recorder:
        known = recorder.device is not None and recorder.device in opened.custody.enrolled
        if not known and not as_json:
            print(common.say("cli.provision.working"), file=sys.stderr)
        genesis = provisioning.provision(recorder, opened, serial, asset)
    values = {
        "device": genesis.device.hex(),
        "model": genesis.body["model"],
        "serial": genesis.body["serial"],
        "asset": genesis.body["asset"],
        "protection": names.name_of(names.PROTECTIONS, genesis.body["protection"]),  # type: ignore[arg-type]
    }
    if as_json:
        common.print_json({**values, "already_enrolled": known})
        return
    shown = {name: client.printable(value) or "-" for name, value in values.items()}
    print(common.say("cli.provision.already", device=shown["device"][:16]) if known else _sentence(shown))


def _sentence(shown: dict[str, str]) -> str:
    from evidock import language

    shown["protection"] = language.name("protection", shown["protection"], common.lang())
    return common.say("cli.provision.done", **shown)
