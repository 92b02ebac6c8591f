"""What the organisation may order of recorders, read from what a user types.

Specification: "Statements" (order) and "Settings".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from evidock import ordering
from evidock.authority import EARLIEST_MS, END_MS, Organisation
from evidock.errors import StoreError, WrongUsage
from evidock_protocol import codes, names, rights

ONE_DEVICE = (codes.OPERATION_SET_TIME, codes.OPERATION_RESET)  # never for every recorder at once
_MEASUREMENT = 32  # bytes of a firmware's measurement


class Asked(NamedTuple):
    """An operation with its arguments, as an order holds them."""

    operation: int
    arguments: list[object]

    @property
    def is_hand_over(self) -> bool:
        """Whether it is the order of the last rotation or succession, which was signed then."""
        return self.operation == codes.OPERATION_ORGANISATION


def parse(operation: str, arguments: Sequence[str], device: bytes | None) -> Asked:
    """An operation and its arguments from text. Raises WrongUsage."""
    known = {str(name): number for number, name in names.OPERATIONS if rights.may_order(number)}
    if operation not in known:
        raise WrongUsage("unknown_operation", given=operation[:40], known=", ".join(known))
    number = known[operation]
    wanted = {codes.OPERATION_SET_TIME: 1, codes.OPERATION_CONFIGURE: 2, codes.OPERATION_FIRMWARE: 1}.get(number, 0)
    if len(arguments) != wanted:
        raise WrongUsage("order_arguments", operation=operation, count=wanted)
    asked = Asked(number, _arguments(number, arguments))
    if number in ONE_DEVICE and device is None:
        raise WrongUsage("order_needs_device", operation=operation)
    return asked


def _arguments(number: int, arguments: Sequence[str]) -> list[object]:
    if number == codes.OPERATION_SET_TIME:
        return [_moment(arguments[0])]
    if number == codes.OPERATION_CONFIGURE:
        return _setting(arguments[0], arguments[1])
    if number == codes.OPERATION_FIRMWARE:
        return [_measurement(arguments[0])]
    return []


def last_hand_over(organisation: Organisation, path: Path) -> bytes:
    """The order with which recorders take this organisation key over. Raises StoreError when it was the first one."""
    if not organisation.lineage:
        raise StoreError("no_hand_over", path=path)
    return organisation.lineage[-1]


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
        unix_ms = round((moment if moment.tzinfo else moment.astimezone()).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise WrongUsage("not_a_time", given=text[:40]) from None
    if not EARLIEST_MS <= unix_ms < END_MS:
        raise WrongUsage("not_a_time", given=text[:40])
    return unix_ms


def _setting(name: str, text: str) -> list[object]:
    try:
        value = int(text)
    except ValueError:
        raise WrongUsage("not_a_number", given=text[:40]) from None
    return [ordering.setting_number(name, value), value]


def _measurement(text: str) -> bytes:
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) != _MEASUREMENT:
        raise WrongUsage("not_hexadecimal", given=text[:80], digits=2 * _MEASUREMENT)
    return raw
