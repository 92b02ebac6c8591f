"""The frames of a segment by what its SEGMENT says: whether they can be counted, and whether they fill its ticks.

Specification: "Verification of a chain", Recordings 5 and 8. What the file's own header says is compared in `files`.
"""

from __future__ import annotations

from evidock_protocol import avi, codes

from .entries import Segment

SLACK = 500  # ms of samples that a segment may lack or have too many: what waits in a capture buffer
LOST_SLACK = 2_000  # ms of declared lost samples in one segment that still count as recorded, at most half of it
SHARE = 1_000  # beside SLACK, one frame in so many may be missing of several segments together: clocks that differ
CHECKPOINT_MS = 5_000  # between two checkpoints
_SAMPLE = 2  # bytes of one sample of one track: sound is kept in 16 bits
_OF_ENCODERS = (codes.MEDIA_MP4, codes.MEDIA_OTHER)  # files that no recorder writes itself
_WAV_HEADER = (44, 1 << 16)  # bytes of a WAV header in which rate and format can stand


def unfit(segment: Segment) -> str:
    """Why the frames of a segment that a recorder wrote itself cannot be counted, or nothing."""
    if not is_own(segment):
        return ""
    shortest, longest = _WAV_HEADER
    if segment.media == codes.MEDIA_WAV:
        holds, fits = codes.TRACK_SOUND, shortest <= segment.header_length <= longest
    elif segment.media == codes.MEDIA_AVI:
        holds, fits = codes.TRACK_PICTURE, segment.header_length == avi.AVI_HEADER
    else:
        return f"media {segment.media} that no encoder wrote" if segment.media in _OF_ENCODERS else ""
    if segment.rate and fits and segment.track == holds:
        return ""
    return f"rate {segment.rate}, header {segment.header_length}, track {segment.track}"


def is_own(segment: Segment) -> bool:
    """Whether the recorder says that it wrote the file itself, and no encoder. A later version's code is neither."""
    return segment.attested in (codes.ATTESTED_INLINE, codes.ATTESTED_RECOVERED)


def is_own_avi(segment: Segment) -> bool:
    """Whether the recorder wrote an AVI file itself, so that its header has one form."""
    return segment.media == codes.MEDIA_AVI and is_own(segment)


def is_empty(segment: Segment) -> bool:
    """Whether a segment holds no frame or no byte at all, although its time calls for some: its track is not there."""
    duration = segment.last_tick - segment.first_tick
    lacks = segment.written == 0 and duration * segment.rate >= 1000
    is_lost = segment.written == 0 and segment.lost > 0 and duration > 0
    return is_lost or (duration > SLACK and (lacks or segment.length == 0))


def lost_ms(segment: Segment) -> int:
    """Milliseconds of samples that the recorder declares lost, at most those of the segment."""
    duration = segment.last_tick - segment.first_tick
    return min(segment.lost * 1000 // segment.rate, duration) if segment.rate else 0


def unvouched(segment: Segment) -> int:
    """Bytes of a recovered segment beyond what boot recovery may seal past its last checkpoint; 0 when within that.

    Specification: "Boot recovery" (at most one checkpoint interval plus one leaf).
    """
    if segment.attested != codes.ATTESTED_RECOVERED or not segment.written or segment.media == codes.MEDIA_AVI:
        return 0
    frame = max(segment.length - segment.header_length, 0) // segment.written  # bytes of one sample of every track
    allowed = CHECKPOINT_MS * segment.rate * frame // 1000 + segment.leaf_size
    return max(segment.length - segment.attested_length - allowed, 0)


def lost_beyond(segment: Segment) -> int:
    """Milliseconds of declared lost samples, 0 when so few that the segment counts as recorded all the same."""
    lost, half = lost_ms(segment), (segment.last_tick - segment.first_tick) // 2
    return lost if lost > min(max(half, SLACK), LOST_SLACK) else 0


def lacking(segment: Segment) -> int:
    """Frames that the ticks call for and that are neither there nor declared lost; 0 when within SLACK or one frame."""
    missing = short(segment)
    return missing if missing > max(SLACK * segment.rate // 1000, 1) else 0


def short(segment: Segment) -> int:
    """The same however few; negative when there are more than the ticks call for. 0 where frames are not counted."""
    if segment.rate == 0:
        return 0
    written = segment.written
    if segment.media == codes.MEDIA_WAV and segment.stored == codes.STORED_PLAIN:
        written = min(written, max(segment.length - segment.header_length, 0) // _SAMPLE)
    expected = (segment.last_tick - segment.first_tick) * segment.rate // 1000
    return max(expected, segment.expected) - written - segment.lost


class Shortfall:
    """What the segments of one track lack together, where each lacks too little to be found by itself.

    What one lacks the next may bring: it waited in the source. More than that is not saved up for later.
    """

    def __init__(self) -> None:
        self._missing = self._expected = self._segments = self._rate = 0
        self.first = 0

    def add(self, segment: Segment) -> int:
        """Takes the track's next segment of the same boot; frames that are missing since tick `first`, or 0 when that
        is within bounds. What was found is not counted again.
        """
        if segment.rate != self._rate or self._missing <= 0:
            self._begin(segment)
        self._missing += short(segment)
        self._expected += (segment.last_tick - segment.first_tick) * segment.rate // 1000
        self._segments += 1  # each may round one frame away
        allowed = SLACK * segment.rate // 1000 + self._expected // SHARE + self._segments
        if self._missing <= allowed:
            return 0
        found, self._missing = self._missing, 0
        return found

    def _begin(self, segment: Segment) -> None:
        self._missing = self._expected = self._segments = 0
        self._rate, self.first = segment.rate, segment.first_tick
