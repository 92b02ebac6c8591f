"""Sections "Field tables" and "Field types": a table in one line, and values checked against it."""

from dataclasses import dataclass

from .cbor import Value
from .errors import Malformed

MAXIMUM_TEXT = 64
MAXIMUM_LIST = 64
MAXIMUM_RECEIPT_SEGMENTS = 24
LARGEST = 2**63 - 1

LISTS = {"a:u": "u", "a:i": "i", "a:h": "h"}
ROWS = {"a:check": "uui", "a:segment": "uuh"}
TUPLES = {"a:anchor": "uuuu", "a:handover": "hu"}
LIST_LIMITS = {"a:segment": MAXIMUM_RECEIPT_SEGMENTS}


@dataclass(frozen=True)
class Field:
    """One row of a field table."""

    key: int
    name: str
    type: str


def table(line: str) -> tuple[Field, ...]:
    """A field table from its line in the specification; "–" is a table without fields."""
    if line in ("", "–"):
        return ()
    rows = (row.split() for row in line.split(", "))
    return tuple(Field(int(key), name, type_) for key, name, type_ in rows)


@dataclass(frozen=True)
class Fields:
    """Checked values by name. The accessors only narrow types; the table has been checked."""

    values: dict[str, Value]

    def integer(self, name: str) -> int:
        value = self.values[name]
        if not isinstance(value, int):
            raise TypeError(name)
        return value

    def optional_integer(self, name: str) -> int | None:
        return None if self.values[name] is None else self.integer(name)

    def octets(self, name: str) -> bytes:
        value = self.values[name]
        if not isinstance(value, bytes):
            raise TypeError(name)
        return value

    def array(self, name: str) -> list[Value]:
        value = self.values[name]
        if not isinstance(value, list):
            raise TypeError(name)
        return value

    def segments(self) -> list[tuple[int, int, bytes]]:
        """The rows of a field `segments` of type a:segment."""
        rows: list[tuple[int, int, bytes]] = []
        for row in self.array("segments"):
            if isinstance(row, list) and isinstance(row[0], int) and isinstance(row[1], int):
                recording, number, root = row[0], row[1], row[2]
                rows.append((recording, number, root if isinstance(root, bytes) else b""))
        return rows

    def wall(self) -> tuple[int, int]:
        state, milliseconds = self.array("wall")
        if not isinstance(state, int) or not isinstance(milliseconds, int):
            raise TypeError("wall")
        return state, milliseconds


def is_integer(value: Value, least: int) -> bool:
    """An integer between `least` and the largest; a boolean is none."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= LARGEST


def _list(value: Value, limit: int = MAXIMUM_LIST) -> list[Value]:
    if not isinstance(value, list) or len(value) > limit:
        raise Malformed(f"no array of at most {limit} items")
    return value


def _tuple(value: Value, types: str) -> None:
    row = _list(value)
    if len(row) != len(types):
        raise Malformed(f"no array of {len(types)} items")
    for type_, item in zip(types, row, strict=True):
        check(type_, item)


def _holds(type_: str, value: Value) -> bool:
    if type_ == "u":
        return is_integer(value, 0)
    if type_ == "i":
        return is_integer(value, -LARGEST - 1)
    if type_ == "f":
        return isinstance(value, bool)
    if type_ in ("h", "s", "b"):
        lengths = {"h": 32, "s": 16}
        return isinstance(value, bytes) and len(value) == lengths.get(type_, len(value))
    if type_ == "t":
        return isinstance(value, str) and len(value.encode("utf-8")) <= MAXIMUM_TEXT
    if type_ == "m":
        return isinstance(value, dict)
    raise KeyError(type_)


def check(type_: str, value: Value) -> None:
    """Raise Malformed unless `value` is of the type, as the table "Field types" names it."""
    if type_.endswith("/n"):
        if value is not None:
            check(type_[:-2], value)
    elif type_ == "a":
        _list(value)
    elif type_ in LISTS:
        for item in _list(value):
            check(LISTS[type_], item)
    elif type_ in ROWS:
        for item in _list(value, LIST_LIMITS.get(type_, MAXIMUM_LIST)):
            _tuple(item, ROWS[type_])
    elif type_ in TUPLES:
        _tuple(value, TUPLES[type_])
    elif type_ == "w":
        _tuple(value, "uu")
        state, milliseconds = _list(value)
        if state not in (0, 1, 2) or (state == 0 and milliseconds != 0):
            raise Malformed("no wall clock")
    elif not _holds(type_, value):
        raise Malformed(f"no value of type {type_}")


def read_map(rows: tuple[Field, ...], value: Value) -> Fields:
    """A map with exactly the keys of its table."""
    if not isinstance(value, dict) or set(value) != {row.key for row in rows}:
        raise Malformed("not the fields of the table")
    for row in rows:
        check(row.type, value[row.key])
    return Fields({row.name: value[row.key] for row in rows})


def read_array(rows: tuple[Field, ...], items: list[Value]) -> Fields:
    """Fields in an array, in the order of the table (messages and arguments)."""
    return read_map(rows, dict(enumerate(items)))
