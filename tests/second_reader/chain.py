"""A chain of entries as far as it has been read: its sizes, hashes, keys and findings."""

from dataclasses import dataclass, field

from . import trees
from .entries import ENTRY, Entry
from .findings import Finding

ZERO_HASH = bytes(32)


@dataclass
class Chain:
    """A chain as far as it has been read. `hashes` has the entry hash of every place that is known."""

    device: bytes
    typ: int = ENTRY
    size: int = 0
    epoch: int = 0
    key: bytes | None = None
    hashes: dict[int, bytes] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    keys: list[tuple[int, int, bytes]] = field(default_factory=list)
    last_moment: tuple[int, int] = (0, 0)
    lost: bool = False

    @property
    def newest(self) -> bytes:
        return self.hashes.get(self.size - 1, ZERO_HASH)

    def leaves(self, size: int) -> list[bytes] | None:
        """The leaves of the tree over entries 0 … size − 1; None when one of them is not known."""
        if size > self.size or any(place not in self.hashes for place in range(size)):
            return None
        return [trees.leaf(self.hashes[place]) for place in range(size)]

    def root(self, size: int) -> bytes | None:
        leaves = self.leaves(size)
        return None if leaves is None else trees.root(leaves)

    def key_at(self, sequence: int) -> tuple[int, bytes] | None:
        """Epoch and key that would sign the entry of this sequence."""
        known = [(epoch, key) for first, epoch, key in self.keys if first <= sequence]
        return known[-1] if known and sequence <= self.size else None

    def find(self, code: str, item: int, detail: str, problem: bool = True) -> None:
        self.findings.append(Finding(code, detail, problem, item=item))

    def take(self, sequence: int, entry_hash: bytes) -> None:
        self.hashes[sequence] = entry_hash
        self.size = sequence + 1

    def set_key(self, first: int, epoch: int, key: bytes) -> None:
        self.key, self.epoch = key, epoch
        self.keys.append((first, epoch, key))
