"""A short shift and a docking on MicroPython, and what they take of the heap: what bench_memory.py runs there.

    micropython memory_shift.py IMAGE CARD TESTS

`begin` prepares and each `advance` is one step, so that the WebAssembly build, which collects garbage only between two
calls from JavaScript, gets to collect before each measurement. Prints `ROW name bytes` and `MODULES stage name...`.
"""

# MicroPython only: no contextlib, other modules under the same names.
# ruff: noqa: SIM105, SIM115
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false, reportOptionalMemberAccess=false
# pyright: reportOptionalIterable=false

import gc
import os
import sys

EIO, ENODEV, ENOENT, ENOSPC = 5, 19, 2, 28
CHUNK = 4096


def used():
    """Bytes in use; what lies about is collected first, where this build can."""
    gc.collect()
    return gc.mem_alloc()


class PlainCard:
    """The Card port over a folder, without a file system of its own: its memory is not the recorder's."""

    def __init__(self, path):
        self._path = path

    def mount(self):
        return True

    def unmount(self):
        pass

    def present(self):
        return True

    def space(self):
        return 100_000, 127_000

    def open(self, path, mode):
        if mode == "wb" and self.size(path) is None:
            open(self._place(path), "wb").close()
        return open(self._place(path), mode)

    def size(self, path):
        try:
            return os.stat(self._place(path))[6]
        except OSError:
            return None

    def names(self, folder):
        try:
            return os.listdir(self._place(folder))
        except OSError:
            return []

    def make_folder(self, path):
        try:
            os.mkdir(self._place(path))
        except OSError:
            pass

    def remove(self, path):
        if self.size(path) is not None:
            os.remove(self._place(path))

    def rename(self, old, new):
        os.rename(self._place(old), self._place(new))

    def power_lost(self):
        pass

    def _place(self, path):
        return self._path + "/" + path


class Meter:
    """What is in use beyond the hardware's code and the start, and which modules are loaded."""

    def __init__(self):
        self.base = 0
        self.live = 0

    def look(self):
        self.live = max(self.live, used() - self.base)

    def row(self, name, value):
        print("ROW", name, value)

    def modules(self, stage):
        ours = [name for name in sys.modules if name.startswith(("evidock_agent", "evidock_protocol"))]
        print("MODULES", stage, " ".join(sorted(ours)))


def story(image, card, tests):
    """Everything in order; yields after each step, and before each figure that wants a collection."""
    gc.threshold(16384)  # as the recorder's own process does
    meter = Meter()
    meter.base = used()
    yield
    meter.base = used()
    from evidock_agent.agent import Agent

    yield
    loaded = used() - meter.base
    meter.row("loaded", loaded)
    meter.modules("loaded")
    from evidock_simulator.virtual import keeping, sources, world
    from evidock_simulator.virtual.board import Parts
    from evidock_simulator.virtual.clock import Clock
    from evidock_simulator.virtual.links import MemoryLink
    from evidock_simulator.virtual.slot import Slot

    state = keeping.load(image + ".world")
    clock, slot, link = Clock(state["time"], state["wall"]), Slot(), MemoryLink()
    sound, pictures, clip = sources.open_all(state)
    flash = open(image, "r+b", 0)
    parts = Parts(flash, lambda supply: PlainCard(card), link, sound, clock, bytes(32), pictures, clip)
    shift = world.World(state, parts, slot, lambda state: None, Agent)
    yield
    meter.base += used() - meter.base - loaded  # the hardware and its code
    shift.power_on(1)
    for _ in range(20):
        shift.pass_time(shift.step())
        yield
    meter.row("after start", used() - meter.base)
    meter.modules("start")
    sys.path.insert(1, tests + "/simulator")
    before = used()
    ours = set(sys.modules)
    from simulated_host import HOST, Host, certificate, sign

    host = Host(None)
    ask = Asking(host, link, shift)
    for name in list(sys.modules):  # the host's own: the recorder loads what it needs, when it does
        if name not in ours and name.startswith(("evidock_agent", "evidock_protocol")):
            del sys.modules[name]
    yield
    meter.base += used() - before
    for _ in host_provisions(ask, certificate):
        yield
    meter.look()
    meter.row("provisioning, at most", meter.live)
    meter.modules("provisioning")
    for _ in range(40_000):  # until what answers has been let go
        if shift.agent.line.server is None:
            break
        shift.pass_time(shift.step())
    yield
    meter.row("line quiet again", used() - meter.base)
    meter.modules("quiet")
    meter.live = steps = 0
    while shift.phase() != "docked" or not shift.settled():
        shift.pass_time(shift.step())
        steps += 1
        if steps % 8 == 0:
            yield
            meter.look()
    meter.row("shift, live at most", meter.live)
    meter.modules("shift")
    meter.live = 0
    for _ in docks(ask, certificate, sign, HOST):
        yield
        meter.look()
    meter.row("docking, live at most", meter.live)
    meter.modules("docking")
    print("DONE", shift.agent.journal.size, shift.agent.failed)


class Asking:
    """The host's end, in steps: `ask` is a generator that leaves its answer in `fields`."""

    def __init__(self, host, link, shift):
        from evidock_protocol import messages, wire

        self.host, self.link, self.shift, self.wire, self.messages = host, link, shift, wire, messages
        self.fields = {}

    def ask(self, kind, values):
        host, link, shift = self.host, self.link, self.shift
        host._number += 1
        link.to_recorder += bytes(host._writer.encode(self.wire.request(kind, host._number, values)))
        for _ in range(200_000):
            shift.pass_time(shift.step())
            yield
            if link.to_host:
                data, link.to_host = bytes(link.to_host), bytearray()
                for payload in host._reader.feed(data):
                    self.fields = self.wire.parse_answer(payload)[2]
                    return
        raise OSError(110)


def host_provisions(ask, certificate):
    from evidock_agent.crypto import ed25519

    messages = ask.messages
    values = {
        "organisation": ed25519.public_key(b"O" * 32), "successor": bytes(32), "serial": "1", "asset": "1",
        "certificate": certificate(), "time": None,
    }  # fmt: skip
    for _ in ask.ask(messages.PROVISION, values):
        yield


def docks(ask, certificate, sign, seed):
    """A whole session: open, prove, journal, one segment's leaves and media, close."""
    from evidock_protocol import codes, entry, statements

    messages = ask.messages
    for _ in ask.ask(messages.OPEN, {"certificate": certificate(), "host_nonce": b"n" * 16}):
        yield
    _sealed, session = entry.parse_statement(ask.fields["challenge"], statements.TYP_CHALLENGE)
    values = dict(session)
    values.update({"party": codes.PARTY_HOST, "time": 1_800_000_000_000, "custody": None})
    values.pop("format", None)
    for _ in ask.ask(messages.PROVE, {"challenge": sign(seed, statements.TYP_CHALLENGE, values)}):
        yield
    head = entry.parse_statement(ask.fields["head"], statements.TYP_HEAD)[1]
    print("HEAD", head["size"])
    for _ in ask.ask(messages.JOURNAL, {"first": 0, "limit": CHUNK}):
        yield
    for _ in ask.ask(messages.LEAVES, {"recording": 1, "number": 1, "first": 0, "count": 16}):
        yield
    for offset in range(0, 16 * CHUNK, CHUNK):
        values = {"recording": 1, "number": 1, "offset": offset, "length": CHUNK, "chunk": CHUNK}
        for _ in ask.ask(messages.MEDIA, values):
            yield
    for _ in ask.ask(messages.CLOSE, {}):
        yield


_story = None


def begin(image, card, tests):
    global _story
    _story = story(image, card, tests)


def advance():
    """One step; False at the end."""
    for _ in _story:
        gc.collect()
        return True
    return False


if __name__ == "__main__":
    begin(*sys.argv[1:])
    while advance():
        pass
