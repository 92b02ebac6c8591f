"""Says how far open segments have got: CHECKPOINTs beside them on the card, anchors in internal flash.

Specification: "Statements" (CHECKPOINT), "Internal flash" (anchor ring). Each round gives every open segment a
CHECKPOINT and one of them an anchor, in turn: so the anchor ring lasts as long whatever the number of tracks. When half
of the ring is used, only every fourth round gives one.
"""

from evidock_protocol import codes, kinds, statements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent
    from evidock_agent.segment import Segment

_SPARING = 4  # rounds for each anchor when the ring runs short


class Vouching:
    """Vouches for the flushed segments of the recording that runs."""

    def __init__(self, agent: "Agent"):
        self._agent = agent
        self._start_hash = b""
        self._rounds = 0
        self._turn = 0  # anchors so far
        self._is_told = False  # that the ring is full

    def begin(self, start_hash: bytes) -> None:
        """A recording begins with this START."""
        self._start_hash = start_hash
        self._rounds = self._turn = 0
        self._is_told = False

    def go_round(self, segments: list, tick: int) -> None:
        """One round over the open segments of all tracks. OSError when the card fails."""
        inline = [segment for segment in segments if segment.inline]
        for segment in inline:
            self.checkpoint(segment, tick)
        agent = self._agent
        if inline and self._rounds % (_SPARING if agent.anchors.runs_short else 1) == 0:
            segment = inline[self._turn % len(inline)]
            self._turn += 1
            agent.anchors.note(agent.recorder.start_sequence, segment.number, segment.length, tick)
            if agent.anchors.is_full and not self._is_told:
                self._is_told = True
                agent.add_job(self._tell_full())
        self._rounds += 1

    def checkpoint(self, segment: "Segment", tick: int) -> None:
        """Asks for a CHECKPOINT of what is flushed."""
        agent = self._agent
        # What it vouches for is durable now; a job that waits for its turn would vouch for what is not. Without a whole
        # leaf it still counts the frames.
        values = segment.checkpoint_values(agent.journal.device, self._start_hash, agent.journal.boot, tick)
        agent.add_job(self._write(segment, values))

    def _tell_full(self):
        """Generator: FAULT, once in a recording: from here on no anchor says how far it got."""
        agent = self._agent
        body = {"what": codes.FAULT_ANCHORS_FULL, "recording": agent.recording, "segment": None, "values": []}
        yield from agent.journal.append(kinds.FAULT, body, spare=True)

    def _write(self, segment: "Segment", values: dict):
        """Generator: a signed CHECKPOINT beside the segment, unless SEGMENT is there meanwhile, or the card gone."""
        recorder = self._agent.recorder
        if not recorder.is_due(segment):
            return
        statement = yield from self._agent.journal.signer.sign_statement(statements.TYP_CHECKPOINT, values)
        if not recorder.is_due(segment):
            return
        try:
            segment.add_checkpoint(statement)
        except OSError as error:
            recorder.card_failed(error)
