"""What the agent allocates on MicroPython while it records and while it serves media: little, and bounded.

DESIGN.md, "Memory". The figures are of the 64-bit build with a FAT file system; a board's words are half as wide.
"""

import subprocess
from pathlib import Path

import pytest

from evidock_simulator import compiling, images, launch

pytestmark = pytest.mark.skipif(
    not launch.has_micropython(), reason="MicroPython's unix build has no wheel for this platform"
)

# Bytes on MicroPython 1.29; the bounds are half as much again.
CAPTURED = 140  # for each 4,096 bytes captured, hashed and written
ANSWERED = 1120  # for each MEDIA answer of 4,096 bytes

SCRIPT = """
import gc, sys
from evidock_agent import signals
from evidock_agent.agent import Agent
from evidock_protocol import merkle
from evidock_simulator.virtual import keeping, world
from evidock_simulator.virtual.board import Parts
from evidock_simulator.virtual.card_fat import FatCard
from evidock_simulator.virtual.clock import Clock
from evidock_simulator.virtual.links import MemoryLink
from evidock_simulator.virtual.slot import Slot
from evidock_simulator.virtual.sound import Tone
sys.path.insert(1, sys.argv[3])
from simulated_host import Host

state = keeping.load(sys.argv[1] + ".world")
clock, slot, link = Clock(state["time"], state["wall"]), Slot(), MemoryLink()
parts = Parts(open(sys.argv[1], "r+b", 0), lambda supply: FatCard(sys.argv[2], slot, supply, clock), link,
    Tone(1), clock, bytes(32))
shift = world.World(state, parts, slot, lambda state: None, Agent)
shift.power_on(1)

class Line:
    def write(self, data):
        link.to_recorder += data

    def read(self, seconds):
        end = clock.now + 1000 * seconds
        while not link.to_host and clock.now < end:
            clock.now += shift.step()
        data, link.to_host = bytes(link.to_host), bytearray()
        return data

Host(Line()).provision()
agent, board = shift.agent, shift.board
while agent._jobs:
    agent.step()
    clock.now += 1
board.buttons.press(signals.BUTTON_RECORD)
for step in range(400):
    agent.step()
    clock.now += 10
assert agent.recording == 1
segment, buffer = agent.recorder._segment, memoryview(bytearray(4096))

class Paper:
    def write(self, data):
        return len(data)
    def readinto(self, data):
        return len(data)
    def seek(self, offset):
        return offset
    def close(self):
        pass

def each(work, times):
    work()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for count in range(times):
        work()
    print((gc.mem_alloc() - before) // times)
    gc.enable()

files = segment._media, segment._leaves, segment.length, segment.tree, segment._hasher
segment._media = segment._leaves = Paper()  # the block device is Python here, and allocates
segment.tree, segment._hasher = merkle.TreeHasher(), merkle.LeafHasher(16384)
each(lambda: segment.write(buffer), 64)
segment._media, segment._leaves, segment.length, segment.tree, segment._hasher = files
board.buttons.press(signals.BUTTON_RECORD)
for step in range(400):
    agent.step()
    clock.now += 1
assert agent.recording is None

class Sink:
    sent = 0
    def read(self, buffer):
        return 0
    def write(self, data):
        self.sent += len(data)
        return len(data)

board.link = Sink()
asked = {"recording": 1, "number": 1, "offset": 0, "length": 20 * 4096, "chunk": 4096}
agent.server.transfer.add(1, asked)
agent.server._stream()
agent.server.transfer._file = Paper()
each(agent.server._stream, 16)
assert board.link.sent > 18 * 4096
"""


def test_recording_and_serving_allocate_little(tmp_path: Path) -> None:
    script = tmp_path / "measure.py"
    script.write_text(SCRIPT, encoding="utf-8")
    image, card = tmp_path / "flash", tmp_path / "card"
    images.prepare(image, card, "quiet-shift", 1)
    host = Path(__file__).parents[1] / "simulator"
    run = subprocess.run(
        [*launch.micropython("4M"), str(script), str(image), str(card), str(host)],
        env=launch.micropython_environment(compiling.compiled()),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    captured, answered = (int(line) for line in run.stdout.split())
    print(f"{captured} bytes for each 4,096 captured, {answered} for each answer")
    assert 0 <= captured <= CAPTURED * 3 // 2
    assert 0 <= answered <= ANSWERED * 3 // 2
