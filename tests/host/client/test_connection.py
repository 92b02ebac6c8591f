"""Requests over a bad line, ports that are no recorder, recorders of another version (frames and messages)."""

import contextlib
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.recorder import Cable, ScriptedRecorder

from evidock.client import Recorder
from evidock.client.connection import SIGN_SECONDS, Connection
from evidock.errors import (
    EvidockError,
    LineLost,
    Misbehaving,
    NotARecorder,
    Refused,
    UnsupportedVersion,
)
from evidock_protocol import cbor, framing, messages, names, wire


def connect(cable: Cable) -> Connection:
    return Connection(cable, "cable", cable.monotonic)


class Chatter(Cable):
    """Something else on the port: sends `text` whatever is asked."""

    def __init__(self, text: bytes):
        super().__init__(None)
        self.text = text

    def write(self, data: bytes | memoryview) -> None:
        self._pending += self.text.replace(b"ECHO", bytes(data))


def framed(message: object) -> bytes:
    return bytes(framing.FrameWriter(4224).encode(cbor.encode(message)))


def test_a_silent_port_is_said_within_four_seconds() -> None:
    cable = Cable(None)
    with pytest.raises(NotARecorder, match="Nothing answers"):
        connect(cable).hello()
    assert cable.now < 4


@pytest.mark.parametrize(
    "text",
    [
        b"MicroPython v1.28; Raspberry Pi Pico\r\n>>> ",
        b"ECHO",
        b"\x00" * 100,
        b"\xff" * 10000,
        framed([129, 1, [1]]),
        framed([1, 1, 1, 1, 1, 1]),
        framed({0: 1}),
        framed([255, 1, 1, "malformed"]),
        b"$GPGGA,123519,4807.038,N*47\r\n",
    ],
)
def test_something_else_on_the_port_is_not_a_recorder(text: bytes) -> None:
    cable = Chatter(text)
    with pytest.raises(NotARecorder, match="not an evidock recorder"):
        connect(cable).hello()
    assert cable.now < 4


@given(st.binary(max_size=300))
def test_hostile_bytes_raise_only_our_errors(raw: bytes) -> None:
    for text in (raw, b"\x00" + raw + b"\x00", framed([129, 1, [1], [1], [1], raw.hex()])):
        with pytest.raises(EvidockError):
            connect(Chatter(text)).hello()


json_like = st.recursive(
    st.one_of(st.integers(0, 300), st.binary(max_size=40), st.text(max_size=8), st.booleans(), st.none()),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=6,
)


@given(st.lists(json_like, max_size=10))
def test_any_well_framed_hello_raises_only_our_errors(rest: list[object]) -> None:
    for head in ([129, 1], [255, 1], [130, 1]):
        with contextlib.suppress(EvidockError):  # whatever else comes out fails the test
            connect(Chatter(framed(head + rest))).hello()


@pytest.mark.parametrize(("name", "theirs"), [("package", [2]), ("wire", [2, 3]), ("wire", [])])
def test_a_recorder_of_another_version_is_named(name: str, theirs: list[int]) -> None:
    recorder = ScriptedRecorder()
    recorder.versions[name] = theirs
    with pytest.raises(UnsupportedVersion, match="update the older"):
        connect(Cable(recorder)).hello()


def test_a_later_hello_with_more_fields_is_still_another_version() -> None:
    hello = [129, 1, [2, 3], [2], [2], "9.0", None, "x", 0, 1, 1, 1, None, "a field of the future"]
    with pytest.raises(UnsupportedVersion, match=r"9\.0"):
        connect(Chatter(framed(hello))).hello()


def test_a_recorder_that_refuses_our_version() -> None:
    recorder = ScriptedRecorder()
    recorder.refuse[messages.HELLO] = messages.UNSUPPORTED_VERSION
    with pytest.raises(UnsupportedVersion, match="update the older"):
        connect(Cable(recorder)).hello()


def test_flash_formats_do_not_hinder_a_docking() -> None:
    recorder = ScriptedRecorder()
    recorder.versions["flash"] = [9]
    assert connect(Cable(recorder)).hello()["flash"] == [9]


def test_a_hello_that_promises_our_version_and_breaks_it() -> None:
    with pytest.raises(Misbehaving):
        connect(Chatter(framed([129, 1, [1], [1], [1], "0.1.0"]))).hello()


def test_noise_around_answers_is_skipped() -> None:
    noise = random.Random(5)
    cable = Cable(ScriptedRecorder(), noise.randbytes(3000))
    cable.spoil = lambda data: noise.randbytes(40) + b"\x00" + data + b"boot: ok\r\n\x00"
    connection = connect(cable)
    assert connection.hello()["model"] == "scripted"
    assert connection.request(messages.STATUS, {})["battery"] == 80
    assert connection.noise > 3000


def test_a_lost_answer_is_asked_for_again() -> None:
    recorder = ScriptedRecorder()
    cable = Cable(recorder)
    connection = connect(cable)
    connection.hello()
    losses = iter([True, True, False])
    cable.spoil = lambda data: b"" if next(losses) else data
    assert connection.request(messages.STATUS, {})["battery"] == 80


def test_a_late_answer_is_not_taken_for_the_next_one() -> None:
    recorder = ScriptedRecorder()
    cable = Cable(recorder)
    connection = connect(cable)
    connection.hello()
    held: list[bytes] = []

    def late(data: bytes) -> bytes:
        held.append(data)
        return b"" if len(held) == 1 else held[0] + data

    cable.spoil = late
    connection.request(messages.STATUS, {}, tries=2)
    recorder.proved = True
    answers = iter([{"first": 5, "entries": b"x"}])
    recorder.twist = lambda kind, values: next(answers) if kind == messages.JOURNAL else values
    assert connection.request(messages.JOURNAL, {"first": 5, "limit": 9})["entries"] == b"x"


def test_silence_after_hello_is_a_lost_line() -> None:
    recorder = ScriptedRecorder()
    recorder.silent.add(messages.STATUS)
    cable = Cable(recorder)
    connection = connect(cable)
    connection.hello()
    with pytest.raises(LineLost, match="same command again"):
        connection.request(messages.STATUS, {})
    assert cable.now < 15


@pytest.mark.parametrize("code", [code for code, _name in names.REFUSALS] + [99])
def test_every_refusal_is_one_line(code: int) -> None:
    recorder = ScriptedRecorder()
    recorder.refuse[messages.STATUS] = code
    connection = connect(Cable(recorder))
    connection.hello()
    with pytest.raises(Refused) as caught:
        connection.request(messages.STATUS, {})
    assert caught.value.code == code
    for lang in ("en", "zh"):
        assert "\n" not in caught.value.message(lang)


def test_a_refusal_cannot_write_to_the_terminal() -> None:
    recorder = ScriptedRecorder()

    def curse(_kind: int, _values: dict[str, Any]) -> dict[str, Any]:
        raise wire.Refusal(messages.MALFORMED, "\x1b[2J" + "x" * 1000)

    connection = connect(Cable(recorder))
    connection.hello()
    recorder.twist = curse
    with pytest.raises(Refused) as caught:
        connection.request(messages.STATUS, {})
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 300


class Counting(Cable):
    """Notes how many bytes were written without a pause."""

    def __init__(self, recorder: ScriptedRecorder):
        super().__init__(recorder)
        self.bursts: list[int] = [0]
        self._last = 0.0

    def write(self, data: bytes | memoryview) -> None:
        if self.now - self._last >= 0.025:
            self.bursts.append(0)
        self._last = self.now
        self.bursts[-1] += len(data)
        super().write(data)


class Narrow(Counting):
    """Loses what is written beyond 300 bytes without a pause."""

    def write(self, data: bytes | memoryview) -> None:
        before = self.bursts[-1] if self.now - self._last < 0.025 else 0
        kept = bytes(data)[: max(0, 300 - before)]
        super().write(kept)
        self.bursts[-1] += len(data) - len(kept)


def test_a_long_request_never_overruns_a_uart() -> None:
    recorder = ScriptedRecorder()
    cable = Counting(recorder)
    connection = connect(cable)
    connection.hello()
    cable.now += 1
    values: dict[str, Any] = {"certificate": bytes(1000), "host_nonce": bytes(16)}
    recorder.refuse[messages.OPEN] = messages.BAD_CERTIFICATE
    with pytest.raises(Refused):
        connection.request(messages.OPEN, values)
    assert len(cable.bursts) > 4
    assert max(cable.bursts) <= 255


@pytest.mark.parametrize("loses", [False, True])
def test_a_line_that_holds_back_gets_a_long_request_at_once(loses: bool) -> None:
    """Unless something on the way holds less than the recorder says: then it is asked again in small slices."""
    recorder = ScriptedRecorder()
    recorder.maximum_unread = 4096
    recorder.refuse[messages.OPEN] = messages.BAD_CERTIFICATE
    cable = Narrow(recorder) if loses else Counting(recorder)
    connection = connect(cable)
    connection.hello()
    cable.now += 1
    with pytest.raises(Refused):
        connection.request(messages.OPEN, {"certificate": bytes(1000), "host_nonce": bytes(16)}, SIGN_SECONDS, 2)
    assert max(cable.bursts) > 1000
    assert (cable.bursts[-1] <= 300) == loses
    assert cable.now < 2 * SIGN_SECONDS


def test_status_is_typed() -> None:
    recorder = ScriptedRecorder()
    cable = Cable(recorder)
    client = Recorder(cable, "cable", None, False, cable.monotonic)
    told = client.status()
    assert told.battery_percent == 80
    assert told.temperature_celsius == 21.5
    assert told.storage_free_bytes == 1000 * 1024
    assert told.check == {"function": "passed", "sound": "failed"}
    assert told.device is None
    assert not told.provisioned
