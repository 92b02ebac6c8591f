"""Boot recovery: a recording that was open when power went is sealed as far as checkpoints vouch for it, track by
track, and its end is named.

Specification: "Boot recovery". What is longer than may be sealed stays as it is and is named in a FAULT (AT-34); what
an anchor knows and the card lacks is MEDIA_LOST (AT-33). Loaded on demand, because most boots need none of it.
"""

from evidock_agent import recovered, telemetry
from evidock_protocol import card, codes, kinds, wav

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports
    from evidock_agent.agent import Agent
    from evidock_agent.scan import OpenRecording

_RESET_CAUSES = {
    codes.RESET_POWER_ON: codes.CAUSE_POWER_LOST,
    codes.RESET_WATCHDOG: codes.CAUSE_WATCHDOG,
    codes.RESET_BROWN_OUT: codes.CAUSE_BROWN_OUT,
}


def recover(agent: "Agent", left: "OpenRecording"):
    """Generator: seals what can be sealed of the open recording, then RESUME if owed, INTERRUPT, STOP, a new epoch."""
    known = agent.anchors.known if agent.anchors.start == left.sequence else {}
    pending = {number: length for number, length in known.items() if number > left.number and number not in left.passed}
    if agent.card_identity is not None and agent.card_identity == left.card:
        at = [left.number + 1]
        try:
            yield from _recover_files(agent, left, pending, max(left.reached, max(known, default=0)), at)
        except OSError:  # the card fails: what it gave is sealed, and the recorder comes up all the same
            agent.lose_card()
            yield from recovered.tell(agent, left, codes.FAULT_STORAGE, at[0], [])
    for number in sorted(pending):
        yield from recovered.tell(agent, left, codes.FAULT_MEDIA_LOST, number, [pending[number], 0])
    tick = max(left.ticks.values(), default=left.start)
    if left.interrupt is None:
        sequence, cause = yield from _interrupt(agent, left, tick)
    else:
        sequence, cause = left.interrupt.sequence, left.interrupt.cause
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
    reset = agent.board.reset_cause if left.interrupt is None or left.interrupt.at_boot else None
    agent.interruptions.broke_off(sequence, cause, max(tick - left.start, 0), left.by_policy, reset)
    yield from agent.journal.change_epoch(codes.EPOCH_STOP)


def _interrupt(agent: "Agent", left: "OpenRecording", tick: int):
    """Generator: INTERRUPT; before it RESUME, if this recording went on with another and had not said so yet.

    Returns (INTERRUPT's sequence, cause).
    """
    if left.answers is not None:
        body = {
            "recording": left.recording,
            "interrupt": left.answers.sequence,
            "voice_first": None,
            "voice_last": None,
            "handover": None,
        }
        yield from agent.journal.append(kinds.RESUME, body)
    reset = agent.board.reset_cause
    cause = _RESET_CAUSES.get(reset, codes.CAUSE_UNKNOWN)
    body = telemetry.interrupt(agent, left.recording, cause, left.boot, tick, reset)
    sequence = yield from agent.journal.append(kinds.INTERRUPT, body)
    return sequence, cause


def _recover_files(agent: "Agent", left: "OpenRecording", pending: dict, reached: int, at: list):
    """Generator: goes through the numbers; takes out of `pending` those that the journal tells of.

    `reached` is the highest that flash knows; `at` holds the number in hand.
    """
    tracks = _tracks(agent, left)
    running = [track for number, track in enumerate(tracks, 1) if number not in left.silent]
    for number in list(pending):
        for beside in _group(number, len(tracks), len(running)):
            track = _of_number(beside, tracks, running)
            if beside > left.number and beside not in left.passed and track and track.seals:
                pending.setdefault(beside, wav.WAV_HEADER)  # all were flushed before one of them got its anchor
    last = reached + len(tracks)  # of each track one segment may have begun since: more files are not this recording's
    for number in range(left.number + 1, last + 1):
        if number in left.passed:
            continue
        at[0] = number
        track = _of_number(number, tracks, running)
        stem = card.segment_base(agent.folder, left.recording, number)
        for media, extension in card.EXTENSIONS:
            size = agent.board.card.size(stem + extension)
            if size is not None and not (track and track.seals and media == track.media):
                # An encoder's, for which nothing vouches, or one of another track, which is nobody's.
                if track and media == track.media:
                    pending.pop(number, None)
                yield from recovered.tell(agent, left, codes.FAULT_RECOVERED_EXCESS, number, [0, size])
        if track and track.seals:
            yield from _recover_file(agent, left, track, number, pending, _holds_media(agent, left, number + 1, last))
    stem = card.segment_base(agent.folder, left.recording, last + 1)
    for _media, extension in card.EXTENSIONS:
        size = agent.board.card.size(stem + extension)
        if size is not None:
            yield from recovered.tell(agent, left, codes.FAULT_RECOVERED_EXCESS, last + 1, [0, size])
            return


def _recover_file(agent: "Agent", left: "OpenRecording", track, number: int, pending: dict, follows: bool):
    """Generator: one number of a track that checkpoints vouch for; `follows` says whether later numbers have media."""
    size = agent.board.card.size(card.segment_base(agent.folder, left.recording, number) + card.extension(track.media))
    if size is None:
        if follows or number in pending:
            values = [pending.pop(number, 0), 0]
            yield from recovered.tell(agent, left, codes.FAULT_MEDIA_LOST, number, values)
    elif size > wav.WAV_HEADER or follows:
        yield from recovered.seal(agent, left, track, number, size, pending)
    elif size < pending.get(number, 0):
        yield from recovered.tell(agent, left, codes.FAULT_MEDIA_LOST, number, [pending.pop(number), size])
    else:  # power went before anything else than the header was durable
        pending.pop(number, None)


class _Encoder:
    """The files of an encoder, for which nothing vouches."""

    seals = False

    def __init__(self, source: "ports.Encoder"):
        self.media = source.media


def _tracks(agent: "Agent", left: "OpenRecording") -> list:
    """How the files of each track are sealed, in the order of the tracks."""
    board = agent.board
    found: list = []
    if board.capture is not None:
        found.append(recovered.Sound(board.capture))
    if board.camera is not None:
        from evidock_agent.recovered_pictures import Pictures

        found.append(Pictures(board.camera, agent.scratch))
    if board.encoder is not None:
        found.append(_Encoder(board.encoder))
    for body in left.recovered:
        for track in found:
            if track.media == body["media"] and track.seals:
                track.spend(body)
    return found


def _group(number: int, tracks: int, running: int) -> range:
    """The numbers of the segments that began together with this one."""
    if number <= tracks or not running:
        return range(1, tracks + 1)
    first = number - (number - tracks - 1) % running
    return range(first, first + running)


def _of_number(number: int, tracks: list, running: list):
    """The track whose segment has this number: all begin at START, and those that started take turns after it."""
    if number <= len(tracks):
        return tracks[number - 1]
    return running[(number - len(tracks) - 1) % len(running)] if running else None


def _holds_media(agent: "Agent", left: "OpenRecording", number: int, last: int) -> bool:
    """Whether a segment from `number` on has more than a header."""
    cards = agent.board.card
    while number <= last:
        stem = card.segment_base(agent.folder, left.recording, number)
        for _media, extension in card.EXTENSIONS:
            if (cards.size(stem + extension) or 0) > wav.WAV_HEADER:
                return True
        number += 1
    return False
