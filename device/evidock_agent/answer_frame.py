"""The one frame on its way to the host: built in a buffer made at start, and sent as the line takes it.

Specification: "Frames". Media are read from the card to where they are framed, so an answer with 4 KiB of them costs a
view or two and nothing that stays. Beside `evidock_protocol.framing`, which needs the payload elsewhere first. What a
slow line has not taken yet of a frame makes way, once it is short, so that the next is ready before the line is idle.
"""

import binascii
import struct

from evidock_protocol import cbor, messages, versions, wire
from evidock_protocol.frame_reader import CRC_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports

try:
    from evidock_agent.cobs_viper import stuff
except (ImportError, SyntaxError, ValueError, NotImplementedError, AttributeError):
    from evidock_agent.cobs_plain import stuff

_HEAD = 1 + 2 + 9 + 9 + 3  # bytes at most of what stands before media: array, type, number, index, length
_GAP = 1 + (versions.MAXIMUM_PAYLOAD + CRC_SIZE) // 254  # the codes of the longest frame, written before its content
_DATA = _GAP + _HEAD  # where media lie
SIZE = _DATA + versions.MAXIMUM_PAYLOAD + CRC_SIZE
END = 832  # bytes of a frame that make way for the next: one with 1 KiB of media, once the line took a fifth of it
_SHORT = 0xFFFF  # the largest number whose head takes three bytes
_COMMON = (4096, 1024, 512)  # bytes of the chunks that hosts ask for


class AnswerFrame:
    """Holds one frame, until `send` has given all of it to the line, and the end of the one before."""

    def __init__(self, buffer: bytearray | None = None):
        """`buffer`, if one was made before, holds SIZE bytes or more."""
        self._buffer = bytearray(SIZE) if buffer is None else buffer
        self._view = memoryview(self._buffer)
        self._message = self._view[: _DATA + versions.MAXIMUM_PAYLOAD]
        self._rooms = [self._view[_DATA : _DATA + length] for length in _COMMON]
        self._room = self._rooms[0]  # for a length that is not common, the last
        self._payload = self._view[:0]  # what was framed last, by where it lay, which tends to stay the same
        self._start = 0
        self._frame = self._view[:0]
        self._rest: memoryview | None = None
        self._aside = memoryview(bytearray(END))
        self._is_torn = False
        self._before: memoryview | None = None  # what is left of the frame before, aside

    @property
    def waiting(self) -> bool:
        """Whether anything is still to be sent."""
        return self._rest is not None or self._before is not None

    @property
    def is_free(self) -> bool:
        """Whether a frame may be packed."""
        return self._rest is None

    @property
    def is_behind(self) -> bool:
        """Whether the end of a frame keeps the line from the next one."""
        return self._before is not None

    def room(self, length: int) -> memoryview:
        """Where `length` bytes of media are to be put, at most MAXIMUM_CHUNK; then call `pack_media`."""
        for room in self._rooms:
            if len(room) == length:
                return room
        if len(self._room) != length:
            self._room = self._view[_DATA : _DATA + length]
        return self._room

    def pack_media(self, number: int, index: int, length: int) -> None:
        """Frames the answer `index` to MEDIA request `number` with the first `length` bytes of the room."""
        if number > _SHORT or index > _SHORT:
            start = wire.put_data_head(self._buffer, _DATA, messages.MEDIA, number, index, length)
        else:
            start = _put_media_head(self._buffer, number, index, length)
        self._pack(start, _DATA + length)

    def pack(self, message: list) -> None:
        """Frames a message. Raises ProtocolError for what format 1 cannot hold, or more than MAXIMUM_PAYLOAD bytes."""
        self._pack(_DATA, cbor.encode_into(self._message, _DATA, message))

    def send(self, link: "ports.Link") -> int:
        """Gives the line what it takes of the rest; the number of bytes."""
        sent = 0
        before = self._before
        if before is not None:
            sent = link.write(before)
            if sent < len(before):
                if sent:
                    self._before = before[sent:]
                return sent
            self._before = None
        rest = self._rest
        if rest is None:
            return sent
        count = link.write(rest)
        left = len(rest) - count
        if not left:
            self._rest = None
        elif left <= END:
            self._before = before = self._aside[:left]
            before[:] = rest[count:]
            self._rest = None
        elif count:
            self._rest = rest[count:]
        return sent + count

    def drop(self) -> None:
        """Forgets what has not left; a zero ends what has, lest it swallow the next frame."""
        self._is_torn = True
        self._rest = self._before = None

    def _pack(self, start: int, end: int) -> None:
        if self._start != start or len(self._payload) != end - start:
            self._start = start
            self._payload = self._view[start:end]
        # One pass over one view: on a board each CRC is a big integer.
        struct.pack_into("<I", self._buffer, end, binascii.crc32(self._payload))
        self._give(stuff(self._buffer, start, end + CRC_SIZE))

    def _give(self, length: int) -> None:
        if len(self._frame) != length:
            self._frame = self._view[:length]
        self._rest = self._frame
        if self._is_torn:
            self._is_torn = False
            self._before = self._aside[:1]
            self._aside[0] = 0


def _put_media_head(buffer: bytearray, number: int, index: int, length: int) -> int:
    """What `wire.put_data_head` writes for numbers up to 65,535, which a host keeps to, in a tenth of the time."""
    start = _put_before(buffer, _DATA, cbor.BYTES << 5, length)
    start = _put_before(buffer, start, 0, index)
    start = _put_before(buffer, start, 0, number) - 3
    buffer[start] = 0x84
    buffer[start + 1] = 0x18
    buffer[start + 2] = messages.MEDIA + messages.ANSWER
    return start


def _put_before(buffer: bytearray, end: int, major: int, value: int) -> int:
    """Writes the head of an item with a value up to 65,535, so that it ends at `end`; its start."""
    if value < 24:
        buffer[end - 1] = major | value
        return end - 1
    if value < 0x100:
        buffer[end - 2] = major | 24
        buffer[end - 1] = value
        return end - 2
    buffer[end - 3] = major | 25
    buffer[end - 2] = value >> 8
    buffer[end - 1] = value & 0xFF
    return end - 3
