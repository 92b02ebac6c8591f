"""Boot: finds the chain's newest durable state, says how the recorder came up, and hands an open recording to recovery.

Specification: "Boot recovery". Every boot of a provisioned recorder writes BOOT and what else there is to say, then a
recording goes on by itself if it may, and the pre-use check comes last. Loaded on demand: nothing of it is needed once
the recorder is up.
"""

from evidock_agent import on_demand
from evidock_agent.journal import EPOCH_CEILING, HOLE, JournalFull
from evidock_agent.rings import RingFull
from evidock_agent.scan import Scan
from evidock_protocol import cbor, codes, entry, flash, private, steps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports
    from evidock_agent.agent import Agent
    from evidock_agent.scan import OpenRecording

_MENDING = ("evidock_agent.mending",)
_STATING = ("evidock_agent.medium", "evidock_agent.statements_of_boot") + on_demand.CONFIGURATION


def come_up(agent: "Agent"):
    """Generator: a boot, from reading flash to the pre-use check; a blank recorder waits for provisioning."""
    found, raw = read_identity(agent.board.identity_flash)
    if found == steps.WIPED:  # power went while it was provisioned anew: what the rings have counts no more
        _stay_blank(agent)
        return
    if raw:
        agent.provisioned = True
        agent.genesis = entry.parse(raw)
        agent.remember_key(agent.genesis.body["public_key"])
    scan = yield from read_flash(agent, raw)
    journal = agent.journal
    does = steps.AT_BOOT[found][min(journal.size, steps.MORE)]
    if does == steps.STAYS_BLANK:  # or power went before provisioning was through
        _stay_blank(agent)
        return
    agent.provisioned = True  # also when flash rotted: a journal is never given away for a new identity
    if does == steps.TAKES_RING and not journal.first:
        raw = journal.raw(0)
    if not raw:
        agent.fail("the identity is damaged")
        return
    agent.genesis = entry.parse(raw)
    journal.trusted.begin(agent.genesis)
    journal.device = agent.genesis.device
    lost = journal.ring.lost
    if lost:
        journal.trusted.is_reset = False
    anchor = agent.anchors.newest
    if anchor is not None and anchor[0] >= journal.size + lost:
        # Its newest entries are gone. Their numbers must not be given twice, and nothing tells how many they were.
        agent.fail("the journal lost entries from %d on" % journal.size)
        return
    if lost:
        scan.note_missing((journal.size, journal.size + lost - 1), journal.size)
        for _ in range(lost):
            journal.lose_newest()
    has_key = yield from journal.use_live_key()
    if not has_key and lost:
        has_key = yield from journal.use_live_key(lost_epoch=True)
    if not has_key:
        agent.fail("no key for epoch %d" % journal.epoch)
        return
    agent.remember_key(journal.signer.public)
    if journal.size - journal.epoch_since >= EPOCH_CEILING and not lost:
        yield from _owed_epoch(agent)
    journal.boot += 2 if lost else 1  # a BOOT may be among what is lost
    yield from begin(agent, scan)


def _stay_blank(agent: "Agent") -> None:
    agent.keys.wipe_all_but(-1)
    agent.ready = True
    agent.show_state()


def _owed_epoch(agent: "Agent"):
    """Generator: the EPOCH that a boot before owes. It stands before BOOT, at the moment of the entry before it.

    So a loop of boots, however short each is, does not fill the ring with an epoch that it cannot let go of.
    """
    journal = agent.journal
    raw = journal.raw(journal.size - 1)
    if not raw:
        return
    while agent.keys.erase_ahead():
        yield
    newest = entry.parse(raw)
    try:
        yield from journal.change_epoch(codes.EPOCH_ENTRIES, (newest.ticks, (newest.wall_state, newest.wall_ms)))
    except RingFull:
        return  # there is no room for BOOT either, and that says so
    agent.remember_key(journal.signer.public)


def begin(agent: "Agent", scan: "Scan"):
    """Generator: the card, erasing ahead, BOOT and its companions; also after provisioning."""
    agent.ready = True
    yield from _state(agent, scan)
    on_demand.let_go(_STATING)
    if scan.open is not None:
        yield from _recover(agent, scan.open)
    agent.is_up = True
    yield from _if_room(agent, _go_on(agent, scan))
    yield from _if_room(agent, _check(agent))
    yield from agent.mirror.catch_up(agent.journal)
    if scan.had_back:  # so that the tree does not hang on what only the card has
        yield from agent.journal.change_epoch(codes.EPOCH_ENTRIES)
    yield from agent.tidying.renew_key()
    agent.show_state()


# What each of these imports is let go of before the next one, and what captures is not there yet: a boot that recovers
# is where memory is shortest.


def _take_up_card(agent: "Agent"):
    from evidock_agent import medium

    agent.card_identity = yield from medium.attach(agent)


def _state(agent: "Agent", scan: "Scan"):
    agent.tidying.card_seen = agent.board.card.present()
    yield from _take_up_card(agent)
    from evidock_agent import configuration, statements_of_boot

    agent.settings, nonsense = configuration.read(agent.board)
    yield from agent.backlog.count_steps(agent.journal)
    recordings = max(scan.recordings, agent.anchors.recordings)
    agent.recorder.number = (recordings or newest_recording(agent)) + scan.unknown
    while (yield from agent.tidying.make_ready()):
        yield
    yield from statements_of_boot.write(agent, scan, nonsense)


def _recover(agent: "Agent", left: "OpenRecording"):
    brought: list[str] = []
    if agent.board.camera is not None:
        yield from on_demand.bring(on_demand.RECOVERING_PICTURES, brought)
    yield from on_demand.bring(on_demand.RECOVERING, brought)
    yield from _run_recovery(agent, left)
    on_demand.let_go(brought)


def _run_recovery(agent: "Agent", left: "OpenRecording"):
    from evidock_agent import recovery

    yield from recovery.recover(agent, left)


def _if_room(agent: "Agent", work):
    """Generator: work whose entries can wait; without room for them the boot goes on all the same."""
    try:
        yield from work
    except JournalFull:
        agent.note_journal_full()


def _check(agent: "Agent"):
    from evidock_agent import check

    yield from check.run(agent, codes.CHECK_AT_POWER_ON)


def read_identity(region: "ports.Flash") -> tuple[int, bytes]:
    """What the identity sector has (`evidock_protocol.steps`) and, where it is whole, the GENESIS entry's bytes."""
    head = bytearray(flash.HEAD + flash.RECORD_HEAD)
    region.read_into(0, memoryview(head))
    if flash.parse_head(bytes(head[: flash.HEAD]), flash.MAGIC_IDENTITY) is None:
        return (steps.NO_HEAD if any(head[: flash.HEAD]) else steps.WIPED), b""
    kind, length, _check = flash.parse_record_head(head[flash.HEAD :])
    if kind != flash.RECORD_ENTRY or length > flash.SECTOR - len(head):
        return steps.DAMAGED, b""
    data = bytearray(length)
    region.read_into(len(head), memoryview(data))
    if not flash.record_is_whole(head[flash.HEAD :], data):
        return steps.DAMAGED, b""
    return steps.WHOLE, bytes(data)


def read_flash(agent: "Agent", identity: bytes):
    """Generator: reads the journal ring into the journal's state, mended as far as it can be; returns the Scan.

    Nothing is erased, wiped or written before it is known what is damaged.
    """
    from evidock_agent import mending

    damage: set[tuple[int, int]] = set()
    board = agent.board
    for sector in mending.damaged_key_sectors(board.key_flash):
        damage.add((codes.REGION_KEYS, sector))
    for sector in mending.strays(board.anchor_flash, agent.anchors.ring):
        damage.add((codes.REGION_ANCHORS, sector))
    for sector in mending.strays(board.journal_flash, agent.journal.ring.ring):
        damage.add((codes.REGION_JOURNAL, sector))
    mending.read_lost_sectors(agent)
    scan = Scan()
    yield from _read_journal(agent, scan, {})
    had_back = {}
    if agent.journal.size and (agent.journal.ring.is_torn or scan.missing):
        for sector in agent.journal.ring.rotten:
            damage.add((codes.REGION_JOURNAL, sector))
        had_back = yield from mending.from_card(agent, scan)
    if had_back:  # what was lost may have begun or ended a recording, so all is read anew
        agent.open_rings()
        mending.read_lost_sectors(agent)
        scan = Scan()
        yield from _read_journal(agent, scan, had_back)
        scan.had_back = min(had_back) >= agent.journal.epoch_since
    on_demand.let_go(_MENDING)  # recovery may need its memory
    if not identity:
        damage.add((codes.REGION_IDENTITY, 0))
    scan.damage = sorted(damage - scan.told_damage)
    return scan


def _read_journal(agent: "Agent", scan: "Scan", had_back: "dict[int, bytes]"):
    """Generator: reads the ring, a record a slice. `had_back` are entries that it lost, by their sequences."""
    journal = agent.journal
    for address, kind, data in journal.ring.scan():
        yield
        if kind == flash.RECORD_PRIVATE:
            sequence, _openings = private.parse_record(cbor.decode(data))
            journal.take_opening(address, sequence)
            continue
        parsed = entry.parse(data)
        if parsed.sequence < journal.size:  # a copy of what is there; no recorder writes one
            continue
        if journal.size and parsed.sequence > journal.size:
            missing = journal.size, parsed.sequence - 1
            while journal.size in had_back:
                lost = entry.parse(had_back[journal.size])
                journal.take(HOLE, lost)
                scan.follow(agent, lost)
            scan.note_missing(missing, journal.size)
            if journal.size <= missing[1]:  # it may have been a START
                journal.trusted.is_reset = False
        journal.take(address, parsed)
        scan.follow(agent, parsed)
    while journal.size in had_back:  # behind the newest: they are written anew, or their numbers would be given twice
        raw = had_back[journal.size]
        lost = entry.parse(raw)
        journal.take(journal.ring.append(flash.RECORD_ENTRY, raw), lost)
        scan.follow(agent, lost)
        journal.ring.lost = 0
        yield


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


def _go_on(agent: "Agent", scan: "Scan"):
    """Generator: what broke off before, and the recording that goes on with it by itself, if the policy says so.

    Before the pre-use check: evidence first.
    """
    broken = scan.broken_off
    interruptions = agent.interruptions
    if scan.open is None and broken is not None:
        # A boot whose own end was cut counts as one with this one.
        reset = agent.board.reset_cause if broken.at_boot and not scan.is_through else None
        interruptions.broke_off(broken.sequence, broken.cause, broken.lasted, broken.by_policy, reset)
    if not scan.may_wait:
        interruptions.wait_no_more()
    interruptions.card_came()
    yield from interruptions.resume()
