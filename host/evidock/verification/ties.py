"""Ties: entries and heads that hold a recorder's ticks to a host's time, because a host signed them or dated them.

Specification: "Verification of a chain", Time, and "Session" (PROVE, COMMAND). The host's statement stands in the
entry. Its signature is checked where the host is the one whose store this is; of others the recorder has checked it.
"""

from __future__ import annotations

from typing import cast

from evidock import keys
from evidock_protocol import codes, entry, kinds, sign1, statements
from evidock_protocol.errors import ProtocolError

from .drift import LONGEST, PLAUSIBLE, Tie
from .entries import Entry

WAIT = 30_000  # ms from a host's signed time to the entry that it brings about: a session ends when nothing moves


def attached(found: Entry, host_key: bytes | None) -> Tie | None:
    """The tie of a HOST (attached), whose challenge the host dated; None where that is not so. `host_key` is the
    store's.
    """
    if found.kind != kinds.HOST or found.body["event"] != codes.HOST_ATTACHED:
        return None
    values = _signed_by_host(found, "statement", statements.TYP_CHALLENGE, host_key)
    if values is None or values["party"] != codes.PARTY_HOST or values["host"] != found.body["host"]:
        return None
    time = values["time"]
    return _tie(found, time) if time == found.body["host_time"] else None


def ordered(found: Entry, host_key: bytes | None) -> Tie | None:
    """The tie of a CLOCK that a host's signed command set; None where no such command stands in it."""
    values = _signed_by_host(found, "order", statements.TYP_COMMAND, host_key)
    if values is None or values["operation"] != codes.OPERATION_SET_TIME:
        return None
    arguments = cast("list[object]", values["arguments"])
    return _tie(found, arguments[0] if arguments else None)


def _tie(found: Entry, time: object) -> Tie | None:
    if not isinstance(time, int) or time not in PLAUSIBLE or found.ticks > LONGEST:
        return None
    return Tie(found.ticks, time, time + WAIT)


def _signed_by_host(found: Entry, field: str, typ: int, host_key: bytes | None) -> dict[str, object] | None:
    """The host's statement in a field of an entry: parsed, for this recorder, and signed where that can be checked."""
    raw = found.body[field]
    if not isinstance(raw, bytes):
        return None
    try:
        sealed, values = entry.parse_statement(raw, typ)
    except ProtocolError:
        return None
    if values["device"] != found.device:
        return None
    if host_key is not None and values["host"] == sign1.thumbprint(host_key):
        return values if keys.verify_statement(sealed, host_key) else None
    return values
