"""Runs of entries that an excerpt of a chain does not show, proved by the roots of the complete subtrees in them.

Specification: "A package". With the leaves that are shown they give every root over the whole chain, so that a signed
head vouches for an excerpt as for all of it. Not loaded on a recorder.
"""

from evidock_protocol import cbor, fields
from evidock_protocol.errors import Malformed, ProtocolError
from evidock_protocol.merkle import MAX_SIZE, TreeHasher, is_hash, node_hash

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Sequence


def subtrees(first: int, count: int) -> list[int]:
    """Leaves of each complete subtree that leaves `first` … `first` + `count` − 1 fall into, from left to right: each
    is the largest that begins there and does not end behind them.
    """
    sizes: list[int] = []
    while count > 0:
        size = 1
        while size << 1 <= count and first % (size << 1) == 0:
            size <<= 1
        sizes.append(size)
        first += size
        count -= size
    return sizes


def nodes(leaves: "Sequence[bytes]", first: int, count: int) -> list[bytes]:
    """The roots of these subtrees. Raises ProtocolError when the run is not in the list of leaf hashes."""
    if first < 0 or count < 1 or first + count > len(leaves):
        raise ProtocolError(f"expected a run inside {len(leaves)} leaves, found {count} from {first}")
    found: list[bytes] = []
    for size in subtrees(first, count):
        tree = TreeHasher()
        for index in range(first, first + size):
            tree.append(leaves[index])
        found.append(tree.root())
        first += size
    return found


def append(tree: TreeHasher, count: int, found: "Sequence[bytes]") -> None:
    """Adds the next `count` leaves to `tree` by the roots of their subtrees. Raises ProtocolError, and leaves the tree
    as it was, unless there is exactly one root for each.
    """
    if count < 1 or tree.size + count > MAX_SIZE:
        raise ProtocolError(f"expected a run of 1 to 2^62 leaves, found {count}")
    sizes = subtrees(tree.size, count)
    if len(found) != len(sizes):
        raise ProtocolError(f"expected {len(sizes)} subtrees for {count} leaves from {tree.size}, found {len(found)}")
    for size, node in zip(sizes, found):
        rest = tree.size // size
        while rest & 1:  # as TreeHasher.append, where a subtree stands in place of a leaf
            node = node_hash(tree.peaks.pop(), node)
            rest >>= 1
        tree.peaks.append(node)
        tree.size += size


def encode_run(first: int, count: int, found: "Sequence[bytes]") -> bytes:
    """One run as a CBOR item: [first sequence, count, [root, …]]."""
    return cbor.encode([first, count, list(found)])


def parse_run(item: object) -> tuple[int, int, list[bytes]]:
    """(first, count, roots) of a decoded run. Raises Malformed."""
    if not fields.is_list(item) or len(item) != 3:
        raise Malformed("expected a run of three items")
    first, count, found = item
    if not fields.is_uint(first) or not fields.is_uint(count) or not 1 <= count <= MAX_SIZE or first > MAX_SIZE:
        raise Malformed("expected a run of at least one entry")
    if not fields.is_list(found) or len(found) != len(subtrees(first, count)):
        raise Malformed("expected one root for each subtree of a run")
    roots: list[bytes] = []
    for node in found:
        if not isinstance(node, bytes) or not is_hash(node):
            raise Malformed("expected roots of 32 bytes")
        roots.append(node)
    return first, count, roots
