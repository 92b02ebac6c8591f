"""Statements other than entries: the vectors, types used once, arguments of operations (AT-26, AT-27, AT-32)."""

from collections.abc import Callable
from typing import Any

import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey
from vectors import entry_checks
from vectors.entry_cases import cases, of

from evidock_protocol import entry, sign1, statements
from evidock_protocol.errors import Malformed


@pytest.mark.parametrize(("check", "case"), cases("statements"))
def test_vector(check: Callable[[object], None], case: object) -> None:
    check(case)


@pytest.mark.parametrize("case", of("statements", entry_checks.accepted_statement))
def test_the_signature_holds_and_covers_the_type(case: dict[str, Any]) -> None:
    key = VerifyKey(bytes.fromhex(case["public_key"]))
    sealed = sign1.parse(bytes.fromhex(case["hex"]))
    key.verify(sealed.signed_bytes(), sealed.signature)
    for typ, _name, _table in statements.STATEMENTS:
        if typ != sealed.typ:
            with pytest.raises(BadSignatureError):
                key.verify(sign1.signed_bytes(typ, sealed.key_id, sealed.payload), sealed.signature)


def test_types_are_used_once() -> None:
    numbers = [row[0] for row in statements.STATEMENTS]
    assert numbers == sorted(set(numbers))
    assert all(65000 <= number <= 65535 for number in numbers)
    constants = {value for name, value in vars(statements).items() if name.startswith("TYP_")}
    assert constants == set(numbers)


def test_entries_have_no_table_of_their_own() -> None:
    for typ in (statements.TYP_ENTRY, statements.TYP_CUSTODY, 65011):
        with pytest.raises(KeyError):
            statements.statement_table(typ)


def test_values_are_left_as_they_were() -> None:
    values: dict[str, object] = {"operation": 7, "device": None, "generation": 1, "time": 1, "arguments": []}
    entry.encode_statement(statements.TYP_ORDER, values)
    assert "format" not in values


@pytest.mark.parametrize("arguments", [[1], [[]], [None]])
def test_wrong_arguments_are_not_written(arguments: list[object]) -> None:
    values: dict[str, object] = {"operation": 7, "device": None, "generation": 1, "time": 1, "arguments": arguments}
    with pytest.raises(Malformed):
        entry.encode_statement(statements.TYP_ORDER, values)
