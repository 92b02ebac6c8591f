"""Settings of a recorder: numbers, names, defaults and bounds. Numbers are never reused.

Specification: "Settings". The regulations are silent on each of these figures, so it has a name and a default here.
"""

RESUME = 1
BATTERY_WARNING = 2
BATTERY_STOP = 3
BATTERY_OFF = 4
THERMAL_STOP = 5
THERMAL_RESUME = 6
STORAGE_WARNING = 7
VOICE_WAIT = 8
CHECK_BATTERY = 9
CHECK_STORAGE = 10
CHECK_SOUND = 11
CHECK_PICTURE = 12
CHECK_CLOCK = 13
CHARGE_MILLIVOLTS = 14
CHARGE_TEMPERATURE = 15
IMPACT = 16

# Values of RESUME: whether recording goes on by itself, as START `policy`.
RESUME_NEVER = 0
RESUME_SHORT = 1  # after resets that kept the power on, once a card is back, once it has cooled down
RESUME_ALWAYS = 2  # after a power loss too

# number, name, default, least, most, unit
SETTINGS = (
    (RESUME, "resume", RESUME_SHORT, RESUME_NEVER, RESUME_ALWAYS, ""),
    (BATTERY_WARNING, "battery_warning", 15, 0, 100, "%"),
    (BATTERY_STOP, "battery_stop", 5, 0, 100, "%"),
    (BATTERY_OFF, "battery_off", 2, 0, 100, "%"),
    (THERMAL_STOP, "thermal_stop", 750, 0, 1500, "0.1 °C"),
    (THERMAL_RESUME, "thermal_resume", 650, 0, 1500, "0.1 °C"),
    (STORAGE_WARNING, "storage_warning", 262144, 0, 1 << 40, "KiB"),
    (VOICE_WAIT, "voice_wait", 30, 0, 600, "s"),
    (CHECK_BATTERY, "check_battery", 20, 0, 100, "%"),
    (CHECK_STORAGE, "check_storage", 65536, 0, 1 << 40, "KiB"),
    (CHECK_SOUND, "check_sound", 1, 0, 32767, "peak"),
    (CHECK_PICTURE, "check_picture", 1, 0, 1 << 24, "bytes"),
    (CHECK_CLOCK, "check_clock", 1, 0, 2, "wall state"),
    (CHARGE_MILLIVOLTS, "charge_millivolts", 4350, 0, 100000, "mV"),
    (CHARGE_TEMPERATURE, "charge_temperature", 450, -500, 1500, "0.1 °C"),
    (IMPACT, "impact", 8000, 0, 1000000, "0.001 g"),
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
