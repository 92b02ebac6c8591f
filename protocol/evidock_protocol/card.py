"""Names of files on the card, and the layout of a WAV header written inline.

Specification: "The card" and "WAV". Names fit FAT's 8.3 form, so that a torn directory entry cannot orphan a long one.
"""

import binascii
import struct

from evidock_protocol.errors import Malformed
from evidock_protocol.versions import MAXIMUM_FILE

ROOT = "EVIDOCK"
JOURNAL = "JOURNAL.CBS"
PRIVATE = "PRIVATE.CBS"
IDENTITY = "CARD.ID"

EXTENSIONS = ((1, "WAV"), (2, "AVI"), (3, "MP4"), (4, "BIN"))
LEAVES = "LVS"
CHECKPOINTS = "CKP"

WAV_HEADER = 512  # bytes: one card sector, so that patching sizes never rewrites a sector that holds sound
_JUNK = WAV_HEADER - 12 - 24 - 8 - 8


def device_folder(device: bytes) -> str:
    """Folder of one recorder on a card, below the card's root: EVIDOCK and the device id's first 8 hexadecimal digits.

    Cards move between recorders of a unit, so each keeps to a folder of its own.
    """
    return ROOT + "/" + binascii.hexlify(device[:4]).decode().upper()


def recording_folder(recording: int) -> str:
    """Folder of a recording below the recorder's folder, such as R0000001."""
    if not 1 <= recording <= 9999999:
        raise Malformed(f"recording {recording} out of range")
    return f"R{recording:07d}"


def segment_stem(number: int) -> str:
    """File name of a segment without its extension, such as S0000001."""
    if not 1 <= number <= 9999999:
        raise Malformed(f"segment number {number} out of range")
    return f"S{number:07d}"


def segment_base(folder: str, recording: int, number: int) -> str:
    """Path of a segment's files below a recorder's `folder`, up to and with the dot before their extensions."""
    return folder + "/" + recording_folder(recording) + "/" + segment_stem(number) + "."


def extension(media: int) -> str:
    """File extension of a media type."""
    for number, name in EXTENSIONS:
        if number == media:
            return name
    raise Malformed(f"unknown media type {media}")


def wav_header(rate: int, channels: int, bits: int, data_length: int) -> bytes:
    """The 512-byte header: RIFF, "fmt ", a JUNK chunk that fills the sector, and the head of "data".

    While the segment is open `data_length` is 0; closing and recovery patch it. Source: Microsoft RIFF, WAVE PCM.
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
