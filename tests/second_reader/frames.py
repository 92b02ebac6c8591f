"""Section "Frames": COBS(message || CRC-32), then 0x00."""

import zlib
from dataclasses import dataclass, field

from .errors import Malformed

FULL_BLOCK = 255
CRC_LENGTH = 4


def encode_cobs(content: bytes) -> bytes:
    """The one encoding of `content`."""
    encoded = bytearray()
    blocks = content.split(b"\x00")
    for number, block in enumerate(blocks):
        while len(block) >= FULL_BLOCK - 1:
            encoded += bytes([FULL_BLOCK]) + block[: FULL_BLOCK - 1]
            block = block[FULL_BLOCK - 1 :]
            if not block and number == len(blocks) - 1:
                return bytes(encoded)
        encoded += bytes([len(block) + 1]) + block
    return bytes(encoded)


def decode_cobs(encoded: bytes) -> bytes:
    """The content whose one encoding `encoded` is; it holds no zero."""
    content = bytearray()
    offset, code = 0, 0
    while offset < len(encoded):
        before, code = code, encoded[offset]
        block = encoded[offset + 1 : offset + code]
        if code == 0 or len(block) != code - 1:
            raise Malformed("a block ends past the frame")
        offset += code
        content += block
        if offset < len(encoded) and code < FULL_BLOCK:
            content.append(0)
        if offset == len(encoded) and code == 1 and before == FULL_BLOCK:
            raise Malformed("an empty block after a full one")
    return bytes(content)


def checksum(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "little")


def encode_frame(message: bytes) -> bytes:
    return encode_cobs(message + checksum(message)) + b"\x00"


@dataclass
class Receiver:
    """What a stream of bytes holds; `maximum_frame` counts the closing 0x00."""

    maximum_frame: int
    messages: list[bytes] = field(default_factory=list)
    bad_crc: int = 0
    bad_cobs: int = 0
    overlong: int = 0
    skipped_bytes: int = 0

    def receive(self, stream: bytes) -> None:
        """A whole stream; what follows its last 0x00 is no frame yet."""
        for encoded in stream.split(b"\x00")[:-1]:
            if encoded and not self._frame(encoded):
                self.skipped_bytes += len(encoded)

    def _frame(self, encoded: bytes) -> bool:
        if len(encoded) + 1 > self.maximum_frame:
            self.overlong += 1
            return False
        try:
            content = decode_cobs(encoded)
        except Malformed:
            self.bad_cobs += 1
            return False
        message, check = content[:-CRC_LENGTH], content[-CRC_LENGTH:]
        if not message or checksum(message) != check:
            self.bad_crc += 1
            return False
        self.messages.append(message)
        return True
