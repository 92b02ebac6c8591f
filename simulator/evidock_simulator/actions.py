"""What a scenario may do, and the arguments that each action takes: for checking a scenario before it runs.

`virtual.events` and `virtual.rare` do them.
"""

from evidock_simulator.virtual.condition import CAMERA_EVENTS, ENCODER_EVENTS
from evidock_simulator.virtual.events import RESETS
from evidock_simulator.virtual.files import FIRMWARES
from evidock_simulator.virtual.rot import REGIONS
from evidock_simulator.virtual.slot import CARDS
from evidock_simulator.virtual.tamper import TAMPERINGS

NOTHING = None
WHOLE = int

Allowed = tuple[object, ...]
"""What the one argument may be: a word, WHOLE for a whole number, NOTHING when it may be left out."""

ACTIONS: dict[str, Allowed] = {
    "press": ("record", "stop", "mark", "off", "exempt_secret", "exempt_privacy", "exempt_emergency"),
    "boot": (NOTHING, *RESETS),
    "cut": (NOTHING, WHOLE),  # without a number it is between two operations
    "reset": tuple(RESETS),
    "hang": (WHOLE,),
    "card": ("insert", "remove", "full", "low", "fail", "mend", *CARDS),
    "stall": (WHOLE,),
    "clock": (NOTHING, WHOLE),  # without a number it is lost
    "camera": CAMERA_EVENTS,
    "encoder": ENCODER_EVENTS,
    "speak": (WHOLE,),
    "pause": (WHOLE,),
    "shock": (WHOLE,),
    "charge": ("on", "off", WHOLE),
    "rot": REGIONS,
    "tamper": TAMPERINGS,
    "firmware": FIRMWARES,
    "dock": (NOTHING,),
    "undock": (NOTHING,),
}


def fits(action: str, arguments: list[object]) -> bool:
    """Whether an action may have these arguments."""
    allowed = ACTIONS[action]
    given = [argument for argument in arguments if argument is not None]
    if not given:
        return NOTHING in allowed
    return len(given) == 1 and (given[0] in allowed if isinstance(given[0], str) else type(given[0]) in allowed)
