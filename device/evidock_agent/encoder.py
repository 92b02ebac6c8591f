"""The track of an external encoder: files that it writes to the card by itself, hashed once it has closed them.

Specification: "Files of an encoder". Nobody vouches for such a file before it is closed, so SEGMENT says `post_close`.
"""

from evidock_protocol import card, codes, merkle, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports
    from evidock_agent.agent import Agent

CLOSE_MS = 10_000  # within which the encoder closes a file that it was asked to finish
HEADER = 512  # bytes of the header leaf, if the file is as long
MAXIMUM_LENGTH = (1 << 31) - 1  # bytes of a file: further no board can seek
_ATTEMPTS = 2  # at hashing a file that changes meanwhile


class EncoderSegment:
    """One file of an encoder; the agent does not write to it. Ticks are milliseconds since boot."""

    inline = False
    length = 0  # bytes that the agent has written
    written = 0  # pictures that it has counted
    lost = 0

    def __init__(self, agent: "Agent", encoder: "ports.Encoder", number: int, tick: int):
        self._agent = agent
        self._encoder = encoder
        self.recording = agent.recorder.number
        self.number = number
        self.media = encoder.media
        self.track = encoder.tracks
        self.rate = encoder.rate
        self.first_tick = tick
        self.last_tick = tick  # once it ended
        self.ended = 0  # tick at which the encoder was asked to finish the file
        self.faults: dict[int, int] = {}
        self.stem = card.segment_base(agent.folder, self.recording, number)
        self.path = self.stem + card.extension(encoder.media)
        agent.board.card.make_folder(agent.folder + "/" + card.recording_folder(self.recording))
        try:
            encoder.begin(self.path)
        except OSError:  # that of the encoder, which is none of the card's
            self.faults[codes.CAPTURE_NO_START] = 0

    def abandon(self) -> None:
        """Leaves the file as it is, after the card failed."""

    def seal_steps(self, boot: int):
        """Generator: waits for the encoder, hashes the file, and returns the named fields of SEGMENT.

        None when there is nothing to seal: `faults` say why. Yields True while it waits. OSError when the card fails.
        """
        if self.faults:
            return None
        cards = self._agent.board.card
        while not self._is_closed():
            if self._agent.moments.now() - self.ended >= CLOSE_MS:
                return self._refuse(codes.CAPTURE_LEFT_OPEN, cards.size(self.path))
            yield True
        for _attempt in range(_ATTEMPTS):
            size = cards.size(self.path)
            if size is None:
                return self._refuse(codes.CAPTURE_FILE_GONE, 0)
            if size == 0:
                return self._refuse(codes.CAPTURE_EMPTY_FILE, 0)
            if size > MAXIMUM_LENGTH:
                return self._refuse(codes.CAPTURE_TOO_LONG, size)
            root = yield from self._hash_steps(size)
            if root is not None:
                return self._values(size, root, boot)
        return self._refuse(codes.CAPTURE_CHANGED_WHILE_HASHED, cards.size(self.path))

    def _refuse(self, reason: int, size: int | None) -> None:
        self.faults[reason] = size or 0

    def _values(self, size: int, root: bytes, boot: int) -> dict:
        expected = (self.last_tick - self.first_tick) * self.rate // 1000
        written = self._count_written() if self.rate else 0
        return {
            "recording": self.recording,
            "number": self.number,
            "media": self.media,
            "header_length": min(HEADER, size),
            "length": size,
            "leaf_size": versions.LEAF_DEFAULT,
            "root": root,
            "boot": boot,
            "first_tick": self.first_tick,
            "last_tick": self.last_tick,
            "expected": expected,
            "written": written,
            "lost": max(expected - written, 0),
            "rate": self.rate,
            "track": self.track,
            "attested": codes.ATTESTED_POST_CLOSE,
            "stored": codes.STORED_PLAIN,
            "attested_length": 0,
        }

    # An encoder that does not answer says no: OSError is left to the card.

    def _is_closed(self) -> bool:
        try:
            return self._encoder.closed(self.path)
        except OSError:
            return False

    def _count_written(self) -> int:
        try:
            return max(0, min(self._encoder.written(self.path), versions.MAXIMUM_FILE))
        except OSError:
            return 0

    def _hash_steps(self, size: int):
        """Generator: writes the leaf file; returns the segment root, or None when the file changes meanwhile."""
        cards = self._agent.board.card
        tree = merkle.TreeHasher()
        start, last = HEADER, merkle.EMPTY_ROOT  # of the last leaf: its place and its hash
        file = self._open()
        if file is None:
            return None
        with file, cards.open(self.stem + card.LEAVES, "wb") as leaves:
            header = merkle.leaf_hash(file.read(HEADER))
            leaves.write(bytes(merkle.HASH_SIZE))  # the header's leaf comes last: without it nothing is handed out
            while start + tree.size * versions.LEAF_DEFAULT < size:
                leaf = yield from self._leaf_steps(file, size - start - tree.size * versions.LEAF_DEFAULT)
                if leaf is None:
                    return None
                tree.append(leaf)
                leaves.write(leaf)
                last = leaf
        # An encoder that is not done yet writes its tables at the beginning or at the end.
        file = self._open()
        if file is None:
            return None
        with file:
            if tree.size:
                start += (tree.size - 1) * versions.LEAF_DEFAULT
                file.seek(start)
                if (yield from self._leaf_steps(file, size - start)) != last:
                    return None
            file.seek(0)
            if merkle.leaf_hash(file.read(HEADER)) != header or cards.size(self.path) != size:
                return None
        with cards.open(self.stem + card.LEAVES, "r+b") as leaves:
            leaves.write(header)
        return merkle.segment_root(header, tree.root())

    def _open(self) -> "ports.File | None":
        """The file, or None when it is gone."""
        cards = self._agent.board.card
        try:
            return cards.open(self.path, "rb")
        except OSError:
            if cards.size(self.path) is None:
                return None
            raise

    def _leaf_steps(self, file: "ports.File", left: int):
        """Generator: the hash of the next leaf, with `left` bytes to the end of the file; None when it ends before."""
        buffer = self._agent.scratch
        left = min(left, versions.LEAF_DEFAULT)
        hasher = merkle.LeafHasher(versions.LEAF_DEFAULT)
        while left:
            part = buffer if left >= len(buffer) else buffer[:left]
            if file.readinto(part) != len(part):
                return None
            leaf = hasher.fill(part)
            left -= len(part)
            yield
            if leaf is not None:
                return leaf
        return hasher.finish()


class EncoderTrack:
    """An encoder and the files that it is asked for."""

    def __init__(self, agent: "Agent"):
        encoder = agent.board.encoder
        assert encoder is not None
        self._agent = agent
        self._encoder = encoder
        self._begun = False  # whether the encoder has a file to finish
        self.bits = encoder.tracks
        self.segment: EncoderSegment | None = None

    def start(self) -> None:
        """Nothing yet: the encoder begins with its first file."""

    def stop(self) -> None:
        """Asks the encoder to finish."""
        if not self._begun:
            return
        self._begun = False
        try:
            self._encoder.end()
        except OSError:  # it does not answer: that its file stays open will tell
            return

    def open(self, number: int, tick: int) -> None:
        """Has the encoder begin its next file. OSError when the card fails."""
        self.segment = EncoderSegment(self._agent, self._encoder, number, tick)
        self._begun = not self.segment.faults

    def pump(self, drain: bool) -> int:
        """0: the encoder writes by itself."""
        return 0

    def is_full(self) -> bool:
        """False: what goes on too long is the recorder's to end."""
        return False

    def end(self, tick: int) -> EncoderSegment:
        """Asks the encoder to finish its file."""
        segment = self.segment
        assert segment is not None
        self.stop()
        segment.last_tick = tick
        segment.ended = self._agent.moments.now()
        self.segment = None
        return segment
