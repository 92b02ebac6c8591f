"""A recorder whose line has rates, in virtual time: bytes at another rate than the other side's arrive as nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from support.recorder import Cable, ScriptedRecorder

from evidock_protocol import framing, messages, versions, wire

USUAL = 115_200
RATES = (9600, 115_200, 460_800, 921_600, 3_000_000)


class RatedRecorder(ScriptedRecorder):
    """Answers RATE, and goes back to its usual rate as the specification says; `clock` gives seconds."""

    def __init__(self, seed: int = 1):
        super().__init__(seed)
        self.rate = USUAL
        self.rates: tuple[int, ...] = RATES
        self.clock: Callable[[], float] = lambda: 0.0
        self._until = 0.0

    def tick(self) -> None:
        """Time has passed."""
        if self.rate != USUAL and self.clock() >= self._until:
            self.rate = USUAL

    def handle(self, payload: bytes) -> list[bytes]:
        kind, number, values = wire.parse_request(payload)
        self._until = self.clock() + versions.RATE_SILENCE_MS / 1000
        if kind != messages.RATE or kind in self.refuse:
            return super().handle(payload)
        self.requests.append((kind, values))
        if values["rate"] not in self.rates:
            return [wire.refusal(number, messages.OUT_OF_RANGE, "no such rate")]
        return [wire.answer(kind, number, values)]

    def change(self, rate: int) -> None:
        """The answer has left."""
        self.rate = rate
        self._until = self.clock() + versions.RATE_TRIAL_MS / 1000

    def _answer(self, kind: int, values: dict[str, Any]) -> dict[str, Any]:
        answer = super()._answer(kind, values)
        return {**answer, "rates": list(self.rates), "rate": self.rate} if kind == messages.HELLO else answer


class RatedCable(Cable):
    """A cable whose port has a rate. At a rate in `deaf` the recorder hears nothing, at one in `mute` the host."""

    def __init__(self, recorder: RatedRecorder, rate: int = USUAL, now: float = 0.0):
        super().__init__(None)
        self.now = now
        self.rate: int | None = rate
        self.cannot: set[int] = set()  # rates that the port refuses
        self.deaf: set[int] = set()
        self.mute: set[int] = set()
        self.lose: Callable[[int, int], bool] = lambda _kind, _rate: False  # which answers are lost on the line
        self._recorder = recorder
        recorder.clock = self.monotonic
        self._reader = framing.FrameReader(framing.frame_size(versions.MAXIMUM_PAYLOAD))
        self._writer = framing.FrameWriter(versions.MAXIMUM_PAYLOAD)

    def set_rate(self, rate: int) -> bool:
        if rate in self.cannot:
            return False
        self.rate = rate
        return True

    def write(self, data: bytes | memoryview) -> None:
        recorder = self._recorder
        recorder.tick()
        if self.rate != recorder.rate or self.rate in self.deaf:
            return
        for payload in self._reader.feed(bytes(data)):
            kind, _number, values = wire.parse_request(payload)
            answers = recorder.handle(payload)
            if recorder.rate not in self.mute and not self.lose(kind, recorder.rate):
                self._pending += b"".join(bytes(self._writer.encode(answer)) for answer in answers)
            if kind == messages.RATE and values["rate"] in recorder.rates and kind not in recorder.refuse:
                recorder.change(values["rate"])
