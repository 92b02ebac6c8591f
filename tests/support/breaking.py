"""A recorder whose recordings break off, and a world in which only words are heard."""

from __future__ import annotations

from typing import Any

from support.board import Medium, Sound, World
from support.dock import Host

from evidock_protocol import settings_table


class Speech(Sound):
    """Silence, but for the words, each from one millisecond of the world to another."""

    def __init__(self, rate: int):
        super().__init__(rate)
        self.words: list[tuple[int, int]] = []

    def read(self, offset: int, buffer: memoryview) -> None:
        buffer[:] = bytes(len(buffer))
        for first, last in self.words:
            begin = max(first * self.rate // 1000 * 2 - offset, 0)
            end = min(last * self.rate // 1000 * 2 - offset, len(buffer))
            if begin < end:
                buffer[begin:end] = (b"\x00\x20\x00\xe0" * (len(buffer) // 4 + 1))[: end - begin]


def made(pictures: bool = False, rate: int = 8000, clip: Any = None, **chosen: int) -> World:
    """A provisioned recorder that hears only words, with these settings, some time after its host has gone."""
    world = World(rate, pictures=pictures, clip=clip)
    if rate:
        world.sound = Speech(rate)
    world.boot()
    world.settle()
    Host(world).provision()
    world.settle()
    assert world.agent is not None
    world.agent.settings = {row[0]: chosen.get(row[1], row[2]) for row in settings_table.SETTINGS}
    world.run(40_000)  # what captures is loaded again
    return world


def pull(world: World) -> Medium:
    """Takes the card out and returns it."""
    medium = the_medium(world)
    medium.lose()
    world.medium = None
    return medium


def the_medium(world: World) -> Medium:
    """The card that is in."""
    assert world.medium is not None
    return world.medium


def size_of(world: World) -> int:
    """The number of entries."""
    return len(world.raws())


def since(world: World, size: int) -> list[str]:
    """The kinds of the entries from `size` on."""
    return world.kinds()[size:]
