"""Signs statements with the live key, in slices, so that capture never waits for a signature.

Specification: "COSE_Sign1". Nonces are hedged with fresh randomness: signing one entry twice after a brown-out must not
leak the key.
"""

from evidock_agent.crypto import ed25519
from evidock_protocol import entry, sign1

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports


class Signer:
    """One signing key in memory: `epoch`, `public`, `key_id`; the seed stays inside."""

    def __init__(self, epoch: int, seed: bytes, random: "ports.Random"):
        self.epoch = epoch
        self.public = ed25519.public_key(seed)
        self.key_id = sign1.thumbprint(self.public)
        self._seed = seed
        self._random = random

    def sign(self, typ: int, payload: bytes):
        """Generator: yields between slices and returns the whole statement's bytes."""
        hedge = bytearray(32)
        self._random.fill(hedge)
        signature = b""
        for part in ed25519.sign_steps(
            self._seed, self.public, sign1.signed_bytes(typ, self.key_id, payload), bytes(hedge)
        ):
            if part is None:
                yield
            else:
                signature = part
        return sign1.assemble(typ, self.key_id, payload, signature)

    def sign_statement(self, typ: int, values: dict):
        """Generator: as sign(), for a statement given by its named fields."""
        statement = yield from self.sign(typ, entry.encode_statement(typ, values))
        return statement


def new_seed(random: "ports.Random") -> bytes:
    """A fresh 32-byte seed."""
    seed = bytearray(32)
    random.fill(seed)
    return bytes(seed)
