"""`evidock sync`: one docking, with its progress.

Interface: "Command line".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from evidock.cli import common

if TYPE_CHECKING:
    from evidock.docking import SyncResult


def sync(port: common.Port, store: common.StoreFolder = None, as_json: common.Json = False) -> None:
    """Dock the recorder on PORT: pull its journal and media into STORE, verify every byte, give receipts.

    Interrupted anywhere (cable, power, full disk), the same command goes on from there. A recording that still runs
    is not disturbed.

    Example: evidock sync --port /dev/ttyACM0 ./evidence
    """
    from evidock import client, docking
    from evidock.cli.progress import shown
    from evidock.store import Store

    with Store(common.store_folder(store)) as opened, client.connect(port, opened) as recorder, shown() as progress:
        result = docking.sync(recorder, opened, progress)
    if as_json:
        common.print_json(result.to_json())
        return
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
    ):
        if segments:
            names = [common.say("cli.sync.segment", recording=first, number=second) for first, second in segments]
            remarks.append(common.say(key, segments=", ".join(names[:20]) + (" …" if len(names) > 20 else "")))
    if result.refused_openings:
        remarks.append(common.say("cli.sync.openings", count=result.refused_openings))
    if result.open_recording is not None:
        remarks.append(common.say("cli.sync.open"))
    return remarks
