"""Pictures that come in parts: what is whole, and what half a picture, a wrong size or any bytes at all come to."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidock_protocol.jpeg import PictureCheck


def marker(code: int, payload: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, code, 2 + len(payload)) + payload


def picture(width: int = 64, height: int = 48, before: bytes = b"", scan: bytes = b"\x12\x34" * 40) -> bytes:
    """The outer form of a JPEG picture; nobody decodes it."""
    frame = marker(0xC0, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0")
    tables = marker(0xE0, b"JFIF\0" + bytes(9)) + marker(0xDB, bytes(65)) + marker(0xC4, bytes(29))
    return b"\xff\xd8" + before + tables + frame + marker(0xDA, bytes(8)) + scan + b"\xff\xd9"


def looked_at(data: bytes, cuts: list[int] | None = None, announced: int | None = None) -> PictureCheck:
    """A check of `data` fed in parts that end at `cuts`."""
    check = PictureCheck()
    check.begin(len(data) if announced is None else announced)
    ends = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts or [])})
    lent = bytearray(len(data) + 7)
    for start, end in pairwise(ends):
        lent[5 : 5 + end - start] = data[start:end]
        check.feed(memoryview(lent), 5, 5 + end - start)
    return check


def verdict(check: PictureCheck) -> tuple[bool, int, int]:
    return check.is_whole, check.width, check.height


@given(st.lists(st.integers(0, 5000), max_size=30), st.integers(1, 65535), st.integers(1, 65535))
def test_the_parts_do_not_matter(cuts: list[int], width: int, height: int) -> None:
    assert verdict(looked_at(picture(width, height), cuts)) == (True, width, height)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=8))
def test_any_bytes_come_to_the_same_in_any_parts(data: bytes, cuts: list[int]) -> None:
    for start in (b"", b"\xff\xd8", b"\xff\xd8\xff"):
        found = verdict(looked_at(start + data, cuts))
        assert found == verdict(looked_at(start + data))
        assert not found[0] or data.rstrip(b"\0").endswith(b"\xd9")


@given(st.integers(0, 520), st.lists(st.integers(0, 5000), max_size=8))
def test_cameras_fill_up_with_zeros(zeros: int, cuts: list[int]) -> None:
    assert looked_at(picture() + bytes(zeros), cuts).is_whole == (zeros <= 512)


@pytest.mark.parametrize("length", [0, 1])
def test_a_marker_that_leads_back(length: int) -> None:
    """A segment's length counts itself. Less leads to bytes that are there no more when parts are small."""
    frame = marker(0xC0, struct.pack(">BHHB", 8, 48, 64, 1) + b"\1\x11\0")
    data = b"\xff\xd8\xff\xe0" + bytes([0, length]) + frame + b"\x01" * 50 + b"\xff\xd9"
    for cuts in ([], [5], [6], list(range(20))):
        assert verdict(looked_at(data, cuts)) == (False, 0, 0)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"\xff\xd8",
        b"\xff\xd8\xff\xd9",
        b"\xff\xd9",
        picture()[:-1],
        picture()[:-2],
        picture()[: len(picture()) // 2],
        picture()[1:],
        b"\0" + picture(),
        picture() + bytes(513),
        picture() + b"\1",
        picture() + bytes(3) + b"\1",
        picture(0, 48),
        picture(64, 0),
        picture(before=b"\x00\xe1\x00\x04ab"),
        picture(before=b"\xff" * 70),
        picture(before=marker(0xFE, b"x") * 61),
        picture(before=marker(0xDA, b"")),
    ],
    ids=lambda data: f"{len(data)} bytes",
)
def test_not_whole(data: bytes) -> None:
    assert not looked_at(data).is_whole


def test_shorter_or_longer_than_announced() -> None:
    data = picture()
    assert not looked_at(data, announced=len(data) + 1).is_whole
    assert not looked_at(data[:-5], announced=len(data)).is_whole
    assert not looked_at(data + data, announced=len(data)).is_whole


@pytest.mark.parametrize("code", [0xC0, 0xC1, 0xC2])
def test_the_size_behind_markers_of_any_length(code: int) -> None:
    """A camera's own notes, with a small picture in them, may come first."""
    inside = marker(0xE1, b"Exif\0\0" + picture(16, 16)) + marker(0xE2, bytes(65533)) + b"\xff\xff"
    data = picture(800, 600, inside).replace(b"\xff\xc0", bytes([0xFF, code]))
    assert verdict(looked_at(data, list(range(0, len(data), 4096)))) == (True, 800, 600)


def test_the_frame_header_may_be_the_64th_marker() -> None:
    assert looked_at(picture(before=marker(0xFE, b"x") * 60)).is_whole


def test_a_check_is_used_again() -> None:
    check = looked_at(picture(800, 600))
    check.begin(4)
    check.feed(b"\xff\xd8\xff\xd9", 0, 4)
    assert verdict(check) == (False, 0, 0)
