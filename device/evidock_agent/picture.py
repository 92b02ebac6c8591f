"""The picture track: JPEG pictures from the board's camera, part by part, into AVI segments.

Specification: "AVI". Each picture that is due is a chunk, with nothing in it when the picture did not come, so that
picture and sound stay in step. A picture is never whole in memory: its parts go into the segment's block.
"""

from evidock_agent.picture_segment import BLOCK, PictureSegment
from evidock_agent.recorder import MAXIMUM_PICTURE
from evidock_protocol import avi, codes, versions
from evidock_protocol.jpeg import PictureCheck

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent

STALL_MS = 500  # without a byte: a picture that was begun is given up
CHANGE_MS = 1000  # before a segment ends because the size of the pictures changed; doubled each time
FINISH_MS = 200  # for the rest of a picture, when the recorder does not wait for it: the sound waits meanwhile
_MARGIN = 65536  # bytes left in a segment when it should end, beside a picture and the index
_EINVAL = 22


class PictureTrack:
    """A camera and its segments."""

    bits = codes.TRACK_PICTURE

    def __init__(self, agent: "Agent", block: memoryview | None = None):
        """`block` (4 KiB) is lent by who made it earlier."""
        self._agent = agent
        source = agent.board.camera
        assert source is not None
        self._source = source
        self._rate = 1  # pictures a second, as the camera said when it started
        self._patience = 1  # pictures that may be due before they are lost
        self._block = memoryview(bytearray(BLOCK)) if block is None else block
        self._first = memoryview(bytearray(2))  # bytes of a picture: when they come, its chunk begins
        self._check = PictureCheck()
        self._running = False
        self._length = 0  # bytes of the picture in hand
        self._left = 0  # bytes of it to come
        self._given_up = False  # and zeros come instead
        self._heard = 0  # tick at which the source last gave something
        self._counted = 0  # pictures that the source says it lost, as far as seen
        self._pausing = False  # whether the last chunk stands for a picture that did not come
        self._owed = 0  # chunks with nothing in them that are to be written next
        self._behind = 0  # thousandths of a picture that were due and not written when the segment began
        self._width = 0  # pixels of the next segment's pictures
        self._height = 0
        self._changed = False  # whether pictures have come to differ from the segment's
        self._settle_ms = CHANGE_MS  # so long a segment goes on after its beginning, even so
        self.segment: PictureSegment | None = None

    def start(self) -> None:
        """Begins capture. OSError when the camera does not answer, or with figures that no file holds."""
        source = self._source
        source.start()
        self._running = True
        self._rate = rate = source.rate
        self._width = source.width
        self._height = source.height
        if not avi.can_hold(self._width, self._height, rate):
            self.stop()
            raise OSError(_EINVAL)
        self._patience = max(1, min(rate // 2, max(2, rate // 5)))
        self._left = self._owed = self._behind = 0
        self._pausing = self._changed = False
        self._settle_ms = CHANGE_MS
        self._counted = 0
        self._counted = self._lost()
        self._heard = self._agent.moments.now()

    def stop(self) -> None:
        """Ends capture; what was collected can still be moved."""
        self._running = False
        try:
            self._source.stop()
        except OSError:  # what it says no more is lost, as at any time
            return

    def open(self, number: int, tick: int) -> None:
        """Opens the next segment, for pictures of the newest size. OSError when the card fails."""
        if self._changed:  # a camera that cannot decide must not fill the journal
            self._settle_ms = min(2 * self._settle_ms, versions.MAXIMUM_SEGMENT_MS)
        self._changed = False
        self.segment = PictureSegment(self._agent, number, self._width, self._height, self._rate, tick, self._block)

    def pump(self, drain: bool) -> int:
        """Moves a part of a picture; 0 when there is none.

        With `drain` no further picture begins while capture runs: 0 says that none is in hand, −1 that one stalls.
        """
        segment = self.segment
        if segment is None:
            return 0
        now = self._agent.moments.now()
        if self._left:
            moved = self._go_on(segment, now)
            return -1 if drain and not moved else moved
        if drain and self._running:
            return 0
        due = self._due(segment, now)
        lost = self._lost()
        overrun = min(lost - self._counted, due - self._owed)  # no more than can have been before the next one
        self._counted = lost
        if overrun > 0:
            self._owed += overrun
            segment.count_fault(codes.CAPTURE_OVERRUN, overrun)
        if self._owed and due > 0:
            self._owed -= 1
            segment.put_nothing()
            return avi.CHUNK_HEAD
        self._owed = 0
        length = self._next()
        if length <= 0:
            if due > self._patience and self._running:
                self._owed = due
                self._pausing = True
                if now - self._heard >= STALL_MS:
                    segment.count_fault(codes.CAPTURE_STALLED, due)
            return 0
        if self._pausing:  # it goes on at its own time, not in the place of the first that was not lost yet
            self._pausing = False
            while 1 < due <= self._patience:
                segment.put_nothing()
                due -= 1
        self._heard = now
        if length > MAXIMUM_PICTURE:
            if due <= -self._patience:  # nothing of it is kept, so it needs no place before its time
                return 0
            segment.count_fault(codes.CAPTURE_TOO_LONG)
            segment.put_nothing()
            return avi.CHUNK_HEAD
        if due <= -self._patience:  # faster than it says: what comes early must not hide what fails to come later
            self._behind += 1000
        self._length = self._left = length
        self._given_up = False
        self._check.begin(length)
        return self._go_on(segment, now)

    def is_full(self) -> bool:
        """Whether the segment should end: almost 16 MiB, or pictures of another size."""
        segment = self.segment
        if segment is None:
            return False
        if self._changed and self._agent.moments.now() - segment.first_tick >= self._settle_ms:
            return True
        rest = MAXIMUM_PICTURE + _MARGIN + avi.index_length(segment.chunks)
        return segment.length + rest > versions.MAXIMUM_SEGMENT

    def end(self, tick: int) -> PictureSegment:
        """Ends the open segment. OSError when the card fails."""
        segment = self.segment
        assert segment is not None
        begun = self._agent.moments.now()
        while self._left:  # the recorder did not wait for the picture: what the camera has of it is taken at once
            now = self._agent.moments.now()
            if now - begun >= FINISH_MS or not self._go_on(segment, now):
                self._give_up(segment)
        expected = (tick - segment.first_tick) * segment.rate
        while expected // 1000 - segment.chunks > segment.rate * STALL_MS // 1000:
            segment.put_nothing()
        self._behind += expected - segment.chunks * 1000
        unnamed = segment.lost - sum(segment.faults.values())
        if unnamed > max(segment.rate * STALL_MS // 1000, 1):  # a camera slower than it says, or one that often pauses
            segment.count_fault(codes.CAPTURE_STALLED, unnamed)
        segment.save()
        segment.last_tick = tick
        self.segment = None
        return segment

    def _due(self, segment: PictureSegment, now: int) -> int:
        """Pictures that should have come and have not."""
        return ((now - segment.first_tick) * segment.rate + self._behind) // 1000 - segment.chunks

    # A camera that does not answer is one that has nothing: OSError is left to the card.

    def _next(self) -> int:
        try:
            return self._source.next()
        except OSError:
            return 0

    def _lost(self) -> int:
        try:
            return self._source.lost()
        except OSError:
            return self._counted

    def _read(self, part: memoryview) -> int:
        """Bytes that the camera put into `part`: no more than fit there and are to come, whatever it says."""
        try:
            return max(0, min(self._source.readinto(part), len(part), self._left))
        except OSError:
            return 0

    def _go_on(self, segment: PictureSegment, now: int) -> int:
        """The next part of the picture in hand: as many bytes as fit into the block."""
        if self._given_up:
            return self._give_up(segment)
        filled = segment.filled
        if self._left == self._length:
            count = self._read(self._first)
        else:
            count = self._read(self._block[filled:] if filled else self._block)
        if not count:
            stalled = not self._running or now - self._heard >= STALL_MS
            return self._give_up(segment) if stalled else 0
        self._heard = now
        if self._left == self._length:
            self._check.feed(self._first, 0, count)
            segment.put_head(self._length)
            for at in range(count):
                segment.put(self._first[at])
        else:
            self._check.feed(self._block, filled, filled + count)
            segment.advance(count)
        self._took(segment, count)
        return count

    def _give_up(self, segment: PictureSegment) -> int:
        """Fills the chunk with zeros, a block at a time; of a picture of which nothing came, nothing is kept."""
        if self._left == self._length:
            self._left = 0
            segment.count_fault(codes.CAPTURE_STALLED)
            segment.put_nothing()
            return avi.CHUNK_HEAD
        self._given_up = True
        filled = segment.filled
        count = min(self._left, BLOCK - filled)
        self._block[filled : filled + count] = bytes(count)
        segment.advance(count)
        self._took(segment, count)
        return count

    def _took(self, segment: PictureSegment, count: int) -> None:
        self._left -= count
        if self._left:
            return
        if self._length & 1:
            segment.put(0)
        fault = self._judge(segment)
        if fault:
            segment.lost += 1
            segment.count_fault(fault)
        else:
            segment.written += 1

    def _judge(self, segment: PictureSegment) -> int:
        """What is wrong with the picture that was written; 0 when nothing is."""
        check = self._check
        if self._given_up and self._running:
            return codes.CAPTURE_STALLED
        if not check.is_whole or check.width > avi.MAXIMUM_SIDE or check.height > avi.MAXIMUM_SIDE:
            return codes.CAPTURE_CUT_PICTURE
        self._width = check.width
        self._height = check.height
        self._changed = check.width != segment.width or check.height != segment.height
        return codes.CAPTURE_SIZE_CHANGED if self._changed else 0
