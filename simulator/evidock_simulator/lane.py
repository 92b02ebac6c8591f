"""The agent in this process: the same virtual hardware on CPython, with a line in memory, for tests that search.

Architecture: "The simulator" (a second lane runs the agent in-process on CPython for hypothesis and coverage).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from evidock_agent.agent import Agent
from evidock_protocol import codes
from evidock_simulator import compiling, images
from evidock_simulator.virtual import keeping, sources, world
from evidock_simulator.virtual.board import Board, Parts
from evidock_simulator.virtual.card_folder import FolderCard
from evidock_simulator.virtual.clock import Clock
from evidock_simulator.virtual.links import MemoryLink
from evidock_simulator.virtual.slot import Slot

LONGEST_MS = 3_600_000


class Stuck(AssertionError):
    """The recorder did not reach what was waited for."""


class Line:
    """The host's end of the line. While the host waits, simulated time passes and the recorder works."""

    def __init__(self, recorder: "Recorder"):
        self._recorder = recorder
        self._link = recorder.parts.link

    def read(self, seconds: float) -> bytes:
        """What has arrived, waiting at most `seconds` of simulated time for the first byte."""
        end = self._recorder.now + max(1, round(seconds * 1000))  # a host that hardly waits must not wait for ever
        while not self._link.to_host:
            if self._recorder.now >= end:
                return b""
            self._recorder.turn(end - self._recorder.now)
        data = bytes(self._link.to_host)
        self._link.to_host = bytearray()
        return data

    def write(self, data: bytes | memoryview) -> None:
        """Sends all of `data`."""
        self._link.to_recorder += data

    def close(self) -> None:
        """Lets go of the line."""
        self._link.to_recorder = bytearray()
        self._link.to_host = bytearray()

    def monotonic(self) -> float:
        """Simulated time in seconds, for a host that is to live in it."""
        return self._recorder.now / 1000


class Recorder:
    """A virtual recorder in `folder` (made or gone on with), always as fast as it goes.

    `world`, `board` and `agent` are the simulator's own objects; board and agent are None while there is no power.
    """

    def __init__(
        self,
        scenario: str,
        seed: int | None = None,
        folder: Path | str = ".",
        media: Sequence[Path] = (),
        new_agent: Callable[[Any], Any] = Agent,
    ):
        """Prepares images as `evidock-sim run` does, and powers on. Raises BadScenario, BadImage."""
        self.folder = Path(folder)
        self.image = self.folder / "flash"
        self.card = self.folder / "card"
        self.state = images.prepare(self.image, self.card, scenario, seed, media, folder=True)
        kept = str(images.world_path(self.image))
        self.clock = Clock(self.state["time"], self.state["wall"])
        self.slot = Slot(self.state["card"], self.state.get("card_in", ""))
        sound, pictures, clip = sources.open_all(self.state)
        self._file = self.image.open("r+b", buffering=0)
        self.parts = Parts(
            self._file,
            lambda supply: FolderCard(str(self.card), self.slot, supply, self.clock),
            MemoryLink(),
            sound,
            self.clock,
            compiling.firmware_measurement(),
            pictures,
            clip,
        )
        self.world = world.World(self.state, self.parts, self.slot, lambda state: keeping.save(kept, state), new_agent)
        self.link = Line(self)
        if self.state["boots"]:
            self.world.lose_power()
        if self.world.agent is None:
            self.world.power_on(codes.RESET_POWER_ON)

    @property
    def now(self) -> int:
        """Simulated milliseconds since the recorder was made."""
        return self.clock.now

    @property
    def phase(self) -> str:
        """waiting, provisioned, shift or docked."""
        return self.world.phase()

    @property
    def agent(self) -> Any:
        return self.world.agent

    @property
    def board(self) -> Board | None:
        return self.world.board

    def turn(self, at_most: int = LONGEST_MS) -> int:
        """One step, and the simulated time after it, at most so many milliseconds. Returns them."""
        passed = min(self.world.step(), at_most)
        self.world.pass_time(passed)
        return passed

    def advance(self, milliseconds: int) -> None:
        """Runs for so many simulated milliseconds."""
        end = self.now + milliseconds
        while self.now < end:
            self.turn(end - self.now)

    def run_until(self, state: str, at_most: int = LONGEST_MS) -> None:
        """Runs until the recorder has booted in this state; raises Stuck after `at_most` simulated milliseconds."""
        self.run_while(lambda: self.phase != state or not self.world.settled(), at_most)

    def run_while(self, condition: Callable[[], bool], at_most: int = LONGEST_MS) -> None:
        """Runs as long as `condition()` holds; raises Stuck after so many simulated milliseconds."""
        end = self.now + at_most
        while condition():
            if self.now >= end:
                raise Stuck(f"still {self.phase} after {at_most} ms")
            self.turn(end - self.now)

    def power_cut(self) -> None:
        """Power goes, between two operations."""
        self.world.power_off(lost=True)

    def cut_at(self, operations: int) -> None:
        """Power goes in the middle of the n-th writing operation from now."""
        assert self.board is not None
        self.board.supply.cut_at = self.board.supply.operations + operations

    def boot(self, reset_cause: int = codes.RESET_POWER_ON) -> None:
        """Power comes back."""
        self.world.power_on(reset_cause)

    def close(self) -> None:
        """Ends the simulation as a power cut does."""
        self.power_cut()
        self.world.save()
        self._file.close()
