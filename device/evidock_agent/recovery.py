"""Boot recovery: a recording that was open when power went is sealed as far as checkpoints vouch for it, and its end is
named.

Specification: "Boot recovery". At most one checkpoint interval plus one leaf past the last CHECKPOINT is sealed, as
`recovered`; what is longer stays unsealed and is named in a FAULT (AT-34); what the anchor knows and the card lacks is
MEDIA_LOST (AT-33). Loaded on demand, because most boots need none of it.
"""

from evidock_agent import signer, telemetry
from evidock_agent.crypto import ed25519
from evidock_agent.recorder import CHECKPOINT_MS
from evidock_agent.segment import segment_values
from evidock_protocol import card, codes, entry, kinds, merkle, sign1, statements, versions
from evidock_protocol.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent
    from evidock_agent.boot import OpenRecording

_CHECKPOINTS_READ = 8192  # bytes: a segment of 60 s has 15 of about 400; more than this is not ours

_RESET_CAUSES = {
    codes.RESET_POWER_ON: codes.CAUSE_POWER_LOST,
    codes.RESET_WATCHDOG: codes.CAUSE_WATCHDOG,
    codes.RESET_BROWN_OUT: codes.CAUSE_BROWN_OUT,
}


def recover(agent: "Agent", left: "OpenRecording"):
    """Generator: seals what can be sealed of the open recording, then INTERRUPT, STOP and a new epoch."""
    number = left.segments + 1
    tick = left.last_tick
    anchor = agent.anchors.newest
    if anchor is not None and anchor[0] != left.sequence:
        anchor = None
    # One segment may have begun since the anchor: more files, however well they look, are not this recording's.
    last = max(left.segments, anchor[1] if anchor is not None else 0) + 1
    source = agent.board.capture
    # Sound that no CHECKPOINT vouches for, in bytes: the interval's for the whole recovery, not for each file.
    budget = source.rate * source.channels * source.bits // 8 * CHECKPOINT_MS // 1000 + versions.LEAF_SOUND
    if agent.card_identity is not None and agent.card_identity == left.card:
        try:
            while True:
                stem = card.segment_base(agent.folder, left.recording, number)
                size = agent.board.card.size(stem + card.extension(codes.MEDIA_WAV))
                if size is None:
                    break
                if number > last:
                    yield from _fault(agent, codes.FAULT_RECOVERED_EXCESS, left.recording, number, [0, size])
                    break
                sealed = yield from _recover_segment(agent, left, stem, number, tick, anchor, budget)
                if sealed is None:
                    break
                tick, used = sealed
                budget -= used
                left.segments += 1
                number += 1
                agent.board.card.remove(stem + card.CHECKPOINTS)
        except OSError:  # the card fails: what it gave is sealed, and the recorder comes up all the same
            agent.lose_card()
            yield from _fault(agent, codes.FAULT_STORAGE, left.recording, number, [])
    if anchor is not None and anchor[1] >= number:
        yield from _fault(agent, codes.FAULT_MEDIA_LOST, left.recording, number, [anchor[2], 0])
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


def _recover_segment(
    agent: "Agent", left: "OpenRecording", stem: str, number: int, first_tick: int, anchor, budget: int
):
    """Generator: seals one segment with at most `budget` bytes that no CHECKPOINT vouches for.

    Returns (its last tick, bytes of the budget used), or None when nothing of it could be sealed.
    """
    cards = agent.board.card
    path = stem + card.extension(codes.MEDIA_WAV)
    size = cards.size(path) or 0
    if size <= card.WAV_HEADER:  # power went before any sound was durable
        return None
    source = agent.board.capture
    rate, channels, bits = source.rate, source.channels, source.bits
    with cards.open(path, "rb") as file:
        found = file.read(card.WAV_HEADER)
    # Only its two lengths may differ: a card does not say how fast this recorder samples.
    if found[8:-4] != card.wav_header(rate, channels, bits, 0)[8:-4]:
        yield from _fault(agent, codes.FAULT_RECOVERED_EXCESS, left.recording, number, [0, size])
        return None
    frame = channels * bits // 8
    checkpoint = yield from _last_checkpoint(agent, left, stem + card.CHECKPOINTS, number, size)
    vouched = checkpoint["length"] if checkpoint else card.WAV_HEADER
    limit = vouched + budget
    length = min(size, limit)
    length -= (length - card.WAV_HEADER) % frame
    if anchor is not None and anchor[1] == number and size < anchor[2]:
        yield from _fault(agent, codes.FAULT_MEDIA_LOST, left.recording, number, [anchor[2], size])
    if size > limit:
        yield from _fault(agent, codes.FAULT_RECOVERED_EXCESS, left.recording, number, [length, size])
    if length <= card.WAV_HEADER:
        return None
    header = card.wav_header(rate, channels, bits, length - card.WAV_HEADER)
    root = yield from _rehash(agent.scratch, cards, stem, path, header, length, checkpoint)
    if root is None:
        yield from _fault(agent, codes.FAULT_MEDIA_LOST, left.recording, number, [vouched, size])
        return None
    media = cards.open(path, "r+b")
    media.write(header)
    media.close()
    frames = (length - card.WAV_HEADER) // frame
    lost = checkpoint["lost"] if checkpoint else 0
    last_tick = first_tick + (frames + lost) * 1000 // rate
    body = segment_values(
        left.recording,
        number,
        length,
        root,
        left.boot,
        first_tick,
        last_tick,
        frames + lost,
        frames,
        lost,
        rate,
        codes.ATTESTED_RECOVERED,
        vouched,
    )
    yield from agent.journal.append(kinds.SEGMENT, body)
    agent.backlog.add(length)
    return last_tick, length - vouched


def _rehash(buffer: memoryview, cards, stem: str, path: str, header: bytes, length: int, checkpoint):
    """Generator: writes the leaf file anew; returns the segment root, or None when it is not what was attested."""
    hasher = merkle.LeafHasher(versions.LEAF_SOUND)
    tree = merkle.TreeHasher()
    leaves = cards.open(stem + card.LEAVES, "wb")
    leaves.write(merkle.leaf_hash(header))
    media = cards.open(path, "rb")
    media.seek(card.WAV_HEADER)
    left = length - card.WAV_HEADER
    attested = checkpoint is None
    while left:
        count = media.readinto(buffer[: min(left, len(buffer))])
        if not count:
            raise OSError("media ended early")
        left -= count
        found = list(hasher.update(buffer[:count]))
        if not left:
            last = hasher.finish()
            if last is not None:
                found.append(last)
        for leaf in found:
            tree.append(leaf)
            leaves.write(leaf)
            if checkpoint is not None and tree.size == checkpoint["leaves"]:
                attested = tree.root() == checkpoint["root"]
        yield
    media.close()
    leaves.close()
    return merkle.segment_root(merkle.leaf_hash(header), tree.root()) if attested else None


def _last_checkpoint(agent: "Agent", left: "OpenRecording", path: str, number: int, length: int):
    """Generator: the newest checkpoint that counts, or None.

    It is whole, of this segment, over at most `length` bytes, and signed by one of the recorder's last two keys. Of a
    file that is shorter than attested, what is left is still evidence.
    """
    size = agent.board.card.size(path)
    if not size:
        return None
    with agent.board.card.open(path, "rb") as file:
        raw = file.read(min(size, _CHECKPOINTS_READ))
    newest = None
    at = 0
    while at < len(raw):
        try:
            end = sign1.end_of(raw, at)
            sealed, values = entry.parse_statement(raw[at:end], statements.TYP_CHECKPOINT)
        except ProtocolError:  # a torn tail; what stands before it counts
            break
        at = end
        if values["start"] == left.hash and values["number"] == number and values["length"] <= length:
            newest = sealed, values
    if newest is None:
        return None
    sealed, values = newest
    for key_id, public in agent.public_keys:
        if key_id == sealed.key_id:
            valid = yield from signer.steps(ed25519.verify_steps(public, sealed.signed_bytes(), sealed.signature))
            return values if valid else None
    return None


def _fault(agent: "Agent", what: int, recording: int, segment: int, values: list):
    body = {"what": what, "recording": recording, "segment": segment, "values": values}
    yield from agent.journal.append(kinds.FAULT, body)
