"""Ed25519: public keys, signatures, and their strict verification.

Source: RFC 8032, sections 5.1.5 to 5.1.7. Each operation is also a generator, so that a recorder's one loop can do it
in slices: it yields None while there is work left and, last, the result.

Not protected: big integers take no constant time. Points that depend on a secret have blinded coordinates, inverses of
secrets are of blinded numbers, and the comb takes the same operations for every scalar; but the entries that it reads,
the hashing of the seed and the last product with the secret scalar are plain. Whoever measures the processor itself
(power, emissions, its cache) is not kept out.
"""

from evidock_agent.crypto.comb import ORDER, Comb
from evidock_agent.crypto.edwards import add, decode_steps, encode, is_small_order, multiply_steps, prepared
from evidock_agent.crypto.field import PRIME
from evidock_agent.crypto.sha512 import Sha512, sha512

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

_HASH_SLICE = 256  # bytes hashed between two yields
_comb: Comb | None = None


def use_comb(comb: Comb) -> None:
    """Multiply by this comb of the base point from now on, in place of the 6 KB one that ships."""
    global _comb
    _comb = comb


def public_key(seed: bytes) -> bytes:
    """The 32-byte public key of a 32-byte seed."""
    return _result(public_key_steps(seed))


def sign(seed: bytes, public: bytes, message: bytes, hedge: bytes = b"") -> bytes:
    """The 64-byte signature of `message`; see `sign_steps`."""
    return _result(sign_steps(seed, public, message, hedge))


def verify(public: bytes, message: bytes, signature: bytes, key_comb: "Comb | None" = None) -> bool:
    """Whether `signature` is valid; see `verify_steps`."""
    return _result(verify_steps(public, message, signature, key_comb))


def public_key_steps(seed: bytes) -> "Iterator[bytes | None]":
    """`public_key` in slices (RFC 8032, section 5.1.5)."""
    scalar, prefix = _expand(seed)
    yield None
    yield (yield from _encoded_multiple_steps(scalar % ORDER, prefix))


def sign_steps(seed: bytes, public: bytes, message: bytes, hedge: bytes = b"") -> "Iterator[bytes | None]":
    """`sign` in slices, none longer than a quarter of a signature (RFC 8032, section 5.1.6).

    `public` must be the key of `seed`: two signatures of one message under different `public` give the seed's scalar
    away, so never take it from outside. `hedge` is empty, which gives the RFC's signature byte for byte, or 32 fresh
    random bytes, which keep a fault or a brown-out during a repeated signature from giving the key away. The nonce is
    then SHA-512(hedge || 96 zeros || prefix || 96 zeros || message), as draft-irtf-cfrg-det-sigs-with-noise-05 puts it
    under "Updates to RFC 8032". Such a signature verifies as any other.

    ValueError, from the first step, when `seed`, `public` or `hedge` has another length.
    """
    # Hashed twice: were a lent buffer to change in between, nonce and challenge would be of two messages, which is how
    # keys are lost.
    message = bytes(message)
    public = bytes(public)
    if len(public) != 32 or len(hedge) not in (0, 32):
        raise ValueError(f"expected a key of 32 bytes and a hedge of 0 or 32, got {len(public)} and {len(hedge)}")
    scalar, secret = _expand(seed)
    yield None
    if hedge:
        secret = bytes(hedge) + bytes(96) + secret + bytes(96)
    secret = yield from _digest_steps(secret, message)
    yield None
    nonce = int.from_bytes(secret, "little") % ORDER
    # The nonce is as good as uniform given the upper half of its digest, so that half is free for blinding.
    commitment = yield from _encoded_multiple_steps(nonce, secret[32:])
    yield None
    digest = yield from _digest_steps(commitment + public, message)
    challenge = int.from_bytes(digest, "little") % ORDER
    yield commitment + ((nonce + challenge * scalar) % ORDER).to_bytes(32, "little")


def verify_steps(
    public: bytes, message: bytes, signature: bytes, key_comb: "Comb | None" = None
) -> "Iterator[bool | None]":
    """`verify` in slices; the last value is True or False (RFC 8032, section 5.1.7).

    Stricter than the RFC and the same as libsodium: S below L, the key canonical, neither the key nor R of small order,
    the equation without the cofactor, and R compared as bytes, so that it is canonical too. `message` is read on the
    way and must stay as it is until the end.

    `key_comb` is the comb of this very key, from `comb_build.key_table_steps`, which has decoded it: the same result
    in a half of the time.
    """
    public = bytes(public)
    commitment = bytes(signature[:32])
    response = int.from_bytes(signature[32:], "little")
    if len(public) != 32 or len(signature) != 64 or response >= ORDER:
        yield False
        return
    if is_small_order(public) or is_small_order(commitment):
        yield False
        return
    digest = yield from _digest_steps(commitment + public, message)
    challenge = int.from_bytes(digest, "little") % ORDER
    # R = response * B - challenge * A
    if key_comb is not None:
        product = yield from key_comb.multiply_steps(ORDER - challenge)
    else:
        key = yield from decode_steps(public)
        if key is None:
            yield False
            return
        x, y, z, t = key
        product = yield from multiply_steps(challenge, (PRIME - x, y, z, PRIME - t))
    base = yield from _base_comb().multiply_steps(response)
    x, y, z, _ = add(base, prepared(product))
    yield encode(x, y, z) == commitment


def _base_comb() -> Comb:
    """The comb in use. The table is loaded when first wanted."""
    global _comb
    if _comb is None:
        from evidock_agent.crypto import comb_table

        _comb = Comb(comb_table.TABLE, comb_table.TEETH, comb_table.BLOCKS)
    return _comb


def _encoded_multiple_steps(scalar: int, secret: bytes) -> "Generator[None, None, bytes]":
    """Yield between slices and return the bytes of `scalar` times the base point, blinded by `secret` on the way."""
    blind = int.from_bytes(secret, "little") % PRIME or 1
    x, y, z, _ = yield from _base_comb().multiply_steps(scalar, blind)
    return encode(x, y, z)


def _expand(seed: bytes) -> tuple[int, bytes]:
    """The secret scalar and the prefix of a seed (RFC 8032, section 5.1.5, steps 1 and 2)."""
    if len(seed) != 32:
        raise ValueError(f"seed: expected 32 bytes, got {len(seed)}")
    digest = sha512(seed)
    low = int.from_bytes(digest[:32], "little")
    return (low & ((1 << 254) - 8)) | (1 << 254), digest[32:]


def _digest_steps(start: bytes, message: bytes) -> "Generator[None, None, bytes]":
    """Yield between slices and return SHA-512 of `start` and a message."""
    hasher = Sha512(start)
    view = memoryview(message)
    for place in range(0, len(view), _HASH_SLICE):
        hasher.update(view[place : place + _HASH_SLICE])
        yield None
    return hasher.digest()


def _result(steps: "Iterator[Any]") -> "Any":
    """Drive a generator until it has a result."""
    for step in steps:
        if step is not None:
            return step
    raise RuntimeError("a generator ended without a result")
