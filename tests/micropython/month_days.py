"""Days of a recorder that records until its card is full, is docked, emptied, and records again: for test_month.py.

    micropython month_days.py IMAGE CARD TESTS DAYS

CARD.empty is an image of an empty card.

It stays on all the time. The card is emptied as a host with receipts may do it, and every other day another, empty one
is put in. Prints, for each day at the same point, bytes in use after a collection, and what the journal then holds.
"""

# MicroPython only: other modules under the same names.
# ruff: noqa: SIM115, UP031
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false, reportOptionalMemberAccess=false

import gc
import json
import sys

from evidock_agent import signals
from evidock_agent.agent import Agent
from evidock_simulator.virtual import card_fat, keeping, sources, world
from evidock_simulator.virtual.board import Parts
from evidock_simulator.virtual.card_fat import FatCard
from evidock_simulator.virtual.clock import Clock
from evidock_simulator.virtual.links import MemoryLink
from evidock_simulator.virtual.slot import Slot

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
TABLES = 1200 * 512  # bytes at the beginning of a card of 34 MiB: both tables and the root folder
SETTLE_MS = 60_000


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


def until(moment):
    while clock.now < moment:
        shift.pass_time(min(shift.step(), moment - clock.now))


def sleep(milliseconds):
    """Time goes by in which nothing happens: the recorder looks about once an hour, and then for a while."""
    end = clock.now + milliseconds
    while clock.now + HOUR_MS < end:
        clock.now += HOUR_MS
        until(clock.now + 200)
    until(clock.now + SETTLE_MS)


def record_until_full():
    """Records until the recorder stops by itself; how many segments that made."""
    shift.board.buttons.press(signals.BUTTON_RECORD)
    until(clock.now + 2000)
    agent = shift.agent
    assert agent.recording, agent.failed
    while agent.recording:
        until(clock.now + 1000)
    until(clock.now + SETTLE_MS)
    folder = agent.folder + "/R%07d" % agent.recorder.number
    return folder, [name for name in shift.board.card.names(folder) if name.endswith(".WAV")]


def dock(segments):
    """A docking: the first head, all of the journal that is new, receipts, the second head."""
    from simulated_host import HOST, Host, certificate, sign

    from evidock_protocol import entry, messages, statements

    shift.state["docked"] = True
    host = Host(Line())
    host.hello()
    answer = host.ask(messages.OPEN, {"certificate": certificate(), "host_nonce": b"n" * 16})
    _sealed, session = entry.parse_statement(answer["challenge"], statements.TYP_CHALLENGE)
    values = dict(session)
    values.update({"party": 2, "time": 1_800_000_000_000, "custody": None})
    values.pop("format", None)
    answer = host.ask(messages.PROVE, {"challenge": sign(HOST, statements.TYP_CHALLENGE, values)})
    head = entry.parse_statement(answer["head"], statements.TYP_HEAD)[1]
    host.ask(messages.JOURNAL, {"first": max(shift.agent.journal.first, head["size"] - 10), "limit": 4096})
    number = shift.agent.recorder.number
    values = {name: session[name] for name in ("device", "host", "session")}
    values.update({"size": head["size"], "newest": head["newest"], "root": head["root"], "time": 1_800_000_000_000})
    values["segments"] = [[number, at + 1, bytes(32)] for at in range(len(segments))]
    host.ask(messages.RECEIPT, {"receipt": sign(HOST, statements.TYP_RECEIPT, values)})
    host.ask(messages.CLOSE, {})
    until(clock.now + SETTLE_MS)


def empty(folder, day):
    """Makes room in the dock: the files are removed, or an empty card is put in. Then the recorder is taken out."""
    if day % 2:
        for name in shift.board.card.names(folder):
            shift.board.card.remove(folder + "/" + name)
    else:
        slot.remove()
        until(clock.now + 5000)
        with open(sys.argv[2], "r+b") as image, open(sys.argv[2] + ".empty", "rb") as blank:
            for _ in range(TABLES // 4096):
                image.write(blank.read(4096))
        slot.insert()
    until(clock.now + SETTLE_MS)
    shift.state["docked"] = False


sys.path.insert(1, sys.argv[3])
gc.threshold(16384)  # as the recorder's own process does
state = keeping.load(sys.argv[1] + ".world")
state["over"], state["began"] = True, 0  # no events of its own
clock, slot, link = Clock(state["time"], state["wall"]), Slot(), MemoryLink()
sound, pictures, clip = sources.open_all(state)
parts = Parts(
    open(sys.argv[1], "r+b", 0), lambda supply: FatCard(sys.argv[2], slot, supply, clock), link, sound, clock,
    bytes(32), pictures, clip,
)  # fmt: skip
shift = world.World(state, parts, slot, lambda state: None, Agent)
shift.power_on(1)
from simulated_host import Host  # noqa: E402

Host(Line()).provision()
until(clock.now + SETTLE_MS)
for day in range(int(sys.argv[4])):
    began = clock.now
    folder, segments = record_until_full()
    dock(segments)
    empty(folder, day)
    sleep(began + DAY_MS - clock.now)
    agent = shift.agent
    gc.collect()
    del card_fat._mountings[:-1]  # the simulator's own: cards that were pulled long ago
    gc.collect()
    print(
        json.dumps(
            {
                "day": day, "memory": gc.mem_alloc(), "entries": agent.journal.size, "held": agent.journal.size -
                agent.journal.first, "segments": len(segments), "failed": agent.failed, "boots": shift.state["boots"],
                "card": agent.card_identity is not None, "recording": agent.recorder.number,
            }
        )
    )  # fmt: skip
