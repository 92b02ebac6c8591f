"""Signatures are checked strictly, and no secret shows."""

import pytest

from evidock import keys
from evidock_protocol import sign1

# RFC 8032 section 7.1, test 2.
SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
ORDER = 2**252 + 27742317777372353535851937790883648493
IDENTITY = b"\x01" + bytes(31)  # a point of order 1


def test_rfc_8032_vector() -> None:
    key = keys.SigningKey(SEED)
    assert key.public == PUBLIC
    assert key.sign(b"\x72") == SIGNATURE
    assert keys.verify(PUBLIC, b"\x72", SIGNATURE)
    assert not keys.verify(PUBLIC, b"\x73", SIGNATURE)


def test_s_must_be_below_the_order() -> None:
    s = int.from_bytes(SIGNATURE[32:], "little") + ORDER
    assert not keys.verify(PUBLIC, b"\x72", SIGNATURE[:32] + s.to_bytes(32, "little"))


@pytest.mark.parametrize("public", [IDENTITY, bytes(32), b"\xec" + b"\xff" * 30 + b"\x7f", b"\xff" * 32])
def test_small_order_and_non_canonical_keys_are_refused(public: bytes) -> None:
    # With A and R the identity and S zero, a verifier without the check accepts every message (AT-39).
    assert not keys.verify(public, b"anything", IDENTITY + bytes(32))


def test_small_order_r_is_refused() -> None:
    assert not keys.verify(PUBLIC, b"\x72", IDENTITY + SIGNATURE[32:])


@pytest.mark.parametrize("length", [0, 31, 33, 63])
def test_wrong_lengths_are_no_signature(length: int) -> None:
    assert not keys.verify(bytes(length), b"m", SIGNATURE)
    assert not keys.verify(PUBLIC, b"m", bytes(length))


def test_a_statement_is_bound_to_its_key() -> None:
    mine, other = keys.SigningKey(SEED), keys.SigningKey(bytes(32))
    sealed = sign1.parse(mine.statement(65001, b"\xa0"))
    assert keys.verify_statement(sealed, mine.public)
    assert not keys.verify_statement(sealed, other.public)
    sealed.typ += 1  # AT-27: the type is inside the signature
    assert not keys.verify_statement(sealed, mine.public)


def test_no_secret_in_what_is_printed() -> None:
    key = keys.SigningKey(SEED)
    assert SEED.hex() not in repr(key) + str(key) + str([key])


def test_lock_and_unlock() -> None:
    salt = bytes(keys.SALT)
    sealed = keys.lock(b"secret", "correct horse", salt, 1, 8192)
    assert b"secret" not in sealed
    assert keys.unlock(sealed, "correct horse", salt, 1, 8192) == b"secret"
    assert keys.unlock(sealed, "wrong horse", salt, 1, 8192) is None
    assert keys.unlock(sealed[:-1] + bytes([sealed[-1] ^ 1]), "correct horse", salt, 1, 8192) is None


@pytest.mark.parametrize(("operations", "memory"), [(1, 1 << 40), (1 << 30, 8192), (0, 8192), (1, 0)])
def test_a_hostile_key_file_may_not_ask_for_any_amount_of_work(operations: int, memory: int) -> None:
    with pytest.raises(ValueError, match="reason"):
        keys.unlock(b"", "x", bytes(keys.SALT), operations, memory)
