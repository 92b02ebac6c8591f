"""The sound track: samples from the board's source into WAV segments.

Specification: "WAV". Whole blocks go to the card, so that nothing is cut into slices and no sector is written twice.
"""

from evidock_agent.segment import Segment
from evidock_protocol import codes, versions, wav

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports
    from evidock_agent.agent import Agent

BLOCK = 4096  # bytes written at once
LONGEST_WAIT_MS = 256  # between looks at the source, whose buffer holds 500 ms at least
_MARGIN_MS = 20  # by which a look that came too early moves the next ones
_ROOM = 512 * 1024  # bytes left in a segment when it should end: more than drains on the way to its end
_LARGEST = 0xFFFFFFFF  # samples and bytes a second that a WAV header holds
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
        self._counted = 0  # frames that the source says it lost, as far as it answered
        self._lost = 0  # frames that it had lost when the segment began
        self._stalled = False  # whether it gave an error since the last segment ended
        self.segment: SoundSegment | None = None

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
        self._stalled = False
        self._block_ms = min(BLOCK * 1000 // self._speed, LONGEST_WAIT_MS)
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
        self._lost = self._lost_so_far()
        self.segment = SoundSegment(agent.board.card, agent.folder, agent.recorder.number, number, self._form, tick)

    def pump(self, drain: bool) -> int:
        """Moves a block, when the source should have filled it or with `drain`; 0 when there is no whole one."""
        now = self._agent.moments.now()
        if now < self._due and not drain:
            return 0
        self._filled += self._read(self._block[self._filled :] if self._filled else self._block)
        if self._filled < BLOCK:
            missing = (BLOCK - self._filled) * 1000 // self._speed
            self._due = now + min(missing + _MARGIN_MS, LONGEST_WAIT_MS)
            return 0
        # From when it was due, not from when it was looked at: else the source's buffer would slowly fill up.
        self._due = max(self._due + self._block_ms, now - LONGEST_WAIT_MS)
        self._filled = 0
        self._write(self._block)
        return BLOCK

    def is_full(self) -> bool:
        """Whether the segment should end: almost 16 MiB."""
        return self.segment is not None and self.segment.length > versions.MAXIMUM_SEGMENT - _ROOM

    def end(self, tick: int) -> SoundSegment:
        """Ends the open segment with what is left in the block. OSError when the card fails."""
        segment = self.segment
        assert segment is not None
        if self._filled:
            self._write(self._block[: self._filled])
            self._filled = 0
        segment.last_tick = tick
        segment.lost = max(self._lost_so_far() - self._lost, 0)
        if self._stalled:  # what it lost meanwhile only time can tell
            self._stalled = False
            missing = max((tick - segment.first_tick) * segment.rate // 1000 - segment.written - segment.lost, 0)
            segment.lost += missing
            segment.count_fault(codes.CAPTURE_STALLED, missing * self._frame)
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

    def _lost_so_far(self) -> int:
        """Frames lost since the source started; as many as last time when it does not say."""
        try:
            self._counted = self._source.lost()
        except OSError:
            self._stalled = True
        return self._counted

    def _write(self, data: memoryview) -> None:
        segment = self.segment
        assert segment is not None
        segment.write(data)
        segment.written += len(data) // self._frame
        segment.lost = max(self._lost_so_far() - self._lost, 0)
