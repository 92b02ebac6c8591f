"""Segments against an independent computation of leaves, roots and headers (AT-7)."""

from __future__ import annotations

import hashlib
import io
import wave

from hypothesis import given, settings
from hypothesis import strategies as st
from support.board import MemoryCard, Power, World

from evidock_agent.segment import Segment
from evidock_protocol import card


class Source:
    rate, channels, bits = 8000, 1, 16

    def __init__(self) -> None:
        self.gone = 0

    def lost(self) -> int:
        return self.gone


def a_segment() -> tuple[World, Segment, Source]:
    world = World()
    cards = MemoryCard(world, Power())
    cards.mount()
    source = Source()
    return world, Segment(cards, "EVIDOCK/0", 1, 1, source, 1000), source  # pyright: ignore[reportArgumentType]


def independent_root(header: bytes, data: bytes) -> tuple[bytes, list[bytes]]:
    def tree(leaves: list[bytes]) -> bytes:
        if not leaves:
            return hashlib.sha256(b"").digest()
        if len(leaves) == 1:
            return leaves[0]
        split = 1
        while split * 2 < len(leaves):
            split *= 2
        return hashlib.sha256(b"\1" + tree(leaves[:split]) + tree(leaves[split:])).digest()

    leaves = [hashlib.sha256(b"\0" + data[at : at + 16384]).digest() for at in range(0, len(data), 16384)]
    first = hashlib.sha256(b"\0" + header).digest()
    return hashlib.sha256(b"\1" + first + tree(leaves)).digest(), [first, *leaves]


@settings(max_examples=30)
@given(st.lists(st.integers(0, 2048).map(lambda half: 2 * half), max_size=40), st.randoms(use_true_random=False))
def test_roots_leaves_and_header(sizes: list[int], random) -> None:
    world, segment, _source = a_segment()
    data = b""
    for size in sizes:
        piece = random.randbytes(size)
        segment.write(memoryview(piece))
        data += piece
    segment.end(5000)
    body = segment.close(boot=3)
    assert world.medium is not None
    found = world.medium.files[segment.stem + "WAV"]
    root, leaves = independent_root(found[: card.WAV_HEADER], data)
    assert found[card.WAV_HEADER :] == data
    assert body["root"] == root
    assert world.medium.files[segment.stem + "LVS"] == b"".join(leaves)
    assert (body["length"], body["written"], body["expected"]) == (512 + len(data), len(data) // 2, 32000)
    with wave.open(io.BytesIO(found)) as sound:  # an ordinary playable file
        assert (sound.getframerate(), sound.getnchannels(), sound.getnframes()) == (8000, 1, len(data) // 2)


def test_what_is_lost_after_the_end_is_not_this_segments() -> None:
    """A segment may wait for its turn to be closed, behind a docking's signatures."""
    _world, segment, source = a_segment()
    source.gone = 10
    segment.end(2000)
    source.gone = 500
    assert segment.close(1)["lost"] == 10
