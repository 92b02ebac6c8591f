"""Deterministic CBOR: the vectors, a differential test against cbor2, and hostile bytes (AT-26, AT-28)."""

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import codec_checks, make_codec_vectors

from evidock_protocol import cbor
from evidock_protocol.errors import BufferTooSmall, LimitExceeded, Malformed, ProtocolError

VECTORS = Path(__file__).resolve().parents[1] / "vectors"

PLAUSIBLE = [bytes.fromhex(code) for code in ("81", "a100", "18", "41", "62", "c3", "bc", "f6", "02", "39ffff", "d2")]

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.integers(0, 63).flatmap(lambda bits: st.integers(-(2**bits) - 1, 2**bits + 1))
    | st.binary(max_size=300)
    | st.text(max_size=60)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.integers(0, 23), inner, max_size=6),
    max_leaves=20,
)


def depth(value: object) -> int:
    if isinstance(value, list):
        return 1 + max((depth(item) for item in value), default=0)
    if isinstance(value, dict):
        return 1 + max((depth(item) for item in value.values()), default=0)
    return 0


def keys_fit(value: object) -> bool:
    if isinstance(value, dict):
        return all(type(key) is int and 0 <= key <= 23 and keys_fit(item) for key, item in value.items())
    if isinstance(value, list):
        return all(keys_fit(item) for item in value)
    return value is None or isinstance(value, (bool, int, str, bytes))


def reference(data: bytes) -> object:
    """What cbor2 makes of `data`, held to format 1; raises for anything else."""
    value = cbor2.loads(data, allow_duplicate_keys=False, allow_indefinite=False)
    if cbor2.dumps(value, canonical=True) != data or not keys_fit(value) or depth(value) > cbor.MAX_DEPTH:
        raise ValueError("not format 1")
    return value


CASES = [pytest.param(check, case, id=title) for check, case, title in codec_checks.cases(str(VECTORS), "cbor")]


@pytest.mark.parametrize(("check", "case"), CASES)
def test_vector(check: Callable[[dict[str, object]], None], case: dict[str, object]) -> None:
    check(case)


def test_vectors_are_what_their_maker_writes() -> None:
    assert (VECTORS / "cbor.json").read_text(encoding="ascii") == make_codec_vectors.text("cbor.json")


@given(values)
def test_encodes_as_cbor2_does(value: object) -> None:
    if depth(value) > cbor.MAX_DEPTH:
        for function in (cbor.encoded_size, lambda value: cbor.encode_into(bytearray(9000), 0, value)):
            with pytest.raises(ProtocolError):
                function(value)
        return
    data = cbor.encode(value)
    assert data == cbor2.dumps(value, canonical=True)
    assert cbor.encoded_size(value) == len(data)
    assert codec_checks.same(cbor.decode(data), value)
    assert cbor.decode_at(b"\xff" + data, 1)[1] == cbor.skip(b"\xff" + data, 1) == 1 + len(data)


@given(values, st.data())
def test_decodes_what_cbor2_decodes_and_nothing_else(value: object, data: st.DataObject) -> None:
    """A valid encoding with a few bytes changed is accepted exactly when cbor2, held to format 1, accepts it."""
    code = bytearray(cbor2.dumps(value, canonical=True))
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(code)))
        byte = data.draw(st.binary(max_size=1))
        code[place : place + data.draw(st.integers(0, 1))] = byte
    agree(bytes(code))


@given(st.binary(max_size=40))
def test_random_bytes(data: bytes) -> None:
    agree(data)


@given(st.lists(st.sampled_from(PLAUSIBLE), max_size=12))
def test_plausible_bytes(pieces: list[bytes]) -> None:
    agree(b"".join(pieces))


def agree(data: bytes) -> None:
    try:
        expected = reference(data)
    except Exception:
        with pytest.raises(Malformed):
            cbor.decode(data)
        return
    assert codec_checks.same(cbor.decode(data), expected)
    assert cbor.skip(data, 0) == len(data)


@given(st.binary(max_size=60), st.integers(0, 70))
def test_skip_and_decode_agree(data: bytes, offset: int) -> None:
    try:
        _, end = cbor.decode_at(data, offset)
    except Malformed as problem:
        with pytest.raises(type(problem)):
            cbor.skip(data, offset)
        return
    assert cbor.skip(data, offset) == end <= len(data)


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        2**64,
        -(2**64) - 1,
        "\ud800",
        object(),
        {1, 2},
        {24: 0},
        {-1: 0},
        {"a": 0},
        {True: 0},
        {1.0: 0},
        {None: 0},
        [1.5],
        {0: object()},
        memoryview(b"abcd").cast("H"),
        range(3),
    ],
)
def test_encoder_refuses(value: object) -> None:
    with pytest.raises(ProtocolError):
        cbor.encode(value)
    with pytest.raises(ProtocolError):
        cbor.encode_into(bytearray(100), 0, value)


def test_nesting_is_limited_when_writing_too() -> None:
    value: object = []
    for _ in range(cbor.MAX_DEPTH - 1):
        value = [value]
    assert cbor.decode(cbor.encode(value)) == value
    for deeper in ([value], {0: value}):
        with pytest.raises(ProtocolError):
            cbor.encoded_size(deeper)
        with pytest.raises(ProtocolError):
            cbor.encode_into(bytearray(100), 0, deeper)


def test_encoder_refuses_a_list_inside_itself() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(ProtocolError):
        cbor.encode(endless)


def test_encode_into_every_size_of_buffer() -> None:
    value = {0: [1, -500, b"abc", memoryview(b"def")], 5: "text", 7: {1: 2**40, 2: None}}
    data = cbor.encode(value)
    for size in range(len(data)):
        buffer = bytearray(size)
        with pytest.raises(BufferTooSmall):
            cbor.encode_into(buffer, 0, value)
        assert len(buffer) == size
    buffer = bytearray(len(data) + 4)
    assert cbor.encode_into(memoryview(buffer), 2, value) == 2 + len(data)
    assert buffer == b"\0\0" + data + b"\0\0"


def test_limits_are_the_callers() -> None:
    three_deep = cbor.encode([[[]]])
    assert cbor.decode(three_deep, depth=3) == [[[]]]
    with pytest.raises(LimitExceeded):
        cbor.decode(three_deep, depth=2)
    five_items = cbor.encode([1, {0: 2}])
    assert cbor.decode(five_items, items=5) == [1, {0: 2}]
    for items in range(5):
        with pytest.raises(LimitExceeded):
            cbor.decode(five_items, items=items)
    with pytest.raises(LimitExceeded):
        cbor.decode(cbor.encode(1), items=0)


@pytest.mark.parametrize(
    "data",
    [
        b"\x81" * 1_000_000,
        b"\xa1\x00" * 500_000,
        b"\x9a\x00\x0f\x42\x40" + b"\x00" * 1_000_000,
        b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff" + b"\x00" * 1000,
        b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff" + b"\x00" * 1000,
        b"\x88" * 7 + b"\x99\x10\x00" + b"\x00" * 5000,
    ],
)
@pytest.mark.parametrize("function", [cbor.decode, lambda data: cbor.skip(data, 0)])
def test_hostile_sizes_cost_little(data: bytes, function: Callable[[bytes], object]) -> None:
    tracemalloc.start()
    start = time.process_time()
    try:
        with pytest.raises(Malformed):
            function(data)
        seconds = time.process_time() - start
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * 1024
    assert seconds < 0.5


def test_messages_do_not_repeat_content() -> None:
    """Content may be private: a message names places and head bytes only."""
    for data in (b"\x66secre", b"\x66secret\x00", b"\x67secret\xff", b"\xa1\x66secret\x00"):
        with pytest.raises(Malformed) as caught:
            cbor.decode(data)
        assert "secr" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_heads() -> None:
    """RFC 8949 appendix A."""
    assert cbor.head(4, 2) == b"\x82"
    assert cbor.head(2, 4096) == b"\x59\x10\x00"
    assert cbor.head(0, 2**64 - 1) == b"\x1b" + b"\xff" * 8
    buffer = bytearray(5)
    assert cbor.put_head(buffer, 2, 2, 256) == 5
    with pytest.raises(BufferTooSmall):
        cbor.put_head(buffer, 3, 2, 256)
    for number in (-1, 2**64):
        with pytest.raises(ProtocolError):
            cbor.head(0, number)
