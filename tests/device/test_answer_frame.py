"""The recorder's own way of framing against the host's and the second reader's, in plain Python and in viper's words of
32 and of 64 bits; and a line that takes a frame in pieces."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from device.crypto.viper_model import Machine
from hypothesis import given
from hypothesis import strategies as st
from second_reader import frames
from vectors import answer_checks

from evidock_agent import answer_frame, cobs_plain
from evidock_agent.answer_frame import AnswerFrame
from evidock_protocol import cbor, framing, messages, versions, wire
from evidock_protocol.errors import ProtocolError

Stuff = Callable[[bytearray, int, int], Any]

# Zeros in runs and full blocks are where COBS goes wrong, so pieces rather than bytes.
pieces = (
    st.binary(min_size=1, max_size=20)
    | st.integers(1, 80).map(bytes)
    | st.sampled_from([253, 254, 255, 508]).map(lambda length: b"\xff" * length)
    | st.integers(1, 300).map(lambda length: b"\x01" * length)
)
contents = st.lists(pieces, min_size=1, max_size=6).map(b"".join)


class Line:
    """Takes `most` bytes of each write."""

    def __init__(self, most: int = 1 << 20):
        self.most = most
        self.taken = b""
        self.rates: tuple[int, ...] = ()
        self.rate = 0

    def set_rate(self, rate: int) -> None:
        """It has none."""

    def read(self, buffer: memoryview) -> int:
        return 0

    def write(self, data: memoryview) -> int:
        self.taken += bytes(data[: self.most])
        return min(self.most, len(data))


def least(content: bytes) -> int:
    """The smallest `start` that stuff() takes."""
    return 1 + len(content) // 254


def stuffed(stuff: Stuff, content: bytes, start: int) -> bytes:
    buffer = bytearray(b"\xaa" * start + content + b"\xaa\xaa")
    length = stuff(buffer, start, start + len(content))
    length = getattr(length, "value", length)  # the model of viper answers with a word
    assert buffer[start + len(content) + 1 :] == b"\xaa", "written behind the content"
    return bytes(buffer[:length])


@given(contents, st.integers(0, 30))
def test_plain_against_the_second_reader(content: bytes, more: int) -> None:
    assert stuffed(cobs_plain.stuff, content, least(content) + more) == frames.encode_cobs(content) + b"\0"


def viper_stuff(repository: Path, width: int, monkeypatch: pytest.MonkeyPatch) -> Stuff:
    """`stuff` of cobs_viper.py, its source run with words of so many bits."""
    machine = Machine(width)

    def viper(function: Callable[..., Any]) -> Callable[..., Any]:
        del function.__annotations__["return"]  # the model knows arguments only
        return machine.viper(function)

    micropython = types.ModuleType("micropython")
    micropython.viper = viper  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "micropython", micropython)
    source = repository / "device" / "evidock_agent" / "cobs_viper.py"
    names = machine.names()
    exec(compile(source.read_text(encoding="utf-8"), str(source), "exec", dont_inherit=True), names)
    return names["stuff"]


@pytest.mark.parametrize("width", [32, 64])
def test_viper_at_either_width(width: int, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stuff = viper_stuff(repository, width, monkeypatch)

    @given(contents)
    def agrees(content: bytes) -> None:
        content = content[:900]  # the model is slow
        assert stuffed(stuff, content, least(content)) == frames.encode_cobs(content) + b"\0"

    agrees()
    for length in (1, 253, 254, 255, 507, 508, 509):
        for content in (bytes(length), b"\xff" * length, b"\xff" * (length - 1) + b"\0", b"\0" + b"\1" * (length - 1)):
            assert stuffed(stuff, content, least(content)) == frames.encode_cobs(content) + b"\0"


def test_cpython_has_no_viper() -> None:
    assert answer_frame.stuff is cobs_plain.stuff


@pytest.mark.parametrize("check", [answer_checks.vectors, answer_checks.answers])
def test_vectors_and_answers(check: Callable[..., tuple[int, int]], repository: Path) -> None:
    """What MicroPython's two builds run as well."""
    count, wrong = check(str(repository / "tests" / "vectors")) if check is answer_checks.vectors else check()
    assert count > 20
    assert wrong == 0


@given(
    st.binary(max_size=versions.MAXIMUM_CHUNK) | contents,
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**63 - 1) | st.integers(0, 1 << 17),
    st.integers(1, 5000),
)
def test_a_media_answer_arrives(data: bytes, number: int, index: int, most: int) -> None:
    data = data[: versions.MAXIMUM_CHUNK]
    frame, line = AnswerFrame(), Line(most)
    frame.room(len(data))[:] = data
    frame.pack_media(number, index, len(data))
    while frame.waiting:
        frame.send(line)
    (payload,) = framing.FrameReader(framing.frame_size(versions.MAXIMUM_PAYLOAD)).feed(line.taken)
    assert payload == wire.answer(messages.MEDIA, number, {"index": index, "data": data})
    assert line.taken == frames.encode_frame(payload)


@given(st.lists(st.binary(max_size=300) | st.integers(0, 4200), min_size=1, max_size=5))
def test_one_frame_after_another(sent: list[bytes | int]) -> None:
    """The buffer is never clean twice."""
    frame, line = AnswerFrame(), Line()
    expected = b""
    for value in sent:
        data = value if isinstance(value, bytes) else bytes(value)
        if len(data) <= versions.MAXIMUM_CHUNK:
            frame.room(4096)[: len(data)] = data
            frame.pack_media(5, 6, len(data))
            frame.send(line)
            expected += frames.encode_frame(wire.answer(messages.MEDIA, 5, {"index": 6, "data": data}))
        frame.pack([data])
        frame.send(line)
        expected += frames.encode_frame(cbor.encode([data]))
    assert line.taken == expected


def test_a_message_that_is_too_long_is_refused() -> None:
    frame, line = AnswerFrame(), Line()
    frame.pack([bytes(versions.MAXIMUM_PAYLOAD - 4)])
    frame.send(line)
    assert len(line.taken) <= framing.frame_size(versions.MAXIMUM_PAYLOAD)
    with pytest.raises(ProtocolError):
        frame.pack([bytes(versions.MAXIMUM_PAYLOAD - 3)])
    assert not frame.waiting


def test_a_line_that_takes_nothing_is_asked_again() -> None:
    frame, line = AnswerFrame(), Line(0)
    frame.pack([1])
    assert [frame.send(line) for _ in range(3)] == [0, 0, 0]
    assert frame.waiting
    line.most = 1
    while frame.waiting:
        assert frame.send(line) == 1
    assert frame.send(line) == 0
    assert line.taken == frames.encode_frame(b"\x81\x01")
