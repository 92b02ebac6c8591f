"""One or two wrong bits of media are put right, and nothing else is (Frames)."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidock.client.mending import MendingReader
from evidock_protocol import framing, messages, versions, wire


def media(length: int, seed: int = 1) -> bytes:
    values = {"index": 3, "data": random.Random(seed).randbytes(length)}
    return wire.answer(messages.MEDIA, 777, values)


def content(payload: bytes) -> bytearray:
    """A frame's bytes before COBS: the payload and its CRC."""
    frame = bytes(framing.FrameWriter(versions.MAXIMUM_PAYLOAD).encode(payload))
    return bytearray(unstuffed(frame[:-1]))


def unstuffed(stuffed: bytes) -> bytes:
    found, at = b"", 0
    while at < len(stuffed):
        code = stuffed[at]
        found += stuffed[at + 1 : at + code]
        at += code
        if code < 255 and at < len(stuffed):
            found += b"\x00"
    return found


def stuffed(raw: bytes | bytearray) -> bytes:
    """COBS, written plainly: what a line delivers whose noise hit `raw` and left the blocks alone."""
    out, block = bytearray(), bytearray()
    for place, byte in enumerate(raw):
        if byte:
            block.append(byte)
        if not byte or (len(block) == 254 and place + 1 < len(raw)):
            out += bytes([len(block) + 1]) + block
            block = bytearray()
    return bytes(out + bytes([len(block) + 1]) + block + b"\x00")


@given(st.integers(1, versions.MAXIMUM_CHUNK), st.integers(0, 2**32), st.integers(0, 2**32))
def test_any_single_wrong_bit_of_payload_or_crc_is_put_right(length: int, seed: int, at: int) -> None:
    payload = media(length, seed)
    raw = content(payload)
    place = at % (8 * len(raw))
    raw[place // 8] ^= 1 << place % 8
    reader = MendingReader(lambda found: True)
    assert reader.feed(stuffed(raw)) == [payload]
    assert (reader.mended, reader.damaged) == (1, 0)


@given(st.integers(1, 1024), st.integers(0, 2**32), st.tuples(st.integers(0, 2**32), st.integers(0, 2**32)))
def test_two_wrong_bits_of_a_short_frame_are_put_right_or_given_up(length: int, seed: int, at: tuple[int, int]) -> None:
    payload = media(length, seed)
    raw = content(payload)
    for place in {one % (8 * len(raw)) for one in at}:
        raw[place // 8] ^= 1 << place % 8
    found = MendingReader(lambda found: True).feed(stuffed(raw))
    assert found in ([payload], [])


def test_two_wrong_bits_are_nearly_always_put_right() -> None:
    noise = random.Random(4)
    mended = 0
    for seed in range(200):
        payload = media(512, seed)
        raw = content(payload)
        for place in noise.sample(range(8 * len(raw)), 2):
            raw[place // 8] ^= 1 << place % 8
        mended += MendingReader(lambda found: True).feed(stuffed(raw)) == [payload]
    assert mended >= 195


@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_two_wrong_bits_of_a_long_frame_are_left_alone(one: int, other: int) -> None:
    raw = content(media(4096))
    places = {one % (8 * len(raw)), other % (8 * len(raw))}
    for place in places:
        raw[place // 8] ^= 1 << place % 8
    assert len(MendingReader(lambda found: True).feed(stuffed(raw))) == 2 - len(places)


def test_what_was_not_asked_for_is_not_mended() -> None:
    raw = content(media(100))
    raw[50] ^= 1
    reader = MendingReader(lambda found: False)
    assert reader.feed(stuffed(raw)) == []
    assert (reader.mended, reader.damaged) == (0, 1)


def test_who_judges_sees_the_mended_bytes() -> None:
    payload = media(100)
    raw = content(payload)
    raw[50] ^= 1
    seen: list[bytes] = []
    MendingReader(lambda found: bool(seen.append(found))).feed(stuffed(raw))
    assert seen == [payload]


def test_a_whole_frame_is_nobodys_to_judge() -> None:
    reader = MendingReader(lambda found: pytest.fail("asked about a whole frame"))
    assert reader.feed(stuffed(content(media(100)))) == [media(100)]


@given(st.binary(max_size=6000))
def test_noise_raises_nothing_and_is_bounded(noise: bytes) -> None:
    reader = MendingReader(lambda found: wire.parse_media_answer(found) is not None)
    assert reader.feed(noise + b"\x00") == []
