"""The header of a WAV file that is written while sound comes in.

Specification: "WAV".
"""

import struct

from evidock_protocol.errors import Malformed
from evidock_protocol.versions import MAXIMUM_FILE

WAV_HEADER = 512  # bytes: one card sector, so that patching sizes never rewrites a sector that holds sound
_JUNK = WAV_HEADER - 12 - 24 - 8 - 8


def wav_header(rate: int, channels: int, bits: int, data_length: int) -> bytes:
    """The 512-byte header: RIFF, "fmt ", a JUNK chunk that fills the sector, and the head of "data".

    While the segment is open `data_length` (bytes) is 0; closing and recovery patch it. Source: Microsoft RIFF, WAVE
    PCM. Raises Malformed above what a FAT32 file holds.
    """
    if data_length > MAXIMUM_FILE - WAV_HEADER:
        raise Malformed(f"WAV data of {data_length} bytes")
    frame = channels * bits // 8
    return (
        struct.pack("<4sI4s", b"RIFF", WAV_HEADER - 8 + data_length, b"WAVE")
        + struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * frame, frame, bits)
        + struct.pack("<4sI", b"JUNK", _JUNK)
        + bytes(_JUNK)
        + struct.pack("<4sI", b"data", data_length)
    )
