"""Names of files on the card.

Specification: "The card". Names fit FAT's 8.3 form, so that a torn directory entry cannot orphan a long one.
"""

import binascii

from evidock_protocol.errors import Malformed

ROOT = "EVIDOCK"
JOURNAL = "JOURNAL.CBS"
PRIVATE = "PRIVATE.CBS"
IDENTITY = "CARD.ID"

EXTENSIONS = ((1, "WAV"), (2, "AVI"), (3, "MP4"), (4, "BIN"))
LEAVES = "LVS"
CHECKPOINTS = "CKP"


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
