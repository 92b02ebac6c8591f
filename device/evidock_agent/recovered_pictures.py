"""How much of an AVI that was open when power went is sealed: whole pictures, as far as CHECKPOINTs and budget go.

Specification: "Boot recovery", "AVI". Loaded on demand, on boards with a camera.
"""

import struct

from evidock_agent.picture import MAXIMUM_PICTURE
from evidock_agent.recorder import CHECKPOINT_MS
from evidock_protocol import avi, codes, versions
from evidock_protocol.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports

_PATCHED = ((4, 8), (44, 52), (140, 144), (504, 508))  # where a header has lengths, counts and the flag of the index
_SIZE = 64  # where it has width and height
_HOPS = 16  # pictures to a slice


class Pictures:
    """AVI files. `budget`: pictures beyond those that a CHECKPOINT counts; for the whole recovery."""

    media = codes.MEDIA_AVI
    track = codes.TRACK_PICTURE
    leaf_size = versions.LEAF_DEFAULT

    def __init__(self, source: "ports.Camera"):
        self.rate = source.rate
        self.budget = self.rate * CHECKPOINT_MS // 1000
        self._width = source.width
        self._height = source.height

    def is_own(self, found: bytes) -> bool:
        """Whether only lengths and counts differ, and the size of the pictures, which the camera may change."""
        self._width, self._height = struct.unpack_from("<II", found, _SIZE)
        try:
            own = bytearray(self.header(avi.AVI_HEADER, 0))
        except ProtocolError:
            return False
        for start, end in _PATCHED:
            own[start:end] = found[start:end]
        return own == found

    def measure(self, file, size: int, vouched: int, checkpoint):
        """Generator: pays from the budget; returns (end of what is sealed, pictures, lost ones, whether more follows).

        The end lies behind the file's own when it breaks off in a picture that a CHECKPOINT vouches for in part.
        """
        counted = checkpoint["written"] + checkpoint["lost"] if checkpoint else 0
        walker = avi.Walker(file, size)
        end = walker.position
        empty = late = 0  # chunks without a picture: all of them, and those that no CHECKPOINT counts
        follows = False
        while True:
            if walker.chunks % _HOPS == 0:
                yield
            length = walker.hop()
            if length < 0:
                break
            if walker.chunks > counted + self.budget and end >= vouched:
                follows = True
                break
            end = walker.position
            if not length:
                empty += 1
                late += walker.chunks > counted
        chunks = walker.chunks - follows
        lost = empty if chunks < counted or not checkpoint else checkpoint["lost"] + late
        if not follows:
            if end < vouched:
                cut = self._cut_picture(file, end)
                if cut:
                    end += cut
                    chunks += 1
                    lost += 1
            elif size - end > MAXIMUM_PICTURE + avi.CHUNK_HEAD + avi.index_length(chunks):
                follows = True  # what no recording leaves behind its last whole picture
        self.budget -= max(chunks - counted, 0)
        return end, chunks - lost, lost, follows

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
