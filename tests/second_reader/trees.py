"""Section "Hash trees": roots, peaks, segments, and proofs of RFC 9162 §2.1.3 and §2.1.4."""

from collections.abc import Iterator

from .sign1 import sha256

EMPTY_ROOT = sha256(b"")
MAXIMUM_SIZE, MAXIMUM_PROOF = 2**62, 64


def leaf(data: bytes) -> bytes:
    return sha256(b"\x00" + data)


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right)


def peaks(leaves: list[bytes]) -> list[bytes]:
    """The roots of the complete subtrees from left to right."""
    stack: list[tuple[int, bytes]] = []
    for value in leaves:
        size = 1
        while stack and stack[-1][0] == size:
            value = node(stack.pop()[1], value)
            size *= 2
        stack.append((size, value))
    return [value for _, value in stack]


def root(leaves: list[bytes]) -> bytes:
    """The root over hashes of leaves: the peaks folded from the right."""
    if not leaves:
        return EMPTY_ROOT
    *rest, folded = peaks(leaves)
    for peak in reversed(rest):
        folded = node(peak, folded)
    return folded


def segment_ranges(length: int, header_length: int, leaf_size: int) -> Iterator[tuple[int, int]]:
    """Where each leaf of a segment begins and ends: leaf 0 is the header."""
    yield 0, header_length
    for begin in range(header_length, length, leaf_size):
        yield begin, min(begin + leaf_size, length)


def segment_root(leaves: list[bytes]) -> bytes:
    """The segment root from its leaf hashes, the header's first."""
    return node(leaves[0], root(leaves[1:]))


def inclusion_holds(leaf_hash: bytes, index: int, size: int, proof: list[bytes], tree_root: bytes) -> bool:
    """RFC 9162 §2.1.3.2."""
    if not 0 <= index < size <= MAXIMUM_SIZE or len(proof) > MAXIMUM_PROOF:
        return False
    if any(len(value) != 32 for value in [leaf_hash, tree_root, *proof]):
        return False
    position, last, folded = index, size - 1, leaf_hash
    for value in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            folded = node(value, folded)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            folded = node(folded, value)
        position >>= 1
        last >>= 1
    return last == 0 and folded == tree_root


def consistency_holds(old: int, new: int, old_root: bytes, new_root: bytes, proof: list[bytes]) -> bool:
    """RFC 9162 §2.1.4.2, which is for 0 < old < new. Equal trees, and the empty one, need an empty proof."""
    if not 0 <= old <= new <= MAXIMUM_SIZE or len(proof) > MAXIMUM_PROOF:
        return False
    if any(len(value) != 32 for value in [old_root, new_root, *proof]):
        return False
    if old == new:
        return not proof and old_root == new_root and (old > 0 or old_root == EMPTY_ROOT)
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    path = [old_root, *proof] if old & (old - 1) == 0 else proof
    if not path or not proof:
        return False
    position, last = old - 1, new - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old_folded = new_folded = path[0]
    for value in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_folded = node(value, old_folded)
            new_folded = node(value, new_folded)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            new_folded = node(new_folded, value)
        position >>= 1
        last >>= 1
    return last == 0 and old_folded == old_root and new_folded == new_root
