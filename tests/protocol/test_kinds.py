"""Kinds of entries: numbers used once, outside the private range, and found by number."""

from types import ModuleType

import pytest

from evidock_protocol import custody_kinds, kinds

BOTH = [(kinds, kinds.ENTRY_KINDS), (custody_kinds, custody_kinds.KINDS)]


@pytest.mark.parametrize(("module", "table"), BOTH)
def test_numbers_are_used_once_and_not_private(module: ModuleType, table: tuple[tuple[int, str, str], ...]) -> None:
    numbers = [row[0] for row in table]
    assert numbers == sorted(set(numbers))
    first, last = kinds.PRIVATE_KINDS
    assert not [number for number in numbers if first <= number <= last]


@pytest.mark.parametrize(("module", "table"), BOTH)
def test_every_constant_has_its_row(module: ModuleType, table: tuple[tuple[int, str, str], ...]) -> None:
    constants = {name: value for name, value in vars(module).items() if name.isupper() and isinstance(value, int)}
    assert constants == {name: number for number, name, _table in table}


def test_twelve_stays_unused() -> None:
    """CHECKPOINT is a statement beside the media, not an entry."""
    assert kinds.body_table(kinds.ENTRY_KINDS, 12) is None


def test_tables_are_found_by_number() -> None:
    assert kinds.body_table(kinds.ENTRY_KINDS, kinds.RESET) == "0 order b"
    assert kinds.body_table(custody_kinds.KINDS, kinds.RESET) is None
    assert kinds.kind_name(kinds.ENTRY_KINDS, kinds.SEGMENT) == "SEGMENT"
    assert kinds.kind_name(kinds.ENTRY_KINDS, 1000) == "1000"
