"""The line to a host: reads frames at all times, and keeps the code that answers them only while a host talks.

Specification: "Frames", "Messages" (RATE). A recorder in the field meets no host for a whole shift: DESIGN.md,
"Memory".
"""

from evidock_agent import on_demand
from evidock_protocol import frame_reader, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent
    from evidock_agent.server import Server

READ = 256  # bytes: what a MicroPython UART buffers
_STALE = 8  # reads of what arrived at a rate that is given up; more than a UART buffers
# Room for one answer: the longest frame, and what may stand before media, which are framed where they lie.
ANSWER = frame_reader.frame_size(versions.MAXIMUM_PAYLOAD) + 24


class Line:
    """`waiting` holds the payloads that nobody has answered yet, `server` answers them; None while no host talks."""

    def __init__(self, agent: "Agent"):
        self._agent = agent
        self._link = agent.board.link
        self._reader = frame_reader.FrameReader(frame_reader.frame_size(versions.MAXIMUM_REQUEST))
        self._input = memoryview(bytearray(READ))
        self.answer = bytearray(ANSWER)  # lent to the server: made while the heap is whole
        self.waiting: list[bytes] = []
        self.server: Server | None = None
        self._brought: list[str] = []
        self._loading = None
        self._usual = self._link.rate  # bits per second at boot
        self._until = 0  # tick at which the usual rate returns
        self._is_changed = False  # the rate is one that a host asked for

    def step(self) -> bool:
        """One slice: reads what is there, answers it, or loads what answers; whether it did any."""
        if self._is_changed:
            self._look_at_rate()
        server = self.server
        if server is None:
            if not self.waiting:
                return self.read()
            self._load()
            return True
        if server.step():
            return True
        if server.is_over():
            self.server = None
            on_demand.let_go(self._brought)
            self._brought = []
            self._agent.add_job(self._agent.recorder.make_ready())
            return True
        return False

    @property
    def is_blocked(self) -> bool:
        """Whether it waits for the line to take more: who waits in between watches for that."""
        return self.server is not None and self.server.is_blocked

    def read(self) -> bool:
        """Takes what the line has, unless a payload waits: it keeps the rest, since memory is short."""
        if self.waiting:
            return False
        count = self._link.read(self._input)
        if count:
            self._reader.feed_into(self._input[:count] if count < READ else self._input, self.waiting)
            if self._is_changed and self.waiting:
                self._until = self._agent.moments.now() + versions.RATE_SILENCE_MS
        return count > 0

    def change_rate(self, rate: int) -> None:
        """Sets a rate that a host asked for, once its answer has left; unless a frame arrives at it, it is undone."""
        self._link.set_rate(rate)
        self._reader.reset()  # what had begun at the old rate does not go on at the new one
        self._is_changed = rate != self._usual
        self._until = self._agent.moments.now() + versions.RATE_TRIAL_MS

    def return_to_usual_rate(self) -> None:
        """Nobody can be heard at this rate: what was on its way at it is for nobody."""
        if self._is_changed:
            self._is_changed = False
            self._link.set_rate(self._usual)
            self._reader.reset()
            self.waiting.clear()
            for _ in range(_STALE):
                if not self._link.read(self._input):
                    break
            if self.server is not None:
                self.server.drop()

    def forget_card(self) -> None:
        """Media that wait to be sent are on a card that is gone."""
        if self.server is not None:
            self.server.transfer.clear()

    def _look_at_rate(self) -> None:
        now = self._agent.moments.now()
        if self.server is not None and self.server.is_working:
            self._until = max(self._until, now + versions.RATE_TRIAL_MS)  # it is the recorder's turn to speak
        elif now >= self._until:
            self.return_to_usual_rate()

    def _load(self) -> None:
        """One module of those that answer, so that capture need not wait for all of them."""
        if self._loading is None:
            self._agent.add_job(self._agent.recorder.rest())
            self._loading = on_demand.bring(on_demand.ANSWERING, self._brought)
        for _ in self._loading:
            return
        self._loading = None
        from evidock_agent.server import Server

        self.server = Server(self._agent, self)
        self.server.drop()  # a banner, or half a frame of the session before, may stand on the line: a zero ends it
