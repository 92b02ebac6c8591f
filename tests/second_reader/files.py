"""Section "Verification of a chain", step 8: what the file of a segment says of its frames, and where they stand."""

from . import avi
from .errors import Malformed
from .fields import Fields
from .segments import RECOVERED, RECOVERED_SLACK, WAV, duration, is_own, is_own_avi


def frames_hold(segment: Fields, file: bytes) -> bool:
    """Whether a file that matches holds the frames that its SEGMENT counts."""
    header, written = segment.integer("header_length"), segment.integer("written")
    if is_own(segment, WAV):
        rate, frame = int.from_bytes(file[24:28], "little"), int.from_bytes(file[32:34], "little")
        return (rate, frame * written) == (segment.integer("rate"), len(file) - header)
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


def altered_times(segment: Fields, file: bytes, places: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ticks of what differs in these places of the file, rounded outwards."""
    first, last, header = (segment.integer(name) for name in ("first_tick", "last_tick", "header_length"))
    pictures = Chunks(segment, file) if is_own_avi(segment) else None
    found = list[tuple[int, int]]()
    for begin, end in places:
        times = 0, last - first
        if begin >= header and pictures is not None:
            times = pictures.times(begin, end, places[0][0]) or times
        elif begin >= header and segment.integer("media") == WAV:
            times = _times_of_sound(segment, begin - header, end - header)
        found.append((min(first + times[0], last), min(first + times[1], last)))
    return found


def _times_of_sound(segment: Fields, begin: int, end: int) -> tuple[int, int]:
    """Milliseconds of places in the data."""
    length, ticks = segment.integer("length") - segment.integer("header_length"), duration(segment)
    thousandths, rate = segment.integer("written") * 1000, segment.integer("rate")
    if not (thousandths and rate):
        thousandths, rate = ticks, 1
    return thousandths * begin // (rate * length), ticks if end >= length else -(-thousandths * end // (rate * length))


class Chunks:
    """The chunks of an AVI, as far as their heads can be followed."""

    def __init__(self, segment: Fields, file: bytes) -> None:
        chunks = list(avi.chunks_of(file))
        self.begins = [offset for offset, _ in chunks]
        self.end = chunks[-1][0] + 8 + chunks[-1][1] + chunks[-1][1] % 2 if chunks else avi.HEADER_LENGTH
        self.followed = len(chunks) == segment.integer("written") + segment.integer("lost")
        self.rate, self.ticks = segment.integer("rate"), duration(segment)

    def times(self, begin: int, end: int, damage: int) -> tuple[int, int] | None:
        """Milliseconds of the chunks in a place; `damage` is the first place that differs."""
        if not self.followed:
            return self._chunk(min(begin, damage)) * 1000 // self.rate, self.ticks
        if end > self.end:
            return None
        return self._chunk(begin) * 1000 // self.rate, -(-(self._chunk(end - 1) + 1) * 1000 // self.rate)

    def _chunk(self, place: int) -> int:
        return max(sum(begin <= place for begin in self.begins) - 1, 0)
