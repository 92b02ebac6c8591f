"""Carries out the host's signed commands; configuration and firmware also where the organisation orders them.

Specification: "Statements" (arguments), "Messages" (COMMAND), "Session". Loaded on demand: a session has few of them.
"""

from evidock_agent import exemption, moment
from evidock_agent.journal import RESERVE, JournalFull
from evidock_agent.tallies import host_body
from evidock_protocol import cbor, codes, kinds, messages, private, rights
from evidock_protocol.errors import ProtocolError
from evidock_protocol.wire import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent
    from evidock_agent.session import Session

CLOCK_STEP_BACK_MS = 5000  # a host may correct drift of this much; more is stepping back

# operation, place of its first commitment in the arguments, labels of the commitments from there on
_COMMITMENTS = (
    (codes.OPERATION_ISSUE, 0, (codes.LABEL_OFFICER, codes.LABEL_UNIT)),
    (codes.OPERATION_RETURN, 0, (codes.LABEL_OFFICER, codes.LABEL_UNIT)),
    (codes.OPERATION_EXEMPT, 2, (codes.LABEL_OFFICER, codes.LABEL_APPROVER)),
)


def carry_out(agent: "Agent", session: "Session", raw: bytes, openings: bytes | None):
    """Generator: checks one command and does it; returns the sequence of the entry that keeps it. Raises Refusal.

    Nothing in a refusal's text comes from `openings`.
    """
    command = yield from session.command(agent, raw)
    operation, arguments = command["operation"], command["arguments"]
    role = rights.role_for(operation)
    if not role and rights.may_order(operation):
        raise Refusal(messages.WRONG_ROLE, "operation %d needs the organisation's order" % operation)
    if not role:
        raise Refusal(messages.UNSUPPORTED, "operation %d" % operation)
    session.require(role)
    opened = _opened(operation, arguments, openings)
    if operation == codes.OPERATION_SET_TIME:
        sequence = yield from _set_time(agent, raw, arguments[0])
    elif operation == codes.OPERATION_EXEMPT:
        sequence = yield from _exempt(agent, raw, arguments[0], arguments[1], opened)
    elif operation == codes.OPERATION_CONFIGURE:
        sequence = yield from configure(agent, raw, arguments[0], arguments[1])
    elif operation == codes.OPERATION_FIRMWARE:
        sequence = yield from firmware(agent, raw, arguments[0])
    elif operation == codes.OPERATION_DELETE:
        sequence = yield from _delete(agent, session, command, raw)
    elif operation == codes.OPERATION_CHECK:
        sequence = yield from _note_commanded(agent, session, raw)
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


def configure(agent: "Agent", raw: bytes, setting: int, value: int):
    """Generator: sets one setting, now and for every boot to come, as the command or order `raw` asks; returns the
    sequence of CONFIG. Raises Refusal, and nothing has changed then.
    """
    from evidock_agent import configuration
    from evidock_protocol import settings_table

    if agent.recorder.active:
        raise Refusal(messages.BUSY, "no setting changes while something records")
    if not settings_table.fits(setting, value):
        raise Refusal(messages.OUT_OF_RANGE, "setting %d does not take this value" % setting)
    if agent.journal.ring.room() < RESERVE:
        raise JournalFull()  # before the setting is changed
    values = dict(agent.settings)
    values[setting] = value
    try:
        agent.board.save_settings(configuration.encode(values))
    except OSError:
        raise Refusal(messages.STORAGE, "the settings file could not be written")
    agent.settings = values
    body = {"order": raw, "setting": setting, "value": value}
    sequence = yield from agent.journal.append(kinds.CONFIG, body, spare=True)
    return sequence


def firmware(agent: "Agent", raw: bytes, new: bytes):
    """Generator: FIRMWARE says that firmware with the measurement `new` is to come, as the command or order `raw` asks;
    returns its sequence.
    """
    body = {"order": raw, "old": agent.board.firmware, "new": new}
    sequence = yield from agent.journal.append(kinds.FIRMWARE, body, spare=True)
    return sequence


def _opened(operation: int, arguments: list, openings: bytes | None) -> list:
    """The openings that come with an operation's arguments."""
    for number, first, labels in _COMMITMENTS:
        if number == operation:
            return _open(arguments[first:], labels, openings)
    return _open([], (), openings)


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


def _note_commanded(agent: "Agent", session: "Session", raw: bytes):
    """Generator: HOST keeps a command whose own entries have no room for it."""
    body = host_body(codes.HOST_COMMANDED, session.host())
    body["statement"] = raw
    sequence = yield from agent.journal.append(kinds.HOST, body, spare=True)
    return sequence


def _delete(agent: "Agent", session: "Session", command: dict, raw: bytes):
    from evidock_agent import delete_command, deletion

    recording, number, root, receipt = command["arguments"]
    lawful = yield from delete_command.judge(agent, recording, number, root, receipt)
    if agent.journal.ring.room() < RESERVE + deletion.ROOM:
        raise JournalFull()  # before there is a command without its deletion
    sequence = yield from _note_commanded(agent, session, raw)
    session.note_command(command)
    yield from deletion.carry_out(agent, lawful)
    return sequence


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
