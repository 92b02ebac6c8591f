"""Recording: from START to STOP, all tracks side by side, segment after segment, with anchors and checkpoints.

Specification: "Entry kinds" (START, SEGMENT, STOP), "The card". Capture is pumped on every step; what the journal says
of it are jobs beside it.
"""

from evidock_agent import journal as chain
from evidock_agent import on_demand, telemetry
from evidock_agent.sealing import Sealing, write_fault
from evidock_agent.vouching import Vouching
from evidock_protocol import card, codes, kinds, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent import tracks
    from evidock_agent.agent import Agent

BLOCK = 4096  # bytes that a track writes at once
FLUSH_MS = 1000
CHECKPOINT_MS = 5000
DRAIN_MS = 500  # within which the tracks come to where their segments may end
STORAGE_FLOOR_KIB = 2048  # recording stops before the file system is hurt
_NO_SPACE = 28  # ENOSPC


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
        self._until: int | None = None  # when capture was stopped: its last bytes may still be on their way
        self._broken: list[tuple[int, int]] | None = None  # (number, length) of segments whose card failed
        self._cause = 0  # why it failed; the journal does not tell yet
        for _ in self.make_ready():
            pass

    @property
    def capturing(self) -> bool:
        """Whether something is written now; a recording whose STOP found no room is still active."""
        return bool(self._running)

    @property
    def is_sealing(self) -> bool:
        """Whether a file that ended is not finished yet."""
        return self._sealing.is_busy

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
        """Generator: START durable, then capture from every source that starts."""
        agent = self._agent
        if self.active:
            return
        yield from self.make_ready()
        number = yield from self._free_number()
        now = telemetry.read(agent)
        bits = 0
        for track in self.tracks:
            bits |= track.bits
        body = {
            "recording": number,
            "reason": reason,
            "tracks": bits,
            "card": agent.card_identity,
            "battery": now["battery"],
            "storage_free": now["storage_free"],
            "handover": None,
        }
        self.start_sequence = yield from agent.journal.append(kinds.START, body, spare=True)
        self.vouching.begin(agent.journal.newest)
        self.number = number
        self.active = True
        self._sealing.begin()
        self._until = self._draining = self._broken = None
        yield from self._start_capture()

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
        except OSError:
            self._let_go()
            self._broken = None
            agent.lose_card()
            yield from write_fault(agent, codes.FAULT_STORAGE, self.number, number, [0])
        works = self.capturing  # now; the card may fail while the journal is written
        if works:
            agent.show_state()
        else:
            self._until = tick
        for number in silent:
            yield from write_fault(agent, codes.FAULT_CAPTURE, self.number, number, [codes.CAPTURE_NO_START, 0])
        if not works:
            yield from self._end(codes.STOP_FAULT, tick)

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

    def stop(self, reason: int):
        """Generator: last bytes, SEGMENT, STOP, and a new epoch; also when the card fails meanwhile."""
        agent = self._agent
        if not self.active:
            return
        if self._until is None:
            self._until = self._draining = agent.moments.now()
        for track in self._running:
            track.stop()
        while self._running:
            self.pump()
            yield
        yield from self._sealing.finish()
        if not self.active:  # another job has ended it meanwhile
            return
        if self._broken is not None:
            yield from self._interrupt()
        else:
            yield from self._end(reason, self._until)

    def _end(self, reason: int, tick: int):
        agent = self._agent
        now = telemetry.read(agent)
        body = {
            "recording": self.number,
            "reason": reason,
            "segments": self._sealing.sealed,
            "last_tick": tick,
            "boot": agent.journal.boot,
            "battery": now["battery"],
            "storage_free": now["storage_free"],
        }
        yield from agent.journal.append(kinds.STOP, body)
        self.active = False
        yield from agent.journal.change_epoch(codes.EPOCH_STOP)
        agent.show_state()

    def _free_number(self):
        """Generator: the number of the next recording, a look at the card a slice: somebody may have put many there."""
        agent = self._agent
        number = self.number + 1
        try:
            while agent.card_identity is not None and agent.board.card.names(
                agent.folder + "/" + card.recording_folder(number)
            ):
                number += 1  # whatever lies there, it is not written over
                yield
        except OSError:  # the card went just now; opening the segment will say so
            agent.lose_card()
        return number

    def _move(self) -> int:
        now = self._agent.moments.now()
        tick = now if self._until is None else self._until
        drain = self._draining is not None
        moved = 0
        rest = True
        full = tick - self._since >= versions.MAXIMUM_SEGMENT_MS - FLUSH_MS
        for track in self._running:
            count = track.pump(drain)
            if count:
                rest = False
                moved += max(count, 0)
            full = full or track.is_full()
        self._housekeep(tick)
        if self._draining is None:
            if full:
                self._draining = now
        elif rest or now - self._draining >= DRAIN_MS:
            self._end_segments(tick)
        return moved

    def _housekeep(self, tick: int) -> None:
        if tick - self._flushed < FLUSH_MS:
            return
        self._flushed = tick
        for track in self._running:
            if track.segment.inline:
                track.segment.flush()
        # A little early, so that what is durable beyond a CHECKPOINT stays below the interval until the next one is.
        if tick - self._checked < CHECKPOINT_MS - FLUSH_MS:
            return
        self._checked = tick
        agent = self._agent
        self.vouching.go_round([track.segment for track in self._running], tick)
        if agent.board.card.space()[0] < STORAGE_FLOOR_KIB or agent.journal.ring.room() < chain.RESERVE:
            agent.add_job(self.stop(codes.STOP_STORAGE_FULL))

    def _end_segments(self, tick: int) -> None:
        """All end at one tick, where sources are drained, so that frames fill their time; the next begin there."""
        for track in self._running:
            segment = track.end(tick)
            self._sealing.add(segment)
            if segment.inline and self._until is None:  # the next segment's own may come before SEGMENT's turn does
                segment.flush()
                self.vouching.checkpoint(segment, tick)
        self._draining = None
        if self._until is not None:
            self._running = []
            return
        self._since = self._checked = tick
        for track in self._running:
            number = self._next
            self._next += 1
            track.open(number, tick)

    def is_due(self, segment) -> bool:
        """Whether a CHECKPOINT of this segment still says something: SEGMENT is not there, nor is the card gone."""
        ours = self.active and self._broken is None and segment.recording == self.number
        return ours and segment.number > self._sealing.told

    def card_failed(self, error: OSError) -> None:
        """The card gave an error while recording: what is on it stays as it is, and the journal says so."""
        agent = self._agent
        if self._until is None:
            self._until = agent.moments.now()
        self._let_go()
        agent.lose_card()
        if not agent.board.card.present():
            self._cause = codes.CAUSE_MEDIUM_SWAPPED
        else:
            self._cause = codes.CAUSE_STORAGE_FULL if error.args[:1] == (_NO_SPACE,) else codes.CAUSE_EQUIPMENT_FAULT
        agent.add_job(self._interrupt())

    def _let_go(self) -> None:
        """Stops every source and leaves their segments as they are."""
        self._broken = []
        for track in self._running:
            track.stop()
            segment, track.segment = track.segment, None
            if segment is not None:
                self._broken.append((segment.number, segment.length))
                segment.abandon()
        self._running = []

    def _interrupt(self):
        """Generator: ends the recording whose card failed, unless a stop already has."""
        agent = self._agent
        yield from self._sealing.finish()
        if self._broken is None or self._until is None:
            return
        while self._broken:
            number, length = self._broken[0]
            yield from write_fault(agent, codes.FAULT_STORAGE, self.number, number, [length])
            self._broken.pop(0)
        self._broken = None
        body = telemetry.interrupt(agent, self.number, self._cause, agent.journal.boot, self._until, None)
        yield from agent.journal.append(kinds.INTERRUPT, body)
        yield from self._end(codes.STOP_FAULT, self._until)
