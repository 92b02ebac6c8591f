"""Answers the host on the line: frames in, one request at a time, media from the card under the host's credit.

Specification: "Messages". Nothing waits: what the line does not take now is sent in a later slice.
"""

from evidock_agent import requests, rings
from evidock_agent.journal import JournalFull
from evidock_agent.session import Session
from evidock_agent.transfer import Transfer
from evidock_protocol import framing, messages, versions, wire
from evidock_protocol.errors import ProtocolError
from evidock_protocol.wire import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent

READ = 256  # bytes: what a MicroPython UART buffers


class Server:
    """Owns the frame reader and writer, the session and the transfer of media."""

    def __init__(self, agent: "Agent"):
        self._agent = agent
        self.session = Session()
        self.transfer = Transfer(agent)
        self._reader = framing.FrameReader(framing.frame_size(versions.MAXIMUM_REQUEST))
        self._writer = framing.FrameWriter(versions.MAXIMUM_PAYLOAD)
        self._input = memoryview(bytearray(READ))
        self._waiting: list[bytes] = []
        self._answering = False  # a job of the agent's queue works on a request
        self._output: memoryview | None = None  # the rest of the frame that is being sent
        self._stirred = 0  # ticks at which the line last moved

    def step(self) -> bool:
        """One slice: sends what fits, reads what is there, begins or goes on with one answer; whether it did any."""
        moved = self._output is not None and self._send(self._output) > 0
        moved = self._go_on(moved)
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
                self._waiting.extend(self._reader.feed(self._input[:count]))
        if self._output is not None or self._answering:
            return moved
        if self._waiting:
            self._begin(self._waiting.pop(0))
            return True
        if self.transfer.busy():
            self._stream()
            return True
        return moved

    def _begin(self, payload: bytes) -> None:
        try:
            kind, number, values = wire.parse_request(payload)
        except ProtocolError:
            return  # without a number there is nothing to answer; the host asks again when its time is up
        if kind == messages.MEDIA:
            try:
                requests.require_session(self, kind)
                self.transfer.add(number, values)
            except Refusal as refused:
                self._answer(self._refusal(number, refused))
            return
        self._answering = True
        self._agent.add_job(self._handle(kind, number, values))

    def _handle(self, kind: int, number: int, values: dict):
        """Generator, a job of the agent's queue, so that one job at a time writes the journal."""
        try:
            result = requests.answer(self._agent, self, kind, values)
            if not isinstance(result, dict):
                result = yield from result
            payload = wire.answer(kind, number, result)
        except Refusal as refused:
            payload = self._refusal(number, refused)
        except (JournalFull, rings.RingFull):
            payload = self._refusal(number, Refusal(messages.STORAGE, "the journal is full"))
        except rings.FlashFailed:
            self._conclude(self._refusal(number, Refusal(messages.STORAGE, "internal flash failed")))
            raise  # the agent must know: nothing more would be durable
        except OSError:
            payload = self._refusal(number, Refusal(messages.STORAGE, "storage failed"))
        except ProtocolError as error:
            payload = self._refusal(number, Refusal(messages.MALFORMED, str(error)))
        self._conclude(payload)

    def _conclude(self, payload: bytes) -> None:
        self._answering = False
        self._answer(payload)

    def _refusal(self, number: int, refused: Refusal) -> bytes:
        self._agent.refusals.count(refused, self.session.host())
        return wire.refusal(number, refused.code, refused.text)

    def _stream(self) -> None:
        try:
            head, data = self.transfer.next_chunk()
        except Refusal as refused:
            self._answer(self._refusal(refused.number, refused))
            return
        self._send(self._writer.encode_parts(head, data))

    def _answer(self, payload: bytes) -> None:
        self._send(self._writer.encode(payload))

    def _send(self, frame: memoryview) -> int:
        count = self._agent.board.link.write(frame)
        self._output = frame[count:] if count < len(frame) else None
        return count
