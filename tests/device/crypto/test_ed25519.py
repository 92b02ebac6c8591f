"""Ed25519: the vectors, libsodium as the other opinion on every input, and signing in slices (AT-39)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import BadSignatureError
from vectors import ed25519_checks, make_ed25519_vectors
from vectors.ed25519_reference import L, P

from evidock_agent.crypto import ed25519

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
CASES = ed25519_checks.cases(str(VECTORS))

seeds = st.binary(min_size=32, max_size=32)
messages = st.binary(max_size=300)
# Encodings and numbers at which verifiers differ, among ordinary ones.
special_points = st.sampled_from([encoded for _, encoded in make_ed25519_vectors.small_order_encodings()])
points = st.one_of(
    special_points,
    st.integers(P - 20, 2**255 - 1).map(lambda y: y.to_bytes(32, "little")),
    st.binary(min_size=32, max_size=32),
)
responses = st.one_of(
    st.sampled_from([0, 1, L - 1, L, L + 1, 2 * L, 2**252, 2**253 - 1, 2**253, 2**255, 2**256 - 1]),
    st.integers(0, 2**256 - 1),
).map(lambda number: number.to_bytes(32, "little"))


def libsodium(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether libsodium accepts; other lengths it cannot be asked about, and nobody accepts them."""
    if len(public) != 32 or len(signature) != 64:
        return False
    try:
        crypto_sign_open(signature + message, public)
    except BadSignatureError:
        return False
    return True


@pytest.mark.parametrize(("check", "case"), [pytest.param(*case[:2], id=case[2]) for case in CASES])
def test_vector(check: Callable[[dict[str, str]], None], case: dict[str, str]) -> None:
    check(case)


@pytest.mark.parametrize(("check", "case"), [pytest.param(*case[:2], id=case[2]) for case in CASES])
def test_libsodium_agrees_with_the_vector(check: Callable[[dict[str, str]], None], case: dict[str, str]) -> None:
    if check is not ed25519_checks.digested:
        values = (bytes.fromhex(case[name]) for name in ("public", "message", "signature"))
        assert libsodium(*values) is (check is not ed25519_checks.rejected)


@pytest.mark.parametrize("name", list(make_ed25519_vectors.FILES))
def test_vectors_are_what_their_maker_writes(name: str) -> None:
    assert (VECTORS / name).read_text(encoding="ascii") == make_ed25519_vectors.text(name)


@given(seeds, messages, seeds)
def test_signatures_against_libsodium(seed: bytes, message: bytes, hedge: bytes) -> None:
    public, secret = crypto_sign_seed_keypair(seed)
    assert ed25519.public_key(seed) == public
    plain = ed25519.sign(seed, public, message)
    assert plain == crypto_sign(message, secret)[:64]
    hedged = ed25519.sign(seed, public, message, hedge)
    assert hedged[:32] != plain[:32]
    assert libsodium(public, message, hedged)
    assert ed25519.verify(public, message, hedged)


@given(seeds, messages, st.lists(st.integers(0, 2**12), min_size=1, max_size=2))
def test_a_flipped_bit_is_refused(seed: bytes, message: bytes, places: list[int]) -> None:
    public, secret = crypto_sign_seed_keypair(seed)
    whole = bytearray(public + crypto_sign(message, secret))
    for place in places:
        whole[place // 8 % len(whole)] ^= 1 << place % 8
    changed = bytes(whole[:32]), bytes(whole[96:]), bytes(whole[32:96])
    assert ed25519.verify(*changed) is libsodium(*changed)


@given(points, messages, points, responses)
def test_odd_signatures_against_libsodium(public: bytes, message: bytes, commitment: bytes, response: bytes) -> None:
    signature = commitment + response
    assert ed25519.verify(public, message, signature) is libsodium(public, message, signature)


@given(seeds, messages, special_points)
def test_keys_with_a_part_of_small_order_against_libsodium(seed: bytes, message: bytes, small: bytes) -> None:
    """About one in eight satisfies the equation, and is accepted."""
    reference = make_ed25519_vectors
    part = reference.decode(small)
    if part is None:
        return
    scalar, _ = reference.expand(seed, reference.sha512)
    public = reference.encode(reference.add(reference.multiply(scalar, reference.BASE), part))
    commitment = reference.encode(reference.multiply(reference.NONCE, reference.BASE))
    challenge = reference.number(reference.sha512(commitment + public + message))
    signature = commitment + ((reference.NONCE + challenge * scalar) % L).to_bytes(32, "little")
    assert ed25519.verify(public, message, signature) is libsodium(public, message, signature)


def test_any_buffer_is_taken() -> None:
    """The agent lends memoryviews."""
    seed, public, message = make_ed25519_vectors.SEED, make_ed25519_vectors.PUBLIC, bytes(300)
    signature = ed25519.sign(seed, public, message)
    for kind in (bytearray, memoryview):
        assert ed25519.public_key(kind(seed)) == public  # pyright: ignore[reportArgumentType]
        assert ed25519.sign(kind(seed), kind(public), kind(message)) == signature  # pyright: ignore[reportArgumentType]
        assert ed25519.sign(seed, public, message, kind(seed)) == ed25519.sign(seed, public, message, seed)  # pyright: ignore[reportArgumentType]
        assert ed25519.verify(kind(public), kind(message), kind(signature))  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("hedge", [b"", bytes(32)])
def test_steps_yield_none_until_the_signature(hedge: bytes) -> None:
    seed, public = make_ed25519_vectors.SEED, make_ed25519_vectors.PUBLIC
    *before, last = ed25519.sign_steps(seed, public, bytes(1000), hedge)
    assert set(before) == {None}
    assert len(before) > 12
    assert last == ed25519.sign(seed, public, bytes(1000), hedge)


def test_steps_of_keys_and_of_verification() -> None:
    seed, public = make_ed25519_vectors.SEED, make_ed25519_vectors.PUBLIC
    *before, last = ed25519.public_key_steps(seed)
    assert (set(before), last) == ({None}, public)
    signature = ed25519.sign(seed, public, b"message")
    *before, last = ed25519.verify_steps(public, b"message", signature)
    assert (set(before), last) == ({None}, True)
    assert len(before) > 60
    assert list(ed25519.verify_steps(public, b"message", bytes(64))) == [False]


def test_a_lent_buffer_may_change_while_it_is_signed() -> None:
    """Otherwise one nonce would serve two challenges."""
    seed, public = make_ed25519_vectors.SEED, make_ed25519_vectors.PUBLIC
    lent = bytearray(b"first")
    steps = ed25519.sign_steps(seed, public, memoryview(lent))  # pyright: ignore[reportArgumentType]
    next(steps)
    lent[:] = b"other"
    assert list(steps)[-1] == ed25519.sign(seed, public, b"first")


def test_two_signatures_may_be_under_way_at_once() -> None:
    """Nothing of a signature lives outside its generator."""
    seed, public = make_ed25519_vectors.SEED, make_ed25519_vectors.PUBLIC
    found = [
        both
        for both in zip(
            ed25519.sign_steps(seed, public, b"first"), ed25519.sign_steps(seed, public, b"other"), strict=True
        )
        if both != (None, None)
    ]
    assert found == [(ed25519.sign(seed, public, b"first"), ed25519.sign(seed, public, b"other"))]


@pytest.mark.parametrize(
    ("seed", "public", "hedge"),
    [(31, 32, 0), (33, 32, 0), (0, 32, 0), (32, 31, 0), (32, 64, 0), (32, 32, 31), (32, 32, 64)],
)
def test_other_lengths_are_refused(seed: int, public: int, hedge: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        ed25519.sign(bytes(seed), bytes(public), b"", bytes(hedge))


def test_a_seed_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 32 bytes, got 31"):
        ed25519.public_key(bytes(31))
