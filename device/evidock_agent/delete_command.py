"""The host's command to delete a segment: whether it is lawful.

Specification: "Deletion on the recorder". Loaded on demand, with `commands`.
"""

from evidock_agent import deletion, unlinking
from evidock_protocol import messages
from evidock_protocol.wire import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent

_LARGEST = 9999999  # number of a recording or segment that a file can bear


def judge(agent: "Agent", recording: int, number: int, root: bytes, receipt: bytes):
    """Generator: a host's command; the Lawful deletion that it is. Raises Refusal. Other jobs may run meanwhile."""
    _check_idle(agent)
    identity = agent.card_identity
    absent = Refusal(messages.NO_SUCH_SEGMENT, "no such segment on this card")
    if identity is None or not 1 <= recording <= _LARGEST or not 1 <= number <= _LARGEST:
        raise absent
    try:
        found, path, _other = yield from deletion.gently(unlinking.look(agent, recording, number))
        if not path or found != root:
            raise absent
        oldest = deletion.oldest(agent, recording)
    except OSError:
        agent.lose_card()
        raise Refusal(messages.STORAGE, "the card could not be read")
    if oldest != number:
        raise Refusal(messages.OUT_OF_RANGE, "segment %d of this recording is older" % oldest)
    listed = yield from deletion.receipts(agent, recording, number, root)
    _check_idle(agent)
    if agent.card_identity != identity:
        raise absent
    for host_entry, given, _host in listed:
        if given == receipt and deletion.are_enough(agent, listed):
            return deletion.Lawful(recording, number, root, receipt, host_entry)
    raise Refusal(messages.OUT_OF_RANGE, "the journal has no such receipt, or one of too few hosts")


def _check_idle(agent: "Agent") -> None:
    if agent.recorder.active:
        raise Refusal(messages.BUSY, "nothing is deleted while something records")
    server = agent.line.server
    if server is not None and server.transfer.busy():
        raise Refusal(messages.BUSY, "media are on their way")
