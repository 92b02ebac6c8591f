"""A chain of entries as far as it has been read: its sizes, hashes, keys, holes and findings."""

from dataclasses import dataclass, field

from . import trees
from .entries import ENTRY, Entry
from .errors import BadSignature
from .findings import Finding
from .sign1 import Envelope

ZERO_HASH = bytes(32)


@dataclass
class Hole:
    """Entries that are not there; `item` is the one that opened it."""

    first: int
    last: int
    item: int


@dataclass(frozen=True)
class Key:
    """A key of the chain: the first sequence of its epoch, and the EPOCH that ended that."""

    begin: int
    end: int | None
    key: bytes

    def signed(self, envelope: Envelope) -> bool:
        try:
            envelope.verify(self.key)
        except BadSignature:
            return False
        return True


@dataclass
class Chain:
    """A chain as far as it has been read. `hashes` has the hash of what stands in every place that is known.

    `tree_known` is false once bytes that are no entry stand among them. `spoiled`: the entry before was rejected.
    """

    device: bytes
    typ: int = ENTRY
    size: int = 0
    epoch: int = 0
    key: bytes | None = None
    newest: bytes = ZERO_HASH
    hashes: dict[int, bytes] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    keys: list[tuple[int, int, bytes]] = field(default_factory=list)
    named: list[tuple[int, bytes]] = field(default_factory=list)  # first sequence of each key of the chain
    suspects: list[tuple[int, Envelope]] = field(default_factory=list)  # places of KEY_CHANGE
    holes: list[Hole] = field(default_factory=list)
    declared_lost: list[Hole] = field(default_factory=list)  # holes that a JOURNAL covers whole
    last_moment: tuple[int, int] = (0, 0)
    tree_known: bool = True
    spoiled: bool = False
    lost: bool = False
    later_format: bool = False
    foreign: bytes | None = None

    def leaves(self, size: int) -> list[bytes] | None:
        """The leaves of the tree over entries 0 … size − 1; None when one of them is not known."""
        if not self.tree_known or size > self.size or any(place not in self.hashes for place in range(size)):
            return None
        return [trees.leaf(self.hashes[place]) for place in range(size)]

    def root(self, size: int) -> bytes | None:
        leaves = self.leaves(size)
        return None if leaves is None else trees.root(leaves)

    def key_at(self, sequence: int) -> tuple[int, bytes] | None:
        """Epoch and key that would sign the entry of this sequence; where no key is in force, the last that was."""
        known = [(epoch, key) for first, epoch, key in self.keys if first <= sequence]
        return known[-1] if known and sequence <= self.size else None

    def keys_of_chain(self) -> list[Key]:
        ends = [begin - 1 for begin, _ in self.named[1:]]
        return [Key(begin, end, key) for (begin, key), end in zip(self.named, [*ends, None], strict=False)]

    def signer(self, envelope: Envelope) -> Key | None:
        """The key of the chain under which a statement holds."""
        return next((key for key in self.keys_of_chain() if key.signed(envelope)), None)

    def find(self, code: str, item: int, detail: str, problem: bool = True) -> None:
        self.findings.append(Finding(code, detail, problem, item=item))

    def take(self, sequence: int, entry_hash: bytes) -> None:
        """Something takes its place; what follows must follow from it."""
        self.hashes[sequence] = self.newest = entry_hash
        self.size = sequence + 1
        self.spoiled = False

    def spoil(self, entry_hash: bytes) -> None:
        """What is no entry takes the next place; nothing is asked of what follows, and the tree is not known."""
        self.take(self.size, entry_hash)
        self.spoiled, self.tree_known = True, False

    def skip_to(self, sequence: int, item: int, excused: bool) -> None:
        """The next entry has this sequence. What lies between is a hole, unless a rejected entry excuses it."""
        if sequence > self.size:
            self.tree_known = False
            if not excused:
                self.holes.append(Hole(self.size, sequence - 1, item))

    def fill(self, sequence: int) -> Hole | None:
        """The hole that an entry is from, which it closes there; None when there is none."""
        for hole in self.holes:
            if hole.first <= sequence <= hole.last:
                self.holes.remove(hole)
                parts = Hole(hole.first, sequence - 1, hole.item), Hole(sequence + 1, hole.last, hole.item)
                self.holes += [part for part in parts if part.first <= part.last]
                return hole
        return None

    def no_key(self, item: int) -> None:
        """From here on no key is in force; that is said once."""
        if not self.lost:
            self.find("CHAIN_BREAK", item, "from here on no entry can be checked: its key is not known")
        self.lost = True

    def set_key(self, first: int, epoch: int, key: bytes) -> None:
        self.key, self.epoch = key, epoch
        self.keys.append((first, epoch, key))
        self.named.append((first, key))
