"""What signing and checkpointing cost the capture loop: `python tests/benchmarks/bench_capture.py [TURNS]`.

Runs the agent, compiled as the simulator does, on real MicroPython against the virtual board, with sources that always
have more: so the loop moves as many samples and pictures as it can. The recorder's time is the processor's, scaled so
that one signature takes 86 ms as on an RP2040: CHECKPOINTs, which come every 4 s, then weigh as much as on a board.
Turns with everything and turns without alternate in one process; the best of each count. "Without" is the same loop
over the same card, hashing and leaf hashes included, but with a journal that signs and writes nothing, and neither
CHECKPOINTs nor anchors. Prints samples and pictures per second of the recorder's time, and their ratio. It never fails
on a figure.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / name) for name in ("protocol", "device", "simulator", "tests")]

from evidock_simulator import compiling, images, launch  # noqa: E402

SCRIPT = """
import gc, sys, time
from evidock_agent import signals
from evidock_agent.agent import Agent
from evidock_protocol import statements
from evidock_simulator.virtual import keeping, world
from evidock_simulator.virtual.board import Parts
from evidock_simulator.virtual.card_fat import FatCard
from evidock_simulator.virtual.clock import Clock
from evidock_simulator.virtual.links import MemoryLink
from evidock_simulator.virtual.drawn import Drawn
from evidock_simulator.virtual.slot import Slot
from evidock_simulator.virtual.sound import Tone
sys.path.insert(1, sys.argv[3])
from simulated_host import Host

MILLISECONDS = 120_000  # of a turn, in the recorder's time: 30 rounds of checkpoints
SIGNATURE_US = 86_000
both = sys.argv[4] == "both"
turns = int(sys.argv[5])

class Sound:
    rate = 10_000_000  # so that a block is always due
    channels = 1
    bits = 16
    taken = 0
    def start(self): pass
    def stop(self): pass
    def lost(self): return 0
    def readinto(self, buffer):
        self.taken += len(buffer) // 2
        return len(buffer)

class Camera:
    width = 640
    height = 480
    rate = 30
    taken = 0
    stopped = False
    def __init__(self):
        head = b"\\xff\\xd8\\xff\\xc0\\x00\\x0b\\x08\\x01\\xe0\\x02\\x80\\x01\\x01\\x11\\x00\\xff\\xda"
        self.picture = memoryview(head + bytes(20_000 - len(head) - 2) + b"\\xff\\xd9")
        self.at = 0
    def start(self): self.stopped = False
    def stop(self): self.stopped = True
    def lost(self): return 0
    def next(self):
        if self.stopped: return 0
        self.at = 0
        self.taken += 1
        return len(self.picture)
    def readinto(self, buffer):
        count = min(len(buffer), len(self.picture) - self.at)
        buffer[:count] = self.picture[self.at:self.at + count]
        self.at += count
        return count

state = keeping.load(sys.argv[1] + ".world")
clock, slot, link = Clock(state["time"], state["wall"]), Slot(), MemoryLink()
parts = Parts(open(sys.argv[1], "r+b", 0), lambda supply: FatCard(sys.argv[2], slot, supply, clock), link,
    Tone(1), clock, bytes(32), Drawn(1) if both else None)
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
agent.recorder.tracks = []  # made anew of these sources
sound = board.capture = Sound()
camera = None
if both:
    camera = board.camera = Camera()
journal, recorder = agent.journal, agent.recorder
vouching = recorder.vouching
real = journal.append, journal.change_epoch, vouching.go_round, vouching.checkpoint

def processor_us():
    return int(time.clock() * 1000000) if hasattr(time, "clock") else time.ticks_us()

def sign():
    for _step in journal.signer.sign_statement(statements.TYP_CHECKPOINT, values):
        pass

values = {"device": bytes(32), "start": bytes(32), "recording": 1, "number": 1, "length": 1, "leaves": 1,
    "root": bytes(32), "boot": 1, "tick": 1, "written": 1, "lost": 1}
sign()
began = processor_us()
for count in range(8):
    sign()
own = (processor_us() - began) // 8

def nothing(*arguments, **named):
    return 1
    yield

def settle():
    for count in range(100000):
        agent.step()
        clock.now += 1
        if not agent._jobs and not recorder.is_sealing:
            return
    raise RuntimeError("does not settle")

def remove(start):
    folder = agent.folder + "/R%07d/" % recorder.number
    for name in [name for name in board.card.names(folder[:-1]) if name.startswith(start)]:
        board.card.remove(folder + name)

def turn(signs):
    settle()
    if not signs:
        journal.append = journal.change_epoch = nothing
        vouching.go_round = vouching.checkpoint = lambda segments, tick: None
    board.buttons.press(signals.BUTTON_RECORD)
    while not recorder.capturing:
        agent.step()
        clock.now += 1
    gc.collect()
    samples, pictures = sound.taken, camera.taken if both else 0
    base, start = clock.now, processor_us()
    elapsed = 0
    gone = 0
    while elapsed < MILLISECONDS:
        agent.step()
        if recorder._sealing.told > gone:  # a card for hours would be a large image
            gone += 1
            remove("S%07d." % gone)
        elapsed = (processor_us() - start) * SIGNATURE_US // own // 1000
        clock.now = base + elapsed
    assert recorder.capturing, agent.failed
    found = (sound.taken - samples) * 1000 // elapsed, ((camera.taken if both else 0) - pictures) * 1000 // elapsed
    sound.readinto = lambda buffer: 0  # drained
    board.buttons.press(signals.BUTTON_RECORD)
    settle()
    del sound.readinto
    journal.append, journal.change_epoch, vouching.go_round, vouching.checkpoint = real
    remove("")
    return found

turn(True)
for count in range(turns):
    for signs in (True, False):
        print(int(signs), *turn(signs))
"""


def run(tracks: str, turns: int) -> list[tuple[int, int, int]]:
    """(signs, samples per second, pictures per second) of each turn."""
    with tempfile.TemporaryDirectory() as place:
        image, card = Path(place) / "flash", Path(place) / "card"
        images.prepare(image, card, "patrol")
        arguments = [str(image), str(card), str(ROOT / "tests" / "simulator"), tracks, str(turns)]
        done = subprocess.run(
            [*launch.micropython("1M"), "-c", SCRIPT, *arguments],
            env=launch.micropython_environment(compiling.compiled()), capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        sys.exit(f"it ended: {(done.stdout + done.stderr).strip()}")
    return [(int(line[0]), int(line[1]), int(line[2])) for line in map(str.split, done.stdout.splitlines())]


def main() -> None:
    """Prints a table."""
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    if compiling.compiled() is None or not launch.has_micropython():
        sys.exit("MicroPython's unix build or mpy-cross is not installed here")
    print(f"{'':18}{'signing':>12}{'without':>12}{'ratio':>8}")
    for tracks in ("sound", "both"):
        found = run(tracks, turns)
        for place, what in ((1, "samples/s"), (2, "pictures/s")):
            best = [max(line[place] for line in found if line[0] == signs) for signs in (1, 0)]
            if any(best):
                print(f"{tracks:7}{what:11}{best[0]:12,}{best[1]:12,}{best[0] / best[1]:8.3f}")


if __name__ == "__main__":
    main()
