"""Boot: finds the chain's newest durable state, says how the recorder came up, and hands an open recording to recovery.

Specification: "Boot recovery". Every boot of a provisioned recorder writes BOOT; CLOCK, MEDIUM, JOURNAL and CHECK
follow as needed. Loaded on demand: nothing of it is needed once the recorder is up.
"""

from evidock_agent import check, medium, telemetry
from evidock_protocol import cbor, codes, entry, flash, kinds, private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports
    from evidock_agent.agent import Agent

_GIVING_UP = (
    codes.CAPTURE_NO_START,
    codes.CAPTURE_LEFT_OPEN,
    codes.CAPTURE_FILE_GONE,
    codes.CAPTURE_CHANGED_WHILE_HASHED,
    codes.CAPTURE_EMPTY_FILE,
    codes.CAPTURE_TOO_LONG,
)


class OpenRecording:
    """A recording that the journal leaves open: where it started and how far it is sealed."""

    def __init__(self, start: entry.Entry):
        self.sequence = start.sequence
        self.hash = start.hash
        self.recording: int = start.body["recording"]
        self.card = start.body["card"]
        self.boot = start.boot
        self.start = start.ticks
        self.segments = 0  # SEGMENT entries
        self.number = 0  # of the newest of them
        self.reached = 0  # the highest number that was told of before power went
        self.passed: set[int] = set()  # numbers that were given up
        self.silent: set[int] = set()  # those of the tracks that never started
        self.told: list[tuple[int, int, list[int]]] = []  # FAULTs after power went: (what, segment, values)
        self.recovered: list[dict] = []  # SEGMENTs of a recovery that was cut itself
        self.ticks: dict[int, int] = {}  # last tick of each track
        self.interrupted = False  # INTERRUPT is there already, STOP is not


class Scan:
    """What one pass over the journal ring shows."""

    def __init__(self):
        self.open: OpenRecording | None = None
        self.recordings = 0
        self.card: bytes | None = None
        self.wall_state = codes.WALL_UNSET
        self.missing: list[tuple[int, int]] = []
        self.told: list[tuple[int, int]] = []  # sequences that JOURNAL entries already name
        self.receipts: list[int] = []  # sequences of entries that hold one

    def follow(self, agent: "Agent", parsed: entry.Entry) -> None:
        """Takes one entry, oldest first."""
        body = parsed.body
        self.wall_state = parsed.wall_state
        if parsed.kind == kinds.START:
            self.open = OpenRecording(parsed)
        elif parsed.kind == kinds.SEGMENT:
            if self.open is not None:
                self._follow_segment(self.open, parsed)
            agent.backlog.add(body["length"])
        elif parsed.kind == kinds.FAULT:
            if self.open is not None and body["recording"] == self.open.recording:
                self._follow_fault(self.open, parsed)
        elif parsed.kind == kinds.INTERRUPT:
            if self.open is not None:
                self.open.interrupted = True
        elif parsed.kind == kinds.STOP:
            self.open = None
        elif parsed.kind == kinds.BOOT:
            self.card = body["card"]
        elif parsed.kind == kinds.MEDIUM:
            self.card = body["new"]
        elif parsed.kind == kinds.JOURNAL:
            self.told.append((body["first"], body["last"]))
        elif parsed.kind == kinds.HOST and body["event"] == codes.HOST_RECEIPTED:
            self.receipts.append(parsed.sequence)
        elif parsed.kind in (kinds.GENESIS, kinds.EPOCH):
            agent.remember_key(body["public_key"])
            if parsed.kind == kinds.EPOCH and body["reason"] == codes.EPOCH_STOP:
                self.open = None  # its STOP may be what flash lost
        if "recording" in body:  # START may be what flash lost
            self.recordings = max(self.recordings, body.get("recording") or 0)

    def is_told(self, missing: tuple[int, int]) -> bool:
        """Whether a JOURNAL entry names all of these sequences."""
        return any(first <= missing[0] and missing[1] <= last for first, last in self.told)

    def _follow_segment(self, left: OpenRecording, parsed: entry.Entry) -> None:
        body = parsed.body
        left.segments += 1
        left.number = body["number"]
        left.ticks[body["track"]] = body["last_tick"]
        if body["attested"] == codes.ATTESTED_RECOVERED:
            left.recovered.append(body)
        else:
            left.reached = max(left.reached, left.number)

    def _follow_fault(self, left: OpenRecording, parsed: entry.Entry) -> None:
        number = parsed.body["segment"]
        if parsed.boot != left.boot:
            left.told.append((parsed.body["what"], number, parsed.body["values"]))
        if not gives_up(parsed.body):
            return
        left.passed.add(number)
        if parsed.boot == left.boot:
            left.reached = max(left.reached, number)
        if parsed.body["values"][:1] == [codes.CAPTURE_NO_START]:
            left.silent.add(number)


def gives_up(fault: dict) -> bool:
    """Whether a FAULT stands in the place of its segment: others say what was wrong with one that is sealed."""
    values = fault["values"]
    if fault["what"] != codes.FAULT_CAPTURE:
        return fault["what"] == codes.FAULT_STORAGE
    return bool(values) and values[0] in _GIVING_UP


def come_up(agent: "Agent"):
    """Generator: a boot, from reading flash to the pre-use check; a blank recorder waits for provisioning."""
    raw = read_identity(agent.board.identity_flash)
    if raw:
        agent.provisioned = True
        agent.genesis = entry.parse(raw)
        agent.remember_key(agent.genesis.body["public_key"])
    scan = yield from read_journal(agent)
    journal = agent.journal
    if raw is None and journal.size < 2:  # blank, or power went before provisioning was through
        agent.ready = True
        agent.show_state()
        return
    agent.provisioned = True  # also when flash rotted: a journal is never given away for a new identity
    if not raw and journal.size and not journal.first:
        raw = journal.raw(0)
    if not raw:
        agent.fail("the identity is damaged")
        return
    agent.genesis = entry.parse(raw)
    journal.device = agent.genesis.device
    anchor = agent.anchors.newest
    if anchor is not None and anchor[0] >= journal.size:
        # Its newest entries are gone. Their numbers must not be given twice, and their hashes are not known.
        agent.fail("the journal lost entries from %d on" % journal.size)
        return
    has_key = yield from journal.use_live_key()
    if not has_key:
        agent.fail("no key for epoch %d" % journal.epoch)
        return
    journal.boot += 1
    yield from begin(agent, scan)


def begin(agent: "Agent", scan: "Scan"):
    """Generator: the card, erasing ahead, BOOT and its companions; also after provisioning."""
    agent.ready = True
    agent.tidying.card_seen = agent.board.card.present()
    agent.card_identity = yield from medium.attach(agent)
    for sequence in scan.receipts:
        yield from agent.backlog.discount_steps(agent, entry.parse(agent.journal.raw(sequence)).body["statement"])
        yield
    agent.recorder.number = max(scan.recordings, agent.anchors.recordings) or newest_recording(agent)
    while (yield from agent.tidying.make_ready()):
        yield
    yield from write_boot(agent, scan)
    yield from agent.tidying.renew_key()
    agent.show_state()


def read_identity(region: "ports.Flash") -> bytes | None:
    """The GENESIS entry's bytes from the identity sector; b"" when they are damaged, None without its head."""
    head = bytearray(flash.HEAD + flash.RECORD_HEAD)
    region.read_into(0, memoryview(head))
    if flash.parse_head(bytes(head[: flash.HEAD]), flash.MAGIC_IDENTITY) is None:
        return None
    kind, length, _check = flash.parse_record_head(head[flash.HEAD :])
    if kind != flash.RECORD_ENTRY or length > flash.SECTOR - len(head):
        return b""
    data = bytearray(length)
    region.read_into(len(head), memoryview(data))
    return bytes(data) if flash.record_is_whole(head[flash.HEAD :], data) else b""


def read_journal(agent: "Agent"):
    """Generator: reads the ring into the journal's state, a record a slice, and returns the Scan."""
    journal = agent.journal
    scan = Scan()
    for address, kind, data in journal.ring.scan():
        yield
        if kind == flash.RECORD_PRIVATE:
            sequence, _openings = private.parse_record(cbor.decode(data))
            journal.take_opening(address, sequence)
            continue
        parsed = entry.parse(data)
        if journal.size and parsed.sequence != journal.size:
            scan.missing.append((journal.size, parsed.sequence - 1))
        journal.take(address, parsed)
        scan.follow(agent, parsed)
    return scan


def newest_recording(agent: "Agent") -> int:
    """The highest number of a recording on the card, 0 without: for a journal whose last START has left the ring.

    Each recording took an entry at least: a higher number is somebody's folder, and might leave no number after it.
    """
    newest = 0
    try:
        for name in agent.board.card.names(agent.folder) if agent.card_identity is not None else ():
            if len(name) == 8 and name[0] == "R" and name[1:].isdigit() and int(name[1:]) <= agent.journal.size:
                newest = max(newest, int(name[1:]))
    except OSError:  # the card was pulled just now
        return newest
    return newest


def write_boot(agent: "Agent", scan: Scan):
    """Generator: BOOT and what else this boot has to state, then recovery, then the pre-use check."""
    journal = agent.journal
    board = agent.board
    now = telemetry.read(agent)
    anchor = agent.anchors.newest
    if scan.open is None or anchor is None or anchor[0] != scan.open.sequence:
        anchor = None
    body = {
        "reset": board.reset_cause,
        "firmware": board.firmware,
        "counter": board.boot_counter,
        "battery": now["battery"],
        "millivolts": now["millivolts"],
        "storage_free": now["storage_free"],
        "card": agent.card_identity,
        "anchor": anchor,
        "temperature": now["temperature"],
    }
    yield from journal.append(kinds.BOOT, body)
    wall = agent.moments.wall()
    if wall[0] == codes.WALL_UNSET and scan.wall_state != codes.WALL_UNSET:
        body = {"old": [codes.WALL_UNSET, 0], "new": [codes.WALL_UNSET, 0], "source": codes.CLOCK_LOST, "order": None}
        yield from journal.append(kinds.CLOCK, body)
    for missing in scan.missing:
        if not scan.is_told(missing):
            yield from write_journal(agent, missing, codes.PLACE_RING)
    if agent.card_identity != scan.card:
        yield from medium.write_medium(agent, scan.card)
    gap = agent.mirror.gap
    if agent.mirror.usable and gap is not None and not scan.is_told(gap):
        yield from write_journal(agent, gap, codes.PLACE_CARD)
    if scan.open is not None:
        from evidock_agent import recovery

        yield from recovery.recover(agent, scan.open)
    yield from journal.append(kinds.CHECK, {"items": check.items(agent), "trigger": codes.CHECK_AT_POWER_ON})
    yield from agent.mirror.catch_up(journal)


def write_journal(agent: "Agent", missing: tuple[int, int], place: int):
    """Generator: JOURNAL, which names the sequences that are missing, from first to last."""
    yield from agent.journal.append(kinds.JOURNAL, {"first": missing[0], "last": missing[1], "place": place})
