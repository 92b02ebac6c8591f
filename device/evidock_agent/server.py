"""Answers the host on the line: frames in, one request at a time, media from the card under the host's credit.

Specification: "Messages", "Session". Nothing waits: what the line does not take now is sent in a later slice.
"""

from evidock_agent import requests, rings, session
from evidock_agent.answer_frame import AnswerFrame
from evidock_agent.journal import JournalFull
from evidock_agent.transfer import Transfer
from evidock_protocol import messages, states, wire
from evidock_protocol.errors import ProtocolError
from evidock_protocol.wire import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent
    from evidock_agent.line import Line


class Server:
    """Owns the answers, the session and the transfer of media, while a host talks."""

    def __init__(self, agent: "Agent", line: "Line"):
        self._agent = agent
        self._line = line
        self.session = session.Session()
        self.transfer = Transfer(agent)
        self._frame = AnswerFrame(line.answer)
        self._range = [0] * wire.MEDIA_NUMBERS
        self._held: tuple[int, int, dict] | None = None  # what waits because of refusals
        self._answering = False  # a job of the agent's queue works on a request
        self._stirred = agent.moments.now()  # ticks at which the line last moved

    def step(self) -> bool:
        """One slice: sends what fits, reads what is there, begins or goes on with one answer; whether it did any."""
        moved = self._go_on(self._frame.send(self._agent.board.link) > 0)
        now = self._agent.moments.now()
        if moved or self._is_busy():
            self._stirred = now
        elif self.session.is_over(now - self._stirred):
            self.end_session()
        return moved

    def is_over(self) -> bool:
        """Whether there is no session, nothing is left to do, and the line has been silent for as long as ends one."""
        if self.session.values or self._is_busy() or self._frame.waiting or self._line.waiting or self.transfer.busy():
            return False
        return self._agent.moments.now() - self._stirred >= session.SILENCE_MS

    def end_session(self) -> None:
        """Forgets the host: nothing more leaves before another one has proved itself."""
        self.session.end()
        self.transfer.clear()

    def _is_busy(self) -> bool:
        """Whether a request is worked on, or waits because of the refusals before it."""
        return self._answering or self._held is not None

    def _go_on(self, moved: bool) -> bool:
        moved = self._line.read() or moved
        if self._frame.waiting or self._answering:
            return moved
        if self._held is not None and not self._must_wait():
            held, self._held = self._held, None
            self._answer(*held)
            return True
        if self._line.waiting:
            self._begin(self._line.waiting.pop(0))
            return True
        if self.transfer.busy():
            self._stream()
            return True
        return moved

    def _begin(self, payload: bytes) -> None:
        if wire.parse_media(payload, self._range):
            self._add_range(*self._range)
            return
        try:
            kind, number, values = wire.parse_request(payload)
        except ProtocolError:
            return  # without a number there is nothing to answer; the host asks again when its time is up
        if kind == messages.MEDIA:
            self._add_range(number, **values)
            return
        if kind == messages.HELLO:
            self._held = None  # it ends what was before
        if self._held is not None and kind != messages.STATUS:
            self._refuse(number, Refusal(messages.BUSY, "a request waits, after refusals"))
        elif kind in states.SLOWED and self._must_wait():
            self._held = (kind, number, values)
        else:
            self._answer(kind, number, values)

    def _must_wait(self) -> bool:
        """Whether so much was refused in a row, so lately, that guessing goes on slowly."""
        refusals = self._agent.refusals
        return self._agent.moments.now() - refusals.hostile_at < states.wait_ms(refusals.in_a_row)

    def _answer(self, kind: int, number: int, values: dict) -> None:
        self._answering = True
        self._agent.add_job(self._handle(kind, number, values))

    def _add_range(self, request: int, recording: int, number: int, offset: int, length: int, chunk: int) -> None:
        try:
            requests.allow(self._agent, self.session, messages.MEDIA)
            self.transfer.add(request, recording, number, offset, length, chunk)
        except Refusal as refused:
            self._refuse(request, refused)

    def _handle(self, kind: int, number: int, values: dict):
        """Generator, a job of the agent's queue, so that one job at a time writes the journal."""
        try:
            result = yield from requests.answer(self._agent, self, kind, values)
            self._frame.pack(wire.answer_items(kind, number, result))
        except Refusal as refused:
            self._refuse(number, refused)
        except (JournalFull, rings.RingFull):
            self._refuse(number, Refusal(messages.STORAGE, "the journal is full"))
        except rings.FlashFailed:
            self._refuse(number, Refusal(messages.STORAGE, "internal flash failed"))
            raise  # the agent must know: nothing more would be durable
        except OSError:
            self._refuse(number, Refusal(messages.STORAGE, "storage failed"))
        except ProtocolError as error:
            self._refuse(number, Refusal(messages.MALFORMED, str(error)))
        finally:
            self._answering = False
        self._frame.send(self._agent.board.link)

    def _refuse(self, number: int, refused: Refusal) -> None:
        refusals = self._agent.refusals
        refusals.count(refused, self.session.host())
        if refused.code in states.HOSTILE:
            refusals.in_a_row += 1
            refusals.hostile_at = self._agent.moments.now()
        self._frame.pack(wire.refusal_items(number, refused.code, refused.text))

    def _stream(self) -> None:
        try:
            self.transfer.next_chunk(self._frame)
        except Refusal as refused:
            self._refuse(refused.number, refused)
        self._frame.send(self._agent.board.link)
