"""Recording: from START to STOP, segment after segment, with anchors and checkpoints on the way.

Specification: "Entry kinds" (START, SEGMENT, STOP), "The card". Capture is pumped on every step; signing and closing
are jobs beside it.
"""

from evidock_agent import journal as chain
from evidock_agent import telemetry
from evidock_agent.segment import Segment
from evidock_protocol import card, codes, kinds, statements, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent

FLUSH_MS = 1000
CHECKPOINT_MS = 5000
STORAGE_FLOOR_KIB = 2048  # recording stops before the file system is hurt
_NO_SPACE = 28  # ENOSPC


class Recorder:
    """The recording that runs, if one does. `number` counts recordings for the recorder's life."""

    def __init__(self, agent: "Agent"):
        self._agent = agent
        self.number = 0  # of the newest recording
        self.active = False
        self.start_sequence = 0
        self._start_hash = b""
        self._segment: Segment | None = None  # that is written
        self._ended: list[Segment] = []  # that are to be sealed, oldest first
        self._broken: Segment | None = None  # whose card failed; the journal does not tell yet
        self._cause = 0  # why it failed
        self._sealed = 0  # segments of this recording in the journal
        self._flushed = 0
        self._until: int | None = None  # when capture was stopped: its last bytes may still be on their way

    @property
    def capturing(self) -> bool:
        """Whether sound is written now; a recording whose STOP found no room is still active."""
        return self._segment is not None

    def is_sealed(self, recording: int, number: int) -> bool:
        """Whether a segment may be handed out: its SEGMENT entry is durable."""
        return not self.active or recording != self.number or number <= self._sealed

    def start(self, reason: int):
        """Generator: START durable, then capture."""
        agent = self._agent
        if self.active:
            return
        number = self.number + 1
        try:
            while agent.card_identity is not None and agent.board.card.names(
                agent.folder + "/" + card.recording_folder(number)
            ):
                number += 1  # whatever lies there, it is not written over
        except OSError:  # the card went just now; opening the segment will say so
            agent.lose_card()
        now = telemetry.read(agent)
        body = {
            "recording": number,
            "reason": reason,
            "tracks": codes.TRACK_SOUND,
            "card": agent.card_identity,
            "battery": now["battery"],
            "storage_free": now["storage_free"],
            "handover": None,
        }
        self.start_sequence = yield from agent.journal.append(kinds.START, body, spare=True)
        self._start_hash = agent.journal.newest
        self.number = number
        self.active = True
        self._sealed = 0
        self._until = None
        what = codes.FAULT_CAPTURE
        tick = agent.moments.now()
        try:
            agent.board.capture.start()
            what = codes.FAULT_STORAGE
            tick = agent.moments.now()
            self._segment = Segment(agent.board.card, agent.folder, number, 1, agent.board.capture, tick)
        except OSError:
            if what == codes.FAULT_STORAGE:
                agent.board.capture.stop()
                agent.lose_card()
            self._until = tick
            yield from self._fault(1, 0, what)
            yield from self._end(codes.STOP_FAULT, tick)
            return
        self._flushed = tick
        agent.show_state()

    def pump(self) -> int:
        """Moves captured bytes to the card and starts what is due. Returns the bytes moved; 0 when there were none."""
        segment = self._segment
        if segment is None:
            return 0
        try:
            count = self._agent.board.capture.readinto(self._agent.scratch)
            if count:
                segment.write(self._agent.scratch[:count])
            self._housekeep(segment, count)
        except OSError as error:
            self._card_failed(segment, error)
            return 0
        return count

    def stop(self, reason: int):
        """Generator: last bytes, SEGMENT, STOP, and a new epoch; also when the card fails meanwhile."""
        agent = self._agent
        if not self.active:
            return
        agent.board.capture.stop()
        if self._until is None:
            self._until = agent.moments.now()
        while self.pump():
            yield
        if self._segment is not None:
            self._segment.end(self._until)
            self._ended.append(self._segment)
            self._segment = None
        yield from self._seal_ended()
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
            "segments": self._sealed,
            "last_tick": tick,
            "boot": agent.journal.boot,
            "battery": now["battery"],
            "storage_free": now["storage_free"],
        }
        yield from agent.journal.append(kinds.STOP, body)
        self.active = False
        yield from agent.journal.change_epoch(codes.EPOCH_STOP)
        agent.show_state()

    def _housekeep(self, segment: Segment, count: int) -> None:
        agent = self._agent
        tick = agent.moments.now() if self._until is None else self._until
        if tick - self._flushed >= FLUSH_MS:
            segment.flush()
            self._flushed = tick
        # A little early, so that what is durable beyond a CHECKPOINT stays below the interval until the next one is.
        if tick - segment.checkpoint_tick >= CHECKPOINT_MS - FLUSH_MS:
            segment.checkpoint_tick = tick
            segment.flush()
            segment.flush_leaves()
            agent.anchors.note(self.start_sequence, segment.number, segment.length, tick)
            if segment.tree.size:
                # What it vouches for is durable now; a job that waits for its turn would vouch for what is not.
                values = segment.checkpoint_values(agent.journal.device, self._start_hash, agent.journal.boot, tick)
                agent.add_job(self._checkpoint(segment, values))
            if agent.board.card.space()[0] < STORAGE_FLOOR_KIB or agent.journal.ring.room() < chain.RESERVE:
                agent.add_job(self.stop(codes.STOP_STORAGE_FULL))
        # A segment ends where the source is drained, so that its samples fill its time.
        full = segment.length + len(self._agent.scratch) > versions.MAXIMUM_SEGMENT
        long = tick - segment.first_tick >= versions.MAXIMUM_SEGMENT_MS - FLUSH_MS and self._until is None
        if full or (long and count < len(self._agent.scratch)):
            segment.end(tick)
            self._segment = Segment(
                agent.board.card, agent.folder, self.number, segment.number + 1, agent.board.capture, tick
            )
            self._ended.append(segment)
            agent.add_job(self._rotate(tick))

    def _checkpoint(self, segment: Segment, values: dict):
        """Generator: a signed CHECKPOINT beside the segment, unless it ended meanwhile."""
        if segment is not self._segment:
            return
        statement = yield from self._agent.journal.signer.sign_statement(statements.TYP_CHECKPOINT, values)
        if segment is not self._segment:
            return
        try:
            segment.add_checkpoint(statement)
        except OSError as error:
            self._card_failed(segment, error)

    def _rotate(self, tick: int):
        """Generator: seals the segment that ended, and changes the key when that is due."""
        yield from self._seal_ended()
        reason = chain.epoch_is_due(self._agent.journal, tick)
        if reason is not None:
            yield from self._agent.journal.change_epoch(reason)

    def _seal_ended(self):
        """Generator: seals what has ended, in order; a stop may come to it before the job that rotation asked for."""
        while self._ended:
            yield from self._seal(self._ended[0])
            self._ended.pop(0)  # once the journal has it

    def _seal(self, segment: Segment):
        """Generator: closes a segment, makes SEGMENT durable, then removes the checkpoints that it replaces."""
        agent = self._agent
        try:
            body = segment.body or segment.close(agent.journal.boot)
        except OSError:
            segment.abandon()
            agent.lose_card()
            yield from self._fault(segment.number, segment.length)
            return
        yield
        yield from agent.journal.append(kinds.SEGMENT, body)
        self._sealed += 1
        agent.anchors.note(self.start_sequence, segment.number, segment.length, segment.last_tick)
        agent.backlog.add(segment.length)
        try:
            agent.board.card.remove(segment.stem + card.CHECKPOINTS)
        except OSError:
            return  # the card went just now; stale checkpoints beside a sealed segment say nothing
        yield from agent.mirror.catch_up(agent.journal)

    def _fault(self, number: int, length: int, what: int = codes.FAULT_STORAGE):
        """Generator: a segment of `length` bytes could not be captured, written or closed."""
        body = {"what": what, "recording": self.number, "segment": number, "values": [length]}
        yield from self._agent.journal.append(kinds.FAULT, body)

    def _card_failed(self, segment: Segment, error: OSError) -> None:
        """The card gave an error while recording: what is on it stays as it is, and the journal says so."""
        agent = self._agent
        agent.board.capture.stop()
        if self._until is None:
            self._until = agent.moments.now()
        self._segment = None
        self._broken = segment
        segment.abandon()
        agent.lose_card()
        if not agent.board.card.present():
            self._cause = codes.CAUSE_MEDIUM_SWAPPED
        else:
            self._cause = codes.CAUSE_STORAGE_FULL if error.args[:1] == (_NO_SPACE,) else codes.CAUSE_EQUIPMENT_FAULT
        agent.add_job(self._interrupt())

    def _interrupt(self):
        """Generator: ends the recording whose card failed, unless a stop already has."""
        agent = self._agent
        segment = self._broken
        if segment is None or self._until is None:
            return
        self._broken = None
        yield from self._seal_ended()
        yield from self._fault(segment.number, segment.length)
        body = telemetry.interrupt(agent, self.number, self._cause, agent.journal.boot, self._until, None)
        yield from agent.journal.append(kinds.INTERRUPT, body)
        yield from self._end(codes.STOP_FAULT, self._until)
