"""Whether the bytes of a JPEG picture begin, end and measure as they should, when they come in parts.

Specification: "AVI". Source: ITU-T T.81, annex B (markers, frame header).
"""

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    Buffer = bytes | bytearray | memoryview

_PADDING = 512  # zeros, at most, with which some cameras fill up behind the end mark
_MARKERS = 64  # looked at, fill bytes included, before the size is given up
_SCAN = 0xDA  # the marker before the picture itself, which a frame header precedes
_FRAME = 9  # bytes of a frame header up to the width


class PictureCheck:
    """Looks at the few bytes that tell; holds no picture and allocates nothing."""

    def __init__(self) -> None:
        self._head = bytearray(_FRAME)
        self.begin(0)

    def begin(self, length: int) -> None:
        """A picture of `length` bytes follows."""
        self.width = 0  # pixels, 0 until the frame header has come
        self.height = 0
        self._length = length
        self._offset = 0
        self._start = 0  # bytes of the start mark found
        self._ends = False  # whether what came so far ends with the end mark and zeros
        self._zeros = 0  # how many
        self._last = 0  # the byte that came last
        self._next = 2  # offset of the marker that is looked for; -1 when there is no more to look for
        self._filled = 0  # bytes of it in hand
        self._markers = 0

    @property
    def is_whole(self) -> bool:
        """Whether all came, from start mark to end mark, with a frame header between."""
        ends = self._ends and self._zeros <= _PADDING and self._offset == self._length
        return ends and self._start == 2 and self.width > 0 and self.height > 0

    def feed(self, buffer: "Buffer", start: int, end: int) -> None:
        """The picture goes on with what lies in `buffer` between two offsets."""
        if self._offset < 2:
            self._see_start(buffer, start, end)
        if self._next >= 0:
            self._see_markers(buffer, start, end)
        if end > start:
            self._see_end(buffer, start, end)
        self._offset += end - start

    def _see_start(self, buffer: "Buffer", start: int, end: int) -> None:
        offset = self._offset
        while start < end and offset < 2:
            if buffer[start] == (0xD8 if offset else 0xFF):
                self._start += 1
            start += 1
            offset += 1

    def _see_end(self, buffer: "Buffer", start: int, end: int) -> None:
        """Looks from behind, so that what is not padding costs one look."""
        at = end
        stop = max(start, end - _PADDING - 1)
        while at > stop and not buffer[at - 1]:
            at -= 1
        if at == start:  # nothing but zeros
            self._zeros += end - at
        else:
            before = buffer[at - 2] if at - 1 > start else self._last
            self._ends = before == 0xFF and buffer[at - 1] == 0xD9
            self._zeros = end - at
        self._last = buffer[end - 1]

    def _see_markers(self, buffer: "Buffer", start: int, end: int) -> None:
        """Goes from marker to marker until the frame header."""
        head = self._head
        base = start - self._offset  # where the picture's first byte would lie
        at = base + self._next + self._filled
        while at < end:
            head[self._filled] = buffer[at]
            self._filled += 1
            at += 1
            if self._filled == 2:
                self._markers += 1
                if head[0] != 0xFF or head[1] == _SCAN or self._markers > _MARKERS:
                    self._next = -1
                    return
                if head[1] == 0xFF:  # a fill byte before the marker
                    self._next += 1
                    self._filled = 1
            elif self._filled == 4 and not _is_frame(head[1]):
                length = head[2] << 8 | head[3]
                if length < 2:  # it counts itself; less would lead back
                    self._next = -1
                    return
                self._next += 2 + length
                self._filled = 0
                at = base + self._next
            elif self._filled == _FRAME:
                self.height = head[5] << 8 | head[6]
                self.width = head[7] << 8 | head[8]
                self._next = -1
                return


def _is_frame(marker: int) -> bool:
    """SOF0 to SOF15, among which DHT, JPG and DAC stand."""
    return 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)
