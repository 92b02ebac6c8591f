"""The sound track: samples from the board's source into WAV segments.

Specification: "WAV". Whole blocks go to the card, so that nothing is cut into slices and no sector is written twice.
What is missing is counted as lost: what the source says that it lost, and what time says beyond that.
"""

from evidock_agent.segment import Segment
from evidock_protocol import codes, versions, wav

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports
    from evidock_agent.agent import Agent
    from evidock_agent.voice import Voice

BLOCK = 4096  # bytes written at once
LONGEST_WAIT_MS = 256  # between looks at the source, whose buffer holds 500 ms at least
SLACK_MS = 500  # of samples that may be missing by time: what waits in the source
DRIFT = 1000  # one in so many of the samples since it started may be missing beside that: clocks that differ
HOLE_MS = 2000  # of lost samples that end a segment once the source gives again, so that they lie at its end
SETTLE_MS = 1000  # before a segment ends for that; doubled each time
_MARGIN_MS = 20  # by which a look that came too early moves the next ones
_ROOM = 512 * 1024  # bytes left in a segment when it should end: more than drains on the way to its end
_LARGEST = 0xFFFFFFFF  # samples and bytes a second that a WAV header holds
_MOST_LOST = 1 << 40  # frames in one segment, whatever the source says
_EINVAL = 22


class SoundSegment(Segment):
    """A WAV file. `written` and `lost` count frames; `form` is their (rate, channels, bits)."""

    track = codes.TRACK_SOUND

    def __init__(
        self, cards: "ports.Card", folder: str, recording: int, number: int, form: tuple[int, int, int], tick: int
    ):
        self._form = form
        self.rate = form[0]
        header = self._header(0)
        super().__init__(cards, folder, recording, number, codes.MEDIA_WAV, header, versions.LEAF_SOUND, tick)

    def seal_steps(self, boot: int):
        """Generator: writes the final header; returns the named fields of SEGMENT."""
        yield
        return self.close(self._header(self.length - wav.WAV_HEADER), boot)

    def _header(self, data_length: int) -> bytes:
        rate, channels, bits = self._form
        return wav.wav_header(rate, channels, bits, data_length)


class SoundTrack:
    """A microphone, or whatever gives samples, and its segments."""

    bits = codes.TRACK_SOUND

    def __init__(self, agent: "Agent", block: memoryview | None = None):
        """`block` (4 KiB) is lent by who made it earlier."""
        source = agent.board.capture
        assert source is not None
        self._agent = agent
        self._source = source
        self._form = (1, 1, 8)  # rate, channels and bits as the source said when it started
        self._frame = self._speed = 1  # bytes of a frame, and bytes a second
        self._block = memoryview(bytearray(BLOCK)) if block is None else block
        self._block_ms = 0  # how long the source fills it
        self._filled = 0  # bytes of the block
        self._due = 0  # tick at which the source should have filled it
        self._counted = 0  # frames lost since it started, as the source said last
        self._overrun = 0  # of these, frames in the segment
        self._missing = 0  # frames that time says are missing from the segment beside them
        self._owed = 0  # frames that were missing when the segment before ended, and are not said to be lost
        self._passed = 0  # milliseconds of the segments that ended since it started
        self._stalled = False  # whether it gave an error since the last segment ended
        self._flows = False  # whether it gave all that was asked for last
        self._settle_ms = SETTLE_MS
        self.segment: SoundSegment | None = None
        self.listener: Voice | None = None  # hears each block that is written, when samples have 16 bits

    def start(self) -> None:
        """Begins capture. OSError when the source does not answer, or with figures that no file holds."""
        source = self._source
        source.start()
        self._form = rate, channels, bits = source.rate, source.channels, source.bits
        self._frame = channels * bits // 8
        self._speed = rate * self._frame
        if min(rate, channels, bits) < 1 or not 0 < self._frame <= BLOCK or self._speed > _LARGEST:
            self.stop()
            raise OSError(_EINVAL)
        self._counted = 0
        self._stalled = self._flows = False
        self._count_overrun()
        self._overrun = self._missing = self._owed = self._passed = 0
        self._settle_ms = SETTLE_MS
        self._block_ms = min(BLOCK * 1000 // self._speed, LONGEST_WAIT_MS)
        self._block_ms -= self._block_ms // 64  # its clock may be a little faster than ours
        self._filled = 0
        self._due = 0

    def stop(self) -> None:
        """Ends capture; what was collected can still be moved."""
        try:
            self._source.stop()
        except OSError:  # it is done either way
            return

    def open(self, number: int, tick: int) -> None:
        """Opens the next segment. OSError when the card fails."""
        agent = self._agent
        self.segment = SoundSegment(agent.board.card, agent.folder, agent.recorder.number, number, self._form, tick)

    def pump(self, drain: bool) -> int:
        """Moves a block, when the source should have filled it or with `drain`; 0 when there is no whole one."""
        now = self._agent.moments.now()
        if self.segment is None or (now < self._due and not drain):
            return 0
        self._filled += self._read(self._block[self._filled :] if self._filled else self._block)
        self._flows = self._filled >= BLOCK
        if not self._flows:
            self._count_missing(now)
            missing = (BLOCK - self._filled) * 1000 // self._speed
            self._due = now + min(missing + _MARGIN_MS, LONGEST_WAIT_MS)
            return 0
        # From when it was due, not from when it was looked at: else the source's buffer would slowly fill up.
        self._due = max(self._due + self._block_ms, now - LONGEST_WAIT_MS)
        self._filled = 0
        self._write(self._block)
        self._count_overrun()
        if self._missing:  # some of it may have come late, and more be there
            self._count_missing(now)
            self._due = now
        return BLOCK

    def is_full(self) -> bool:
        """Whether the segment should end: almost 16 MiB, or much was lost and the source gives again."""
        segment = self.segment
        if segment is None:
            return False
        if segment.length > versions.MAXIMUM_SEGMENT - _ROOM:
            return True
        if not self._flows or segment.lost <= segment.rate * HOLE_MS // 1000:
            return False
        return self._agent.moments.now() - segment.first_tick >= self._settle_ms

    def end(self, tick: int) -> SoundSegment:
        """Ends the open segment with what is left in the block. OSError when the card fails."""
        segment = self.segment
        assert segment is not None
        self._count_overrun()  # before the last is written: what a card that stalls now costs is the next segment's
        if self._filled:
            self._write(self._block[: self._filled])
            self._filled = 0
        segment.last_tick = tick
        self._count_missing(tick, self._stalled)
        self._owed = 0 if self._missing else max(self._short(tick), 0)
        self._passed += tick - segment.first_tick
        if self._overrun:
            segment.count_fault(codes.CAPTURE_OVERRUN, self._overrun)
        if self._missing or self._stalled:
            segment.count_fault(codes.CAPTURE_STALLED, self._missing * self._frame)
        self._stalled = False
        if segment.lost > segment.rate * HOLE_MS // 1000:  # a source that never settles must not fill the journal
            self._settle_ms = min(2 * self._settle_ms, versions.MAXIMUM_SEGMENT_MS)
        self._overrun = self._missing = 0
        self.segment = None
        return segment

    # A source that does not answer is one that has nothing: OSError is left to the card.

    def _read(self, part: memoryview) -> int:
        """Bytes that the source put into `part`: no more than fit there, whatever it says."""
        try:
            return max(0, min(self._source.readinto(part), len(part)))
        except OSError:
            self._stalled = True
            return 0

    def _count_overrun(self) -> None:
        """Adds what the source says it lost meanwhile; one that says less than before has begun anew, at 0."""
        try:
            counted = self._source.lost()
        except OSError:
            self._stalled = True
            return
        before = self._counted if counted >= self._counted else 0
        self._counted = counted
        self._overrun = min(self._overrun + max(counted - before, 0), _MOST_LOST)
        if self.segment is not None:
            self.segment.lost = self._overrun + self._missing

    def _short(self, tick: int) -> int:
        """Frames that are missing by time, with those that the segments before left owing."""
        segment = self.segment
        assert segment is not None
        there = segment.written + self._filled // self._frame + self._overrun
        return self._owed + frames(tick - segment.first_tick, segment.rate) - there

    def _count_missing(self, tick: int, is_sure: bool = False) -> None:
        """Compares samples with time, when the source has no more: if too many are missing, all these are lost.

        One that paused often, or is slow, must not lose a little in each segment and never say so: what is missing
        goes over to the next one. `is_sure` of a source that gave an error: then none are too few.
        """
        segment = self.segment
        assert segment is not None
        missing = self._short(tick)
        slack = SLACK_MS + (self._passed + tick - segment.first_tick) // DRIFT
        self._missing = missing if missing > (0 if is_sure else frames(slack, segment.rate)) else 0
        segment.lost = self._overrun + self._missing

    def _write(self, data: memoryview) -> None:
        segment = self.segment
        assert segment is not None
        segment.write(data)
        if self.listener is not None and self._form[2] == 16:
            self._tell(self.listener, segment, data)
        segment.written += len(data) // self._frame

    def _tell(self, listener: "Voice", segment: SoundSegment, data: memoryview) -> None:
        """Says when the block begins: where it lies in the segment, but it cannot end later than now."""
        lasts = len(data) * 1000 // self._speed
        tick = segment.first_tick + (segment.written + segment.lost) * 1000 // segment.rate
        listener.hear(data, max(min(tick, self._agent.moments.now() - lasts), segment.first_tick), lasts)


def frames(milliseconds: int, rate: int) -> int:
    """Frames that so much time holds; no sum on the way is larger than a board's small integer."""
    return milliseconds // 1000 * rate + milliseconds % 1000 * rate // 1000
