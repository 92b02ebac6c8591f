"""Frames on a serial line: packing payloads into frames. Finding them again is `frame_reader`'s, named here too.

SPECIFICATION.md, "Frames": a frame is COBS(payload || CRC-32 of the payload, little-endian) followed by 0x00. COBS is
Cheshire and Baker, IEEE/ACM Transactions on Networking 7(2), 1999; the CRC is that of ISO 3309 (zlib, binascii.crc32).
Empty frames (0x00 after 0x00) are ignored, so a sender may put a 0x00 before a frame to end noise. Sans-I/O.
"""

import binascii
import struct

from evidock_protocol.errors import BufferTooSmall, ProtocolError
from evidock_protocol.frame_reader import CRC_SIZE, FULL, FrameReader, frame_size

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    Buffer = bytes | bytearray | memoryview

__all__ = ["CRC_SIZE", "FrameReader", "FrameWriter", "frame_size"]

_ZERO = b"\x00"
_RUN = 32
_ZEROS = bytes(_RUN)
_ONES = b"\x01" * _RUN


class FrameWriter:
    """Packs payloads of 1 to `max_payload` bytes into one buffer that it owns."""

    def __init__(self, max_payload: int) -> None:
        if max_payload < 1:
            raise ProtocolError(f"expected a payload limit above 0, found {max_payload}")
        self.max_payload = max_payload
        self._buffer = bytearray(1 + frame_size(max_payload))  # a leading 0x00, then the frame
        self._view = memoryview(self._buffer)

    def encode(self, payload: "Buffer", lead: bool = False) -> memoryview:
        """The frame of `payload`, in the writer's buffer: it is valid until the next call.

        `lead` puts a 0x00 before it, which ends whatever noise the receiver has collected.
        Raises BufferTooSmall when the payload is longer than `max_payload`, ProtocolError when it is empty.
        """
        return self.encode_parts(payload, b"", lead)

    def encode_parts(self, header: "Buffer", body: "Buffer", lead: bool = False) -> memoryview:
        """As `encode`, for the payload `header || body`, without joining them in a new object."""
        middle = 2 + len(header)
        end = middle + len(body)
        if end == 2:
            raise ProtocolError("expected a payload of 1 byte or more, found none")
        if end - 2 > self.max_payload:
            raise BufferTooSmall(f"expected a payload of at most {self.max_payload} bytes, found {end - 2}")
        buffer = self._buffer
        crc = binascii.crc32(body, binascii.crc32(header))
        buffer[2:middle] = header
        buffer[middle:end] = body
        struct.pack_into("<I", buffer, end, crc)
        end = self._stuff(1, end + CRC_SIZE)
        buffer[end] = 0
        return self._view[0 if lead else 1 : end + 1]

    def _stuff(self, code: int, end: int) -> int:
        """COBS in place: bytes after `code` up to `end` become blocks, the first headed at `code`. Return the end.

        The byte that heads a block takes the place of the zero before it, so most blocks need no move. Only after 254
        bytes without a zero does the rest shift by one.
        """
        buffer = self._buffer
        view = self._view
        while True:
            limit = code + FULL
            zero = buffer.find(_ZERO, code + 1, limit if limit < end else end)
            if zero >= 0:
                buffer[code] = zero - code
                # Silence is long runs of zeros; step over them by the run rather than by the byte.
                if zero - code == 1:
                    while zero + _RUN < end and buffer.find(_ZEROS, zero + 1, zero + 1 + _RUN) >= 0:
                        buffer[zero : zero + _RUN] = _ONES
                        zero += _RUN
                code = zero
            elif limit < end:
                buffer[code] = FULL
                view[limit + 1 : end + 1] = view[limit:end]
                end += 1
                code = limit
            else:
                buffer[code] = end - code
                return end
