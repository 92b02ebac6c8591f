"""COSE_Sign1 in the one form that evidock accepts: building the signed bytes, assembling and strict parsing.

Specification: "COSE_Sign1" (RFC 9052 §4.2, RFC 9679 thumbprints, RFC 9596 `typ`). This module signs nothing: the agent
and the host bring their own Ed25519.
"""

import binascii
import hashlib

from evidock_protocol import cbor
from evidock_protocol.errors import Malformed
from evidock_protocol.versions import MAXIMUM_STATEMENT

KEY_ID = 32
SIGNATURE = 64
_ALGORITHM_AND_KEY_ID = b"\xa3\x01\x27\x04\x58\x20"  # {1: -8, 4: bstr(32)
_TYP = b"\x10\x19"  # , 16: uint16}
_PROTECTED = 42
_START = b"\xd2\x84\x58\x2a"  # tag 18, array(4), bstr(42)
_CONTEXT = b"\x84\x6aSignature1\x58\x2a"  # array(4), "Signature1", bstr(42)


class Sign1:
    """One parsed statement: `typ`, `key_id` (32 bytes), `payload`, `signature` (64 bytes), `raw` (the exact bytes)."""

    def __init__(self, typ: int, key_id: bytes, payload: bytes, signature: bytes, raw: bytes):
        self.typ = typ
        self.key_id = key_id
        self.payload = payload
        self.signature = signature
        self.raw = raw

    def signed_bytes(self) -> bytes:
        """The Sig_structure that the signature covers."""
        return signed_bytes(self.typ, self.key_id, self.payload)


def thumbprint(public_key: bytes) -> bytes:
    """SHA-256 thumbprint of an Ed25519 key: {1: 1, -1: 6, -2: key} (RFC 9679 §3, RFC 9052 §7)."""
    return hashlib.sha256(b"\xa3\x01\x01\x20\x06\x21\x58\x20" + public_key).digest()


def short_fingerprint(device: bytes) -> str:
    """The first 8 bytes of a device id as people compare them: `B530 2F8E 6CC5 67FE`."""
    digits = str(binascii.hexlify(device[:8]), "ascii").upper()
    return " ".join([digits[at : at + 4] for at in range(0, 16, 4)])


def protected(typ: int, key_id: bytes) -> bytes:
    """The 42 bytes of the protected header {1: -8, 4: key_id, 16: typ}."""
    return _ALGORITHM_AND_KEY_ID + key_id + _TYP + bytes((typ >> 8, typ & 255))


def signed_bytes(typ: int, key_id: bytes, payload: bytes) -> bytes:
    """Sig_structure ["Signature1", protected, h'', payload] (RFC 9052 §4.4)."""
    return _CONTEXT + protected(typ, key_id) + b"\x40" + cbor.head(2, len(payload)) + payload


def assemble(typ: int, key_id: bytes, payload: bytes, signature: bytes) -> bytes:
    """The statement's exact bytes, tag included.

    Raises Malformed above MAXIMUM_STATEMENT, and for parts of a wrong length.
    """
    if len(key_id) != KEY_ID or len(signature) != SIGNATURE or not 256 <= typ <= 65535:
        raise Malformed(f"key id of {len(key_id)} bytes, signature of {len(signature)}, typ {typ}")
    raw = _START + protected(typ, key_id) + b"\xa0" + cbor.head(2, len(payload)) + payload + b"\x58\x40" + signature
    if len(raw) > MAXIMUM_STATEMENT:
        raise Malformed(f"statement of {len(raw)} bytes, at most {MAXIMUM_STATEMENT}")
    return raw


def parse(raw: bytes) -> Sign1:
    """Parses one statement; raises Malformed for any byte that the one accepted form does not have."""
    if len(raw) > MAXIMUM_STATEMENT:
        raise Malformed(f"statement of {len(raw)} bytes, at most {MAXIMUM_STATEMENT}")
    at = len(_START)
    if raw[:at] != _START:
        raise Malformed("not a COSE_Sign1 with a 42-byte protected header")
    header = raw[at : at + _PROTECTED]
    if len(header) != _PROTECTED or header[:6] != _ALGORITHM_AND_KEY_ID or header[38:40] != _TYP:
        raise Malformed("protected header is not {1: -8, 4: kid, 16: typ}")
    typ = header[40] << 8 | header[41]
    if typ < 256:
        raise Malformed(f"typ {typ} is not in its shortest form")
    at += _PROTECTED
    if raw[at : at + 1] != b"\xa0":
        raise Malformed("unprotected header is not empty")
    payload, at = cbor.decode_at(raw, at + 1)
    if not isinstance(payload, bytes):
        raise Malformed("payload is not a byte string")
    if raw[at : at + 2] != b"\x58\x40" or len(raw) != at + 2 + SIGNATURE:
        raise Malformed("signature is not 64 bytes at the end")
    return Sign1(typ, header[6:38], payload, raw[at + 2 :], raw)


def end_of(data: bytes, offset: int) -> int:
    """End of the statement that starts at `offset` of a CBOR sequence (RFC 8742), without parsing it.

    Raises Malformed.
    """
    if data[offset : offset + 2] != _START[:2]:
        raise Malformed("no statement at byte %d" % offset)
    end = offset + 2
    for _part in range(4):
        end = cbor.skip(data, end)
    return end


def statement_hash(raw: bytes) -> bytes:
    """Entry hash or statement hash: SHA-256 of the exact stored bytes, tag included."""
    return hashlib.sha256(raw).digest()
