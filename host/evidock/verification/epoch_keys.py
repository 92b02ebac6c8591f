"""The keys of one recorder's epochs, with the places at which each may sign, and what an EPOCH repeats.

Specification: "Verification of a chain", Entries 6 and 9, and Two histories; "Epochs". They are never searched for: a
key that is not the one prescribed only tells whose it is (AT-18).
"""

from __future__ import annotations

from typing import NamedTuple

from evidock import keys
from evidock_protocol import merkle, sign1
from evidock_protocol.errors import ProtocolError

from .entries import Entry

_KEPT = 1 << 17  # keys: hundreds a day for a year


class EpochKey(NamedTuple):
    """A key with its life: the sequence of its epoch's first entry, and that of the EPOCH which ended it (or None)."""

    key: bytes
    begins: int
    ended: int | None


class EpochKeys:
    """Those that a journal names, by their thumbprints."""

    def __init__(self) -> None:
        self._known: dict[bytes, EpochKey] = {}

    def add(self, key: bytes, begins: int) -> None:
        """A key whose epoch begins with entry `begins`."""
        if len(self._known) < _KEPT:
            self._known.setdefault(sign1.thumbprint(key), EpochKey(key, begins, None))

    def end(self, key_id: bytes, sequence: int) -> None:
        """The EPOCH at `sequence` is the last entry of a key."""
        known = self._known.get(key_id)
        if known is not None and known.ended is None:
            self._known[key_id] = known._replace(ended=sequence)

    def signer(self, key_id: bytes, signed: bytes, signature: bytes) -> EpochKey | None:
        """The key of this thumbprint, if the signature holds under it."""
        known = self._known.get(key_id)
        return known if known is not None and keys.verify(known.key, signed, signature) else None


def repeats(epoch: Entry, tree: merkle.TreeHasher | None) -> bool:
    """Whether an EPOCH says the size, root and peaks of the tree before it. `tree` has its own leaf already; None where
    it is not known: then only the size can be compared.
    """
    body = epoch.body
    if body["size"] != epoch.sequence:
        return False
    if tree is None:
        return True
    try:
        claimed = merkle.TreeHasher(epoch.sequence, [bytes(peak) for peak in body["peaks"]])  # type: ignore[union-attr]
    except ProtocolError:
        claimed = merkle.TreeHasher()
    fits = claimed.root() == body["root"]
    claimed.append(merkle.leaf_hash(epoch.hash))
    return fits and claimed.peaks == tree.peaks
