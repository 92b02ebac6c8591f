"""A recording on MicroPython, and what it writes and erases: what bench_wear.py and a test run there.

    micropython wear_shift.py IMAGE CARD TESTS MINUTES HOST

HOST is `idle` (nobody on the line) or `syncing` (a host is in a session and pulls media at 115,200 baud). Prints one
line of JSON.
"""

# MicroPython only: other modules under the same names.
# ruff: noqa: SIM115, UP031
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false, reportOptionalMemberAccess=false

import gc
import json
import sys

from evidock_agent import signals
from evidock_agent.agent import Agent
from evidock_simulator.virtual import keeping, sources, world
from evidock_simulator.virtual.board import Parts
from evidock_simulator.virtual.card_fat import FatCard
from evidock_simulator.virtual.clock import Clock
from evidock_simulator.virtual.links import MemoryLink
from evidock_simulator.virtual.slot import Slot

SECTOR = 4096
BLOCK = 512
SETTLE_MS = 120_000
CHUNK = 1024
CHUNK_MS = 90  # what a chunk takes on the line


class Counted:
    """A file whose writes are counted: how many, how many bytes, how many to a place that was written before."""

    def __init__(self, file, split):
        self._file = file
        self._split = split  # bytes of what may be written again
        self._at = 0
        self._seen = set()
        self.forget()
        self.readinto = file.readinto

    def forget(self):
        """Begins anew."""
        self.calls = self.bytes = self.again = self.erased = self.erased_capturing = 0
        self._seen = set()

    def seek(self, offset, whence=0):
        self._at = self._file.seek(offset, whence)
        return self._at

    def write(self, data):
        self.calls += 1
        self.bytes += len(data)
        if len(data) == SECTOR and self._split == SECTOR:
            self.erased += 1
            self.erased_capturing += capturing()
        if self._split == BLOCK:
            for number in range(self._at // BLOCK, (self._at + len(data)) // BLOCK):
                if number in self._seen:
                    self.again += 1
                self._seen.add(number)
        return self._file.write(data)


def capturing():
    agent = shift.agent
    return agent is not None and agent.recorder.capturing


class Card(FatCard):
    """The card over a counted file."""

    def __init__(self, path, slot, supply, clock):
        super().__init__(path, slot, supply, clock)
        cards.append(Counted(open(path, "r+b", 0), BLOCK))
        self._file = cards[-1]
        self._opened = path  # so that mounting does not open the image itself


class Line:
    """The host's end in memory."""

    def write(self, data):
        link.to_recorder += data

    def read(self, seconds):
        end = clock.now + 1000 * seconds
        while not link.to_host and clock.now < end:
            shift.pass_time(shift.step())
        data, link.to_host = bytes(link.to_host), bytearray()
        return data


def until(moment, ask):
    """Runs until a simulated moment; a host asks whenever it has its answer."""
    while clock.now < moment:
        if ask is not None:
            ask()
        shift.pass_time(min(shift.step(), moment - clock.now))


def settle():
    """Until idle."""
    until(clock.now + SETTLE_MS, None)


def asking(host, what):
    """What the host does whenever it is asked to: nothing, or one question with its answer."""
    from simulated_host import HOST, certificate, sign

    from evidock_protocol import entry, messages, statements

    if what == "idle":
        return None
    answer = host.ask(messages.OPEN, {"certificate": certificate(), "host_nonce": b"n" * 16})
    _sealed, values = entry.parse_statement(answer["challenge"], statements.TYP_CHALLENGE)
    values.update({"party": 2, "time": 1_800_000_000_000, "custody": None})
    values.pop("format", None)
    host.ask(messages.PROVE, {"challenge": sign(HOST, statements.TYP_CHALLENGE, values)})
    place, due = [0], [0]

    def pull():
        # The first segment of the recording before, over and over.
        if clock.now < due[0]:
            return
        due[0] = clock.now + CHUNK_MS
        asked = {"recording": 1, "number": 1, "offset": place[0], "length": CHUNK, "chunk": CHUNK}
        place[0] = (place[0] + CHUNK) % 65536
        host.ask(messages.MEDIA, asked)

    return pull


gc.threshold(65536)
sys.path.insert(1, sys.argv[3])
from simulated_host import Host  # noqa: E402

minutes, what = int(sys.argv[4]), sys.argv[5]
state = keeping.load(sys.argv[1] + ".world")
state["over"], state["began"] = True, 0  # no events of its own
clock, slot, link = Clock(state["time"], state["wall"]), Slot(), MemoryLink()
cards = []
flash = Counted(open(sys.argv[1], "r+b", 0), SECTOR)
sound, pictures, clip = sources.open_all(state)
parts = Parts(
    flash, lambda supply: Card(sys.argv[2], slot, supply, clock), link, sound, clock, bytes(32), pictures, clip
)
shift = world.World(state, parts, slot, lambda state: None, Agent)
shift.power_on(1)
line = Line()
Host(line).provision()
settle()
agent, board = shift.agent, shift.board
# A short recording first, for a host to pull.
for _press in range(2):
    board.buttons.press(signals.BUTTON_RECORD)
    until(clock.now + 10_000, None)
settle()
ask = asking(Host(line), what)
# From here on: one recording, and what follows it until all is idle.
flash.forget()
cards[-1].forget()
folder = agent.folder + "/R%07d" % (agent.recorder.number + 1)
board.buttons.press(signals.BUTTON_RECORD)
until(clock.now + minutes * 60_000, ask)
gc.collect()
recording = agent.recording
board.buttons.press(signals.BUTTON_RECORD)
until(clock.now + 5_000, None)
settle()
media = beside = 0
for name in board.card.names(folder):
    size = board.card.size(folder + "/" + name)
    if name.endswith((".WAV", ".AVI", ".MP4")):
        media += size
    else:
        beside += size
card = cards[-1]
print(
    json.dumps(
        {
            "recording": recording, "failed": agent.failed, "media": media, "beside": beside, "written": card.bytes,
            "again": card.again * BLOCK, "calls": card.calls, "erased": flash.erased,
            "erased_capturing": flash.erased_capturing, "programs": flash.calls - flash.erased,
            "minutes": minutes, "entries": agent.journal.size,
        }
    )
)  # fmt: skip
