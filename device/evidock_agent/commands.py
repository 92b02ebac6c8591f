"""Carries out the host's signed commands: clock, issue, return, check, exemption.

Specification: "Statements" (arguments), "Messages" (COMMAND), "Session". Loaded on demand: a session has few of them.
"""

from evidock_agent import exemption, moment
from evidock_agent.journal import RESERVE, JournalFull
from evidock_agent.tallies import host_body
from evidock_protocol import cbor, codes, kinds, messages, private
from evidock_protocol.errors import ProtocolError
from evidock_protocol.wire import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent
    from evidock_agent.session import Session

CLOCK_STEP_BACK_MS = 5000  # a host may correct drift of this much; more is stepping back

# operation, role that it needs, place of its first commitment in the arguments, labels of the commitments from there on
_OPERATIONS = (
    (codes.OPERATION_SET_TIME, codes.ROLE_TIME, 0, ()),
    (codes.OPERATION_ISSUE, codes.ROLE_ISSUE, 0, (codes.LABEL_OFFICER, codes.LABEL_UNIT)),
    (codes.OPERATION_RETURN, codes.ROLE_ISSUE, 0, (codes.LABEL_OFFICER, codes.LABEL_UNIT)),
    (codes.OPERATION_CHECK, codes.ROLE_PULL, 0, ()),
    (codes.OPERATION_EXEMPT, codes.ROLE_ISSUE, 2, (codes.LABEL_OFFICER, codes.LABEL_APPROVER)),
)


def carry_out(agent: "Agent", session: "Session", raw: bytes, openings: bytes | None):
    """Generator: checks one command and does it; returns the sequence of the entry that keeps it. Raises Refusal.

    Nothing in a refusal's text comes from `openings`.
    """
    command = yield from session.command(agent, raw)
    operation, arguments = command["operation"], command["arguments"]
    for number, role, first, labels in _OPERATIONS:
        if number == operation:
            session.require(role)
            opened = _open(arguments[first:], labels, openings)
            break
    else:
        raise Refusal(messages.UNSUPPORTED, "operation %d" % operation)
    if operation == codes.OPERATION_SET_TIME:
        sequence = yield from _set_time(agent, raw, arguments[0])
    elif operation == codes.OPERATION_EXEMPT:
        sequence = yield from _exempt(agent, raw, arguments[0], arguments[1], opened)
    elif operation == codes.OPERATION_CHECK:
        body = host_body(codes.HOST_COMMANDED, session.host())
        body["statement"] = raw
        sequence = yield from agent.journal.append(kinds.HOST, body, spare=True)
    else:
        kind = kinds.ISSUE if operation == codes.OPERATION_ISSUE else kinds.RETURN
        sequence = yield from agent.journal.append(kind, {"order": raw}, ready=opened, spare=True)
    session.note_command(command)  # its entry is durable: it is not taken again
    if operation == codes.OPERATION_CHECK:
        from evidock_agent import check

        yield from check.run(agent, codes.CHECK_ON_REQUEST)
    elif operation == codes.OPERATION_RETURN:
        yield from agent.journal.change_epoch(codes.EPOCH_RETURN)
    return sequence


def _open(commitments: list, labels: tuple, openings: bytes | None) -> list:
    """The openings that come with a command, each of a number: exactly those that its arguments commit to."""
    expected = [(labels[at], commitments[at]) for at in range(len(labels)) if commitments[at] is not None]
    raws, found = [], []
    if openings is not None:
        try:
            decoded = cbor.decode(openings)
            for label, value, commitment in private.parse_record([0, decoded])[1]:
                found.append((label, commitment))
                if isinstance(value, str):
                    raise Refusal(messages.MALFORMED, "an opening holds text: people and units are numbers")
            raws = decoded if isinstance(decoded, list) else []  # it is one, or would have been malformed
        except ProtocolError:
            raise Refusal(messages.MALFORMED, "openings are malformed")
    if found != expected:
        raise Refusal(messages.MALFORMED, "openings do not fit the commitments")
    return raws


def _set_time(agent: "Agent", raw: bytes, new: int):
    if not moment.is_plausible(new):
        raise Refusal(messages.OUT_OF_RANGE, "time out of range")
    old = agent.moments.wall()
    # A lost clock too must not open the past: what was signed stands.
    if new < max(old[1], agent.journal.wall_ms) - CLOCK_STEP_BACK_MS:
        raise Refusal(messages.WRONG_ROLE, "setting the clock back needs the organisation's signature")
    if agent.journal.ring.room() < RESERVE:
        raise JournalFull()  # before the clock is set
    agent.moments.set_from_host(new)
    body = {"old": old, "new": agent.moments.wall(), "source": codes.CLOCK_FROM_HOST, "order": raw}
    sequence = yield from agent.journal.append(kinds.CLOCK, body, spare=True)
    return sequence


def _exempt(agent: "Agent", raw: bytes, class_: int, begins: bool, opened: list[bytes]):
    if class_ not in exemption.CLASSES:
        raise Refusal(messages.OUT_OF_RANGE, "no class %d of exemption" % class_)
    if begins:
        sequence = yield from exemption.declare(agent, class_, raw, opened)
        # After the answer: sealing what an encoder recorded may take longer than a host waits.
        agent.add_job(agent.recorder.stop(codes.STOP_EXEMPT))
    elif agent.exempt == class_:
        sequence = yield from exemption.end(agent, raw, opened)
    else:
        raise Refusal(messages.OUT_OF_RANGE, "no exemption of class %d is in force" % class_)
    return sequence
