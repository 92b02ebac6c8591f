"""What an external encoder writes: a fragmented MP4 that goes on as long as it is wanted, or any file, copied once.

Source of the file format: ISO/IEC 14496-12 (moof, mfhd, tfhd, tfdt, trun).
"""

import struct
from array import array

from evidock_protocol import codes
from evidock_simulator.virtual.sound import NotUsable

PIECE = 4096  # bytes of a plain file that are written at once
PLAIN_RATE = 250_000  # bytes per second of a plain file: 2 Mbit/s
MAXIMUM_PLAIN = 16 * 1024 * 1024
MAXIMUM_BOX = 65_536  # bytes of "moov" and of each "moof", which are held in memory


def open_clip(path: str):
    """The clip in a file, of the kind that it is."""
    file = open(path, "rb", 0)  # noqa: SIM115 (open for life)
    end = file.seek(0, 2)
    if not end:
        raise NotUsable("no bytes in it")
    if _kind(file, 0, end) == b"ftyp":
        if any(kind == b"moof" for _at, _length, kind in _boxes(file, end)):
            return FragmentedMp4(file, end)
        return PlainFile(file, end, codes.MEDIA_MP4)
    return PlainFile(file, end, codes.MEDIA_OTHER)


class PlainFile:
    """Any file, copied once into each segment at 2 Mbit/s, and in any case whole. Nobody counts its pictures."""

    tracks = codes.TRACK_SOUND | codes.TRACK_PICTURE
    rate = 0

    def __init__(self, file, length: int, media: int):
        self.media = media
        self._file = file
        self._length = length
        if length > MAXIMUM_PLAIN:
            raise NotUsable(f"{length} bytes: {MAXIMUM_PLAIN} are the most for a file that is not in fragments")

    def due(self, milliseconds: int, ended: bool) -> int:
        """How many pieces belong into a file that was begun so long ago."""
        whole = (self._length + PIECE - 1) // PIECE
        return whole if ended else min(whole, milliseconds * PLAIN_RATE // 1000 // PIECE)

    def piece(self, number: int) -> bytes:
        """The bytes of piece `number`, counted from 0."""
        self._file.seek(number * PIECE)
        return self._file.read(PIECE)


class FragmentedMp4:
    """An MP4 in fragments of one length, repeated without end: each says when it is shown, so that is written anew."""

    media = codes.MEDIA_MP4

    def __init__(self, file, end: int):
        self._file = file
        self._fragments = array("I")  # where each begins, and after the last where it ends
        self._start = 0  # bytes before the first fragment
        self._scales: dict[int, int] = {}  # ticks of a second, by track
        self.tracks = 0
        last = 0
        for at, length, kind in _boxes(file, end):
            if kind == b"moov":
                self._read_tracks(_read(file, at, length))
            elif kind == b"moof":
                self._start = self._start or at
                self._fragments.append(at)
            if kind in (b"moof", b"mdat"):
                last = at + length
        self._fragments.append(last)
        self._count = len(self._fragments) - 1
        if not self._scales or self._count < 2:
            raise NotUsable("its fragments cannot be told apart")
        self._second = self._times(1)
        track = min(self._second)
        self.rate = self._scales[track] // max(1, self._second[track] - self._times(0)[track])
        if not self.rate:
            raise NotUsable("fragments of more than a second")

    def due(self, milliseconds: int, ended: bool) -> int:
        """How many pieces, the head among them, belong into a file that was begun so long ago."""
        return 1 + milliseconds * self.rate // 1000

    def piece(self, number: int) -> bytes:
        """The head, then fragment after fragment."""
        if not number:
            return _read(self._file, 0, self._start)
        number -= 1
        place = number % self._count
        at = self._fragments[place]
        data = bytearray(_read(self._file, at, self._fragments[place + 1] - at))
        struct.pack_into(">I", data, _find(data, b"mfhd") + 12, number + 1)
        for track, time in self._time_places(data):
            later = number // self._count * self._count * self._scales[track] // self.rate
            high, low = struct.unpack_from(">II", data, time)
            struct.pack_into(">II", data, time, high, low + later)
        return bytes(data)

    def _times(self, place: int) -> dict[int, int]:
        """When fragment `place` is shown, by track."""
        at = self._fragments[place]
        data = _read(self._file, at, self._fragments[place + 1] - at)
        return {track: struct.unpack_from(">I", data, time + 4)[0] for track, time in self._time_places(data)}

    def _time_places(self, data) -> list[tuple[int, int]]:
        """(track, byte offset of its 64-bit decoding time) of each track in a fragment."""
        found = []
        at = 8
        end = struct.unpack_from(">I", data, 0)[0]
        while at + 8 <= end:
            length, kind = struct.unpack_from(">I4s", data, at)
            if kind == b"traf":
                box = bytes(data[at : at + length])
                track = struct.unpack_from(">I", box, _find(box, b"tfhd") + 12)[0]
                time = _find(box, b"tfdt")
                if box[time + 8] != 1 or track not in self._scales:
                    raise NotUsable("a fragment without a 64-bit time")
                found.append((track, at + time + 12))
            at += max(8, length)
        return found

    def _read_tracks(self, moov: bytes) -> None:
        at = 8
        while at + 8 <= len(moov):
            length, kind = struct.unpack_from(">I4s", moov, at)
            if kind == b"trak":
                box = moov[at : at + length]
                header, media = _find(box, b"tkhd"), _find(box, b"mdhd")
                if box[header + 8] or box[media + 8]:
                    raise NotUsable("a track with 64-bit dates")
                track = struct.unpack_from(">I", box, header + 20)[0]
                self._scales[track] = struct.unpack_from(">I", box, media + 20)[0]
                handler = box[_find(box, b"hdlr") + 16 :][:4]
                self.tracks |= codes.TRACK_SOUND if handler == b"soun" else codes.TRACK_PICTURE
            at += max(8, length)


def _boxes(file, end: int):
    """Generator: (place, length, kind) of each box of the file itself."""
    at = 0
    while at + 8 <= end:
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        if length < 8 or at + length > end:
            return  # a box to the end of the file, or above 4 GiB: none that matters here
        yield at, length, bytes(kind)
        at += length


def _kind(file, at: int, end: int) -> bytes:
    file.seek(at)
    return file.read(8)[4:] if end - at >= 8 else b""


def _read(file, at: int, length: int) -> bytes:
    if length > MAXIMUM_BOX:
        raise NotUsable(f"{length} bytes in one fragment: {MAXIMUM_BOX} are the most")
    file.seek(at)
    return file.read(length)


def _find(box, kind: bytes) -> int:
    """Where a box inside begins; NotUsable when there is none."""
    at = bytes(box).find(kind)
    if at < 4:
        raise NotUsable("its fragments lack " + kind.decode())
    return at - 4
