"""Segments against an independent computation of leaves, roots and headers (AT-7)."""

from __future__ import annotations

import hashlib
import io
import wave
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.board import MemoryCard, Power, World

from evidock_agent.sound import SoundSegment
from evidock_protocol import card, merkle, versions

LEAF = versions.LEAF_SOUND


class Source:
    rate, channels, bits = 8000, 1, 16


def a_segment() -> tuple[World, SoundSegment]:
    world = World()
    cards = MemoryCard(world, Power())
    cards.mount()
    return world, SoundSegment(cards, "EVIDOCK/0", 1, 1, Source(), 1000)  # pyright: ignore[reportArgumentType]


def sealed(segment: SoundSegment) -> dict[str, Any]:
    steps = segment.seal_steps(boot=3)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


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

    leaves = [hashlib.sha256(b"\0" + data[at : at + LEAF]).digest() for at in range(0, len(data), LEAF)]
    first = hashlib.sha256(b"\0" + header).digest()
    return hashlib.sha256(b"\1" + first + tree(leaves)).digest(), [first, *leaves]


@settings(max_examples=30)
@given(st.lists(st.integers(0, 10_000).map(lambda half: 2 * half), max_size=20), st.integers(0, 1 << 30))
def test_roots_leaves_and_header(sizes: list[int], seed: int) -> None:
    random = Random(seed)
    world, segment = a_segment()
    data = b""
    for size in sizes:
        piece = random.randbytes(size)
        segment.write(memoryview(piece))
        data += piece
    segment.last_tick = 5000
    segment.written = len(data) // 2
    body = sealed(segment)
    assert world.medium is not None
    found = world.medium.files[segment.stem + "WAV"]
    root, leaves = independent_root(found[: card.WAV_HEADER], data)
    assert found[card.WAV_HEADER :] == data
    assert body["root"] == root
    assert world.medium.files[segment.stem + "LVS"] == b"".join(leaves)
    assert (body["length"], body["written"], body["expected"]) == (512 + len(data), len(data) // 2, 32000)
    with wave.open(io.BytesIO(found)) as sound:  # an ordinary playable file
        assert (sound.getframerate(), sound.getnchannels(), sound.getnframes()) == (8000, 1, len(data) // 2)


@settings(max_examples=10)
@given(st.integers(1, 30))
def test_a_checkpoint_vouches_for_whole_leaves_only(blocks: int) -> None:
    _world, segment = a_segment()
    data = bytes(range(256)) * 16
    for _ in range(blocks):
        segment.write(memoryview(data))
    values = segment.checkpoint_values(bytes(32), bytes(32), 1, 2000)
    whole = blocks * 4096 // LEAF
    assert (values["leaves"], values["length"]) == (whole, card.WAV_HEADER + whole * LEAF)
    leaves = merkle.hash_leaves(data * blocks, 0, LEAF)[:whole]
    assert values["root"] == merkle.root_of(leaves)
