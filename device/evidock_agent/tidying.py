"""What idle time is for: another card, refusals to be written, sectors erased ahead, room in the journal.

Specification: "Internal flash". Nothing is erased while something records.
"""

from evidock_agent import on_demand
from evidock_agent.journal import EPOCH_CEILING, RESERVE
from evidock_protocol import codes, flash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent

CHANGES = 16  # of the card that are looked at in a minute


class Tidying:
    """`untidy` says that there may be sectors to erase, `card_seen` whether the journal knows a card (None: ask).

    `card_was_out` is set when the slot is seen empty. `card_fault` (codes.MEDIUM_…) says what is wrong with the card
    that is in, 0 for nothing.
    """

    def __init__(self, agent: "Agent"):
        self._agent = agent
        self.untidy = True
        self.card_seen: bool | None = False
        self.card_was_out = False
        self.card_fault = 0
        self._told_fault = 0  # what the journal says of it
        self._minute = 0  # tick since which changes of the card are counted
        self._changes = 0

    def look_around(self) -> None:
        """Asks for what idleness allows; called when no job waits."""
        agent = self._agent
        if not agent.provisioned or agent.failed is not None:
            return
        now = agent.moments.now()
        present = agent.board.card.present()
        if not present:
            self.card_was_out = True
            self.card_fault = self._told_fault = 0
        if not agent.recorder.active and present != self.card_seen and self._may_change(now):
            self.card_seen = present
            agent.add_job(self._change_card())
        elif self.card_fault and self.card_fault != self._told_fault:
            self._told_fault = self.card_fault
            agent.add_job(self._tell_fault())
        elif agent.refusals.due(now):
            agent.add_job(agent.refusals.write(agent, now))
        elif self.untidy and not agent.recorder.capturing:
            agent.add_job(self._tidy())

    def _may_change(self, now: int) -> bool:
        """Whether another change of the card is looked at now: a loose contact must not fill the journal."""
        if now - self._minute >= 60_000:
            self._minute = now
            self._changes = 0
        self._changes += 1
        return self._changes <= CHANGES

    def _change_card(self):
        from evidock_agent import medium

        was_out, self.card_was_out = self.card_was_out, False
        try:
            yield from medium.change(self._agent, was_out)
        finally:
            on_demand.let_go(on_demand.BOOT)

    def _tell_fault(self):
        from evidock_agent import medium

        try:
            yield from medium.write_fault(self._agent, self.card_fault)
        finally:
            on_demand.let_go(on_demand.BOOT)

    def renew_key(self):
        """Generator: changes the key of an epoch with many entries: the ring must keep what follows the last EPOCH."""
        journal = self._agent.journal
        if journal.size - journal.epoch_since >= EPOCH_CEILING:
            yield from journal.change_epoch(codes.EPOCH_ENTRIES)

    def make_ready(self):
        """Generator: makes one sector ready, when nothing records; whether there may be more.

        The ring keeps entries until half of it is needed, and those that the card lacks in any case.
        """
        agent = self._agent
        journal = agent.journal
        if journal.ring.ring.erase_ahead() or agent.anchors.erase_ahead() or agent.keys.erase_ahead():
            return True
        if journal.ring.room() < agent.board.journal_flash.sectors * flash.SECTOR // 2:
            yield from agent.mirror.catch_up(journal)
            if agent.anchors.recordings != agent.recorder.number:  # the newest START may be about to leave
                agent.anchors.note(0, 0, agent.recorder.number, 0)
            if agent.mirror.usable and journal.drop_below(agent.mirror.end):
                return True
        if agent.journal_full and journal.ring.room() > 2 * RESERVE:
            agent.journal_full = False
            agent.show_state()
            if agent.recorder.active and not agent.recorder.capturing:  # what could not be said when it ended
                agent.add_job(agent.recorder.stop(codes.STOP_STORAGE_FULL, codes.CAUSE_STORAGE_FULL))
        return False

    def _tidy(self):
        yield from self.renew_key()
        self.untidy = yield from self.make_ready()
