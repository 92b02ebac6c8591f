"""How a recording begins: with the card that is in, it ends an exemption, takes a number that nothing on the card has,
and START says so.

Specification: "Entry kinds" (START, EXEMPT), "The card".
"""

from evidock_agent import on_demand, telemetry
from evidock_agent.journal import RESERVE, JournalFull
from evidock_protocol import card, kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent


_BOTH = 1024  # bytes that EXEMPT and START take at most


def announce(agent: "Agent", reason: int):
    """Generator: START durable; returns (sequence, its named fields). Raises JournalFull."""
    yield from agent.tidying.take_up_card()
    if agent.exempt:
        if agent.journal.ring.room() < RESERVE + _BOTH:
            raise JournalFull()  # before the exemption is over: there would be neither
        yield from _end_exemption(agent)
    number = yield from _free_number(agent)
    now = telemetry.read(agent)
    bits = 0
    for track in agent.recorder.tracks:
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
    sequence = yield from agent.journal.append(kinds.START, body, spare=True)
    return sequence, body


def _free_number(agent: "Agent"):
    """Generator: the number of the next recording, a look at the card a slice: somebody may have put many there."""
    number = agent.recorder.number + 1
    try:
        while agent.card_identity is not None and agent.board.card.names(
            agent.folder + "/" + card.recording_folder(number)
        ):
            number += 1  # whatever lies there, it is not written over
            yield
    except OSError:  # the card went just now; opening the segment will say so
        agent.lose_card()
    return number


def _end_exemption(agent: "Agent"):
    from evidock_agent import exemption

    try:
        yield from exemption.end(agent)
    finally:
        on_demand.let_go(on_demand.BOOT)
