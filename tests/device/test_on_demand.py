"""Modules that are needed once are not kept: after a boot, a recovery and another card they are gone.

DESIGN.md, "Memory".
"""

from __future__ import annotations

import sys

import pytest
from support.board import Medium, World, verify
from support.dock import Host
from support.tracks import of_track, provisioned

import evidock_agent
from evidock_agent import on_demand, session, signals
from evidock_protocol import codes, kinds, messages


def loaded() -> list[str]:
    return [
        name.rpartition(".")[2]
        for name in on_demand.BOOT
        if name in sys.modules or hasattr(evidock_agent, name.rpartition(".")[2])
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


def quiet(world: World) -> None:
    world.run(session.SILENCE_MS + 1000)
    world.settle()


def test_what_answers_is_there_while_a_host_talks_and_what_captures_otherwise() -> None:
    world = provisioned()
    assert world.agent is not None
    line, recorder = world.agent.line, world.agent.recorder
    assert line.server is not None, "it was just provisioned"
    assert recorder.tracks == []
    quiet(world)
    assert line.server is None
    assert len(recorder.tracks) == 2
    assert "size" in Host(world).ask(messages.STATUS)
    assert line.server is not None
    assert recorder.tracks == []


def test_a_start_while_a_host_talks_records_every_track() -> None:
    world = provisioned()
    assert world.agent is not None
    assert world.agent.recorder.tracks == []
    world.press(signals.BUTTON_RECORD)
    world.run(3000)
    assert Host(world).ask(messages.STATUS)["recording"] == 1
    assert len(world.agent.recorder.tracks) == 2, "a host takes nothing from a recording"
    world.press(signals.BUTTON_RECORD)
    assert [len(of_track(world, track)) for track in (codes.TRACK_SOUND, codes.TRACK_PICTURE)] == [1, 1]
    verify(world)


def test_a_host_that_comes_while_something_records_is_answered() -> None:
    world = provisioned()
    quiet(world)
    world.press(signals.BUTTON_RECORD)
    world.run(1000)
    assert Host(world).ask(messages.STATUS)["recording"] == 1
    quiet(world)
    world.press(signals.BUTTON_RECORD)
    assert len(world.bodies(kinds.SEGMENT)) == 2
    verify(world)


class Forgotten:
    """Within it these modules are not loaded. Afterwards all are again what they were: others hold their classes."""

    def __init__(self, names: tuple[str, ...]):
        self._names = names

    def __enter__(self) -> None:
        for name in self._names:
            __import__(name)
        self._kept = {name: module for name, module in sys.modules.items() if name.startswith("evidock_")}
        on_demand.let_go(self._names)

    def __exit__(self, *_error: object) -> None:
        on_demand.let_go([name for name in sys.modules if name.startswith("evidock_") and name not in self._kept])
        for name, module in self._kept.items():
            sys.modules[name] = module
            package, _, leaf = name.rpartition(".")
            if package:
                setattr(self._kept[package], leaf, module)


def test_only_what_was_brought_is_let_go() -> None:
    names = ("evidock_agent.session", "evidock_agent.pinned", "evidock_agent.transfer")
    kept = sys.modules[names[0]]
    with Forgotten(names[1:]):
        brought: list[str] = []
        for _ in on_demand.bring(names, brought):
            assert all(name in sys.modules for name in brought)
        assert brought == [*names[1:]]
        on_demand.let_go(brought)
        assert [name in sys.modules for name in names] == [True, False, False]
        assert not hasattr(evidock_agent, "transfer")
        assert sys.modules[names[0]] is kept


@pytest.mark.parametrize("names", [on_demand.ANSWERING, on_demand.SOUND, on_demand.PICTURE, on_demand.ENCODER])
def test_modules_are_brought_one_by_one(names: tuple[str, ...]) -> None:
    """Else one slice would load several, while something records."""
    with Forgotten(names):
        brought: list[str] = []
        before = set(sys.modules)
        for _ in on_demand.bring(names, brought):
            assert set(sys.modules) - before == {*brought}
        assert brought == [*names]
