"""Certificates are put in order without a change to anything else; hostile bytes stay as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidock import der


def element(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + body


def response(*certificates: bytes, tag: int = 0xA0) -> bytes:
    """The skeleton of a TimeStampResp with elements for certificates."""
    signed = element(
        0x30, element(2, b"\3"), element(0x31), element(0x30, b"info"), element(tag, *certificates), b"rest"
    )
    return element(0x30, element(0x30, element(2, b"\0")), element(0x30, element(6, b"oid"), element(0xA0, signed)))


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_elements_are_sorted_and_nothing_else_is_changed(bodies: list[bytes]) -> None:
    certificates = [element(0x30, body) for body in bodies]
    assert der.in_order(response(*certificates)) == response(*sorted(certificates))


def test_what_are_no_certificates_stays() -> None:
    signers = [element(0x30, b"b"), element(0x30, b"a")]
    assert der.in_order(response(*signers, tag=0x31)) == response(*signers, tag=0x31)


@given(st.binary(max_size=100))
def test_any_bytes_keep_their_length(raw: bytes) -> None:
    assert sorted(der.in_order(raw)) == sorted(raw)


@given(st.data())
def test_any_damage_keeps_the_bytes(data: st.DataObject) -> None:
    whole = response(element(0x30, b"b" * 200), element(0x30, b"a"))
    at = data.draw(st.integers(0, len(whole) - 1))
    raw = whole[:at] + data.draw(st.binary(max_size=4)) + whole[at + data.draw(st.integers(0, 4)) :]
    assert sorted(der.in_order(raw)) == sorted(raw)


@pytest.mark.parametrize("length", [0, 1, 122, 123, 124, 250, 251, 252, 65_000])
def test_a_token_in_its_response(length: int) -> None:
    token = bytes(length)
    assert der.granted(token) == element(0x30, element(0x30, element(2, b"\0")), token)
