"""`evidock stamp`: has a time-stamping authority (RFC 3161) bear witness that a recorder's newest head exists.

Interface: "Command line".
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evidock.cli import common
from evidock.errors import WrongUsage

if TYPE_CHECKING:
    from evidock.stamping import Stamped
    from evidock.store import Store


def stamp(
    store: common.StoreFolder = None,
    authority: Annotated[
        str | None, typer.Option("--authority", metavar="URL", help="The authority to ask, by http or https.")
    ] = None,
    query: Annotated[
        Path | None,
        typer.Option("--query", metavar="FILE", help="Write the query there instead, to be taken to an authority."),
    ] = None,
    response: Annotated[
        Path | None, typer.Option("--response", metavar="FILE", help="Take the authority's answer from there.")
    ] = None,
    roots: Annotated[
        Path | None,
        typer.Option("--roots", metavar="FILE", help="Certificates (PEM) that the stamp must lead to."),
    ] = None,
    device: Annotated[
        str | None, typer.Option("--device", metavar="ID", help="One recorder, by the beginning of its id.")
    ] = None,
    as_json: common.Json = False,
) -> None:
    """Get a time stamp over the newest head of each recorder: proof that all it signed so far existed by then.

    An authority sees one hash and nothing else. Without --roots a stamp is kept unchecked; `evidock verify
    --time-roots` checks it, then and whenever. Needs the optional part of the install: pip install 'evidock[time]'.

    Example: evidock stamp ./evidence --authority https://freetsa.org/tsr --roots cacert.pem
    """
    from evidock import stamping, timestamps
    from evidock.store import Store

    if sum(one is not None for one in (authority, query, response)) != 1:
        raise WrongUsage("stamp_way")
    timestamps.require()
    trusted = None if roots is None else timestamps.read_roots(roots)
    with Store(common.store_folder(store)) as opened:
        devices = _devices(opened, device)
        if query is not None:
            if len(devices) > 1:
                raise WrongUsage("stamp_several", count=len(devices))
            head = stamping.write_query(opened, devices[0], query)
            told = {"device": devices[0].hex(), "size": head.size, "head": head.hash.hex(), "query": str(query)}
            if as_json:
                common.print_json(dict(told))
            else:
                print(common.say("cli.stamp.query", path=query, size=head.size, device=devices[0].hex()[:16]))
            return
        if response is not None:
            done = [stamping.take_response(opened, devices, response, trusted)]
        else:
            assert authority is not None
            if device is None:  # a recorder that was enrolled and never docked has nothing to stamp
                devices = [one for one in devices if opened.archive(one).heads] or devices
            done = [stamping.stamp(opened, one, authority, trusted) for one in devices]
        if as_json:
            common.print_json({"stamps": [one.to_json() for one in done]})
        else:
            _print(done, opened)


def _devices(store: Store, wanted: str | None) -> list[bytes]:
    found = [one for one in store.devices() if wanted is None or (wanted and one.hex().startswith(wanted.lower()))]
    if not found:
        raise WrongUsage("stamp_nobody") if wanted is None else WrongUsage("evidence_device", device=wanted[:64])
    return found


def _print(done: list[Stamped], store: Store) -> None:
    for one in done:
        time = datetime.fromtimestamp(ceil(one.latest), UTC).astimezone(store.zone).isoformat(" ", "seconds")
        key = "cli.stamp.made" if one.fresh else "cli.stamp.held"
        print(common.say(key, device=one.device[:16], size=one.size, time=time, authority=one.authority))
        if not one.checked:
            print(common.say("cli.stamp.unchecked"))
