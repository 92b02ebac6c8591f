"""Field tables: exactly the keys of the table, exactly its types (AT-26)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidock_protocol import cbor, custody_kinds, entry, fields, kinds, messages, statements, versions
from evidock_protocol.errors import Malformed

TABLE = "0 number u, 1 text t, 2 hash h/n"
VALUES = {"number": 1, "text": "x", "hash": None}

GOOD = [
    ("u", [0, 1, 2**31, 2**63 - 1]),
    ("i", [0, -1, -(2**63), 2**63 - 1]),
    ("f", [True, False]),
    ("h", [bytes(32)]),
    ("s", [bytes(16)]),
    ("b", [b"", bytes(2000)]),
    ("t", ["", "x" * 64, "录" * 21]),
    ("m", [{}, {0: 1}]),
    ("w", [[0, 0], [1, 0], [2, 2**63 - 1]]),
    ("a", [[], [None, "x"], list(range(64))]),
    ("a:u", [[], [0, 1]]),
    ("a:i", [[], [-1]]),
    ("a:h", [[], [bytes(32)] * 64]),
    ("a:anchor", [[4, 1, 2, 3]]),
    ("a:handover", [[bytes(32), 1]]),
    ("a:check", [[], [[1, 2, -1]]]),
    ("a:segment", [[], [[1, 2, bytes(32)]] * 24]),
]
BAD = [
    ("u", [-1, 2**63, True, False, None, "1", b"1", 1.0]),
    ("i", [-(2**63) - 1, 2**63, True, None]),
    ("f", [0, 1, None]),
    ("h", [bytes(31), bytes(33), "h" * 32, None]),
    ("s", [bytes(15), bytes(17), None]),
    ("b", ["", None, [0]]),
    ("t", ["x" * 65, "录" * 22, b"x", None]),
    ("m", [[], None]),
    ("w", [[], [0], [0, 1], [3, 0], [1, -1], [True, 0], [1, 0, 0], None, {0: 1, 1: 1}]),
    ("a", [{}, None, list(range(65))]),
    ("a:u", [[-1], [True], [None]]),
    ("a:i", [[2**63], [False]]),
    ("a:h", [[bytes(31)], [bytes(32)] * 65]),
    ("a:anchor", [[], [1, 2, 3], [1, 2, 3, 4, 5], [1, 2, 3, True]]),
    ("a:handover", [[], [bytes(32)], [1, bytes(32)]]),
    ("a:check", [[[1, 2]], [[1, 2, True]], [[-1, 2, 3]], [1]]),
    ("a:segment", [[[1, 2, bytes(31)]], [[1, 2, bytes(32)]] * 25]),
]


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in GOOD for value in values])
def test_a_value_of_the_type_is_taken(kind: str, value: object) -> None:
    fields.check("x", kind, value)
    fields.check("x", kind + "/n", value)


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in BAD for value in values])
def test_another_value_is_refused(kind: str, value: object) -> None:
    with pytest.raises(Malformed):
        fields.check("x", kind, value)
    if value is None:
        fields.check("x", kind + "/n", value)


def test_a_lone_surrogate_is_no_text() -> None:
    with pytest.raises(Malformed):
        fields.check("x", "t", "\ud800")


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(Malformed):
        fields.check("x", "z", [])


def test_names_become_numbers_and_back() -> None:
    assert fields.to_map(TABLE, dict(VALUES)) == {0: 1, 1: "x", 2: None}
    assert fields.from_map(TABLE, {0: 1, 1: "x", 2: None}) == VALUES


@pytest.mark.parametrize(
    "values",
    [{}, {"number": 1, "text": "x"}, {**VALUES, "more": 1}, {**VALUES, "number": None}, {**VALUES, "text": 1}],
)
def test_other_names_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        fields.to_map(TABLE, values)


@pytest.mark.parametrize(
    "numbered",
    [None, [], [1, "x", None], {}, {0: 1, 1: "x"}, {0: 1, 1: "x", 2: None, 3: 0}, {0: 1, 1: "x", 3: None}],
)
def test_other_maps_are_refused(numbered: object) -> None:
    with pytest.raises(Malformed):
        fields.from_map(TABLE, numbered)


def all_tables() -> list[str]:
    rows = [row[2] for table in (kinds.ENTRY_KINDS, custody_kinds.KINDS, statements.STATEMENTS) for row in table]
    rows += [row[2] for row in statements.ARGUMENTS] + [entry.PAYLOAD]
    return [table for table in rows + [part for row in messages.MESSAGES for part in row[2:]] if table]


@pytest.mark.parametrize("table", all_tables())
def test_a_table_is_numbered_without_holes(table: str) -> None:
    rows = fields.parse(table)
    assert [key for key, _name, _kind in rows] == list(range(len(rows)))
    assert len({name for _key, name, _kind in rows}) == len(rows)
    assert len(rows) <= cbor.MAX_KEY + 1


decoded = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 23), inner, max_size=4),
    max_leaves=12,
)


@given(st.sampled_from(all_tables()), decoded)
def test_hostile_maps_raise_malformed_only(table: str, value: object) -> None:
    try:
        fields.from_map(table, value)
    except Malformed:
        pass
    else:
        assert isinstance(value, dict)
        assert set(value) == {key for key, _name, _kind in fields.parse(table)}


def test_lists_have_a_limit() -> None:
    with pytest.raises(Malformed):
        fields.check("x", "a:u", [0] * (versions.MAXIMUM_LIST + 1))
