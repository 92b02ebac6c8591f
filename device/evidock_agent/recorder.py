"""Recording: from START to STOP, all tracks side by side, segment after segment, with anchors and checkpoints.

Specification: "Entry kinds" (START, SEGMENT, STOP), "The card". Capture is pumped on every step; what the journal says
of it are jobs beside it.
"""

from evidock_agent import journal as chain
from evidock_agent import on_demand, starting, telemetry
from evidock_agent.ending import Ending
from evidock_agent.sealing import Sealing, write_fault
from evidock_agent.vouching import Vouching
from evidock_protocol import codes, settings, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import tracks
    from evidock_agent.agent import Agent
    from evidock_agent.sound import SoundTrack

BLOCK = 4096  # bytes that a track writes at once
MAXIMUM_PICTURE = 1 << 20  # bytes
FLUSH_MS = 1600  # what a cut may cost; three of them stay below CHECKPOINT_MS
_EARLY_MS = 1000  # before a segment is as long as it may be, it begins to end
CHECKPOINT_MS = 5000
DRAIN_MS = 500  # within which the tracks come to where their segments may end
STORAGE_FLOOR_KIB = 2048  # recording stops before the file system is hurt


class Recorder:
    """The recording that runs, if one does. `number` counts recordings for the recorder's life."""

    def __init__(self, agent: "Agent"):
        self._agent = agent
        self.number = 0  # of the newest recording
        self.active = False
        self.start_sequence = 0
        self.tracks: list[tracks.Track] = []
        board = agent.board
        self._blocks = [memoryview(bytearray(BLOCK)) for source in (board.capture, board.camera) if source is not None]
        self._brought: list[str] = []
        self._sealing = Sealing(agent)
        self.vouching = Vouching(agent)
        self._running: list[tracks.Track] = []  # those whose source started
        self._next = 1  # number of the next segment
        self._since = 0  # tick at which the open segments began
        self._flushed = 0
        self._checked = 0  # tick of the newest checkpoints
        self._draining: int | None = None  # tick at which the open segments were asked to end
        self.until: int | None = None  # when capture was stopped: its last bytes may still be on their way
        self._ending = Ending(agent)
        self.by_policy = False  # whether the newest START was
        self.began = 0  # tick of the newest START
        self.began_low = False  # whether the battery was low enough to stop at then
        self.free: int | None = None  # KiB on the card when it was last looked at

    @property
    def capturing(self) -> bool:
        """Whether something is written now; a recording whose STOP found no room is still active."""
        return bool(self._running)

    @property
    def is_sealing(self) -> bool:
        """Whether a file that ended is not finished yet."""
        return self._sealing.is_busy

    @property
    def is_busy(self) -> bool:
        """Whether anything captures, or has ended and is not told of yet: whether `pump` has work."""
        return bool(self._running) or self._sealing.has_any

    @property
    def sealed(self) -> int:
        """SEGMENT entries of the newest recording."""
        return self._sealing.sealed

    def is_sealed(self, recording: int, number: int) -> bool:
        """Whether a segment may be handed out: its SEGMENT entry is durable."""
        return not self.active or recording != self.number or number <= self._sealing.told

    def make_ready(self):
        """Generator: loads what captures, a module a slice, unless it is there."""
        if self.tracks:
            return
        board = self._agent.board
        for source, names in (
            (board.capture, on_demand.SOUND),
            (board.camera, on_demand.PICTURE),
            (board.encoder, on_demand.ENCODER),
        ):
            if source is not None:
                yield from on_demand.bring(names, self._brought)
        from evidock_agent import tracks

        self.tracks = tracks.of(self._agent, self._blocks)

    def rest(self):
        """Generator, a job: lets go of what captures, unless it does. A host talks, whose answers need the memory."""
        if not self.active:
            self.tracks = []
            on_demand.let_go(self._brought)
            self._brought = []
        yield

    def start(self, reason: int):
        """Generator: START durable, then capture from every source that starts. It ends an exemption.

        A dock contact that closes meanwhile ends the recording.
        """
        return self._start(reason, self._agent.board.docked())

    def _start(self, reason: int, was_docked: bool):
        agent = self._agent
        if self.active:
            return
        yield from self.make_ready()
        self.start_sequence, body = yield from starting.announce(agent, reason)
        self.vouching.begin(agent.journal.newest)
        self.number = body["recording"]
        self.active = True
        self.began = agent.moments.now()
        self.began_low = telemetry.is_at_most(body["battery"], agent.setting(settings.BATTERY_STOP))
        self.by_policy = reason == codes.START_POLICY
        self._sealing.begin()
        self._ending.begin()
        self.until = self._draining = self.free = None
        yield from self._start_capture()
        if agent.board.docked() and not was_docked:
            self.ask_stop(codes.STOP_DOCKED, codes.CAUSE_DOCKED)

    def _start_capture(self):
        """Generator: every source that starts gets its segment; a FAULT takes the number of any other."""
        agent = self._agent
        started, silent = [], []
        self._next = 1
        for track in self.tracks:
            try:
                track.start()
                started.append((self._next, track))
            except OSError:
                silent.append(self._next)
            self._next += 1
        tick = agent.moments.now()
        self._since = self._flushed = self._checked = tick
        number = 0
        try:
            for number, track in started:
                self._running.append(track)
                track.open(number, tick)
                if track.segment.faults:  # an encoder that did not begin its file
                    track.segment = None
                    self._running.remove(track)
                    silent.append(number)
        except OSError as error:
            self._let_go()
            self._ending.broken = None
            self._ending.fail(error)
            agent.lose_card()
            yield from write_fault(agent, codes.FAULT_STORAGE, self.number, number, [0])
        works = self.capturing  # now; the card may fail while the journal is written
        if works:
            agent.show_state()
        else:
            self.until = tick
        for number in silent:
            yield from write_fault(agent, codes.FAULT_CAPTURE, self.number, number, [codes.CAPTURE_NO_START, 0])
        yield from agent.interruptions.begin(self._listening())
        if not works:
            self._ending.fail(None)
            yield from self._conclude()

    def _listening(self) -> "SoundTrack | None":
        """The sound track, when its source runs."""
        for track in self._running:
            if track.segment is not None and track.segment.inline and track.bits == codes.TRACK_SOUND:
                return track  # pyright: ignore[reportReturnType]
        return None

    def pump(self) -> int:
        """Moves what was captured to the card and starts what is due; then a slice of finishing what ended.

        Returns the bytes moved, or whether something was finished; 0 when there was nothing to do.
        """
        moved = 0
        if self._running:
            try:
                moved = self._move()
            except OSError as error:
                self.card_failed(error)
        return self._sealing.step() or moved

    def ask_stop(self, reason: int, cause: int | None = None) -> None:
        """Has the recording end, as a job, unless it ends already."""
        if self.active and not self._ending.is_decided:
            self._ending.decide(reason, cause)
            self._agent.add_job(self.stop(reason, cause))

    def stop(self, reason: int, cause: int | None = None):
        """Generator: last bytes, SEGMENT, INTERRUPT if there is a `cause`, STOP, and a new epoch.

        When it ends already, or the card fails meanwhile, that says why.
        """
        if not self.active:
            return
        self._ending.decide(reason, cause)
        if self.until is None:
            self.until = self._draining = self._agent.moments.now()
        for track in self._running:
            track.stop()
        while self._running:
            self.pump()
            yield
        yield from self._conclude()

    def _conclude(self):
        """Generator: what the journal says of the end, once capture has ended and all files are finished."""
        yield from self._sealing.finish()
        yield from self._ending.tell()

    def _move(self) -> int:
        now = self._agent.moments.now()
        tick = now if self.until is None else self.until
        drain = self._draining is not None
        moved = 0
        rest = True
        full = tick - self._since >= versions.MAXIMUM_SEGMENT_MS - _EARLY_MS
        for track in self._running:
            count = track.pump(drain)
            if count:
                rest = False
                moved += max(count, 0)
            full = full or track.is_full()
        self._housekeep(tick)
        if self._draining is None:
            if full:
                self._draining = self._agent.moments.now()
        elif rest or now - self._draining >= DRAIN_MS:
            self._end_segments(tick)
        else:
            self._draining += self._agent.moments.now() - now  # while the card stalls nothing drains
        return moved

    def _housekeep(self, tick: int) -> None:
        if tick - self._flushed < FLUSH_MS:
            return
        self._flushed = tick
        for track in self._running:
            if track.segment.inline:
                track.segment.flush()
        self._check_room()
        # A little early, so that what is durable beyond a CHECKPOINT stays below the interval until the next one is.
        if tick - self._checked < CHECKPOINT_MS - FLUSH_MS:
            return
        self._checked = tick
        self.vouching.go_round([track.segment for track in self._running], tick)

    def _check_room(self) -> None:
        """Ends the recording while card and journal have room for its end. OSError when the card fails."""
        agent = self._agent
        free = agent.board.card.space()[0]
        taken = max((free if self.free is None else self.free) - free, 0)  # since the last look: a fast source
        self.free = free
        no_room = agent.journal.ring.room() < chain.RESERVE
        if no_room:
            agent.note_journal_full()
        if no_room or free < STORAGE_FLOOR_KIB + 2 * taken:
            self.ask_stop(codes.STOP_STORAGE_FULL, codes.CAUSE_STORAGE_FULL)

    def _end_segments(self, tick: int) -> None:
        """All end at one tick, where sources are drained, so that frames fill their time; the next begin there."""
        for track in self._running:
            segment = track.end(tick)
            self._sealing.add(segment)
            if segment.inline and self.until is None:  # the next segment's own may come before SEGMENT's turn does
                segment.flush()
                self.vouching.checkpoint(segment, tick)
        self._draining = None
        if self.until is not None:
            self._running = []
            return
        self._since = self._checked = tick
        for track in self._running:
            number = self._next
            self._next += 1
            track.open(number, tick)

    def is_due(self, segment) -> bool:
        """Whether a CHECKPOINT of this segment still says something: SEGMENT is not there, nor is the card gone."""
        ours = self.active and self._ending.broken is None and segment.recording == self.number
        return ours and segment.number > self._sealing.told

    def card_failed(self, error: OSError) -> None:
        """The card gave an error while recording: what is on it stays as it is, and the journal says so."""
        if self.until is None:
            self.until = self._agent.moments.now()
        self._let_go()
        self._ending.fail(error)
        self._agent.lose_card()
        self._agent.add_job(self._conclude())

    def _let_go(self) -> None:
        """Stops every source and leaves their segments as they are."""
        broken = self._ending.broken = []
        for track in self._running:
            track.stop()
            segment, track.segment = track.segment, None
            if segment is not None:
                broken.append((segment.number, segment.length))
                segment.abandon()
        self._running = []
