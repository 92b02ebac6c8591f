"""`evidock check`: the pre-use check, on request.

Interface: "Command line".
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from evidock import language
from evidock.cli import common

if TYPE_CHECKING:
    from evidock.checking import Check, CheckItem


def check(
    port: common.Port, store: common.StoreFolder = None, baud: common.Baud = None, as_json: common.Json = False
) -> int:
    """Have the recorder on PORT check battery, storage, picture, sound, clock and itself, and sign what it found.

    Each figure is judged against the recorder's setting of its name. Exit status 1 when an item failed; what the
    recorder does not have is absent and does not fail.

    Example: evidock check --port /dev/ttyACM0 ./evidence
    """
    from evidock import client, commands
    from evidock.cli.progress import shown
    from evidock.store import Store

    with (
        Store(common.store_folder(store)) as opened,
        client.connect(port, opened, baud) as recorder,
        shown() as progress,
    ):
        common.warn_out_of_use(opened, recorder)
        told = commands.check(recorder, opened, progress)
    if as_json:
        common.print_json(told.to_json())
    else:
        _print(told)
    return 0 if told.passed else 1


def _print(told: Check) -> None:
    say, lang = common.say, common.lang()
    print(say("cli.check.passed" if told.passed else "cli.check.failed", device=told.device[:16], entry=told.entry))
    rows = [
        (
            language.name("check", item.item, lang),
            language.name("check_result", item.result, lang),
            *([figure, _least(item)] if (figure := _figure(item)) else []),
        )
        for item in told.items
    ]
    for line in common.aligned(rows):
        print("  " + line)


def _figure(item: CheckItem) -> str:
    if item.value is None or item.result == "absent":
        return ""
    if item.item == "clock":
        if not 0 < item.value < 253_370_764_800:  # the calendar ends with the year 9999
            return language.name("clock", "unset", common.lang())
        return datetime.fromtimestamp(item.value, UTC).isoformat()
    return _measured(item, item.value)


def _measured(item: CheckItem, value: int) -> str:
    if item.unit == "KiB":
        return common.human_bytes(value * 1024)
    return f"{value} %" if item.unit == "%" else common.say(f"cli.check.{item.item}", value=value)


def _least(item: CheckItem) -> str:
    if item.threshold is None:
        return ""
    if isinstance(item.threshold, str):
        least = language.name("clock", item.threshold, common.lang())
    else:
        least = _measured(item, item.threshold)
    return common.say("cli.check.least", least=least)
