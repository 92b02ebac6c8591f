"""The quick patterns against the strict decoder: never more than it accepts, and the same values."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.forge import Host, key_of, shift, statement

from evidock.verification import entries, quick
from evidock_protocol import custody_kinds, entry, fields, kinds, statements
from evidock_protocol.errors import ProtocolError

_KINDS = [(statements.TYP_ENTRY, row) for row in kinds.ENTRY_KINDS] + [
    (statements.TYP_CUSTODY, row) for row in custody_kinds.KINDS
]
_NUMBERS = st.one_of(
    st.integers(0, 30),
    st.sampled_from([23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63 - 1]),
    st.integers(0, 2**63 - 1),
)
_HASHES = st.binary(min_size=32, max_size=32)
_FORMS: dict[str, st.SearchStrategy[object]] = {
    "u": _NUMBERS,
    "h": _HASHES,
    "s": st.binary(min_size=16, max_size=16),
    "b": st.binary(max_size=40),
    "t": st.text(max_size=10),
    "i": st.integers(-(2**63), 2**63 - 1),
    "f": st.booleans(),
    "w": st.one_of(st.just([0, 0]), st.tuples(st.integers(1, 2), _NUMBERS)),
    "a": st.just([]),
    "a:u": st.lists(_NUMBERS, max_size=4),
    "a:i": st.lists(st.integers(-5, 5), max_size=4),
    "a:h": st.lists(_HASHES, max_size=26),
    "a:anchor": st.lists(_NUMBERS, min_size=4, max_size=4),
    "a:handover": st.tuples(_HASHES, _NUMBERS),
    "a:check": st.lists(st.tuples(_NUMBERS, _NUMBERS, st.integers(-9, 9)), max_size=3),
    "a:segment": st.lists(st.tuples(_NUMBERS, _NUMBERS, _HASHES), max_size=24),
}


def values_of(table: str) -> st.SearchStrategy[dict[str, object]]:
    rows = {}
    for _key, name, form in fields.parse(table):
        rows[name] = st.one_of(st.none(), _FORMS[form[:-2]]) if form.endswith("/n") else _FORMS[form]
    return st.fixed_dictionaries(rows)


@st.composite
def entries_of_any_kind(draw: st.DrawFn) -> tuple[int, bytes]:
    """(type, bytes) of a well-formed entry."""
    typ, (kind, _name, table) = draw(st.sampled_from(_KINDS))
    private = draw(st.one_of(st.just({}), st.dictionaries(st.integers(0, 23), _HASHES, min_size=1, max_size=8)))
    payload = entry.encode_payload(
        table, draw(_HASHES), draw(_NUMBERS), draw(_NUMBERS), draw(_HASHES), kind, draw(_NUMBERS), draw(_NUMBERS),
        draw(_FORMS["w"]), draw(values_of(table)), private,  # type: ignore[arg-type]
    )  # fmt: skip
    try:
        return typ, statement(key_of("any"), typ, payload)
    except ProtocolError:  # longer than a statement may be
        return typ, statement(key_of("any"), typ, b"\xa0")


def strictly(raw: bytes, typ: int) -> entries.Entry | None:
    try:
        return entries._strict(raw, typ)  # pyright: ignore[reportPrivateUsage]
    except ProtocolError:
        return None


def quickly(raw: bytes, typ: int) -> entries.Entry | None:
    try:
        return entries.parse(raw, typ)
    except ProtocolError:
        return None


def plain(found: entries.Entry | None) -> object:
    """Lists and tuples alike."""
    if found is None:
        return None
    body = {name: _listed(value) for name, value in found.body.items()}
    return found._replace(body=body)


def _listed(value: object) -> object:
    return [_listed(one) for one in value] if isinstance(value, list | tuple) else value


@given(entries_of_any_kind())
@settings(max_examples=300)
def test_well_formed_entries_read_the_same_both_ways(made: tuple[int, bytes]) -> None:
    typ, raw = made
    assert plain(quickly(raw, typ)) == plain(strictly(raw, typ))


@given(entries_of_any_kind(), st.data())
@settings(max_examples=500)
def test_damaged_entries_read_the_same_both_ways(made: tuple[int, bytes], data: st.DataObject) -> None:
    typ, raw = made
    changed = bytearray(raw)
    for _ in range(data.draw(st.integers(1, 3))):
        offset = data.draw(st.integers(0, len(changed) - 1))
        action = data.draw(st.integers(0, 2))
        if action == 0:
            changed[offset] = data.draw(st.integers(0, 255))
        elif action == 1:
            changed[offset:offset] = data.draw(st.binary(min_size=1, max_size=3))
        else:
            del changed[offset]
    assert plain(quickly(bytes(changed), typ)) == plain(strictly(bytes(changed), typ))


def test_the_kinds_that_fill_a_journal_are_read_quickly() -> None:
    patterns = quick.Patterns(statements.TYP_ENTRY)
    assert {kinds.SEGMENT, kinds.START, kinds.STOP, kinds.EPOCH, kinds.MARK} <= set(patterns.by_kind)
    for raw in shift(Host()).entries:
        found = patterns.find(raw)
        if entry.parse(raw).kind in (kinds.SEGMENT, kinds.START, kinds.STOP, kinds.EPOCH):
            assert found is not None
            assert found[1].match(raw) is not None


def test_receipts_read_the_same_both_ways() -> None:
    host = Host()
    recorder = shift(host)
    raw = host.receipts[recorder.device][0]
    pattern = quick.StatementPattern(statements.TYP_RECEIPT)
    assert pattern.match(raw) == entry.parse_statement(raw, statements.TYP_RECEIPT)[1]
    assert pattern.match(raw[:-1]) is None
    assert pattern.match(raw + b"\x00") is None


@pytest.mark.parametrize("typ", [statements.TYP_HEAD, statements.TYP_COMMAND])
def test_a_statement_without_fixed_form_has_no_pattern(typ: int) -> None:
    with pytest.raises(KeyError):
        quick.StatementPattern(typ)
