"""The card that is in: mounting it, its identity, the recorder's folder on it; MEDIUM when it goes or comes, and FAULT
when it cannot be used.

Specification: "The card", "Entry kinds" (MEDIUM, FAULT). A card is never formatted, whatever is on it.
"""

from evidock_agent import glance, on_demand, telemetry
from evidock_protocol import card, codes, kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent


def attach(agent: "Agent"):
    """Generator: mounts the card and returns its identity, made when it has none; None without a usable card.

    Why a card that is in the slot is not usable, idle time writes down later (`Tidying.card_fault`).
    """
    cards = agent.board.card
    present = cards.present()
    fault = codes.MEDIUM_UNREADABLE
    identity = None
    try:
        if cards.mount():
            fault = codes.MEDIUM_REFUSES
            identity = _identity(agent)
            agent.folder = card.device_folder(agent.journal.device)
            cards.make_folder(agent.folder)
            yield from agent.mirror.attach(agent.folder, agent.journal)
            yield from _finish_deletions(agent)
            agent.tidying.card_fault = 0
            return identity
    except OSError:  # a card that cannot be written is no card
        agent.mirror.detach()
        detach(agent)
    agent.tidying.card_fault = fault if present and cards.present() else 0
    return None


def _finish_deletions(agent: "Agent"):
    """Generator: what TOMBSTONE says and a cut left on the card. OSError when the card fails."""
    for raw in glance.each(agent.journal, kinds.TOMBSTONE):
        if raw:
            from evidock_agent import unlinking

            yield from unlinking.finish(agent)
            on_demand.let_go(on_demand.DELETION)
            return
        yield


def _identity(agent: "Agent") -> bytes:
    """The card's id. OSError when it has none and refuses one."""
    cards = agent.board.card
    cards.make_folder(card.ROOT)
    path = card.ROOT + "/" + card.IDENTITY
    if cards.size(path) != 16:
        identity = bytearray(16)
        agent.board.random.fill(identity)
        with cards.open(path, "wb") as file:
            file.write(identity)
    with cards.open(path, "rb") as file:
        return bytes(file.read(16))


def detach(agent: "Agent") -> None:
    """Lets go of the card, should it still be there."""
    try:
        agent.board.card.unmount()
    except OSError:  # it was pulled, or never mounted
        return


def write_medium(agent: "Agent", old: bytes | None):
    """Generator: MEDIUM, when another card is in than `old`, or none."""
    return _write(agent, old, agent.card_identity)


def write_fault(agent: "Agent", fault: int):
    """Generator: FAULT about the card that is in."""
    body = {"what": codes.FAULT_MEDIUM, "recording": agent.recording, "segment": None, "values": [fault]}
    yield from agent.journal.append(kinds.FAULT, body, spare=True)


def change(agent: "Agent", was_out: bool):
    """Generator: takes up whatever card is in now, while nothing records.

    `was_out`: the slot was seen empty since the journal last told of a card; the same card is then two entries.
    """
    old = agent.card_identity
    agent.line.forget_card()
    agent.mirror.detach()
    detach(agent)
    agent.card_identity = yield from attach(agent)
    while (yield from agent.tidying.make_ready()):  # a full journal waits for nothing but a card
        yield
    if was_out and old is not None and agent.card_identity is not None:
        yield from _write(agent, old, None)
        old = None
    if agent.card_identity != old:
        yield from write_medium(agent, old)
    yield from agent.mirror.catch_up(agent.journal)
    agent.interruptions.card_came()


def _write(agent: "Agent", old: bytes | None, new: bytes | None):
    now = telemetry.read(agent)
    body = {"old": old, "new": new, "storage_free": now["storage_free"], "storage_total": now["storage_total"]}
    yield from agent.journal.append(kinds.MEDIUM, body)
