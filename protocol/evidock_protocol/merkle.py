"""The hash tree over leaves: hashing, incremental roots, and proofs of inclusion and consistency.

SPECIFICATION.md, "Hash tree": SHA-256 as in RFC 6962 section 2.1 (leaves prefixed 0, nodes prefixed 1, split at the
largest power of two below n, no node duplicated); proofs are checked as in RFC 9162 sections 2.1.3.2 and 2.1.4.2.
"""

import hashlib

from evidock_protocol.errors import ProtocolError

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Sequence

    Buffer = bytes | bytearray | memoryview

HASH_SIZE = 32
MAX_SIZE = 1 << 62  # leaves; keeps hostile sizes from costing time

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: "Buffer") -> bytes:
    """SHA-256(0x00 || data)."""
    hasher = hashlib.sha256(b"\x00")
    hasher.update(data)
    return hasher.digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    hasher = hashlib.sha256(b"\x01")
    hasher.update(left)
    hasher.update(right)
    return hasher.digest()


def leaf_count(length: int, header_length: int, leaf_size: int) -> int:
    """Number of data leaves of a file of `length` bytes; the last may be short, the header is none of them.

    Raises ProtocolError when the three numbers (bytes) contradict each other.
    """
    if leaf_size <= 0:
        raise ProtocolError(f"expected a leaf size above 0, found {leaf_size}")
    if not 0 <= header_length <= length:
        raise ProtocolError(f"expected a header of 0 to {length} bytes, found {header_length}")
    return (length - header_length + leaf_size - 1) // leaf_size


def segment_root(header_leaf: bytes, data_root: bytes) -> bytes:
    """Root of a segment: the header's leaf hash beside the tree over the data leaves."""
    return node_hash(header_leaf, data_root)


def hash_leaves(data: "Buffer", start: int, leaf_size: int) -> list[bytes]:
    """Leaf hashes of `data` from byte `start` to its end, in leaves of `leaf_size` bytes, the last maybe short."""
    count = leaf_count(len(data), start, leaf_size)
    view = memoryview(data)
    return [leaf_hash(view[start + i * leaf_size : start + (i + 1) * leaf_size]) for i in range(count)]


class LeafHasher:
    """Leaf hashes of bytes that arrive in pieces of any length; holds one hash state and no data."""

    def __init__(self, leaf_size: int) -> None:
        if leaf_size <= 0:
            raise ProtocolError(f"expected a leaf size above 0, found {leaf_size}")
        self.leaf_size = leaf_size
        self.pending = 0  # bytes in the leaf that is not complete yet
        self._hasher = hashlib.sha256(b"\x00")

    def update(self, data: "Buffer") -> "Sequence[bytes]":
        """Take `data` in; return the hashes of the leaves it completed, in order."""
        length = len(data)
        if self.pending + length < self.leaf_size:  # the usual case allocates nothing
            self._hasher.update(data)
            self.pending += length
            return ()
        view = memoryview(data)
        completed: list[bytes] = []
        offset = 0
        while offset < length:
            end = min(length, offset + self.leaf_size - self.pending)
            self._hasher.update(view[offset:end])
            self.pending += end - offset
            offset = end
            if self.pending == self.leaf_size:
                completed.append(self._restart())
        return completed

    def finish(self) -> bytes | None:
        """Hash of the last, short leaf, or None when the data ended with a complete leaf. Starts afresh."""
        return self._restart() if self.pending else None

    def _restart(self) -> bytes:
        digest = self._hasher.digest()  # final: MicroPython cannot go on after a digest
        self._hasher = hashlib.sha256(b"\x00")
        self.pending = 0
        return digest


class TreeHasher:
    """A tree that grows by leaf hashes and keeps only its peaks: the roots of its complete subtrees, left to right."""

    def __init__(self, size: int = 0, peaks: "Sequence[bytes]" = ()) -> None:
        """Resume at `size` leaves. Raises ProtocolError unless there is one 32-byte peak per set bit of `size`."""
        if not 0 <= size <= MAX_SIZE:
            raise ProtocolError(f"expected a tree of 0 to 2^62 leaves, found {size}")
        bits = 0
        rest = size
        while rest:
            bits += rest & 1
            rest >>= 1
        if len(peaks) != bits:
            raise ProtocolError(f"expected {bits} peaks for {size} leaves, found {len(peaks)}")
        for peak in peaks:
            if not _is_hash(peak):
                raise ProtocolError("expected peaks of 32 bytes")
        self.size = size
        self.peaks = list(peaks)

    def append(self, leaf: bytes) -> None:
        """Add the next leaf hash."""
        rest = self.size
        while rest & 1:  # every trailing one is a subtree as large as the one in hand
            leaf = node_hash(self.peaks.pop(), leaf)
            rest >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Root over all leaves so far; SHA-256 of nothing for the empty tree."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for index in range(len(self.peaks) - 2, -1, -1):
            root = node_hash(self.peaks[index], root)
        return root


def root_of(leaves: "Sequence[bytes]") -> bytes:
    """Root over a list of leaf hashes."""
    return _root_between(leaves, 0, len(leaves))


def inclusion_proof(leaves: "Sequence[bytes]", index: int) -> list[bytes]:
    """Siblings from leaf `index` up to the root (RFC 6962 section 2.1.1). Raises ProtocolError outside the list."""
    start, end = 0, len(leaves)
    if not 0 <= index < end:
        raise ProtocolError(f"expected an index below {end}, found {index}")
    proof: list[bytes] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_root_between(leaves, middle, end))
            end = middle
        else:
            proof.append(_root_between(leaves, start, middle))
            start = middle
    proof.reverse()
    return proof


def verify_inclusion(leaf: bytes, index: int, size: int, proof: "Sequence[bytes]", root: bytes) -> bool:
    """Whether `leaf` is number `index` in the tree of `size` leaves with `root`. Never raises.

    `size` and `root` must come from one signed statement: a proof alone does not tell every size from every other.
    """
    if not (_is_count(index) and _is_count(size) and _are_hashes(proof) and _is_hash(leaf) and _is_hash(root)):
        return False
    if index >= size:
        return False
    place, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            computed = node_hash(sibling, computed)
            while place and not place & 1:
                place >>= 1
                last >>= 1
        else:
            computed = node_hash(computed, sibling)
        place >>= 1
        last >>= 1
    return last == 0 and computed == root


def consistency_proof(leaves: "Sequence[bytes]", old: int, new: int) -> list[bytes]:
    """Nodes that show the tree of `old` leaves inside that of `new` (RFC 6962 section 2.1.2).

    Empty when `old` is 0 or equals `new`. Raises ProtocolError unless 0 <= old <= new <= len(leaves).
    """
    if not 0 <= old <= new <= len(leaves):
        raise ProtocolError(f"expected 0 <= old <= new <= {len(leaves)}, found {old} and {new}")
    proof: list[bytes] = []
    if old == 0 or old == new:
        return proof
    start, end = 0, new
    whole = True  # the subtree in hand is a complete subtree of the old tree: the verifier has it already
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(_root_between(leaves, middle, end))
            end = middle
        else:
            proof.append(_root_between(leaves, start, middle))
            start = middle
            whole = False
    if not whole:
        proof.append(_root_between(leaves, start, end))
    proof.reverse()
    return proof


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: "Sequence[bytes]") -> bool:
    """Whether the tree of `new` leaves begins with the tree of `old` leaves. Never raises.

    Each size and its root must come from one signed statement: a proof alone does not tell every size from every other.
    Every tree begins with the empty one, so `old` 0 only asks for the empty root and an empty proof.
    """
    if not (_is_count(old) and _is_count(new) and _are_hashes(proof) and _is_hash(old_root) and _is_hash(new_root)):
        return False
    if old > new:
        return False
    if old == new:
        return len(proof) == 0 and old_root == new_root and (old > 0 or old_root == EMPTY_ROOT)
    if old == 0:
        return len(proof) == 0 and old_root == EMPTY_ROOT
    place, last = old - 1, new - 1
    while place & 1:
        place >>= 1
        last >>= 1
    used = 0
    if place == 0:  # the old size is a power of two: its root is itself a node of the new tree
        old_computed = new_computed = old_root
    elif len(proof) == 0:
        return False
    else:
        old_computed = new_computed = proof[0]
        used = 1
    for number in range(used, len(proof)):
        node = proof[number]
        if last == 0:
            return False
        if place & 1 or place == last:
            old_computed = node_hash(node, old_computed)
            new_computed = node_hash(node, new_computed)
            while place and not place & 1:
                place >>= 1
                last >>= 1
        else:
            new_computed = node_hash(new_computed, node)
        place >>= 1
        last >>= 1
    return last == 0 and old_computed == old_root and new_computed == new_root


def _split(size: int) -> int:
    """The largest power of two below `size` (at least 2)."""
    power = 1
    while power << 1 < size:
        power <<= 1
    return power


def _root_between(leaves: "Sequence[bytes]", start: int, end: int) -> bytes:
    tree = TreeHasher()
    for index in range(start, end):
        tree.append(leaves[index])
    return tree.root()


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SIZE


def _is_hash(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == HASH_SIZE


def _are_hashes(values: "Sequence[bytes]") -> bool:
    if not isinstance(values, (list, tuple)) or len(values) > 64:
        return False
    return all(_is_hash(value) for value in values)
