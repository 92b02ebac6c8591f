"""How much of an AVI that was open when power went is sealed: whole pictures, as far as CHECKPOINTs and budget go.

Specification: "Boot recovery", "AVI". Loaded on demand, on boards with a camera.
"""

import struct

from evidock_agent.recorder import CHECKPOINT_MS, MAXIMUM_PICTURE
from evidock_protocol import avi, codes, versions
from evidock_protocol.errors import ProtocolError
from evidock_protocol.jpeg import PictureCheck

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports

_PATCHED = ((4, 8), (44, 52), (140, 144), (504, 508))  # where a header has lengths, counts and the flag of the index
_SIZE = 64  # where it has width and height
_HOPS = 16  # pictures to a slice


class Pictures:
    """AVI files. `budget`: pictures beyond those that a CHECKPOINT counts; for the whole recovery."""

    seals = True
    media = codes.MEDIA_AVI
    track = codes.TRACK_PICTURE
    leaf_size = versions.LEAF_DEFAULT

    def __init__(self, source: "ports.Camera", buffer: memoryview):
        """`buffer` is lent for less than a slice."""
        self.rate = source.rate
        self.budget = self.rate * CHECKPOINT_MS // 1000
        self._width = source.width
        self._height = source.height
        self._buffer = buffer
        self._check = PictureCheck()

    def spend(self, body: dict) -> None:
        """Pays for a SEGMENT that recovery made before power went again: its share behind a leaf's grace."""
        chunks = body["written"] + body["lost"]
        index = avi.index_length(chunks)
        beyond = body["length"] - index - body["attested_length"] - self.leaf_size
        if beyond > 0:
            self.budget -= min(self.budget, chunks * beyond // (body["length"] - index - avi.AVI_HEADER))

    def is_own(self, found: bytes) -> bool:
        """Whether only lengths and counts differ, and the size of the pictures, which the camera may change."""
        width, height = struct.unpack_from("<II", found, _SIZE)
        if not avi.can_hold(width, height, self.rate):
            return False
        own = bytearray(avi.avi_header(width, height, self.rate, 0, 0))
        for start, end in _PATCHED:
            own[start:end] = found[start:end]
        if own != found:
            return False
        self._width = width
        self._height = height
        return True

    def measure(self, file, size: int, vouched: int, checkpoint):
        """Generator: pays from the budget; returns (end of what is sealed, pictures, lost ones, whether more follows).

        The end lies behind the file's own when it breaks off in a picture that a CHECKPOINT vouches for in part.
        """
        counted = checkpoint["written"] + checkpoint["lost"] if checkpoint else 0
        walker = avi.Walker(file, min(size, versions.MAXIMUM_SEGMENT))
        end = behind = walker.position  # behind: where those that are counted end
        beyond = 0
        follows = False
        while True:
            if walker.chunks % _HOPS == 0:
                yield
            length = walker.hop()
            if length < 0:
                break
            # What a CHECKPOINT counts was written with it: it begins within a leaf of what its root is over.
            beyond += walker.chunks > counted or end >= vouched + self.leaf_size
            if length > MAXIMUM_PICTURE or (beyond > self.budget and end >= vouched):
                follows = True
                break
            end = walker.position
            if walker.chunks == counted:
                behind = end
        chunks = walker.chunks - follows
        self.budget -= min(self.budget, beyond)
        if checkpoint and chunks >= counted:
            lost = checkpoint["lost"] + (yield from self._bad_ones(file, behind, end))
        else:  # which of those that are left were counted as lost, nobody says
            lost = yield from self._bad_ones(file, avi.AVI_HEADER, end)
        if not follows:
            cut = self._cut_picture(file, end) if end < vouched else 0
            if cut:
                end += cut
                chunks += 1
                lost += 1
            elif size - end > MAXIMUM_PICTURE + avi.CHUNK_HEAD + avi.index_length(chunks):
                follows = True  # what no recording leaves behind its last whole picture
        return end, chunks - lost, lost, follows

    def _bad_ones(self, file, at: int, end: int):
        """Generator: how many of the chunks between two offsets hold no whole picture.

        A card may give zeros for what power kept from it, under a chunk head that is there.
        """
        walker = avi.Walker(file, end)
        walker.position = at
        bad = 0
        while True:
            at = walker.position + avi.CHUNK_HEAD
            length = walker.hop()
            if length < 0:
                return bad
            self._check.begin(length)
            file.seek(at)
            while length > 0:
                count = file.readinto(self._buffer[: min(length, len(self._buffer))])
                if not count:
                    raise OSError("media ended early")
                self._check.feed(self._buffer, 0, count)
                length -= count
                yield
            check = self._check
            bad += not (check.is_whole and check.width == self._width and check.height == self._height)
            yield

    def _cut_picture(self, file, at: int) -> int:
        """Bytes of the chunk at byte `at`, whose picture did not come whole; 0 when there is none."""
        head = bytearray(avi.CHUNK_HEAD)
        file.seek(at)
        if file.readinto(memoryview(head)) < avi.CHUNK_HEAD or head[:4] != avi.EMPTY_CHUNK[:4]:
            return 0
        length = struct.unpack_from("<I", head, 4)[0]
        return avi.CHUNK_HEAD + length + (length & 1) if length <= MAXIMUM_PICTURE else 0

    def finish_steps(self, file, end: int, chunks: int, write):
        """Generator: appends the index."""
        try:
            yield from avi.index_steps(file, end, chunks, write)
        except ProtocolError:  # the card gives back other bytes than were written
            raise OSError(5)

    def length(self, end: int, chunks: int) -> int:
        """Bytes of a file whose chunks end at byte `end`."""
        return end + avi.index_length(chunks)

    def header(self, end: int, chunks: int) -> bytes:
        """The header of such a file."""
        return avi.avi_header(self._width, self._height, self.rate, chunks, end - avi.AVI_HEADER)
