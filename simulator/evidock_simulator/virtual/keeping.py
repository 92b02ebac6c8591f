"""IMAGE.world: simulated time, clock, power and the place in the scenario, kept so that any kill leaves a usable one.

Interface: "Command line" (IMAGE.world).
"""

import json
import os


def load(path: str) -> dict:
    """The state that was kept last."""
    with open(path) as file:
        return json.loads(file.read())


def save(path: str, state: dict) -> None:
    """Keeps the state: written beside, then renamed into place."""
    with open(path + ".new", "w") as file:
        file.write(json.dumps(state))
    os.rename(path + ".new", path)


def new(seed: int, scenario: dict, media: dict, start_unix_ms: int | None) -> dict:
    """The state of a recorder that was never powered. The wall clock reads `start_unix_ms`, or is lost.

    `media` holds the path of what each track of the scenario plays; see `sources`.
    """
    return {
        "format": 1,
        "seed": seed,
        "media": media.get("sound"),
        "picture": media.get("picture"),
        "encoder": media.get("encoder"),
        "scenario": scenario,
        "time": 0,
        "wall": start_unix_ms,
        "boots": 0,
        "began": None,
        "event": 0,
        "over": False,
        "docked": False,
        "powered": False,
        "card": True,
        "card_in": "",
    }
