"""Whether this recorder may be given away: all that it holds must be elsewhere before its flash is erased.

Specification: "Orders" (reset), "Provisioning: the order of durable steps". Loaded on demand.
"""

from evidock_agent import glance
from evidock_protocol import codes, entry, kinds, messages, statements
from evidock_protocol.errors import ProtocolError
from evidock_protocol.wire import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent

_AT_ONCE = 32  # segments that one look at the receipts is for: a ring has hundreds, and memory is short


def check(agent: "Agent"):
    """Generator: raises Refusal while a segment is in no receipt of the ring, or an entry not on the card that is in.

    A recorder that has failed takes up no card: the organisation ordered RESET when it still did.
    """
    held = yield from _are_receipted(agent)
    yield from agent.mirror.catch_up(agent.journal)
    if agent.recorder.active or agent.recorder.is_sealing or not held:
        raise Refusal(messages.BUSY, "it records, or has segments that no receipt lists")
    if agent.failed is None and (not agent.mirror.usable or agent.mirror.end < agent.journal.size):
        raise Refusal(messages.BUSY, "no card that has all entries of the journal is in")


def _are_receipted(agent: "Agent"):
    """Generator: whether a receipt lists each SEGMENT of the ring with its root."""
    wanted: set[tuple[int, int, bytes]] = set()
    for raw in glance.each(agent.journal, kinds.SEGMENT):
        if raw:
            body = entry.parse(raw).body
            wanted.add((body["recording"], body["number"], body["root"]))
        if len(wanted) >= _AT_ONCE:
            yield from _take_off(agent, wanted)
            if wanted:
                return False
        yield
    yield from _take_off(agent, wanted)
    return not wanted


def _take_off(agent: "Agent", wanted: set[tuple[int, int, bytes]]):
    """Generator: removes what receipts list."""
    for raw in glance.each(agent.journal, kinds.HOST):
        if not wanted:
            return
        if raw:
            body = entry.parse(raw).body
            if body["event"] == codes.HOST_RECEIPTED:
                try:
                    _sealed, values = entry.parse_statement(body["statement"], statements.TYP_RECEIPT)
                except ProtocolError:  # of a later format
                    continue
                wanted.difference_update([tuple(segment) for segment in values["segments"]])
        yield
