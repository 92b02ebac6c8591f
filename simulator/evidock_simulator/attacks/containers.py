"""Attacks on how a media file says it is to be played: the data stay as they are, header or codec become others.

Attacks: AT-24. Source: Microsoft, "Multiple Channel Audio Data and WAVE Files" and "AVI RIFF File Reference"; ISO/IEC
14496-12 (boxes) and 14496-15 §5.3.3 (avcC).
"""

import struct

from evidock_simulator.attacks.attack import Attack, Damage
from evidock_simulator.attacks.evidence import Evidence, Segment
from evidock_simulator.attacks.media import written

_MISMATCH = (("CONTENT_MISMATCH", 24),)
_RATE, _BYTES_PER_SECOND, _FORMAT, _BITS = 24, 28, 20, 34  # offsets in a WAV header
_MU_LAW = 7
_SEARCHED = 1 << 20  # bytes at either end of a file in which boxes are looked for
_CONFIGURATIONS = (b"avcC", b"hvcC", b"av1C", b"esds")


def swap_header(evidence: Evidence) -> Damage:
    """Twice as many frames a second."""
    segment = evidence.longest()
    data = bytearray(segment.path.read_bytes())
    for offset in (_RATE, _BYTES_PER_SECOND):
        (value,) = struct.unpack_from("<I", data, offset)
        struct.pack_into("<I", data, offset, value * 2)
    return _headed(evidence, segment, data, (_RATE, _BYTES_PER_SECOND + 4), "plays twice as fast by its header")


def swap_codec(evidence: Evidence) -> Damage:
    """Samples of 16 bits that call themselves µ-law: they play as noise."""
    segment = evidence.longest()
    data = bytearray(segment.path.read_bytes())
    struct.pack_into("<H", data, _FORMAT, _MU_LAW)
    struct.pack_into("<H", data, _BITS, 8)
    return _headed(evidence, segment, data, (_FORMAT, _BITS + 2), "calls its samples µ-law")


def swap_picture_rate(evidence: Evidence) -> Damage:
    """Half the microseconds a picture in the main header, twice the rate in the stream's."""
    segment = evidence.longest("AVI")
    data = bytearray(segment.path.read_bytes())
    main, stream = _chunk(segment, data, b"avih"), _chunk(segment, data, b"strh")
    (microseconds,) = struct.unpack_from("<I", data, main)
    struct.pack_into("<I", data, main, microseconds // 2)
    (rate,) = struct.unpack_from("<I", data, stream + 24)
    struct.pack_into("<I", data, stream + 24, rate * 2)
    return _headed(evidence, segment, data, (main, stream + 28), "plays twice as fast by its header")


def swap_picture_codec(evidence: Evidence) -> Damage:
    """Another codec in the stream's header and in its format."""
    segment = evidence.longest("AVI")
    data = bytearray(segment.path.read_bytes())
    handler, compression = _chunk(segment, data, b"strh") + 4, _chunk(segment, data, b"strf") + 16
    for at in (handler, compression):
        data[at : at + 4] = b"H264"
    return _headed(evidence, segment, data, (handler, compression + 4), "calls its pictures H.264")


def swap_codec_configuration(evidence: Evidence) -> Damage:
    """The decoder's configuration becomes another, as foreign parameter sets do: the same data decode otherwise."""
    segment = evidence.longest("MP4")
    data = bytearray(segment.path.read_bytes())
    for name in _CONFIGURATIONS:
        at = data.find(name, 0, _SEARCHED)
        at = at if at >= 0 else data.find(name, max(0, len(data) - _SEARCHED))
        if at >= 4:
            (length,) = struct.unpack_from(">I", data, at - 4)
            first, end = at + 4, min(at - 4 + length, len(data))
            data[first:end] = bytes(byte ^ 0x55 for byte in data[first:end])
            return _headed(evidence, segment, data, (first, end), f"another decoder configuration in {name.decode()}")
    raise ValueError(f"{segment.path}: this attack needs a decoder configuration in the file")


def _chunk(segment: Segment, data: bytearray, name: bytes) -> int:
    """Where the content of a header's chunk begins. Raises ValueError when it is not there."""
    at = data.find(name, 0, segment.header)
    if at < 0:
        raise ValueError(f"{segment.path}: this attack needs an AVI header")
    return at + 8


def _headed(evidence: Evidence, segment: Segment, data: bytearray, span: tuple[int, int], text: str) -> Damage:
    return written(evidence, segment, bytes(data), span, text)._replace(seconds=None)


# fmt: off
ATTACKS = (
    Attack("swap-header", 24, "ALTERED", _MISMATCH,
           "the header changed so that the sound plays twice as fast", "修改文件头使声音以两倍速播放", swap_header),
    Attack("swap-codec", 24, "ALTERED", _MISMATCH,
           "the header changed so that the sound is decoded by another codec", "修改文件头使声音以另一种编码解码",
           swap_codec),
    Attack("swap-picture-rate", 24, "ALTERED", _MISMATCH,
           "an AVI header changed so that the pictures play twice as fast", "修改 AVI 文件头使画面以两倍速播放",
           swap_picture_rate, needs_media="AVI"),
    Attack("swap-picture-codec", 24, "ALTERED", _MISMATCH,
           "an AVI header that names another codec", "修改 AVI 文件头中的编码格式", swap_picture_codec,
           needs_media="AVI"),
    Attack("swap-codec-configuration", 24, "ALTERED", _MISMATCH,
           "foreign decoder parameters in an MP4 file", "替换 MP4 文件中的解码参数", swap_codec_configuration,
           needs_media="MP4"),
)
# fmt: on
