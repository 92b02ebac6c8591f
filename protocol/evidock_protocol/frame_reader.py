"""Finds the payloads again in a stream of bytes with noise, in bounded memory.

SPECIFICATION.md, "Frames". Sans-I/O. Apart from `framing`, because a recorder reads by this and writes by its own. Of
noise that never ends nothing is kept, and on MicroPython next to nothing is allocated.
"""

import binascii
import struct

from evidock_protocol.errors import ProtocolError

TYPE_CHECKING = False  # MicroPython has no typing module
if TYPE_CHECKING:
    Buffer = bytes | bytearray | memoryview

CRC_SIZE = 4
FULL = 255  # a code byte that stands for 254 bytes and no zero

_ZERO = b"\x00"
_RUN = 32
_ZEROS = bytes(_RUN)
_ONES = b"\x01" * _RUN


def frame_size(payload_length: int) -> int:
    """Largest length in bytes of a frame with a payload of `payload_length` bytes, its final 0x00 included."""
    content = payload_length + CRC_SIZE
    return content + 1 + (content - 1) // 254 + 1


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
        self.feed_into(data, payloads)
        return payloads

    def feed_into(self, data: "Buffer", payloads: list[bytes]) -> None:
        """As `feed`, appending to a list that is there already."""
        length = len(data)
        if self._filled + length <= self.max_frame:  # the usual case makes no view
            end = self._filled + length
            self._buffer[self._filled : end] = data
            self._scan(end, payloads)
            return
        source = memoryview(data)
        taken = 0
        while taken < length:
            count = min(length - taken, self.max_frame - self._filled)
            end = self._filled + count
            self._view[self._filled : end] = source[taken : taken + count]
            taken += count
            self._scan(end, payloads)

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
        payload = self._view[start + 1 : payload_end]
        found = binascii.crc32(payload)
        expected = struct.unpack_from("<I", self._buffer, payload_end)[0]
        if found == expected:
            return bytes(payload)
        self.bad_crc += 1
        return self.mend(payload, found ^ expected)

    def mend(self, payload: memoryview, difference: int) -> bytes | None:
        """What a frame with a wrong CRC said, for a receiver that can tell; None is to drop it, as here.

        `difference` is the CRC of `payload` XOR the one that came with it. The view is valid during the call only.
        """
        return None

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
            if code == FULL:
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
