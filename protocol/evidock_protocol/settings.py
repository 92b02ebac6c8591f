"""Settings of a recorder: their numbers, which are never reused.

Specification: "Settings". Names, defaults and bounds are in `settings_table`, which a recorder loads only to boot.
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
RECEIPTS = 17
RECLAIM_BELOW = 18

# Values of RESUME: whether recording goes on by itself, as START `policy`.
RESUME_NEVER = 0
RESUME_SHORT = 1  # after resets that kept the power on, once a card is back, once it has cooled down
RESUME_ALWAYS = 2  # after a power loss too
