"""Field, points and comb against the plain formulas of RFC 8032."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import ed25519_reference as reference
from vectors.ed25519_checks import finished
from vectors.ed25519_reference import L, P

from evidock_agent.crypto import comb_table, ed25519
from evidock_agent.crypto.comb import Comb
from evidock_agent.crypto.comb_build import build, enlarge_steps
from evidock_agent.crypto.edwards import BASE, decode_steps, encode, is_small_order, multiply_steps
from evidock_agent.crypto.field import ROOT_OF_MINUS_ONE, inverse, square_root_steps

SHAPES = [(5, 4), (4, 3), (3, 7), (6, 1), (1, 2)]
COMBS = {shape: Comb(build(*shape), *shape) for shape in SHAPES}

elements = st.integers(1, P - 1) | st.integers(1, 40) | st.integers(P - 40, P - 1)
scalars = st.one_of(
    st.integers(0, L - 1), st.integers(0, 40), st.integers(L - 40, L - 1), st.integers(0, 252).map(lambda bit: 1 << bit)
)


def test_constants() -> None:
    assert ROOT_OF_MINUS_ONE**2 % P == P - 1
    assert encode(*BASE[:3]) == reference.encode(reference.BASE)
    assert BASE[3] == BASE[0] * BASE[1] % P


@given(elements, st.integers(0, 2**12))
def test_inverse(number: int, times: int) -> None:
    assert inverse(number + times * P) == pow(number, -1, P)


@given(elements | st.just(0), elements)
def test_square_root(above: int, below: int) -> None:
    root = finished(square_root_steps(above, below))
    ratio = above * pow(below, -1, P) % P
    if root == -1:
        assert pow(ratio, (P - 1) // 2, P) == P - 1
    else:
        assert 0 <= root < P
        assert root * root % P == ratio


@given(st.binary(min_size=32, max_size=32) | st.integers(P - 30, 2**255 - 1).map(lambda y: y.to_bytes(32, "little")))
def test_decode(encoded: bytes) -> None:
    assert finished(decode_steps(encoded)) == reference.decode(encoded)


def test_small_order_is_exactly_the_eight() -> None:
    point = reference.IDENTITY
    tried = [reference.encode(reference.multiply(scalar, reference.BASE)) for scalar in (1, 2, 8, L - 1)]
    assert [is_small_order(encoded) for encoded in tried] == [False] * 4
    y = 2
    while True:
        candidate = reference.decode(y.to_bytes(32, "little"))
        y += 1
        if candidate is not None:
            eighth = reference.multiply(L, candidate)
            if reference.encode(reference.multiply(4, eighth)) != reference.encode(reference.IDENTITY):
                break
    found = set()
    for _ in range(8):
        found.add(reference.encode(point))
        assert is_small_order(reference.encode(point))
        point = reference.add(point, eighth)
    assert len(found) == 8


@given(scalars, scalars)
def test_multiples_of_any_point(scalar: int, other: int) -> None:
    point = finished(decode_steps(reference.encode(reference.multiply(other, reference.BASE))))
    assert point is not None
    product = finished(multiply_steps(scalar, point))
    assert encode(*product[:3]) == reference.encode(reference.multiply(scalar * other, reference.BASE))
    assert product[0] * product[1] % P == product[2] * product[3] % P


@given(scalars, elements, st.sampled_from(SHAPES))
def test_multiples_of_the_base_point(scalar: int, blind: int, shape: tuple[int, int]) -> None:
    x, y, z, t = finished(COMBS[shape].multiply_steps(scalar, blind))
    assert encode(x, y, z) == reference.encode(reference.multiply(scalar, reference.BASE))
    assert x * y % P == z * t % P
    assert max(x, y, z, t) < P


def test_a_blind_changes_every_coordinate() -> None:
    plain = finished(COMBS[5, 4].multiply_steps(12345))
    blinded = finished(COMBS[5, 4].multiply_steps(12345, 67890))
    assert all(a != b for a, b in zip(plain, blinded, strict=True))


def test_the_table_that_ships() -> None:
    assert build(comb_table.TEETH, comb_table.BLOCKS) == comb_table.TABLE


def test_a_larger_table_signs_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also a signature that was under way when the table changed."""
    seed = bytes(range(32))
    public = ed25519.public_key(seed)
    signature = ed25519.sign(seed, public, b"message")
    monkeypatch.setattr(ed25519, "_comb", None)
    before = ed25519.sign_steps(seed, public, b"message")
    assert [next(before) for _ in range(8)] == [None] * 8
    slow = list(ed25519.sign_steps(seed, public, b"message"))
    assert finished(enlarge_steps()) is True
    after = list(ed25519.sign_steps(seed, public, b"message"))
    assert after[-1] == slow[-1] == list(before)[-1] == signature
    assert len(after) < len(slow)
    assert ed25519.verify(public, b"message", signature)


def test_a_table_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 24576 bytes, got 6144"):
        Comb(comb_table.TABLE, 7, 4)
