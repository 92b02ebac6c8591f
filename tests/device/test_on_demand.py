"""Modules that are needed once are not kept: after a boot, a recovery and another card they are gone.

DESIGN.md, "Memory".
"""

from __future__ import annotations

import sys

from support.board import Medium, verify
from support.tracks import provisioned

import evidock_agent
from evidock_agent import on_demand, signals
from evidock_protocol import kinds


def loaded() -> list[str]:
    return [
        name for name in on_demand._MODULES if f"evidock_agent.{name}" in sys.modules or hasattr(evidock_agent, name)
    ]


def test_nothing_that_only_a_boot_needs_stays() -> None:
    world = provisioned()
    assert loaded() == []
    world.press(signals.BUTTON_RECORD)
    world.run(6000)
    world.cut()
    world.boot()
    assert loaded() == []
    world.step()
    assert "boot" in loaded()
    world.settle()
    assert loaded() == []
    assert len(world.bodies(kinds.SEGMENT)) == 2, "it did recover"
    verify(world)


def test_another_card_leaves_nothing_behind() -> None:
    world = provisioned()
    world.medium = Medium()
    assert world.agent is not None
    world.agent.lose_card()
    world.run(300)
    world.settle()
    assert len(world.bodies(kinds.MEDIUM)) == 2
    assert loaded() == []
