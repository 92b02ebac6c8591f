"""Segments that ended, until the journal has them: files are finished in slices beside everything else, then SEGMENT
and FAULT are written in the order of the segments' numbers.

Specification: "Entry kinds" (SEGMENT, FAULT). A long file of an encoder is hashed while the next segments are recorded;
it must not hold up a CHECKPOINT, so only what the journal says is a job.
"""

from evidock_agent import journal as chain
from evidock_protocol import card, codes, kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from evidock_agent.agent import Agent

_WORKING, _FINISHED, _BROKEN = 0, 1, 2  # how a file stands; broken: the card failed


class _Ended:
    """A segment of any kind (`tracks.Track.end`), and how far its file is finished."""

    def __init__(self, segment: "Any"):
        self.segment = segment
        self.state = _WORKING
        self.steps = None
        self.body: dict | None = None


class Sealing:
    """What ended in the recording that runs. `sealed` counts its SEGMENT entries."""

    def __init__(self, agent: "Agent"):
        self._agent = agent
        self._ended: list[_Ended] = []  # in the order of their numbers
        self.sealed = 0
        self.told = 0  # the highest number of which the journal has said what became of it

    @property
    def is_busy(self) -> bool:
        """Whether a file is not finished yet."""
        return self._next() is not None

    @property
    def has_any(self) -> bool:
        """Whether any is left of which the journal does not tell yet."""
        return bool(self._ended)

    def begin(self) -> None:
        """A recording begins."""
        self.sealed = self.told = 0

    def add(self, segment: "Any") -> None:
        """Takes over a segment that ended."""
        self._ended.append(_Ended(segment))

    def step(self) -> bool:
        """One slice of finishing files; False when it waits for a source or there is nothing to do."""
        ended = self._next()
        if ended is None:
            return False
        agent = self._agent
        try:
            if ended.steps is None:
                ended.steps = ended.segment.seal_steps(agent.journal.boot)
            return not next(ended.steps)
        except StopIteration as stop:
            ended.body = stop.value
            ended.state = _FINISHED
        except OSError:
            ended.segment.abandon()
            ended.state = _BROKEN
            agent.lose_card()
        ended.steps = None
        agent.add_job(self._report())
        return True

    def finish(self):
        """Generator: finishes all that ended and tells the journal, however long the sources take; other jobs go on."""
        while self._next() is not None:
            self.step()
            yield True
        yield from self.tell()

    def tell(self):
        """Generator: writes what became of each segment, up to the first whose file is not finished."""
        while self._ended and self._ended[0].state != _WORKING:
            ended = self._ended[0]
            yield from self._tell(ended.segment, ended)
            self._ended.pop(0)  # once the journal has it

    def _report(self):
        """Generator: tells the journal, and changes the key when that is due."""
        yield from self.tell()
        journal = self._agent.journal
        reason = chain.epoch_is_due(journal, self._agent.moments.now())
        if reason is not None:
            yield from journal.change_epoch(reason)

    def _next(self) -> _Ended | None:
        """The file to be finished now: those with open handles go before an encoder's, which may take a while."""
        found = None
        for ended in self._ended:
            if ended.state == _WORKING:
                if ended.segment.inline:
                    return ended
                found = found or ended
        return found

    def _tell(self, segment: "Any", ended: _Ended):
        agent = self._agent
        faults = segment.faults
        while faults:
            reason = min(faults)
            values = [reason, faults[reason]]
            yield from write_fault(agent, codes.FAULT_CAPTURE, segment.recording, segment.number, values)
            del faults[reason]
        if ended.state == _BROKEN:
            yield from write_fault(agent, codes.FAULT_STORAGE, segment.recording, segment.number, [segment.length])
        if ended.body is None:
            self.told = segment.number
            return
        yield from agent.journal.append(kinds.SEGMENT, ended.body)
        self.told = segment.number  # durable: only now may the segment be handed out
        self.sealed += 1
        length = ended.body["length"]
        agent.anchors.note(agent.recorder.start_sequence, segment.number, length, segment.last_tick)
        agent.backlog.add(length)
        try:
            agent.board.card.remove(segment.stem + card.CHECKPOINTS)
        except OSError:
            return  # the card went just now; stale checkpoints beside a sealed segment say nothing
        yield from agent.mirror.catch_up(agent.journal)


def write_fault(agent: "Agent", what: int, recording: int, segment: int, values: list[int]):
    """Generator: FAULT about one segment."""
    body = {"what": what, "recording": recording, "segment": segment, "values": values}
    yield from agent.journal.append(kinds.FAULT, body)
