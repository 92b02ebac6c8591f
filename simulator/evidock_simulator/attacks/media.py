"""Attacks on one media file: its bytes, its header, its length.

Attacks: AT-1, AT-4, AT-6, AT-16 and AT-24 (its headers are in `containers`). The entries stay as they are.
"""

import struct

from evidock_simulator.attacks.attack import Attack, Damage
from evidock_simulator.attacks.evidence import Evidence, Recorder, Segment

SILENT_SECONDS = 2
REPLACED = 4096  # bytes
_PLAIN_HEADER = 44  # bytes of the shortest WAV header
_MISMATCH = (("CONTENT_MISMATCH", 1),)


def flip_bit(evidence: Evidence) -> Damage:
    segment, middle = _longest_sound(evidence)
    data = bytearray(segment.path.read_bytes())
    data[middle] ^= 0x10
    return written(evidence, segment, bytes(data), (middle, middle + 1), "one bit flipped")


def replace_bytes(evidence: Evidence) -> Damage:
    segment, middle = _longest_sound(evidence)
    data = bytearray(segment.path.read_bytes())
    end = min(middle + REPLACED, len(data))
    data[middle:end] = bytes(255 - byte for byte in data[middle:end])
    return written(evidence, segment, bytes(data), (middle, end), f"{end - middle} bytes replaced")


def silence(evidence: Evidence) -> Damage:
    segment, middle = _longest_sound(evidence)
    data = bytearray(segment.path.read_bytes())
    end = min(middle + SILENT_SECONDS * segment.bytes_per_second, len(data))
    data[middle:end] = bytes(end - middle)
    return written(evidence, segment, bytes(data), (middle, end), "sound silenced")


def re_encode(evidence: Evidence) -> Damage:
    segment, _middle = _longest_sound(evidence)
    data = segment.path.read_bytes()
    sound = data[segment.header :]
    head = struct.pack("<4sI4s", b"RIFF", len(sound) + _PLAIN_HEADER - 8, b"WAVE") + data[12:36]
    head += struct.pack("<4sI", b"data", len(sound))
    return written(evidence, segment, head + sound, (0, segment.length), "saved again with a header of 44 bytes")


def truncate_file(evidence: Evidence) -> Damage:
    segment, middle = _longest_sound(evidence)
    data = segment.path.read_bytes()
    return written(evidence, segment, data[:middle], (middle, len(data)), "second half cut off")


def empty_file(evidence: Evidence) -> Damage:
    segment, _middle = _longest_sound(evidence)
    return written(evidence, segment, b"", (0, segment.length), "file emptied")


def extend_file(evidence: Evidence) -> Damage:
    segment, middle = _longest_sound(evidence)
    data = segment.path.read_bytes()
    more = data[middle : middle + segment.bytes_per_second]
    span = (len(data), len(data) + len(more))
    return written(evidence, segment, data + more, span, "sound appended")._replace(seconds=None)


def replay_segment(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    first, second = _two_that_differ(recorder)
    return written(
        evidence, second, first.path.read_bytes(), None, f"holds segment {first.number} of recording {first.recording}"
    )


def swap_segments(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    first, second = _two_that_differ(recorder)
    there = second.path.read_bytes()
    second.path.write_bytes(first.path.read_bytes())
    return written(evidence, first, there, None, f"changed places with {recorder.name(second.path)}")


def foreign_media(evidence: Evidence) -> Damage:
    foreign = evidence.other().segments()
    if not foreign:
        raise ValueError("this attack needs a segment of the other recorder")
    segment = evidence.longest()
    return written(evidence, segment, foreign[0].path.read_bytes(), None, "holds another recorder's segment")


def splice_sound(evidence: Evidence) -> Damage:
    segment, middle = _longest_sound(evidence)
    data = segment.path.read_bytes()
    sound = data[segment.header :]
    half = middle - segment.header
    swapped = data[: segment.header] + sound[len(sound) - half :] + sound[: len(sound) - half]
    return written(evidence, segment, swapped, (segment.header, segment.length), "its halves changed places")


def _longest_sound(evidence: Evidence) -> tuple[Segment, int]:
    """The longest segment, which must be a WAV file, and the place of a frame in its middle."""
    segment = evidence.longest()
    if not segment.bytes_per_second:
        raise ValueError(f"{segment.path}: this attack needs a WAV file")
    middle = segment.header + (segment.length - segment.header) // 2
    return segment, middle - (middle - segment.header) % 4


def _two_that_differ(recorder: Recorder) -> tuple[Segment, Segment]:
    """Two segments of the recorder whose sealed bytes differ, of one recording if there are such."""
    segments = recorder.segments()
    pairs = [
        (first, second)
        for place, first in enumerate(segments)
        for second in segments[place + 1 :]
        if first.sealed.body["root"] != second.sealed.body["root"]
    ]
    if not pairs:
        raise ValueError(f"{recorder.folder}: this attack needs two segments that differ")
    return min(pairs, key=lambda pair: pair[0].recording != pair[1].recording)


def written(evidence: Evidence, segment: Segment, data: bytes, span: tuple[int, int] | None, text: str) -> Damage:
    """Makes `data` the file of `segment` and says so."""
    timed = span is not None and segment.bytes_per_second > 0
    seconds = (segment.seconds(span[0]), segment.seconds(span[1])) if span is not None and timed else None
    segment.path.write_bytes(data)
    name = evidence.recorder.name(segment.path)
    return Damage(text, name, segment.recording, segment.number, span, seconds)


# fmt: off
ATTACKS = (
    Attack("flip-bit", 1, "ALTERED", _MISMATCH,
           "one bit in the middle of a media file flipped", "媒体文件中间翻转一位", flip_bit),
    Attack("replace-bytes", 1, "ALTERED", _MISMATCH,
           "4 KiB in the middle of a media file replaced", "媒体文件中间替换 4 KiB", replace_bytes),
    Attack("silence", 1, "ALTERED", _MISMATCH,
           "two seconds of sound silenced; the file still plays", "静音两秒，文件仍可播放", silence),
    Attack("re-encode", 1, "ALTERED", _MISMATCH,
           "the same sound saved again with another header layout", "同样的声音以另一种文件头重新保存", re_encode),
    Attack("truncate-file", 1, "ALTERED", _MISMATCH,
           "the second half of a media file cut off", "截去媒体文件的后半部分", truncate_file),
    Attack("empty-file", 1, "ALTERED", _MISMATCH,
           "a media file emptied", "清空一个媒体文件", empty_file),
    Attack("splice-sound", 1, "ALTERED", _MISMATCH,
           "the two halves of a media file exchanged", "对调一个媒体文件的前后两半", splice_sound),
    Attack("extend-file", 4, "ALTERED", (("UNCOVERED_TAIL", 4),),
           "a second of sound appended after the sealed end", "在已封存的末尾之后追加一秒声音", extend_file),
    Attack("replay-segment", 6, "ALTERED", (("ORDER", 6),),
           "a segment's file overwritten with another segment's", "用另一分段的文件覆盖一个分段", replay_segment),
    Attack("swap-segments", 6, "ALTERED", (("ORDER", 6),),
           "the files of two segments exchanged", "对调两个分段的文件", swap_segments),
    Attack("foreign-media", 16, "ALTERED", (("WRONG_DEVICE", 15),),
           "a segment's file overwritten with another recorder's", "用另一台记录仪的文件覆盖一个分段",
           foreign_media, needs_store=True),
)
# fmt: on
