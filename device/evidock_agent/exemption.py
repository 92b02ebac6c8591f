"""Lawful non-recording: how it begins, by a press or by the host's command, and how it ends.

Specification: "Entry kinds" (EXEMPT). `agent.exempt` is the class in force, 0 for none.
A boot ends it without an entry.
"""

from evidock_protocol import codes, kinds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent

CLASSES = (codes.EXEMPT_SECRET_INVESTIGATION, codes.EXEMPT_SECRET_OR_PRIVACY, codes.EXEMPT_EMERGENCY)


def begin(agent: "Agent", class_: int, order: bytes | None = None, openings: list[bytes] | None = None):
    """Generator: EXEMPT, which ends one of another class first; then the recording that it ends is stopped.

    `order` is the signed command, with the `openings` of its private fields; None for a press, which does nothing while
    this class is in force. Returns EXEMPT's sequence, or None.
    """
    if order is None and class_ == agent.exempt:
        return None
    sequence = yield from declare(agent, class_, order, openings)
    yield from agent.recorder.stop(codes.STOP_EXEMPT)
    return sequence


def declare(agent: "Agent", class_: int, order: bytes | None, openings: list[bytes] | None):
    """Generator: EXEMPT alone, and returns its sequence; the caller stops the recording next."""
    yield from end(agent)
    sequence = yield from _write(agent, class_, True, order, openings)
    agent.exempt = class_
    agent.interruptions.wait_no_more()
    agent.show_state()
    return sequence


def end(agent: "Agent", order: bytes | None = None, openings: list[bytes] | None = None):
    """Generator: EXEMPT says that it is over, and its sequence is returned; None when none is in force."""
    class_ = agent.exempt
    if not class_:
        return None
    sequence = yield from _write(agent, class_, False, order, openings)
    agent.exempt = 0
    agent.show_state()
    return sequence


def _write(agent: "Agent", class_: int, begins: bool, order: bytes | None, openings: list[bytes] | None):
    body = {"class": class_, "begins": begins, "recording": agent.recording if begins else None, "order": order}
    sequence = yield from agent.journal.append(kinds.EXEMPT, body, ready=openings, spare=True)
    return sequence
