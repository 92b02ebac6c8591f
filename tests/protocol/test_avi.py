"""AVI files of pictures: the header, the index, and the way over the chunks of any file."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evidock_protocol import avi
from evidock_protocol.errors import Malformed

RATE = 10
SIZE = (64, 48)


class Bounded:
    """A file that nobody may look at beyond `end`."""

    def __init__(self, data: bytes, end: int):
        self._data = data
        self._end = end
        self._at = 0
        self.reads = 0

    def seek(self, offset: int) -> int:
        assert 0 <= offset < self._end
        self._at = offset
        return offset

    def readinto(self, buffer: memoryview) -> int:
        assert self._at + len(buffer) <= self._end
        piece = self._data[self._at : self._at + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        self.reads += 1
        return len(piece)


def chunk(picture: bytes) -> bytes:
    return b"00dc" + struct.pack("<I", len(picture)) + picture + bytes(len(picture) & 1)


def index(body: bytes, chunks: int, end: int | None = None) -> bytes:
    """The index as written, by its own slices."""
    written = bytearray()
    for _slice in avi.index_steps(io.BytesIO(body), len(body) if end is None else end, chunks, written.extend):
        pass
    return bytes(written)


def file_of(pictures: list[bytes], width: int = SIZE[0], height: int = SIZE[1]) -> bytes:
    """A closed file."""
    body = bytes(avi.AVI_HEADER) + b"".join(chunk(picture) for picture in pictures)
    header = avi.avi_header(width, height, RATE, len(pictures), len(body) - avi.AVI_HEADER)
    return header + body[avi.AVI_HEADER :] + index(body, len(pictures))


def lists(data: bytes) -> list[tuple[bytes, int, bytes]]:
    """(name, place, payload) of a sequence of RIFF chunks, read without the product's code, to the last byte."""
    found, at = [], 0
    while at < len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        assert at + 8 + length <= len(data)
        found.append((name, at, data[at + 8 : at + 8 + length]))
        at += 8 + length + (length & 1)
    return found


pictures_of_any_kind = st.lists(st.binary(max_size=40), max_size=60)


@given(pictures_of_any_kind)
@example([b""])
@example([b"x"] * 33)
def test_the_file_is_riff_and_its_index_names_every_picture(pictures: list[bytes]) -> None:
    data = file_of(pictures)
    ((name, _at, riff),) = lists(data)
    assert (name, riff[:4]) == (b"RIFF", b"AVI ")
    parts = lists(riff[4:])
    assert [(name, part[:4]) for name, _at, part in parts[:1]] == [(b"LIST", b"hdrl")]
    names = [name for name, _at, _part in parts]
    assert names == [b"LIST", b"JUNK", b"LIST"] + ([b"idx1"] if pictures else [])
    movi = parts[2][2]
    assert movi[:4] == b"movi"
    assert [part for _name, _at, part in lists(movi[4:])] == pictures
    rows = [struct.unpack_from("<4sIII", parts[3][2], at) for at in range(0, len(parts[3][2]), 16)] if pictures else []
    assert [(name, movi[at + 8 : at + 8 + length]) for name, _flags, at, length in rows] == [
        (b"00dc", picture) for picture in pictures
    ]
    assert [flags for _name, flags, _at, _length in rows] == [0x10 if picture else 0 for picture in pictures]


def test_the_header_says_what_is_in_the_file() -> None:
    header = avi.avi_header(640, 480, 15, 900, 123_456)
    main = struct.unpack_from("<4sI10I", header, 24)
    assert main == (b"avih", 56, 66_666, 0, 0, 0x10, 900, 0, 1, 0, 640, 480)
    stream = struct.unpack_from("<4sI4s4sIHHIIIII", header, 100)
    assert stream == (b"strh", 56, b"vids", b"MJPG", 0, 0, 0, 0, 1, 15, 0, 900)
    assert struct.unpack_from("<4sIIIIHH4s", header, 164) == (b"strf", 40, 40, 640, 480, 1, 24, b"MJPG")
    assert struct.unpack_from("<4sI4s", header, 500) == (b"LIST", 4 + 123_456, b"movi")
    assert struct.unpack_from("<I", header, 4)[0] == 512 + 123_456 + 8 + 900 * 16 - 8


sides = st.integers(1, avi.MAXIMUM_SIDE)


@given(sides, sides, st.integers(1, avi.MAXIMUM_RATE), st.integers(0, 100_000), st.integers(0, 1 << 24))
def test_a_header_is_read_back(width: int, height: int, rate: int, chunks: int, more: int) -> None:
    values = (width, height, rate, chunks, chunks * avi.CHUNK_HEAD + more)
    header = avi.avi_header(*values)
    assert len(header) == avi.AVI_HEADER
    assert avi.read_header(header) == values


@given(st.integers(0, avi.AVI_HEADER - 1), st.integers(1, 255))
def test_a_changed_header_is_another_or_none(at: int, change: int) -> None:
    """What cannot be told from a header of the recorder's own is one: no byte lies outside."""
    header = bytearray(avi.avi_header(640, 480, 15, 900, 123_456))
    header[at] ^= change
    try:
        values = avi.read_header(bytes(header))
    except Malformed:
        return
    assert values != (640, 480, 15, 900, 123_456)
    assert avi.avi_header(*values) == header


@given(st.binary(max_size=600))
def test_any_other_bytes_are_no_header(data: bytes) -> None:
    for found in (data, data[:512].ljust(512, b"\0")):
        with pytest.raises(Malformed):
            avi.read_header(found)


@pytest.mark.parametrize(
    "values",
    [
        (0, 48, 10, 0, 0),
        (64, 0, 10, 0, 0),
        (32_768, 48, 10, 0, 0),
        (64, -1, 10, 0, 0),
        (64, 48, 0, 0, 0),
        (64, 48, 1001, 0, 0),
        (64, 48, 10, -1, 0),
        (64, 48, 10, 0, -8),
        (64, 48, 10, 2, 15),
        (64, 48, 10, 0, 2**32 - 512),
        (64, 48, 10, 1, 2**32 - 1 - 512 - 23),
    ],
)
def test_what_no_header_can_say(values: tuple[int, int, int, int, int]) -> None:
    with pytest.raises(Malformed):
        avi.avi_header(*values)


def test_a_file_of_4_gib_has_a_header() -> None:
    header = avi.avi_header(64, 48, 10, 1, 2**32 - 1 - 512 - 24)
    assert struct.unpack_from("<I", header, 4)[0] == 2**32 - 1 - 8


@given(pictures_of_any_kind, st.integers(0, 4000))
def test_a_file_cut_anywhere_keeps_its_whole_chunks(pictures: list[bytes], cut: int) -> None:
    """Power goes in the middle of a write: the walker finds every whole picture and nothing else."""
    body = bytes(avi.AVI_HEADER) + b"".join(chunk(picture) for picture in pictures)
    body = body[: max(len(body) - cut, 0)]
    walker = avi.Walker(Bounded(body, len(body)), len(body))
    lengths: list[int] = []
    while (length := walker.hop()) >= 0:
        lengths.append(length)
    assert walker.hop() == -1
    whole = [picture for number, picture in enumerate(pictures) if ends(pictures, number) <= len(body)]
    assert lengths == [len(picture) for picture in whole]
    assert walker.chunks == len(whole)
    assert walker.position == (ends(pictures, len(whole) - 1) if whole else avi.AVI_HEADER)
    # An index made anew from what is there is the one that would have been written.
    assert index(body, walker.chunks, walker.position) == file_of(whole)[walker.position :]


def ends(pictures: list[bytes], number: int) -> int:
    return avi.AVI_HEADER + sum(8 + len(picture) + (len(picture) & 1) for picture in pictures[: number + 1])


heads = st.builds(lambda length: b"00dc" + struct.pack("<I", length), st.integers(0, 70) | st.integers(0, 2**32 - 1))


@given(st.lists(st.binary(max_size=30) | heads | st.just(b"idx1"), max_size=30), st.integers(-5, 700))
def test_any_bytes_at_all(pieces: list[bytes], less: int) -> None:
    """Never a look beyond the end, never an error, never more chunks than fit."""
    data = bytes(avi.AVI_HEADER) + b"".join(pieces)
    end = max(len(data) - max(less, 0), 0)
    file = Bounded(data, end)
    walker = avi.Walker(file, end)
    while (length := walker.hop()) >= 0:
        assert length <= end
        assert walker.position <= end
    assert file.reads <= walker.chunks + 1
    assert walker.position == avi.AVI_HEADER or walker.position <= end
    if walker.position > avi.AVI_HEADER:
        assert lists(data[avi.AVI_HEADER : walker.position])


@given(st.integers(512, 600))
def test_an_end_that_the_file_does_not_reach(end: int) -> None:
    assert avi.Walker(io.BytesIO(bytes(100)), end).hop() == -1


@pytest.mark.parametrize(("chunks", "less"), [(3, 0), (1, 0), (2, 1), (2, 8)])
def test_an_index_of_what_is_not_there(chunks: int, less: int) -> None:
    """A card that gives back other chunks than were written must not get a false index."""
    body = bytes(avi.AVI_HEADER) + chunk(b"abc") + chunk(b"")
    with pytest.raises(Malformed):
        index(body, chunks, len(body) - less)


def test_the_index_is_made_in_slices() -> None:
    body = bytes(avi.AVI_HEADER) + chunk(b"") * 100
    slices = avi.index_steps(io.BytesIO(body), len(body), 100, lambda rows: None)
    assert sum(1 for _slice in slices) == 7
