"""Reads field tables: the one notation in which kinds, statements and messages list their keys, names and types.

Specification: "Field tables". A table is text such as "0 recording u, 1 reason u, 2 card b/n": key, name, type. A map
has exactly the keys of its table; `/n` allows null. So a second encoding of the same statement cannot exist.
"""

from evidock_protocol import utf8
from evidock_protocol.errors import Malformed
from evidock_protocol.versions import MAXIMUM_LIST, MAXIMUM_RECEIPT_SEGMENTS, MAXIMUM_TEXT

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from typing import Any

    Fields = dict[str, Any]  # a field table says the type of each
    from typing import TypeGuard

UINT_LIMIT = 1 << 63


def parse(table: str) -> list[tuple[int, str, str]]:
    """The rows of a table as (key, name, type)."""
    rows: list[tuple[int, str, str]] = []
    for row in table.split(","):
        key, name, kind = row.split()
        rows.append((int(key), name, kind))
    return rows


def to_map(table: str, values: dict[str, object]) -> dict[int, object]:
    """Numbered map of named `values`; raises Malformed for a missing, surplus or ill-typed field."""
    result: dict[int, object] = {}
    for key, name, kind in parse(table):
        if name not in values:
            raise Malformed("field " + name + " missing")
        check(name, kind, values[name])
        result[key] = values[name]
    if len(result) != len(values):
        raise Malformed(f"expected {len(result)} fields, got {len(values)}")
    return result


def from_map(table: str, numbered: object) -> "Fields":
    """Named fields of a decoded map; raises Malformed unless keys and types are exactly the table's."""
    if not is_map(numbered):
        raise Malformed("expected a map of fields")
    result: Fields = {}
    for key, name, kind in parse(table):
        if key not in numbered:
            raise Malformed(f"field {key} ({name}) missing")
        value = numbered[key]
        check(name, kind, value)
        result[name] = value
    if len(result) != len(numbered):
        raise Malformed(f"expected {len(result)} fields, got {len(numbered)}")
    return result


def check(name: str, kind: str, value: object) -> None:
    """Raises Malformed unless `value` has the type that a table names (specification: "Field types")."""
    if kind.endswith("/n"):
        if value is None:
            return
        kind = kind[:-2]
    if not _matches(kind, value):
        raise Malformed("field " + name + " is not of type " + kind)


def _matches(kind: str, value: object) -> bool:
    if kind == "u":
        return is_uint(value)
    if kind == "h":
        return _is_bytes(value, 32)
    if kind == "s":
        return _is_bytes(value, 16)
    if kind == "b":
        return isinstance(value, (bytes, bytearray, memoryview))
    if kind == "t":
        return _is_text(value)
    if kind == "i":
        return _is_int(value)
    if kind == "f":
        return value is True or value is False
    if kind == "m":
        return is_map(value)
    return _matches_list(kind, value)


def _matches_list(kind: str, value: object) -> bool:
    if not is_list(value) or len(value) > MAXIMUM_LIST:
        return False
    if kind == "a":
        return True
    if kind == "a:u":
        return all(is_uint(item) for item in value)
    if kind == "a:i":
        return all(_is_int(item) for item in value)
    if kind == "a:h":
        return all(_is_bytes(item, 32) for item in value)
    if kind == "w":
        return _is_row(value, "uu") and _is_wall(value[0], value[1])
    if kind == "a:anchor":
        return _is_row(value, "uuuu")
    if kind == "a:handover":
        return _is_row(value, "hu")
    if kind == "a:check":
        return all(_is_row(item, "uui") for item in value)
    if kind == "a:segment":
        return len(value) <= MAXIMUM_RECEIPT_SEGMENTS and all(_is_row(item, "uuh") for item in value)
    raise Malformed("unknown field type " + kind)


def _is_row(value: object, kinds: str) -> bool:
    if not is_list(value) or len(value) != len(kinds):
        return False
    return all(_matches(kind, item) for kind, item in zip(kinds, value))


def _is_wall(state: object, unix_ms: object) -> bool:
    # An unset clock has no time: [0, 0] is its only form.
    return state in (1, 2) or (state == 0 and unix_ms == 0)


def _is_int(value: object) -> bool:
    # MicroPython's bool is no int, CPython's is: exclude it first, so that both agree.
    return value is not True and value is not False and isinstance(value, int) and -UINT_LIMIT <= value < UINT_LIMIT


def is_uint(value: object) -> "TypeGuard[int]":
    """Whether value is an integer 0 … 2**63-1 and not a bool."""
    return _is_int(value) and value >= 0  # type: ignore[operator]


def is_list(value: object) -> "TypeGuard[list[object]]":
    """Whether value is an array: a list, or a tuple about to be encoded."""
    return isinstance(value, (list, tuple))


def is_map(value: object) -> "TypeGuard[dict[int, object]]":
    """Whether value is a map. Its keys are integers 0 … 23 when the decoder made it."""
    return isinstance(value, dict)


def _is_bytes(value: object, length: int) -> bool:
    return isinstance(value, (bytes, bytearray, memoryview)) and len(value) == length  # type: ignore[reportUnknownArgumentType]


def _is_text(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        content = value.encode()
    except UnicodeError:  # CPython refuses lone surrogates here, MicroPython does not
        return False
    size = len(content)
    return size <= MAXIMUM_TEXT and (size == len(value) or utf8.find_error(content, 0, size) < 0)
