"""Provisioning: what it refuses to erase, and the time it takes (AT-28)."""

from __future__ import annotations

import pytest
from support.board import SECTORS, WALL, World
from support.dock import Host, provisioned

from evidock_agent import provisioning
from evidock_protocol import codes, flash, kinds, messages
from evidock_protocol.wire import Refusal


def blank() -> World:
    world = World()
    world.boot()
    world.settle()
    return world


def refusal(world: World, time: int | None = None) -> int:
    with pytest.raises(Refusal) as refused:
        Host(world).provision(time=time)
    return refused.value.code


@pytest.mark.parametrize("time", [0, 1_577_836_799_999, 4_102_444_800_000, (1 << 63) - 1])
def test_a_wild_time_provisions_nothing(time: int) -> None:
    world = blank()
    assert refusal(world, time) == messages.OUT_OF_RANGE
    assert world.clock.wall == WALL
    assert all(set(image) == {0xFF} for image in world.flash.values())
    Host(world).provision(time=WALL + 5000)


def test_a_journal_is_never_erased() -> None:
    """One rotted bit in the identity sector must not let a stranger erase evidence and keys."""
    world = provisioned()
    world.record(1000)
    assert world.agent is not None
    world.flash["identity"][3] ^= 1
    before = {name: bytes(world.flash[name]) for name in SECTORS}
    # The agent as it would be if it took itself for blank: provisioning must not trust that.
    world.agent.provisioned = False
    with pytest.raises(Refusal) as refused:
        run(provisioning.provision(world.agent, {"time": None}))
    assert refused.value.code == messages.ALREADY_PROVISIONED
    assert {name: bytes(world.flash[name]) for name in SECTORS} == before


def test_an_unfinished_provisioning_is_begun_anew() -> None:
    """GENESIS is durable, the identity sector's head is not: nobody has seen this recorder's key yet."""
    world = blank()
    forks: list[World] = []

    def look(count: int, _tear: object) -> None:
        forks.append(world.fork(count))

    world.power.before = look
    Host(world).provision()
    unfinished = [
        fork
        for fork in forks
        if bytes(fork.flash["journal"][: 2 * flash.HEAD]) != b"\xff" * 2 * flash.HEAD
        and set(fork.flash["identity"][: flash.HEAD]) == {0xFF}
    ]
    assert unfinished
    for fork in unfinished[-3:]:
        fork.boot()
        fork.settle()
        Host(fork).provision()
        fork.settle()
        assert fork.entries()[0].kind == kinds.GENESIS
        assert fork.entries()[0].body["random_source"] == codes.RANDOM_SIMULATED


def run(steps: object) -> None:
    for _ in steps:  # type: ignore[attr-defined]
        pass
