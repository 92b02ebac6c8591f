"""`evidock status`: what a recorder says of itself.

Interface: "Command line".
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from evidock import language
from evidock.cli import common

if TYPE_CHECKING:
    from evidock.client import Status


def status(port: common.Port, baud: common.Baud = None, as_json: common.Json = False) -> None:
    """Show identity, battery, storage, clock, health and backlog of the recorder on PORT.

    Nothing of this is signed: it is for the keeper, not for evidence.

    Example: evidock status --port /dev/ttyACM0
    """
    from evidock import client

    with client.connect(port, baud=baud, highest=client.BAUD) as recorder:
        told = recorder.status()
    if as_json:
        common.print_json(told.to_json())
        return
    rows = [(common.say("cli.status." + name), value) for name, value in _rows(told)]
    for line in common.aligned(rows):
        print(line)


def _rows(told: Status) -> list[tuple[str, str]]:
    say = common.say
    lang = common.lang()
    unknown = say("cli.status.unknown")
    battery = unknown if told.battery_percent is None else f"{told.battery_percent} %"
    if told.millivolts is not None:
        battery += f" ({told.millivolts / 1000:.2f} V)"
    storage = unknown
    if told.storage_free_bytes is not None and told.storage_total_bytes is not None:
        free, total = common.human_bytes(told.storage_free_bytes), common.human_bytes(told.storage_total_bytes)
        storage = say("cli.status.storage_value", free=free, total=total)
    running = say("cli.status.recording_value", recording=told.recording)
    checks = [
        f"{language.name('check', item, lang)} {language.name('check_result', result, lang)}"
        for item, result in told.check.items()
        if result != "absent"
    ]
    backlog = common.human_bytes(told.backlog_bytes)
    return [
        ("device", told.device or say("cli.status.blank")),
        ("model", told.model),
        ("software", told.software),
        ("protection", language.name("protection", told.protection, lang)),
        ("battery", battery),
        ("temperature", unknown if told.temperature_celsius is None else f"{told.temperature_celsius:.1f} °C"),
        ("storage", storage),
        ("clock", _clock(told)),
        ("boot", say("cli.status.boot_value", time=common.human_time(told.uptime_ms / 1000), boot=told.boot)),
        ("recording", say("cli.status.none") if told.recording is None else running),
        ("journal", say("cli.status.journal_value", size=told.journal_entries, epoch=told.epoch)),
        ("backlog", say("cli.status.backlog_value", segments=told.backlog_segments, bytes=backlog)),
        ("docked", say("cli.yes") if told.docked else say("cli.no")),
        ("check", ", ".join(checks) or say("cli.status.none")),
        ("refusals", str(told.refusals)),
    ]


def _clock(told: Status) -> str:
    state = language.name("clock", told.clock, common.lang())
    if told.clock_unix_ms is None or told.clock_unix_ms >= 253_370_764_800_000:  # the calendar ends with the year 9999
        return state
    return f"{datetime.fromtimestamp(told.clock_unix_ms / 1000, UTC).isoformat(timespec='seconds')} ({state})"
