"""A recorder's frames on any interpreter: equal to evidock_protocol.framing's, and what a MEDIA answer allocates.

    micropython answer_checks.py FOLDER           the vectors and random contents
    micropython answer_checks.py FOLDER measure   the heap that each chunk takes, and that stays
    micropython answer_checks.py FOLDER noise     the heap that noise on the line takes

`measure` prints "chunk content most mean retained": the heap's bytes at most and on average for one `Server.step()`,
and what stays of all of them. `noise` prints "kind per_kib retained". The ports here are lean: what a card or a line
takes for itself is not the agent's. Where "retained" cannot be told, as on the WebAssembly build, "later" can.
"""

# Ports with no more than is called here, and a gc that only MicroPython has.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false

import binascii
import gc
import json
import sys

from evidock_agent import answer_frame, cobs_plain
from evidock_agent import server as server_module
from evidock_agent.answer_frame import AnswerFrame
from evidock_agent.line import READ
from evidock_agent.line import Line as HostLine
from evidock_agent.moment import Moments
from evidock_agent.server import Server
from evidock_protocol import card, framing, messages, states, versions, wire

CHUNKS = (4096, 1024, 512)
TIMES = 40
FILE = 1 << 24


class Line:
    """A Link that takes `most` bytes at a time, and keeps what it took in `taken` when that is a list."""

    def __init__(self, taken=None, most=1 << 20):
        self.taken = taken
        self.most = most
        self.count = 0
        self.request = b""  # that comes in once
        self.noise = None  # 256 bytes that come in again and again

    def read(self, buffer):
        if self.request:
            count = len(self.request)
            buffer[:count] = self.request
            self.request = b""
            return count
        if self.noise is None:
            return 0
        buffer[:] = self.noise
        return len(buffer)

    rates = ()
    rate = 0

    def write(self, data):
        count = len(data) if len(data) < self.most else self.most
        self.count += count
        if self.taken is not None:
            self.taken.append(bytes(data[:count]))
        return count


class File:
    """An open file whose chunks are `content` in turn; or a leaf list that begins with its header's leaf."""

    def __init__(self, content):
        self.content = content
        self.turn = 0

    def read(self, count):
        return b"\x01" * count

    def readinto(self, buffer):
        buffer[:] = self.content[self.turn]
        self.turn = (self.turn + 1) % len(self.content)
        return len(buffer)

    def seek(self, offset):
        return offset

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        pass


class Card:
    """A Card that holds one segment."""

    def __init__(self, content):
        self.file = File(content)

    def open(self, path, mode):
        return self.file

    def size(self, path):
        return 32 * 300 if path.endswith(card.LEAVES) else FILE if path.endswith("WAV") else None


class Board:
    def __init__(self, link, cards):
        self.link = link
        self.card = cards

    def ticks_ms(self):
        return (1 << 30) - 5


class Agent:
    """What a Server needs of an agent to serve media."""

    card_identity = b"card"
    provisioned = True
    failed = None
    folder = "EVIDOCK/00000000"

    def __init__(self, link, content):
        self.board = Board(link, Card(content))
        self.moments = Moments(self.board)
        self.recorder = self

    def is_sealed(self, recording, number):
        return True


def noise(length, seed, without_zero=False):
    """Bytes that look random, the same on every interpreter."""
    state = seed * 2 + 1
    data = bytearray(length)
    for place in range(length):
        state = (state * 75 + 74) % 65537
        data[place] = 1 + (state >> 4) % 255 if without_zero else (state >> 4) & 255
    return data


def contents(length):
    """(name, chunks that take turns) of every kind that COBS treats otherwise."""
    random = [noise(length, seed) for seed in range(5)]
    return (
        ("zeros", [bytearray(length)]),
        ("no_zeros", [noise(length, 3, True)]),
        ("random", random),
        ("sound", [bytearray(byte if place & 1 else 0 for place, byte in enumerate(chunk)) for chunk in random]),
        ("mixed", [bytearray(length), noise(length, 6, True), noise(length, 8)]),
    )


def serving(agent):
    """A server as it is while a host talks."""
    return Server(agent, HostLine(agent))


def served(server, line, chunk, offset=0, number=1):
    server.transfer.add(number, 1, 1, offset, TIMES * chunk, chunk)


def measure():
    """One line for each length of chunk and kind of content, at one chunk a slice."""
    for chunk in CHUNKS:
        for name, content in contents(chunk):
            line = Line()
            server = serving(Agent(line, content))
            step = server.step
            served(server, line, chunk, 0, 200)
            step()
            gc.collect()
            kept = gc.mem_alloc()
            gc.disable()
            most = total = 0
            for _ in range(TIMES - 1):
                before = gc.mem_alloc()
                step()
                taken = gc.mem_alloc() - before
                total += taken
                if taken > most:
                    most = taken
            assert not server.transfer.busy()
            assert line.count > TIMES * chunk
            gc.enable()
            gc.collect()
            print(chunk, name, most, total // (TIMES - 1), gc.mem_alloc() - kept)


class Session:
    """A session in which everything is allowed."""

    state = states.PROVED

    def is_over(self, silence):
        return False


def requested():
    """One line for requests of 8 KiB, each from its bytes on the line to its place in the queue."""
    asked = {"recording": 1, "number": 1, "offset": 70000, "length": 8192, "chunk": 4096}
    frame = bytes(framing.FrameWriter(60).encode(wire.request(messages.MEDIA, 300, asked)))
    line = Line()
    server = serving(Agent(line, [bytearray(4096)]))
    server.session = Session()
    most = total = 0
    for count in range(24):
        line.request = frame
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        server.step()
        taken = gc.mem_alloc() - before
        gc.enable()
        assert server.transfer.busy()
        while server.transfer.busy():
            server.step()
        if count:  # the first one looks for the segment
            total += taken
            most = max(most, taken)
    print("request", "8_KiB", most, total // 23, 0)


_going_on = []  # what stays is measured by go_on(): a server, and the heap in use at each collection


def go_on():
    """For a build that collects between two calls alone: prints "later" and what stays of 200 answers."""
    if not _going_on:
        return False
    server, held = _going_on
    held.append(gc.mem_alloc())
    if len(held) == 4:
        print("later", held[3] - held[2])
        return False
    for _ in range(5):
        served(server, None, 4096)
        while server.transfer.busy():
            server.step()
    gc.collect()
    return True


def hostile():
    """One line for each kind of noise that a line may bring for ever."""
    torn = bytearray(framing.FrameWriter(60).encode(noise(60, 7)))
    torn[9] ^= 64
    for name, data in (
        ("overlong", b"\x55" * READ),
        ("zeros", bytes(READ)),
        ("short", b"\x03\x07\x01\x00" * (READ // 4)),
        ("random", bytes(noise(READ, 11))),
        ("frames", (bytes(torn) * READ)[:READ]),
    ):
        line = Line()
        server = serving(Agent(line, []))
        line.noise = data
        step = server.step
        for _ in range(20):
            step()
        gc.collect()
        kept = gc.mem_alloc()
        gc.disable()
        for _ in range(64):
            step()
        taken = (gc.mem_alloc() - kept) // (64 * READ // 1024)
        gc.enable()
        for _ in range(4096 - 64):
            step()
        gc.collect()
        print(name, taken, gc.mem_alloc() - kept)


def vectors(folder):
    """Number of frames.json's payloads that are framed otherwise, and of those that are not."""
    with open(folder + "/frames.json") as file:
        cases = json.load(file)["accepted"]
    wrong = 0
    for case in cases:
        payload = binascii.unhexlify(case["payload"])
        if len(payload) > versions.MAXIMUM_PAYLOAD:
            continue
        content = payload + binascii.crc32(payload).to_bytes(4, "little")
        for start in (1 + len(content) // 254, 30):
            for stuff in (answer_frame.stuff, cobs_plain.stuff):
                buffer = bytearray(b"\xaa" * start + content + b"\xaa")
                length = stuff(buffer, start, start + len(content))
                if bytes(buffer[:length]) != binascii.unhexlify(case["frame"]):
                    wrong += 1
    return len(cases), wrong


def answers():
    """As `vectors`, of MEDIA answers against the generic writer's; also of such as leave in pieces."""
    count = wrong = 0
    writer = framing.FrameWriter(versions.MAXIMUM_PAYLOAD)
    for chunk in (4096, 1024, 512, 64, 253, 254, 255, 300, 4095):
        for number, offset in ((1, 0), (23, 24), (300, 70000), (65535, 1 << 20), (1 << 31, 1)):
            for _name, content in contents(chunk):
                taken = []
                server = serving(Agent(Line(taken, 1000 if number == 300 else 5000), content))
                served(server, None, chunk, offset, number)
                while server.transfer.busy() or server._frame.waiting:
                    server.step()
                frames = b"".join(taken)
                expected = []
                for turn in range(TIMES):
                    values = {"index": turn, "data": bytes(content[turn % len(content)])}
                    expected.append(bytes(writer.encode(wire.answer(messages.MEDIA, number, values))))
                count += TIMES
                if frames != b"".join(expected):
                    wrong += 1
    frame = AnswerFrame()
    for size in (0, 5, 4096):
        taken = []
        frame.pack(wire.answer_items(messages.JOURNAL, 7, {"first": 1, "entries": bytes(size)}))
        frame.send(Line(taken))
        count += 1
        if taken[0] != writer.encode(wire.answer(messages.JOURNAL, 7, {"first": 1, "entries": bytes(size)})):
            wrong += 1
    return count, wrong


def main(folder, what=""):
    if what == "measure":
        server_module.BURST = 1
        measure()
        requested()
        _going_on[:] = [serving(Agent(Line(), contents(4096)[-1][1])), []]
        return 0
    if what == "noise":
        hostile()
        return 0
    print("machine code", answer_frame.stuff is not cobs_plain.stuff)
    framed, wrong = vectors(folder)
    answered, differing = answers()
    print(framed + answered, "frames,", wrong + differing, "disagree")
    return 1 if wrong or differing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
