"""A recorder's life at random: presses, time, boots, cuts, dockings and cards, with what must hold after each."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.board import Medium, Tear, verify
from support.dock import Host
from support.tracks import provisioned

from evidock_agent import signals
from evidock_protocol import codes, messages

RESETS = (codes.RESET_POWER_ON, codes.RESET_WATCHDOG, codes.RESET_SOFTWARE)


class Life(RuleBasedStateMachine):
    """Whatever escapes from Agent.step() fails the run."""

    @initialize(pictures=st.booleans())
    def begin(self, pictures: bool) -> None:
        self.world = provisioned(pictures=pictures)
        self.world.seed = 99
        self.pulled: list[bytes] = []
        self.spare = Medium()
        self.swapped = False

    @property
    def on(self) -> bool:
        return self.world.agent is not None

    @precondition(lambda self: self.on)
    @rule(button=st.sampled_from([signals.BUTTON_RECORD] * 3 + [signals.BUTTON_MARK, signals.BUTTON_OFF]))
    def press(self, button: int) -> None:
        self.world.press(button)

    @precondition(lambda self: self.on)
    @rule(milliseconds=st.integers(1, 20_000))
    def time(self, milliseconds: int) -> None:
        self.world.run(milliseconds)

    @precondition(lambda self: self.on)
    @rule(operation=st.integers(1, 60), torn=st.booleans(), kept=st.booleans(), button=st.booleans())
    def cut(self, operation: int, torn: bool, kept: bool, button: bool) -> None:
        """Power goes in an operation to come, at the latest in twelve seconds."""
        world, found = self.world, []
        start = world.power.operations

        def before(count: int, tear: Tear) -> None:
            if count == start + operation:
                fork = world.fork(count + world.boots, kept)
                if torn:
                    tear(fork)
                found.append(fork)

        world.power.before = before
        if button and world.board is not None:
            world.board.presses.append(signals.BUTTON_RECORD)
        for _ in range(12):
            if not found:
                world.run(1000)
        world.power.before = None
        if found:
            self.world = found[0]
            self.swapped = self.swapped or world.medium is None
        else:
            world.cut()

    @precondition(lambda self: not self.on)
    @rule(reset=st.sampled_from(RESETS))
    def boot(self, reset: int) -> None:
        self.world.boot(reset)
        self.world.settle()

    @precondition(lambda self: self.on)
    @rule(close=st.booleans())
    def dock(self, close: bool) -> None:
        host = Host(self.world)
        size = host.attach()["size"]
        raws = host.pull(size)
        assert raws[: len(self.pulled)] == self.pulled, "the recorder took something back"
        self.pulled = raws[:size]
        if close:
            host.ask(messages.CLOSE)

    @rule()
    def card(self) -> None:
        """Pulls the card, or puts one in: the same or the other."""
        self.swapped = True
        if self.world.medium is None:
            self.world.medium, self.spare = self.spare, Medium()
        else:
            self.world.medium.lose()
            self.spare, self.world.medium = self.world.medium, None
        if self.on:
            self.world.run(300)

    @invariant()
    def holds(self) -> None:
        if self.on:
            self.world.settle()
        if self.on:  # it may have been on its way off
            verify(self.world, media=not self.swapped)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


def _hunted() -> type:
    import pytest

    case = type("TestLongLife", (Life.TestCase,), {})
    case.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)  # type: ignore[attr-defined]
    return pytest.mark.hunt(case)


TestLongLife = _hunted()
