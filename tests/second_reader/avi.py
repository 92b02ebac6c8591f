"""Section "AVI": the header of a segment of pictures, its chunks, and its index."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .errors import Malformed

HEADER_LENGTH = 512
MOVI = 508  # where the index counts from
INDEXED = 16
LARGEST_SIDE, HIGHEST_RATE = 32767, 1000
CHUNK, INDEX = b"00dc", b"idx1"
LAYOUT = "<4sI4s 4sI4s 4sI 10I 16x 4sI4s 4sI 8s 12x 6I 8x 2H 4sI 3I 2H 4s I 16x 4sI 280x 4sI4s"


@dataclass(frozen=True)
class Pictures:
    """What a header says. `movi` is the length of all chunks."""

    rate: int
    width: int
    height: int
    chunks: int
    movi: int
    indexed: bool

    @property
    def length(self) -> int:
        """The length of the file."""
        return HEADER_LENGTH + self.movi + (8 + 16 * self.chunks if self.indexed else 0)


def make_header(pictures: Pictures) -> bytes:
    """The one header of these pictures."""
    width, height, rate = pictures.width, pictures.height, pictures.rate
    if not (1 <= width <= LARGEST_SIDE and 1 <= height <= LARGEST_SIDE and 1 <= rate <= HIGHEST_RATE):
        raise Malformed("pictures beyond their limits")
    flags = INDEXED if pictures.indexed else 0
    return struct.pack(
        LAYOUT,
        *(b"RIFF", pictures.length - 8, b"AVI ", b"LIST", 192, b"hdrl", b"avih", 56),
        *(1_000_000 // rate, 0, 0, flags, pictures.chunks, 0, 1, 0, width, height),
        *(b"LIST", 116, b"strl", b"strh", 56, b"vidsMJPG"),
        *(1, rate, 0, pictures.chunks, 0, 0xFFFFFFFF, width, height),
        *(b"strf", 40, 40, width, height, 1, 24, b"MJPG", width * height * 3),
        *(b"JUNK", 280, b"LIST", pictures.movi + 4, b"movi"),
    )


def _integer(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + 4], "little")


def parse_header(header: bytes) -> Pictures:
    """The pictures of a header that is exactly of the table's form."""
    if len(header) != HEADER_LENGTH:
        raise Malformed(f"a header has {HEADER_LENGTH} bytes")
    rate, width, height = (_integer(header, offset) for offset in (132, 64, 68))
    chunks, movi, flags = (_integer(header, offset) for offset in (48, 504, 44))
    pictures = Pictures(rate, width, height, chunks, movi - 4, flags == INDEXED)
    if movi < 4 or pictures.indexed != (chunks > 0) or make_header(pictures) != header:
        raise Malformed("not the header of the table")
    return pictures


def chunks_of(file: bytes) -> Iterator[tuple[int, int]]:
    """Where each chunk's head begins, and the length of its picture, as far as the heads can be followed."""
    offset = HEADER_LENGTH
    while file[offset : offset + 4] == CHUNK and offset + 8 <= len(file):
        length = _integer(file, offset + 4)
        if offset + 8 + length > len(file):
            return
        yield offset, length
        offset += 8 + length + length % 2


def index_of(chunks: list[tuple[int, int]]) -> bytes:
    """The index of these chunks; nothing without one."""
    rows = (struct.pack("<4s3I", CHUNK, INDEXED if length else 0, offset - MOVI, length) for offset, length in chunks)
    return INDEX + struct.pack("<I", 16 * len(chunks)) + b"".join(rows) if chunks else b""
