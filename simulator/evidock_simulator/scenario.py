"""Scenarios: data files that say what happens in a shift, found by name and checked before they run.

Architecture: "The simulator" (scenarios are data).
"""

import datetime
import json
from importlib import resources
from pathlib import Path
from typing import Any

from evidock_simulator.virtual.events import ACTIONS
from evidock_simulator.virtual.sources import SOUND, TRACKS


class BadScenario(ValueError):
    """A scenario that cannot run; the text says why."""


def names() -> list[str]:
    """Names of the scenarios that ship, sorted."""
    folder = resources.files("evidock_simulator") / "scenarios"
    return sorted(entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json"))


def title(name: str, language: str = "en") -> str:
    """One line about a scenario, "en" or "zh"."""
    return _read(name)["title"][language]


def load(name: str) -> tuple[dict[str, Any], int | None]:
    """A scenario by name, or by the path of a JSON file: what `World` takes, and the wall clock at power-on.

    The clock in Unix milliseconds, or None when it has lost its time. Raises BadScenario.
    """
    raw = _read(name)
    try:
        start = datetime.datetime.fromisoformat(raw["start"])
        shift = {
            "name": str(raw["name"]),
            "tracks": _tracks(raw.get("tracks", [SOUND])),
            "clock_kept": bool(raw["clock"]["kept_without_power"]),
            "battery": _curve(raw["battery"]),
            "temperature": _curve(raw["temperature"]),
            "events": [_event(event) for event in raw["events"]],
        }
        running = bool(raw["clock"]["set"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadScenario(f"scenario {name}: {error!r}") from None
    if start.tzinfo is None:
        raise BadScenario(f"scenario {name}: its start has no time zone")
    times = [event[0] for event in shift["events"]]
    if not times or times != sorted(times) or times[0] < 0:
        raise BadScenario(f"scenario {name}: events must be there, and in the order of time")
    return shift, round(start.timestamp() * 1000) if running else None


def _read(name: str) -> dict[str, Any]:
    path = Path(name)
    if not name.endswith(".json"):
        if name not in names():
            raise BadScenario(f"no scenario {name}; there are: {', '.join(names())}")
        path = Path(str(resources.files("evidock_simulator") / "scenarios" / f"{name}.json"))
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadScenario(f"scenario {name}: {error.strerror}") from None
    except ValueError as error:
        raise BadScenario(f"scenario {name}: {error}") from None
    if not isinstance(raw, dict):
        raise BadScenario(f"scenario {name}: not an object")
    return raw


def _tracks(tracks: Any) -> list[str]:
    fits = isinstance(tracks, list) and tracks and all(isinstance(track, str) for track in tracks)
    if not fits or len(set(tracks)) < len(tracks) or not set(tracks) <= set(TRACKS):
        raise BadScenario(f"tracks are some of {', '.join(TRACKS)}, each once, not {tracks!r}")
    return tracks


def _curve(points: Any) -> list[list[int]]:
    if not points or any(len(point) != 2 or type(point[0]) is not int or type(point[1]) is not int for point in points):
        raise BadScenario(f"a curve is a list of [seconds, value], not {points!r}")
    return [list(point) for point in points]


def _event(event: Any) -> list[Any]:
    """[seconds, action, argument …]; whole seconds."""
    if not isinstance(event, list) or len(event) not in (2, 3) or type(event[0]) is not int or event[1] not in ACTIONS:
        raise BadScenario(f"an event is [seconds, action, argument], not {event!r}")
    allowed = ACTIONS[event[1]][1]
    arguments = event[2:]
    if allowed is None:
        fits = not arguments
    elif allowed is int:
        # A cut without a number is between two operations; a clock without one is lost.
        fits = type(arguments[0]) is int if arguments and arguments[0] is not None else event[1] in ("cut", "clock")
    else:
        fits = len(arguments) == 1 and arguments[0] in allowed
    if not fits:
        raise BadScenario(f"event {event!r}: {event[1]} takes {allowed}")
    return event if arguments or event[1] != "clock" else [*event, None]
