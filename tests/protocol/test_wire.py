"""Messages as bytes: the vectors, round trips, refusals, hostile bytes (AT-28)."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vectors import entry_checks
from vectors.entry_cases import cases, of
from vectors.independent import cbor as written

from evidock_protocol import framing, messages, versions, wire
from evidock_protocol.errors import Malformed


@pytest.mark.parametrize(("check", "case"), cases("messages"))
def test_vector(check: Callable[[object], None], case: object) -> None:
    check(case)


@pytest.mark.parametrize("case", of("messages", entry_checks.accepted_message))
def test_the_frame_around_a_message(case: dict[str, Any]) -> None:
    message, frame = bytes.fromhex(case["hex"]), bytes.fromhex(case["frame"])
    assert framing.FrameWriter(versions.MAXIMUM_PAYLOAD).encode(message) == frame
    assert framing.FrameReader(framing.frame_size(versions.MAXIMUM_PAYLOAD)).feed(frame) == [message]


@pytest.mark.parametrize("text", ["", "x" * 64, "x" * 65, "录" * 30, "x" * 5000])
def test_a_refusal_is_always_one_that_is_taken(text: str) -> None:
    with pytest.raises(wire.Refusal) as raised:
        wire.parse_answer(wire.refusal(9, messages.BUSY, text))
    assert raised.value.number == 9
    assert raised.value.code == messages.BUSY
    assert text.startswith(raised.value.text)
    assert len(raised.value.text) == len(text) or len(raised.value.text.encode()) > versions.MAXIMUM_TEXT - 4


def test_fields_are_checked_when_written() -> None:
    with pytest.raises(Malformed):
        wire.request(messages.STATUS, 1, {"surplus": 1})
    with pytest.raises(Malformed):
        wire.request(messages.JOURNAL, 1, {"first": 0})
    with pytest.raises(Malformed):
        wire.request(99, 1, {})


numbers = st.integers(0, 30) | st.integers(0, 2**32 + 2) | st.sampled_from([255, 256, 65535, 65536, 2**32 - 1])


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1), st.binary(max_size=50))
def test_the_head_of_a_media_answer(number: int, index: int, data: bytes) -> None:
    buffer = bytearray(40) + data
    start = wire.put_data_head(buffer, 40, messages.MEDIA, number, index, len(data))
    assert buffer[:start] == bytes(start)
    assert buffer[start:] == wire.answer(messages.MEDIA, number, {"index": index, "data": data})


@given(st.lists(numbers, min_size=1, max_size=3), st.binary(max_size=300), st.binary(max_size=3), st.data())
def test_a_media_answer_is_read_one_way(rest: list[int], sent: bytes, tail: bytes, data: st.DataObject) -> None:
    """The short way takes nothing that the strict one refuses or reads otherwise; and all that recorders send."""
    payload = bytearray(written([messages.MEDIA + messages.ANSWER, *rest, sent]) + tail * data.draw(st.integers(0, 1)))
    for _ in range(data.draw(st.integers(0, 2))):
        payload[data.draw(st.integers(0, min(len(payload) - 1, 12)))] = data.draw(st.integers(0, 255))
    del payload[data.draw(st.integers(0, len(payload)) | st.just(len(payload))) :]
    taken = wire.parse_media_answer(bytes(payload))
    try:
        kind, number, values = wire.parse_answer(bytes(payload))
    except (Malformed, wire.Refusal):
        assert taken is None
        return
    if kind == messages.MEDIA and number < 2**32 and values["index"] < 2**32:
        assert taken is not None
        assert (taken[0], taken[1], bytes(payload[taken[2] :])) == (number, values["index"], values["data"])
    else:
        assert taken is None


@given(st.lists(numbers, min_size=5, max_size=7), st.binary(max_size=3), st.data())
def test_a_media_request_is_read_one_way(rest: list[int], tail: bytes, data: st.DataObject) -> None:
    """The short way takes nothing that the strict one refuses or reads otherwise; and all that hosts ask."""
    payload = bytearray(written([messages.MEDIA, *rest]) + tail * data.draw(st.integers(0, 1)))
    for _ in range(data.draw(st.integers(0, 2))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    del payload[data.draw(st.integers(0, len(payload)) | st.just(len(payload))) :]
    found = [-1] * wire.MEDIA_NUMBERS
    taken = wire.parse_media(bytes(payload), found)
    try:
        kind, number, values = wire.parse_request(bytes(payload))
    except Malformed:
        assert not taken
        return
    expected = [number, *values.values()] if kind == messages.MEDIA else [2**32]
    assert taken == (max(expected) < 2**32)
    if taken:
        assert found == expected


@given(st.binary(max_size=120))
def test_hostile_bytes_raise_malformed_only(data: bytes) -> None:
    for parse in (wire.parse_request, wire.parse_answer):
        try:
            parse(data)
        except (Malformed, wire.Refusal):
            continue


plausible = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2**63) | st.binary(max_size=40) | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.integers(0, 23), inner, max_size=3),
    max_leaves=12,
)


@given(st.integers(0, 256), st.lists(plausible, max_size=12))
def test_hostile_arrays_raise_malformed_only(kind: int, rest: list[object]) -> None:
    for parse in (wire.parse_request, wire.parse_answer):
        try:
            parse(written([kind, 1, *rest]))
        except (Malformed, wire.Refusal):
            continue
