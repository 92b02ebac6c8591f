"""Numbers in entries, custody entries and statements with their names behind them: `6 (power_off)`.

Specification: "Codes". A number that the tables do not have stays a number.
"""

from __future__ import annotations

from typing import cast

from evidock_protocol import codes, names

Table = tuple[tuple[object, ...], ...]

# By what a field stands in (kind of entry, or name of a statement) and the field's name.
_TABLES: dict[tuple[str, str], Table] = {
    ("GENESIS", "protection"): names.PROTECTIONS,
    ("GENESIS", "random_source"): names.RANDOM_SOURCES,
    ("ENROL", "protection"): names.PROTECTIONS,
    ("EPOCH", "reason"): names.EPOCH_REASONS,
    ("BOOT", "reset"): names.RESETS,
    ("OFF", "reason"): names.OFF_REASONS,
    ("JOURNAL", "place"): names.PLACES,
    ("CHECK", "trigger"): names.CHECK_TRIGGERS,
    ("START", "reason"): names.START_REASONS,
    ("START", "tracks"): names.TRACKS,
    ("STOP", "reason"): names.STOP_REASONS,
    ("SEGMENT", "media"): names.MEDIA,
    ("SEGMENT", "track"): names.TRACKS,
    ("SEGMENT", "attested"): names.ATTESTED,
    ("SEGMENT", "stored"): names.STORED_FORMS,
    ("INTERRUPT", "cause"): names.CAUSES,
    ("INTERRUPT", "reset"): names.RESETS,
    ("EXEMPT", "class"): names.EXEMPT_CLASSES,
    ("MARK", "type"): names.MARK_TYPES,
    ("CLOCK", "source"): names.CLOCK_SOURCES,
    ("FAULT", "what"): names.FAULTS,
    ("HOST", "event"): names.HOST_EVENTS,
    ("HOST", "refusal"): names.REFUSALS,
    ("command", "operation"): names.OPERATIONS,
    ("order", "operation"): names.OPERATIONS,
    ("challenge", "party"): names.PARTIES,
    ("head", "phase"): names.HEAD_PHASES,
}


def name(about: str, field: str, value: object, values: dict[object, object]) -> str | None:
    """The field `field` of an entry or statement that is `about` something, or None when it is no code.

    `values` are all its fields by their numbers.
    """
    if (about, field) == ("certificate", "roles") and isinstance(value, int):
        return f"{value} ({', '.join(str(row[1]) for row in names.ROLES if value & row[0])})"
    if (about, field) == ("CHECK", "items"):
        return _check(value)
    if (about, field) == ("FAULT", "values") and values.get(0) == codes.FAULT_CAPTURE:
        return _capture(value)
    table = _TABLES.get((about, field))
    return None if table is None or not _is_number(value) else _named(table, cast(int, value))


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _named(table: Table, number: int) -> str:
    name = names.name_of(table, number)
    return name if name == str(number) else f"{number} ({name})"


def _check(items: object) -> str | None:
    """Each item with its result and the figure that was judged: `battery passed 90`."""
    rows = cast("list[object]", items) if isinstance(items, list | tuple) else []
    shown: list[str] = []
    for row in rows[:64]:
        parts = cast("list[object]", row) if isinstance(row, list | tuple) else []
        if len(parts) != 3 or not all(_is_number(part) for part in parts):
            return None
        item, result, figure = cast("list[int]", parts)
        shown.append(f"{names.name_of(names.CHECK_ITEMS, item)} {names.name_of(names.CHECK_RESULTS, result)} {figure}")
    return f"[{', '.join(shown)}]" if shown else None


def _capture(values: object) -> str | None:
    numbers = cast("list[object]", values) if isinstance(values, list | tuple) else []
    if not numbers or not all(_is_number(one) for one in numbers):
        return None
    first, *rest = cast("list[int]", numbers)
    return f"[{', '.join([_named(names.CAPTURE_FAULTS, first), *map(str, rest[:63])])}]"
