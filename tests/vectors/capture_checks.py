"""What the agent allocates for sound that it captures, hashes and writes, on any MicroPython.

    micropython capture_checks.py

Prints "most mean retained" twice, the second time while a spoken reason is awaited: the heap's bytes at most and on
average for 4,096 bytes of sound, and what stays of them all: a few of the tree's peaks. Source and card here are lean:
what they take for themselves is not the agent's.
"""

# Ports with no more than is called here, and a gc that only MicroPython has.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

import gc
import sys

from evidock_agent.moment import Moments
from evidock_agent.sound import SoundTrack
from evidock_agent.voice import Voice

BLOCKS = 256  # 1 MiB, so that leaves and nodes of the tree are among them


class Source:
    """A Capture that always has what it is asked for, at the rate of simulated time."""

    rate = 16000
    channels = 1
    bits = 16

    def start(self):
        pass

    def readinto(self, buffer):
        return len(buffer)

    def lost(self):
        return 0


class File:
    def flush(self):
        pass

    def write(self, data):
        return len(data)


class Card:
    def make_folder(self, path):
        pass

    def open(self, path, mode):
        return File()


class Clock:
    now = 0

    def ticks_ms(self):
        self.now += 128
        return self.now


class Agent:
    """What a SoundTrack needs of an agent."""

    folder = "EVIDOCK/00000000"
    number = 1

    def __init__(self):
        self.board = self
        self.capture = Source()
        self.card = Card()
        self.moments = Moments(Clock())
        self.recorder = self


def measure(listener):
    track = SoundTrack(Agent())
    track.start()
    track.open(1, 0)
    track.listener = listener
    pump = track.pump
    for _ in range(16):
        pump(True)
    gc.collect()
    kept = gc.mem_alloc()
    gc.disable()
    most = total = moved = 0
    for _ in range(BLOCKS):
        before = gc.mem_alloc()
        moved += pump(True)
        taken = gc.mem_alloc() - before
        total += taken
        if taken > most:
            most = taken
    assert moved == BLOCKS * 4096
    gc.enable()
    gc.collect()
    print(most, total // BLOCKS, gc.mem_alloc() - kept)


def main():
    measure(None)
    measure(Voice(600_000))
    return 0


if __name__ == "__main__":
    sys.exit(main())
