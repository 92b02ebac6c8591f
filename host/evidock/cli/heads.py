"""`evidock heads`: the signed heads that a store holds, shown, given to another host, and compared with another host's.

Interface: "Command line".
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidock.cli import common

if TYPE_CHECKING:
    from evidock.store import Store

heads = typer.Typer(
    help="Signed heads: list those that are held, or compare them with another host's.", no_args_is_help=True
)

Device = Annotated[
    str | None, typer.Option("--device", metavar="ID", help="Only this recorder: its id or the beginning of it.")
]


@heads.command("list")
def list_(store: common.StoreFolder = None, device: Device = None, as_json: common.Json = False) -> int:
    """List the signed heads that STORE holds, and whether its journals agree with them; exit status 1 if one does not.

    Example: evidock heads list ./evidence
    """
    from evidock import witnessing
    from evidock.store import Store

    with Store(common.store_folder(store)) as opened:
        found = witnessing.held(opened, _device(opened, device))
    if as_json:
        common.print_json({"heads": [head.to_json() for head in found]})
    elif not found:
        print(common.say("cli.heads.none"))
    else:
        words = {
            witnessing.AGREES: common.say("cli.heads.agrees"),
            witnessing.CONTRADICTION: common.say("cli.heads.contradiction"),
            witnessing.AHEAD: common.say("cli.heads.ahead"),
        }
        own = common.say("cli.heads.own")
        rows = [
            (
                head.device[:16],
                common.say("cli.heads.size", size=head.size),
                own if head.own else head.host[:16],
                words[head.stands],
            )
            for head in found
        ]
        for line in common.aligned(rows):
            print(line)
    return int(any(head.stands == witnessing.CONTRADICTION for head in found))


@heads.command("export")
def export(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write.")],
    store: common.StoreFolder = None,
    device: Device = None,
) -> None:
    """Write the signed heads that STORE holds to FILE, for another host. There is nothing private in it.

    Example: evidock heads export ./evidence --out heads.cbs
    """
    from evidock import durable, witnessing
    from evidock.store import Store

    with Store(common.store_folder(store)) as opened:
        raw, count, devices = witnessing.export_heads(opened, _device(opened, device))
    durable.write_whole(out, raw)
    print(common.say("cli.heads.exported", count=count, devices=devices, path=out))


@heads.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(metavar="[STORE] FILE", help="EVIDOCK_STORE when STORE is left out.")],
    as_json: common.Json = False,
) -> int:
    """Compare the signed heads in FILE, which another host exported, with those that STORE holds.

    What agrees, and what is of a later time, is kept. A head that contradicts proves a second history of the recorder:
    it is kept and named at once, and the exit status is 1.

    Example: evidock heads import ./evidence heads.cbs
    """
    from evidock import errors, witnessing
    from evidock.errors import StoreError
    from evidock.store import Store

    folder, file = common.store_and_file(paths)
    with Store(folder) as opened:
        with errors.at(file), file.open("rb") as stream:
            raw = stream.read(witnessing.MAXIMUM_FILE + 1)
        if len(raw) > witnessing.MAXIMUM_FILE:
            raise StoreError("not_heads", path=file, reason=f"> {witnessing.MAXIMUM_FILE} bytes")
        told = witnessing.import_heads(opened, raw, file)
    if as_json:
        common.print_json(told.to_json())
    else:
        print(
            common.say(
                "cli.heads.imported", known=told.known, agreeing=told.agreeing, ahead=told.ahead, foreign=told.foreign
            )
        )
        for head in told.contradicting:
            print(common.say("cli.heads.contradicts", device=head.device[:16], size=head.size, host=head.host[:16]))
        for head in told.unsigned:
            print(common.say("cli.heads.unsigned", device=head.device[:16], size=head.size, host=head.host[:16]))
    return int(bool(told.contradicting or told.unsigned))


def _device(store: Store, given: str | None) -> bytes | None:
    """The recorder that the user means. Raises WrongUsage unless the store has exactly one such."""
    from evidock.errors import WrongUsage

    if given is None:
        return None
    found = [device for device in store.devices() if device.hex().startswith(given.lower())]
    if len(found) != 1:
        raise WrongUsage("no_heads")
    return found[0]
