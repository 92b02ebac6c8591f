"""Media that a forged recorder seals: sound, pictures in AVI as a recorder writes them, files of an encoder."""

import hashlib
import io
import struct
from typing import NamedTuple

from evidock_protocol import avi, codes, versions, wav

SAMPLES = 16_000  # per second
PICTURES = 5  # per second
SIDE = 64  # pixels


class File(NamedTuple):
    """One media file, and what SEGMENT says of it."""

    data: bytes
    header: int
    leaf_size: int
    media: int
    track: int
    rate: int
    written: int
    lost: int = 0
    attested: int = codes.ATTESTED_INLINE


def noise(length: int, seed: object) -> bytes:
    """Bytes that differ everywhere."""
    block = hashlib.sha256(str(seed).encode()).digest()
    return (hashlib.shake_128(block).digest(min(length, 1 << 16)) * (length // (1 << 16) + 1))[:length]


def sound(seconds: float, seed: object = 0) -> bytes:
    """16-bit samples that differ everywhere."""
    return noise(int(seconds * SAMPLES) * 2, seed)


def wav_file(data: bytes, leaf_size: int) -> File:
    """Sound as a recorder writes it."""
    whole = wav.wav_header(SAMPLES, 1, 16, len(data)) + data
    return File(whole, wav.WAV_HEADER, leaf_size, codes.MEDIA_WAV, codes.TRACK_SOUND, SAMPLES, len(data) // 2)


def avi_file(seconds: float, seed: object = 0, lost: int = 0, leaf_size: int = versions.MINIMUM_LEAF) -> File:
    """Pictures as a recorder writes them, the last `lost` of them empty chunks."""
    count = int(seconds * PICTURES)
    chunks = b""
    for number in range(count):
        length = 0 if number >= count - lost else 301 + 97 * (number % 7)
        picture = b"" if not length else b"\xff\xd8" + noise(length - 4, (seed, number)) + b"\xff\xd9"
        chunks += struct.pack("<4sI", b"00dc", length) + picture + bytes(length & 1)
    body = avi.avi_header(SIDE, SIDE, PICTURES, count, len(chunks)) + chunks
    index = io.BytesIO()
    for _ in avi.index_steps(io.BytesIO(body), len(body), count, index.write):
        pass
    written = count - lost
    data = body + index.getvalue()
    return File(data, avi.AVI_HEADER, leaf_size, codes.MEDIA_AVI, codes.TRACK_PICTURE, PICTURES, written, lost)


def encoder_file(length: int, seed: object = 0, media: int = codes.MEDIA_MP4, track: int = 3) -> File:
    """A file that an external encoder closed: no frames are counted in it."""
    data = noise(length, seed)
    rest = (versions.MINIMUM_LEAF, media, track, 0, 0, 0, codes.ATTESTED_POST_CLOSE)
    return File(data, min(512, length), *rest)
