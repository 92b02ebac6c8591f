"""Frames on a serial line: packing payloads into frames, and finding them again in a stream with noise.

SPECIFICATION.md, "Frames": a frame is COBS(payload || CRC-32 of the payload, little-endian) followed by 0x00. COBS is
Cheshire and Baker, IEEE/ACM Transactions on Networking 7(2), 1999; the CRC is that of ISO 3309 (zlib, binascii.crc32).
Empty frames (0x00 after 0x00) are ignored, so a sender may put a 0x00 before a frame to end noise. Sans-I/O.
"""

import binascii
import struct

from evidock_protocol.errors import BufferTooSmall, ProtocolError

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    Buffer = bytes | bytearray | memoryview

CRC_SIZE = 4

_ZERO = b"\x00"
_FULL = 255  # a code byte that stands for 254 bytes and no zero
_RUN = 32
_ZEROS = bytes(_RUN)
_ONES = b"\x01" * _RUN


def frame_size(payload_length: int) -> int:
    """Largest length in bytes of a frame with a payload of `payload_length` bytes, its final 0x00 included."""
    content = payload_length + CRC_SIZE
    return content + 1 + (content - 1) // 254 + 1


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
            limit = code + _FULL
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
                buffer[code] = _FULL
                view[limit + 1 : end + 1] = view[limit:end]
                end += 1
                code = limit
            else:
                buffer[code] = end - code
                return end


class FrameReader:
    """Finds the payloads in a stream of bytes, in bounded memory. Noise is counted and never raises.

    `frames`, `bad_crc`, `bad_cobs` and `overlong` count frames; `skipped_bytes` counts the bytes of those that were not
    accepted, without their final 0x00. `max_frame` is the longest frame taken, final 0x00 included (`frame_size`).
    """

    def __init__(self, max_frame: int) -> None:
        if max_frame < frame_size(1):
            raise ProtocolError(f"expected a frame limit of {frame_size(1)} bytes or more, found {max_frame}")
        self.max_frame = max_frame
        self.frames = 0
        self.bad_crc = 0
        self.bad_cobs = 0
        self.overlong = 0
        self.skipped_bytes = 0
        self._buffer = bytearray(max_frame)
        self._view = memoryview(self._buffer)
        self._filled = 0  # bytes of the unfinished frame, at the start of the buffer
        self._dropping = False  # the unfinished frame is overlong: nothing counts until the next 0x00

    def reset(self) -> None:
        """Forget the unfinished frame: the line was opened anew. Counters stay."""
        self.skipped_bytes += self._filled
        self._filled = 0
        self._dropping = False

    def feed(self, data: "Buffer") -> list[bytes]:
        """Take in what arrived; return the payloads that it completed, in order."""
        payloads: list[bytes] = []
        source = memoryview(data)
        taken = 0
        while taken < len(source):
            count = min(len(source) - taken, self.max_frame - self._filled)
            end = self._filled + count
            self._view[self._filled : end] = source[taken : taken + count]
            taken += count
            self._scan(end, payloads)
        return payloads

    def _scan(self, end: int, payloads: list[bytes]) -> None:
        """Handle every frame that ends in the buffer's first `end` bytes and move the rest to the front."""
        buffer = self._buffer
        start = 0
        zero = buffer.find(_ZERO, self._filled, end)
        while zero >= 0:
            if self._dropping:
                self.skipped_bytes += zero - start
                self._dropping = False
            elif zero > start:
                payload = self._open(start, zero)
                if payload is None:
                    self.skipped_bytes += zero - start
                else:
                    self.frames += 1
                    payloads.append(payload)
            start = zero + 1
            zero = buffer.find(_ZERO, start, end)
        rest = end - start
        if self._dropping or rest == self.max_frame:
            if not self._dropping:
                self.overlong += 1
                self._dropping = True
            self.skipped_bytes += rest
            rest = 0
        elif start and rest:
            self._view[0:rest] = self._view[start:end]
        self._filled = rest

    def _open(self, start: int, end: int) -> bytes | None:
        """The payload of the frame in buffer[start:end], or None when its blocks or its CRC are wrong."""
        content_end = self._unstuff(start, end)
        if content_end < 0:
            self.bad_cobs += 1
            return None
        payload_end = content_end - CRC_SIZE
        if payload_end <= start + 1:
            self.bad_crc += 1
            return None
        payload = bytes(self._view[start + 1 : payload_end])
        if binascii.crc32(payload) != struct.unpack_from("<I", self._buffer, payload_end)[0]:
            self.bad_crc += 1
            return None
        return payload

    def _unstuff(self, start: int, end: int) -> int:
        """Undo COBS in place: the content lands after `start`. Return its end, or -1 when the blocks are wrong.

        The mirror of the writer: the head of a block becomes the zero it stands for, except after a block of 254
        bytes, where it stands for nothing and is squeezed out.
        """
        buffer = self._buffer
        view = self._view
        target = start + 1  # where the stretch in hand goes
        stretch = start + 1  # where it begins
        place = start
        code = buffer[place]
        while True:
            following = place + code
            if following >= end:
                break
            if code == _FULL:
                if target != stretch:
                    view[target : target + following - stretch] = view[stretch:following]
                target += following - stretch
                stretch = following + 1
                code = buffer[following]
                # A full block that ends the content is not followed by an empty block: one encoding only.
                if code == 1 and following + 1 == end:
                    return -1
                place = following
            else:
                if code == 1:
                    while following + _RUN < end and buffer.find(_ONES, following, following + _RUN) >= 0:
                        buffer[following : following + _RUN] = _ZEROS
                        following += _RUN
                code = buffer[following]
                buffer[following] = 0
                place = following
        if following != end:
            return -1
        if target != stretch:
            view[target : target + end - stretch] = view[stretch:end]
        return target + end - stretch
