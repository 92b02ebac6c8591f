"""One open segment on the card, written inline: the media file, its leaf hashes and its checkpoints.

Specification: "The card", "Hash trees". Bytes are hashed as they are written. What the media are is the track's
business: its own kind of segment knows the header and what is added at the end.
"""

from evidock_protocol import card, codes, merkle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports

    Buffer = bytes | bytearray | memoryview


class Segment:
    """A media file while it grows. Lengths are bytes of the file, ticks milliseconds since boot, rates frames a second.

    A kind of segment adds `track` (codes.TRACK bits), `rate` and `seal_steps(boot)`: a generator that finishes the file
    and returns what `close` does. Its track counts `written` and `lost` frames, and gathers `faults` (a reason of
    codes.CAPTURE: how many), which the journal names before it names the segment.
    """

    track = 0
    rate = 0
    inline = True  # hashed as it is written: it has checkpoints and anchors

    def __init__(
        self,
        cards: "ports.Card",
        folder: str,
        recording: int,
        number: int,
        media: int,
        header: "Buffer",
        leaf_size: int,
        tick: int,
    ):
        self.recording = recording
        self.number = number
        self.media = media
        self.header_length = len(header)
        self.length = len(header)
        self.leaf_size = leaf_size
        self.first_tick = tick
        self.last_tick = tick  # once it ended
        self.written = 0
        self.lost = 0
        self.faults: dict[int, int] = {}
        self.tree = merkle.TreeHasher()
        self._hasher = merkle.LeafHasher(leaf_size)
        self._cards = cards
        self._moved = False  # whether the file's position is elsewhere than at its end
        cards.make_folder(folder + "/" + card.recording_folder(recording))
        self.stem = card.segment_base(folder, recording, number)
        self.path = self.stem + card.extension(media)
        self._media = self._leaves = cards.open(self.path, "wb")
        try:
            self._media.write(header)
            self._leaves = cards.open(self.stem + card.LEAVES, "wb")
            self._leaves.write(bytes(merkle.HASH_SIZE))  # the header's leaf, known when the segment closes
            # Once: so a cut leaves no clusters behind that nothing names. Recovery hashes the media anew, so what
            # follows need not be durable before the segment is closed, and the card is spared.
            self._leaves.flush()
        except OSError:
            self.abandon()
            raise

    def write(self, data: "Buffer") -> None:
        """Appends. Nothing is allocated but for leaves that it completes, if it ends with a leaf or before."""
        if self._moved:
            self._media.seek(self.length)
            self._moved = False
        self._media.write(data)
        self.length += len(data)
        if len(data) <= self._hasher.room():
            leaf = self._hasher.fill(data)
            if leaf is not None:
                self._add_leaf(leaf)
        else:
            for leaf in self._hasher.update(data):
                self._add_leaf(leaf)

    def flush(self) -> None:
        """Makes what was written durable."""
        self._media.flush()

    def checkpoint_values(self, device: bytes, start: bytes, boot: int, tick: int) -> dict:
        """The named fields of a CHECKPOINT over the complete leaves so far."""
        return {
            "device": device,
            "start": start,
            "recording": self.recording,
            "number": self.number,
            "length": self.header_length + self.tree.size * self.leaf_size,
            "leaves": self.tree.size,
            "root": self.tree.root(),
            "boot": boot,
            "tick": tick,
            "written": self.written,
            "lost": self.lost,
        }

    def add_checkpoint(self, statement: bytes) -> None:
        """Appends a signed CHECKPOINT beside the media, also when these are closed."""
        with self._cards.open(self.stem + card.CHECKPOINTS, "ab") as file:
            file.write(statement)

    def count_fault(self, reason: int, count: int = 1) -> None:
        """Notes what the source did wrong."""
        self.faults[reason] = self.faults.get(reason, 0) + count

    def reopen(self) -> None:
        """Makes what was written readable with read_at(), once the source has no more for this segment."""
        self._media.close()
        self._media = self._cards.open(self.path, "r+b")
        self._moved = True

    def read_at(self, offset: int, buffer: memoryview) -> int:
        """Fills `buffer` from byte `offset` of the reopened file; returns the number of bytes."""
        self._media.seek(offset)
        self._moved = True
        return self._media.readinto(buffer)

    def close(self, header: bytes, boot: int) -> dict:
        """Closes the files with the final header and returns the named fields of SEGMENT.

        The caller removes checkpoints.
        """
        leaf = self._hasher.finish()
        if leaf is not None:
            self._add_leaf(leaf)
        self._media.seek(0)
        self._media.write(header)
        self._media.close()
        header_leaf = merkle.leaf_hash(header)
        self._leaves.seek(0)
        self._leaves.write(header_leaf)
        self._leaves.close()
        return {
            "recording": self.recording,
            "number": self.number,
            "media": self.media,
            "header_length": self.header_length,
            "length": self.length,
            "leaf_size": self.leaf_size,
            "root": merkle.segment_root(header_leaf, self.tree.root()),
            "boot": boot,
            "first_tick": self.first_tick,
            "last_tick": self.last_tick,
            "expected": (self.last_tick - self.first_tick) * self.rate // 1000,
            "written": self.written,
            "lost": self.lost,
            "rate": self.rate,
            "track": self.track,
            "attested": codes.ATTESTED_INLINE,
            "stored": codes.STORED_PLAIN,
            "attested_length": self.length,
        }

    def abandon(self) -> None:
        """Closes the files as they are, after the card failed."""
        for file in (self._media, self._leaves):
            try:
                file.close()
            except OSError:  # the card is gone; boot recovery or MEDIA_LOST tells of it
                continue

    def _add_leaf(self, leaf: bytes) -> None:
        self.tree.append(leaf)
        self._leaves.write(leaf)
