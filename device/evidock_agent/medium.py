"""The card that is in: mounting it, its identity, the recorder's folder on it, and MEDIUM when it is another.

Specification: "The card", "Entry kinds" (MEDIUM).
"""

from evidock_agent import telemetry
from evidock_protocol import card, kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent


def attach(agent: "Agent"):
    """Generator: mounts the card and returns its identity, made when it has none; None without a usable card."""
    cards = agent.board.card
    try:
        if not cards.mount():
            return None
        cards.make_folder(card.ROOT)
        path = card.ROOT + "/" + card.IDENTITY
        if cards.size(path) != 16:
            identity = bytearray(16)
            agent.board.random.fill(identity)
            with cards.open(path, "wb") as file:
                file.write(identity)
        with cards.open(path, "rb") as file:
            identity = bytes(file.read(16))
        agent.folder = card.device_folder(agent.journal.device)
        cards.make_folder(agent.folder)
        yield from agent.mirror.attach(agent.folder, agent.journal)
        return identity
    except OSError:  # a card that cannot be written is no card; MEDIUM and CHECK say so
        agent.mirror.detach()
        detach(agent)
        return None


def detach(agent: "Agent") -> None:
    """Lets go of the card, should it still be there."""
    try:
        agent.board.card.unmount()
    except OSError:  # it was pulled, or never mounted
        return


def write_medium(agent: "Agent", old: bytes | None):
    """Generator: MEDIUM, when another card is in, or none."""
    now = telemetry.read(agent)
    body = {
        "old": old,
        "new": agent.card_identity,
        "storage_free": now["storage_free"],
        "storage_total": now["storage_total"],
    }
    yield from agent.journal.append(kinds.MEDIUM, body)


def change(agent: "Agent"):
    """Generator: takes up whatever card is in now, while nothing records."""
    old = agent.card_identity
    agent.line.forget_card()
    agent.mirror.detach()
    detach(agent)
    agent.card_identity = yield from attach(agent)
    while (yield from agent.tidying.make_ready()):  # a full journal waits for nothing but a card
        yield
    if agent.card_identity != old:
        yield from write_medium(agent, old)
    yield from agent.mirror.catch_up(agent.journal)
