"""The names of the numbers in `codes` and `messages`, for reports, tools and SPECIFICATION.md. Not on a recorder.

Specification: "Codes". Each table is a tuple of rows that begin with number and name. A number that the agent uses is
defined in `codes`; every other is defined here. Numbers are never reused.
"""

from evidock_protocol import codes, messages

# Interruption causes: number, name, technical (OB-7), telemetry that confirms or contradicts it.
CAUSES = (
    (codes.CAUSE_UNKNOWN, "unknown", False, ""),
    (codes.CAUSE_EQUIPMENT_FAULT, "equipment_fault", True, "fault"),
    (2, "damage", True, "impact"),
    (3, "weather", True, "temperature"),
    (codes.CAUSE_BATTERY_LOW, "battery_low", True, "battery"),
    (codes.CAUSE_STORAGE_FULL, "storage_full", True, "storage"),
    (codes.CAUSE_MEDIUM_SWAPPED, "medium_swapped", True, "medium"),
    (7, "battery_swapped", True, "battery"),
    (codes.CAUSE_POWER_LOST, "power_lost", True, "reset"),
    (codes.CAUSE_WATCHDOG, "watchdog", True, "reset"),
    (codes.CAUSE_BROWN_OUT, "brown_out", True, "reset"),
    (codes.CAUSE_THERMAL, "thermal", True, "temperature"),
    (12, "capture_overrun", True, "lost"),
    (13, "operator", False, ""),
    (codes.CAUSE_DOCKED, "docked", False, "dock"),
)
RESETS = (
    (0, "unknown"),
    (codes.RESET_POWER_ON, "power_on"),
    (codes.RESET_WATCHDOG, "watchdog"),
    (codes.RESET_BROWN_OUT, "brown_out"),
    (codes.RESET_SOFTWARE, "software"),
    (5, "pin"),
)
WALL_STATES = (
    (codes.WALL_UNSET, "unset"),
    (codes.WALL_SET, "set"),
    (codes.WALL_SYNCHRONISED, "synchronised"),
)
PROTECTIONS = (
    (codes.PROTECTION_NONE, "none"),
    (codes.PROTECTION_SIMULATED, "simulated"),
    (2, "readable_flash"),
    (3, "encrypted_flash"),
    (4, "secure_element"),
)
RANDOM_SOURCES = (
    (codes.RANDOM_NONE, "none"),
    (1, "ring_oscillator"),
    (2, "hardware_generator"),
    (3, "operating_system"),
    (codes.RANDOM_SIMULATED, "simulated"),
)
MEDIA = (
    (codes.MEDIA_WAV, "wav"),
    (codes.MEDIA_AVI, "avi"),
    (codes.MEDIA_MP4, "mp4"),
    (codes.MEDIA_OTHER, "other"),
)
TRACKS = (
    (codes.TRACK_SOUND, "sound"),
    (codes.TRACK_PICTURE, "picture"),
    (codes.TRACK_SOUND | codes.TRACK_PICTURE, "sound_and_picture"),
)
ATTESTED = (
    (codes.ATTESTED_INLINE, "inline"),
    (codes.ATTESTED_RECOVERED, "recovered"),
    (codes.ATTESTED_POST_CLOSE, "post_close"),
)
STORED_FORMS = (
    (codes.STORED_PLAIN, "plain"),
    (1, "sealed"),
)
EPOCH_REASONS = (
    (codes.EPOCH_STOP, "stop"),
    (codes.EPOCH_RETURN, "return"),
    (codes.EPOCH_DOCKING, "docking"),
    (codes.EPOCH_TIME, "time"),
    (codes.EPOCH_ENTRIES, "entries"),
)
START_REASONS = (
    (codes.START_BUTTON, "button"),
    (2, "command"),
    (codes.START_POLICY, "policy"),
    (4, "pre_event"),
)
STOP_REASONS = (
    (codes.STOP_BUTTON, "button"),
    (2, "command"),
    (codes.STOP_BATTERY_LOW, "battery_low"),
    (codes.STOP_STORAGE_FULL, "storage_full"),
    (codes.STOP_DOCKED, "docked"),
    (codes.STOP_POWER_OFF, "power_off"),
    (codes.STOP_INTERRUPTED, "interrupted"),
    (codes.STOP_FAULT, "fault"),
    (codes.STOP_THERMAL, "thermal"),
    (codes.STOP_EXEMPT, "exempt"),
)
OFF_REASONS = (
    (codes.OFF_BUTTON, "button"),
    (codes.OFF_BATTERY_LOW, "battery_low"),
    (3, "command"),
)
CHECK_ITEMS = (
    (codes.CHECK_FUNCTION, "function"),
    (codes.CHECK_BATTERY, "battery"),
    (codes.CHECK_STORAGE, "storage"),
    (codes.CHECK_PICTURE, "picture"),
    (codes.CHECK_SOUND, "sound"),
    (codes.CHECK_CLOCK, "clock"),
)
CHECK_RESULTS = (
    (codes.CHECK_ABSENT, "absent"),
    (codes.CHECK_PASSED, "passed"),
    (codes.CHECK_FAILED, "failed"),
)
CHECK_TRIGGERS = (
    (codes.CHECK_AT_POWER_ON, "power_on"),
    (codes.CHECK_ON_REQUEST, "request"),
)
MARK_TYPES = (
    (codes.MARK_EVIDENCE, "evidence"),
    (2, "incident"),
    (3, "note"),
)
CLOCK_SOURCES = (
    (codes.CLOCK_FROM_HOST, "host"),
    (2, "user"),
    (3, "satellite"),
    (codes.CLOCK_LOST, "lost"),
    (codes.CLOCK_FROM_ORGANISATION, "organisation"),
)
FAULTS = (
    (codes.FAULT_CAPTURE, "capture"),
    (codes.FAULT_STORAGE, "storage"),
    (3, "tamper"),
    (codes.FAULT_IMPACT, "impact"),
    (codes.FAULT_CHARGE, "charge"),
    (codes.FAULT_MEDIA_LOST, "media_lost"),
    (codes.FAULT_RECOVERED_EXCESS, "recovered_excess"),
    (codes.FAULT_JOURNAL_FULL, "journal_full"),
    (codes.FAULT_SETTINGS, "settings"),
    (codes.FAULT_ANCHORS_FULL, "anchors_full"),
    (codes.FAULT_FLASH, "flash"),
    (codes.FAULT_MEDIUM, "medium"),
)
# First of FAULT's values when it is `capture`; the second is a figure: how many pictures, or bytes of the file.
CAPTURE_FAULTS = (
    (codes.CAPTURE_NO_START, "no_start"),
    (codes.CAPTURE_CUT_PICTURE, "cut_picture"),
    (codes.CAPTURE_STALLED, "stalled"),
    (codes.CAPTURE_SIZE_CHANGED, "size_changed"),
    (codes.CAPTURE_LEFT_OPEN, "left_open"),
    (codes.CAPTURE_FILE_GONE, "file_gone"),
    (codes.CAPTURE_CHANGED_WHILE_HASHED, "changed_while_hashed"),
    (codes.CAPTURE_EMPTY_FILE, "empty_file"),
    (codes.CAPTURE_TOO_LONG, "too_long"),
    (codes.CAPTURE_OVERRUN, "overrun"),
)
# First of FAULT's values when it is `medium`.
MEDIUM_FAULTS = (
    (codes.MEDIUM_UNREADABLE, "unreadable"),
    (codes.MEDIUM_REFUSES, "refuses"),
)
# First of FAULT's values when it is `flash`; the second is the sector.
FLASH_REGIONS = (
    (codes.REGION_IDENTITY, "identity"),
    (codes.REGION_KEYS, "keys"),
    (codes.REGION_JOURNAL, "journal"),
    (codes.REGION_ANCHORS, "anchors"),
)
# Where entries that JOURNAL names are missing.
PLACES = (
    (codes.PLACE_RING, "ring"),
    (codes.PLACE_CARD, "card"),
)
EXEMPT_CLASSES = (
    (codes.EXEMPT_SECRET_INVESTIGATION, "secret_investigation"),
    (codes.EXEMPT_SECRET_OR_PRIVACY, "secret_or_privacy"),
    (codes.EXEMPT_EMERGENCY, "emergency"),
)
HOST_EVENTS = (
    (codes.HOST_ATTACHED, "attached"),
    (codes.HOST_REFUSED, "refused"),
    (codes.HOST_COMMANDED, "commanded"),
    (codes.HOST_RECEIPTED, "receipted"),
    (codes.HOST_CERTIFIED, "certified"),
)
ROLES = (
    (codes.ROLE_PULL, "pull"),
    (codes.ROLE_TIME, "time"),
    (codes.ROLE_RECEIPT, "receipt"),
    (codes.ROLE_ISSUE, "issue"),
    (codes.ROLE_CONFIGURE, "configure"),
    (codes.ROLE_FIRMWARE, "firmware"),
)
OPERATIONS = (
    (codes.OPERATION_SET_TIME, "set_time"),
    (codes.OPERATION_ISSUE, "issue"),
    (codes.OPERATION_RETURN, "return"),
    (codes.OPERATION_CONFIGURE, "configure"),
    (codes.OPERATION_FIRMWARE, "firmware"),
    (codes.OPERATION_DELETE, "delete"),
    (codes.OPERATION_RESET, "reset"),
    (codes.OPERATION_ORGANISATION, "organisation"),
    (codes.OPERATION_CHECK, "check"),
    (codes.OPERATION_EXEMPT, "exempt"),
)
PARTIES = (
    (codes.PARTY_RECORDER, "recorder"),
    (codes.PARTY_HOST, "host"),
)
HEAD_PHASES = (
    (codes.HEAD_FIRST, "first"),
    (codes.HEAD_SECOND, "second"),
)
RECORDER_STATES = (
    (codes.RECORDER_BLANK, "blank"),
    (codes.RECORDER_PROVISIONED, "provisioned"),
    (codes.RECORDER_RESET, "reset"),
)
# Custody REGISTRY `state`.
REGISTRY_STATES = (
    (1, "enrolled"),
    (2, "issued"),
    (3, "in_repair"),
    (4, "lost"),
    (5, "retired"),
    (6, "revoked"),
)
PRIVATE_LABELS = (
    (codes.LABEL_OFFICER, "officer"),
    (codes.LABEL_UNIT, "unit"),
    (3, "case"),
    (4, "incident"),
    (5, "place"),
    (6, "note"),
    (codes.LABEL_APPROVER, "approver"),
    (8, "explanation"),
)
REFUSALS = (
    (messages.MALFORMED, "malformed"),
    (messages.UNKNOWN_MESSAGE, "unknown_message"),
    (messages.UNSUPPORTED_VERSION, "unsupported_version"),
    (messages.NOT_PROVISIONED, "not_provisioned"),
    (messages.ALREADY_PROVISIONED, "already_provisioned"),
    (messages.NO_SESSION, "no_session"),
    (messages.BAD_CERTIFICATE, "bad_certificate"),
    (messages.BAD_SIGNATURE, "bad_signature"),
    (messages.EXPIRED, "expired"),
    (messages.WRONG_ROLE, "wrong_role"),
    (messages.WRONG_DEVICE, "wrong_device"),
    (messages.REPLAYED, "replayed"),
    (messages.NO_SUCH_SEGMENT, "no_such_segment"),
    (messages.OUT_OF_RANGE, "out_of_range"),
    (messages.STORAGE, "storage"),
    (messages.BUSY, "busy"),
    (messages.NO_RANDOM_SOURCE, "no_random_source"),
    (messages.UNSUPPORTED, "unsupported"),
    (messages.OLDER_GENERATION, "older_generation"),
)
PRIVATE_CAUSES = (1000, 1999)  # for integrators; never assigned here


def name_of(table: tuple[tuple[object, ...], ...], number: int) -> str:
    """The name that `table` gives `number`, or the number itself as text."""
    for row in table:
        if row[0] == number:
            return str(row[1])
    return str(number)
