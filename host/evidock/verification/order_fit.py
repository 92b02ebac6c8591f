"""Whether a command or an order is what could have brought an entry about: operation and arguments against the entry.

Specification: "Verification of a chain", Orders 1 to 3.
"""

from __future__ import annotations

from typing import NamedTuple, cast

from evidock_protocol import codes, entry, kinds, sign1, statements
from evidock_protocol.errors import ProtocolError

from .entries import Entry

_SLACK = 30_000  # ms between the time that set_time names and the clock that came of it
_OFFICER_AND_UNIT = (codes.LABEL_OFFICER, codes.LABEL_UNIT)
_OFFICER_AND_APPROVER = (codes.LABEL_OFFICER, codes.LABEL_APPROVER)
_COMMAND, _ORDER = statements.TYP_COMMAND, statements.TYP_ORDER
_KNOWN = tuple(number for number, _name, _table in statements.ARGUMENTS)
_ENTRIES = {
    kinds.ISSUE: (codes.OPERATION_ISSUE, (_COMMAND,)),
    kinds.RETURN: (codes.OPERATION_RETURN, (_COMMAND,)),
    kinds.EXEMPT: (codes.OPERATION_EXEMPT, (_COMMAND,)),
    kinds.CLOCK: (codes.OPERATION_SET_TIME, (_COMMAND, _ORDER)),
    kinds.CONFIG: (codes.OPERATION_CONFIGURE, (_COMMAND, _ORDER)),
    kinds.FIRMWARE: (codes.OPERATION_FIRMWARE, (_COMMAND, _ORDER)),
    kinds.RESET: (codes.OPERATION_RESET, (_ORDER,)),
    kinds.ORG: (codes.OPERATION_ORGANISATION, (_ORDER,)),
    kinds.HOST: (codes.OPERATION_CHECK, (_COMMAND,)),
}
_MAY_LACK = (kinds.EXEMPT, kinds.CLOCK, kinds.CONFIG)
_FOR_ONE = (codes.OPERATION_SET_TIME, codes.OPERATION_RESET)  # orders that name their recorder


class Ordered(NamedTuple):
    """The command or order that an entry holds."""

    sealed: sign1.Sign1
    values: dict[str, object]

    @property
    def is_order(self) -> bool:
        """Whether the organisation signed it, and not a host."""
        return self.sealed.typ == _ORDER

    @property
    def operation(self) -> int:
        return cast(int, self.values["operation"])

    @property
    def arguments(self) -> list[object]:
        return cast("list[object]", self.values["arguments"])


def is_due(found: Entry) -> bool:
    """Whether an entry must hold a command or an order, or holds one."""
    if found.kind not in _ENTRIES:
        return False
    if found.kind == kinds.HOST:
        return found.body["event"] == codes.HOST_COMMANDED
    return found.kind not in _MAY_LACK or found.body["order"] is not None


def parse(found: Entry) -> Ordered | None:
    """What an entry that `is_due` holds; None for whatever is no statement of a type that may stand there."""
    raw = found.body["statement" if found.kind == kinds.HOST else "order"]
    _operation, types = _ENTRIES[found.kind]
    if not isinstance(raw, bytes):
        return None
    for typ in types:
        try:
            return Ordered(*entry.parse_statement(raw, typ))
        except ProtocolError:
            continue
    return None


def fits(found: Entry, ordered: Ordered, firmware: bytes | None) -> bool:
    """Whether it could have brought the entry about; `firmware` is the present measurement, None where not known."""
    operation, _types = _ENTRIES[found.kind]
    values, arguments = ordered.values, ordered.arguments
    is_for_all = ordered.is_order and ordered.operation not in _FOR_ONE and values["device"] is None
    if values["device"] != found.device and not is_for_all:
        return False
    if found.kind == kinds.HOST:
        kept = ordered.operation in (operation, codes.OPERATION_DELETE) or ordered.operation not in _KNOWN
        return values["host"] == found.body["host"] and kept
    return ordered.operation == operation and _says(found, ordered, arguments, firmware)


def _says(found: Entry, ordered: Ordered, arguments: list[object], firmware: bytes | None) -> bool:
    """Whether the arguments are what the entry says."""
    kind, body = found.kind, found.body
    if kind == kinds.CLOCK:
        new = cast("list[int]", body["new"])
        source = codes.CLOCK_FROM_ORGANISATION if ordered.is_order else codes.CLOCK_FROM_HOST
        return body["source"] == source and abs(new[1] - cast(int, arguments[0])) <= _SLACK
    if kind == kinds.CONFIG:
        return arguments == [body["setting"], body["value"]]
    if kind == kinds.FIRMWARE:
        return arguments == [body["new"]] and firmware in (None, body["old"])
    if kind == kinds.ORG:
        return arguments == [body["organisation"], body["successor"]]
    if kind == kinds.RESET:
        return True
    labels = _OFFICER_AND_UNIT
    if kind == kinds.EXEMPT:
        if arguments[:2] != [body["class"], body["begins"]]:
            return False
        labels, arguments = _OFFICER_AND_APPROVER, arguments[2:]
    committed = {label: one for label, one in zip(labels, arguments, strict=True) if one is not None}
    return found.private == committed
