"""The agent: one cooperative loop over a board. `step()` does one slice of work and says when it next wants to run.

Architecture: capture is pumped on every step; everything that signs or writes the journal is a job, and jobs run one at
a time, slice by slice, in the order they were asked for. So signing, storage and a docking share one thread without
starving capture.
"""

from evidock_agent import boot, rings, signals, telemetry
from evidock_agent.anchor_ring import AnchorRing
from evidock_agent.journal import EPOCH_CEILING, RESERVE, Journal, JournalFull
from evidock_agent.journal_ring import JournalRing
from evidock_agent.key_ring import KeyRing
from evidock_agent.mirror import Mirror
from evidock_agent.moment import Moments
from evidock_agent.recorder import Recorder
from evidock_agent.server import Server
from evidock_agent.tallies import Backlog, Refusals
from evidock_protocol import codes, entry, flash, kinds, sign1, versions
from evidock_protocol.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports

IDLE_MS = 100  # between looks at buttons and line when nothing goes on
LINE_MS = 5  # the same while a host talks: 255 bytes take 22 ms at 115,200 baud
LINE_QUIET_MS = 2000
MARK_MS = 1000  # between two MARK entries; presses between them are counted


class Agent:
    """The recorder's behaviour. `provisioned`, `recording` (number or None) and `failed` (text or None) may be read."""

    genesis: entry.Entry  # only when `provisioned`

    def __init__(self, board: "ports.Board"):
        self.board = board
        # Lent to capture, transfer and recovery, each for less than a slice; made first, while the heap is whole.
        self.scratch = memoryview(bytearray(versions.MAXIMUM_CHUNK))
        self.moments = Moments(board.clock)
        self.provisioned = False
        self.card_identity: bytes | None = None
        self.folder = ""
        self.failed: str | None = None  # for good: no key, no service
        self.journal_full = False
        self.off = False
        self.refusals = Refusals()
        self.backlog = Backlog()
        self.public_keys: list[tuple[bytes, bytes]] = []  # (thumbprint, key) of the last two epochs
        self._jobs: list = []
        self._shown = 0
        self._heard = -LINE_QUIET_MS
        self.open_rings()
        self.recorder = Recorder(self)
        self.server = Server(self)
        self._ready = False  # boot has begun to write: presses count from here on
        self._pressed = None  # the job that the last press asked for
        self._marks = 0  # presses of the mark button that no entry counts yet
        self._marked = -MARK_MS
        self._untidy = True  # idle time may have sectors to erase
        self._card_seen: bool | None = False
        self.add_job(self._boot())

    @property
    def recording(self) -> int | None:
        """The number of the recording that runs, or None."""
        return self.recorder.number if self.recorder.active else None

    def step(self) -> int:
        """One slice of work. Returns the milliseconds after which it wants to run again, 0 for at once."""
        self.board.watchdog.feed()
        if self.off:
            return IDLE_MS
        moved = self._pump() if self.failed is None else 0
        stirred = self.server.step()
        self._poll_buttons()
        if self._jobs:
            self._run_job()
        else:
            self._look_around()
        now = self.moments.now()
        if self._jobs or stirred:
            self._heard = now
            return 0
        if moved:
            return 0
        return LINE_MS if now - self._heard < LINE_QUIET_MS else IDLE_MS

    def add_job(self, job) -> None:
        """Queues a generator; each step runs one slice of the first."""
        self._jobs.append(job)

    def open_rings(self) -> None:
        """Reads the rings of internal flash as they are now; again after provisioning has erased them."""
        self.anchors = AnchorRing(self.board.anchor_flash)
        self._keys = KeyRing(self.board.key_flash)
        self.journal = Journal(JournalRing(self.board.journal_flash), self._keys, self.moments, self.board.random)
        self.mirror = Mirror(self.board.card)

    def adopt(self, genesis: entry.Entry) -> None:
        """Takes up the identity that provisioning made; what every boot states follows as a job."""
        self.genesis = genesis
        self.provisioned = True
        self.remember_key(genesis.body["public_key"])
        self.add_job(self._begin(boot.Scan()))

    def lose_card(self) -> None:
        """A card gave an error: when nothing records, it is mounted anew, or MEDIUM says that it is gone."""
        self._card_seen = None

    def remember_key(self, public: bytes) -> None:
        """Keeps the public keys of the last two epochs: checkpoints of an open segment are signed by one of them."""
        self.public_keys = self.public_keys[-1:] + [(sign1.thumbprint(public), public)]

    def show_state(self) -> None:
        """Tells the indicator, when the state has changed."""
        if self.off:
            state = signals.INDICATE_OFF
        elif self.failed is not None or self.journal_full:
            state = signals.INDICATE_FAULT
        elif self.recorder.active:
            state = signals.INDICATE_RECORDING
        else:
            state = signals.INDICATE_STANDBY if self.provisioned else signals.INDICATE_BLANK
        if state != self._shown:
            self._shown = state
            self.board.indicator.show(state)

    def _run_job(self) -> None:
        job = self._jobs[0]
        self._untidy = True
        try:
            next(job)
            return
        except StopIteration:
            pass
        except (JournalFull, rings.RingFull):
            # What could be said has been said. Idle time with a card makes room again.
            self.journal_full = True
            self.show_state()
        except (rings.FlashFailed, OSError):
            # Whoever uses the card minds its errors, so this is internal flash: nothing more would be durable.
            self._fail("internal flash failed")
        except (ProtocolError, ValueError, OverflowError) as error:
            # Records of another version, left alone; or a value that no entry can hold: a reset would meet it again.
            self._fail(str(error))
        self._jobs.remove(job)

    def _pump(self) -> int:
        try:
            return self.recorder.pump()
        except rings.FlashFailed:  # while it noted an anchor
            self._fail("internal flash failed")
            return 0

    def _boot(self):
        raw = boot.read_identity(self.board.identity_flash)
        if raw:
            self.provisioned = True
            self.genesis = entry.parse(raw)
            self.remember_key(self.genesis.body["public_key"])
        scan = yield from boot.read_journal(self)
        journal = self.journal
        if raw is None and journal.size < 2:  # blank, or power went before provisioning was through
            self._ready = True
            self.show_state()
            return
        self.provisioned = True  # also when flash rotted: a journal is never given away for a new identity
        if not raw and journal.size and not journal.first:
            raw = journal.raw(0)
        if not raw:
            self._fail("the identity is damaged")
            return
        self.genesis = entry.parse(raw)
        journal.device = self.genesis.device
        anchor = self.anchors.newest
        if anchor is not None and anchor[0] >= journal.size:
            # Its newest entries are gone. Their numbers must not be given twice, and their hashes are not known.
            self._fail("the journal lost entries from %d on" % journal.size)
            return
        has_key = yield from journal.use_live_key()
        if not has_key:
            self._fail("no key for epoch %d" % journal.epoch)
            return
        journal.boot += 1
        yield from self._begin(scan)

    def _begin(self, scan: boot.Scan):
        """Generator: the card, erasing ahead, BOOT and its companions."""
        self._ready = True
        self._card_seen = self.board.card.present()
        self.card_identity = yield from boot.attach_card(self)
        for sequence in scan.receipts:
            self.backlog.discount(self, entry.parse(self.journal.raw(sequence)).body["statement"])
            yield
        self.recorder.number = max(scan.recordings, self.anchors.recordings) or boot.newest_recording(self)
        while (yield from self._make_ready()):
            yield
        yield from boot.write_boot(self, scan)
        yield from self._renew()
        self.show_state()

    def _poll_buttons(self) -> None:
        """Takes a press once the last one's job is done; on every step, so that no flood of requests delays it."""
        if not self._ready or self._pressed in self._jobs:
            return
        press = self.board.buttons.poll()
        can_write = self.provisioned and self.failed is None
        if not can_write:
            self._marks = 0
        elif press == signals.BUTTON_MARK:
            self._marks += 1
        elif press and self._marks:
            self.add_job(self._mark())  # they belong to what runs now
        if not press or press == signals.BUTTON_MARK:
            if self._marks and self.moments.now() - self._marked >= MARK_MS:
                self._pressed = self._mark()
                self.add_job(self._pressed)
            return
        if press == signals.BUTTON_OFF:
            self._pressed = self._power_off() if can_write else self._switch_off()
        elif not can_write:
            return
        elif self.recorder.active:
            self._pressed = self.recorder.stop(codes.STOP_BUTTON)
        else:
            self._pressed = self.recorder.start(codes.START_BUTTON)
        self.add_job(self._pressed)

    def _look_around(self) -> None:
        """The card and what idleness allows; called when no job waits."""
        if not self.provisioned or self.failed is not None:
            return
        now = self.moments.now()
        if not self.recorder.active and self.board.card.present() != self._card_seen:
            self.add_job(self._change_card())
        elif self.refusals.due(now):
            self.add_job(self.refusals.write(self, now))
        elif self._untidy and not self.recorder.capturing:
            self.add_job(self._tidy())

    def _mark(self):
        body = {"recording": self.recording, "type": codes.MARK_EVIDENCE, "count": self._marks}
        self._marks = 0
        self._marked = self.moments.now()
        yield from self.journal.append(kinds.MARK, body, spare=True)

    def _power_off(self):
        try:
            yield from self.recorder.stop(codes.STOP_POWER_OFF)
            yield from self.mirror.catch_up(self.journal)
            now = telemetry.read(self)
            body = {
                "reason": codes.OFF_BUTTON,
                "battery": now["battery"],
                "millivolts": now["millivolts"],
                "storage_free": now["storage_free"],
            }
            yield from self.journal.append(kinds.OFF, body)
        except (JournalFull, rings.RingFull):  # no room to say so; it is switched off all the same
            self.journal_full = True
        yield from self._switch_off()

    def _switch_off(self):
        self.off = True
        self.show_state()
        self.board.power_off()
        yield

    def _fail(self, text: str) -> None:
        self._ready = True
        self.failed = text
        self.show_state()

    def _change_card(self):
        old = self.card_identity
        self._card_seen = self.board.card.present()
        self.server.transfer.clear()
        self.mirror.detach()
        boot.detach_card(self)
        self.card_identity = yield from boot.attach_card(self)
        while (yield from self._make_ready()):  # a full journal waits for nothing but a card
            yield
        if self.card_identity != old:
            yield from boot.write_medium(self, old)
        yield from self.mirror.catch_up(self.journal)

    def _tidy(self):
        yield from self._renew()
        self._untidy = yield from self._make_ready()

    def _renew(self):
        """Generator: changes the key of an epoch with many entries: the ring must keep what follows the last EPOCH."""
        if self.journal.size - self.journal.epoch_since >= EPOCH_CEILING:
            yield from self.journal.change_epoch(codes.EPOCH_ENTRIES)

    def _make_ready(self):
        """Generator: makes one sector ready, when nothing records; whether there may be more.

        The ring keeps entries until half of it is needed, and those that the card lacks in any case.
        """
        journal = self.journal
        if journal.ring.ring.erase_ahead() or self.anchors.erase_ahead() or self._keys.erase_ahead():
            return True
        if journal.ring.room() < self.board.journal_flash.sectors * flash.SECTOR // 2:
            yield from self.mirror.catch_up(journal)
            if self.anchors.recordings != self.recorder.number:  # the newest START may be about to leave
                self.anchors.note(0, 0, self.recorder.number, 0)
            if self.mirror.usable and journal.drop_below(self.mirror.end):
                return True
        if self.journal_full and journal.ring.room() > 2 * RESERVE:
            self.journal_full = False
            self.show_state()
            if self.recorder.active:  # what could not be said when it ended
                self.add_job(self.recorder.stop(codes.STOP_STORAGE_FULL))
        return False
