"""What idle time is for: another card, refusals to be written, sectors erased ahead, room in journal and card.

Specification: "Internal flash", "Settings" (reclaim_below). Nothing is erased or deleted while something records.
"""

from evidock_agent import on_demand
from evidock_agent.journal import EPOCH_CEILING, RESERVE
from evidock_protocol import codes, flash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent

RETRY_MS = 1000  # after which a card that gave errors is tried again; then twice as long each time, up to
LONGEST_RETRY_MS = 60_000
NO_ROOM = "the journal is full"  # so far that BOOT finds no room, or what recovery has to say does not
CHANGES = 16  # of the card that are looked at in a minute
RECLAIM_MS = 60_000  # between two looks at the room on the card


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
        self._pause = self._retry = 0  # ms until, and tick when, a card that gave errors is tried again
        self._minute = 0  # tick since which changes of the card are counted
        self._changes = 0
        self._reclaim_at = 0  # tick of the next look at the room on the card
        self._reclaimed = 0  # size of the journal when nothing more could be deleted

    def look_around(self) -> None:
        """Asks for what idleness allows; called when no job waits."""
        agent = self._agent
        present = agent.board.card.present()
        if agent.failed is not None:
            self._look_for_room(present)
        if not agent.provisioned or agent.failed is not None:
            return
        now = agent.moments.now()
        if not present:
            self.card_was_out = True
            self.card_fault = self._told_fault = 0
        if not self.card_fault:
            self._pause = RETRY_MS
            self._retry = now + RETRY_MS
        if not agent.recorder.active and present != self.card_seen and self._may_change(now):
            self.card_seen = present
            agent.add_job(self._change_card())
        elif self.card_fault and self.card_fault != self._told_fault:
            self._told_fault = self.card_fault
            agent.add_job(self._tell_fault())
        elif self.card_fault and not agent.recorder.active and now >= self._retry:
            self._pause = min(2 * self._pause, LONGEST_RETRY_MS)
            self._retry = now + self._pause
            agent.add_job(self._change_card())
        elif agent.refusals.due(now):
            agent.add_job(agent.refusals.write(agent, now))
        elif self.untidy and not agent.recorder.capturing:
            agent.add_job(self._tidy())
        elif not agent.recorder.active and self._owes_epoch():
            agent.add_job(agent.mirror.catch_up(agent.journal))
        elif now >= self._reclaim_at and self._may_reclaim():
            self._reclaim_at = now + RECLAIM_MS
            agent.add_job(self._reclaim())

    def _look_for_room(self, present: bool) -> None:
        """Begins the boot anew when a card comes, if it was for want of room in the journal that it ended."""
        agent = self._agent
        if agent.failed == NO_ROOM and present and not self.card_seen:
            agent.line.return_to_usual_rate()
            agent.__init__(agent.board)
        self.card_seen = present

    def _owes_epoch(self) -> bool:
        """Whether the card lacks the newest EPOCH: should it rot in flash, nothing else would name the live key.

        What comes after it waits for the next one, or for a segment: a card wears.
        """
        mirror, journal = self._agent.mirror, self._agent.journal
        return mirror.usable and journal.first <= mirror.end < journal.epoch_since

    def _may_change(self, now: int) -> bool:
        """Whether another change of the card is looked at now: a loose contact must not fill the journal."""
        if now - self._minute >= 60_000:
            self._minute = now
            self._changes = 0
        self._changes += 1
        return self._changes <= CHANGES

    def _may_reclaim(self) -> bool:
        """Whether something may be deleted for want of room: not while a host may pull it, nor before the journal has
        grown, after a look that found nothing.
        """
        agent = self._agent
        if agent.recorder.active or agent.card_identity is None or agent.journal.size == self._reclaimed:
            return False
        server = agent.line.server
        return server is None or not server.session.values

    def _reclaim(self):
        from evidock_agent import deletion

        try:
            if deletion.is_short(self._agent):
                yield from deletion.reclaim(self._agent)
        finally:
            on_demand.let_go(on_demand.DELETION)
        self._reclaimed = self._agent.journal.size

    def take_up_card(self):
        """Generator: before a START: looks at a card that is in and that is not known to work, which may have failed
        and work again, or came just now.
        """
        agent = self._agent
        if agent.board.card.present() and (agent.card_identity is None or self.card_seen is not True):
            self.card_seen = True
            yield from self._change_card()

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
        """Generator: changes the key when that is owed, and of an epoch with many entries: the ring must keep what
        follows the last EPOCH.
        """
        journal = self._agent.journal
        if journal.epoch_owed is not None:
            yield from journal.change_epoch(journal.epoch_owed)
        elif journal.size - journal.epoch_since >= EPOCH_CEILING:
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
