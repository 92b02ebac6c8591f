"""How a recording ends: which reason holds, and what the journal says once capture is over.

Specification: "Interruptions" (causes and reasons), "Entry kinds" (STOP, INTERRUPT). What ended it first is what
counts; only a card that fails meanwhile says otherwise.
"""

from evidock_agent import telemetry
from evidock_agent.sealing import write_fault
from evidock_protocol import codes, kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent

_NO_SPACE = 28  # ENOSPC


class Ending:
    """The end of the recording that runs. `broken` lists (number, length) of segments whose card failed, or is None."""

    def __init__(self, agent: "Agent"):
        self._agent = agent
        self.begin()

    def begin(self) -> None:
        """A recording begins."""
        self.broken: list[tuple[int, int]] | None = None
        self._card_cause: int | None = None  # why its card failed
        self._is_by_card = False  # an error of the card ended it
        self._decided: tuple[int, int | None] | None = None  # (STOP's reason, INTERRUPT's cause or None)
        self._interrupt: int | None = None  # sequence of the INTERRUPT that stands there without its STOP

    @property
    def is_decided(self) -> bool:
        """Whether it is about to end."""
        return self._decided is not None

    def decide(self, reason: int, cause: int | None) -> None:
        """It ends for this reason, unless it ends already. After an EXEMPT only `exempt` may follow."""
        if self._decided is None or reason == codes.STOP_EXEMPT:
            self._decided = reason, cause

    def fail(self, error: OSError | None) -> None:
        """It ends because the card gave this error, or because nothing can be recorded."""
        self._card_cause = _cause_of(self._agent, error)
        self._is_by_card = self._is_by_card or error is not None
        self.decide(codes.STOP_FAULT, self._card_cause)

    def tell(self):
        """Generator: FAULT, RESUME, INTERRUPT, STOP and EPOCH, as they apply, unless another job has written them.

        What finds no room in the journal is gone on with when this is run again.
        """
        agent, recorder, journal = self._agent, self._agent.recorder, self._agent.journal
        if not recorder.active or recorder.until is None or self._decided is None:
            return
        tick = recorder.until
        reason, cause = self._decided
        if self.broken is not None:
            while self.broken:
                number, length = self.broken[0]
                yield from write_fault(agent, codes.FAULT_STORAGE, recorder.number, number, [length])
                self.broken.pop(0)
            if reason != codes.STOP_EXEMPT:
                reason, cause = codes.STOP_FAULT, self._card_cause
        yield from agent.interruptions.tell()
        if cause is not None and self._interrupt is None:
            body = telemetry.interrupt(agent, recorder.number, cause, journal.boot, tick, None)
            self._interrupt = yield from journal.append(kinds.INTERRUPT, body)
        now = telemetry.read(agent)
        body = {
            "recording": recorder.number,
            "reason": reason,
            "segments": recorder.sealed,
            "last_tick": tick,
            "boot": journal.boot,
            "battery": now["battery"],
            "storage_free": now["storage_free"],
        }
        yield from journal.append(kinds.STOP, body)
        recorder.active = False
        if self._interrupt is None or cause is None:
            agent.interruptions.officer_ended()
        else:
            agent.interruptions.broke_off(self._interrupt, cause, tick - recorder.began, recorder.by_policy)
            if reason == codes.STOP_FAULT and not self._is_by_card:
                agent.interruptions.wait_no_more()  # no source started: another card mends nothing
        yield from journal.change_epoch(codes.EPOCH_STOP)
        agent.show_state()


def _cause_of(agent: "Agent", error: OSError | None) -> int:
    if not agent.board.card.present() or agent.tidying.card_was_out:
        return codes.CAUSE_MEDIUM_SWAPPED
    no_space = error is not None and error.args[:1] == (_NO_SPACE,)
    return codes.CAUSE_STORAGE_FULL if no_space else codes.CAUSE_EQUIPMENT_FAULT
