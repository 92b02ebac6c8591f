"""Recorders with more than one track, and what their journals say."""

from __future__ import annotations

from typing import Any

from support.board import Clip, World
from support.dock import Host

from evidock_protocol import kinds


def provisioned(rate: int = 8000, pictures: bool = True, clip: Clip | None = None) -> World:
    """A recorder that has booted blank and was provisioned: with sound and a camera, unless asked otherwise."""
    world = World(rate, pictures=pictures, clip=clip)
    world.boot()
    world.settle()
    Host(world).provision()
    world.settle()
    return world


def of_track(world: World, track: int) -> list[dict[str, Any]]:
    """The SEGMENTs of one track."""
    return [body for body in world.bodies(kinds.SEGMENT) if body["track"] == track]


def faults(world: World) -> list[tuple[int, int | None, list[int]]]:
    """(what, segment, values) of each FAULT."""
    return [(body["what"], body["segment"], body["values"]) for body in world.bodies(kinds.FAULT)]
