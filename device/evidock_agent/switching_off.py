"""Switching off in order: the recording ends, the card's copy of the journal is brought up to date, OFF says why.

Specification: "Entry kinds" (OFF). Loaded on demand.
"""

from evidock_agent import rings, telemetry
from evidock_agent.journal import JournalFull
from evidock_protocol import codes, kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent


def on_press(agent: "Agent"):
    """Generator: the officer switches off, and so takes back what was to go on."""
    return _off(agent, codes.OFF_BUTTON, codes.STOP_POWER_OFF, None)


def on_empty_battery(agent: "Agent"):
    """Generator: the battery is about to end."""
    return _off(agent, codes.OFF_BATTERY_LOW, codes.STOP_BATTERY_LOW, codes.CAUSE_BATTERY_LOW)


def _off(agent: "Agent", reason: int, stop: int, cause: int | None):
    try:
        if agent.provisioned and agent.failed is None:
            yield from agent.recorder.stop(stop, cause)
            if reason == codes.OFF_BUTTON:
                agent.interruptions.officer_ended()
            yield from agent.refusals.write_pending(agent)
            yield from agent.mirror.catch_up(agent.journal)
            now = telemetry.read(agent)
            body = {
                "reason": reason,
                "battery": now["battery"],
                "millivolts": now["millivolts"],
                "storage_free": now["storage_free"],
            }
            yield from agent.journal.append(kinds.OFF, body)
    except (JournalFull, rings.RingFull):  # no room to say so; it is switched off all the same
        agent.journal_full = True
    agent.off = True
    agent.show_state()
    agent.board.power_off()
    yield
