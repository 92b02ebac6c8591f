"""Section "Settings", and "Use" of "Verification of a chain": what was set, checked and issued, and other faults."""

from collections.abc import Sequence

from .entries import Entry
from .findings import Finding

DEFAULTS = {
    1: 1, 2: 15, 3: 5, 4: 2, 5: 750, 6: 650, 7: 262144, 8: 30,
    9: 20, 10: 65536, 11: 1, 12: 1, 13: 1, 14: 4350, 15: 450, 16: 8000,
    17: 1, 18: 10,
}  # fmt: skip
BATTERY_WARNING, THERMAL_RESUME, RECEIPTS = 2, 6, 17
FAILED, POLICY = 2, 3
OTHER_FAULTS = (3, 4, 5, 8, 9, 10, 11, 12)


def in_force(entries: Sequence[Entry], place: int, setting: int) -> int:
    """A setting where an entry stands: it holds until the next boot."""
    for entry in reversed(entries[: place + 1]):
        if entry.fields.integer("boot") != entries[place].fields.integer("boot"):
            break
        if entry.known and entry.kind_name == "CONFIG" and entry.body.integer("setting") == setting:
            return entry.body.integer("value")
    return DEFAULTS[setting]


def _settings(entries: Sequence[Entry]) -> list[Finding]:
    found, values = list[Finding](), dict[int, int]()
    for entry in entries:
        if entry.known and entry.kind_name == "CONFIG":
            setting, value = entry.body.integer("setting"), entry.body.integer("value")
            if entry.body.values["order"] is None and values.get(setting) != value:
                found.append(Finding("SETTINGS", f"setting {setting} is {value}", problem=False))
            values[setting] = value
    return found


def _failed(check: Entry) -> bool:
    return any(isinstance(row, list) and row[1] == FAILED for row in check.body.array("items"))


def _checks(entries: Sequence[Entry]) -> list[Finding]:
    found = list[Finding]()
    for place, entry in enumerate(entries):
        if not entry.known or entry.kind_name != "START":
            continue
        boot = entry.fields.integer("boot")
        here = [(at, other) for at, other in enumerate(entries) if other.fields.integer("boot") == boot]
        checks = [(at, other) for at, other in here if other.known and other.kind_name == "CHECK"]
        before = [other for at, other in checks if at < place]
        if before:
            unchecked = _failed(before[-1])
        elif entry.body.integer("reason") == POLICY:
            unchecked = bool(checks) and _failed(checks[0][1])
        else:
            unchecked = True
        if unchecked:
            number = entry.body.integer("recording")
            found.append(Finding("UNCHECKED", "no check was passed before", problem=False, recording=number))
    return found


def _issues(entries: Sequence[Entry]) -> list[Finding]:
    found, issued = list[Finding](), False
    if not any(entry.known and entry.kind_name == "ISSUE" for entry in entries):
        return found
    for entry in entries:
        if entry.known and entry.kind_name in ("ISSUE", "RETURN"):
            issued = entry.kind_name == "ISSUE"
        elif entry.known and entry.kind_name == "START" and not issued:
            number = entry.body.integer("recording")
            found.append(Finding("OUTSIDE_ISSUE", "issued to nobody", problem=False, recording=number))
    return found


def _faults(entries: Sequence[Entry]) -> list[Finding]:
    found = list[Finding]()
    for entry in entries:
        if entry.known and entry.kind_name == "FAULT" and entry.body.integer("what") in OTHER_FAULTS:
            place = entry.body.optional_integer("recording"), entry.body.optional_integer("segment")
            found.append(Finding("DEVICE_FAULT", f"{entry.body.integer('what')}", False, None, None, *place))
    return found


def use(entries: Sequence[Entry]) -> list[Finding]:
    return [*_settings(entries), *_checks(entries), *_issues(entries), *_faults(entries)]
