"""Deletes sealed segments that hosts hold, and for want of room on the card those that rules allow.

Specification: "Deletion on the recorder". Only what receipts in the journal ring list goes, for the card's copy of the
journal could be forged; TOMBSTONE is durable before the file is unlinked (AT-23). Loaded on demand.
"""

from evidock_agent import glance, sealed_media, unlinking
from evidock_agent.journal import RESERVE
from evidock_protocol import card, codes, entry, kinds, settings, sign1, statements
from evidock_protocol.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent

LARGEST = 9999999  # number of a recording that a folder can bear
_AT_ONCE = 64  # recordings that one look at the receipts finds: memory is short
ROOM = 2048  # bytes that the command and its TOMBSTONE take at most


class Lawful:
    """A deletion that may be done: which segment, and the receipt that TOMBSTONE names."""

    def __init__(self, recording: int, number: int, root: bytes, receipt: bytes, host_entry: int):
        self.body = {
            "recording": recording,
            "number": number,
            "root": root,
            "receipt": receipt,
            "host_entry": host_entry,
        }


def carry_out(agent: "Agent", lawful: Lawful):
    """Generator: TOMBSTONE durable, then the files; returns its sequence. A card that fails is looked at again."""
    body = lawful.body
    sequence = yield from agent.journal.append(kinds.TOMBSTONE, body, spare=True)
    agent.line.forget_card()  # it may hold the file open
    try:
        yield from unlinking.unlink(agent, body["recording"], body["number"], body["root"])
    except OSError:  # once the card is back, or the recorder has booted, the rest is done
        agent.lose_card()
    if not agent.mirror.usable:  # the card was full, and now it has room for the journal's copy again
        agent.lose_card()
    return sequence


def is_short(agent: "Agent") -> bool:
    """Whether the card has less room than the setting asks for."""
    try:
        free, total = agent.board.card.space()
    except OSError:  # it was pulled just now
        return False
    return free * 100 < total * agent.setting(settings.RECLAIM_BELOW)


def reclaim(agent: "Agent"):
    """Generator, a job that lets others go first: while the card is short of room and nothing records, deletes what
    enough receipts list, of each recording the oldest first, of the oldest recording first.
    """
    try:
        recordings = yield from _receipted(agent, 0)
        while recordings:
            for recording in recordings:
                yield True
                while not agent.recorder.active and (yield from _reclaim_oldest(agent, recording)):
                    if not is_short(agent):
                        return
                    yield True
                if agent.recorder.active:
                    return
            recordings = yield from _receipted(agent, recordings[-1])
    except OSError:
        agent.lose_card()


def receipts(agent: "Agent", recording: int, number: int, root: bytes):
    """Generator: (sequence of HOST, statement hash, host id) of each receipt in the ring that lists this segment."""
    found: list[tuple[int, bytes, bytes]] = []
    for raw in glance.each(agent.journal, kinds.HOST):
        if not raw:
            yield True
        elif root in raw:  # few do
            parsed = entry.parse(raw)
            body = parsed.body
            if body["event"] == codes.HOST_RECEIPTED and _lists(body["statement"], recording, number, root):
                found.append((parsed.sequence, sign1.statement_hash(body["statement"]), body["host"]))
    return found


def are_enough(agent: "Agent", listed: list[tuple[int, bytes, bytes]]) -> bool:
    """Whether as many different hosts gave these receipts as the unit asks for."""
    return len({host for _sequence, _receipt, host in listed}) >= agent.setting(settings.RECEIPTS)


def oldest(agent: "Agent", recording: int) -> int:
    """The lowest number of a sealed segment of this recording whose media are on the card, 0 without. OSError."""
    cards = agent.board.card
    names = cards.names(agent.folder + "/" + card.recording_folder(recording))
    for name in sorted(names):
        stem, _dot, extension = name.partition(".")
        number = _number(stem, "S")
        has_media = any(stem + "." + media in names for _media, media in card.EXTENSIONS)
        if not number or extension != card.LEAVES or not has_media:
            continue
        if sealed_media.leaf_list(cards, card.segment_base(agent.folder, recording, number))[0]:
            return number
    return 0


def gently(work):
    """Generator: the same work; other jobs may run between its slices."""
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return stop.value
        yield True


def _reclaim_oldest(agent: "Agent", recording: int):
    """Generator: deletes the oldest segment of a recording; whether that was lawful. Raises OSError."""
    identity = agent.card_identity
    number = oldest(agent, recording)
    if not number:
        return False
    root, path, _other = yield from gently(unlinking.look(agent, recording, number))
    listed = (yield from receipts(agent, recording, number, root)) if path else []
    if not listed or not are_enough(agent, listed):
        return False
    if agent.recorder.active or agent.card_identity != identity or agent.journal.ring.room() < RESERVE + ROOM:
        return False
    yield from carry_out(agent, Lawful(recording, number, root, listed[0][1], listed[0][0]))
    return True


def _lists(receipt: bytes, recording: int, number: int, root: bytes) -> bool:
    return any(tuple(segment) == (recording, number, root) for segment in _segments(receipt))


def _segments(receipt: bytes) -> list[list]:
    """What a receipt lists; nothing when it is of a later format."""
    try:
        _sealed, values = entry.parse_statement(receipt, statements.TYP_RECEIPT)
    except ProtocolError:
        return []
    return values["segments"]


def _receipted(agent: "Agent", after: int):
    """Generator: the next recordings of which a receipt in the ring lists something, ascending.

    Not those with folders on the card: folders stay, so they become more for as long as the recorder lives.
    """
    found: list[int] = []
    for raw in glance.each(agent.journal, kinds.HOST):
        yield True
        body = entry.parse(raw).body if raw else None
        if body is None or body["event"] != codes.HOST_RECEIPTED:
            continue
        for recording in {segment[0] for segment in _segments(body["statement"])}:
            if after < recording <= LARGEST and recording not in found:
                found.append(recording)
        found = sorted(found)[:_AT_ONCE]
    return found


def _number(name: str, letter: str) -> int:
    """The number in a name such as R0000001, 0 in any other: somebody may have put it there."""
    digits = name[1:]
    if name[:1] != letter or len(digits) != 7 or not all("0" <= digit <= "9" for digit in digits):
        return 0
    return int(digits)
