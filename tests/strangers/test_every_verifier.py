"""One signature, one answer: the host's verifier, the second reader's, the recorder's own Ed25519 and PyNaCl (AT-39).

Specification: "Signatures: Ed25519 strictness". A key or a signature that one of them takes and another refuses would
let two readers of the same evidence come to two verdicts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nacl.exceptions
import nacl.signing
import pytest
from second_reader import errors as second_errors
from second_reader import sign1 as second_sign1
from support.forge import key_of, public

from evidock import keys
from evidock_agent.crypto import ed25519
from evidock_protocol import entry, sign1, statements
from evidock_simulator.attacks.signatures import NEUTRAL, NOT_CANONICAL, ORDER

Verifier = Callable[[bytes, bytes, bytes], bool]
VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[1] / "vectors" / "ed25519.json").read_text("utf-8")
)


def pynacl(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        nacl.signing.VerifyKey(key).verify(message, signature)
    except (nacl.exceptions.CryptoError, ValueError, TypeError):
        return False
    return True


def second_reader(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        second_sign1.check_signature(key, message, signature)
    except second_errors.BadSignature:
        return False
    return True


VERIFIERS: dict[str, Verifier] = {
    "host": keys.verify,
    "second reader": second_reader,
    "recorder": lambda key, message, signature: bool(ed25519.verify(key, message, signature)),
    "PyNaCl": pynacl,
}


@pytest.mark.parametrize("name", VERIFIERS)
@pytest.mark.parametrize("part", ["accepted", "rejected"])
def test_every_vector_has_one_answer(name: str, part: str) -> None:
    for case in VECTORS[part]:
        parts = (bytes.fromhex(case[field]) for field in ("public", "message", "signature"))
        assert VERIFIERS[name](*parts) == (part == "accepted"), case["name"]


def test_the_vectors_have_every_weakness() -> None:
    reasons = {case["why"] for case in VECTORS["rejected"]}
    assert reasons >= {"small order", "not a canonical encoding", "S is not below L", "R of small order"}


# A statement as it stands in a journal, under keys and signatures that less strict readers take.

KEY = key_of("verifiers")
PAYLOAD = bytes.fromhex("a10001")


def sealed(key: bytes, signature: bytes | None = None) -> sign1.Sign1:
    key_id = sign1.thumbprint(key)
    signed = sign1.signed_bytes(statements.TYP_ENTRY, key_id, PAYLOAD)
    made = KEY.sign(signed).signature if signature is None else signature
    return sign1.parse(sign1.assemble(statements.TYP_ENTRY, key_id, PAYLOAD, made))


def weak() -> dict[str, tuple[bytes, sign1.Sign1]]:
    """(key, statement) by what is wrong with it."""
    key = public(KEY)
    good = sealed(key).signature
    higher = int.from_bytes(good[32:], "little") + ORDER
    return {
        "S and the group's order": (key, sealed(key, good[:32] + higher.to_bytes(32, "little"))),
        "R of small order, S zero": (key, sealed(key, NEUTRAL + bytes(32))),
        "R in another encoding": (key, sealed(key, NOT_CANONICAL + good[32:])),
        "key of small order": (NEUTRAL, sealed(NEUTRAL, NEUTRAL + bytes(32))),
        "key of small order, not canonical": (NOT_CANONICAL, sealed(NOT_CANONICAL, NEUTRAL + bytes(32))),
        "key and R not canonical": (NOT_CANONICAL, sealed(NOT_CANONICAL, NOT_CANONICAL + bytes(32))),
        "key of zeros": (bytes(32), sealed(bytes(32), bytes(64))),
    }


def holds(name: str, key: bytes, one: sign1.Sign1) -> bool:
    """Whether a verifier takes the statement; the two readers by the way that they go in a journal."""
    if name == "host":
        return keys.verify_statement(one, key)
    if name == "second reader":
        try:
            second_sign1.parse_envelope(one.raw).verify(key)
        except second_errors.BadSignature:
            return False
        return True
    return VERIFIERS[name](key, one.signed_bytes(), one.signature)


@pytest.mark.parametrize("name", VERIFIERS)
def test_no_verifier_takes_a_weak_statement(name: str) -> None:
    assert holds(name, public(KEY), sealed(public(KEY)))
    assert [what for what, (key, one) in weak().items() if holds(name, key, one)] == []


@pytest.mark.parametrize("name", VERIFIERS)
def test_the_key_is_the_one_that_the_place_prescribes(name: str) -> None:
    """A statement by another key, whose thumbprint it names rightly."""
    assert not holds(name, public(key_of("another")), sealed(public(KEY)))


def test_the_form_of_a_weak_statement_is_right() -> None:
    """So that nothing but the signature is what refuses it."""
    for _key, one in weak().values():
        assert sign1.parse(one.raw).signature == one.signature
        with pytest.raises(entry.Malformed):  # the payload is too short for an entry, and not for the envelope
            entry.parse(one.raw)
