"""`evidock org`: the organisation's key, its copies, its certificates and its orders.

Interface: "Command line". `org_signing` has the commands that sign.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evidock.cli import common, org_signing

org = typer.Typer(rich_markup_mode=None)


@org.callback(invoke_without_command=True)
def org_(context: typer.Context) -> None:
    """The organisation key: keep it, hand it over, certify hosts, order recorders. host/KEYS.md rehearses all of it.

    Example: evidock org show
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


@org.command()
def show(
    org_key: common.OrgKey = None, passphrase_file: common.PassphraseFile = None, as_json: common.Json = False
) -> None:
    """Open the key file and say what it holds: fingerprint, successor, generation, certificates given.

    Example: evidock org show
    """
    from evidock import authority, organisation

    path = common.key_path(org_key)
    opened = organisation.unlock(path, common.passphrase(path, passphrase_file, False))
    given = [org_signing.certificate_values(authority.parse_certificate(raw)) for raw in opened.certificates]
    pins = organisation.read_pins()
    fingerprint = opened.key.thumbprint.hex()
    if as_json:
        common.print_json({
            "path": str(path),
            "fingerprint": fingerprint,
            "successor": opened.successor_hash.hex(),
            "successor_here": opened.successor is not None,
            "generation": opened.generation,
            "handed_over": len(opened.lineage),
            "certificates": given,
            "pins": pins,
        })  # fmt: skip
        return
    place = "cli.org.successor_here" if opened.successor is not None else "cli.org.successor_elsewhere"
    rows = [
        [common.say("cli.org.key"), str(path)],
        [common.say("cli.org.fingerprint"), fingerprint],
        [common.say("cli.org.successor"), opened.successor_hash.hex()],
        ["", common.say(place)],
        [common.say("cli.org.generation"), str(opened.generation)],
    ]
    rows += [[common.say("cli.org.certificate"), org_signing.certificate_line(one)] for one in given]
    rows += [[common.say("cli.org.pin"), pin] for pin in pins]
    print("\n".join(common.aligned(rows)))


@org.command()
def backup(
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="Where the copy goes; nothing may be there.")],
    org_key: common.OrgKey = None,
    passphrase_file: common.PassphraseFile = None,
) -> None:
    """Copy the key file, still under its passphrase, which is tried first.

    Example: evidock org backup --to /media/safe/organisation.key
    """
    from evidock import organisation

    path = common.key_path(org_key)
    opened = organisation.back_up(path, common.passphrase(path, passphrase_file, False), to)
    print(common.say("cli.org.backed_up", path=to, fingerprint=opened.key.thumbprint.hex()[:16]))


@org.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that `evidock org backup` made.")],
    org_key: common.OrgKey = None,
    passphrase_file: common.PassphraseFile = None,
) -> None:
    """Put a copy of the key file back in its place, once its passphrase opens it, and pin the key for this user.

    Example: evidock org restore /media/safe/organisation.key
    """
    from evidock import organisation, sealed_file
    from evidock.errors import StoreError

    path = common.key_path(org_key)
    if path.exists():
        raise StoreError("organisation_exists", path=path)
    opened = organisation.unlock(file, common.passphrase(file, passphrase_file, False))
    sealed_file.copy(file, path)
    organisation.pin(opened.key.thumbprint.hex())
    print(common.say("cli.org.restored", path=path, fingerprint=opened.key.thumbprint.hex()))


@org.command()
def passphrase(
    org_key: common.OrgKey = None,
    passphrase_file: common.PassphraseFile = None,
    new_passphrase_file: common.NewPassphraseFile = None,
) -> None:
    """Change the passphrase. Copies made before keep the old one: make new ones and destroy them.

    Example: evidock org passphrase
    """
    from evidock import organisation

    path = common.key_path(org_key)
    old = common.passphrase(path, passphrase_file, False)
    organisation.unlock(path, old)  # a wrong one is said before a new one is asked for
    organisation.change_passphrase(path, old, common.new_passphrase(path, new_passphrase_file))
    print(common.say("cli.org.passphrase_changed", path=path))


@org.command()
def split(
    successor_to: Annotated[
        Path, typer.Option("--successor-to", metavar="FILE", help="The successor's own file; nothing may be there.")
    ],
    org_key: common.OrgKey = None,
    passphrase_file: common.PassphraseFile = None,
    new_passphrase_file: common.NewPassphraseFile = None,
) -> None:
    """Move the successor's secret into a file of its own, under a passphrase of its own.

    Then neither loss nor theft of one file is that of both. Copies made before still hold both: destroy them.

    Example: evidock org split --successor-to /media/vault/successor.key
    """
    from evidock import organisation, sealed_file

    path = common.key_path(org_key)
    sealed_file.check_absent(successor_to)
    sealed_file.check_place(successor_to)
    old = common.passphrase(path, passphrase_file, False)
    organisation.unlock(path, old)
    organisation.split(path, old, successor_to, common.new_passphrase(successor_to, new_passphrase_file))
    print(common.say("cli.org.split", path=successor_to))


for command in (org_signing.certify, org_signing.install, org_signing.host, org_signing.order, org_signing.rotate,
                org_signing.succeed):  # fmt: skip
    org.command()(command)
