"""The agent: one cooperative loop over a board. `step()` does one slice of work and says when it next wants to run.

Architecture: capture is pumped on every step; everything that signs or writes the journal is a job, and jobs run one at
a time, slice by slice, in the order they were asked for. So signing, storage and a docking share one thread without
starving capture.
"""

from evidock_agent import on_demand, rings, signals
from evidock_agent.anchor_ring import AnchorRing
from evidock_agent.buttons import Buttons
from evidock_agent.interruptions import Interruptions
from evidock_agent.journal import Journal, JournalFull
from evidock_agent.journal_ring import JournalRing
from evidock_agent.key_ring import KeyRing
from evidock_agent.line import Line
from evidock_agent.mirror import Mirror
from evidock_agent.moment import Moments
from evidock_agent.recorder import Recorder
from evidock_agent.tallies import Backlog, Refusals
from evidock_agent.tidying import NO_ROOM, Tidying
from evidock_agent.watch import Watch
from evidock_protocol import codes, kinds, sign1, versions
from evidock_protocol.errors import ProtocolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import ports
    from evidock_protocol import entry

IDLE_MS = 100  # between looks at buttons and line when nothing goes on
LINE_MS = 5  # the same while a host talks: 255 bytes take 22 ms at 115,200 baud
LINE_QUIET_MS = 2000


class Agent:
    """The recorder's behaviour. `provisioned`, `recording` (number or None) and `failed` (text or None) may be read."""

    genesis: "entry.Entry"  # only when `provisioned`

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
        self.is_up = False  # the boot has been said, and what it found open has been ended
        self.off = False
        self.exempt = 0  # the class of lawful non-recording that holds (codes.EXEMPT_…), 0 for none
        self.settings = _default_settings()  # by number: every value in force
        self.last_check: list[list[int]] | None = None  # CHECK's items
        self.refusals = Refusals()
        self.backlog = Backlog()
        self.public_keys: list[tuple[bytes, bytes]] = []  # (thumbprint, key) of the last two epochs
        self._jobs: list = []
        self._shown = 0
        self._heard = -LINE_QUIET_MS
        self.open_rings()
        self.interruptions = Interruptions(self)
        self.recorder = Recorder(self)
        self.line = Line(self)
        self.tidying = Tidying(self)
        self._buttons = Buttons(self)
        self.watch = Watch(self)
        self.ready = False  # boot has begun to write: presses count from here on
        self.add_job(self._come_up())

    @property
    def recording(self) -> int | None:
        """The number of the recording that runs, or None."""
        return self.recorder.number if self.recorder.active else None

    def setting(self, number: int) -> int:
        """The value in force of one setting (`evidock_protocol.settings`)."""
        return self.settings[number]

    def step(self) -> int:
        """One slice of work. Returns the milliseconds after which it wants to run again, 0 for at once.

        It wants to sooner when the line has bytes, or takes some again of which it did not take all.
        """
        self.board.watchdog.feed()
        if self.off:
            return IDLE_MS
        moved = self._pump() if self.recorder.is_busy and self.failed is None else 0
        stirred = self.line.step()
        self._buttons.poll()
        waits = False
        if self._jobs:
            waits = self._run_job()
        else:
            self.tidying.look_around()
        now = self.moments.now()
        self.watch.step(now)
        if self._jobs or stirred:
            self._heard = now
            if moved or (self._jobs and not (waits and not stirred)):
                return 0
            return LINE_MS if not stirred or self.line.is_blocked else 0
        if moved:
            return 0
        return LINE_MS if now - self._heard < LINE_QUIET_MS else IDLE_MS

    def add_job(self, job) -> None:
        """Queues a generator; each step runs one slice of the first.

        One that yields True waits for what is done elsewhere, with no entry half written: the others go before it.
        """
        self._jobs.append(job)

    def has_job(self, job) -> bool:
        """Whether a job waits or runs."""
        return job in self._jobs

    def has_others(self) -> bool:
        """Whether jobs wait behind the one that runs."""
        return len(self._jobs) > 1

    def open_rings(self) -> None:
        """Reads the rings of internal flash as they are now; again after provisioning has erased them."""
        self.anchors = AnchorRing(self.board.anchor_flash)
        self.keys = KeyRing(self.board.key_flash)
        self.journal = Journal(JournalRing(self.board.journal_flash), self.keys, self.moments, self.board.random)
        self.mirror = Mirror(self.board.card)

    def adopt(self, genesis: "entry.Entry") -> None:
        """Takes up the identity that provisioning made; what every boot states follows as a job."""
        self.genesis = genesis
        self.journal.trusted.begin(genesis)
        self.provisioned = True
        self.remember_key(genesis.body["public_key"])
        self.add_job(self._begin())

    def lose_card(self) -> None:
        """A card gave an error: when nothing records, it is mounted anew, or MEDIUM says that it is gone."""
        self.tidying.card_seen = None
        if not self.board.card.present():
            self.tidying.card_was_out = True

    def note_journal_full(self) -> None:
        """What could be said has been said: FAULT tells so once, and idle time with a card makes room again.

        A boot that cannot be said does nothing else either: it begins anew once another card is in.
        """
        if not self.is_up:
            del self._jobs[1:]
            self.journal_full = True
            self.fail(NO_ROOM)
            return
        if not self.journal_full:
            self.journal_full = True
            self.show_state()
            body = {"what": codes.FAULT_JOURNAL_FULL, "recording": self.recording, "segment": None, "values": []}
            self.add_job(self.journal.append(kinds.FAULT, body))

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
            if self.interruptions.is_asking:
                state = signals.INDICATE_SPEAK
            elif self.watch.runs_low:
                state = signals.INDICATE_LOW
        elif self.exempt:
            state = signals.INDICATE_EXEMPT
        else:
            state = signals.INDICATE_STANDBY if self.provisioned else signals.INDICATE_BLANK
        if state != self._shown:
            self._shown = state
            self.board.indicator.show(state)

    def _run_job(self) -> bool:
        """One slice of the first job; whether it is alone and waits."""
        job = self._jobs[0]
        self.tidying.untidy = True
        try:
            if next(job) is not True:
                return False
            self._jobs.append(self._jobs.pop(0))
            return len(self._jobs) == 1
        except StopIteration:
            pass
        except (JournalFull, rings.RingFull):
            self.note_journal_full()
        except (rings.FlashFailed, OSError):
            # Whoever uses the card minds its errors, so this is internal flash: nothing more would be durable.
            self.fail("internal flash failed")
        except (ProtocolError, ValueError, OverflowError) as error:
            # Records of another version, left alone; or a value that no entry can hold: a reset would meet it again.
            self.fail(str(error))
        self._jobs.remove(job)
        return False

    def _pump(self) -> int:
        try:
            return self.recorder.pump()
        except rings.FlashFailed:  # while it noted an anchor
            self.fail("internal flash failed")
            return 0

    def _come_up(self):
        from evidock_agent import boot

        try:
            yield from boot.come_up(self)
        finally:
            on_demand.let_go(on_demand.BOOT)
            self.add_job(self._make_ready())

    def _make_ready(self):
        """Generator: loads what captures once boot has given its memory back, unless a host talks already."""
        if self.line.server is None and not self.line.waiting:
            yield from self.recorder.make_ready()

    def _begin(self):
        from evidock_agent import boot

        try:
            yield from boot.begin(self, boot.Scan())
        finally:
            on_demand.let_go(on_demand.BOOT)

    def fail(self, text: str) -> None:
        """Ends the service until the next boot."""
        self.ready = True
        self.failed = text
        self.show_state()


def _default_settings() -> dict[int, int]:
    from evidock_agent import configuration

    try:
        return configuration.defaults()
    finally:
        on_demand.let_go(on_demand.CONFIGURATION)
