"""The chain rule: whether an entry may follow those before it, and which epoch key signs at each size.

Specification: "Entry payload", "Epochs" and "Heads". Nothing is appended to an archive that this module did not accept.
"""

from __future__ import annotations

from evidock import keys
from evidock.errors import BadEvidence, UnsupportedVersion
from evidock_protocol import entry, kinds, merkle, sign1, statements
from evidock_protocol.entry import Entry
from evidock_protocol.errors import ProtocolError, UnknownFormat

MAXIMUM_LOST = 4096  # entries that a recorder may pass over at once


class Chain:
    """A recorder's journal as far as it is accepted.

    `size` entries, hash of the `newest`, `epoch` and public `key` in force after them, `tree` over their hashes.
    Entries that rotted in the recorder's flash, and that nobody has, it passes over: `undeclared` are the [first, last]
    of those that no JOURNAL entry names yet.
    """

    def __init__(self, device: bytes):
        """An empty chain that only the genesis of `device` (32 bytes) can begin."""
        self.device = device
        self.size = 0
        self.newest = entry.ZERO_HASH
        self.epoch = 0
        self.key = b""
        self.genesis: Entry | None = None
        self.tree = merkle.TreeHasher()
        self.undeclared: list[tuple[int, int]] = []
        self.epoch_keys: list[tuple[int, bytes]] = []  # (size from which a key signs, key), one for each epoch

    def accept(self, raw: bytes) -> Entry:
        """Takes the next entry, or raises BadEvidence (UnsupportedVersion for a later format) and stays as it was."""
        try:
            item = entry.parse(raw)
        except UnknownFormat as error:
            raise UnsupportedVersion("unknown_format", what=error) from None
        except ProtocolError as error:
            raise self._bad(str(error)) from None
        key = self.key
        if self.size == 0:
            key = self._genesis_key(item)
        self._check_links(item)
        if item.key_id != sign1.thumbprint(key):
            raise self._bad("it is signed by another key than the chain prescribes")
        if not keys.verify(key, sign1.signed_bytes(item.typ, item.key_id, item.payload), item.signature):
            raise self._bad("its signature is wrong")
        self._take(item, key)
        return item

    def key_at(self, size: int) -> tuple[int, bytes]:
        """(epoch, public key) that signs a head of `size` entries. Raises KeyError for an empty or unknown size."""
        for epoch in range(len(self.epoch_keys) - 1, -1, -1):
            if 1 <= self.epoch_keys[epoch][0] <= size <= self.size:
                return epoch, self.epoch_keys[epoch][1]
        raise KeyError(size)

    def _genesis_key(self, item: Entry) -> bytes:
        if item.kind != kinds.GENESIS:
            raise self._bad("the journal does not begin with GENESIS")
        key = item.body["public_key"]
        assert isinstance(key, bytes)
        if sign1.thumbprint(key) != self.device:
            raise self._bad("GENESIS is another recorder's")
        return key

    def _check_links(self, item: Entry) -> None:
        if item.device != self.device:
            raise self._bad("it is another recorder's")
        if item.sequence != self.size and not self._passes_over(item):
            raise self._bad(f"it has number {item.sequence}")
        if item.previous != self.newest and item.sequence == self.size:
            raise self._bad("it does not follow the entry before it")
        if item.epoch != self.epoch:
            raise self._bad(f"it claims epoch {item.epoch}, expected {self.epoch}")
        if item.kind == kinds.GENESIS and self.size:
            raise self._bad("a second GENESIS")

    def _passes_over(self, item: Entry) -> bool:
        """Whether the recorder says that nobody has the entries before this one. One that is held here is never among
        them: then two histories stand against each other.
        """
        return self.size > 0 and 0 < item.sequence - self.size <= MAXIMUM_LOST and item.previous == entry.ZERO_HASH

    def _take(self, item: Entry, key: bytes) -> None:
        if item.sequence > self.size:
            self.undeclared.append((self.size, item.sequence - 1))
            while self.size < item.sequence:
                self.tree.append(merkle.leaf_hash(entry.ZERO_HASH))
                self.size += 1
        if item.kind == kinds.JOURNAL:
            first, last = item.body["first"], item.body["last"]
            assert isinstance(first, int)
            assert isinstance(last, int)
            self.undeclared = [lost for lost in self.undeclared if lost[0] < first or lost[1] > last]
        if self.size == 0:
            self.genesis = item
            self.key = key
            self.epoch_keys.append((1, key))
        self.tree.append(merkle.leaf_hash(item.hash))
        self.size += 1
        self.newest = item.hash
        if item.kind == kinds.EPOCH:
            following = item.body["public_key"]
            assert isinstance(following, bytes)
            self.epoch += 1
            self.key = following
            self.epoch_keys.append((self.size, following))

    def _bad(self, reason: str) -> BadEvidence:
        return BadEvidence("entry", device=self.device.hex()[:16], number=self.size, reason=reason)


class Head:
    """One parsed signed head: `size` entries, `newest`, `root`, `epoch`, and the `host` (thumbprint) that asked for it.

    `fields` has all of it, `raw` its bytes.
    """

    def __init__(self, raw: bytes):
        """Parses, without checking the signature. Raises ProtocolError."""
        self.sealed, self.fields = entry.parse_statement(raw, statements.TYP_HEAD)
        self.raw = raw
        self.hash = sign1.statement_hash(raw)
        self.device: bytes = self.fields["device"]  # type: ignore[assignment]
        self.epoch: int = self.fields["epoch"]  # type: ignore[assignment]
        self.size: int = self.fields["size"]  # type: ignore[assignment]
        self.newest: bytes = self.fields["newest"]  # type: ignore[assignment]
        self.root: bytes = self.fields["root"]  # type: ignore[assignment]
        self.host: bytes = self.fields["host"]  # type: ignore[assignment]

    def is_signed_in(self, chain: Chain) -> bool:
        """Whether the key that `chain` prescribes at this size signed it."""
        try:
            epoch, key = chain.key_at(self.size)
        except KeyError:
            return False
        return self.device == chain.device and epoch == self.epoch and keys.verify_statement(self.sealed, key)

    def describes(self, chain: Chain) -> bool:
        """Whether it is the head of exactly `chain`, of which all that is missing was declared lost."""
        if chain.undeclared:
            return False
        return self.size == chain.size and self.newest == chain.newest and self.root == chain.tree.root()
