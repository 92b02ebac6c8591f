"""What happens on the ports of a station, as lines: for people, and one JSON object each for a front end.

Interface: "`evidock dock --events`".
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

from evidock import language
from evidock.cli import common, progress
from evidock.cli.sync_text import done_lines
from evidock.errors import EvidockError, LineLost
from evidock.progress import WAITING, Reading
from evidock.station import DONE, FAILED, GONE, PROGRESS, REOPENED, STARTED, Event

PLAIN_SECONDS = 10.0  # between two lines of progress of one port

Say = Callable[[str, bool], None]  # a line, and whether it is a complaint


def as_json(event: Event) -> dict[str, object]:
    """An event as `--events` prints it; what it has not is left out, but for `device` and `again_s`."""
    told: dict[str, object] = {
        "event": event.kind,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "port": event.port,
        "device": event.device,
    }
    if event.registry is not None:
        told["registry"] = event.registry
    if event.reading is not None:
        reading = event.reading
        told |= {"phase": reading.phase, "done": reading.done, "total": reading.total}
        told |= {"rate": reading.rate and round(reading.rate), "share": reading.share and round(reading.share, 4)}
        told["remaining_s"] = reading.remaining and round(reading.remaining, 1)
        told |= {"received": reading.received, "lost": reading.lost, "mended": reading.mended}
        told["reopened"] = reading.reopened
    if event.result is not None:
        told["result"] = event.result.to_json()
    if event.error is not None:
        told |= {"code": event.error.key, "message": event.error.message(common.lang())}
    if event.kind in (DONE, FAILED):
        told["again_s"] = event.again
    return told


def json_line(event: Event) -> str:
    """One line, without its end."""
    return json.dumps(as_json(event), ensure_ascii=False)


class People:
    """A listener that says what happens in sentences. `moving`: also how far dockings have come, now and then."""

    def __init__(self, say: Say, moving: bool, stays: bool):
        """`stays`: whether the station goes on after a docking, so that it is worth a word when it docks again."""
        self._say = say
        self._moving = moving
        self._stays = stays
        self._next: dict[str, float] = {}
        self._phases: dict[str, str] = {}

    def __call__(self, event: Event) -> None:
        """Takes what happened."""
        name = (event.device or "?")[:16]
        if event.kind == STARTED:
            self._next[event.port] = time.monotonic() + PLAIN_SECONDS
            if self._stays:
                self._tell(event, common.say("cli.station.started", device=name))
            if event.registry is not None:
                state = language.name("registry", event.registry, common.lang())
                self._tell(event, common.say("cli.out_of_use", device=name, state=state), True)
        elif event.kind == PROGRESS and event.reading is not None and self._moving:
            self._move(event, event.reading)
        elif event.kind == REOPENED:
            self._tell(event, common.say("cli.station.reopened", device=name), True)
        elif event.kind == DONE and event.result is not None:
            first, *remarks = done_lines(event.result)
            self._tell(event, first)
            for line in remarks:
                self._tell(event, line)
        elif event.kind == FAILED and event.error is not None:
            self._tell(event, self._failure(event.error, event.again), True)
        elif event.kind == GONE:
            self._tell(event, common.say("cli.station.gone"))

    def _move(self, event: Event, reading: Reading) -> None:
        """Now and then how far a docking has come, and at once, but once, that its line is away."""
        changed = self._phases.get(event.port) != reading.phase
        self._phases[event.port] = reading.phase
        if reading.phase == WAITING:
            if changed:
                self._tell(event, progress.sentence(reading), True)
        elif time.monotonic() >= self._next.get(event.port, 0.0):
            self._next[event.port] = time.monotonic() + PLAIN_SECONDS
            self._tell(event, progress.sentence(reading), True)

    def _failure(self, error: EvidockError, again: float | None) -> str:
        said = error.message(common.lang())
        if not self._stays or error.key == "interrupted":
            return said
        if again is None:
            return common.say("cli.station.left_alone", reason=said)
        if isinstance(error, LineLost):
            return common.say("cli.station.lost", seconds=f"{again:.0f}")
        return common.say("cli.station.again", reason=said, seconds=f"{again:.0f}")

    def _tell(self, event: Event, line: str, complaint: bool = False) -> None:
        self._say(f"{event.port}: {line}", complaint)
