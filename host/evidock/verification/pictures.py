"""The pictures in an AVI file that a recorder wrote: how many there are, and which of them a range of bytes touches.

Specification: "AVI", and "Verification of a chain", Recordings 8 and Media. The files are hostile: chunks are walked
only as far as they are whole.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from evidock_protocol import avi
from evidock_protocol.errors import Malformed

from .entries import Segment
from .reader import Media

_MOST = 100_000  # chunks of one file that are looked at: 60 s have far fewer


class Counted(NamedTuple):
    """The chunks of a whole file."""

    chunks: int
    pictures: int
    """Those that are not empty: one that was lost may have bytes, too."""
    unvouched: int
    """Those that begin beyond what CHECKPOINTs vouch for."""


def count(file: Media, segment: Segment) -> Counted | None:
    """What is in a file that matches; None when its header is not of the recorder's form, has another rate or number
    of chunks than SEGMENT, or calls for more of them than a segment can have. Raises OSError.
    """
    file.seek(0)
    try:
        _width, _height, rate, chunks, _length = avi.read_header(file.read(avi.AVI_HEADER))
    except Malformed:
        return None
    if (rate, chunks) != (segment.rate, segment.written + segment.lost) or chunks > _MOST:
        return None
    vouched = segment.attested_length + segment.leaf_size  # what was not a whole leaf yet counts as vouched for
    if segment.attested_length >= segment.length:
        vouched = segment.length
    walker = avi.Walker(_Filled(file), segment.length)
    whole = unvouched = 0
    while walker.chunks <= chunks:
        begins = walker.position
        length = walker.hop()
        if length < 0:
            break
        whole += length > 0
        unvouched += begins >= vouched
    return Counted(walker.chunks, whole, unvouched)


class Chunks:
    """Where the chunks of a damaged file begin, so that damage is located in time."""

    def __init__(self, file: Media, segment: Segment, damage: int):
        """`damage` is the first byte that differs. Raises OSError."""
        self._segment = segment
        self._begins: list[int] = []
        sealed = segment.written + segment.lost
        walker = avi.Walker(_Filled(file), segment.length)
        begins = walker.position
        while len(self._begins) <= min(sealed, _MOST) and walker.hop() >= 0:
            self._begins.append(begins)
            begins = walker.position
        self._end = begins
        # Where heads are among what differs the way is lost: then only what comes before the damage is known.
        self._is_whole = len(self._begins) == sealed
        if not self._is_whole:
            del self._begins[bisect_right(self._begins, damage) :]

    def ticks(self, start: int, end: int) -> tuple[int, int]:
        """The ticks of the pictures that bytes `start` to `end` touch; the whole segment for what is no picture."""
        if self._is_whole and end > self._end:
            return self._segment.first_tick, self._segment.last_tick
        first = self._tick(1000 * max(bisect_right(self._begins, start) - 1, 0))
        if not self._is_whole:
            return first, self._segment.last_tick
        rounded_up = max(self._segment.rate, 1) - 1
        return first, self._tick(1000 * bisect_right(self._begins, end - 1) + rounded_up)

    def _tick(self, thousandths: int) -> int:
        """When a chunk begins, in thousandths of chunks: those of a segment follow one another at its rate."""
        segment = self._segment
        return min(segment.first_tick + thousandths // max(segment.rate, 1), segment.last_tick)


class _Filled:
    """A file whose reads fill the buffer, or end."""

    def __init__(self, file: Media):
        self._file = file

    def seek(self, offset: int, /) -> object:
        return self._file.seek(offset)

    def readinto(self, buffer: memoryview, /) -> int:
        done = 0
        while done < len(buffer):
            found = self._file.readinto(buffer[done:])
            if not found:
                break
            done += found
        return done
