"""`evidock init`: makes a store with its host key, certified by the organisation, which it pins for the user.

Interface: "Command line".
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Annotated

import typer

from evidock.cli import common


def init(
    store: common.StoreFolder = None,
    org_key: Annotated[
        Path | None,
        typer.Option("--org-key", metavar="PATH", help="The organisation key; made there when it is missing."),
    ] = None,
    passphrase_file: common.PassphraseFile = None,
    zone: Annotated[
        str, typer.Option("--zone", help="Time zone of its days, such as Asia/Shanghai; default: this machine's.")
    ] = "",
    name: Annotated[
        str, typer.Option("--name", help="Name of this host in its certificate; default: its host name.")
    ] = "",
) -> None:
    """Make a store: host key, empty archive and custody chain, certified by the organisation key.

    The organisation key is made too when there is none. Its passphrase is asked for at the terminal, or comes from
    --passphrase-file or EVIDOCK_PASSPHRASE.

    Example: evidock init ./evidence
    """
    from evidock import organisation, sealed_file
    from evidock.authority import check_clock
    from evidock.store import Store, check_place, check_zone, unix_ms

    folder = common.store_folder(store)
    key = org_key if org_key is not None else organisation.default_path()
    sealed_file.check_apart(key, folder)
    sealed_file.check_place(key)
    if zone:
        check_zone(zone)
    check_place(folder)
    fresh = not key.exists()
    passphrase = common.passphrase(key, passphrase_file, fresh)
    check_clock(unix_ms())
    if fresh:
        organisation.create(key, passphrase)
    with organisation.changing(key, passphrase) as unlocked:
        Store.create(folder, unlocked, _host_name(name), zone).close()
    with Store(folder) as made:
        print(common.say("cli.init.made", store=folder, zone=made.zone))
    fingerprint = unlocked.key.thumbprint.hex()
    organisation.pin(fingerprint)
    print(common.say("cli.init.new_key" if fresh else "cli.init.old_key", path=key))
    print(common.say("cli.init.pinned", fingerprint=fingerprint))


def _host_name(given: str) -> str:
    """At most 64 bytes of UTF-8, whole characters."""
    return (given or socket.gethostname()).encode(errors="replace")[:64].decode(errors="ignore")
