"""Questions over a line that loses frames: asked again as soon as it is clear that one was lost, and no sooner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.recorder import Cable, ScriptedRecorder

from evidock.client.asking import CHECK_SECONDS, LOST_TRIES_SLOW
from evidock.client.connection import SIGN_SECONDS, Connection
from evidock.errors import LineLost, Refused
from evidock_protocol import messages, wire

OPEN: dict[str, Any] = {"certificate": b"", "host_nonce": bytes(16)}
RECEIPT: dict[str, Any] = {"receipt": b""}


class Rig:
    """A recorder that answers whatever a test says, and what it was asked."""

    def __init__(self) -> None:
        self.recorder = ScriptedRecorder()
        self.cable = Cable(self.recorder)
        self.connection = Connection(self.cable, "cable", self.cable.monotonic)
        self.answers: Callable[[int, int], dict[str, Any] | None] = lambda kind, count: None
        self.recorder.handle = self._handle  # type: ignore[method-assign]
        self.asked: list[int] = []

    def _handle(self, payload: bytes) -> list[bytes]:
        kind, number, _values = wire.parse_request(payload)
        self.asked.append(kind)
        if kind == messages.STATUS:
            return [wire.answer(kind, number, self.recorder._status({}))]
        try:
            found = self.answers(kind, self.asked.count(kind))
        except wire.Refusal as refused:
            return [wire.refusal(number, refused.code, refused.text)]
        return [wire.answer(kind, number, found)] if found is not None else []


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_a_lost_question_is_seen_by_a_status_behind_it(rig: Rig) -> None:
    rig.answers = lambda kind, count: {"sequence": 7} if count == 2 else None
    assert rig.connection.request(messages.RECEIPT, RECEIPT, SIGN_SECONDS, 2) == {"sequence": 7}
    assert rig.asked == [messages.RECEIPT, messages.STATUS, messages.RECEIPT]
    assert CHECK_SECONDS <= rig.cable.now < 2 * CHECK_SECONDS


def test_what_may_not_be_asked_twice_is_given_up_then(rig: Rig) -> None:
    with pytest.raises(LineLost):
        rig.connection.request(messages.PROVE, {"challenge": b""}, SIGN_SECONDS, 1)
    assert rig.asked == [messages.PROVE, messages.STATUS]
    assert rig.cable.now < 2 * CHECK_SECONDS


def test_an_open_is_asked_again_since_the_newest_counts(rig: Rig) -> None:
    rig.answers = lambda kind, count: {"challenge": b"x"} if count == 2 else None
    assert rig.connection.request(messages.OPEN, OPEN, SIGN_SECONDS, 1) == {"challenge": b"x"}


def test_a_question_that_waits_on_the_recorder_is_waited_for(rig: Rig) -> None:
    """After hostile refusals a request is held, STATUS is answered beside it, and a second one finds no room."""
    numbers: list[int] = []

    def handle(payload: bytes) -> list[bytes]:
        kind, number, _values = wire.parse_request(payload)
        if kind == messages.STATUS:
            statuses = [wire.answer(kind, number, rig.recorder._status({}))]
            return [*statuses, wire.answer(messages.OPEN, numbers[0], {"challenge": b"first"})][: 1 + (number > 5)]
        numbers.append(number)
        return [] if len(numbers) == 1 else [wire.refusal(number, messages.BUSY, "a request waits")]

    rig.recorder.handle = handle  # type: ignore[method-assign]
    assert rig.connection.request(messages.OPEN, OPEN, SIGN_SECONDS, 1) == {"challenge": b"first"}
    assert len(numbers) > 1


def test_a_recorder_that_answers_nothing_but_status_is_lost_in_the_end(rig: Rig) -> None:
    with pytest.raises(LineLost):
        rig.connection.request(messages.RECEIPT, RECEIPT, SIGN_SECONDS, 2)
    assert rig.asked.count(messages.RECEIPT) == LOST_TRIES_SLOW + 2
    assert rig.cable.now < 20


def test_a_damaged_answer_is_asked_for_again_long_before_the_deadline(rig: Rig) -> None:
    rig.answers = lambda kind, count: {"first": 0, "entries": b"x" * 100}
    spoiled = 0

    def spoil(data: bytes) -> bytes:
        nonlocal spoiled
        spoiled += 1
        return data if spoiled > 3 else data[:20] + b"\x01\x01" + data[22:]

    rig.cable.spoil = spoil
    asked: dict[str, object] = {"first": 0, "limit": 4096}
    assert rig.connection.request(messages.JOURNAL, asked, 2.5, 2)["entries"] == b"x" * 100
    assert rig.asked == [messages.JOURNAL] * 4
    assert rig.cable.now < 2.5


def test_answers_get_smaller_on_a_bad_line_and_larger_again(rig: Rig) -> None:
    limits: list[int] = []

    def handle(payload: bytes) -> list[bytes]:
        _kind, number, values = wire.parse_request(payload)
        limits.append(values["limit"])  # type: ignore[arg-type]
        answer = {"first": 0, "entries": bytes(values["limit"])}  # type: ignore[call-overload]
        return [wire.answer(messages.JOURNAL, number, answer)]

    rig.recorder.handle = handle  # type: ignore[method-assign]
    rig.cable.spoil = lambda data: data if len(data) < 600 else b"\x07\x07" + data[2:]
    asked: dict[str, object] = {"first": 0, "limit": 4096}
    assert rig.connection.request(messages.JOURNAL, asked)["entries"]
    assert limits == [4096, 2048, 1024, 512]
    rig.cable.spoil = lambda data: data
    for _ in range(40):
        rig.connection.request(messages.JOURNAL, asked)
    assert limits[-1] == 4096


def test_a_refusal_is_no_loss(rig: Rig) -> None:
    def refuse(kind: int, count: int) -> dict[str, Any] | None:
        raise wire.Refusal(messages.BUSY, "not now")

    rig.answers = refuse
    with pytest.raises(Refused):
        rig.connection.request(messages.RECEIPT, RECEIPT, SIGN_SECONDS, 2)
    assert rig.asked == [messages.RECEIPT]


def test_request_numbers_begin_again(rig: Rig) -> None:
    rig.connection._number = 65_534
    rig.answers = lambda kind, count: {"sequence": count}
    for count in (1, 2, 3):
        assert rig.connection.request(messages.RECEIPT, RECEIPT)["sequence"] == count
    assert rig.connection._number == 2
