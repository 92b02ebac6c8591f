"""What a simulated line has done so far, counted exactly, as plain data.

Interface: "Command line" (evidock-sim line). Bytes are whole numbers; seconds are the line's own time.
"""

import json
import time
from pathlib import Path
from typing import Any

from evidock_simulator.line.direction import Direction
from evidock_simulator.line.pacing import MS, SECOND
from evidock_simulator.line.relay import Relay

Report = dict[str, Any]


def of(relay: Relay) -> Report:
    """The report of now. `void` means that the machine was too busy for the times to count; the counts still do."""
    busy = max(relay.to_host.pacing.busy, relay.to_recorder.pacing.busy)
    return {
        "options": relay.options.text,
        "seconds": round((time.monotonic_ns() - relay.started) / SECOND, 6),
        "to_host": _direction(relay, relay.to_host),
        "to_recorder": _direction(relay, relay.to_recorder),
        "cuts": relay.cuts,
        "unplugs": relay.unplugs,
        "late_ms": round(relay.lateness.worst / MS, 3),
        "doubtful_ms": round(relay.lateness.doubtful / MS, 3),
        "void": relay.lateness.is_void(busy),
        "processor_seconds": round((time.process_time_ns() - relay.started_processor) / SECOND, 6),
    }


def write(report: Report, path: Path) -> None:
    """Replaces the file at `path`, so that a reader finds a whole one."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(json.dumps(report) + "\n", encoding="utf-8")
    beside.replace(path)


def _direction(relay: Relay, direction: Direction) -> Report:
    """`bytes` have passed the line; `first_s` … `last_s`, since the line began, is when it carried them."""
    pacing = direction.pacing
    now = time.monotonic_ns()
    coming = max(0, pacing.end() - now)  # taken ahead
    return {
        "bytes": pacing.ended(now),
        "delivered": direction.delivered,
        "busy_s": round((pacing.busy - coming) / SECOND, 9),
        "first_s": round(((pacing.begun or relay.started) - relay.started) / SECOND, 6),
        "last_s": round((max(relay.started, min(now, pacing.end())) - relay.started) / SECOND, 6),
        "flipped": direction.faults.flipped,
        "dropped": direction.faults.dropped,
        "inserted": direction.faults.inserted,
        "cut": direction.cut,
        "overrun": direction.overrun,
        "garbled": direction.garbled,
    }
