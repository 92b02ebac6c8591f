"""The recorder's process: steps the agent and lets simulated time pass, until it is killed.

Interface: "Command line" (evidock-sim run). Runs on MicroPython; on CPython where there is none.
"""

import gc
import json
import sys
import time

from evidock_agent import on_demand
from evidock_agent.agent import Agent
from evidock_protocol import codes
from evidock_simulator.virtual import keeping, sources, world
from evidock_simulator.virtual.board import Parts
from evidock_simulator.virtual.clock import Clock
from evidock_simulator.virtual.links import DescriptorLink
from evidock_simulator.virtual.slot import Slot

GARBAGE = 16384  # bytes allocated between collections
LINK = 3  # the descriptor of the line
RATE = 4  # the descriptor on which a rate is told
JUMP = 40  # milliseconds that may pass beyond those that were waited for


def milliseconds() -> int:
    """Real time on either interpreter."""
    return time.time_ns() // 1_000_000


class Pace:
    """How simulated time follows real time. `speed` is in thousandths, 0 for as fast as it goes.

    A recorder that waits for a host, or is docked, always keeps real time.
    """

    def __init__(self, speed: int):
        self._speed = speed
        self._last = milliseconds()

    def take(self, link: DescriptorLink, wait: int, in_shift: bool) -> int:
        """Sleeps as long as `wait` simulated milliseconds take, or until the line stirs; returns what passed."""
        if in_shift and self._speed == 0:
            self._last = milliseconds()
            return wait
        speed = self._speed if in_shift else 1000
        if wait:
            link.wait(wait * 1000 // speed)
        now = milliseconds()
        passed = (now - self._last) * speed // 1000
        if passed > 0:
            self._last = now
        # A machine too slow for this speed makes simulated time slow, not the recorder deaf or its checks fail.
        return min(passed, wait if speed > 1000 else wait + JUMP)


class Reporter:
    """Prints a line per change of state."""

    def __init__(self, as_json: bool):
        self._json = as_json
        self._shown = ("", "")

    def show(self, phase: str, clock: Clock, fingerprint: str) -> None:
        """`fingerprint` is what the display shows, which is told once the recorder is provisioned."""
        if phase != world.PROVISIONED:
            fingerprint = ""
        if (phase, fingerprint) == self._shown:
            return
        self._shown = (phase, fingerprint)
        at = _iso(clock.unix_ms())
        try:
            if self._json:
                seconds = f"{clock.now // 1000}.{clock.now % 1000:03d}"
                more = f', "fingerprint": {json.dumps(fingerprint)}' if fingerprint else ""
                told = f'"{at}"' if at else "null"
                print(f'{{"state": "{phase}", "time": {told}, "seconds": {seconds}{more}}}')
            else:
                print(phase, at or "(clock lost)", fingerprint)
            if hasattr(sys.stdout, "flush"):
                sys.stdout.flush()
        except OSError:
            pass  # nobody reads; the recorder goes on


def _iso(unix_ms: int | None) -> str:
    """ISO 8601 in UTC, to the second; "" for a lost clock."""
    if unix_ms is None:
        return ""
    year, month, day, hour, minute, second = time.gmtime(unix_ms // 1000)[:6]
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}Z"


def open_card(path: str, slot: Slot, clock: Clock):
    """What opens the Card port of one boot: FAT where the interpreter has it."""
    if sys.implementation.name == "micropython":
        from evidock_simulator.virtual.card_fat import FatCard as Card
    else:
        from evidock_simulator.virtual.card_folder import FolderCard as Card
    return lambda supply: Card(path, slot, supply, clock)


def new_agent(board) -> Agent:
    """The agent of one boot. Of the one before, whose modules are still here, a reset would have left nothing."""
    on_demand.let_go(on_demand.EVERY)
    gc.collect()
    return Agent(board)


def run(image: str, card: str, speed: int, firmware: bytes, as_json: bool, rates: tuple = ()) -> None:
    """Runs the recorder of flash image `image` for ever. Its link has `rates`, in bits per second, or none."""
    if sys.implementation.name == "micropython":
        # Collected often, short-lived objects keep to one end of the heap and leave the large holes whole.
        gc.threshold(GARBAGE)  # type: ignore[attr-defined]
    kept = image + ".world"
    state = keeping.load(kept)
    clock = Clock(state["time"], state["wall"])
    slot = Slot(state["card"], state.get("card_in", ""))
    link = DescriptorLink(LINK, rates, RATE if rates else None)
    sound, pictures, clip = sources.open_all(state)
    flash = open(image, "r+b", 0)  # noqa: SIM115 (open for life)
    parts = Parts(flash, open_card(card, slot, clock), link, sound, clock, firmware, pictures, clip)
    simulated = world.World(state, parts, slot, lambda state: keeping.save(kept, state), new_agent)
    if state["boots"]:
        simulated.lose_power()
    if simulated.agent is None:
        simulated.power_on(codes.RESET_POWER_ON)
    pace = Pace(speed)
    reporter = Reporter(as_json)
    while True:
        wait = simulated.step()
        phase = simulated.phase()
        if simulated.settled():
            reporter.show(phase, clock, parts.shown)
        simulated.pass_time(pace.take(link, wait, phase == world.SHIFT))


if __name__ == "__main__":
    _rates = tuple(map(int, sys.argv[6:]))
    run(sys.argv[1], sys.argv[2], int(sys.argv[3]), bytes.fromhex(sys.argv[4]), sys.argv[5] == "json", _rates)
