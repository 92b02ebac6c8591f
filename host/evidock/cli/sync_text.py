"""What a docking brought, in sentences.

Interface: "`evidock sync`".
"""

from __future__ import annotations

from evidock.cli import common
from evidock.docking import SyncResult


def done_lines(result: SyncResult) -> list[str]:
    """One line of what came, and one for each thing that somebody should look at."""
    return [
        common.say(
            "cli.sync.done",
            device=result.device[:16],
            entries=result.entries,
            size=result.size,
            segments=len(result.segments),
            bytes=common.human_bytes(result.bytes),
            receipted=len(result.receipted),
        ),
        *_remarks(result),
    ]


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
