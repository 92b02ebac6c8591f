"""An independent writer of format 1 for the vectors: cbor2, PyNaCl, hashlib, struct; nothing of evidock_protocol."""

import hashlib
import struct
import zlib

import cbor2
from nacl.signing import SigningKey

TYPES = {
    "entry": 65001,
    "receipt": 65002,
    "certificate": 65003,
    "command": 65004,
    "challenge": 65005,
    "head": 65006,
    "custody": 65007,
    "checkpoint": 65008,
    "order": 65009,
    "package": 65010,
}


def cbor(value) -> bytes:
    """Deterministic CBOR; with integer keys 0 to 23 cbor2's canonical order is the bytewise one."""
    return cbor2.dumps(value, canonical=True)


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def seed(name: str) -> bytes:
    """A secret that everybody may know, made from a name."""
    return sha256(b"evidock test seed: " + name.encode())


def public(secret: bytes) -> bytes:
    return bytes(SigningKey(secret).verify_key)


def thumbprint(public_key: bytes) -> bytes:
    """RFC 9679: SHA-256 over the deterministic COSE_Key of the required parameters."""
    return sha256(cbor({1: 1, -1: 6, -2: public_key}))


def protected_header(typ: int, key_id: bytes) -> bytes:
    return cbor({1: -8, 4: key_id, 16: typ})


def signature_input(protected: bytes, payload: bytes) -> bytes:
    """Sig_structure of RFC 9052 section 4.4 with empty external data."""
    return cbor(["Signature1", protected, b"", payload])


def sign1(secret: bytes, typ: int, payload: bytes, protected: bytes | None = None, unprotected=None) -> bytes:
    """A COSE_Sign1; the last two arguments make forms that are rejected."""
    if protected is None:
        protected = protected_header(typ, thumbprint(public(secret)))
    signature = SigningKey(secret).sign(signature_input(protected, payload)).signature
    return b"\xd2" + cbor([protected, {} if unprotected is None else unprotected, payload, signature])


def numbered(pairs: dict[str, object]) -> dict[int, object]:
    """A map whose keys are the places of the names in `pairs`."""
    return dict(enumerate(pairs.values()))


def root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, by its recursive definition."""
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01", root(leaves[:split]), root(leaves[split:]))


def peaks(leaves: list[bytes]) -> list[bytes]:
    """Roots of the complete subtrees, left to right."""
    found = []
    while leaves:
        size = 1 << (len(leaves).bit_length() - 1)
        found.append(root(leaves[:size]))
        leaves = leaves[size:]
    return found


def leaf(data: bytes) -> bytes:
    return sha256(b"\x00", data)


def frame(payload: bytes) -> bytes:
    """COBS of payload and CRC-32, byte by byte, with the closing zero."""
    content = payload + struct.pack("<I", zlib.crc32(payload))
    out = bytearray()
    block = bytearray()
    full = False  # the block just written had 254 bytes, so no zero is implied after it
    for byte in content:
        full = False
        if byte == 0:
            out += bytes([len(block) + 1]) + block
            block.clear()
            continue
        block.append(byte)
        if len(block) == 254:
            out += b"\xff" + block
            block.clear()
            full = True
    if not full:
        out += bytes([len(block) + 1]) + block
    return bytes(out) + b"\x00"


def to_json(value):
    """A value for JSON: byte strings as {"hex": …}."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    return value
