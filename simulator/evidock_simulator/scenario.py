"""Scenarios: data files that say what happens in a shift, found by name and checked before they run.

Architecture: "The simulator" (scenarios are data). SCENARIOS.md says what may stand in one. What it must give, its keys
`timeline`, `gaps`, `owed`, `findings` and `verdict`, is for whoever compares, and what a host does meanwhile, its key
`host`, for whoever has one; nothing of it reaches the recorder.
"""

import datetime
import json
from importlib import resources
from pathlib import Path
from typing import Any

from evidock_simulator.actions import ACTIONS, fits
from evidock_simulator.virtual.files import FIRMWARES
from evidock_simulator.virtual.slot import CARDS
from evidock_simulator.virtual.sources import QUIET, SOUND, TRACKS

HOST_ACTIONS: dict[str, tuple[str, ...]] = {
    "sync": (),
    "delete": (),
    "firmware": FIRMWARES,
    "reset": (),
    "provision": (),
}
"""What a host may do in a scenario, with the words of which its argument is one."""


class BadScenario(ValueError):
    """A scenario that cannot run; the text says why."""


def names() -> list[str]:
    """Names of the scenarios that ship, sorted."""
    folder = resources.files("evidock_simulator") / "scenarios"
    return sorted(entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json"))


def title(name: str, language: str = "en") -> str:
    """One line about a scenario, "en" or "zh"."""
    raw = _read(name)
    row = f"AT-{raw['attack']}: " if "attack" in raw else ""
    return row + str(raw["title"][language])


def load(name: str) -> tuple[dict[str, Any], int | None]:
    """A scenario by name, or by the path of a JSON file: what `World` takes, and the wall clock at power-on.

    The clock in Unix milliseconds, or None when it has lost its time. Raises BadScenario.
    """
    raw = _read(name)
    try:
        start = _moment(raw["start"])
        shift: dict[str, Any] = {
            "name": str(raw["name"]),
            "tracks": _tracks(raw.get("tracks", [SOUND])),
            "clock_kept": bool(raw["clock"]["kept_without_power"]),
            "battery": _curve(raw["battery"]),
            "temperature": _curve(raw["temperature"]),
            "events": [_event(event) for event in raw["events"]],
        }
        running = bool(raw["clock"]["set"])
        if "restarts" in raw["clock"]:
            shift["clock_restarts"] = round(_moment(raw["clock"]["restarts"]).timestamp() * 1000)
        if "settings" in raw:
            shift["settings"] = _settings(raw["settings"])
        if "sound" in raw:
            shift["sound"] = _sound(raw["sound"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadScenario(f"scenario {name}: {error!r}") from None
    times = [event[0] for event in shift["events"]]
    if not times or times != sorted(times) or times[0] < 0:
        raise BadScenario(f"scenario {name}: events must be there, and in the order of time")
    _check_cards(name, shift["events"])
    return shift, round(start.timestamp() * 1000) if running else None


def attack(name: str) -> int | None:
    """The row of the catalogue of attacks that a scenario is an example of, or None."""
    return _read(name).get("attack")


def host(name: str) -> list[list[Any]]:
    """What a host does meanwhile: rows [seconds, what, argument] in the order of time. Raises BadScenario."""
    rows = _read(name).get("host", [])
    if not isinstance(rows, list) or not all(map(_is_host_row, rows)):
        raise BadScenario(f"scenario {name}: a row of `host` is [seconds, one of {', '.join(HOST_ACTIONS)}, argument]")
    if [row[0] for row in rows] != sorted(row[0] for row in rows):
        raise BadScenario(f"scenario {name}: what the host does must be in the order of time")
    return rows


def expected(name: str) -> dict[str, Any] | None:
    """What a scenario's file says that it must give (SCENARIOS.md), None when it does not. Raises BadScenario."""
    raw = _read(name)
    if "timeline" not in raw:
        return None
    wanted = {key: raw.get(key, []) for key in ("timeline", "unplaced", "gaps", "findings", "owed")}
    try:
        rows = [(wanted["timeline"], 4), (wanted["unplaced"], 4), (wanted["gaps"], 8), (wanted["owed"], 2)]
        if any(len(row) != length for found, length in rows for row in found):
            raise ValueError("a row of another length than SCENARIOS.md says")
        return {"verdict": str(raw["verdict"]), **wanted}
    except (KeyError, TypeError, ValueError) as error:
        raise BadScenario(f"scenario {name}: {error!r}") from None


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


def _is_host_row(row: Any) -> bool:
    if not isinstance(row, list) or len(row) not in (2, 3) or type(row[0]) is not int or row[1] not in HOST_ACTIONS:
        return False
    allowed = HOST_ACTIONS[row[1]]
    return row[2] in allowed if len(row) == 3 else not allowed


def _check_cards(name: str, events: list[list[Any]]) -> None:
    """A slot holds one card: whoever puts one in takes the other out first, which no agent may miss."""
    inserted = True
    for event in events:
        if event[1] != "card" or event[2] not in ("remove", "insert", *CARDS):
            continue
        if inserted and event[2] in CARDS:
            raise BadScenario(f"scenario {name}: event {event!r} puts a card into a slot that has one")
        inserted = event[2] != "remove"


def _moment(text: str) -> datetime.datetime:
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise BadScenario(f"{text} has no time zone")
    return moment


def _settings(settings: Any) -> str:
    """What is in the settings file: an object as JSON, a text as it stands."""
    if not isinstance(settings, dict | str):
        raise BadScenario(f"settings are an object, or a text that is the file's content, not {settings!r}")
    return settings if isinstance(settings, str) else json.dumps(settings)


def _sound(sound: Any) -> str:
    if sound != QUIET:
        raise BadScenario(f'the sound is "{QUIET}" where it is not a file\'s, not {sound!r}')
    return sound


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
    arguments = event[2:]
    if not fits(event[1], arguments):
        raise BadScenario(f"event {event!r}: {event[1]} takes one of {ACTIONS[event[1]]}")
    return event if arguments or event[1] != "clock" else [*event, None]
