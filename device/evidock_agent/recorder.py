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

CAPTURE_BUFFER = 4096  # bytes read from the source and written to the card at once
FLUSH_MS = 1000
CHECKPOINT_MS = 5000
STORAGE_FLOOR_KIB = 2048  # recording stops before the file system is hurt


class Recorder:
    """The recording that runs, if one does. `number` counts recordings for the recorder's life."""

    def __init__(self, agent: "Agent"):
        self._agent = agent
        self._buffer = memoryview(bytearray(CAPTURE_BUFFER))
        self.number = 0  # of the newest recording
        self.active = False
        self.start_sequence = 0
        self._start_hash = b""
        self._segment: Segment | None = None
        self._closed = 0  # segments closed in this recording
        self._unsealed = 0  # of these, not yet in the journal
        self._flushed = 0
        self._last_tick = 0

    def is_sealed(self, recording: int, number: int) -> bool:
        """Whether a segment may be handed out: its SEGMENT entry is durable."""
        if not self.active or recording != self.number:
            return True
        return number <= self._closed - self._unsealed

    def start(self, reason: int):
        """Generator: START durable, then capture."""
        agent = self._agent
        if self.active:
            return
        now = telemetry.read(agent)
        body = {
            "recording": self.number + 1,
            "reason": reason,
            "tracks": codes.TRACK_SOUND,
            "card": agent.card_identity,
            "battery": now["battery"],
            "storage_free": now["storage_free"],
            "handover": None,
        }
        self.start_sequence = yield from agent.journal.append(kinds.START, body, spare=True)
        self._start_hash = agent.journal.newest
        self.number += 1
        self._closed = 0
        self._unsealed = 0
        agent.board.capture.start()
        tick = agent.moments.now()
        try:
            self._segment = Segment(agent.board.card, agent.folder, self.number, 1, agent.board.capture, tick)
        except OSError:
            agent.board.capture.stop()
            yield from self._give_up(tick)
            return
        self.active = True
        self._flushed = tick
        self._last_tick = tick
        agent.show_state()

    def pump(self) -> int:
        """Moves captured bytes to the card and starts what is due. Returns the bytes moved; 0 when there were none."""
        segment = self._segment
        if segment is None or not self.active:
            return 0
        agent = self._agent
        try:
            count = agent.board.capture.readinto(self._buffer)
            if count:
                segment.write(self._buffer[:count])
            self._housekeep(segment, agent.moments.now(), count)
        except OSError:
            self._card_failed(segment)
            return 0
        return count

    def stop(self, reason: int):
        """Generator: last bytes, SEGMENT, STOP, and a new epoch."""
        agent = self._agent
        if not self.active:
            return
        agent.board.capture.stop()
        tick = agent.moments.now()
        while self.pump():
            yield
        segment = self._segment
        if segment is None:
            return  # the card failed; the interruption's job ends the recording
        self._segment = None
        self._closed += 1
        self._unsealed += 1
        yield from self._seal(segment, tick)
        yield from self._end(reason, tick)

    def _end(self, reason: int, tick: int):
        agent = self._agent
        self.active = False
        now = telemetry.read(agent)
        body = {
            "recording": self.number,
            "reason": reason,
            "segments": self._closed,
            "last_tick": tick,
            "boot": agent.journal.boot,
            "battery": now["battery"],
            "storage_free": now["storage_free"],
        }
        yield from agent.journal.append(kinds.STOP, body)
        yield from agent.journal.change_epoch(codes.EPOCH_STOP)
        agent.show_state()

    def _housekeep(self, segment: Segment, tick: int, count: int) -> None:
        agent = self._agent
        if tick - self._flushed >= FLUSH_MS:
            segment.flush()
            self._flushed = tick
        if tick - segment.checkpoint_tick >= CHECKPOINT_MS:
            segment.checkpoint_tick = tick
            segment.flush()
            segment.flush_leaves()
            agent.anchors.note(self.start_sequence, segment.number, segment.length, tick)
            agent.add_job(self._checkpoint(segment, tick))
            if agent.board.card.space()[0] < STORAGE_FLOOR_KIB or agent.journal.ring.room() < chain.RESERVE:
                agent.add_job(self.stop(codes.STOP_STORAGE_FULL))
        # A segment ends where the source is drained, so that its samples fill its time.
        full = segment.length + CAPTURE_BUFFER > versions.MAXIMUM_SEGMENT
        if full or (tick - segment.first_tick >= versions.MAXIMUM_SEGMENT_MS - FLUSH_MS and count < CAPTURE_BUFFER):
            self._closed += 1
            self._unsealed += 1
            self._segment = Segment(
                agent.board.card, agent.folder, self.number, segment.number + 1, agent.board.capture, tick
            )
            agent.add_job(self._seal(segment, tick))
            reason = chain.epoch_is_due(agent.journal, tick)
            if reason is not None:
                agent.add_job(agent.journal.change_epoch(reason))

    def _checkpoint(self, segment: Segment, tick: int):
        """Generator: a signed CHECKPOINT beside the segment, unless it was closed meanwhile."""
        if segment is not self._segment or not segment.tree.size:
            return
        agent = self._agent
        values = segment.checkpoint_values(agent.journal.device, self._start_hash, agent.journal.boot, tick)
        statement = yield from agent.journal.signer.sign_statement(statements.TYP_CHECKPOINT, values)
        if segment is self._segment:
            segment.add_checkpoint(statement)

    def _seal(self, segment: Segment, tick: int):
        """Generator: closes a segment, makes SEGMENT durable, then removes the checkpoints that it replaces."""
        agent = self._agent
        try:
            body = segment.close(agent.journal.boot, tick)
        except OSError:
            segment.abandon()
            yield from self._fault(segment.number, segment.length)
            return
        yield
        yield from agent.journal.append(kinds.SEGMENT, body)
        self._unsealed -= 1
        agent.anchors.note(self.start_sequence, segment.number, segment.length, tick)
        agent.backlog.add(segment.length)
        try:
            agent.board.card.remove(segment.stem + card.CHECKPOINTS)
        except OSError:
            return  # the card went just now; stale checkpoints beside a sealed segment say nothing
        yield from agent.mirror.catch_up(agent.journal)

    def _fault(self, number: int, length: int):
        """Generator: a segment of `length` bytes could not be written or closed."""
        body = {"what": codes.FAULT_STORAGE, "recording": self.number, "segment": number, "values": [length]}
        yield from self._agent.journal.append(kinds.FAULT, body)

    def _card_failed(self, segment: Segment) -> None:
        """The card gave an error while recording: what is on it stays for recovery, and the journal says so."""
        agent = self._agent
        agent.board.capture.stop()
        self._segment = None
        segment.abandon()
        agent.add_job(self._interrupt(segment, agent.moments.now()))

    def _interrupt(self, segment: Segment, tick: int):
        agent = self._agent
        yield from self._fault(segment.number, segment.length)
        cause = codes.CAUSE_EQUIPMENT_FAULT if agent.board.card.present() else codes.CAUSE_MEDIUM_SWAPPED
        body = telemetry.interrupt(agent, self.number, cause, agent.journal.boot, tick, None)
        yield from agent.journal.append(kinds.INTERRUPT, body)
        yield from self._end(codes.STOP_FAULT, tick)

    def _give_up(self, tick: int):
        """Generator: the first segment could not be opened."""
        yield from self._fault(1, 0)
        yield from self._end(codes.STOP_FAULT, tick)
