"""The recorder's settings file: which values differ from the defaults, and what in it is nonsense.

Specification: "Settings". Loaded on demand at boot. Nothing in the file can stop a recorder: what is not understood
counts as not there, and a FAULT says so.
"""

import json

from evidock_protocol import settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports

LONGEST = 4096  # bytes


def read(board: "ports.Board") -> tuple[dict[int, int], list[int]]:
    """(values by number of the setting where they are not the default, numbers of settings that are nonsense).

    The latter in ascending order, each once. Number 0 stands for the file as a whole: it cannot be read, is no JSON
    object, or has names that no setting has.
    """
    try:
        raw = board.settings()
        if not raw:
            return {}, []
        found = json.loads(str(raw, "utf-8")) if len(raw) <= LONGEST else None
    except (OSError, ValueError, RuntimeError, MemoryError):  # RuntimeError: nested too deeply
        found = None
    if not isinstance(found, dict):
        return {}, [0]
    values: dict[int, int] = {}
    faults: list[int] = []
    for number, name, default, _least, _most, _unit in settings.SETTINGS:
        value = found.pop(name, default)
        if not settings.fits(number, value):
            faults.append(number)
        elif value != default:
            values[number] = value
    return values, [0] + faults if found else faults
