"""Runs that are not shown: with their subtrees a tree has the same peaks as with all of its leaves, and no other run
fits."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidock_protocol import cbor, merkle, withheld
from evidock_protocol.errors import Malformed, ProtocolError

MOST = 70


def leaves(count: int) -> list[bytes]:
    return [hashlib.sha256(bytes([index])).digest() for index in range(count)]


@given(st.integers(1, MOST), st.data())
def test_a_run_stands_for_its_leaves(size: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, size - 1))
    count = data.draw(st.integers(1, size - first))
    all_leaves = leaves(size)
    tree = merkle.TreeHasher()
    for leaf in all_leaves[:first]:
        tree.append(leaf)
    withheld.append(tree, count, withheld.nodes(all_leaves, first, count))
    whole = merkle.TreeHasher()
    for leaf in all_leaves[: first + count]:
        whole.append(leaf)
    assert (tree.size, tree.peaks) == (whole.size, whole.peaks)
    for leaf in all_leaves[first + count :]:
        tree.append(leaf)
    assert tree.root() == merkle.root_of(all_leaves)


@given(st.integers(0, MOST), st.integers(1, MOST))
def test_subtrees_fill_the_run_and_stand_where_they_may(first: int, count: int) -> None:
    place = first
    for size in withheld.subtrees(first, count):
        assert place % size == 0
        assert size & (size - 1) == 0
        place += size
    assert place == first + count
    assert len(withheld.subtrees(first, count)) <= 14


def test_many_leaves_cost_nothing() -> None:
    assert len(withheld.subtrees(1, merkle.MAX_SIZE - 1)) == 62


@pytest.mark.parametrize("found", [[], [bytes(32)] * 3])
def test_another_number_of_subtrees_is_refused_and_changes_nothing(found: list[bytes]) -> None:
    tree = merkle.TreeHasher()
    tree.append(bytes(32))
    with pytest.raises(ProtocolError):
        withheld.append(tree, 2, found)
    assert (tree.size, tree.peaks) == (1, [bytes(32)])


@pytest.mark.parametrize(("first", "count"), [(-1, 1), (0, 0), (4, 1), (3, 2)])
def test_a_run_outside_the_list_is_refused(first: int, count: int) -> None:
    with pytest.raises(ProtocolError):
        withheld.nodes(leaves(4), first, count)


def test_a_run_has_one_encoding() -> None:
    found = withheld.nodes(leaves(8), 3, 4)
    raw = withheld.encode_run(3, 4, found)
    assert withheld.parse_run(cbor.decode(raw)) == (3, 4, found)


@pytest.mark.parametrize(
    "item",
    [
        3,
        [0, 1],
        [0, 0, []],
        [-1, 1, [bytes(32)]],
        [0, 1, [bytes(31)]],
        [0, 2, [bytes(32), bytes(32)]],
        [0, 1, ["a" * 32]],
        [0, 1 << 63, [bytes(32)]],
        [True, 1, [bytes(32)]],
    ],
)
def test_what_is_no_run_is_malformed(item: object) -> None:
    with pytest.raises(Malformed):
        withheld.parse_run(item)
