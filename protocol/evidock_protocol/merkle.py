"""The hash tree over leaves: hashing and incremental roots. Proofs stand in `proofs`.

SPECIFICATION.md, "Hash tree": SHA-256 as in RFC 6962 section 2.1 (leaves prefixed 0, nodes prefixed 1, split at the
largest power of two below n, no node duplicated).
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

    def room(self) -> int:
        """Bytes that the leaf in hand still takes."""
        return self.leaf_size - self.pending

    def fill(self, data: "Buffer") -> bytes | None:
        """Take `data` in, at most room() bytes; return the leaf's hash once it is complete, else None."""
        self._hasher.update(data)
        self.pending += len(data)
        return self._restart() if self.pending == self.leaf_size else None

    def update(self, data: "Buffer") -> "Sequence[bytes]":
        """Take `data` of any length in; return the hashes of the leaves it completed, in order."""
        length = len(data)
        view = memoryview(data)
        completed: list[bytes] = []
        offset = 0
        while offset < length:
            end = min(length, offset + self.room())
            leaf = self.fill(view[offset:end])
            if leaf is not None:
                completed.append(leaf)
            offset = end
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
            if not is_hash(peak):
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
    tree = TreeHasher()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def is_hash(value: object) -> bool:
    """Whether value is 32 bytes."""
    return isinstance(value, bytes) and len(value) == HASH_SIZE
