"""The recorder's settings file: which values hold, and what in it is nonsense.

Specification: "Settings". Loaded on demand at boot. Nothing in the file can stop a recorder: what is not understood
counts as not there, and a FAULT says so; bounds keep what is understood from stopping it.
"""

import json

from evidock_protocol import settings_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports

LONGEST = 4096  # bytes


def defaults() -> dict[int, int]:
    """The value of each setting by its number, where nothing else is said."""
    return {row[0]: row[2] for row in settings_table.SETTINGS}


def changed(values: dict[int, int]) -> list[tuple[int, int]]:
    """(number, value) of those that are not the default, in ascending order."""
    return [(row[0], values[row[0]]) for row in settings_table.SETTINGS if values[row[0]] != row[2]]


def encode(values: dict[int, int]) -> bytes:
    """The settings file of these values: those that are not the default."""
    chosen = ['"%s": %d' % (row[1], values[row[0]]) for row in settings_table.SETTINGS if values[row[0]] != row[2]]
    return ("{" + ", ".join(chosen) + "}").encode()


def read(board: "ports.Board") -> tuple[dict[int, int], list[int]]:
    """(values of all settings by number, numbers of settings that are nonsense).

    The latter in ascending order, each once. Number 0 stands for the file as a whole: it cannot be read, is no JSON
    object, or has names that no setting has.
    """
    raw = b""
    try:
        raw = board.settings()
        if not raw:
            return defaults(), []
        found = json.loads(str(raw, "utf-8")) if len(raw) <= LONGEST else None
    except (OSError, ValueError, RuntimeError, MemoryError):  # RuntimeError: nested too deeply
        found = None
    if not isinstance(found, dict) or not _is_plain(raw, found):
        return defaults(), [0]
    values: dict[int, int] = {}
    faults: list[int] = []
    for number, name, default, _least, _most, _unit in settings_table.SETTINGS:
        value = found.pop(name, default)
        if not settings_table.fits(number, value):
            faults.append(number)
            value = default
        values[number] = value
    return values, [0] + faults if found else faults


def _is_plain(raw: bytes, found: dict) -> bool:
    """Whether the text has the marks of such an object, and no more: some readers of JSON take `{"resume",1}` too."""
    text = raw.strip()
    if text[:1] != b"{" or text[-1:] != b"}":
        return False
    if not all(isinstance(value, int) for value in found.values()):
        return True  # out of bounds in any case
    marks = (raw.count(b":"), raw.count(b'"'), raw.count(b","))
    return marks == (len(found), 2 * len(found), max(len(found) - 1, 0))
