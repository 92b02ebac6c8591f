"""Entry kinds: their numbers and the fields of their bodies. Numbers are never reused.

Specification: "Entry kinds". The notation of a body is that of `fields`.
"""

GENESIS = 1
EPOCH = 2
BOOT = 3
OFF = 4
JOURNAL = 5
CHECK = 6
ISSUE = 7
RETURN = 8
START = 9
STOP = 10
SEGMENT = 11
# 12 stays unused: CHECKPOINT is a statement beside the media, not an entry.
INTERRUPT = 13
RESUME = 14
EXEMPT = 15
MARK = 16
CLOCK = 17
MEDIUM = 18
FAULT = 19
HOST = 20
CONFIG = 21
FIRMWARE = 22
RESET = 23
ORG = 24
TOMBSTONE = 25

PRIVATE_KINDS = (1000, 1999)

ENTRY_KINDS = (
    (
        GENESIS,
        "GENESIS",
        "0 public_key h, 1 model t, 2 serial t, 3 asset t, 4 organisation h, 5 successor h, 6 protection u, "
        "7 random_source u, 8 firmware h, 9 host h",
    ),
    (
        EPOCH,
        "EPOCH",
        "0 public_key h, 1 size u, 2 root h, 3 peaks a:h, 4 reason u, 5 organisation h/n, 6 successor h/n, "
        "7 generation u, 8 time u",
    ),
    (
        BOOT,
        "BOOT",
        "0 reset u, 1 firmware h, 2 counter u/n, 3 battery u/n, 4 millivolts u/n, 5 storage_free u/n, 6 card s/n, "
        "7 anchor a:anchor/n, 8 temperature i/n",
    ),
    (OFF, "OFF", "0 reason u, 1 battery u/n, 2 millivolts u/n, 3 storage_free u/n"),
    (JOURNAL, "JOURNAL", "0 first u, 1 last u, 2 place u"),
    (CHECK, "CHECK", "0 items a:check, 1 trigger u"),
    (ISSUE, "ISSUE", "0 order b"),
    (RETURN, "RETURN", "0 order b"),
    (
        START,
        "START",
        "0 recording u, 1 reason u, 2 tracks u, 3 card s/n, 4 battery u/n, 5 storage_free u/n, 6 handover a:handover/n",
    ),
    (
        STOP,
        "STOP",
        "0 recording u, 1 reason u, 2 segments u, 3 last_tick u, 4 boot u, 5 battery u/n, 6 storage_free u/n",
    ),
    (
        SEGMENT,
        "SEGMENT",
        "0 recording u, 1 number u, 2 media u, 3 header_length u, 4 length u, 5 leaf_size u, 6 root h, 7 boot u, "
        "8 first_tick u, 9 last_tick u, 10 expected u, 11 written u, 12 lost u, 13 rate u, 14 track u, 15 attested u, "
        "16 stored u, 17 attested_length u",
    ),
    (
        INTERRUPT,
        "INTERRUPT",
        "0 recording u, 1 cause u, 2 boot u, 3 last_tick u, 4 battery u/n, 5 millivolts u/n, 6 storage_free u/n, "
        "7 temperature i/n, 8 reset u/n, 9 handover a:handover/n",
    ),
    (RESUME, "RESUME", "0 recording u, 1 interrupt u, 2 voice_first u/n, 3 voice_last u/n, 4 handover a:handover/n"),
    (EXEMPT, "EXEMPT", "0 class u, 1 begins f, 2 recording u/n, 3 order b/n"),
    (MARK, "MARK", "0 recording u/n, 1 type u, 2 count u"),
    (CLOCK, "CLOCK", "0 old w, 1 new w, 2 source u, 3 order b/n"),
    (MEDIUM, "MEDIUM", "0 old s/n, 1 new s/n, 2 storage_free u/n, 3 storage_total u/n"),
    (FAULT, "FAULT", "0 what u, 1 recording u/n, 2 segment u/n, 3 values a:i"),
    (
        HOST,
        "HOST",
        "0 event u, 1 host h/n, 2 statement b/n, 3 custody h/n, 4 host_time u/n, 5 count u, 6 refusal u/n, "
        "7 last_host h/n",
    ),
    (CONFIG, "CONFIG", "0 order b/n, 1 setting u, 2 value i"),
    (FIRMWARE, "FIRMWARE", "0 order b, 1 old h, 2 new h"),
    (RESET, "RESET", "0 order b"),
    (ORG, "ORG", "0 order b, 1 organisation h, 2 successor h"),
    (TOMBSTONE, "TOMBSTONE", "0 recording u, 1 number u, 2 root h, 3 receipt h, 4 host_entry u"),
)


def body_table(kinds: tuple[tuple[int, str, str], ...], kind: int) -> str | None:
    """The field table of `kind`'s body, or None when this version does not know the kind."""
    for number, _name, table in kinds:
        if number == kind:
            return table
    return None


def kind_name(kinds: tuple[tuple[int, str, str], ...], kind: int) -> str:
    """The name of `kind`, or its number as text."""
    for number, name, _table in kinds:
        if number == kind:
            return name
    return str(kind)
