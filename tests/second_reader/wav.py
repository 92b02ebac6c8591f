"""Section "WAV": the header of a sound segment."""

import struct
from dataclasses import dataclass

from .errors import Malformed

HEADER_LENGTH = 512
MAXIMUM_FILE = 2**32 - 1
BITS = 16
LAYOUT = "<4sI4s4sIHHIIHH4sI460s4sI"


@dataclass(frozen=True)
class Sound:
    """What a header says."""

    rate: int
    channels: int
    bits: int
    data_length: int


def make_header(sound: Sound) -> bytes:
    """The one header of this sound."""
    if sound.data_length > MAXIMUM_FILE - HEADER_LENGTH:
        raise Malformed(f"a file of more than {MAXIMUM_FILE} bytes")
    frame = sound.channels * sound.bits // 8
    return struct.pack(
        LAYOUT,
        *(b"RIFF", sound.data_length + HEADER_LENGTH - 8, b"WAVE"),
        *(b"fmt ", 16, 1, sound.channels, sound.rate, sound.rate * frame, frame, sound.bits),
        *(b"JUNK", 460, bytes(460), b"data", sound.data_length),
    )


def parse_header(header: bytes) -> Sound:
    """The sound of a header that is exactly of the table's form."""
    if len(header) != HEADER_LENGTH:
        raise Malformed(f"a header has {HEADER_LENGTH} bytes")
    values = struct.unpack(LAYOUT, header)
    sound = Sound(rate=values[7], channels=values[6], bits=values[10], data_length=values[-1])
    if sound.bits != BITS or make_header(sound) != header:
        raise Malformed("not the header of the table")
    return sound
