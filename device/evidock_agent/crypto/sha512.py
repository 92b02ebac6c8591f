"""SHA-512: the interpreter's own where it has one (CPython), otherwise the recorder's.

Source: FIPS 180-4, section 6.4. MicroPython's hashlib stops at SHA-256, and Ed25519 needs SHA-512.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.crypto.sha512_blocks import Sha512
else:
    try:
        from hashlib import sha512 as Sha512
    except ImportError:
        from evidock_agent.crypto.sha512_blocks import Sha512


def sha512(data: bytes) -> bytes:
    """The 64-byte SHA-512 of `data` (any bytes-like object)."""
    return Sha512(data).digest()
