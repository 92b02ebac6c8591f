"""Ed25519 for the hosts of the suites: RFC 8032's own formulas, or the recorder's where others test it already.

The formulas are those of `vectors/ed25519_reference.py` with the shim's SHA-512, so that the recorder's signatures meet
a second opinion on MicroPython too; the strictness of libsodium stands on top. The suites outside `crypto/` sign and
verify thousands of statements, and take the recorder's code: `by_the_recorder()`.
"""

from portable.shims.hashlib import sha512
from vectors import ed25519_reference as reference

_known = {}


def _sha512(data):
    return sha512(data).digest()


def _is_small(encoded):
    point = reference.decode(encoded)
    return point is not None and reference.encode(reference.multiply(8, point)) == reference.encode(reference.IDENTITY)


def _slow_verify(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    if _is_small(public) or _is_small(signature[:32]):
        return False
    return reference.verify(public, message, signature, _sha512)


def _slow_public(seed):
    return reference.public_key(seed, _sha512)


def _slow_sign(seed, public, message):
    return reference.sign(seed, public, message, _sha512)


_public, _sign, _verify = _slow_public, _slow_sign, _slow_verify


def by_the_recorder():
    global _public, _sign, _verify
    from evidock_agent.crypto import ed25519

    _public, _sign, _verify = ed25519.public_key, ed25519.sign, ed25519.verify


def public_key(seed):
    if seed not in _known:
        _known[seed] = _public(seed)
    return _known[seed]


def sign(seed, public, message):
    """The same statement is often signed again: certificates, vectors. RFC 8032's signatures are the same each time."""
    key = (seed, message)
    if key not in _known:
        if len(_known) > 300:
            _known.clear()
        _known[key] = _sign(seed, public, message)
    return _known[key]


def verify(public, message, signature):
    return _verify(public, message, signature)
