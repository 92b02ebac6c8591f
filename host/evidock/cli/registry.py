"""`evidock registry`: the recorders of a store, whose they are, and whether they are still trusted.

Interface: "Command line".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from evidock.cli import common
from evidock.errors import WrongUsage

if TYPE_CHECKING:
    from evidock.registry import Registered

Device = Annotated[
    str, typer.Argument(metavar="DEVICE", help="Its id (8 digits or more), its short fingerprint or its serial number.")
]

registry = typer.Typer(rich_markup_mode=None)


@registry.callback(invoke_without_command=True)
def registry_(context: typer.Context) -> None:
    """The registry of recorders: each change is a signed entry of the custody chain.

    Example: evidock registry list ./evidence
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


@registry.command("list")
def list_(store: common.StoreFolder = None, as_json: common.Json = False) -> None:
    """List every enrolled recorder with its state.

    Example: evidock registry list ./evidence
    """
    from evidock import registry as lib
    from evidock.store import Store

    with Store(common.store_folder(store)) as opened:
        found = lib.recorders(opened)
    if as_json:
        common.print_json({"recorders": [one.to_json() for one in found]})
        return
    heads = [
        common.say(f"cli.registry.{name}") for name in ("fingerprint", "state", "unit", "serial", "asset", "model")
    ]
    rows = [[one.fingerprint, _state(one), _number(one.unit), one.serial, one.asset, one.model] for one in found]
    print("\n".join(common.aligned([heads, *([_shown(cell) for cell in row] for row in rows)])))


@registry.command()
def show(device: Device, store: common.StoreFolder = None, as_json: common.Json = False) -> None:
    """Show one recorder.

    Example: evidock registry show 9f86d081 ./evidence
    """
    from evidock import registry as lib
    from evidock.store import Store

    with Store(common.store_folder(store)) as opened:
        found = lib.recorder(opened, lib.find(opened, device))
    _print(found, as_json)


@registry.command("set")
def set_(
    device: Device,
    store: common.StoreFolder = None,
    state: Annotated[str, typer.Option("--state", help="enrolled, issued, in_repair, lost, retired or revoked.")] = "",
    unit: Annotated[
        int | None, typer.Option("--unit", help="The unit that it belongs to: a number, kept private.")
    ] = None,
    at_size: Annotated[
        int | None,
        typer.Option("--at-size", metavar="N", help="Entries that are still trusted; default: all that are held here."),
    ] = None,
    as_json: common.Json = False,
) -> None:
    """Change a recorder's state or unit. A retired or revoked recorder stays so: what it signs later is untrusted.

    Example: evidock registry set 9f86d081 ./evidence --state revoked --at-size 512
    """
    from evidock import registry as lib
    from evidock.store import Store

    if state and state not in lib.STATES:
        raise WrongUsage("unknown_state", state=state[:40], known=", ".join(lib.STATES))
    if not state and unit is None:
        raise WrongUsage("nothing_to_set")
    with Store(common.store_folder(store)) as opened:
        found = lib.find(opened, device)
        present = lib.recorder(opened, found)
        changed = lib.set_state(opened, found, lib.STATES[state or present.state], unit, at_size)
    _print(changed, as_json)


def _print(one: Registered, as_json: bool) -> None:
    from evidock import language
    from evidock.authority import date

    if as_json:
        common.print_json(one.to_json())
        return
    rows = [
        [common.say("cli.registry.fingerprint"), one.fingerprint],
        [common.say("cli.status.device"), one.device],
        [common.say("cli.registry.model"), one.model],
        [common.say("cli.registry.serial"), one.serial],
        [common.say("cli.registry.asset"), one.asset],
        [common.say("cli.registry.unit"), _number(one.unit)],
        [common.say("cli.status.protection"), language.name("protection", one.protection, common.lang())],
        [common.say("cli.registry.state"), _state(one)],
        [common.say("cli.registry.enrolled"), date(one.enrolled_ms)],
    ]
    if one.changed_ms is not None:
        rows.append([common.say("cli.registry.changed"), date(one.changed_ms)])
    print("\n".join(common.aligned([[_shown(cell) for cell in row] for row in rows])))


def _state(one: Registered) -> str:
    from evidock import language

    name = language.name("registry", one.state, common.lang())
    if one.head_size is None:
        return name
    return common.say("cli.registry.ended", state=name, size=one.head_size)


def _number(unit: int | None) -> str:
    return "-" if unit is None else str(unit)


def _shown(cell: str) -> str:
    from evidock.client import printable

    return printable(cell) or "-"
