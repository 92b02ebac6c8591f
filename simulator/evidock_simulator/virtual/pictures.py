"""A source of pictures: an AVI file of MJPEG that repeats. It gives any of an endless row of pictures, by its number
and in parts.

Source of the file formats: Microsoft RIFF and AVI (idx1); JPEG, ITU-T T.81 Annex B.
"""

import struct

from evidock_simulator.virtual.sound import NotUsable

MAXIMUM_RATE = 60  # pictures per second
_INDEX_ENTRY = 16


class AviFile:
    """The pictures of an AVI file with one stream of MJPEG, found through its index, so that none need be remembered.

    `rate` in pictures per second, `width` and `height` in pixels.
    """

    def __init__(self, path: str):
        self._file = open(path, "rb", 0)  # noqa: SIM115 (open for life)
        self._entry = bytearray(_INDEX_ENTRY)
        self.rate = 0
        self.width = 0
        self.height = 0
        self._base = 0  # what the index counts from
        self._index = 0
        self._count = 0
        self._number = -1  # of the picture found last
        self._at = 0
        self._length = 0
        self._find_lists()
        self.length(0)

    def length(self, number: int) -> int:
        """Bytes of a picture. An empty chunk stands for the picture before it."""
        if number != self._number:
            place = number % self._count
            while True:
                self._file.seek(self._index + place * _INDEX_ENTRY)
                self._file.readinto(self._entry)
                _name, _flags, offset, self._length = struct.unpack("<4sIII", self._entry)
                if self._length:
                    break
                if not place:
                    raise NotUsable("its first picture is empty")
                place -= 1
            self._at = self._base + offset + 8
            self._number = number
        return self._length

    def read(self, number: int, position: int, buffer: memoryview) -> None:
        """Fills `buffer` with a picture's bytes from `position` on."""
        self.length(number)
        self._file.seek(self._at + position)
        if self._file.readinto(buffer) != len(buffer):
            raise NotUsable("shorter than its index says")

    def _find_lists(self) -> None:
        head = self._file.read(12)
        if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"AVI ":
            raise NotUsable("not an AVI file")
        at = 12
        end = self._file.seek(0, 2)
        movi = 0
        while at + 12 <= end:
            self._file.seek(at)
            name, length, kind = struct.unpack("<4sI4s", self._file.read(12))
            if name == b"LIST" and kind == b"hdrl":
                self._read_header(self._file.read(min(length - 4, 1024)))
            elif name == b"LIST" and kind == b"movi":
                movi = at + 8
            elif name == b"idx1":
                self._index = at + 8
                self._count = min(length, end - at - 8) // _INDEX_ENTRY
            at += 8 + length + length % 2
        if not self.rate or not movi or not self._count:
            raise NotUsable("no pictures in it, or no index (idx1) to find them by")
        self._file.seek(self._index)
        name, _flags, offset, _length = struct.unpack("<4sIII", self._file.read(_INDEX_ENTRY))
        self._file.seek(movi + offset)  # from "movi" as the format has it; some count from the start of the file
        self._base = movi if self._file.read(4) == name else 0

    def _read_header(self, header: bytes) -> None:
        """The list "hdrl": "avih", then one "strl" that begins with "strh"."""
        at = header.find(b"avih")
        stream = header.find(b"strh")
        if at < 0 or stream < 0 or len(header) < stream + 36:
            raise NotUsable("its header is cut off")
        streams, _buffer, self.width, self.height = struct.unpack_from("<IIII", header, at + 8 + 24)
        kind, codec = struct.unpack_from("<4s4s", header, stream + 8)
        if streams != 1 or kind != b"vids" or bytes(codec).upper() != b"MJPG":
            raise NotUsable("one stream of MJPEG is needed, and nothing beside it")
        scale, rate = struct.unpack_from("<II", header, stream + 8 + 20)
        self.rate = (rate + scale // 2) // scale if scale else 0
        if not (0 < self.rate <= MAXIMUM_RATE and 0 < self.width < 65536 and 0 < self.height < 65536):
            raise NotUsable(f"{self.width} x {self.height} pixels, {self.rate} a second")


def height_place(head: memoryview) -> int:
    """Byte offset of the height (two bytes, big-endian) in a JPEG picture that begins with `head`; -1 without one."""
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return at + 5
        at += 2 + head[at + 2] * 256 + head[at + 3]
    return -1
