"""`evidock exempt`: lawful non-recording begins or ends, by a signed order.

Interface: "Command line".
"""

from __future__ import annotations

from typing import Annotated

import typer

from evidock import language
from evidock.cli import common

CLASSES = {
    "1": 1, "secret": 1, "secret_investigation": 1,
    "2": 2, "privacy": 2, "secret_or_privacy": 2,
    "3": 3, "emergency": 3,
}  # fmt: skip


def exempt(
    port: common.Port,
    class_: Annotated[
        str,
        typer.Option(
            "--class",
            metavar="1|2|3|secret|privacy|emergency",
            help="1 secret investigation, 2 secrets or privacy, 3 emergency.",
        ),
    ],
    store: common.StoreFolder = None,
    begins: Annotated[bool | None, typer.Option("--begin/--end", help="Whether it begins or ends.  [required]")] = None,
    officer: Annotated[
        int | None, typer.Option("--officer", metavar="N", help="Number of the officer concerned; it stays private.")
    ] = None,
    approver: Annotated[
        int | None, typer.Option("--approver", metavar="N", help="Number of whoever approved it; it stays private.")
    ] = None,
    baud: common.Baud = None,
    as_json: common.Json = False,
) -> None:
    """Begin or end lawful non-recording of a class on the recorder on PORT. A recording that runs is ended.

    Without --approver the exemption stands, and its approval is owed.

    Example: evidock exempt --port /dev/ttyACM0 ./evidence --class privacy --officer 4711 --approver 20 --begin
    """
    from evidock import client, commands
    from evidock.cli.progress import shown
    from evidock.errors import WrongUsage
    from evidock.store import Store
    from evidock_protocol import names

    if begins is None:
        raise WrongUsage("begin_or_end")
    if class_ not in CLASSES:
        raise WrongUsage("no_exempt_class", given=class_)
    number = CLASSES[class_]
    with (
        Store(common.store_folder(store)) as opened,
        client.connect(port, opened, baud) as recorder,
        shown() as progress,
    ):
        kept = commands.exempt(recorder, number, begins, officer, approver, opened, progress)
    if as_json:
        common.print_json(kept.to_json())
        return
    name = language.name("cause", names.name_of(names.EXEMPT_CLASSES, number), common.lang())
    key = "cli.exempt.begun" if begins else "cli.exempt.ended"
    print(common.say(key, device=kept.device[:16], entry=kept.entry, name=name))
    if kept.recording is not None:
        print(common.say("cli.exempt.stopped", recording=kept.recording))
    if kept.approval_owed:
        print(common.say("cli.exempt.owed"))
