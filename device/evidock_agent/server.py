"""Answers the host on the line: frames in, one request at a time, media from the card under the host's credit.

Specification: "Messages", "Session". Nothing waits: what the line does not take now is sent in a later slice. Media
flow on while a signature is checked or made, since the line is what a docking waits for.
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

BURST_MS = 10  # after which no more media are begun in a slice: with what a board needs for 4 KiB of them, 25 ms
BURST = 16  # answers with media in a slice
_BESIDE = (messages.HEAD, messages.RECEIPT)  # these sign or verify, and use nothing that media need


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
        self._beside = False  # and media may flow meanwhile
        self._rate = 0  # bits per second that the line gets when all has left; 0 for none
        self._stirred = agent.moments.now()  # ticks at which the line last moved

    def step(self) -> bool:
        """One slice: sends what fits, reads what is there, begins or goes on with one answer; whether it did any.

        Of media it sends on for as long as the line takes all that it is given.
        """
        moments = self._agent.moments
        begun = moments.now()
        if not self._go_on():
            silent = begun - self._stirred
            if self.is_working:
                self._stirred = begun
            elif silent >= session.SILENCE_MS or self.session.is_over(silent):
                self.drop()
                self._held = None
                if not self._answering:  # else the job, whose way is free now, looks at the session once more
                    self.end_session()
            return False
        self._stirred = begun
        transfer = self.transfer
        for _ in range(BURST - 1 if transfer.busy() and not self._answering else 0):
            if self._frame.waiting or transfer.has_walked or moments.now() - begun >= BURST_MS or not self._go_on():
                break
        transfer.has_walked = False
        return True

    def is_over(self) -> bool:
        """Whether there is no session, nothing is left to do, and the line has been silent for as long as ends one."""
        if self.session.values or self.is_answering or self._frame.waiting or self._line.waiting:
            return False
        if self._rate or self.transfer.busy():
            return False
        return self._agent.moments.now() - self._stirred >= session.SILENCE_MS

    def end_session(self) -> None:
        """Forgets the host: nothing more leaves before another one has proved itself."""
        self.session.end()
        self.transfer.clear()

    def drop(self) -> None:
        """Forgets what was on its way to a host that is not there: the next one on the line may be another."""
        self._frame.drop()
        self.transfer.clear()

    def change_rate(self, rate: int) -> None:
        """Has the line set to `rate` bits per second, once what is packed has left."""
        self._rate = rate

    @property
    def is_blocked(self) -> bool:
        """Whether the line has not taken all that it was given."""
        return self._frame.waiting

    @property
    def is_answering(self) -> bool:
        """Whether a request is worked on, or waits because of the refusals before it."""
        return self._answering or self._held is not None

    @property
    def is_working(self) -> bool:
        """Whether there is such a request, and it is not the line that keeps its answer."""
        return self.is_answering and self._frame.is_free

    def _go_on(self) -> bool:
        frame = self._frame
        moved = frame.waiting and frame.send(self._agent.board.link) > 0
        moved = self._line.read() or moved
        if not frame.is_free:
            return moved
        if self._answering:
            return self._go_on_beside() or moved
        if self._rate or self._held is not None or self._line.waiting:
            return self._take_up() or moved
        if self.transfer.busy():
            self._stream()
            return True
        return moved

    def _take_up(self) -> bool:
        """What goes before media: a new rate, a request that was held, and the next one."""
        if self._rate:
            if self._frame.waiting:
                return False
            rate, self._rate = self._rate, 0
            self._line.change_rate(rate)
            return True
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
        return False

    def _go_on_beside(self) -> bool:
        """Media, and requests for more of them, while a job works on another request."""
        if not self._beside:
            return False
        waiting = self._line.waiting
        if waiting and wire.parse_media(waiting[0], self._range):
            waiting.pop(0)
            self._add_range(*self._range)
            return True
        if self.transfer.busy():
            self._stream()
            return True
        return False

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
        self._beside = kind in _BESIDE
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
            yield from self._answer_fully(kind, number, values)
        finally:
            self._answering = False
        self._frame.send(self._agent.board.link)

    def _answer_fully(self, kind: int, number: int, values: dict):
        broken = None
        try:
            result = yield from requests.answer(self._agent, self, kind, values)
            items = wire.answer_items(kind, number, result)
        except Refusal as refused:
            items = self._refusal(number, refused)
        except (JournalFull, rings.RingFull):
            items = self._refusal(number, Refusal(messages.STORAGE, "the journal is full"))
        except rings.FlashFailed as error:
            items = self._refusal(number, Refusal(messages.STORAGE, "internal flash failed"))
            broken = error
        except OSError:
            items = self._refusal(number, Refusal(messages.STORAGE, "storage failed"))
        except ProtocolError as error:
            items = self._refusal(number, Refusal(messages.MALFORMED, str(error)))
        self._beside = False
        while not self._frame.is_free:  # media flowed beside it
            yield True
        try:
            self._frame.pack(items)
        except ProtocolError as error:
            self._frame.pack(self._refusal(number, Refusal(messages.MALFORMED, str(error))))
        if broken is not None:
            raise broken  # the agent must know: nothing more would be durable

    def _refusal(self, number: int, refused: Refusal) -> list:
        """The refusal as a message, counted."""
        refusals = self._agent.refusals
        refusals.count(refused, self.session.host())
        if refused.code in states.HOSTILE:
            refusals.in_a_row += 1
            refusals.hostile_at = self._agent.moments.now()
        return wire.refusal_items(number, refused.code, refused.text)

    def _refuse(self, number: int, refused: Refusal) -> None:
        self._frame.pack(self._refusal(number, refused))

    def _stream(self) -> None:
        if not self.transfer.next_chunk(self._frame):
            self._refuse(self.transfer.fail(), Refusal(messages.STORAGE, "the card could not be read"))
        if not self._frame.is_behind:
            self._frame.send(self._agent.board.link)
