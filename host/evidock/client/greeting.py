"""First contact with a port: a recorder's HELLO, or what is there instead, said so that the user knows what to do.

Interface: "Errors". Specification: "Messages" (HELLO, RATE).
"""

from __future__ import annotations

from evidock.client import rates
from evidock.client.connection import Connection, Values
from evidock.client.rates import AttendedLine
from evidock.errors import NotARecorder

# Rates at which a host that crashed may have left a recorder: it keeps them for seconds.
LEFT_AT = (3_000_000, 2_000_000, 1_500_000, 1_000_000, 921_600, 460_800, 230_400)
LEFT_SECONDS = 0.1  # for a HELLO at each
PROMPT_SECONDS = 0.2
# An empty line, and what ends MicroPython's raw mode: a prompt answers both, and they set nothing going.
_WAKE = b"\r\x02\r"
_PROMPTS = (b"\n>>> ", b"raw REPL; CTRL-B to exit")


def greet(connection: Connection, line: AttendedLine, fixed: bool) -> Values:
    """The recorder's HELLO. With `fixed` no rate is tried but the one that the line has.

    Raises NotARecorder within six seconds, UnsupportedVersion, LineLost.
    """
    try:
        return connection.hello()
    except NotARecorder:
        prompted = _is_prompt(line.heard or b"")
        if not (fixed or prompted) and _is_found(connection, line):
            return connection.hello()
        # Also when the prompt was heard: HELLO may have brought it into its raw mode.
        if _answers_as_prompt(line, connection) or prompted:
            raise NotARecorder("bare_prompt", port=connection.port) from None
        raise
    finally:
        line.heard = None


def _is_found(connection: Connection, line: AttendedLine) -> bool:
    """Whether a recorder answers at one of the rates that a host may have left it at; the line has that rate then."""
    if line.usual is None:
        return False
    for rate in LEFT_AT:
        if line.set_rate(rate) and rates.say_hello(connection, LEFT_SECONDS) is not None:
            return True
    line.set_rate(line.usual)
    return False


def _answers_as_prompt(line: AttendedLine, connection: Connection) -> bool:
    line.write(_WAKE)
    heard = b""
    until = connection.monotonic() + PROMPT_SECONDS
    while (left := until - connection.monotonic()) > 0 and len(heard) < rates.HEARD:
        heard += line.read(left)
        if _is_prompt(heard):
            return True
    return False


def _is_prompt(heard: bytes) -> bool:
    """Whether this is MicroPython, waiting for somebody to type."""
    return any(prompt in heard for prompt in _PROMPTS)
