"""Signs statements with the live key, in slices, so that capture never waits for a signature.

Specification: "COSE_Sign1". Nonces are hedged with fresh randomness: signing one entry twice after a brown-out must not
leak the key.
"""

from evidock_agent.crypto import ed25519
from evidock_protocol import entry, sign1

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Any

    from evidock_agent import ports


class Signer:
    """One signing key in memory: `epoch`, `public`, `key_id`; the seed stays inside."""

    def __init__(self, epoch: int, seed: bytes, public: bytes, random: "ports.Random"):
        self.epoch = epoch
        self.public = public
        self.key_id = sign1.thumbprint(public)
        self._seed = seed
        self._random = random

    def sign(self, typ: int, payload: bytes):
        """Generator: yields between slices and returns the whole statement's bytes."""
        hedge = bytearray(32)
        self._random.fill(hedge)
        signed = sign1.signed_bytes(typ, self.key_id, payload)
        signature = yield from steps(ed25519.sign_steps(self._seed, self.public, signed, bytes(hedge)))
        return sign1.assemble(typ, self.key_id, payload, signature)

    def sign_statement(self, typ: int, values: dict):
        """Generator: as sign(), for a statement given by its named fields."""
        statement = yield from self.sign(typ, entry.encode_statement(typ, values))
        return statement


def steps(work: "Iterator[Any]") -> "Generator[None, None, Any]":
    """Generator: runs one of ed25519's *_steps and returns its result, the last thing that it yields."""
    result = None
    for result in work:
        if result is None:
            yield
    return result


def make(epoch: int, seed: bytes, random: "ports.Random"):
    """Generator: returns the Signer of a seed. The public key is derived, never loaded.

    A wrong one would leak the seed.
    """
    public = yield from steps(ed25519.public_key_steps(seed))
    return Signer(epoch, seed, public, random)


def new_seed(random: "ports.Random") -> bytes:
    """A fresh 32-byte seed."""
    seed = bytearray(32)
    random.fill(seed)
    return bytes(seed)
