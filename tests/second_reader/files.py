"""Section "Verification of a chain", step 8: what the file of a segment says of its frames, and where they stand."""

from collections.abc import Iterable
from dataclasses import dataclass

from . import avi, wav
from .errors import Malformed
from .fields import Fields
from .segments import RECOVERED, RECOVERED_SLACK, WAV, is_own_avi


@dataclass(frozen=True)
class Wave:
    """What a WAV file says, whatever the length of its header."""

    rate: int
    frame: int


def read_wave(header: bytes) -> Wave | None:
    """The first "fmt " of a header; the recorder's own header is that of section "WAV"."""
    if len(header) == wav.HEADER_LENGTH:
        try:
            sound = wav.parse_header(header)
            return Wave(sound.rate, sound.channels * sound.bits // 8)
        except Malformed:
            pass
    offset = 12
    while header[:4] == b"RIFF" and offset + 8 <= len(header):
        length = int.from_bytes(header[offset + 4 : offset + 8], "little")
        if header[offset : offset + 4] == b"fmt " and length >= 16:
            content = header[offset + 8 : offset + 24]
            return Wave(int.from_bytes(content[4:8], "little"), int.from_bytes(content[12:14], "little"))
        offset += 8 + length + length % 2
    return None


def frames_hold(segment: Fields, file: bytes) -> bool:
    """Whether a file that matches holds the frames that its SEGMENT counts."""
    header, written = segment.integer("header_length"), segment.integer("written")
    if segment.integer("media") == WAV:
        wave = read_wave(file[:header])
        return wave is not None and (wave.rate, wave.frame * written) == (segment.integer("rate"), len(file) - header)
    if is_own_avi(segment):
        try:
            pictures = avi.parse_header(file[:header])
        except Malformed:
            return False
        return (pictures.rate, pictures.chunks) == (segment.integer("rate"), written + segment.integer("lost"))
    return True


def recovered_too_much(segment: Fields, file: bytes | None) -> bool:
    """Whether a recovered segment holds more than 5 s of frames beyond what is attested and one leaf."""
    if segment.integer("attested") != RECOVERED:
        return False
    begin = segment.integer("attested_length") + segment.integer("leaf_size")
    limit = RECOVERED_SLACK * segment.integer("rate") // 1000
    if is_own_avi(segment):
        return file is not None and sum(offset >= begin for offset, _ in avi.chunks_of(file)) > limit
    data, frames = segment.integer("length") - segment.integer("header_length"), segment.integer("written")
    return (segment.integer("length") - begin) * frames > limit * data


def altered_times(segment: Fields, file: bytes, places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ticks of the frames that stand in these places of the file."""
    first, last, rate = (segment.integer(name) for name in ("first_tick", "last_tick", "rate"))
    header, frames = segment.integer("header_length"), list[tuple[int, int]]()
    if segment.integer("media") == WAV and segment.integer("written"):
        size = max((segment.integer("length") - header) // segment.integer("written"), 1)
        for begin, end in places:
            if begin < header:
                return [(first, last)]
            frames.append(((begin - header) // size, -(-(end - header) // size)))
    elif is_own_avi(segment):
        chunks = list(avi.chunks_of(file))
        for begin, end in places:
            if begin < header or not chunks or end > chunks[-1][0] + 8 + chunks[-1][1]:
                return [(first, last)]
            hit = [n for n, (offset, length) in enumerate(chunks) if offset < end and begin < offset + 8 + length]
            frames.append((min(hit), max(hit) + 1))
    else:
        return [(first, last)]
    times = ((first + begin * 1000 // rate, first - (-end * 1000 // rate)) for begin, end in frames)
    return [(min(begin, last), min(end, last)) for begin, end in times]
