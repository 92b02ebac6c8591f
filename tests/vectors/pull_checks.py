"""What a pull takes of a recorder's heap beyond a host that asks for nothing, on any interpreter.

    micropython pull_checks.py FOLDER

Prints "stage bytes" of live heap beyond a recorder whose answering code is loaded: `made`, what is made for media
alone; `server`, all that is made for a host; `small`, with two ranges of 8 KiB waiting; `full`, with as many as may
wait, of several segments and to the end of a large file, on a line that takes little; `middle` after a thousand chunks,
`again` after another thousand; `after`, when nobody asks any more. Then "step bytes": what one slice allocates at most,
of chunks or of a request. The ports are lean: what card and line take for themselves is not the agent's.
"""

# Ports with no more than is called here, and a gc that only MicroPython has.
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false, reportOptionalMemberAccess=false

import gc
import sys

from answer_checks import FILE, Agent, Line, Session, noise

from evidock_agent import answer_frame, transfer
from evidock_agent.line import Line as AgentLine
from evidock_agent.server import Server
from evidock_protocol import framing, messages, wire

CHUNK = 1024


def frame(number, segment, offset, length):
    """A MEDIA request as it comes on the line."""
    asked = {"recording": 1, "number": segment, "offset": offset, "length": length, "chunk": CHUNK}
    return bytes(framing.FrameWriter(60).encode(wire.request(messages.MEDIA, number, asked)))


class Pull:
    """A recorder, the requests that a host will send, and what was measured."""

    def __init__(self):
        self.line = Line()
        self.agent = Agent(self.line, [noise(CHUNK, 5)])
        self.small = [frame(60_000 + place, 1, place * 8192, 8192) for place in range(2)]
        self.many = [
            frame(60_100 + place, 1 + place % 3, place * 65536, FILE - place * 65536)
            for place in range(transfer.QUEUE - 2)
        ]
        self.server = None
        self.found = []
        self.most = 0
        self.stages = self.story()

    def story(self):
        """Yields the name of what is to be measured now, after a collection."""
        line = AgentLine(self.agent)  # its buffers are there from the start on
        yield "loaded"
        spare = transfer.Transfer(self.agent), bytearray(answer_frame.END)
        yield "made"
        del spare
        self.server = Server(self.agent, line)
        self.server.session = Session()
        yield "server"
        self.line.most = 300  # a frame leaves in pieces, and a request is taken between two
        self.ask(self.small)
        yield "small"
        self.ask(self.many)
        yield "full"
        for name in ("middle", "again"):
            self.line.most = 1 << 20
            sent = self.line.count
            while self.line.count - sent < 1000 * CHUNK:
                self.step()
            self.line.most = 300
            for _ in range(9):
                self.step()
            yield name
        self.server.transfer.clear()
        self.line.most = 1 << 20
        self.step()
        yield "after"

    def ask(self, frames):
        for one in frames:
            self.line.request = one
            while self.line.request or self.server._line.waiting:
                self.step()
        for _ in range(3):
            self.step()

    def step(self):
        gc.disable()
        before = gc.mem_alloc()
        self.server.step()
        taken = gc.mem_alloc() - before
        gc.enable()
        self.most = max(self.most, taken)


_pull = None


def main(_folder):
    global _pull
    assert transfer.QUEUE == 32
    _pull = Pull()
    return 0


def go_on():
    """Measures what is live of the stage before, now that it was collected, and goes on to the next."""
    found = _pull.found
    if found:
        found[-1][1] = gc.mem_alloc()
    gc.collect()
    for name in _pull.stages:
        found.append([name, 0])
        gc.collect()  # the WebAssembly build does so once this has returned
        return True
    for name, live in found[1:]:
        print(name, live - found[0][1])
    print("step", _pull.most)
    return False


if __name__ == "__main__":
    main(*sys.argv[1:])
    while go_on():
        pass
