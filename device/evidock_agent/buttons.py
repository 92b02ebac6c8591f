"""What presses ask for: recording, a mark, switching off.

Specification: "Entry kinds" (MARK, OFF). Presses are looked at on every step, so that no flood of requests delays one.
Each takes effect once the last one's job is done; marks are counted at once, since a stop may wait for an encoder.
"""

from evidock_agent import rings, signals, telemetry
from evidock_agent.journal import JournalFull
from evidock_protocol import codes, kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent

MARK_MS = 1000  # between two MARK entries; presses between them are counted


class Buttons:
    """The presses of one agent."""

    def __init__(self, agent: "Agent"):
        self._agent = agent
        self._pressed = None  # the job that the last press asked for
        self._held = 0  # a press whose turn has not come
        self._marking = None  # the job that writes MARK
        self._marks = 0  # presses of the mark button that no entry counts yet
        self._marked = -MARK_MS

    def poll(self) -> None:
        """Takes the next press."""
        agent = self._agent
        if not agent.ready:
            return
        busy = self._pressed is not None and agent.has_job(self._pressed)
        if not busy:
            self._pressed = None  # a generator that ended still holds what it had in hand
        if busy and self._held:
            return
        press = self._held or agent.board.buttons.poll()
        self._held = 0
        if busy and press and press != signals.BUTTON_MARK:
            self._held = press
            return
        can_write = agent.provisioned and agent.failed is None
        if not can_write:
            self._marks = 0
        elif press == signals.BUTTON_MARK:
            self._marks += 1
        elif press and self._marks:
            agent.add_job(self._mark())  # they belong to what runs now
        if not press or press == signals.BUTTON_MARK:
            due = self._marks and agent.moments.now() - self._marked >= MARK_MS
            if due and (self._marking is None or not agent.has_job(self._marking)):
                self._marking = self._mark()
                agent.add_job(self._marking)
        elif press == signals.BUTTON_OFF:
            self._ask(self._power_off() if can_write else self._switch_off())
        elif can_write:
            recorder = agent.recorder
            self._ask(recorder.stop(codes.STOP_BUTTON) if recorder.active else recorder.start(codes.START_BUTTON))

    def _ask(self, job) -> None:
        self._pressed = job
        self._agent.add_job(job)

    def _mark(self):
        agent = self._agent
        if not self._marks:  # another job has counted them
            return
        body = {"recording": agent.recording, "type": codes.MARK_EVIDENCE, "count": self._marks}
        self._marks = 0
        self._marked = agent.moments.now()
        yield from agent.journal.append(kinds.MARK, body, spare=True)

    def _power_off(self):
        agent = self._agent
        try:
            yield from agent.recorder.stop(codes.STOP_POWER_OFF)
            yield from agent.mirror.catch_up(agent.journal)
            now = telemetry.read(agent)
            body = {
                "reason": codes.OFF_BUTTON,
                "battery": now["battery"],
                "millivolts": now["millivolts"],
                "storage_free": now["storage_free"],
            }
            yield from agent.journal.append(kinds.OFF, body)
        except (JournalFull, rings.RingFull):  # no room to say so; it is switched off all the same
            agent.journal_full = True
        yield from self._switch_off()

    def _switch_off(self):
        self._agent.off = True
        self._agent.show_state()
        self._agent.board.power_off()
        yield
