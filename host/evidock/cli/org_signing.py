"""The commands of `evidock org` that sign: certificates, orders, and the hand-over to another organisation key.

Interface: "Command line".
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidock.cli import common
from evidock.errors import WrongUsage

if TYPE_CHECKING:
    from evidock.authority import Certificate

Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where it is written; nothing may be there.")]
OutFile = Annotated[Path, typer.Option("--out", metavar="FILE", help="The order for recorders; nothing may be there.")]
Generation = Annotated[
    int | None,
    typer.Option("--generation", min=1, help="Recorders that have seen it refuse every certificate of an older one."),
]


def certify(
    store: common.StoreFolder = None,
    host_key: Annotated[
        str, typer.Option("--host-key", metavar="HEX", help="A host elsewhere, by its key; with --name and --out.")
    ] = "",
    roles: Annotated[
        str | None,
        typer.Option("--roles", help="What it may do: of pull,time,receipt,issue,configure,firmware; or all."),
    ] = None,
    generation: Generation = None,
    years: Annotated[int, typer.Option("--years", help="How long it holds.")] = 5,
    name: Annotated[str, typer.Option("--name", help="The host's name.")] = "",
    out: Out = None,
    org_key: common.OrgKey = None,
    passphrase_file: common.PassphraseFile = None,
    as_json: common.Json = False,
) -> None:
    """Give a host a new certificate, which replaces the one in its store.

    Raising the generation for every host but one revokes that one, as soon as recorders have met another.

    Example: evidock org certify ./evidence --roles pull,receipt --years 2
    """
    from evidock import succession
    from evidock.store import Store, unix_ms
    from evidock_protocol import codes

    path = common.key_path(org_key)
    wanted = None if roles is None else _roles(roles)
    if host_key:
        if out is None or store is not None:
            raise WrongUsage("host_key_and_out")
        public = common.hexadecimal(host_key, 32)
        secret = common.passphrase(path, passphrase_file, False)
        chosen = codes.ALL_ROLES if wanted is None else wanted
        given = succession.certify_key(path, secret, public, name, unix_ms(), out, chosen, generation, years)
    else:
        if out is not None:
            raise WrongUsage("host_key_and_out")
        with Store(common.store_folder(store)) as opened:
            secret = common.passphrase(path, passphrase_file, False)
            given = succession.certify_store(path, secret, opened, wanted, generation, years, name)
    _say_certificate(given, as_json)


def install(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `evidock org certify --host-key` wrote.")],
    store: common.StoreFolder = None,
    as_json: common.Json = False,
) -> None:
    """Take a certificate for this store's host into use that was given elsewhere. Needs no passphrase.

    Example: evidock org install dock2.cert ./evidence
    """
    from evidock import succession
    from evidock.store import Store

    with Store(common.store_folder(store)) as opened:
        given = succession.install(opened, file)
    _say_certificate(given, as_json)


def host(store: common.StoreFolder = None, as_json: common.Json = False) -> None:
    """Show a store's host key and its certificate: what `evidock org certify --host-key` asks for.

    Example: evidock org host ./evidence
    """
    from evidock import authority
    from evidock.store import Store

    with Store(common.store_folder(store)) as opened:
        given = authority.parse_certificate(opened.certificate)
    if as_json:
        common.print_json(certificate_values(given))
        return
    print(common.say("cli.org.host_key", public=given.host_key.hex()))
    print(certificate_line(certificate_values(given)))


def order(
    operation: Annotated[
        str, typer.Argument(metavar="OPERATION", help="set_time, configure, firmware, reset or organisation.")
    ],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ARGS]", help="set_time TIME; configure NAME VALUE; firmware MEASUREMENT."),
    ] = None,
    out: Out = None,
    device: Annotated[
        str, typer.Option("--device", metavar="ID", help="The one recorder that may carry it out; default: every one.")
    ] = "",
    org_key: common.OrgKey = None,
    passphrase_file: common.PassphraseFile = None,
) -> None:
    """Sign an order to recorders, which `evidock order --port PORT FILE` takes there. Recorders take newer ones only.

    `reset` lets a recorder be provisioned anew; it and `set_time` need --device. `organisation` is the order of the
    last hand-over.

    Example: evidock org order configure battery_stop 8 --out stop-at-8.order
    """
    from evidock import durable, order_text, organisation, sealed_file
    from evidock.store import unix_ms

    if out is None:
        raise WrongUsage("no_out")
    sealed_file.check_absent(out)
    path = common.key_path(org_key)
    target = common.hexadecimal(device, 32) if device else None
    asked = order_text.parse(operation, arguments or [], target)
    secret = common.passphrase(path, passphrase_file, False)
    if asked.is_hand_over:
        raw = order_text.last_hand_over(organisation.unlock(path, secret), path)
    else:
        with organisation.changing(path, secret) as opened:
            raw = opened.order(asked.operation, asked.arguments, unix_ms(), target)
    durable.write_whole(out, raw)
    print(common.say("cli.org.ordered", operation=operation, path=out))


def rotate(
    out: OutFile,
    store: common.StoreFolder = None,
    org_key: common.OrgKey = None,
    passphrase_file: common.PassphraseFile = None,
) -> None:
    """Make a new organisation key in order: the old one signs the order for recorders, the store is certified anew.

    Example: evidock org rotate ./evidence --out rotation.order
    """
    from evidock import succession
    from evidock.store import Store

    path = common.key_path(org_key)
    with Store(common.store_folder(store)) as opened:
        secret = common.passphrase(path, passphrase_file, False)
        fresh, aside = succession.rotate(path, secret, opened, out)
    _say_hand_over(fresh.key.thumbprint.hex(), out, aside)


def succeed(
    successor: Annotated[
        Path, typer.Option("--successor", metavar="FILE", help="The successor's file, or a copy that holds both.")
    ],
    out: OutFile,
    store: common.StoreFolder = None,
    generation: Generation = None,
    org_key: common.OrgKey = None,
    passphrase_file: common.PassphraseFile = None,
) -> None:
    """Make the successor the organisation, when the organisation key or its passphrase is lost, or it was stolen.

    The passphrase is that of the successor's file.

    Example: evidock org succeed ./evidence --successor /media/vault/successor.key --out succession.order
    """
    from evidock import succession
    from evidock.store import Store

    path = common.key_path(org_key)
    with Store(common.store_folder(store)) as opened:
        secret = common.passphrase(successor, passphrase_file, False)
        made, aside = succession.succeed(successor, secret, opened, out, path, generation or 0)
    _say_hand_over(made.key.thumbprint.hex(), out, aside)


def certificate_values(given: Certificate) -> dict[str, object]:
    """A certificate as a JSON object."""
    from evidock import authority
    from evidock_protocol import names, sign1

    return {
        "host": sign1.thumbprint(given.host_key).hex(),
        "host_key": given.host_key.hex(),
        "name": given.name,
        "organisation": sign1.thumbprint(given.organisation).hex(),
        "roles": [str(name) for role, name in names.ROLES if given.roles & role],
        "generation": given.generation,
        "not_before": authority.date(given.not_before),
        "not_after": authority.date(given.not_after),
    }


def certificate_line(values: dict[str, object]) -> str:
    """A certificate as one line."""
    from typing import cast

    from evidock.client import printable

    roles = ", ".join(cast("list[str]", values["roles"]))
    return common.say(
        "cli.org.certificate_line",
        host=str(values["host"])[:16],
        name=printable(values["name"]) or "-",
        roles=roles,
        generation=values["generation"],
        until=values["not_after"],
    )


def _say_certificate(given: Certificate, as_json: bool) -> None:
    values = certificate_values(given)
    if as_json:
        common.print_json(values)
    else:
        print(certificate_line(values))


def _say_hand_over(fingerprint: str, out: Path, aside: Path | None) -> None:
    print(common.say("cli.org.handed_over", fingerprint=fingerprint))
    print(common.say("cli.org.take_order", path=out))
    if aside is not None:
        print(common.say("cli.org.aside", path=aside))


def _roles(text: str) -> int:
    from evidock_protocol import codes, names

    if text == "all":
        return codes.ALL_ROLES
    known = {str(name): role for role, name in names.ROLES}
    roles = 0
    for name in text.split(","):
        if name.strip() not in known:
            raise WrongUsage("unknown_role", role=name.strip()[:40], roles=", ".join(known))
        roles |= known[name.strip()]
    return roles
