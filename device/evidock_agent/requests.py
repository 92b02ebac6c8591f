"""What each request does, and the role that it needs. A handler returns the answer's fields or a generator that does.

Specification: "Messages", "Session".
"""

from evidock_agent import on_demand, telemetry
from evidock_agent.tallies import host_body
from evidock_protocol import codes, kinds, messages, versions
from evidock_protocol.wire import Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent
    from evidock_agent.server import Server

# Requests that need a session, with the role that the host's certificate must have.
ROLES = {
    messages.HEAD: codes.ROLE_PULL,
    messages.JOURNAL: codes.ROLE_PULL,
    messages.PRIVATE: codes.ROLE_PULL,
    messages.LEAVES: codes.ROLE_PULL,
    messages.MEDIA: codes.ROLE_PULL,
    messages.COMMAND: codes.ROLE_PULL,
    messages.RECEIPT: codes.ROLE_RECEIPT,
    messages.CLOSE: codes.ROLE_PULL,
}


def require_session(server: "Server", kind: int) -> None:
    """Raises Refusal unless the session allows this request."""
    if kind in ROLES:
        server.session.require(ROLES[kind])
        if server.session.closed and kind not in _AFTER_CLOSE:
            raise Refusal(messages.NO_SESSION, "the session is closed")


def answer(agent: "Agent", server: "Server", kind: int, values: dict):
    """The answer's fields, or a generator that returns them. Raises Refusal."""
    handler = _HANDLERS.get(kind)
    if handler is None:
        raise Refusal(messages.UNKNOWN_MESSAGE, "message type %d" % kind)
    if kind not in _BEFORE_PROVISIONING and not agent.provisioned:
        raise Refusal(messages.NOT_PROVISIONED, "this recorder is blank: provision it first")
    if agent.failed is not None and kind not in _BEFORE_PROVISIONING:
        raise Refusal(messages.STORAGE, agent.failed)  # it cannot sign, so it can prove nothing
    require_session(server, kind)
    return handler(agent, server, values)


def _hello(agent: "Agent", server: "Server", values: dict) -> dict:
    server.end_session()  # whoever says HELLO may be another host than before
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
        "maximum_unread": versions.MAXIMUM_UNREAD_REQUESTS,
        "state": 1 if agent.provisioned else 0,
        "key_agreement": None,
    }


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


def _provision(agent: "Agent", server: "Server", values: dict):
    from evidock_agent import provisioning  # once in a recorder's life: not kept in memory

    genesis = yield from provisioning.provision(agent, values)
    return {"genesis": genesis}


def _open(agent: "Agent", server: "Server", values: dict):
    server.end_session()
    challenge = yield from server.session.open(agent, values["certificate"], values["host_nonce"])
    return {"challenge": challenge}


def _prove(agent: "Agent", server: "Server", values: dict):
    challenge = yield from server.session.prove(agent, values["challenge"])
    body = host_body(codes.HOST_ATTACHED, server.session.values["host"])
    body["statement"] = values["challenge"]  # the host's own signature over its time and its custody chain
    body["custody"] = challenge["custody"]
    body["host_time"] = challenge["time"]
    yield from agent.journal.append(kinds.HOST, body, spare=True)
    server.session.proved = True
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
    from evidock_agent import commands  # a few times in a session: not kept in memory

    try:
        sequence = yield from commands.carry_out(agent, server.session, values["command"], values["openings"])
    finally:
        on_demand.let_go(on_demand.COMMANDS)
    return {"sequence": sequence}


def _receipt(agent: "Agent", server: "Server", values: dict):
    yield from server.session.receipt(agent, values["receipt"])
    body = host_body(codes.HOST_RECEIPTED, server.session.host())
    body["statement"] = values["receipt"]
    sequence = yield from agent.journal.append(kinds.HOST, body, spare=True)
    server.session.note_receipt(values["receipt"])
    yield from agent.backlog.discount_steps(agent, values["receipt"])
    return {"sequence": sequence}


def _close(agent: "Agent", server: "Server", values: dict):
    if not server.session.closed:  # else its answer was lost, and it is asked again
        server.transfer.clear()
        yield from agent.mirror.catch_up(agent.journal)
        yield from agent.journal.change_epoch(codes.EPOCH_DOCKING)
        server.session.closed = True
    head = yield from _signed_head(agent, server, codes.HEAD_SECOND)
    return head


# What the host still pulls: the entries up to the second head.
_AFTER_CLOSE = (messages.JOURNAL, messages.PRIVATE, messages.CLOSE)
_BEFORE_PROVISIONING = (messages.HELLO, messages.STATUS, messages.PROVISION)

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
}
