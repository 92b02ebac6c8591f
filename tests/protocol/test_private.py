"""Private fields: the vectors, openings that fit their commitment only, hostile records (OB-36)."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors.entry_cases import cases

from evidock_protocol import cbor, private, versions
from evidock_protocol.errors import Malformed

salts = st.binary(min_size=16, max_size=16)
labels = st.integers(0, 23)
values = st.integers(0, 2**63 - 1) | st.text(max_size=70)


@pytest.mark.parametrize(("check", "case"), cases("private"))
def test_vector(check: Callable[[object], None], case: object) -> None:
    check(case)


@given(salts, labels, values)
def test_an_opening_opens_itself_only(salt: bytes, label: int, value: object) -> None:
    raw = private.opening(salt, label, value)
    assert private.parse_opening(raw) == (label, value)
    other = private.opening(salt, (label + 1) % 24, value)
    assert private.commitment(raw) != private.commitment(other)


@pytest.mark.parametrize(
    ("salt", "label", "value"),
    [
        (bytes(15), 1, 1),
        (bytes(17), 1, 1),
        (bytes(16), 24, 1),
        (bytes(16), -1, 1),
        (bytes(16), True, 1),
        (bytes(16), 1, -1),
        (bytes(16), 1, True),
        (bytes(16), 1, None),
        (bytes(16), 1, "x" * versions.MAXIMUM_OPENING),
    ],
)
def test_what_would_not_be_accepted_is_not_written(salt: bytes, label: int, value: object) -> None:
    with pytest.raises(Malformed):
        private.opening(salt, label, value)


@given(st.dictionaries(labels, values, min_size=1, max_size=8), st.integers(0, 2**63 - 1))
def test_records_keep_their_openings(fields: dict[int, object], sequence: int) -> None:
    rows = [(label, fields[label]) for label in sorted(fields)]
    openings = [private.opening(bytes(16), label, value) for label, value in rows]
    found, parsed = private.parse_record(cbor.decode(private.encode_record(sequence, openings)))
    assert found == sequence
    assert [(label, value) for label, value, _commitment in parsed] == rows
    assert [commitment for _label, _value, commitment in parsed] == [private.commitment(raw) for raw in openings]
    if len(openings) > 1:
        with pytest.raises(Malformed):
            private.parse_record(cbor.decode(private.encode_record(sequence, openings[::-1])))


hostile = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 23), inner, max_size=3),
    max_leaves=10,
)


@given(hostile, st.binary(max_size=40))
def test_hostile_records_raise_malformed_only(record: object, raw: bytes) -> None:
    for parse in (lambda: private.parse_record(record), lambda: private.parse_opening(raw)):
        try:
            parse()
        except Malformed:
            continue
