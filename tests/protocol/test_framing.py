"""Frames: the vectors, round trips in pieces of any length, noise, and bounded memory (AT-28)."""

import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import codec_checks, make_codec_vectors
from vectors.make_codec_vectors import frame

from evidock_protocol.errors import BufferTooSmall, ProtocolError
from evidock_protocol.framing import FrameReader, FrameWriter, frame_size

VECTORS = Path(__file__).resolve().parents[1] / "vectors"

# Zeros in runs and full blocks are where COBS goes wrong, so pieces rather than bytes.
pieces = (
    st.binary(min_size=1, max_size=20)
    | st.integers(1, 80).map(bytes)
    | st.sampled_from([253, 254, 255, 508]).map(lambda length: b"\xff" * length)
    | st.integers(1, 300).map(lambda length: b"\x01" * length)
)
payloads = st.lists(pieces, min_size=1, max_size=6).map(b"".join)
MAX_PAYLOAD = 6 * 508
MAX_FRAME = frame_size(MAX_PAYLOAD)


def read(reader: FrameReader, data: bytes, cuts: list[int]) -> list[bytes]:
    """Feed `data` in pieces that end at `cuts`."""
    found: list[bytes] = []
    start = 0
    for end in [*sorted(cut for cut in cuts if cut < len(data)), len(data)]:
        found += reader.feed(data[start:end])
        start = end
    return found


def counters(reader: FrameReader) -> dict[str, int]:
    return {name: getattr(reader, name) for name in codec_checks.COUNTERS}


CASES = [pytest.param(check, case, id=title) for check, case, title in codec_checks.cases(str(VECTORS), "frames")]


@pytest.mark.parametrize(("check", "case"), CASES)
def test_vector(check: Callable[[dict[str, object]], None], case: dict[str, object]) -> None:
    check(case)


def test_vectors_are_what_their_maker_writes() -> None:
    assert (VECTORS / "frames.json").read_text(encoding="ascii") == make_codec_vectors.text("frames.json")


@given(payloads, st.integers(0, 3000))
def test_writer_agrees_with_a_loop_over_bytes(payload: bytes, middle: int) -> None:
    writer = FrameWriter(MAX_PAYLOAD)
    writer.encode(b"\xaa" * MAX_PAYLOAD)  # the buffer is never clean twice
    expected = frame(payload)
    assert bytes(writer.encode(payload)) == expected
    assert bytes(writer.encode_parts(payload[:middle], memoryview(payload)[middle:])) == expected
    assert len(expected) <= frame_size(len(payload))
    assert 0 not in expected[:-1]


@given(st.lists(payloads, max_size=4), st.lists(st.integers(0, 6000), max_size=10), st.booleans())
def test_round_trip_in_pieces(sent: list[bytes], cuts: list[int], lead: bool) -> None:
    writer = FrameWriter(MAX_PAYLOAD)
    data = b"".join(bytes(writer.encode(payload, lead)) for payload in sent)
    reader = FrameReader(MAX_FRAME)
    assert read(reader, data, cuts) == sent
    assert counters(reader) == {"frames": len(sent), "bad_crc": 0, "bad_cobs": 0, "overlong": 0, "skipped_bytes": 0}


@given(st.lists(payloads, min_size=1, max_size=4), st.data())
def test_noise_never_makes_a_wrong_payload(sent: list[bytes], data: st.DataObject) -> None:
    """Flipped, lost and added bytes cost frames, never content; and the next frame after the noise arrives."""
    stream = bytearray(b"".join(map(frame, sent)))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(stream)))
        stream[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    reader = FrameReader(MAX_FRAME)
    found = read(reader, bytes(stream), data.draw(st.lists(st.integers(0, 6000), max_size=6)))
    left = iter(sent)
    assert all(payload in left for payload in found)  # what arrives was sent, in order
    assert reader.feed(b"\0" + frame(b"after"))[-1:] == [b"after"]


@given(
    st.lists(st.binary(max_size=40) | st.integers(1, 60).map(bytes) | st.just(frame(b"good")), max_size=12), st.data()
)
def test_counters_do_not_depend_on_the_pieces(parts: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(parts)
    whole, cut = FrameReader(frame_size(20)), FrameReader(frame_size(20))
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    assert whole.feed(stream) == read(cut, stream, cuts)
    assert counters(whole) == counters(cut)


@given(st.binary(max_size=400))
def test_every_byte_is_accounted_for(stream: bytes) -> None:
    """Bytes of good frames, of bad ones, and terminators add up to what came in."""
    reader = FrameReader(frame_size(50))
    found = reader.feed(stream + b"\0")
    good = sum(len(frame(payload)) - 1 for payload in found)
    assert good + reader.skipped_bytes == len(stream) - stream.count(0)


def test_random_noise_in_bulk() -> None:
    """A megabyte of noise full of terminators: about 2^-32 of its frames may pass, so none does."""
    noise = random.Random(7)
    reader = FrameReader(frame_size(4096))
    for _ in range(16):
        data = bytes(noise.choice(b"\0\0\1\2\3\5\x09\xff") for _ in range(1 << 16))
        assert reader.feed(data) == []
    assert reader.bad_cobs > 1000
    assert reader.bad_crc > 1000


def test_garbage_without_end_is_bounded() -> None:
    reader = FrameReader(frame_size(4096))
    garbage = b"\x55" * (1 << 16)
    tracemalloc.start()
    try:
        for _ in range(64):
            assert reader.feed(garbage) == []
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 * 1024
    assert reader.overlong == 1
    assert reader.skipped_bytes == 64 << 16
    assert reader.feed(b"\0" + frame(b"good")) == [b"good"]


def test_longest_payload_passes_and_one_more_does_not() -> None:
    writer = FrameWriter(4096)
    for payload in (b"\xff" * 4096, bytes(4096), random.Random(1).randbytes(4096)):
        assert FrameReader(frame_size(4096)).feed(writer.encode(payload)) == [payload]
    with pytest.raises(BufferTooSmall):
        writer.encode(bytes(4097))
    with pytest.raises(BufferTooSmall):
        writer.encode_parts(b"a", bytes(4096))
    reader = FrameReader(frame_size(4096))
    assert reader.feed(frame(b"\xff" * 4097)) == []
    assert reader.overlong == 1


def test_nothing_is_no_payload() -> None:
    with pytest.raises(ProtocolError):
        FrameWriter(10).encode(b"")
    with pytest.raises(ProtocolError):
        FrameWriter(0)
    with pytest.raises(ProtocolError):
        FrameReader(3)


def test_the_view_is_the_writers_own_buffer() -> None:
    """The recorder lends it to the link: nothing is copied, so the next frame overwrites it."""
    writer = FrameWriter(100)
    first = writer.encode(b"first")
    kept = bytes(first)
    writer.encode(b"other")
    assert bytes(first) != kept


def test_reset_forgets_half_a_frame() -> None:
    reader = FrameReader(100)
    good = frame(b"good")
    assert reader.feed(good[:5]) == []
    reader.reset()
    assert reader.feed(good) == [b"good"]
    assert reader.skipped_bytes == 5
