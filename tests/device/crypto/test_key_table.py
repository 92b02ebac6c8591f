"""Verification through a key's stored table: the layout, and the same answer as without it on every input (AT-39)."""

import pytest
from device.crypto.test_ed25519 import libsodium, messages, points, responses, seeds, special_points
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.bindings import crypto_sign, crypto_sign_seed_keypair
from vectors import ed25519_reference as reference
from vectors import make_ed25519_vectors
from vectors.ed25519_checks import finished
from vectors.ed25519_reference import L, P

from evidock_agent.crypto import comb_build, ed25519
from evidock_agent.crypto.comb import Comb
from evidock_protocol import flash

SHAPE = (flash.KEY_TABLE_TEETH, flash.KEY_TABLE_BLOCKS)
SEED, PUBLIC = make_ed25519_vectors.SEED, make_ed25519_vectors.PUBLIC


def key_comb(public: bytes) -> Comb | None:
    table = finished(comb_build.key_table_steps(public, *SHAPE))
    return None if table is None else Comb(table, *SHAPE)


COMB = key_comb(PUBLIC)


def test_the_layout_that_the_specification_gives() -> None:
    """Point 16 b + n is the sum over i of +-2^(26 (5 b + i)) A, from the plain formulas of RFC 8032."""
    key = reference.decode(PUBLIC)
    assert key is not None
    expected = b""
    for b in range(2):
        for n in range(16):
            signs = [1 if i == 4 or n >> i & 1 else -1 for i in range(5)]
            scalar = sum(sign * 2 ** (26 * (5 * b + i)) for i, sign in enumerate(signs))
            x, y, z, _ = reference.multiply(scalar % L, key)
            x, y = x * pow(z, -1, P) % P, y * pow(z, -1, P) % P
            expected += b"".join((v % P).to_bytes(32, "little") for v in (y + x, y - x, 2 * reference.D * x * y))
    assert bytes(finished(comb_build.key_table_steps(PUBLIC, *SHAPE)) or b"") == expected
    assert len(PUBLIC + expected) == flash.KEY_TABLE


@settings(max_examples=30)
@given(seeds, messages, st.lists(st.integers(0, 2**12), max_size=2))
def test_signatures_of_any_key_against_libsodium(seed: bytes, message: bytes, places: list[int]) -> None:
    public, secret = crypto_sign_seed_keypair(seed)
    comb = key_comb(public)
    assert comb is not None
    whole = bytearray(crypto_sign(message, secret))
    assert ed25519.verify(public, message, bytes(whole[:64]), comb) is True
    for place in places:
        whole[place // 8 % len(whole)] ^= 1 << place % 8
    signature, message = bytes(whole[:64]), bytes(whole[64:])
    expected = libsodium(public, message, signature)
    assert ed25519.verify(public, message, signature, comb) is expected
    assert ed25519.verify(public, message, signature) is expected


@given(messages, points, responses)
def test_odd_signatures_against_libsodium(message: bytes, commitment: bytes, response: bytes) -> None:
    signature = commitment + response
    assert ed25519.verify(PUBLIC, message, signature, COMB) is libsodium(PUBLIC, message, signature)


@given(seeds, special_points)
def test_a_part_of_small_order_gets_no_table(seed: bytes, small: bytes) -> None:
    """A comb adds L times the key to an even scalar, which for such a key is not nothing."""
    part = reference.decode(small)
    if part is None:
        return
    scalar, _ = reference.expand(seed, make_ed25519_vectors.sha512)
    public = reference.encode(reference.add(reference.multiply(scalar, reference.BASE), part))
    assert (key_comb(public) is None) is (reference.encode(part) != reference.encode(reference.IDENTITY))


@given(points)
def test_what_is_no_key_of_libsodium_passes_through_no_table(public: bytes) -> None:
    """The identity has a table, but small order is refused before it is used."""
    signature = public[:32] + bytes(32)
    assert ed25519.verify(public, b"", signature, key_comb(public)) is libsodium(public, b"", signature)


@pytest.mark.parametrize("scalar", [0, 1, 2, L - 1, L])
def test_the_ends_of_the_scalars(scalar: int) -> None:
    assert COMB is not None
    x, y, z, _ = finished(COMB.multiply_steps(scalar))
    key = reference.decode(PUBLIC)
    assert reference.encode((x, y, z, 0)) == reference.encode(reference.multiply(scalar, key))


def test_it_takes_fewer_steps() -> None:
    """A key's root, its multiples and most of the doublings are spared."""
    signature = ed25519.sign(SEED, PUBLIC, b"message")
    plain, pinned = (list(ed25519.verify_steps(PUBLIC, b"message", signature, comb)) for comb in (None, COMB))
    assert plain[-1] is pinned[-1] is True
    assert len(pinned) < len(plain) * 2 / 3


@pytest.mark.parametrize(("teeth", "blocks"), [(7, 5), (8, 4), (13, 2)])
def test_more_teeth_than_rows_bear_are_refused(teeth: int, blocks: int) -> None:
    with pytest.raises(ValueError, match="teeth"):
        comb_build.build(teeth, blocks)
