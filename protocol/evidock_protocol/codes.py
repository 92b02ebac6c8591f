"""Small numbered tables used inside entry bodies, statements and messages. Numbers are never reused.

Specification: "Codes". Each table is a tuple of (number, name) rows, shared by SPECIFICATION.md, reports and the agent.
"""

# Interruption causes: number, name, technical (OB-7), telemetry that confirms or contradicts it.
CAUSES = (
    (0, "unknown", False, ""),
    (1, "equipment_fault", True, "fault"),
    (2, "damage", True, "impact"),
    (3, "weather", True, "temperature"),
    (4, "battery_low", True, "battery"),
    (5, "storage_full", True, "storage"),
    (6, "medium_swapped", True, "medium"),
    (7, "battery_swapped", True, "battery"),
    (8, "power_lost", True, "reset"),
    (9, "watchdog", True, "reset"),
    (10, "brown_out", True, "reset"),
    (11, "thermal", True, "temperature"),
    (12, "capture_overrun", True, "lost"),
    (13, "operator", False, ""),
    (14, "docked", False, "dock"),
)
CAUSE_UNKNOWN = 0
CAUSE_EQUIPMENT_FAULT = 1
CAUSE_STORAGE_FULL = 5
CAUSE_MEDIUM_SWAPPED = 6
CAUSE_POWER_LOST = 8
CAUSE_WATCHDOG = 9
CAUSE_BROWN_OUT = 10
PRIVATE_CAUSES = (1000, 1999)

RESETS = ((0, "unknown"), (1, "power_on"), (2, "watchdog"), (3, "brown_out"), (4, "software"), (5, "pin"))
RESET_UNKNOWN = 0
RESET_POWER_ON = 1
RESET_WATCHDOG = 2
RESET_BROWN_OUT = 3
RESET_SOFTWARE = 4

WALL_STATES = ((0, "unset"), (1, "set"), (2, "synchronised"))
WALL_UNSET = 0
WALL_SET = 1
WALL_SYNCHRONISED = 2

PROTECTIONS = ((0, "none"), (1, "simulated"), (2, "readable_flash"), (3, "encrypted_flash"), (4, "secure_element"))
PROTECTION_NONE = 0
PROTECTION_SIMULATED = 1

RANDOM_SOURCES = (
    (0, "none"),
    (1, "ring_oscillator"),
    (2, "hardware_generator"),
    (3, "operating_system"),
    (4, "simulated"),
)
RANDOM_NONE = 0
RANDOM_SIMULATED = 4

MEDIA = ((1, "wav"), (2, "avi"), (3, "mp4"), (4, "other"))
MEDIA_WAV = 1
MEDIA_AVI = 2
MEDIA_MP4 = 3
MEDIA_OTHER = 4

TRACKS = ((1, "sound"), (2, "picture"))
TRACK_SOUND = 1
TRACK_PICTURE = 2

ATTESTED = ((0, "inline"), (1, "recovered"), (2, "post_close"))
ATTESTED_INLINE = 0
ATTESTED_RECOVERED = 1
ATTESTED_POST_CLOSE = 2

STORED_FORMS = ((0, "plain"), (1, "sealed"))
STORED_PLAIN = 0

EPOCH_REASONS = ((1, "stop"), (2, "return"), (3, "docking"), (4, "time"), (5, "entries"))
EPOCH_STOP = 1
EPOCH_DOCKING = 3
EPOCH_TIME = 4
EPOCH_ENTRIES = 5

START_REASONS = ((1, "button"), (2, "command"), (3, "policy"), (4, "pre_event"))
START_BUTTON = 1

STOP_REASONS = (
    (1, "button"),
    (2, "command"),
    (3, "battery_low"),
    (4, "storage_full"),
    (5, "docked"),
    (6, "power_off"),
    (7, "interrupted"),
    (8, "fault"),
)
STOP_BUTTON = 1
STOP_STORAGE_FULL = 4
STOP_POWER_OFF = 6
STOP_INTERRUPTED = 7
STOP_FAULT = 8

OFF_REASONS = ((1, "button"), (2, "battery_low"), (3, "command"))
OFF_BUTTON = 1

CHECK_ITEMS = ((1, "function"), (2, "battery"), (3, "storage"), (4, "picture"), (5, "sound"), (6, "clock"))
CHECK_FUNCTION = 1
CHECK_BATTERY = 2
CHECK_STORAGE = 3
CHECK_PICTURE = 4
CHECK_SOUND = 5
CHECK_CLOCK = 6

CHECK_RESULTS = ((0, "absent"), (1, "passed"), (2, "failed"))
CHECK_ABSENT = 0
CHECK_PASSED = 1
CHECK_FAILED = 2

CHECK_TRIGGERS = ((1, "power_on"), (2, "request"))
CHECK_AT_POWER_ON = 1

MARK_TYPES = ((1, "evidence"), (2, "incident"), (3, "note"))
MARK_EVIDENCE = 1

CLOCK_SOURCES = ((1, "host"), (2, "user"), (3, "satellite"), (4, "lost"))
CLOCK_FROM_HOST = 1
CLOCK_LOST = 4

FAULTS = (
    (1, "capture"),
    (2, "storage"),
    (3, "tamper"),
    (4, "impact"),
    (5, "charge"),
    (6, "media_lost"),
    (7, "recovered_excess"),
    (8, "journal_full"),
)
FAULT_CAPTURE = 1
FAULT_STORAGE = 2
FAULT_MEDIA_LOST = 6
FAULT_RECOVERED_EXCESS = 7
FAULT_JOURNAL_FULL = 8

PLACES = ((1, "ring"), (2, "card"))  # where entries that JOURNAL names are missing
PLACE_RING = 1
PLACE_CARD = 2

EXEMPT_CLASSES = ((1, "secret_investigation"), (2, "secret_or_privacy"), (3, "emergency"))

HOST_EVENTS = ((1, "attached"), (2, "refused"), (3, "commanded"), (4, "receipted"))
HOST_ATTACHED = 1
HOST_REFUSED = 2
HOST_COMMANDED = 3
HOST_RECEIPTED = 4

ROLES = ((1, "pull"), (2, "time"), (4, "receipt"), (8, "issue"), (16, "configure"), (32, "firmware"))
ROLE_PULL = 1
ROLE_TIME = 2
ROLE_RECEIPT = 4
ROLE_ISSUE = 8
ALL_ROLES = 63

OPERATIONS = (
    (1, "set_time"),
    (2, "issue"),
    (3, "return"),
    (4, "configure"),
    (5, "firmware"),
    (6, "delete"),
    (7, "reset"),
    (8, "organisation"),
    (9, "check"),
)
OPERATION_SET_TIME = 1

PARTIES = ((1, "recorder"), (2, "host"))
PARTY_RECORDER = 1
PARTY_HOST = 2

HEAD_PHASES = ((1, "first"), (2, "second"))
HEAD_FIRST = 1
HEAD_SECOND = 2

RECORDER_STATES = ((0, "blank"), (1, "provisioned"))

PRIVATE_LABELS = (
    (1, "officer"),
    (2, "unit"),
    (3, "case"),
    (4, "incident"),
    (5, "place"),
    (6, "note"),
    (7, "approver"),
    (8, "explanation"),
)
LABEL_OFFICER = 1
LABEL_UNIT = 2


def name_of(table: tuple[tuple[object, ...], ...], number: int) -> str:
    """The name that `table` gives `number`, or the number itself as text."""
    for row in table:
        if row[0] == number:
            return str(row[1])
    return str(number)
