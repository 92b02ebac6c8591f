"""What the agent allocates for pictures that it captures, checks, hashes and writes, and for an encoder's file that it
hashes, on any MicroPython.

    micropython picture_checks.py

For pictures of some lengths, and for "encoder", prints "what most mean retained": the heap's bytes in one step at most,
on average for 4,096 bytes, and what stays of them all: a few of the tree's peaks. Sources and card here are lean: what
they take for themselves is not the agent's.
"""

# Ports with no more than is called here, and a gc that only MicroPython has.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false

import gc
import sys

from evidock_agent.encoder import EncoderTrack
from evidock_agent.moment import Moments
from evidock_agent.picture import PictureTrack
from evidock_protocol import codes

LENGTHS = (4000, 20001, 60000)  # bytes of a picture: a small one, a usual one, a large one
PIECES = 256  # of 4,096 bytes: 1 MiB, so that leaves and nodes of the tree are among them
START = b"\xff\xd8\xff\xc0\x00\x0b\x08\x00\x30\x00\x40\x01\x01\x11\x00\xff\xda"


class Camera:
    """Always has the next picture, and as much of it as fits."""

    width = 64
    height = 48
    rate = 1000

    def __init__(self, length):
        self._length = length
        self._left = 0

    def start(self):
        pass

    def next(self):
        self._left = self._length
        return self._length

    def readinto(self, buffer):
        count = min(self._left, len(buffer))
        at = self._length - self._left
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


class Encoder:
    media = codes.MEDIA_MP4
    tracks = 3
    rate = 0

    def begin(self, path):
        pass

    def end(self):
        pass

    def closed(self, path):
        return True


class File:
    def flush(self):
        pass

    def write(self, data):
        return len(data)

    def read(self, count):
        return bytes(count)

    def readinto(self, buffer):
        return len(buffer)

    def seek(self, offset):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        pass


class Card:
    file = File()

    def make_folder(self, path):
        pass

    def open(self, path, mode):
        return self.file

    def size(self, path):
        return 512 + PIECES * 4096


class Clock:
    now = 0

    def ticks_ms(self):
        self.now += 1
        return self.now


class Agent:
    """What a track needs of an agent."""

    folder = "EVIDOCK/00000000"
    number = 1

    def __init__(self, length):
        self.board = self
        self.camera = Camera(length)
        self.encoder = Encoder()
        self.card = Card()
        self.moments = Moments(Clock())
        self.recorder = self
        self.scratch = memoryview(bytearray(4096))


def report(what, step):
    """Runs `step`, which returns bytes, until 1 MiB has passed."""
    gc.collect()
    kept = gc.mem_alloc()
    gc.disable()
    most = total = moved = 0
    while moved < PIECES * 4096:
        before = gc.mem_alloc()
        moved += step()
        taken = gc.mem_alloc() - before
        total += taken
        if taken > most:
            most = taken
    gc.enable()
    gc.collect()
    print(what, most, total * 4096 // moved, gc.mem_alloc() - kept)


def pictures(length):
    track = PictureTrack(Agent(length))
    track.start()
    track.open(1, 0)
    pump = track.pump
    for _ in range(32):
        pump(False)
    lost = track.segment.lost
    report(length, lambda: pump(False))
    assert track.segment.written > 10, track.segment.faults
    assert track.segment.lost == lost, track.segment.faults


def encoder():
    track = EncoderTrack(Agent(0))
    track.open(1, 0)
    steps = track.end(1000).seal_steps(1)
    next(steps)

    def step():
        next(steps)
        return 4096

    report("encoder", step)


def main():
    for length in LENGTHS:
        pictures(length)
    encoder()
    return 0


if __name__ == "__main__":
    sys.exit(main())
