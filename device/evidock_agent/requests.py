"""What each request does. A handler returns the answer's fields or a generator that does.

Specification: "Messages", "Session". Whether a request is looked at, the table of `evidock_protocol.states` says.
"""

from evidock_agent import on_demand, telemetry
from evidock_agent.tallies import host_body
from evidock_protocol import codes, kinds, messages, sign1, statements, states, versions
from evidock_protocol.errors import ProtocolError
from evidock_protocol.wire import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent
    from evidock_agent.server import Server
    from evidock_agent.session import Session

_REFUSED = {
    messages.UNKNOWN_MESSAGE: "unknown message type",
    messages.NOT_PROVISIONED: "this recorder is blank: provision it first",
    messages.ALREADY_PROVISIONED: "this recorder is provisioned",
    messages.NO_SESSION: "no session: the host has not proved its key, or has closed it",
    messages.REPLAYED: "the host has proved its key",
}


def state_of(agent: "Agent", session: "Session") -> int:
    """The state of the docking (`evidock_protocol.states`)."""
    if not agent.provisioned:
        return states.BLANK
    if agent.failed is not None:
        return states.BROKEN  # it cannot sign, so it can prove nothing
    if session.state == states.IDLE and agent.journal.trusted.is_reset:
        return states.RESET
    return session.state


def allow(agent: "Agent", session: "Session", kind: int) -> int:
    """The state after this request once it is accepted; raises Refusal when it is not even looked at."""
    following = states.after(state_of(agent, session), kind)
    if following < 0:
        raise Refusal(-following, _REFUSED.get(-following) or agent.failed or "")
    return following


def answer(agent: "Agent", server: "Server", kind: int, values: dict):
    """Generator: the answer's fields. Raises Refusal."""
    following = allow(agent, server.session, kind)
    if kind in states.ENDING:
        server.end_session()  # whoever says HELLO may be another host than before
    result = _HANDLERS[kind](agent, server, values)
    if not isinstance(result, dict):
        result = yield from result
    server.session.state = following if states.OPENED <= following <= states.CLOSED else states.IDLE
    if kind in states.SLOWED and kind != messages.OPEN:  # certificates are public; what these need is not
        agent.refusals.in_a_row = 0
    return result


def _hello(agent: "Agent", server: "Server", values: dict) -> dict:
    for name, own in (
        ("package", versions.ACCEPTED_PACKAGE_FORMATS),
        ("wire", versions.ACCEPTED_WIRE_FORMATS),
        ("flash", versions.ACCEPTED_FLASH_FORMATS),
    ):
        if not [version for version in values[name] if version in own]:
            raise Refusal(messages.UNSUPPORTED_VERSION, f"{name} format: recorder {list(own)}, host {values[name]}")
    return {
        "package": versions.ACCEPTED_PACKAGE_FORMATS,
        "wire": versions.ACCEPTED_WIRE_FORMATS,
        "flash": versions.ACCEPTED_FLASH_FORMATS,
        "software": versions.SOFTWARE,
        "device": agent.journal.device if agent.provisioned else None,
        "model": agent.board.model,
        "protection": agent.board.protection,
        "maximum_payload": versions.MAXIMUM_PAYLOAD,
        # A line without a rate holds back what is not read.
        "maximum_unread": versions.MAXIMUM_UNREAD_REQUESTS if agent.board.link.rate else versions.MAXIMUM_UNREAD_HELD,
        "state": _recorder_state(agent),
        "key_agreement": None,
        "rates": list(agent.board.link.rates),
        "rate": agent.board.link.rate or None,
    }


def _recorder_state(agent: "Agent") -> int:
    if not agent.provisioned:
        return codes.RECORDER_BLANK
    return codes.RECORDER_RESET if agent.journal.trusted.is_reset else codes.RECORDER_PROVISIONED


def _status(agent: "Agent", server: "Server", values: dict) -> dict:
    now = telemetry.read(agent)
    now.update(
        {
            "wall": agent.moments.wall(),
            "boot": agent.journal.boot,
            "ticks": agent.moments.now(),
            "recording": agent.recording,
            "epoch": agent.journal.epoch,
            "size": agent.journal.size,
            "backlog_segments": agent.backlog.segments,
            "backlog_bytes": agent.backlog.bytes,
            "docked": agent.board.docked(),
            "check": agent.last_check,
            "refusals": agent.refusals.total,
        }
    )
    return now


def _rate(agent: "Agent", server: "Server", values: dict) -> dict:
    rates, rate = agent.board.link.rates, values["rate"]
    if not rates:
        raise Refusal(messages.UNSUPPORTED, "this line has no rate")
    if rate not in rates:
        raise Refusal(messages.OUT_OF_RANGE, "rates: %s" % ", ".join([str(known) for known in rates]))
    server.change_rate(rate)
    return {"rate": rate}


def _provision(agent: "Agent", server: "Server", values: dict):
    from evidock_agent import provisioning  # once in a recorder's life: not kept in memory

    server.transfer.clear()
    try:
        genesis = yield from provisioning.provision(agent, values)
    finally:
        on_demand.let_go(on_demand.BOOT)
    return {"genesis": genesis}


def _open(agent: "Agent", server: "Server", values: dict):
    challenge = yield from server.session.open(agent, values["certificate"], values["host_nonce"])
    return {"challenge": challenge}


def _prove(agent: "Agent", server: "Server", values: dict):
    session = server.session
    challenge = yield from session.prove(agent, values["challenge"])
    if session.is_newer_than(agent.journal.trusted):
        body = host_body(codes.HOST_CERTIFIED, session.values["host"])
        body["statement"] = session.certificate
        yield from agent.journal.append(kinds.HOST, body, spare=True)
    body = host_body(codes.HOST_ATTACHED, session.values["host"])
    body["statement"] = values["challenge"]  # the host's own signature over its time and its custody chain
    body["custody"] = challenge["custody"]
    body["host_time"] = challenge["time"]
    yield from agent.journal.append(kinds.HOST, body, spare=True)
    head = yield from _signed_head(agent, server, codes.HEAD_FIRST)
    return head


def _head(agent: "Agent", server: "Server", values: dict):
    return _signed_head(agent, server, codes.HEAD_FIRST)


def _signed_head(agent: "Agent", server: "Server", phase: int):
    open_start = agent.recorder.start_sequence if agent.recorder.active else None
    head = yield from agent.journal.head(server.session.values, phase, open_start)
    return {"head": head}


def _journal(agent: "Agent", server: "Server", values: dict):
    first = values["first"]
    limit = min(values["limit"], versions.MAXIMUM_CHUNK)
    journal = agent.journal
    if first > journal.size:
        raise Refusal(messages.OUT_OF_RANGE, "entry %d of %d" % (first, journal.size))
    # Gathered in memory that is there anyway: a list of entries and their sum would take as much again, twice.
    end = 0
    if first >= journal.first:
        for sequence in range(first, journal.size):
            raw = journal.raw(sequence)
            if not raw or (end and end + len(raw) > limit):
                break
            agent.scratch[end : end + len(raw)] = raw
            end += len(raw)
    if end or first == journal.size:
        return {"first": first, "entries": agent.scratch[:end]}
    # It left the ring, or rotted there: the card's copy was compared with the ring when the card was put in.
    copied = yield from agent.mirror.read(first, limit)
    if copied:
        return {"first": first, "entries": copied}
    if first < journal.first:
        raise Refusal(messages.STORAGE, "entries before %d are on another card" % journal.first)
    raise Refusal(messages.STORAGE, "entry %d is lost" % first)


def _private(agent: "Agent", server: "Server", values: dict) -> dict:
    following, openings = agent.journal.openings(values["first"], min(values["limit"], versions.MAXIMUM_CHUNK))
    return {"first": values["first"], "next": following, "openings": openings}


def _leaves(agent: "Agent", server: "Server", values: dict) -> dict:
    return {"first": values["first"], "hashes": server.transfer.leaves(values)}


def _command(agent: "Agent", server: "Server", values: dict):
    raw, openings = values["command"], values["openings"]
    try:
        is_order = sign1.parse(raw).typ == statements.TYP_ORDER
    except ProtocolError as error:
        raise Refusal(messages.MALFORMED, str(error))
    try:  # a few times in a session: not kept in memory
        if is_order:
            from evidock_agent import orders

            sequence = yield from orders.carry_out(agent, raw, openings)
        else:
            from evidock_agent import commands

            sequence = yield from commands.carry_out(agent, server.session, raw, openings)
    finally:
        on_demand.let_go(on_demand.COMMANDS)
    return {"sequence": sequence}


def _receipt(agent: "Agent", server: "Server", values: dict):
    server.session.require(codes.ROLE_RECEIPT)
    yield from server.session.receipt(agent, values["receipt"])
    body = host_body(codes.HOST_RECEIPTED, server.session.host())
    body["statement"] = values["receipt"]
    sequence = yield from agent.journal.append(kinds.HOST, body, spare=True)
    server.session.note_receipt(values["receipt"])
    yield from agent.backlog.count_steps(agent.journal)
    return {"sequence": sequence}


def _close(agent: "Agent", server: "Server", values: dict):
    if server.session.state != states.CLOSED:  # else its answer was lost, and it is asked again
        server.transfer.clear()
        yield from agent.refusals.write_pending(agent)
        yield from agent.mirror.catch_up(agent.journal)
        yield from agent.journal.change_epoch(codes.EPOCH_DOCKING)
    head = yield from _signed_head(agent, server, codes.HEAD_SECOND)
    return head


_HANDLERS = {
    messages.HELLO: _hello,
    messages.STATUS: _status,
    messages.PROVISION: _provision,
    messages.OPEN: _open,
    messages.PROVE: _prove,
    messages.HEAD: _head,
    messages.JOURNAL: _journal,
    messages.PRIVATE: _private,
    messages.LEAVES: _leaves,
    messages.COMMAND: _command,
    messages.RECEIPT: _receipt,
    messages.CLOSE: _close,
    messages.RATE: _rate,
}
