"""Proofs over the hash tree: inclusion of a leaf, and consistency of an older tree with a newer one.

SPECIFICATION.md, "Hash tree": made as in RFC 6962 sections 2.1.1 and 2.1.2, checked as in RFC 9162 sections 2.1.3.2 and
2.1.4.2. Not loaded on a recorder.
"""

from evidock_protocol.errors import ProtocolError
from evidock_protocol.merkle import EMPTY_ROOT, MAX_SIZE, TreeHasher, is_hash, node_hash

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Sequence


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
    if not (_is_count(index) and _is_count(size) and _are_hashes(proof) and is_hash(leaf) and is_hash(root)):
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
    if not (_is_count(old) and _is_count(new) and _are_hashes(proof) and is_hash(old_root) and is_hash(new_root)):
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


def _are_hashes(values: "Sequence[bytes]") -> bool:
    if not isinstance(values, (list, tuple)) or len(values) > 64:
        return False
    return all(is_hash(value) for value in values)
