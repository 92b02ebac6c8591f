"""Carries out the organisation's signed orders: clock, configuration, firmware, reset, another organisation.

Specification: "Orders", "Statements". Whoever brings an order needs a proved session and no role. Each is taken once,
for its time must be later than all that the organisation signed before. Loaded on demand.
"""

import hashlib

from evidock_agent import commands, leaving, moment, pinned, signer
from evidock_agent.crypto import ed25519
from evidock_agent.journal import RESERVE, JournalFull
from evidock_protocol import codes, entry, kinds, messages, rights, sign1, statements
from evidock_protocol.errors import ProtocolError
from evidock_protocol.wire import Refusal

# What an order that lies about must not do to a recorder that it was not meant for.
_NAMED = (codes.OPERATION_SET_TIME, codes.OPERATION_RESET)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_agent.agent import Agent


def carry_out(agent: "Agent", raw: bytes, openings: bytes | None):
    """Generator: checks one order and does it; returns the sequence of the entry that keeps it. Raises Refusal."""
    try:
        sealed, order = entry.parse_statement(raw, statements.TYP_ORDER)
    except ProtocolError as error:
        raise Refusal(messages.MALFORMED, str(error))
    if openings is not None:
        raise Refusal(messages.MALFORMED, "an order has no openings")
    by_successor = yield from _check_signature(agent, sealed, order)
    _check_fields(agent, order, by_successor)
    operation, arguments = order["operation"], order["arguments"]
    if operation == codes.OPERATION_SET_TIME:
        work = _set_time(agent, raw, arguments[0])
    elif operation == codes.OPERATION_CONFIGURE:
        work = commands.configure(agent, raw, arguments[0], arguments[1])
    elif operation == codes.OPERATION_FIRMWARE:
        work = commands.firmware(agent, raw, arguments[0])
    elif operation == codes.OPERATION_RESET:
        work = _reset(agent, raw)
    else:
        body = {"order": raw, "organisation": arguments[0], "successor": arguments[1]}
        work = agent.journal.append(kinds.ORG, body, spare=True)
    sequence = yield from work
    return sequence


def _check_signature(agent: "Agent", sealed: sign1.Sign1, order: dict):
    """Generator: raises Refusal unless the organisation signed it, or the successor that it committed itself to, to
    take its place; whether it was the successor.
    """
    trusted = agent.journal.trusted
    public = trusted.organisation
    by_successor = False
    if order["operation"] == codes.OPERATION_ORGANISATION and sealed.key_id != sign1.thumbprint(public):
        following = order["arguments"][0]
        if hashlib.sha256(following).digest() == trusted.successor:
            public = following
            by_successor = True
    valid = sealed.key_id == sign1.thumbprint(public)
    if valid:
        comb = pinned.load(agent.board.identity_flash, public)
        signed = sealed.signed_bytes()
        valid = yield from signer.steps(ed25519.verify_steps(public, signed, sealed.signature, comb))
    if not valid:
        raise Refusal(messages.BAD_SIGNATURE, "not signed by the organisation")
    return by_successor


def _check_fields(agent: "Agent", order: dict, by_successor: bool) -> None:
    """The successor's is not judged by its age: whoever has the key that it replaces could shut it out. It is taken
    once, for the commitment goes with it.
    """
    trusted = agent.journal.trusted
    if order["device"] != agent.journal.device and (order["device"] is not None or order["operation"] in _NAMED):
        raise Refusal(messages.WRONG_DEVICE, "order for another recorder, or one that must name its recorder")
    if order["generation"] < trusted.generation and not by_successor:
        raise Refusal(messages.OLDER_GENERATION, "generation %d, seen %d" % (order["generation"], trusted.generation))
    if order["time"] <= trusted.time and not by_successor:
        raise Refusal(messages.REPLAYED, "the organisation has signed something later")
    if not moment.is_plausible(order["time"]):
        raise Refusal(messages.OUT_OF_RANGE, "time out of range")  # it would shut out every later order
    if not rights.may_order(order["operation"]):
        raise Refusal(messages.UNSUPPORTED, "no order for operation %d" % order["operation"])


def _set_time(agent: "Agent", raw: bytes, new: int):
    """Generator: sets the clock, backwards too."""
    if not moment.is_plausible(new):
        raise Refusal(messages.OUT_OF_RANGE, "time out of range")
    if agent.journal.ring.room() < RESERVE:
        raise JournalFull()  # before the clock is set
    old = agent.moments.wall()
    agent.moments.set_from_host(new)
    body = {"old": old, "new": agent.moments.wall(), "source": codes.CLOCK_FROM_ORGANISATION, "order": raw}
    sequence = yield from agent.journal.append(kinds.CLOCK, body, spare=True)
    return sequence


def _reset(agent: "Agent", raw: bytes):
    """Generator: RESET, once all that is in its flash is elsewhere too."""
    yield from leaving.check(agent)
    sequence = yield from agent.journal.append(kinds.RESET, {"order": raw}, spare=True)
    yield from agent.mirror.catch_up(agent.journal)  # the ring is erased when it is provisioned anew
    return sequence
