"""libsodium's signatures: `signature + message`, and a secret key of seed and public key."""

from portable.shims import _ed25519
from portable.shims.nacl_exceptions import BadSignatureError


def crypto_sign_seed_keypair(seed):
    public = _ed25519.public_key(bytes(seed))
    return public, bytes(seed) + public


def crypto_sign(message, secret):
    return _ed25519.sign(secret[:32], secret[32:], bytes(message)) + bytes(message)


def crypto_sign_open(signed, public):
    if not _ed25519.verify(bytes(public), bytes(signed[64:]), bytes(signed[:64])):
        raise BadSignatureError("Signature was forged or corrupt")
    return signed[64:]
