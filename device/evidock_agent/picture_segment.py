"""One open AVI segment: chunks that come byte by byte or block by block, and the index behind them.

Specification: "AVI". Bytes gather in one block, and whole blocks go to the card, so that hardly anything is cut into
slices and no sector is written twice.
"""

from evidock_agent.segment import Segment
from evidock_protocol import avi, codes, versions
from evidock_protocol.errors import Malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent

BLOCK = 4096  # bytes written at once; a leaf is a multiple
_EIO = 5


class PictureSegment(Segment):
    """An AVI file. `written` counts pictures that are whole, `lost` the other chunks."""

    track = codes.TRACK_PICTURE

    def __init__(self, agent: "Agent", number: int, width: int, height: int, rate: int, tick: int, block: memoryview):
        """`block` (4 KiB) is lent until the segment ends; `width` and `height` are pixels, `tick` its first."""
        self.width = width
        self.height = height
        self.block = block
        self.filled = 0  # bytes of it
        self._saved = 0  # bytes of it that were written already
        self._at = 0  # where readinto() goes on
        header = avi.avi_header(width, height, rate, 0, 0)
        super().__init__(
            agent.board.card,
            agent.folder,
            agent.recorder.number,
            number,
            codes.MEDIA_AVI,
            header,
            versions.LEAF_DEFAULT,
            tick,
        )
        self.rate = rate

    @property
    def chunks(self) -> int:
        """Chunks that are complete."""
        return self.written + self.lost

    def put(self, byte: int) -> None:
        """Appends one byte."""
        self.block[self.filled] = byte
        self.advance(1)

    def put_head(self, length: int) -> None:
        """Appends the head of a chunk of `length` bytes."""
        for byte in b"00dc":
            self.put(byte)
        for shift in (0, 8, 16, 24):
            self.put(length >> shift & 0xFF)

    def put_nothing(self) -> None:
        """Appends the chunk of a picture that is lost."""
        self.put_head(0)
        self.lost += 1

    def advance(self, count: int) -> None:
        """So many bytes more are in the block: when it is full, it is written."""
        self.filled += count
        if self.filled == BLOCK:
            self.write(self.block[self._saved :] if self._saved else self.block)
            self.filled = self._saved = 0

    def save(self) -> None:
        """Writes what the block holds; what follows still fills it up, so that the next blocks lie as before."""
        if self.filled > self._saved:
            self.write(self.block[self._saved : self.filled])
            self._saved = self.filled

    def flush(self) -> None:
        """Makes all that the source gave durable."""
        self.save()
        super().flush()

    def seek(self, offset: int) -> None:
        """Where readinto() goes on, once the file was reopened."""
        self._at = offset

    def readinto(self, buffer: memoryview) -> int:
        """Fills `buffer` from there."""
        return self.read_at(self._at, buffer)

    def seal_steps(self, boot: int):
        """Generator: appends the index and writes the final header; returns the named fields of SEGMENT."""
        end = self.length
        self.reopen()
        yield
        try:
            yield from avi.index_steps(self, end, self.chunks, self.write)
        except Malformed:  # the card gives back other bytes than were written
            raise OSError(_EIO)
        header = avi.avi_header(self.width, self.height, self.rate, self.chunks, end - avi.AVI_HEADER)
        return self.close(header, boot)
