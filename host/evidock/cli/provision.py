"""`evidock provision`: enrols a recorder.

Interface: "Command line".
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from evidock.cli import common


def provision(
    port: common.Port,
    store: common.StoreFolder = None,
    serial: Annotated[str, typer.Option("--serial", help="Serial number of the recorder.")] = "",
    asset: Annotated[str, typer.Option("--asset", help="Asset number of the recorder.")] = "",
    label_file: Annotated[
        Path | None,
        typer.Option("--label", metavar="FILE", help="Write a label with a QR code: FILE.svg or FILE.png."),
    ] = None,
    baud: common.Baud = None,
    as_json: common.Json = False,
) -> None:
    """Enrol a recorder: it makes its key, and belongs to this store's organisation from then on.

    Compare the fingerprint with the one that the recorder shows. A recorder of this organisation that another store
    provisioned is entered into this store's registry. One that is to begin anew takes the organisation's order `reset`
    first (evidock org order reset).

    Example: evidock provision --port /dev/ttyACM0 ./evidence --serial 00417 --asset BC-2024-11
    """
    from evidock import client, provisioning, registry
    from evidock.store import Store

    if label_file is not None:
        from evidock import label, sealed_file

        label.check(label_file)
        sealed_file.check_absent(label_file)
    with (
        Store(common.store_folder(store)) as opened,
        client.connect(port, opened, baud, client.BAUD) as recorder,
    ):
        before = set(opened.custody.enrolled)
        if recorder.device not in before and not as_json:
            print(common.say("cli.provision.working"), file=sys.stderr)
        genesis = provisioning.provision(recorder, opened, serial, asset)
        known = genesis.device in before
        enrolled = registry.recorder(opened, genesis.device)
    values = {
        name: getattr(enrolled, name) for name in ("device", "fingerprint", "model", "serial", "asset", "protection")
    }
    if label_file is not None:
        from evidock import label

        label.write(label_file, enrolled)
    if as_json:
        common.print_json({**values, "already_enrolled": known})
        return
    shown = {name: client.printable(value) or "-" for name, value in values.items()}
    print(common.say("cli.provision.already", device=shown["device"][:16]) if known else _sentence(shown))
    print(common.say("cli.provision.fingerprint", fingerprint=shown["fingerprint"]))
    if label_file is not None:
        print(common.say("cli.provision.label", path=label_file))


def _sentence(shown: dict[str, str]) -> str:
    from evidock import language

    shown["protection"] = language.name("protection", shown["protection"], common.lang())
    return common.say("cli.provision.done", **shown)
