"""The states of a docking: which request is looked at in which state, and where it leads. One literal table.

Specification: "Session". The recorder decides by it; what a request must hold besides, its handler checks.
"""

from evidock_protocol import messages

BLANK = 0  # not provisioned
IDLE = 1  # provisioned, no session
OPENED = 2  # OPEN was answered: the host has not proved its key
PROVED = 3
CLOSED = 4  # CLOSE was answered: the entries up to the second head are still pulled
RESET = 5  # idle, and RESET was ordered: it may be provisioned anew until the next START
BROKEN = 6  # it has no key, or its flash failed: it proves nothing

NAMES = ("blank", "idle", "opened", "proved", "closed", "reset", "broken")

_BLANK = -messages.NOT_PROVISIONED
_OWNED = -messages.ALREADY_PROVISIONED
_NO = -messages.NO_SESSION
_TWICE = -messages.REPLAYED
_FAILED = -messages.STORAGE

# Message, then a cell for each state in the order of their numbers: the state after it once it was accepted, or the
# code with which it is refused unseen, negative. `IDLE` reads `RESET` between a RESET and the next START.
DOCKING = (
    (messages.HELLO, BLANK, IDLE, IDLE, IDLE, IDLE, RESET, BROKEN),
    (messages.STATUS, BLANK, IDLE, OPENED, PROVED, CLOSED, RESET, BROKEN),
    (messages.PROVISION, IDLE, _OWNED, _OWNED, _OWNED, _OWNED, IDLE, IDLE),
    (messages.OPEN, _BLANK, OPENED, OPENED, OPENED, OPENED, OPENED, _FAILED),
    (messages.PROVE, _BLANK, _NO, PROVED, _TWICE, _TWICE, _NO, _FAILED),
    (messages.HEAD, _BLANK, _NO, _NO, PROVED, _NO, _NO, _FAILED),
    (messages.JOURNAL, _BLANK, _NO, _NO, PROVED, CLOSED, _NO, _FAILED),
    (messages.PRIVATE, _BLANK, _NO, _NO, PROVED, CLOSED, _NO, _FAILED),
    (messages.LEAVES, _BLANK, _NO, _NO, PROVED, _NO, _NO, _FAILED),
    (messages.MEDIA, _BLANK, _NO, _NO, PROVED, _NO, _NO, _FAILED),
    (messages.COMMAND, _BLANK, _NO, _NO, PROVED, _NO, _NO, _FAILED),
    (messages.RECEIPT, _BLANK, _NO, _NO, PROVED, _NO, _NO, _FAILED),
    (messages.CLOSE, _BLANK, _NO, _NO, CLOSED, CLOSED, _NO, _FAILED),
    (messages.RATE, BLANK, IDLE, OPENED, PROVED, CLOSED, RESET, BROKEN),
)
ENDING = (messages.HELLO, messages.OPEN)  # they end the session before them, also when they are refused

# Refusals that an attacker provokes, and the requests that wait for a while after some of them in a row.
HOSTILE = (
    messages.BAD_CERTIFICATE,
    messages.BAD_SIGNATURE,
    messages.EXPIRED,
    messages.WRONG_ROLE,
    messages.WRONG_DEVICE,
    messages.REPLAYED,
    messages.OLDER_GENERATION,
)
SLOWED = (messages.PROVISION, messages.OPEN, messages.PROVE, messages.COMMAND, messages.RECEIPT)
BORNE = 2  # hostile refusals in a row after which nothing waits
LONGEST_WAIT_MS = 16_000


def after(state: int, message: int) -> int:
    """The state after an accepted request, or minus the code of its refusal; a type that is unknown is always one."""
    for row in DOCKING:
        if row[0] == message:
            return row[1 + state]
    return -messages.UNKNOWN_MESSAGE


def wait_ms(refused: int) -> int:
    """Milliseconds for which the next SLOWED request waits after so many HOSTILE refusals in a row."""
    return min(1000 << min(refused - BORNE - 1, 16), LONGEST_WAIT_MS) if refused > BORNE else 0
