"""Signed statements other than entries: their COSE `typ` numbers and payload fields.

Specification: "Statements". `typ` differs for each, so that no statement passes for another (AT-27).
"""

# CoAP content formats 65000–65535 are reserved for experiments (RFC 7252 §12.3); `typ` takes such a number (RFC 9596).
TYP_ENTRY = 65001
TYP_RECEIPT = 65002
TYP_CERTIFICATE = 65003
TYP_COMMAND = 65004
TYP_CHALLENGE = 65005
TYP_HEAD = 65006
TYP_CUSTODY = 65007
TYP_CHECKPOINT = 65008
TYP_ORDER = 65009
TYP_PACKAGE = 65010

STATEMENTS = (
    (TYP_ENTRY, "entry", ""),
    (
        TYP_RECEIPT,
        "receipt",
        "0 format u, 1 device h, 2 host h, 3 session s, 4 size u, 5 newest h, 6 root h, 7 time u, 8 segments a:segment",
    ),
    (
        TYP_CERTIFICATE,
        "certificate",
        "0 format u, 1 organisation h, 2 host_key h, 3 roles u, 4 generation u, 5 not_before u, 6 not_after u, "
        "7 name t",
    ),
    (
        TYP_COMMAND,
        "command",
        "0 format u, 1 device h, 2 host h, 3 session s, 4 number u, 5 operation u, 6 arguments a, 7 time u",
    ),
    (
        TYP_CHALLENGE,
        "challenge",
        "0 format u, 1 party u, 2 device h, 3 host h, 4 session s, 5 host_nonce s, 6 device_nonce s, 7 time u/n, "
        "8 custody h/n",
    ),
    (
        TYP_HEAD,
        "head",
        "0 format u, 1 device h, 2 epoch u, 3 size u, 4 newest h, 5 root h, 6 boot u, 7 ticks u, 8 wall w, "
        "9 session s, 10 host h, 11 host_nonce s, 12 device_nonce s, 13 open u/n, 14 phase u",
    ),
    (TYP_CUSTODY, "custody", ""),
    (
        TYP_CHECKPOINT,
        "checkpoint",
        "0 format u, 1 device h, 2 start h, 3 recording u, 4 number u, 5 length u, 6 leaves u, 7 root h, 8 boot u, "
        "9 tick u, 10 written u, 11 lost u",
    ),
    (TYP_ORDER, "order", "0 format u, 1 operation u, 2 device h/n, 3 generation u, 4 time u, 5 arguments a"),
    (
        TYP_PACKAGE,
        "package",
        "0 format u, 1 host h, 2 time u, 3 from u/n, 4 to u/n, 5 custody_size u, 6 custody_root h, 7 files h",
    ),
)

# What `arguments` of a command or order holds, by operation (codes.OPERATIONS): an array in the order of these fields.
ARGUMENTS = (
    (1, "set_time", "0 unix_ms u"),
    (2, "issue", "0 officer h, 1 unit h/n"),
    (3, "return", "0 officer h, 1 unit h/n"),
    (4, "configure", "0 setting u, 1 value i"),
    (5, "firmware", "0 firmware h"),
    (6, "delete", "0 recording u, 1 number u, 2 root h, 3 receipt h"),
    (7, "reset", ""),
    (8, "organisation", "0 organisation h, 1 successor h"),
    (9, "check", ""),
    (10, "exempt", "0 class u, 1 begins f, 2 officer h/n, 3 approver h/n"),
)


def statement_table(typ: int) -> str:
    """The field table of a statement's payload; KeyError for a type that is an entry or unknown."""
    for number, _name, table in STATEMENTS:
        if number == typ and table:
            return table
    raise KeyError(typ)


def argument_table(operation: int) -> str | None:
    """The field table of an operation's arguments ("" for none), or None when this version does not know it."""
    for number, _name, table in ARGUMENTS:
        if number == operation:
            return table
    return None
