"""What broke off and how it goes on: the pending reason, going on by itself, and RESUME with the span of the spoken
reason.

Specification: "Interruptions". The next START goes on with what broke off; somebody is asked to say why into the sound
that is recorded then.
"""

from evidock_agent import on_demand, telemetry
from evidock_agent.recorder import STORAGE_FLOOR_KIB
from evidock_protocol import codes, kinds, settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent
    from evidock_agent.sound import SoundTrack
    from evidock_agent.voice import Voice

SHORTEST_MS = 10_000  # a recording by policy that broke off sooner is not gone on with: a fault that comes back at once
_NOTHING, _CARD, _COOL, _NOW = 0, 1, 2, 3  # what going on by itself waits for
_POWERED = (codes.RESET_WATCHDOG, codes.RESET_BROWN_OUT, codes.RESET_SOFTWARE)  # resets that kept the power on


class Interruptions:
    """`pending` is the sequence of the INTERRUPT that the next START goes on with, or None."""

    def __init__(self, agent: "Agent"):
        self._agent = agent
        self.pending: int | None = None
        self._awaits = _NOTHING
        self._answers: int | None = None  # the INTERRUPT that the running recording's RESUME will name
        self._voice: Voice | None = None
        self._track: SoundTrack | None = None  # the one that the voice hears
        self._span: tuple[int | None, int | None] = (None, None)  # what it heard, in the end

    @property
    def is_asking(self) -> bool:
        """Whether the reason for an interruption is listened for now."""
        return self._voice is not None

    def broke_off(self, sequence: int, cause: int, lasted_ms: int, by_policy: bool, reset: int | None = None) -> None:
        """An INTERRUPT of this sequence is durable.

        The recording that broke off had lasted so long and had begun `by_policy` or not; `reset` is the reset cause
        when a boot found it open.
        """
        self.pending = None if cause == codes.CAUSE_DOCKED else sequence
        self._awaits = _NOTHING
        policy = self._agent.setting(settings.RESUME)
        if self.pending is None or policy == settings.RESUME_NEVER or (by_policy and lasted_ms < SHORTEST_MS):
            return
        if self._agent.board.docked():  # it must not begin when it is taken out the next day
            return
        if reset is not None:
            if reset in _POWERED or policy == settings.RESUME_ALWAYS:
                self._awaits = _NOW
        elif cause == codes.CAUSE_THERMAL:
            self._awaits = _COOL
        elif cause in (codes.CAUSE_MEDIUM_SWAPPED, codes.CAUSE_EQUIPMENT_FAULT, codes.CAUSE_STORAGE_FULL):
            self._awaits = _CARD

    def officer_ended(self) -> None:
        """The officer stopped or switched off: nothing is to be gone on with."""
        self.pending = None
        self._awaits = _NOTHING

    def wait_no_more(self) -> None:
        """Nothing goes on by itself any more; the next START of the officer still does, and asks why."""
        self._awaits = _NOTHING

    # Going on by itself.

    def card_came(self) -> None:
        """A card may have been put in; it counts if it can be used and has room for more than a moment."""
        free = telemetry.read(self._agent)["storage_free"]
        if self._awaits == _CARD and free is not None and free > 2 * STORAGE_FLOOR_KIB:
            self._awaits = _NOW

    def may_resume(self, temperature: int | None) -> bool:
        """Whether a recording is to begin by itself now, which it does neither in a dock nor in an exemption."""
        agent = self._agent
        if self._awaits == _NOW and agent.card_identity is None:
            self._awaits = _CARD  # without one it would break off at once
        if self._awaits == _COOL:
            due = telemetry.is_at_most(temperature, agent.setting(settings.THERMAL_RESUME))
        else:
            due = self._awaits == _NOW
        return due and not (agent.recorder.active or agent.exempt or agent.board.docked())

    def resume(self):
        """Generator: begins a recording by itself, if it may."""
        if self.may_resume(telemetry.ask(self._agent.board.temperature)):
            self._awaits = _CARD  # should the journal have no room for START: a card makes some
            yield from self._agent.recorder.start(codes.START_POLICY)

    # The spoken reason.

    def begin(self, track: "SoundTrack | None"):
        """Generator: a recording began. `track` hears the reason; without one, RESUME is written at once."""
        self._answers, self.pending = self.pending, None
        self._awaits = _NOTHING
        self._span = (None, None)
        if self._answers is None:
            return
        wait = self._agent.setting(settings.VOICE_WAIT) * 1000
        if track is None or not wait or not self._listen(track, wait):
            yield from self.tell()

    def _listen(self, track: "SoundTrack", wait: int) -> bool:
        """Begins to listen; False where memory is too short for that."""
        try:
            from evidock_agent.voice import Voice

            self._voice = Voice(wait)
        except MemoryError:  # the recording is worth more than the reason
            on_demand.let_go(on_demand.LISTENING)
            return False
        self._voice.is_done(self._agent.moments.now())  # the wait begins
        self._track = track
        track.listener = self._voice
        self._agent.show_state()
        return True

    def is_heard(self, tick: int) -> bool:
        """Whether RESUME is due."""
        return self._voice is not None and self._voice.is_done(tick)

    def tell(self):
        """Generator: RESUME with what was heard so far, if one is owed; also before the recording ends."""
        voice, track, interrupt = self._voice, self._track, self._answers
        if voice is not None and track is not None:
            self._span = voice.span or (None, None)
            self._voice = self._track = track.listener = None
            on_demand.let_go(on_demand.LISTENING)
            self._agent.show_state()
        if interrupt is None:
            return
        body = {
            "recording": self._agent.recorder.number,
            "interrupt": interrupt,
            "voice_first": self._span[0],
            "voice_last": self._span[1],
            "handover": None,
        }
        yield from self._agent.journal.append(kinds.RESUME, body)
        self._answers = None  # once it is durable: a journal without room is told again
