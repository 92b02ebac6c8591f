"""`evidock sync`: one docking, with its progress.

Interface: "Command line".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from evidock.cli import common

if TYPE_CHECKING:
    from evidock.docking import SyncResult


def sync(
    port: common.Port,
    store: common.StoreFolder = None,
    delete: Annotated[
        bool, typer.Option("--delete", help="Then have the recorder delete what STORE holds, oldest first.")
    ] = False,
    as_json: common.Json = False,
) -> int:
    """Dock the recorder on PORT: pull its journal and media into STORE, verify every byte, give receipts.

    Interrupted anywhere (cable, power, full disk), the same command goes on from there. A recording that still runs
    is not disturbed. Exit status 1 also when the journal is another history than a signed head that STORE holds.

    Example: evidock sync --port /dev/ttyACM0 ./evidence
    """
    from evidock import client, docking
    from evidock.cli.progress import shown
    from evidock.store import Store

    with Store(common.store_folder(store)) as opened, client.connect(port, opened) as recorder, shown() as progress:
        state = common.warn_out_of_use(opened, recorder)
        result = docking.sync(recorder, opened, progress, delete)
    if as_json:
        common.print_json({**result.to_json(), **({} if state is None else {"registry": state})})
    else:
        _print(result)
    return int(bool(result.contradicted))


def _print(result: SyncResult) -> None:
    print(
        common.say(
            "cli.sync.done",
            device=result.device[:16],
            entries=result.entries,
            size=result.size,
            segments=len(result.segments),
            bytes=common.human_bytes(result.bytes),
            receipted=len(result.receipted),
        )
    )
    for line in _remarks(result):
        print(line)


def _remarks(result: SyncResult) -> list[str]:
    remarks: list[str] = []
    for key, segments in (
        ("cli.sync.missing", result.missing),
        ("cli.sync.damaged", result.damaged),
        ("cli.sync.unreadable", result.unreadable),
        ("cli.sync.kept", result.kept),
    ):
        if segments:
            names = [common.say("cli.sync.segment", recording=first, number=second) for first, second in segments]
            remarks.append(common.say(key, segments=", ".join(names[:20]) + (" …" if len(names) > 20 else "")))
    if result.deleted:
        remarks.append(common.say("cli.sync.deleted", count=len(result.deleted)))
    if result.contradicted:
        sizes = ", ".join(str(size) for size in result.contradicted[:20])
        remarks.append(common.say("cli.sync.contradicted", sizes=sizes))
    if result.unknown_custody is not None:
        remarks.append(common.say("cli.sync.custody", entry=result.unknown_custody))
    if result.refused_openings:
        remarks.append(common.say("cli.sync.openings", count=result.refused_openings))
    if result.open_recording is not None:
        remarks.append(common.say("cli.sync.open"))
    return remarks
