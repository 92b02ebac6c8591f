"""What a whole recording allocates for each 4 KiB that it captures, with every track side by side, on any MicroPython.

    micropython recording_checks.py

For "sound" and for "both" prints "what mean retained checkpoint": the heap's bytes on average for 4,096 bytes of media,
over 40 s of pump() with flushes but without what CHECKPOINTs and anchors take; what stays of them all; and what one
round of checkpoints takes, which come every 4 s, before it is signed. Sources and card here are lean: what they take
for themselves is not the agent's.
"""

# Ports with no more than is called here, and a gc that only MicroPython has.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

import gc
import sys

from evidock_agent.anchor_ring import AnchorRing
from evidock_agent.interruptions import Interruptions
from evidock_agent.moment import Moments
from evidock_agent.recorder import Recorder
from evidock_protocol import settings_table

STEP_MS = 5
BETWEEN = 3500 // STEP_MS  # steps that lie between two rounds of checkpoints
ROUNDS = 10
START = b"\xff\xd8\xff\xc0\x00\x0b\x08\x00\x30\x00\x40\x01\x01\x11\x00\xff\xda"


class Clock:
    now = 0

    def ticks_ms(self):
        return self.now


class Microphone:
    """Sound at the rate of simulated time."""

    rate = 16000
    channels = 1
    bits = 16
    taken = 0

    def __init__(self, clock):
        self._clock = clock

    def start(self):
        self.taken = self._clock.now * 16

    def stop(self):
        pass

    def readinto(self, buffer):
        count = min(self._clock.now * 16 - self.taken, len(buffer) // 2)
        self.taken += count
        return count * 2

    def lost(self):
        return 0


class Camera:
    """Ten pictures a second, 20,001 bytes each."""

    width = 64
    height = 48
    rate = 10
    length = 20001

    def __init__(self, clock):
        self._clock = clock
        self._taken = 0
        self._left = 0

    def start(self):
        self._taken = self._clock.now // 100

    def stop(self):
        pass

    def next(self):
        if self._clock.now // 100 <= self._taken:
            return 0
        self._taken += 1
        self._left = self.length
        return self.length

    def readinto(self, buffer):
        count = min(self._left, len(buffer))
        at = self.length - self._left
        if at < len(START):  # the first parts, byte by byte, so that the size is found
            for index in range(min(count, len(START) - at)):
                buffer[index] = START[at + index]
        self._left -= count
        if not self._left and count > 1:
            buffer[count - 2] = 0xFF
            buffer[count - 1] = 0xD9
        return count

    def lost(self):
        return 0


class File:
    written = 0

    def write(self, data):
        self.written += len(data)
        return len(data)

    def flush(self):
        pass

    def seek(self, offset):
        pass

    def close(self):
        pass


class Card:
    free = (1_000_000, 2_000_000)

    def __init__(self):
        self.media = []

    def make_folder(self, path):
        pass

    def names(self, folder):
        return []

    def open(self, path, mode):
        file = File()
        if path[-3:] in ("WAV", "AVI"):
            self.media.append(file)
        return file

    def space(self):
        return self.free

    def present(self):
        return True


class Flash:
    """One region; programming is not checked."""

    def __init__(self, sectors):
        self.sectors = sectors
        self.bytes = bytearray(b"\xff" * 4096 * sectors)

    def erase(self, sector):
        self.bytes[sector * 4096 : sector * 4096 + 4096] = b"\xff" * 4096

    def program(self, offset, data):
        self.bytes[offset : offset + len(data)] = data

    def read_into(self, offset, buffer):
        buffer[:] = self.bytes[offset : offset + len(buffer)]


class Ring:
    def room(self):
        return 100_000


class Journal:
    """Says yes to every entry."""

    device = newest = bytes(32)
    boot = 1
    size = epoch_since = epoch_ticks = 0

    def __init__(self):
        self.ring = Ring()

    def append(self, kind, body, openings=None, spare=False):
        yield
        return 1


class Agent:
    """What a Recorder needs of an agent."""

    folder = "EVIDOCK/00000000"
    card_identity = bytes(16)
    failed = None
    encoder = None
    exempt = 0

    def __init__(self, picture):
        clock = Clock()
        self.clock = clock
        self.board = self
        self.battery = self
        self.capture = Microphone(clock)
        self.camera = Camera(clock) if picture else None
        self.card = Card()
        self.moments = Moments(clock)
        self.scratch = memoryview(bytearray(4096))
        self.journal = Journal()
        self.anchors = AnchorRing(Flash(4))
        self.jobs = []
        self.tidying = self  # START takes up a card that is new
        self.interruptions = Interruptions(self)
        self.recorder = Recorder(self)

    def setting(self, number):
        return settings_table.default(number)

    def take_up_card(self):
        yield

    def percent(self):
        return 80

    def docked(self):
        return False

    def millivolts(self):
        return 4000

    def temperature(self):
        return 200

    def show_state(self):
        pass

    def add_job(self, job):
        self.jobs.append(job)


def measure(what, picture):
    agent = Agent(picture)
    for _ in agent.recorder.start(1):
        pass
    pass_time(agent)  # to the first checkpoints
    written = taken = of_rounds = 0
    gc.collect()
    kept = gc.mem_alloc()
    gc.disable()
    for _ in range(ROUNDS):
        before, so_far = gc.mem_alloc(), total(agent)
        pass_time(agent, BETWEEN)
        between = gc.mem_alloc()
        taken += between - before
        written += total(agent) - so_far
        pass_time(agent)
        of_rounds += gc.mem_alloc() - between
    gc.enable()
    gc.collect()
    print(what, taken * 4096 // written, gc.mem_alloc() - kept, of_rounds // ROUNDS)


def total(agent):
    written = 0
    for file in agent.card.media:
        written += file.written
    return written


def pass_time(agent, steps=10000):
    """So many steps, or until checkpoints are asked for."""
    pump = agent.recorder.pump
    clock = agent.clock
    jobs = agent.jobs
    while steps and not jobs:
        clock.now += STEP_MS
        pump()
        steps -= 1
    jobs.clear()


def main():
    measure("sound", False)
    measure("both", True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
