"""Names, defaults and bounds of a recorder's settings.

Specification: "Settings". The regulations are silent on each of these figures, so it has a name and a default here.
"""

from evidock_protocol import settings

# number, name, default, least, most, unit
SETTINGS = (
    (settings.RESUME, "resume", settings.RESUME_SHORT, settings.RESUME_NEVER, settings.RESUME_ALWAYS, ""),
    (settings.BATTERY_WARNING, "battery_warning", 15, 0, 100, "%"),
    (settings.BATTERY_STOP, "battery_stop", 5, 0, 50, "%"),
    (settings.BATTERY_OFF, "battery_off", 2, 0, 10, "%"),
    (settings.THERMAL_STOP, "thermal_stop", 750, 660, 1500, "0.1 °C"),
    (settings.THERMAL_RESUME, "thermal_resume", 650, 0, 650, "0.1 °C"),
    (settings.STORAGE_WARNING, "storage_warning", 262144, 0, 1 << 40, "KiB"),
    (settings.VOICE_WAIT, "voice_wait", 30, 0, 600, "s"),
    (settings.CHECK_BATTERY, "check_battery", 20, 0, 100, "%"),
    (settings.CHECK_STORAGE, "check_storage", 65536, 0, 1 << 40, "KiB"),
    (settings.CHECK_SOUND, "check_sound", 1, 0, 32767, "peak"),
    (settings.CHECK_PICTURE, "check_picture", 1, 0, 1 << 24, "bytes"),
    (settings.CHECK_CLOCK, "check_clock", 1, 0, 2, "wall state"),
    (settings.CHARGE_MILLIVOLTS, "charge_millivolts", 4350, 0, 100000, "mV"),
    (settings.CHARGE_TEMPERATURE, "charge_temperature", 450, -500, 1500, "0.1 °C"),
    (settings.IMPACT, "impact", 8000, 0, 1000000, "0.001 g"),
    (settings.RECEIPTS, "receipts", 1, 1, 2, "hosts"),
    (settings.RECLAIM_BELOW, "reclaim_below", 10, 0, 90, "%"),
)


def default(number: int) -> int:
    """The value that holds where nothing else is said; KeyError for a number that is none."""
    for row in SETTINGS:
        if row[0] == number:
            return row[2]
    raise KeyError(number)


def fits(number: int, value: object) -> bool:
    """Whether `value` is one that setting `number` may have."""
    for row in SETTINGS:
        if row[0] == number:
            return isinstance(value, int) and value is not True and value is not False and row[3] <= value <= row[4]
    return False
