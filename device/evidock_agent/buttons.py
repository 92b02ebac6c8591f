"""What presses ask for: recording, a mark, lawful non-recording, switching off.

Specification: "Entry kinds" (MARK, START, EXEMPT, OFF). Presses are looked at on every step, so that no flood of
requests delays one. Each takes effect once the last one's job is done; marks are counted at once, since a stop may wait
for an encoder.
"""

from evidock_agent import on_demand, signals
from evidock_protocol import codes, kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent

MARK_MS = 1000  # between two MARK entries; presses between them are counted
START_MS = 1000  # between two START entries; a press waits, and those that come meanwhile are one with it
EXEMPT_MS = 1000  # between two exemptions by press; the last press within it waits
_CLASSES = {
    signals.BUTTON_EXEMPT_SECRET: codes.EXEMPT_SECRET_INVESTIGATION,
    signals.BUTTON_EXEMPT_PRIVACY: codes.EXEMPT_SECRET_OR_PRIVACY,
    signals.BUTTON_EXEMPT_EMERGENCY: codes.EXEMPT_EMERGENCY,
}


class Buttons:
    """The presses of one agent."""

    def __init__(self, agent: "Agent"):
        self._agent = agent
        self._pressed = None  # the job that the last press asked for
        self._held = 0  # a press whose turn has not come
        self._marking = None  # the job that writes MARK
        self._marks = 0  # presses of the mark button that no entry counts yet
        self._marked = -MARK_MS
        self._exempted = -EXEMPT_MS

    def poll(self) -> None:
        """Takes the next press."""
        if not self._agent.ready:
            return
        if self._pressed is None and not self._held and not self._marks:  # as on nearly every step
            self._held = self._agent.board.buttons.poll()
            if not self._held:
                return
        self._act()

    def _act(self) -> None:
        agent = self._agent
        busy = self._pressed is not None and agent.has_job(self._pressed)
        if not busy:
            self._pressed = None  # a generator that ended still holds what it had in hand
        if busy and self._held:
            return
        press = self._held or agent.board.buttons.poll()
        self._held = 0
        if not busy and self._is_early(press):
            # The last one waits, and whatever else was pressed instead goes before.
            self._held, press = press, agent.board.buttons.poll()
            if self._is_early(press):
                self._held, press = press, 0
            elif press and press != signals.BUTTON_MARK:
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
            self._ask(self._switch_off())
        elif not can_write:
            return
        elif press in _CLASSES:
            self._exempted = agent.moments.now()
            self._ask(self._exempt(_CLASSES[press]))
        else:
            recorder = agent.recorder
            self._ask(self._stop() if recorder.active else recorder.start(codes.START_BUTTON))

    def _is_early(self, press: int) -> bool:
        """Whether what it asks for would follow the last START, or the last exemption, within a second."""
        now, recorder = self._agent.moments.now(), self._agent.recorder
        if press in _CLASSES:
            return now - self._exempted < EXEMPT_MS
        may_start = press == signals.BUTTON_RECORD and not recorder.active
        return may_start and recorder.began > 0 and now - recorder.began < START_MS

    def _stop(self):
        try:
            yield from self._agent.recorder.stop(codes.STOP_BUTTON)
        finally:  # also when it broke off at this moment
            self._agent.interruptions.wait_no_more()

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

    def _exempt(self, class_: int):
        from evidock_agent import exemption

        try:
            yield from exemption.begin(self._agent, class_)
        finally:
            on_demand.let_go(on_demand.BOOT)

    def _switch_off(self):
        from evidock_agent import switching_off

        try:
            yield from switching_off.on_press(self._agent)
        finally:
            on_demand.let_go(on_demand.BOOT)
