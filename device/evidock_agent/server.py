"""Answers the host on the line: frames in, one request at a time, media from the card under the host's credit.

Specification: "Messages". Nothing waits: what the line does not take now is sent in a later slice.
"""

from evidock_agent import requests, rings
from evidock_agent.answer_frame import AnswerFrame
from evidock_agent.journal import JournalFull
from evidock_agent.session import Session
from evidock_agent.transfer import Transfer
from evidock_protocol import frame_reader, messages, versions, wire
from evidock_protocol.errors import ProtocolError
from evidock_protocol.wire import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent

READ = 256  # bytes: what a MicroPython UART buffers


class Server:
    """Owns the frames in both directions, the session and the transfer of media."""

    def __init__(self, agent: "Agent"):
        self._agent = agent
        self.session = Session()
        self.transfer = Transfer(agent)
        self._reader = frame_reader.FrameReader(frame_reader.frame_size(versions.MAXIMUM_REQUEST))
        self._frame = AnswerFrame()
        self._input = memoryview(bytearray(READ))
        self._waiting: list[bytes] = []
        self._range = [0] * wire.MEDIA_NUMBERS
        self._answering = False  # a job of the agent's queue works on a request
        self._stirred = 0  # ticks at which the line last moved

    def step(self) -> bool:
        """One slice: sends what fits, reads what is there, begins or goes on with one answer; whether it did any."""
        moved = self._go_on(self._frame.send(self._agent.board.link) > 0)
        now = self._agent.moments.now()
        if moved or self._answering:
            self._stirred = now
        elif self.session.is_over(now - self._stirred):
            self.end_session()
        return moved

    def end_session(self) -> None:
        """Forgets the host: nothing more leaves before another one has proved itself."""
        self.session.end()
        self.transfer.clear()

    def _go_on(self, moved: bool) -> bool:
        if not self._waiting:  # the line keeps the rest: a host has 255 bytes of credit, and memory is short
            count = self._agent.board.link.read(self._input)
            if count:
                moved = True
                self._reader.feed_into(self._input[:count] if count < READ else self._input, self._waiting)
        if self._frame.waiting or self._answering:
            return moved
        if self._waiting:
            self._begin(self._waiting.pop(0))
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
        self._answering = True
        self._agent.add_job(self._handle(kind, number, values))

    def _add_range(self, request: int, recording: int, number: int, offset: int, length: int, chunk: int) -> None:
        try:
            requests.require_session(self, messages.MEDIA)
            self.transfer.add(request, recording, number, offset, length, chunk)
        except Refusal as refused:
            self._refuse(request, refused)

    def _handle(self, kind: int, number: int, values: dict):
        """Generator, a job of the agent's queue, so that one job at a time writes the journal."""
        try:
            result = requests.answer(self._agent, self, kind, values)
            if not isinstance(result, dict):
                result = yield from result
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
        self._agent.refusals.count(refused, self.session.host())
        self._frame.pack(wire.refusal_items(number, refused.code, refused.text))

    def _stream(self) -> None:
        try:
            self.transfer.next_chunk(self._frame)
        except Refusal as refused:
            self._refuse(refused.number, refused)
        self._frame.send(self._agent.board.link)
