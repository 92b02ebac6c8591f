"""COSE_Sign1: one form, published thumbprint, no byte that could differ (AT-26, AT-27)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import independent

from evidock_protocol import sign1, versions
from evidock_protocol.errors import Malformed

SECRET = independent.seed("sign1")
KEY_ID = independent.thumbprint(independent.public(SECRET))
GOOD = independent.sign1(SECRET, 65001, independent.cbor({0: 1, 1: [b"x" * 300]}))


def test_what_is_parsed_is_what_was_written() -> None:
    found = sign1.parse(GOOD)
    assert (found.typ, found.key_id, found.raw) == (65001, KEY_ID, GOOD)
    assert found.payload == independent.cbor({0: 1, 1: [b"x" * 300]})
    assert found.signed_bytes() == independent.signature_input(
        independent.protected_header(65001, KEY_ID), found.payload
    )
    assert sign1.assemble(found.typ, found.key_id, found.payload, found.signature) == GOOD
    assert sign1.thumbprint(independent.public(SECRET)) == KEY_ID
    assert sign1.statement_hash(GOOD) == independent.sha256(GOOD)


@pytest.mark.parametrize("length", [0, 1, 23, 24, 255, 256, 1500])
def test_payload_lengths(length: int) -> None:
    payload = bytes(length)
    assert sign1.parse(independent.sign1(SECRET, 65002, payload)).payload == payload
    assert sign1.assemble(65002, KEY_ID, payload, bytes(64)) == independent.sign1(SECRET, 65002, payload)[:-64] + bytes(
        64
    )


@pytest.mark.parametrize(
    ("typ", "key_id", "signature"),
    [
        (255, bytes(32), bytes(64)),
        (65536, bytes(32), bytes(64)),
        (65001, bytes(31), bytes(64)),
        (65001, bytes(32), bytes(63)),
    ],
)
def test_parts_of_a_wrong_length_are_not_assembled(typ: int, key_id: bytes, signature: bytes) -> None:
    with pytest.raises(Malformed):
        sign1.assemble(typ, key_id, b"x", signature)


def test_the_limit() -> None:
    room = versions.MAXIMUM_STATEMENT - len(sign1.assemble(65001, KEY_ID, bytes(1000), bytes(64))) + 1000
    assert len(sign1.parse(sign1.assemble(65001, KEY_ID, bytes(room), bytes(64))).raw) == versions.MAXIMUM_STATEMENT
    with pytest.raises(Malformed):
        sign1.assemble(65001, KEY_ID, bytes(room + 1), bytes(64))


@pytest.mark.parametrize("length", range(len(GOOD)))
def test_every_cut_is_malformed(length: int) -> None:
    with pytest.raises(Malformed):
        sign1.parse(GOOD[:length])


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_one_changed_byte_changes_what_is_parsed_or_is_malformed(place: int, change: int) -> None:
    changed = GOOD[:place] + bytes([GOOD[place] ^ change]) + GOOD[place + 1 :]
    try:
        found = sign1.parse(changed)
    except Malformed:
        return
    good = sign1.parse(GOOD)
    assert (found.typ, found.key_id, found.payload, found.signature) != (
        good.typ,
        good.key_id,
        good.payload,
        good.signature,
    )
    assert sign1.assemble(found.typ, found.key_id, found.payload, found.signature) == changed


@given(st.binary(max_size=200))
def test_hostile_bytes_raise_malformed_only(data: bytes) -> None:
    for start in (b"", GOOD[:4], GOOD[:46], GOOD[:47]):
        with pytest.raises(Malformed):
            sign1.parse(start + data)


@pytest.mark.parametrize("following", [b"", GOOD, b"\x00", b"\xd2"])
def test_the_end_of_a_statement_in_a_sequence(following: bytes) -> None:
    assert sign1.end_of(b"xx" + GOOD + following, 2) == 2 + len(GOOD)


@pytest.mark.parametrize("length", [0, 1, 2, 20, 60, len(GOOD) - 1])
def test_a_statement_that_is_cut_off_has_no_end(length: int) -> None:
    with pytest.raises(Malformed):
        sign1.end_of(GOOD[:length], 0)
