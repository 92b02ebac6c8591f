"""Code tables: numbers and names used once; every constant is the number of its row."""

import pytest

from evidock_protocol import codes, names

TABLES = {
    name: value
    for name, value in vars(names).items()
    if name.isupper() and isinstance(value, tuple) and isinstance(value[0], tuple)
}
# Which table a constant's name begins with; the rest of the name is the row's.
PREFIXES = {
    "ATTESTED_": "ATTESTED",
    "CAUSE_": "CAUSES",
    "CAPTURE_": "CAPTURE_FAULTS",
    "CHECK_AT_": "CHECK_TRIGGERS",
    "CHECK_ON_": "CHECK_TRIGGERS",
    "CLOCK_FROM_": "CLOCK_SOURCES",
    "CLOCK_": "CLOCK_SOURCES",
    "EPOCH_": "EPOCH_REASONS",
    "EXEMPT_": "EXEMPT_CLASSES",
    "FAULT_": "FAULTS",
    "HEAD_": "HEAD_PHASES",
    "HOST_": "HOST_EVENTS",
    "LABEL_": "PRIVATE_LABELS",
    "MARK_": "MARK_TYPES",
    "MEDIA_": "MEDIA",
    "MEDIUM_": "MEDIUM_FAULTS",
    "OFF_": "OFF_REASONS",
    "OPERATION_": "OPERATIONS",
    "PARTY_": "PARTIES",
    "PLACE_": "PLACES",
    "PROTECTION_": "PROTECTIONS",
    "RANDOM_": "RANDOM_SOURCES",
    "RECORDER_": "RECORDER_STATES",
    "REGION_": "FLASH_REGIONS",
    "RESET_": "RESETS",
    "ROLE_": "ROLES",
    "START_": "START_REASONS",
    "STOP_": "STOP_REASONS",
    "STORED_": "STORED_FORMS",
    "TRACK_": "TRACKS",
    "WALL_": "WALL_STATES",
}
CONSTANTS = {name: value for name, value in vars(codes).items() if name.isupper() and isinstance(value, int)}


@pytest.mark.parametrize("name", TABLES)
def test_numbers_and_names_are_used_once(name: str) -> None:
    numbers = [row[0] for row in TABLES[name]]
    words = [row[1] for row in TABLES[name]]
    assert numbers == sorted(set(numbers))
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("name", [name for name in CONSTANTS if name != "ALL_ROLES"])
def test_a_constant_is_the_number_of_its_row(name: str) -> None:
    if name.startswith("CHECK_") and not name.startswith(("CHECK_AT_", "CHECK_ON_")):
        rows = names.CHECK_ITEMS + names.CHECK_RESULTS
        rest = name[len("CHECK_") :]
    else:
        prefix = max((prefix for prefix in PREFIXES if name.startswith(prefix)), key=len)
        rows = TABLES[PREFIXES[prefix]]
        rest = name[len(prefix) :]
    assert (CONSTANTS[name], rest.lower()) in {row[:2] for row in rows}


def test_all_roles() -> None:
    assert sum(number for number, _name in names.ROLES) == codes.ALL_ROLES


def test_private_causes_lie_outside_the_table() -> None:
    first, last = names.PRIVATE_CAUSES
    assert not [row for row in names.CAUSES if first <= row[0] <= last]


def test_name_of() -> None:
    assert names.name_of(names.RESETS, 2) == "watchdog"
    assert names.name_of(names.CAUSES, 1234) == "1234"
