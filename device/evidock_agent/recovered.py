"""One segment that was open when power went: how much of it is sealed, and sealing it.

Specification: "Boot recovery". Loaded on demand, with `recovery`.
"""

from evidock_agent import signer
from evidock_agent.crypto import ed25519
from evidock_agent.recorder import CHECKPOINT_MS
from evidock_agent.sealing import write_fault
from evidock_protocol import card, codes, entry, kinds, merkle, sign1, statements, versions, wav
from evidock_protocol.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports
    from evidock_agent.agent import Agent
    from evidock_agent.scan import OpenRecording

HEADER = wav.WAV_HEADER  # bytes; an AVI's has as many
_CHECKPOINTS_READ = 8192  # bytes: a segment of 60 s has 15 of about 400; more than this is not ours
_LATE_MS = 2000  # by which a CHECKPOINT says that its segment began later than the last one known of its track ended


class Sound:
    """WAV files. `budget`: bytes that no CHECKPOINT vouches for; for the whole recovery, not for each file."""

    seals = True
    media = codes.MEDIA_WAV
    track = codes.TRACK_SOUND
    leaf_size = versions.LEAF_SOUND

    def __init__(self, source: "ports.Capture"):
        self.rate = source.rate
        self._source = source
        self._frame = source.channels * source.bits // 8
        self.budget = self.rate * self._frame * CHECKPOINT_MS // 1000 + self.leaf_size

    def spend(self, body: dict) -> None:
        """Pays for a SEGMENT that recovery made before power went again."""
        self.budget -= min(self.budget, max(body["length"] - body["attested_length"], 0))

    def is_own(self, found: bytes) -> bool:
        """Whether only its two lengths differ: a card does not say how fast this recorder samples."""
        return found[8:-4] == self.header(HEADER, 0)[8:-4]

    def measure(self, _file, size: int, vouched: int, checkpoint):
        """Generator: pays from the budget; returns (end of what is sealed, frames, lost ones, whether more follows)."""
        yield
        limit = vouched + self.budget
        end = min(size, limit)
        end -= (end - HEADER) % self._frame
        self.budget -= max(end - vouched, 0)
        return end, (end - HEADER) // self._frame, checkpoint["lost"] if checkpoint else 0, size > limit

    def finish_steps(self, _file, _end: int, _frames: int, _write):
        """Generator: appends what stands behind the media: nothing."""
        yield

    def length(self, end: int, _frames: int) -> int:
        """Bytes of a file whose media end at byte `end`."""
        return end

    def header(self, end: int, _frames: int) -> bytes:
        """The header of such a file."""
        source = self._source
        return wav.wav_header(source.rate, source.channels, source.bits, end - HEADER)


class _Hasher:
    """The leaves of one file, written anew, and their tree."""

    def __init__(self, cards: "ports.Card", stem: str, leaf_size: int, file: "ports.File"):
        self.tree = merkle.TreeHasher()
        self._hasher = merkle.LeafHasher(leaf_size)
        self._leaves = cards.open(stem + card.LEAVES, "wb")
        self._leaves.write(bytes(merkle.HASH_SIZE))
        self._file = file
        self._at = HEADER

    def read(self, buffer: memoryview, end: int, checkpoint):
        """Generator: hashes what is there up to byte `end`; whether it is what the CHECKPOINT vouches for."""
        attested = checkpoint is None or not checkpoint["leaves"]
        self._file.seek(HEADER)
        while self._at < end:
            count = self._file.readinto(buffer[: min(end - self._at, len(buffer))])
            if not count:
                raise OSError("media ended early")
            self._at += count
            for leaf in self._hasher.update(buffer[:count]):
                self._add(leaf)
                if checkpoint is not None and self.tree.size == checkpoint["leaves"]:
                    attested = self.tree.root() == checkpoint["root"]
            yield
        return attested

    def write(self, data) -> None:
        """Appends to the file and hashes."""
        self._file.seek(self._at)
        self._file.write(data)
        self._at += len(data)
        for leaf in self._hasher.update(data):
            self._add(leaf)

    def pad(self, end: int):
        """Generator: zeros up to byte `end`, for a picture that did not come whole."""
        while self._at < end:
            self.write(bytes(min(end - self._at, 4096)))
            yield

    def close(self, header: bytes) -> bytes:
        """Closes the leaf file; returns the segment's root."""
        leaf = self._hasher.finish()
        if leaf is not None:
            self._add(leaf)
        leaf = merkle.leaf_hash(header)
        self._leaves.seek(0)
        self._leaves.write(leaf)
        self._leaves.close()
        return merkle.segment_root(leaf, self.tree.root())

    def _add(self, leaf: bytes) -> None:
        self.tree.append(leaf)
        self._leaves.write(leaf)


def seal(agent: "Agent", left: "OpenRecording", track, number: int, size: int, pending: dict):
    """Generator: seals one segment as `track` allows, with a FAULT for what lacks and for what is too much.

    `pending` has the lengths that anchors know of; this segment's is taken out once the journal tells of it.
    """
    cards = agent.board.card
    stem = card.segment_base(agent.folder, left.recording, number)
    with cards.open(stem + card.extension(track.media), "r+b") as file:
        if size >= HEADER and not track.is_own(file.read(HEADER)):
            yield from tell(agent, left, codes.FAULT_RECOVERED_EXCESS, number, [0, size])
            return
        checkpoint = yield from _last_checkpoint(agent, left, stem + card.CHECKPOINTS, number, size)
        vouched = checkpoint["length"] if checkpoint else HEADER
        size = max(size, HEADER)
        end, written, lost, follows = yield from track.measure(file, size, vouched, checkpoint)
        known = pending.pop(number, 0)
        if size < known:
            yield from tell(agent, left, codes.FAULT_MEDIA_LOST, number, [known, size])
        length = track.length(end, written + lost)
        if follows:
            yield from tell(agent, left, codes.FAULT_RECOVERED_EXCESS, number, [length, size])
        hasher = _Hasher(cards, stem, track.leaf_size, file)
        attested = yield from hasher.read(agent.scratch, min(end, size), checkpoint)
        if not attested:
            yield from tell(agent, left, codes.FAULT_MEDIA_LOST, number, [vouched, size])
            return
        yield from hasher.pad(end)
        yield from track.finish_steps(file, end, written + lost, hasher.write)
        header = track.header(end, written + lost)
        root = hasher.close(header)
        file.seek(0)
        file.write(header)
    first = left.ticks.get(track.track, left.start)
    if checkpoint:  # the segment before this one may be missing
        began = checkpoint["tick"] - (checkpoint["written"] + checkpoint["lost"]) * 1000 // track.rate
        if began - first > _LATE_MS:
            first = began
    left.ticks[track.track] = first + (written + lost) * 1000 // track.rate
    body = {
        "recording": left.recording,
        "number": number,
        "media": track.media,
        "header_length": HEADER,
        "length": length,
        "leaf_size": track.leaf_size,
        "root": root,
        "boot": left.boot,
        "first_tick": first,
        "last_tick": left.ticks[track.track],
        "expected": written + lost,
        "written": written,
        "lost": lost,
        "rate": track.rate,
        "track": track.track,
        "attested": codes.ATTESTED_RECOVERED,
        "stored": codes.STORED_PLAIN,
        "attested_length": vouched,
    }
    yield from agent.journal.append(kinds.SEGMENT, body)
    left.segments += 1
    left.number = number
    agent.backlog.add(length)
    cards.remove(stem + card.CHECKPOINTS)


def tell(agent: "Agent", left: "OpenRecording", what: int, number: int, values: list[int]):
    """Generator: FAULT about one segment, unless a recovery that was cut has said the same: cuts must be no flood."""
    if (what, number, values) not in left.told:
        yield from write_fault(agent, what, left.recording, number, values)


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
