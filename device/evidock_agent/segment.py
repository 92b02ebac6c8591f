"""One open segment on the card: the media file, its leaf hashes and its checkpoints.

Specification: "The card", "WAV", "Hash trees". Bytes are hashed as they are written; nothing is read back to be hashed.
"""

from evidock_protocol import card, codes, merkle, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports


class Segment:
    """A WAV segment while it grows. Lengths are bytes of the file, ticks milliseconds since boot."""

    def __init__(
        self, cards: "ports.Card", folder: str, recording: int, number: int, source: "ports.Capture", tick: int
    ):
        self.recording = recording
        self.number = number
        self.first_tick = tick
        self.last_tick = tick  # once it ended
        self.length = card.WAV_HEADER
        self.tree = merkle.TreeHasher()
        self.checkpoint_tick = tick
        self._source = source
        self._frame = source.channels * source.bits // 8
        self._lost_before = source.lost()
        self._lost: int | None = None  # once it ended
        self.body: dict | None = None  # once it is closed: the named fields of SEGMENT
        self._hasher = merkle.LeafHasher(versions.LEAF_SOUND)
        cards.make_folder(folder + "/" + card.recording_folder(recording))
        self.stem = card.segment_base(folder, recording, number)
        self._media = cards.open(self.stem + card.extension(codes.MEDIA_WAV), "wb")
        self._media.write(card.wav_header(source.rate, source.channels, source.bits, 0))
        self._leaves = cards.open(self.stem + card.LEAVES, "wb")
        self._leaves.write(bytes(32))  # the header's leaf, known when the segment closes
        self._checkpoints = cards.open(self.stem + card.CHECKPOINTS, "wb")

    def write(self, data: memoryview) -> None:
        """Appends captured bytes."""
        self._media.write(data)
        self.length += len(data)
        for leaf in self._hasher.update(data):
            self._add_leaf(leaf)

    def flush(self) -> None:
        """Makes what was written durable."""
        self._media.flush()

    def flush_leaves(self) -> None:
        """Makes the leaf hashes durable."""
        self._leaves.flush()

    def frames(self) -> int:
        """Frames written."""
        return (self.length - card.WAV_HEADER) // self._frame

    def lost(self) -> int:
        """Frames that the source lost while this segment was written."""
        return self._source.lost() - self._lost_before if self._lost is None else self._lost

    def expected(self) -> int:
        """Frames that the time from first to last tick holds."""
        return (self.last_tick - self.first_tick) * self._source.rate // 1000

    def checkpoint_values(self, device: bytes, start: bytes, boot: int, tick: int) -> dict:
        """The named fields of a CHECKPOINT over the complete leaves so far."""
        return {
            "device": device,
            "start": start,
            "recording": self.recording,
            "number": self.number,
            "length": card.WAV_HEADER + self.tree.size * versions.LEAF_SOUND,
            "leaves": self.tree.size,
            "root": self.tree.root(),
            "boot": boot,
            "tick": tick,
            "written": self.frames(),
            "lost": self.lost(),
        }

    def add_checkpoint(self, statement: bytes) -> None:
        """Appends a signed CHECKPOINT beside the media."""
        self._checkpoints.write(statement)
        self._checkpoints.flush()

    def end(self, tick: int) -> None:
        """Nothing more is written: what is lost from here on is the next segment's, however late this one is closed."""
        self.last_tick = tick
        self._lost = self.lost()

    def close(self, boot: int) -> dict:
        """Closes the files with their final sizes and returns the named fields of SEGMENT.

        The caller removes checkpoints.
        """
        leaf = self._hasher.finish()
        if leaf is not None:
            self._add_leaf(leaf)
        source = self._source
        header = card.wav_header(source.rate, source.channels, source.bits, self.length - card.WAV_HEADER)
        self._media.seek(0)
        self._media.write(header)
        self._media.close()
        header_leaf = merkle.leaf_hash(header)
        self._leaves.seek(0)
        self._leaves.write(header_leaf)
        self._leaves.close()
        self._checkpoints.close()
        self.body = segment_values(
            self.recording,
            self.number,
            self.length,
            merkle.segment_root(header_leaf, self.tree.root()),
            boot,
            self.first_tick,
            self.last_tick,
            self.expected(),
            self.frames(),
            self.lost(),
            source.rate,
            codes.ATTESTED_INLINE,
            self.length,
        )
        return self.body

    def abandon(self) -> None:
        """Closes the files as they are, after the card failed."""
        for file in (self._media, self._leaves, self._checkpoints):
            try:
                file.close()
            except OSError:  # the card is gone; boot recovery or MEDIA_LOST tells of it
                continue

    def _add_leaf(self, leaf: bytes) -> None:
        self.tree.append(leaf)
        self._leaves.write(leaf)


def segment_values(
    recording: int,
    number: int,
    length: int,
    root: bytes,
    boot: int,
    first_tick: int,
    last_tick: int,
    expected: int,
    written: int,
    lost: int,
    rate: int,
    attested: int,
    attested_length: int,
) -> dict:
    """The named fields of SEGMENT for a sound segment in the clear."""
    return {
        "recording": recording,
        "number": number,
        "media": codes.MEDIA_WAV,
        "header_length": card.WAV_HEADER,
        "length": length,
        "leaf_size": versions.LEAF_SOUND,
        "root": root,
        "boot": boot,
        "first_tick": first_tick,
        "last_tick": last_tick,
        "expected": expected,
        "written": written,
        "lost": lost,
        "rate": rate,
        "track": codes.TRACK_SOUND,
        "attested": attested,
        "stored": codes.STORED_PLAIN,
        "attested_length": attested_length,
    }
