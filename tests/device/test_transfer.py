"""Which segments are handed out: those of every kind of media that are sealed, no number that was given up (AT-28)."""

from __future__ import annotations

from typing import Any

import pytest
from support.board import Clip, MemoryCard, World
from support.dock import Host, provisioned
from support.tracks import provisioned as with_pictures

from evidock_protocol import card, kinds, merkle, messages
from evidock_protocol.wire import Refusal

SEALED = b"\x01" * 32


@pytest.fixture
def world() -> World:
    world = provisioned()
    world.record(2000)
    world.run(500)  # the card's copy of the journal is brought up to date
    return world


def stem(world: World, number: int) -> str:
    assert world.agent is not None
    return card.segment_base(world.agent.folder, 1, number)


def kept(world: World, number: int, extension: str = "WAV") -> bytes:
    found = world.file(1, number, extension)
    assert found is not None
    return found


def put(world: World, number: int, extension: str, data: bytes, leaves: bytes | None) -> None:
    """Puts a segment of recording 1 on the card, as another source would have left it."""
    assert world.medium is not None
    world.medium.files[stem(world, number) + extension] = data
    if leaves is not None:
        world.medium.files[stem(world, number) + card.LEAVES] = leaves


def attached(world: World) -> Host:
    host = Host(world)
    host.attach()
    return host


def code_of(host: Host, kind: int, **values: int) -> int:
    with pytest.raises(Refusal) as refused:
        host.ask(kind, {"recording": 1, **values})
    return refused.value.code


def media(number: int, **changed: int) -> dict[str, int]:
    return {"number": number, "offset": 0, "length": 64, "chunk": 64, **changed}


@pytest.mark.parametrize("extension", [extension for _media, extension in card.EXTENSIONS])
def test_every_kind_of_media(world: World, extension: str) -> None:
    data = bytes(range(256)) * 300
    leaves = SEALED + bytes(range(128))
    put(world, 2, extension, data, leaves)
    host = attached(world)
    for offset, length, chunk in ((0, len(data), 4096), (511, 5000, 64), (len(data) - 1, 1, 1024), (70, 700, 512)):
        assert host.media(1, 2, offset, length, chunk) == data[offset : offset + length]
    answer = host.ask(messages.LEAVES, {"recording": 1, "number": 2, "first": 1, "count": 99})
    assert answer == {"first": 1, "hashes": leaves[32:]}


def test_the_list_says_how_many_leaves_there_are(world: World) -> None:
    put(world, 2, "MP4", b"x", SEALED * 300)
    host = attached(world)
    asked = {"recording": 1, "number": 2, "count": 1 << 40}
    assert len(host.ask(messages.LEAVES, {**asked, "first": 299})["hashes"]) == 32
    assert host.ask(messages.LEAVES, {**asked, "first": 300})["hashes"] == b""
    assert len(host.ask(messages.LEAVES, {**asked, "first": 0})["hashes"]) == 4096
    assert code_of(host, messages.LEAVES, number=2, first=301, count=1) == messages.OUT_OF_RANGE


@pytest.mark.parametrize("leaves", [None, b"", bytes(31), bytes(32), bytes(32) + SEALED * 9, SEALED[:31]])
@pytest.mark.parametrize("extension", ["WAV", "MP4"])
def test_a_number_that_was_given_up_is_not_handed_out(world: World, extension: str, leaves: bytes | None) -> None:
    """Its header's leaf was never written: nothing in the journal vouches for it."""
    put(world, 2, extension, bytes(9000), leaves)
    host = attached(world)
    assert code_of(host, messages.MEDIA, **media(2)) == messages.NO_SUCH_SEGMENT
    assert code_of(host, messages.LEAVES, number=2, first=0, count=1) == messages.NO_SUCH_SEGMENT
    assert len(host.media(1, 1, 0, 512)) == 512


def test_leaves_without_a_file(world: World) -> None:
    put(world, 2, "TXT", b"x", SEALED)
    assert code_of(attached(world), messages.MEDIA, **media(2)) == messages.NO_SUCH_SEGMENT


def test_a_segment_is_looked_for_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    put(world, 2, "MP4", bytes(100_000), merkle.leaf_hash(bytes(512)) + SEALED * 2)
    host = attached(world)
    asked: list[str] = []
    monkeypatch.setattr(MemoryCard, "size", _counting(asked, MemoryCard.size))
    monkeypatch.setattr(MemoryCard, "open", _counting(asked, MemoryCard.open))
    for offset in range(0, 100_000, 10_000):
        host.media(1, 2, offset, 10_000, 1024)
    looked = len(asked)
    assert looked <= 2 + len(card.EXTENSIONS) + 1, asked
    host.ask(messages.LEAVES, {"recording": 1, "number": 2, "first": 0, "count": 9})
    host.media(1, 1, 0, 100)
    host.media(1, 2, 0, 100)
    assert len(asked) > looked + 1


def _counting(asked: list[str], original: Any) -> Any:
    def counted(self: MemoryCard, path: str, *rest: str) -> Any:
        asked.append(path)
        return original(self, path, *rest)

    return counted


def test_another_card_is_looked_at_anew(world: World) -> None:
    put(world, 2, "MP4", b"a" * 5000, SEALED)
    assert world.medium is not None
    other = world.medium.fork(True)
    host = attached(world)
    assert host.media(1, 2, 0, 100) == b"a" * 100
    world.medium = None
    world.run(500)
    world.medium = other
    other.files[stem(world, 2) + "MP4"] = b"b" * 50
    world.run(500)
    assert host.media(1, 2, 0, 50) == b"b" * 50
    assert code_of(host, messages.MEDIA, **media(2)) == messages.OUT_OF_RANGE


def test_a_file_that_has_become_shorter(world: World) -> None:
    put(world, 2, "MP4", bytes(5000), SEALED)
    host = attached(world)
    assert len(host.media(1, 2, 0, 5000)) == 5000
    put(world, 2, "MP4", bytes(4000), SEALED)
    assert code_of(host, messages.MEDIA, **media(2, offset=3990)) == messages.STORAGE
    world.run(500)  # the card is mounted anew
    assert host.media(1, 2, 3936, 64) == bytes(64)


@pytest.mark.parametrize(("number", "extension"), [(1, "WAV"), (2, "AVI")])
@pytest.mark.parametrize("copied", [0, 512, 100_000])
def test_a_planted_file_of_another_kind_is_not_handed_out(number: int, extension: str, copied: int) -> None:
    """AT-34: the host would keep the thief's file, and call honest evidence ALTERED."""
    world = with_pictures()
    world.record(3000)
    body = next(body for body in world.bodies(kinds.SEGMENT) if body["number"] == number)
    genuine = kept(world, number, extension)
    for _media, other in card.EXTENSIONS:
        if other != extension:
            put(world, number, other, genuine[:copied] + bytes(body["length"]), None)
    host = attached(world)
    assert host.media(1, number, 0, body["length"]) == genuine


def test_a_planted_file_with_the_header_of_its_own_kind() -> None:
    """AT-34: it says what it is, and was not sealed under this number."""
    world = with_pictures(clip=Clip())
    world.record(3000)
    sound, pictures, clip = kept(world, 1), kept(world, 2, "AVI"), kept(world, 3, "MP4")
    put(world, 2, "WAV", sound, None)
    put(world, 3, "WAV", sound, None)
    put(world, 3, "AVI", pictures, None)
    host = attached(world)
    assert host.media(1, 2, 0, len(pictures)) == pictures
    assert host.media(1, 3, 0, len(clip)) == clip


def test_a_changed_header_is_handed_out_as_it_is(world: World) -> None:
    """It is for the host to say what was altered."""
    changed = b"\xff" + kept(world, 1)[1:]
    put(world, 1, "WAV", changed, None)
    assert attached(world).media(1, 1, 0, len(changed)) == changed


def test_no_board_seeks_beyond_31_bits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted file may be as long as FAT32 allows; an OverflowError would end the service."""
    put(world, 2, "MP4", bytes(5000), SEALED)
    host = attached(world)
    size = MemoryCard.size

    def enormous(self: MemoryCard, path: str) -> int | None:
        return size(self, path) and (1 << 32) - 1

    monkeypatch.setattr(MemoryCard, "size", enormous)
    limit = (1 << 31) - 1
    for offset, length in ((limit, 1), (limit - 63, 64), (1 << 31, 64), (0, limit + 1), ((1 << 32) - 65, 64)):
        asked = media(2, offset=offset, length=length)
        assert code_of(host, messages.MEDIA, **asked) == messages.OUT_OF_RANGE
    assert code_of(host, messages.LEAVES, number=2, first=1 << 26, count=1) == messages.OUT_OF_RANGE
    assert host.ask(messages.LEAVES, {"recording": 1, "number": 2, "first": (1 << 26) - 1, "count": 1})["hashes"] == b""
    # So far a board can seek, and finds the file to be shorter.
    assert code_of(host, messages.MEDIA, **media(2, offset=limit - 64)) == messages.STORAGE
