"""The world around one recorder: simulated time, the scenario's events, power, and the boots of the agent.

Interface: "Command line" (evidock-sim). Faults are done to the hardware here; the agent is only ever stepped, or gone.
"""

import gc

from evidock_agent import signals
from evidock_protocol import codes
from evidock_simulator.virtual.board import Board, Parts
from evidock_simulator.virtual.events import apply
from evidock_simulator.virtual.files import Files
from evidock_simulator.virtual.generator import Generator
from evidock_simulator.virtual.supply import Supply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent
    from evidock_simulator.virtual.slot import Slot

WAITING = "waiting"  # not provisioned
PROVISIONED = "provisioned"  # the host has not let go of the line yet
SHIFT = "shift"
DOCKED = "docked"

QUIET_MS = 500  # without a byte on the line before the shift begins
SAVE_SHIFT_MS = 5_000
SAVE_IDLE_MS = 30_000  # less than the power loss that a start with an existing image stands for
POWER_LOSS_MS = 60_000
OFF_MS = 1000  # between looks at a recorder that is off
HUNG_MS = 50  # between looks at one that hangs
STEPS_PER_MS = 32  # steps that may follow at once before a millisecond has passed


class World:
    """`state` is what IMAGE.world keeps; `save(state)` keeps it; `new_agent(board)` makes the agent of one boot."""

    def __init__(self, state: dict, parts: Parts, slot: "Slot", save, new_agent):
        self.state = state
        self.parts = parts
        self.clock = parts.clock
        self.slot = slot
        self.agent: Agent | None = None
        self.board: Board | None = None
        self._save = save
        self._new_agent = new_agent
        self._saved = self.clock.now
        self._moved = 0
        self._heard = self.clock.now
        self._steps = 0
        self.files = Files(state, self.save)
        self.hangs_until = 0  # simulated millisecond until which the loop is stuck

    # Power.

    def power_on(self, reset_cause: int) -> None:
        """Boots the agent anew: nothing of an earlier boot is left in memory."""
        self.power_off()
        self.hangs_until = 0
        state = self.state
        restarts = state["scenario"].get("clock_restarts")
        if self.clock.wall is None and restarts is not None:
            self.clock.set_unix_ms(restarts)
        state["boots"] += 1
        state["powered"] = True
        self.save()  # first: two boots with one number would draw the same randomness
        self.clock.boot()
        supply = Supply()
        random = Generator(state["seed"], state["boots"])
        self.board = Board(
            self.parts, supply, random, reset_cause, state["scenario"], self.elapsed, self._is_docked, self.files
        )
        self.agent = self._new_agent(self.board)

    def power_off(self, lost: bool = False) -> None:
        """Ends the boot. With `lost`, the supply went away, and with it the clock unless a cell of its own keeps it."""
        board = self.board
        if board is not None:
            board.supply.bury()
            board.card.power_lost()
        self.agent = None
        self.board = None
        board = None
        gc.collect()
        self.state["powered"] = False
        if lost and not self.state["scenario"]["clock_kept"]:
            self.clock.wall = None

    def lose_power(self) -> None:
        """A power loss of 60 simulated seconds, such as ended the last run. The recorder is off afterwards."""
        self.power_off(lost=True)
        self.pass_time(POWER_LOSS_MS)

    # Running.

    def step(self) -> int:
        """One step of the agent, if it has power. Returns the milliseconds that may pass before the next."""
        self._follow()
        board = self.board
        wait = OFF_MS
        if self.clock.now < self.hangs_until:
            wait = HUNG_MS
        elif board is not None and self.agent is not None:
            try:
                wait = self.agent.step()
            except Exception:
                if board.supply.on:
                    raise  # the agent's own fault
            board.work()
            if not board.supply.on:
                self.power_off(lost=True)
                wait = 0
            elif board.off:
                self.power_off()
                wait = 0
        self._steps = 0 if wait else self._steps + 1
        if self._steps >= STEPS_PER_MS:
            self._steps = 0
            wait = 1
        due = self.next_event()
        return wait if due is None else min(wait, due)

    def pass_time(self, milliseconds: int) -> None:
        """Lets simulated time pass and does what the scenario has for it."""
        until = self.clock.now + milliseconds
        while True:
            due = self.next_event()
            if due is None or self.clock.now + due > until:
                break
            self.clock.now += max(0, due)
            self._next_event()
        self.clock.now = max(self.clock.now, until)
        if self.board is not None and self.board.watchdog.bitten():
            self.power_on(codes.RESET_WATCHDOG)
        if self.clock.now - self._saved >= (SAVE_SHIFT_MS if self.phase() == SHIFT else SAVE_IDLE_MS):
            self.save()

    def phase(self) -> str:
        """waiting, provisioned, shift or docked."""
        if self.state["over"]:
            return DOCKED
        if self.state["began"] is not None:
            return SHIFT
        board = self.board
        if board is None or board.indicator.state in (signals.INDICATE_BLANK, signals.INDICATE_OFF):
            return WAITING
        return PROVISIONED

    def settled(self) -> bool:
        """Whether the phase may be told: outside the shift, once the recorder has booted."""
        return self.phase() == SHIFT or (self.board is not None and self.board.indicator.state != signals.INDICATE_OFF)

    def elapsed(self) -> int:
        """Milliseconds since the shift began, 0 before."""
        began = self.state["began"]
        return 0 if began is None else self.clock.now - began

    def next_event(self) -> int | None:
        """Milliseconds until the scenario does something, or None."""
        state = self.state
        if state["began"] is None or state["over"]:
            return None
        return state["scenario"]["events"][state["event"]][0] * 1000 - self.elapsed()

    def save(self) -> None:
        """Keeps the world as it is now."""
        self._saved = self.clock.now
        self.state["time"] = self.clock.now
        self.state["wall"] = self.clock.wall
        self.state["card"] = self.slot.inserted
        self.state["card_in"] = self.slot.card
        self._save(self.state)

    def _is_docked(self) -> bool:
        return self.state["docked"]

    def _follow(self) -> None:
        """Begins the shift once the host is done with a provisioned recorder."""
        if self.parts.link.moved != self._moved:
            self._moved = self.parts.link.moved
            self._heard = self.clock.now
        if self.phase() == PROVISIONED and self.clock.now - self._heard >= QUIET_MS:
            self.state["began"] = self.clock.now
            self.save()

    def _next_event(self) -> None:
        state = self.state
        events = state["scenario"]["events"]
        event = events[state["event"]]
        state["event"] += 1
        apply(self, event[1], event[2:])
        if state["event"] == len(events):
            # The shift is over: what ends it is the dock, which also powers a recorder that is off.
            state["docked"] = True
            state["over"] = True
            if self.agent is None:
                self.power_on(codes.RESET_POWER_ON)
        self.save()
