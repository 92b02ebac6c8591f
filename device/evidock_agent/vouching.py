"""Says how far open segments have got: CHECKPOINTs beside them on the card, anchors in internal flash.

Specification: "Statements" (CHECKPOINT), "Internal flash" (anchor ring). Each round gives every open segment a
CHECKPOINT and one of them an anchor, in turn: so the anchor ring lasts as long whatever the number of tracks.
"""

from evidock_protocol import statements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent
    from evidock_agent.segment import Segment


class Vouching:
    """Vouches for the flushed segments of the recording that runs."""

    def __init__(self, agent: "Agent"):
        self._agent = agent
        self._start_hash = b""
        self._turn = 0  # rounds so far

    def begin(self, start_hash: bytes) -> None:
        """A recording begins with this START."""
        self._start_hash = start_hash
        self._turn = 0

    def go_round(self, segments: list, tick: int) -> None:
        """One round over the open segments of all tracks. OSError when the card fails."""
        inline = [segment for segment in segments if segment.inline]
        for segment in inline:
            self.checkpoint(segment, tick)
        if inline:
            segment = inline[self._turn % len(inline)]
            self._turn += 1
            agent = self._agent
            agent.anchors.note(agent.recorder.start_sequence, segment.number, segment.length, tick)

    def checkpoint(self, segment: "Segment", tick: int) -> None:
        """Asks for a CHECKPOINT. OSError when the card fails."""
        segment.flush_leaves()
        agent = self._agent
        # What it vouches for is durable now; a job that waits for its turn would vouch for what is not. Without a whole
        # leaf it still counts the frames.
        values = segment.checkpoint_values(agent.journal.device, self._start_hash, agent.journal.boot, tick)
        agent.add_job(self._write(segment, values))

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
