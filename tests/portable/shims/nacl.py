"""The parts of PyNaCl that the suites and the host's chain rule use, on an Ed25519 that `_ed25519` chooses."""

from portable.shims import nacl_bindings as bindings  # noqa: F401
from portable.shims import nacl_exceptions as exceptions  # noqa: F401
from portable.shims import nacl_signing as signing  # noqa: F401
from portable.shims._portable import Absent


class _Passphrases:
    class argon2id:
        SALTBYTES = 16
        OPSLIMIT_MODERATE = 3
        MEMLIMIT_MODERATE = 1 << 28


pwhash = _Passphrases
secret = Absent("nacl.secret")
utils = Absent("nacl.utils")
