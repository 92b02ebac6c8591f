"""The one frame on its way to the host: built in a buffer made at start, and sent as the line takes it.

Specification: "Frames". Media are read from the card to where they are framed, so an answer with 4 KiB of them costs a
view or two and nothing that stays. Beside `evidock_protocol.framing`, which needs the payload elsewhere first.
"""

import binascii
import struct

from evidock_protocol import cbor, versions, wire
from evidock_protocol.frame_reader import CRC_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports

try:
    from evidock_agent.cobs_viper import stuff
except (ImportError, SyntaxError, ValueError, NotImplementedError, AttributeError):
    from evidock_agent.cobs_plain import stuff

_HEAD = 1 + 2 + 9 + 9 + 3  # bytes at most of what stands before media: array, type, number, offset, length
_GAP = 1 + (versions.MAXIMUM_PAYLOAD + CRC_SIZE) // 254  # the codes of the longest frame, written before its content
_DATA = _GAP + _HEAD  # where media lie
SIZE = _DATA + versions.MAXIMUM_PAYLOAD + CRC_SIZE
_COMMON = (4096, 1024, 512)  # bytes of the chunks that hosts ask for


class AnswerFrame:
    """Holds one frame, until `send` has given all of it to the line; `waiting` says whether some is left."""

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

    @property
    def waiting(self) -> bool:
        """Whether a part of the frame is still to be sent."""
        return self._rest is not None

    def room(self, length: int) -> memoryview:
        """Where `length` bytes of media are to be put, at most MAXIMUM_CHUNK; then call `pack_media`."""
        for room in self._rooms:
            if len(room) == length:
                return room
        if len(self._room) != length:
            self._room = self._view[_DATA : _DATA + length]
        return self._room

    def pack_media(self, kind: int, number: int, offset: int, length: int) -> None:
        """Frames the answer to request `number` with the first `length` bytes of the room."""
        self._pack(wire.put_data_head(self._buffer, _DATA, kind, number, offset, length), _DATA + length)

    def pack(self, message: list) -> None:
        """Frames a message. Raises ProtocolError for what format 1 cannot hold, or more than MAXIMUM_PAYLOAD bytes."""
        self._pack(_DATA, cbor.encode_into(self._message, _DATA, message))

    def send(self, link: "ports.Link") -> int:
        """Gives the line what it takes of the rest; the number of bytes."""
        rest = self._rest
        if rest is None:
            return 0
        count = link.write(rest)
        if count == len(rest):
            self._rest = None
        elif count:
            self._rest = rest[count:]
        return count

    def _pack(self, start: int, end: int) -> None:
        if self._start != start or len(self._payload) != end - start:
            self._start = start
            self._payload = self._view[start:end]
        # One pass over one view: on a board each CRC is a big integer.
        struct.pack_into("<I", self._buffer, end, binascii.crc32(self._payload))
        length = stuff(self._buffer, start, end + CRC_SIZE)
        if len(self._frame) != length:
            self._frame = self._view[:length]
        self._rest = self._frame
