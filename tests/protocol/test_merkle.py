"""The hash tree: the vectors, the recursive definitions of RFC 6962, proofs, and hostile proofs (AT-1, AT-28)."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import codec_checks, make_codec_vectors
from vectors.make_codec_vectors import path, subproof, tree

from evidock_protocol import merkle, proofs
from evidock_protocol.errors import ProtocolError

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
LEAVES = [merkle.leaf_hash(bytes([number])) for number in range(70)]
ROOTS = [tree(LEAVES[:size]) for size in range(71)]

sizes = st.integers(0, 70)
hashes = st.sampled_from(LEAVES[:5] + ROOTS[:5]) | st.binary(min_size=32, max_size=32)
junk = st.none() | st.integers() | st.binary(max_size=40) | st.text(max_size=3) | st.booleans() | hashes


CASES = [pytest.param(check, case, id=title) for check, case, title in codec_checks.cases(str(VECTORS), "merkle")]


@pytest.mark.parametrize(("check", "case"), CASES)
def test_vector(check: Callable[[dict[str, object]], None], case: dict[str, object]) -> None:
    check(case)


def test_vectors_are_what_their_maker_writes() -> None:
    assert (VECTORS / "merkle.json").read_text(encoding="ascii") == make_codec_vectors.text("merkle.json")


def test_published_roots() -> None:
    """Roots that the Certificate Transparency project's tests expect of the same leaves."""
    roots = codec_checks.load(str(VECTORS), "merkle")["roots"]
    assert roots[0] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert roots[1] == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert roots[2] == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    assert roots[5] == "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"
    assert roots[8] == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_grows_as_the_recursion_says() -> None:
    grown = merkle.TreeHasher()
    for size, root in enumerate(ROOTS):
        assert (grown.size, grown.root()) == (size, root)
        assert len(grown.peaks) == size.bit_count()
        resumed = merkle.TreeHasher(size, grown.peaks)
        assert merkle.root_of(LEAVES[:size]) == root
        if size < len(LEAVES):
            resumed.append(LEAVES[size])
            grown.append(LEAVES[size])
            assert resumed.peaks == grown.peaks


def test_empty_trees_are_consistent() -> None:
    assert proofs.verify_consistency(0, 0, ROOTS[0], ROOTS[0], [])
    assert not proofs.verify_consistency(0, 0, ROOTS[1], ROOTS[1], [])


def test_every_proof_up_to_70_leaves() -> None:
    for new in range(1, 71):
        for index in range(new):
            proof = proofs.inclusion_proof(LEAVES[:new], index)
            assert proofs.verify_inclusion(LEAVES[index], index, new, proof, ROOTS[new])
            if new < 20:
                assert proof == path(index, LEAVES[:new])
        for old in range(new + 1):
            proof = proofs.consistency_proof(LEAVES, old, new)
            assert proofs.verify_consistency(old, new, ROOTS[old], ROOTS[new], proof)
            if old > 0 and new < 20:
                assert proof == subproof(old, LEAVES[:new], True)


@given(sizes.filter(bool), st.data())
def test_a_changed_inclusion_proof_fails(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = proofs.inclusion_proof(LEAVES[:size], index)
    changed = change(proof, data)
    assert proofs.verify_inclusion(LEAVES[index], index, size, changed, ROOTS[size]) is (changed == proof)
    other = data.draw(st.integers(0, 80))
    assert proofs.verify_inclusion(LEAVES[index], other, size, proof, ROOTS[size]) is (other == index)


@given(sizes.filter(bool), st.data())
def test_a_changed_consistency_proof_fails(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    proof = proofs.consistency_proof(LEAVES, old, new)
    changed = change(proof, data)
    assert proofs.verify_consistency(old, new, ROOTS[old], ROOTS[new], changed) is (changed == proof)


def change(proof: list[bytes], data: st.DataObject) -> list[bytes]:
    changed = list(proof)
    place = data.draw(st.integers(0, len(changed)))
    changed[place : place + data.draw(st.integers(0, 2))] = data.draw(st.lists(hashes, max_size=2))
    return changed


@given(junk, junk, junk, st.lists(junk, max_size=5) | junk, junk)
def test_hostile_proofs_never_raise(first: object, second: object, third: object, proof: object, last: object) -> None:
    assert proofs.verify_inclusion(first, second, third, proof, last) is False  # type: ignore[arg-type]
    found = proofs.verify_consistency(first, second, third, last, proof)  # type: ignore[arg-type]
    assert found is False or first in (0, second)  # of equal trees, or the empty one, junk can be the truth


@given(st.integers(0, 2**70), st.integers(0, 2**70), st.lists(hashes, max_size=70))
def test_hostile_sizes_never_raise(first: int, second: int, proof: list[bytes]) -> None:
    assert proofs.verify_inclusion(LEAVES[0], first, second, proof, ROOTS[9]) is False
    assert proofs.verify_consistency(first, second, ROOTS[3], ROOTS[9], proof) is False


@pytest.mark.parametrize(
    ("size", "peaks"),
    [(0, LEAVES[:1]), (1, []), (3, LEAVES[:1]), (2, LEAVES[:2]), (1, [b"short"]), (-1, []), (2**63, LEAVES[:1])],
)
def test_resuming_from_wrong_peaks(size: int, peaks: list[bytes]) -> None:
    with pytest.raises(ProtocolError):
        merkle.TreeHasher(size, peaks)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_no_proof_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(ProtocolError):
        proofs.inclusion_proof(LEAVES[:size], index)


@pytest.mark.parametrize(("old", "new"), [(-1, 5), (6, 5), (5, 71)])
def test_no_consistency_outside_the_tree(old: int, new: int) -> None:
    with pytest.raises(ProtocolError):
        proofs.consistency_proof(LEAVES, old, new)


@given(st.binary(max_size=500), st.integers(0, 60), st.integers(1, 90), st.lists(st.integers(0, 500), max_size=8))
def test_leaves_of_a_file(file: bytes, header: int, leaf_size: int, cuts: list[int]) -> None:
    """By definition, in one go, and in pieces of any length."""
    header = min(header, len(file))
    body = file[header:]
    expected = [hashlib.sha256(b"\0" + body[at : at + leaf_size]).digest() for at in range(0, len(body), leaf_size)]
    assert merkle.leaf_count(len(file), header, leaf_size) == len(expected)
    assert merkle.hash_leaves(file, header, leaf_size) == expected
    hasher = merkle.LeafHasher(leaf_size)
    found: list[bytes] = []
    start = 0
    for end in [*sorted(cut for cut in cuts if cut < len(body)), len(body)]:
        found += hasher.update(memoryview(body)[start:end])
        start = end
        assert hasher.pending == start % leaf_size
    last = hasher.finish()
    assert found + ([last] if last else []) == expected
    assert hasher.finish() is None


@pytest.mark.parametrize(
    ("length", "header", "leaf_size"), [(10, 11, 4), (10, -1, 4), (-1, 0, 4), (10, 0, 0), (10, 0, -4)]
)
def test_sizes_that_contradict_each_other(length: int, header: int, leaf_size: int) -> None:
    with pytest.raises(ProtocolError):
        merkle.leaf_count(length, header, leaf_size)


def test_leaf_size_of_nothing() -> None:
    with pytest.raises(ProtocolError):
        merkle.LeafHasher(0)


def test_a_leaf_is_never_a_node() -> None:
    """Two hashes as content do not hash like the node above them."""
    assert merkle.leaf_hash(LEAVES[0] + LEAVES[1]) != merkle.node_hash(LEAVES[0], LEAVES[1])
