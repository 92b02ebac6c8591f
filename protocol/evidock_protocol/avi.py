"""An AVI file of JPEG pictures: its header, the heads of its chunks, its index, and the way from chunk to chunk.

Specification: "AVI". Source: Microsoft, "AVI RIFF File Reference" (AVIMAINHEADER, AVISTREAMHEADER, AVIOLDINDEX).
"""

import struct

from evidock_protocol.errors import Malformed
from evidock_protocol.versions import MAXIMUM_FILE

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Protocol

    class Reader(Protocol):
        """An open file."""

        def seek(self, __offset: int) -> object: ...

        def readinto(self, __buffer: memoryview) -> int | None: ...


AVI_HEADER = 512  # bytes up to the first chunk: one card sector
CHUNK_HEAD = 8  # bytes
INDEX_ROW = 16  # bytes
EMPTY_CHUNK = b"00dc\x00\x00\x00\x00"  # stands for a picture that is lost: players go on showing the one before
MAXIMUM_SIDE = 32767  # pixels: the frame of a stream is four signed 16-bit numbers
MAXIMUM_RATE = 1000  # pictures per second

_CHUNK = b"00dc"
_INDEX = b"idx1"
_HAS_INDEX = 0x10
_KEY_FRAME = 0x10
_MOVI = AVI_HEADER - 4  # where "movi" stands, from which the index counts
_JUNK = AVI_HEADER - 12 - 12 - 64 - 12 - 64 - 48 - 8 - 12
_BATCH = 16  # index rows to a write


def can_hold(width: int, height: int, rate: int) -> bool:
    """Whether a header can hold pictures of so many pixels, so many a second."""
    return 0 < width <= MAXIMUM_SIDE and 0 < height <= MAXIMUM_SIDE and 0 < rate <= MAXIMUM_RATE


def avi_header(width: int, height: int, rate: int, chunks: int, length: int) -> bytes:
    """The 512-byte header of a file of `chunks` chunks in `length` bytes; of an open file when both are 0.

    `width` and `height` are pixels, `rate` pictures per second. Closing and recovery append the index and write the
    header anew. Raises Malformed for what its fields or a FAT32 file cannot hold.
    """
    if not can_hold(width, height, rate):
        raise Malformed(f"pictures of {width} by {height} pixels, {rate} a second")
    whole = AVI_HEADER + length + index_length(chunks)
    if chunks < 0 or length < chunks * CHUNK_HEAD or whole > MAXIMUM_FILE:
        raise Malformed(f"{chunks} chunks in {length} bytes")
    flags = _HAS_INDEX if chunks else 0
    return (
        struct.pack("<4sI4s", b"RIFF", whole - 8, b"AVI ")
        + struct.pack("<4sI4s", b"LIST", 4 + 64 + 12 + 64 + 48, b"hdrl")
        + struct.pack("<4sI10I16x", b"avih", 56, 1000000 // rate, 0, 0, flags, chunks, 0, 1, 0, width, height)
        + struct.pack("<4sI4s", b"LIST", 4 + 64 + 48, b"strl")
        + struct.pack("<4sI4s4sIHHI", b"strh", 56, b"vids", b"MJPG", 0, 0, 0, 0)
        + struct.pack("<IIIIIII4H", 1, rate, 0, chunks, 0, 0xFFFFFFFF, 0, 0, 0, width, height)
        + struct.pack("<4sIIIIHH4sI16x", b"strf", 40, 40, width, height, 1, 24, b"MJPG", width * height * 3)
        + struct.pack("<4sI", b"JUNK", _JUNK)
        + bytes(_JUNK)
        + struct.pack("<4sI4s", b"LIST", 4 + length, b"movi")
    )


def read_header(header: bytes) -> tuple[int, int, int, int, int]:
    """(width, height, rate, chunks, length) of a header that `avi_header` made; Malformed for any other."""
    if len(header) != AVI_HEADER:
        raise Malformed(f"expected an AVI header of {AVI_HEADER} bytes, found {len(header)}")
    chunks, width, height = struct.unpack_from("<I12xII", header, 48)
    rate = struct.unpack_from("<I", header, 132)[0]
    length = struct.unpack_from("<I", header, 504)[0] - 4
    if avi_header(width, height, rate, chunks, length) != header:
        raise Malformed("expected an AVI header of this recorder's form")
    return width, height, rate, chunks, length


def index_length(chunks: int) -> int:
    """Bytes of the index of so many chunks."""
    return CHUNK_HEAD + INDEX_ROW * chunks if chunks else 0


class Walker:
    """Goes from chunk to chunk of an open file, whoever wrote it. Only whole chunks count."""

    def __init__(self, file: "Reader", end: int) -> None:
        """Nothing at or beyond byte `end` of the file is looked at."""
        self.position = AVI_HEADER  # of the next chunk; the end of the last whole one
        self.chunks = 0  # passed so far
        self._file = file
        self._end = end
        self._head = memoryview(bytearray(CHUNK_HEAD))

    def hop(self) -> int:
        """Passes one chunk and returns the bytes of its picture, or −1 when no whole chunk stands here."""
        room = self._end - self.position - CHUNK_HEAD
        if room < 0:
            return -1
        self._file.seek(self.position)
        if self._file.readinto(self._head) != CHUNK_HEAD:
            return -1
        name, length = struct.unpack_from("<4sI", self._head, 0)
        if name != _CHUNK:
            return -1
        padded = length + (length & 1)
        if padded > room:
            return -1
        self.position += CHUNK_HEAD + padded
        self.chunks += 1
        return length


def index_steps(
    file: "Reader", end: int, chunks: int, write: "Callable[[memoryview], object]"
) -> "Generator[None, None, None]":
    """Writes the index of the `chunks` chunks between the header and byte `end`, in slices of 16 chunks.

    Raises Malformed when the file does not hold exactly these.
    """
    if not chunks:
        return
    rows = bytearray(_BATCH * INDEX_ROW)
    view = memoryview(rows)
    struct.pack_into("<4sI", rows, 0, _INDEX, chunks * INDEX_ROW)
    write(view[:CHUNK_HEAD])
    walker = Walker(file, end)
    filled = 0
    while walker.chunks < chunks:
        place = walker.position - _MOVI
        length = walker.hop()
        if length < 0:
            raise Malformed(f"expected {chunks} chunks, found {walker.chunks}")
        struct.pack_into("<4sIII", rows, filled, _CHUNK, _KEY_FRAME if length else 0, place, length)
        filled += INDEX_ROW
        if filled == len(rows) or walker.chunks == chunks:
            write(view[:filled])
            filled = 0
            yield
    if walker.position != end:
        raise Malformed(f"expected the chunks to end at byte {end}, found {walker.position}")
