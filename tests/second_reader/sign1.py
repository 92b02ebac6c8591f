"""Sections "COSE_Sign1" and "Signatures: Ed25519 strictness": the envelope of every statement."""

import hashlib
from dataclasses import dataclass

import nacl.exceptions
import nacl.signing

from .cbor import BYTES, read_head
from .errors import BadSignature, Malformed

MAXIMUM_STATEMENT = 2048
PROTECTED_LENGTH = 42
BEFORE_KEY_ID = bytes.fromhex("d284582aa30127045820")
BEFORE_TYP = bytes.fromhex("1019")
UNPROTECTED = b"\xa0"
BEFORE_SIGNATURE = bytes.fromhex("5840")
BEFORE_PROTECTED = 4
SIGNED_PREFIX = b"\x84\x6aSignature1\x58\x2a"
BEFORE_PUBLIC_KEY = bytes.fromhex("a301012006215820")


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def thumbprint(public_key: bytes) -> bytes:
    """The key id of a public key (RFC 9679)."""
    return sha256(BEFORE_PUBLIC_KEY + public_key)


def check_signature(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Raise BadSignature unless all of "Signatures: Ed25519 strictness" holds; libsodium refuses what it excludes."""
    if len(public_key) != 32 or len(signature) != 64:
        raise BadSignature("a key has 32 bytes and a signature 64")
    try:
        nacl.signing.VerifyKey(public_key).verify(message, signature)
    except nacl.exceptions.BadSignatureError as error:
        raise BadSignature("the signature does not hold") from error


@dataclass(frozen=True)
class Envelope:
    """A COSE_Sign1 in its one form. Its payload is not read yet."""

    raw: bytes
    protected: bytes
    key_id: bytes
    typ: int
    payload: bytes
    signature: bytes

    @property
    def hash(self) -> bytes:
        """The statement hash, which is an entry's entry hash."""
        return sha256(self.raw)

    @property
    def signed(self) -> bytes:
        """The Sig_structure: what the signature covers."""
        begin = BEFORE_PROTECTED + PROTECTED_LENGTH + len(UNPROTECTED)
        return SIGNED_PREFIX + self.protected + b"\x40" + self.raw[begin : -len(BEFORE_SIGNATURE) - 64]

    def verify(self, public_key: bytes) -> None:
        """Raise BadSignature unless the key that the place prescribes signed this, and `kid` says so."""
        if thumbprint(public_key) != self.key_id:
            raise BadSignature("kid is another key's")
        check_signature(public_key, self.signed, self.signature)


def parse_envelope(raw: bytes) -> Envelope:
    """The envelope that fills `raw`, of whatever `typ`."""
    if len(raw) > MAXIMUM_STATEMENT:
        raise Malformed(f"more than {MAXIMUM_STATEMENT} bytes")
    offset = 0

    def expect(content: bytes) -> None:
        nonlocal offset
        if raw[offset : offset + len(content)] != content:
            raise Malformed(f"not {content.hex()} at byte {offset}")
        offset += len(content)

    def take(length: int) -> bytes:
        nonlocal offset
        if length > len(raw) - offset:
            raise Malformed("cut short")
        offset += length
        return raw[offset - length : offset]

    expect(BEFORE_KEY_ID)
    key_id = take(32)
    expect(BEFORE_TYP)
    typ = int.from_bytes(take(2), "big")
    if typ < 256:
        raise Malformed("typ not in its shortest form")
    expect(UNPROTECTED)
    major, length, offset = read_head(raw, offset)
    if major != BYTES:
        raise Malformed("the payload is no byte string")
    payload = take(length)
    expect(BEFORE_SIGNATURE)
    signature = take(64)
    if offset != len(raw):
        raise Malformed("trailing bytes")
    protected = raw[BEFORE_PROTECTED : BEFORE_PROTECTED + PROTECTED_LENGTH]
    return Envelope(raw, protected, key_id, typ, payload, signature)
