"""What a recorder's own figures say of the cause that it gives for a gap: confirmed, uncontradicted, contradicted.

Specification: "Verification of a chain", Gaps. AT-22. The limits hold whatever the settings say: who set `battery_stop`
to 100 could else call every stop a technical one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from evidock_protocol import codes, names, settings, settings_table

BATTERY_CLEAR = 30  # %: a cell that a load had pulled down recovers by some percent, never from below 15 to this
STORAGE_CLEAR = 65_536  # KiB: room for several segments of the greatest length; recorders stop at 2 MiB
TEMPERATURE_CLEAR = 500  # 0.1 °C: what the sun gives a black case; no part of a recorder has to stop below it
STORAGE_FLOOR = 2_048  # KiB free at which a recorder stops
MEDIUM_WITHIN = 10_000  # ms after INTERRUPT within which MEDIUM says that the card went: it is looked for every second

CONFIRMED, UNCONTRADICTED, CONTRADICTED = "confirmed", "uncontradicted", "contradicted"
NOT_KNOWN = "not_known"  # the number of a cause, reason or class that this version does not know

_RESETS = {
    codes.CAUSE_POWER_LOST: codes.RESET_POWER_ON,
    codes.CAUSE_WATCHDOG: codes.RESET_WATCHDOG,
    codes.CAUSE_BROWN_OUT: codes.RESET_BROWN_OUT,
}
_RESET_UNKNOWN = 0
_DAMAGE, _OVERRUN = 2, 12
_OF_EQUIPMENT = (
    codes.FAULT_CAPTURE,
    codes.FAULT_STORAGE,
    codes.FAULT_MEDIUM,
    codes.FAULT_FLASH,
    codes.FAULT_ANCHORS_FULL,
)


@dataclass
class Signs:
    """What the entries around a gap say."""

    battery: int | None = None
    """Percent: the highest that INTERRUPT, STOP or OFF tell."""
    storage_free: int | None = None
    """KiB: the most that INTERRUPT or STOP tell."""
    temperature: int | None = None
    """Tenths of a degree."""
    reset: int | None = None
    """Reset cause of the boot that found the recording open; None when no boot came between."""
    told_reset: int | None = None
    """What INTERRUPT says of it."""
    faults: set[int] = field(default_factory=set[int])
    """FAULTs since the recording began."""
    medium: bool = False
    """A card went or came since it began, or it had none."""
    watched: bool = False
    """The boot went on for long enough to say that a card went, and there was no other boot."""
    lost: bool = False
    """Frames were lost in the recording."""
    settings: dict[int, int] = field(default_factory=dict[int, int])
    """Settings in force that are not the default."""

    def setting(self, number: int) -> int:
        """The value in force when the recording broke off."""
        return self.settings.get(number, settings_table.default(number))

    def more_battery(self, percent: int | None) -> None:
        """Takes what another entry tells of the battery."""
        self.battery = _larger(self.battery, percent)

    def more_storage(self, kib: int | None) -> None:
        """Takes what another entry tells of the room on the card."""
        self.storage_free = _larger(self.storage_free, kib)


class Rule(NamedTuple):
    """How a cause is judged. Each question is asked only while the entries can answer it."""

    shown: tuple[str, ...]
    """Fields of Signs that the report shows."""
    contradicted: Callable[[Signs], bool]
    confirmed: Callable[[Signs], bool]


def judge(cause: int, signs: Signs) -> str:
    """CONFIRMED, UNCONTRADICTED or CONTRADICTED."""
    if cause in _RESETS:
        return _by_reset(cause, signs)
    rule = RULES.get(cause)
    if rule is None:
        return UNCONTRADICTED
    if rule.contradicted(signs):
        return CONTRADICTED
    return CONFIRMED if rule.confirmed(signs) else UNCONTRADICTED


def shown(cause: int, signs: Signs) -> dict[str, str | int | None]:
    """The figures that speak of a cause, for the report."""
    if cause in _RESETS or (cause == codes.CAUSE_UNKNOWN and signs.reset is not None):
        return {"reset": None if signs.reset is None else names.name_of(names.RESETS, signs.reset)}
    rule = RULES.get(cause)
    return {} if rule is None else {name: _plain(getattr(signs, name)) for name in rule.shown}


def _by_reset(cause: int, signs: Signs) -> str:
    if signs.told_reset not in (None, signs.reset):
        return CONTRADICTED
    if signs.reset == _RESETS[cause]:
        return CONFIRMED
    return UNCONTRADICTED if signs.reset == _RESET_UNKNOWN else CONTRADICTED


def _plain(value: object) -> str | int | None:
    if isinstance(value, set):
        return ", ".join(sorted(names.name_of(names.FAULTS, one) for one in cast("set[int]", value))) or None
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, int) else None


def _larger(one: int | None, other: int | None) -> int | None:
    return max((value for value in (one, other) if value is not None), default=None)


def _full_battery(signs: Signs) -> bool:
    return signs.battery is not None and signs.battery >= BATTERY_CLEAR


def _empty_battery(signs: Signs) -> bool:
    return signs.battery is not None and signs.battery <= signs.setting(settings.BATTERY_WARNING)


def _room(signs: Signs) -> bool:
    has_room = signs.storage_free is not None and signs.storage_free >= STORAGE_CLEAR
    return has_room and codes.FAULT_JOURNAL_FULL not in signs.faults  # the journal may be what is full


def _no_room(signs: Signs) -> bool:
    is_full = signs.storage_free is not None and signs.storage_free <= STORAGE_FLOOR
    return is_full or codes.FAULT_JOURNAL_FULL in signs.faults


def _cool(signs: Signs) -> bool:
    return signs.temperature is not None and signs.temperature < TEMPERATURE_CLEAR


def _hot(signs: Signs) -> bool:
    return signs.temperature is not None and signs.temperature >= signs.setting(settings.THERMAL_RESUME)


def _card_stayed(signs: Signs) -> bool:
    return signs.watched and not signs.medium


def _card_went(signs: Signs) -> bool:
    return signs.medium


def _no_fault(signs: Signs) -> bool:
    return not signs.faults.intersection(_OF_EQUIPMENT)


def _fault(signs: Signs) -> bool:
    return not _no_fault(signs)


def _shock(signs: Signs) -> bool:
    return codes.FAULT_IMPACT in signs.faults


def _frames_lost(signs: Signs) -> bool:
    return signs.lost


def _never(_signs: Signs) -> bool:
    return False


RULES = {
    codes.CAUSE_BATTERY_LOW: Rule(("battery",), _full_battery, _empty_battery),
    codes.CAUSE_STORAGE_FULL: Rule(("storage_free",), _room, _no_room),
    codes.CAUSE_THERMAL: Rule(("temperature",), _cool, _hot),
    codes.CAUSE_MEDIUM_SWAPPED: Rule(("medium",), _card_stayed, _card_went),
    codes.CAUSE_EQUIPMENT_FAULT: Rule(("faults",), _no_fault, _fault),
    _DAMAGE: Rule(("faults",), _never, _shock),
    _OVERRUN: Rule(("lost",), _never, _frames_lost),
}
"""Of the causes that a figure speaks of; the three of resets are judged by the reset itself."""
