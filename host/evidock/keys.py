"""Ed25519 and passphrases: the one module that imports nacl, so that every check of a signature is the same one.

Specification: "Signatures". libsodium's verification is the strict one that format 1 asks for: S < L, A canonical and
not of small order, R not of small order and compared as bytes, cofactorless (RFC 8032 §5.1.7, RFC 9052 §4.4).
"""

from __future__ import annotations

import nacl.bindings
import nacl.exceptions
import nacl.pwhash.argon2id
import nacl.secret
import nacl.signing
import nacl.utils

from evidock_protocol import sign1

SEED = 32
PUBLIC = 32
SALT = nacl.pwhash.argon2id.SALTBYTES
OPERATIONS = nacl.pwhash.argon2id.OPSLIMIT_MODERATE
MEMORY = nacl.pwhash.argon2id.MEMLIMIT_MODERATE
MAXIMUM_OPERATIONS = 16  # what a hostile key file may ask of this machine
MAXIMUM_MEMORY = 1 << 30  # bytes, likewise


class SigningKey:
    """An Ed25519 key that signs. Its seed shows in no repr, message or log."""

    def __init__(self, seed: bytes):
        """From a 32-byte seed; the public key is derived, never loaded."""
        self._key = nacl.signing.SigningKey(seed)
        self.public = bytes(self._key.verify_key)
        self.thumbprint = sign1.thumbprint(self.public)

    @classmethod
    def generate(cls) -> SigningKey:
        """A new key from the operating system's random source."""
        return cls(nacl.utils.random(SEED))

    def seed(self) -> bytes:
        """The secret 32 bytes, for the file that keeps them and nothing else."""
        return bytes(self._key)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of `message`."""
        return self._key.sign(message).signature

    def statement(self, typ: int, payload: bytes) -> bytes:
        """A COSE_Sign1 of `payload` with this key's thumbprint as kid, tag included."""
        signature = self.sign(sign1.signed_bytes(typ, self.thumbprint, payload))
        return sign1.assemble(typ, self.thumbprint, payload, signature)

    def __repr__(self) -> str:
        return f"SigningKey({self.thumbprint.hex()[:16]}…)"


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) of `message` was made with the key `public` (32 bytes). Never raises."""
    if len(public) != PUBLIC or len(signature) != sign1.SIGNATURE:
        return False
    try:
        nacl.bindings.crypto_sign_open(signature + message, public)
    except (nacl.exceptions.CryptoError, ValueError):
        return False
    return True


def verify_statement(sealed: sign1.Sign1, public: bytes) -> bool:
    """Whether `sealed` names `public` as its key and is signed by it."""
    return sealed.key_id == sign1.thumbprint(public) and verify(public, sealed.signed_bytes(), sealed.signature)


def random_bytes(length: int) -> bytes:
    """Bytes fit for nonces and salts, from the operating system."""
    return nacl.utils.random(length)


def lock(secret: bytes, passphrase: str, salt: bytes, operations: int, memory: int) -> bytes:
    """`secret` under a passphrase: Argon2id (RFC 9106) makes the key, XSalsa20-Poly1305 seals."""
    return bytes(_box(passphrase, salt, operations, memory).encrypt(secret))


def unlock(sealed: bytes, passphrase: str, salt: bytes, operations: int, memory: int) -> bytes | None:
    """The secret, or None when the passphrase is wrong or the bytes changed. ValueError for limits beyond reason."""
    if not 1 <= operations <= MAXIMUM_OPERATIONS or not 8192 <= memory <= MAXIMUM_MEMORY or len(salt) != SALT:
        raise ValueError("limits of the passphrase beyond reason")
    try:
        return _box(passphrase, salt, operations, memory).decrypt(sealed)
    except (nacl.exceptions.CryptoError, ValueError):
        return None


def _box(passphrase: str, salt: bytes, operations: int, memory: int) -> nacl.secret.SecretBox:
    size = nacl.secret.SecretBox.KEY_SIZE
    return nacl.secret.SecretBox(nacl.pwhash.argon2id.kdf(size, passphrase.encode(), salt, operations, memory))
