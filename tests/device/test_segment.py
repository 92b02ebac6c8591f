"""Segments against an independent computation of leaves, roots and headers (AT-7)."""

from __future__ import annotations

import hashlib
import io
import wave
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.board import EIO, MemoryCard, MemoryFile, Power, World

from evidock_agent.sound import SoundSegment
from evidock_protocol import merkle, versions, wav

LEAF = versions.LEAF_SOUND


def a_segment() -> tuple[World, SoundSegment]:
    world = World()
    cards = MemoryCard(world, Power())
    cards.mount()
    return world, SoundSegment(cards, "EVIDOCK/0", 1, 1, (8000, 1, 16), 1000)


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
    root, leaves = independent_root(found[: wav.WAV_HEADER], data)
    assert found[wav.WAV_HEADER :] == data
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
    assert (values["leaves"], values["length"]) == (whole, wav.WAV_HEADER + whole * LEAF)
    leaves = merkle.hash_leaves(data * blocks, 0, LEAF)[:whole]
    assert values["root"] == merkle.root_of(leaves)


@pytest.mark.parametrize("failing", ["open", "write"])
def test_a_segment_whose_leaves_cannot_be_written_lets_go_of_its_media(
    failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    open_, write, close = MemoryCard.open, MemoryFile.write, MemoryFile.close

    def opening(cards: MemoryCard, path: str, mode: str) -> MemoryFile:
        if failing == "open" and path.endswith("LVS"):
            raise OSError(EIO)
        return open_(cards, path, mode)

    def writing(file: MemoryFile, data: bytes) -> int:
        if failing == "write" and file._path.endswith("LVS"):
            raise OSError(EIO)
        return write(file, data)

    def closing(file: MemoryFile) -> None:
        closed.append(file._path[-3:])
        close(file)

    monkeypatch.setattr(MemoryCard, "open", opening)
    monkeypatch.setattr(MemoryFile, "write", writing)
    monkeypatch.setattr(MemoryFile, "close", closing)
    with pytest.raises(OSError, match=str(EIO)):
        a_segment()
    assert "WAV" in closed
    assert ("LVS" in closed) == (failing == "write")
