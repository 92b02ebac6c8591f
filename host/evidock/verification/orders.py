"""The commands that entries hold: whether a host could have given them, and whether the entry is what they order.

Specification: "Verification of a chain", Orders. OB-12, OB-30. The recorder has checked each; this looks again.
"""

from __future__ import annotations

from typing import cast

from evidock import keys
from evidock_protocol import codes, entry, kinds, statements
from evidock_protocol.errors import ProtocolError

from .collector import KEPT, Collector, Place
from .drift import Bounds
from .entries import Entry
from .placing import Times
from .ties import WAIT
from .trust import Trust

_PENDING = 10_000  # orders of one recorder whose time is compared
_OFFICER_AND_UNIT = (codes.LABEL_OFFICER, codes.LABEL_UNIT)
_OFFICER_AND_APPROVER = (codes.LABEL_OFFICER, codes.LABEL_APPROVER)
_KNOWN = (
    codes.OPERATION_SET_TIME,
    codes.OPERATION_ISSUE,
    codes.OPERATION_RETURN,
    codes.OPERATION_CHECK,
    codes.OPERATION_EXEMPT,
)
_ENTRIES = {
    kinds.ISSUE: ("order", codes.OPERATION_ISSUE),
    kinds.RETURN: ("order", codes.OPERATION_RETURN),
    kinds.EXEMPT: ("order", codes.OPERATION_EXEMPT),
    kinds.HOST: ("statement", codes.OPERATION_CHECK),
}


class Orders:
    """Those of one recorder, while its journal is read."""

    def __init__(self, device: bytes, trust: Trust, collector: Collector):
        self._device = device
        self._trust = trust
        self._collector = collector
        self._organisation = b""  # that GENESIS names
        self._times: list[tuple[int, int, int]] = []  # boot, ticks, time of the command
        self._unknown: set[bytes] = set()  # hosts whose keys are not here

    def note(self, found: Entry) -> None:
        """Takes the next entry that holds."""
        if found.kind == kinds.GENESIS:
            self._organisation = found.octets("organisation")
        if found.kind not in _ENTRIES or (found.kind == kinds.HOST and found.body["event"] != codes.HOST_COMMANDED):
            return
        field, operation = _ENTRIES[found.kind]
        raw = found.body[field]
        if found.kind == kinds.EXEMPT and raw is None:
            return
        reason = self._judge(found, raw, operation)
        if reason is not None:
            self._add("ORDER_MISMATCH", Place(found.boot, found.ticks, found.ticks), f"ORDER_MISMATCH.{reason}")

    def finish(self, times: Times) -> None:
        """Compares when they were given with when their entries were made."""
        for boot, ticks, time in self._times:
            if not _meets(times.bounds(boot, ticks), time):
                self._add("ORDER_MISMATCH", Place(boot, ticks, ticks), "ORDER_MISMATCH.time")

    def _judge(self, found: Entry, raw: object, operation: int) -> str | None:
        """What is wrong with the order of an entry, but for its time, which waits; or None."""
        if not isinstance(raw, bytes):
            return "none"
        try:
            sealed, values = entry.parse_statement(raw, statements.TYP_COMMAND)
        except ProtocolError:
            return "none"
        if not _fits(found, values, operation):
            return "another"
        host = cast(bytes, values["host"])
        key = self._trust.key_of(host)
        role = codes.ROLE_PULL if found.kind == kinds.HOST else codes.ROLE_ISSUE
        roles = None if key is None else self._trust.roles_of(key, self._organisation)
        if key is not None and not keys.verify_statement(sealed, key):
            return "signature"
        if roles is None:
            self._say_unknown(found, host)
        elif not roles & role:
            return "certificate"
        if len(self._times) < _PENDING:
            self._times.append((found.boot, found.ticks, cast(int, values["time"])))
        return None

    def _say_unknown(self, found: Entry, host: bytes) -> None:
        if host not in self._unknown and len(self._unknown) < KEPT:
            self._unknown.add(host)
            self._add("ORDER_UNKNOWN", Place(found.boot, found.ticks, found.ticks), None, found=host)

    def _add(self, code: str, place: Place, sentence: str | None, **values: object) -> None:
        self._collector.add(code, device=self._device, place=place, sentence=sentence, values=values)


def _fits(found: Entry, values: dict[str, object], operation: int) -> bool:
    """Whether a command could have brought the entry about."""
    ordered, arguments = values["operation"], cast("list[object]", values["arguments"])
    if values["device"] != found.device:
        return False
    if found.kind == kinds.HOST:
        return values["host"] == found.body["host"] and (ordered == operation or ordered not in _KNOWN)
    if ordered != operation:
        return False
    labels = _OFFICER_AND_UNIT
    if found.kind == kinds.EXEMPT:
        if arguments[:2] != [found.body["class"], found.body["begins"]]:
            return False
        labels, arguments = _OFFICER_AND_APPROVER, arguments[2:]
    committed = {label: one for label, one in zip(labels, arguments, strict=True) if one is not None}
    return found.private == committed


def _meets(bounds: Bounds, time: int) -> bool:
    earliest, latest = bounds
    return (earliest is None or earliest <= time + WAIT) and (latest is None or latest >= time)
