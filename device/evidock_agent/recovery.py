"""Boot recovery: a recording that was open when power went is sealed as far as checkpoints vouch for it, track by
track, and its end is named.

Specification: "Boot recovery". What is longer than may be sealed stays as it is and is named in a FAULT (AT-34); what
an anchor knows and the card lacks is MEDIA_LOST (AT-33). Loaded on demand, because most boots need none of it.
"""

from evidock_agent import recovered, telemetry
from evidock_agent.sealing import write_fault
from evidock_protocol import card, codes, kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports
    from evidock_agent.agent import Agent
    from evidock_agent.boot import OpenRecording

_RESET_CAUSES = {
    codes.RESET_POWER_ON: codes.CAUSE_POWER_LOST,
    codes.RESET_WATCHDOG: codes.CAUSE_WATCHDOG,
    codes.RESET_BROWN_OUT: codes.CAUSE_BROWN_OUT,
}


def recover(agent: "Agent", left: "OpenRecording"):
    """Generator: seals what can be sealed of the open recording, then INTERRUPT, STOP and a new epoch."""
    known = agent.anchors.known if agent.anchors.start == left.sequence else {}
    pending = {number: length for number, length in known.items() if number > left.number and number not in left.passed}
    if agent.card_identity is not None and agent.card_identity == left.card:
        # Of each track one segment may have begun since the anchors: more files are not this recording's.
        last = max(left.number, max(left.passed, default=0), max(known, default=0)) + len(agent.recorder.tracks)
        try:
            yield from _recover_files(agent, left, pending, last)
        except OSError:  # the card fails: what it gave is sealed, and the recorder comes up all the same
            agent.lose_card()
            yield from write_fault(agent, codes.FAULT_STORAGE, left.recording, left.number + 1, [])
    for number in sorted(pending):
        yield from write_fault(agent, codes.FAULT_MEDIA_LOST, left.recording, number, [pending[number], 0])
    tick = max(left.ticks.values(), default=left.start)
    cause = _RESET_CAUSES.get(agent.board.reset_cause, codes.CAUSE_UNKNOWN)
    if not left.interrupted:
        body = telemetry.interrupt(agent, left.recording, cause, left.boot, tick, agent.board.reset_cause)
        yield from agent.journal.append(kinds.INTERRUPT, body)
    now = telemetry.read(agent)
    body = {
        "recording": left.recording,
        "reason": codes.STOP_INTERRUPTED,
        "segments": left.segments,
        "last_tick": tick,
        "boot": left.boot,
        "battery": now["battery"],
        "storage_free": now["storage_free"],
    }
    yield from agent.journal.append(kinds.STOP, body)
    yield from agent.journal.change_epoch(codes.EPOCH_STOP)


def _recover_files(agent: "Agent", left: "OpenRecording", pending: dict, last: int):
    """Generator: goes through the numbers up to `last`; takes out of `pending` those that the journal tells of."""
    tracks = _tracks(agent.board)
    for number in range(left.number + 1, last + 1):
        if number in left.passed:
            continue
        stem = card.segment_base(agent.folder, left.recording, number)
        media, size = _find(agent, stem)
        follows = _holds_media(agent, left, number + 1, last)
        if media not in tracks:
            if media:  # an encoder's, or nobody's: nothing vouches for any of it
                pending.pop(number, None)
                yield from write_fault(agent, codes.FAULT_RECOVERED_EXCESS, left.recording, number, [0, size])
            elif follows or number in pending:
                values = [pending.pop(number, 0), 0]
                yield from write_fault(agent, codes.FAULT_MEDIA_LOST, left.recording, number, values)
        elif size > card.WAV_HEADER or follows:
            yield from recovered.seal(agent, left, tracks[media], number, size, pending)
        elif size < pending.get(number, 0):
            yield from write_fault(agent, codes.FAULT_MEDIA_LOST, left.recording, number, [pending.pop(number), size])
        else:  # power went before anything else than the header was durable
            pending.pop(number, None)
    media, size = _find(agent, card.segment_base(agent.folder, left.recording, last + 1))
    if media:
        yield from write_fault(agent, codes.FAULT_RECOVERED_EXCESS, left.recording, last + 1, [0, size])


def _tracks(board: "ports.Board") -> dict:
    """How the files of each media type are sealed."""
    found: dict = {}
    if board.capture is not None:
        found[codes.MEDIA_WAV] = recovered.Sound(board.capture)
    if board.camera is not None:
        from evidock_agent.recovered_pictures import Pictures

        found[codes.MEDIA_AVI] = Pictures(board.camera)
    return found


def _find(agent: "Agent", stem: str) -> tuple[int, int]:
    """(media code, bytes) of a segment's file; (0, 0) without."""
    for media, extension in card.EXTENSIONS:
        size = agent.board.card.size(stem + extension)
        if size is not None:
            return media, size
    return 0, 0


def _holds_media(agent: "Agent", left: "OpenRecording", number: int, last: int) -> bool:
    """Whether a segment from `number` on has more than a header."""
    while number <= last:
        if _find(agent, card.segment_base(agent.folder, left.recording, number))[1] > card.WAV_HEADER:
            return True
        number += 1
    return False
