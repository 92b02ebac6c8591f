"""A recorder on MicroPython that boots on whatever its images hold, again and again, and does as it is told.

Architecture: "The simulator". Run as a script: `player.py FLASH CARD DESCRIPTOR`. Commands are lines of JSON on
standard input, each answered by one; `serve` lets a host speak to it over the line, in real time, until the next.
"""

import gc
import json
import sys
import time

import evidock_simulator
from evidock_agent.agent import Agent
from evidock_simulator.virtual import sources, world
from evidock_simulator.virtual.board import Parts
from evidock_simulator.virtual.card_fat import FatCard
from evidock_simulator.virtual.clock import Clock
from evidock_simulator.virtual.links import DescriptorLink
from evidock_simulator.virtual.slot import Slot

# The recorder's own modules come compiled from elsewhere; this package's are beside this file.
evidock_simulator.__path__ = __file__.rsplit("/", 2)[0]  # type: ignore[assignment]

from evidock_simulator.replay.overlay import Notes, Overlay  # noqa: E402

FLASH, CARD = 0, 1
IDLE_MS = 100
LONGEST_MS = 600_000
RECORDING_MS = 2000  # a recorder that records always has something to do
GARBAGE = 262_144  # bytes allocated between collections: there is memory, and a collection costs time


class Line(DescriptorLink):
    """The link to the host, and standard input beside it."""

    def __init__(self, descriptor: int):
        super().__init__(descriptor)
        self.heard = 0  # bytes from hosts
        self._poll.register(sys.stdin)

    def read(self, buffer: memoryview) -> int:
        count = super().read(buffer)
        self.heard += count
        return count

    def is_told(self, milliseconds: int) -> bool:
        """Waits until the line stirs, a command arrives (then True), or the time is over."""
        return any(found[0] is sys.stdin for found in self._poll.poll(milliseconds))

    def drain(self) -> None:
        """Drops what a host said to the recorder that was here before."""
        scrap = memoryview(bytearray(512))
        while self.read(scrap):
            pass


class Card(FatCard):
    """The card over an overlay."""

    def __init__(self, file: Overlay, path: str, slot: Slot, supply, clock: Clock):
        super().__init__(path, slot, supply, clock)
        self._file = file
        self._opened = path  # so that mounting does not open the image itself


class Player:
    """The recorder and its two images."""

    def __init__(self, flash: str, card: str, descriptor: int):
        self._card_path = card
        self._flash = Overlay(flash, FLASH, False)
        self._card = Overlay(card, CARD, True)
        self._line = Line(descriptor)
        self._world: world.World | None = None
        self._notes: Notes | None = None
        self._served = False

    def do(self, command: dict) -> dict:
        """Does one command; how the recorder stands then."""
        name = command.pop("do")
        if self._notes is not None:
            self._notes.step = command.pop("step", self._notes.step)
        getattr(self, "do_" + name)(**command)
        found = self._world
        agent = None if found is None else found.agent
        return {
            "on": agent is not None,
            "failed": agent.failed if agent is not None else None,
            "provisioned": agent is not None and agent.provisioned,
            "size": self.durable(),
            "recording": agent.recording if agent is not None else None,
            "card": agent is not None and agent.card_identity is not None,
            "now": self.now(),
            "wall": None if found is None else found.clock.wall,
            "boots": self.boots(),
            "operations": 0 if self._notes is None else self._notes.operations,
        }

    def durable(self) -> int:
        """Entries of the journal, as far as this boot has read or written them."""
        agent = None if self._world is None else self._world.agent
        return agent.journal.size if agent is not None else 0

    def _before(self) -> tuple[int, int, int, int]:
        return self.durable(), self._line.heard, self.now(), self.boots()

    def now(self) -> int:
        return 0 if self._world is None else self._world.clock.now

    def boots(self) -> int:
        return 0 if self._world is None else self._world.state["boots"]

    def do_boot(self, state: dict, cause: int) -> None:
        """A new world on the images as the files have them."""
        if self._world is not None:
            self._world.power_off()
            self._world = None
        gc.collect()
        self._flash.forget()
        self._card.forget()
        self._line.drain()
        self._served = False
        clock, slot = Clock(state["time"], state["wall"]), Slot()
        sound, pictures, clip = sources.open_all(state)
        parts = Parts(
            self._flash,
            lambda supply: Card(self._card, self._card_path, slot, supply, clock),
            self._line,
            sound,
            clock,
            bytes(32),
            pictures,
            clip,
        )
        self._world = world.World(state, parts, slot, lambda state: None, Agent)
        self._world.power_on(cause)

    def do_reset(self, cause: int, milliseconds: int = 0) -> None:
        """Power went, for so long; the images stay as the recorder left them."""
        self._world.power_off()  # type: ignore[union-attr]
        self._world.pass_time(milliseconds)  # type: ignore[union-attr]
        self._world.power_on(cause)  # type: ignore[union-attr]

    def do_run(self, milliseconds: int) -> None:
        """Lets so much simulated time pass."""
        end = self.now() + milliseconds
        while self.now() < end:
            wait = self._world.step()  # type: ignore[union-attr]
            self._world.pass_time(min(wait, end - self.now()))  # type: ignore[union-attr]

    def do_settle(self) -> None:
        """Until the recorder has nothing to do, is off, or has recorded for a while."""
        idle = 0
        began = self.now()
        while idle < 2:
            agent = self._world.agent  # type: ignore[union-attr]
            busy = agent is not None and agent.recording is not None
            if self.now() >= began + (RECORDING_MS if busy else LONGEST_MS):
                break
            wait = self._world.step()  # type: ignore[union-attr]
            idle = idle + 1 if wait >= IDLE_MS and not busy else 0
            self._world.pass_time(wait)  # type: ignore[union-attr]

    def do_press(self, button: int) -> None:
        self._world.board.buttons.press(button)  # type: ignore[union-attr]

    def do_dock(self, docked: bool) -> None:
        self._world.state["docked"] = docked  # type: ignore[union-attr]

    def do_log(self, path: str) -> None:
        """Notes every operation from now on in a file."""
        self._notes = self._flash.notes = self._card.notes = Notes(path, self._before)

    def do_end_log(self) -> None:
        if self._notes is not None:
            self._notes.close()
        self._notes = self._flash.notes = self._card.notes = None

    def do_serve(self) -> None:
        """A host may speak, once this is answered."""
        self._served = True

    def serve(self) -> None:
        """Real time, until a command arrives."""
        if not self._served or self._world is None:
            return
        self._served = False
        last = time.ticks_ms()  # type: ignore[attr-defined]
        busy = 0
        while True:
            wait = self._world.step()
            busy = 0 if wait else busy + 1
            if (wait or busy % 64 == 0) and self._line.is_told(wait):
                return
            now = time.ticks_ms()  # type: ignore[attr-defined]
            self._world.pass_time(time.ticks_diff(now, last))  # type: ignore[attr-defined]
            last = now


def main() -> None:
    """Until standard input ends."""
    gc.threshold(GARBAGE)  # type: ignore[attr-defined]
    player = Player(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    while True:
        player.serve()
        line = sys.stdin.readline()
        if not line:
            return
        try:
            print(json.dumps(player.do(json.loads(line))))
        except Exception as error:
            print(json.dumps({"error": repr(error)}))
            raise


if __name__ == "__main__":
    main()
