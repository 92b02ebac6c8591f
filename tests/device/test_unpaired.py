"""What a host that is not paired, or not paired for this, can profit by: nothing (OB-26, OB-29, AT-32, AT-39).

Hypothesis looks for sequences of messages after which something of journal, media or private fields has left, an entry
stands that counts no refusals, or clock, settings, keys, exemption or files have changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.board import WALL, World
from support.dock import HOST, ORGANISATION, Host, certificate

from evidock.keys import SigningKey
from evidock_protocol import (
    cbor,
    codes,
    entry,
    framing,
    kinds,
    messages,
    private,
    rights,
    sign1,
    statements,
    versions,
    wire,
)
from evidock_protocol import settings as numbers
from evidock_protocol.wire import Refusal

STRANGER = SigningKey(b"S" * 32)
ELSEWHERE = SigningKey(b"E" * 32)  # another organisation
GENERATION = 3  # the newest that the recorder has seen
SIGNED = WALL + 1000  # the newest time that the organisation signed
OFFICER, SALT = 0x1122334455667788, b"salt of officer!"
OPENING = private.opening(SALT, codes.LABEL_OFFICER, OFFICER)
COMMITMENT = private.commitment(OPENING)
LONGEST = 20  # seconds that an answer may take, slowed as it may be


class Scene:
    """A recorder with a past: `world`, and what an honest host once said to it, as frames that anybody may replay."""

    def __init__(self) -> None:
        self.world = World(2000)
        self.heard: list[bytes] = []
        self.world.boot()
        self.world.settle()
        host = Host(self.world)
        write = self.world.write

        def overheard(data: bytes | memoryview) -> None:
            self.heard.append(bytes(data))
            write(data)

        self.world.write = overheard  # type: ignore[method-assign]
        host.provision()
        self.world.settle()
        self.world.record(1500)
        host.open(certificate(generation=GENERATION, not_before=SIGNED))
        host.ask(messages.PROVE, {"challenge": host.challenge()})
        issue = host.command(codes.OPERATION_ISSUE, [COMMITMENT, None])
        host.ask(messages.COMMAND, {"command": issue, "openings": cbor.encode([OPENING])})
        for operation, arguments in (
            (codes.OPERATION_SET_TIME, [WALL + 1000]),
            (codes.OPERATION_CONFIGURE, [numbers.IMPACT, 7000]),
        ):
            host.ask(messages.COMMAND, {"command": host.command(operation, arguments)})
        self.segment = [self.world.bodies(kinds.SEGMENT)[0][name] for name in ("recording", "number", "root")]
        host.ask(messages.RECEIPT, {"receipt": host.receipt([self.segment])})
        host.ask(messages.JOURNAL, {"first": 0, "limit": 4096})
        host.ask(messages.CLOSE)
        self.world.record(1500)
        self.world.cut()


_known: list[Scene] = []


def scene() -> Scene:
    """Made once; every example has a copy of its own."""
    if not _known:
        _known.append(Scene())
    return _known[0]


class Stranger(Host):
    """A host with a key of its own, which keeps whatever the recorder says."""

    def __init__(self, world: World, session: dict[str, Any]):
        super().__init__(world, STRANGER)
        self.session = session
        self.challenged = b""
        self.said = b""
        self.answered: list[int] = []  # request types of the answers, 255 for refusals
        self._frames = framing.FrameReader(framing.frame_size(versions.MAXIMUM_PAYLOAD))

    def say(self, data: bytes) -> None:
        """Sends bytes and hears what comes."""
        self.world.write(data)
        self.world.read(LONGEST)
        self.world.run(30)

    def tell(self, kind: int, values: dict[str, Any]) -> None:
        self.send(kind, values)
        data = self.world.read(LONGEST)
        self.world.run(30)
        data += bytes(self.world.link.to_host)
        self.world.link.to_host = bytearray()
        self.said += data
        for payload in self._frames.feed(data):
            try:
                answered, _number, fields = wire.parse_answer(payload)
            except Refusal:
                answered, fields = messages.REFUSAL, {}
            self.answered.append(answered)
            if answered == messages.OPEN:
                self.session = entry.parse_statement(fields["challenge"], statements.TYP_CHALLENGE)[1]
                self.challenged = fields["challenge"]


NO_SESSION: dict[str, Any] = {
    "device": bytes(32), "host": STRANGER.thumbprint, "session": bytes(16), "host_nonce": bytes(16),
    "device_nonce": bytes(16), "party": codes.PARTY_HOST, "time": None, "custody": None,
}  # fmt: skip


def certificates() -> list[bytes]:
    """Those that let nobody in who has no key but STRANGER's and ELSEWHERE's."""
    new: dict[str, Any] = {"generation": GENERATION, "not_before": SIGNED}
    genuine = certificate(host=STRANGER, **new)
    return [
        certificate(host=STRANGER, signer=ELSEWHERE, organisation=ELSEWHERE.public, **new),
        certificate(host=STRANGER, signer=ELSEWHERE, **new),
        certificate(host=STRANGER, signer=STRANGER, organisation=STRANGER.public, **new),
        certificate(host=STRANGER, signer=ORGANISATION, organisation=ELSEWHERE.public, **new),
        certificate(host=HOST, **new),  # genuine, and known to all who listen; its key is not
        certificate(host=STRANGER, generation=GENERATION - 1),
        certificate(host=STRANGER, generation=GENERATION, not_before=0, not_after=SIGNED - 1),
        certificate(roles=codes.ALL_ROLES & ~codes.ROLE_PULL, host=STRANGER, **new),
        genuine[:-1] + bytes([genuine[-1] ^ 1]),
        genuine[:100] + bytes([genuine[100] ^ 1]) + genuine[101:],
        b"",
        bytes(100),
    ]


def challenges(stranger: Stranger, device: bytes) -> list[bytes]:
    """Answers to the recorder's challenge of a host that has not the key of its certificate."""
    stranger.session = {**stranger.session, "device": device}
    as_host = {**stranger.session, "party": codes.PARTY_HOST, "time": WALL, "custody": None}
    as_host.pop("format", None)
    payload = entry.encode_statement(statements.TYP_CHALLENGE, as_host)
    forged = STRANGER.sign(sign1.signed_bytes(statements.TYP_CHALLENGE, HOST.thumbprint, payload))
    return [
        stranger.challenge(),
        stranger.challenge(host=HOST.thumbprint),
        stranger.challenge(ELSEWHERE),
        sign1.assemble(statements.TYP_CHALLENGE, HOST.thumbprint, payload, forged),
        sign1.assemble(statements.TYP_CHALLENGE, HOST.thumbprint, payload, bytes(64)),
        stranger.challenge(party=codes.PARTY_RECORDER),
        stranger.challenged,  # the recorder's own, given back
        b"",
    ]


OPERATIONS = [row[0] for row in rights.RIGHTS] + [0, 77]


def arguments_of(operation: int, segment: list[Any], receipt: bytes) -> list[Any]:
    return {
        codes.OPERATION_SET_TIME: [WALL - 86_400_000], codes.OPERATION_ISSUE: [COMMITMENT, None],
        codes.OPERATION_RETURN: [COMMITMENT, None], codes.OPERATION_CONFIGURE: [numbers.RECEIPTS, 2],
        codes.OPERATION_FIRMWARE: [b"f" * 32], codes.OPERATION_DELETE: [*segment, receipt],
        codes.OPERATION_ORGANISATION: [ELSEWHERE.public, bytes(32)],
        codes.OPERATION_EXEMPT: [1, True, COMMITMENT, None],
    }.get(operation, [])  # fmt: skip


def newest_receipt(world: World) -> bytes:
    given = [body["statement"] for body in world.bodies(kinds.HOST) if body["event"] == codes.HOST_RECEIPTED]
    return sign1.statement_hash(given[-1])


def order(key: SigningKey, operation: int, arguments: list[Any], **changed: Any) -> bytes:
    values = {
        "operation": operation, "device": None, "generation": GENERATION, "time": SIGNED + 1, "arguments": arguments,
        **changed,
    }  # fmt: skip
    return key.statement(statements.TYP_ORDER, entry.encode_statement(statements.TYP_ORDER, values))


# What must not have changed.


def drift(world: World) -> int:
    """What the wall clock shows beyond the world's own time."""
    shown = world.clock.unix_ms()
    assert shown is not None
    return shown - world.clock.now


class Before:
    """A recorder before it is attacked."""

    def __init__(self, world: World):
        self.world = world
        agent = world.agent
        assert agent is not None
        assert world.medium is not None
        self.raws = world.raws()
        self.files = dict(world.medium.files)
        self.settings = dict(agent.settings)
        self.flash = {name: bytes(world.flash[name]) for name in ("identity", "key", "anchor")}
        self.drift = drift(world)
        self.epoch = agent.journal.epoch

    def unchanged(self, entries_allowed: Callable[[entry.Entry], bool], key: bool = True) -> list[entry.Entry]:
        """The entries since, each of which is allowed; nothing else is new."""
        world, agent = self.world, self.world.agent
        assert agent is not None
        assert world.medium is not None
        assert agent.failed is None
        raws = world.raws()
        assert raws[: len(self.raws)] == self.raws
        since = [entry.parse(raw) for raw in raws[len(self.raws) :]]
        assert [item for item in since if not entries_allowed(item)] == []
        assert dict(agent.settings) == self.settings
        assert (agent.exempt, agent.recording) == (0, None)
        assert drift(world) == self.drift, "the clock was set"
        media = {path: data for path, data in self.files.items() if not path.endswith(".CBS")}
        assert {path: data for path, data in world.medium.files.items() if not path.endswith(".CBS")} == media
        for name, image in self.flash.items():
            if key or name != "key":
                assert bytes(world.flash[name]) == image, name
        assert agent.genesis.raw == self.raws[0]
        return since

    def secrets(self) -> list[bytes]:
        """Bytes of what only a paired host may have."""
        found = [sign1.parse(raw).signature for raw in self.raws] + [SALT, OFFICER.to_bytes(8, "big")]
        for path, data in self.files.items():
            if path.endswith(("WAV", "LVS")):
                found += [data[at : at + 32] for at in range(512 if path.endswith("WAV") else 0, len(data) - 32, 997)]
        return [secret for secret in found if secret != bytes(len(secret))]


def copied() -> World:
    world = scene().world.fork(0)
    world.boot()
    world.settle()
    return world


# A host that is not paired.

ASKING = (
    (messages.HEAD, {}),
    (messages.JOURNAL, {"first": 0, "limit": 4096}),
    (messages.PRIVATE, {"first": 0, "limit": 4096}),
    (messages.LEAVES, {"recording": 1, "number": 1, "first": 0, "count": 10}),
    (messages.MEDIA, {"recording": 1, "number": 1, "offset": 0, "length": 2000, "chunk": 500}),
    (messages.CLOSE, {}),
    (messages.STATUS, {}),
    (messages.HELLO, {"package": [1], "wire": [1], "flash": [1], "software": "x"}),
)
PUBLIC = {messages.HELLO, messages.STATUS, messages.OPEN, messages.REFUSAL}


def does(stranger: Stranger, before: Before, act: str, first: int, second: int) -> None:
    device, told = before.world.agent.journal.device, scene()  # type: ignore[union-attr]
    if act == "ask":
        stranger.tell(*ASKING[first % len(ASKING)])
    elif act == "open":
        choice = certificates()
        stranger.tell(messages.OPEN, {"certificate": choice[first % len(choice)], "host_nonce": bytes(16)})
    elif act == "prove":
        choice = challenges(stranger, device)
        stranger.tell(messages.PROVE, {"challenge": choice[first % len(choice)]})
    elif act == "command":
        operation = OPERATIONS[first % len(OPERATIONS)]
        arguments = arguments_of(operation, told.segment, newest_receipt(before.world))
        commands = [
            stranger.command(operation, arguments, device=device),
            stranger.command(operation, arguments, device=device, host=HOST.thumbprint),
            order(STRANGER, operation, arguments),
            order(HOST, operation, arguments),
        ]
        openings = cbor.encode([OPENING]) if COMMITMENT in arguments else None
        stranger.tell(messages.COMMAND, {"command": commands[second % len(commands)], "openings": openings})
    elif act == "receipt":
        stranger.tell(messages.RECEIPT, {"receipt": stranger.receipt([told.segment], device=device)})
    elif act == "provision":
        owner = (ELSEWHERE, ORGANISATION)[first % 2]
        values = {
            "organisation": owner.public, "successor": bytes(32), "serial": "1", "asset": "1",
            "certificate": certificate(host=STRANGER, signer=owner, organisation=owner.public),
            "time": (None, WALL - 86_400_000)[second % 2],
        }  # fmt: skip
        stranger.tell(messages.PROVISION, values)
    elif act == "replay":
        stranger.say(told.heard[first % len(told.heard)])
    elif act == "wait":
        before.world.run(first % 40_000)
    else:
        stranger.say(bytes((first * 7 + at * second) & 255 for at in range(first % 90)))


ACTS = ("ask", "ask", "open", "prove", "command", "receipt", "provision", "replay", "wait", "noise")
DEEDS = st.tuples(st.sampled_from(ACTS), st.integers(0, 1 << 16), st.integers(0, 1 << 16))


def counts_refusals(item: entry.Entry) -> bool:
    return item.kind == kinds.HOST and item.body["event"] == codes.HOST_REFUSED


def profits_nothing(deeds: list[tuple[str, int, int]]) -> None:
    world = copied()
    before = Before(world)
    spoken: list[bytes] = []
    read = world.read

    def listened(seconds: float) -> bytes:
        data = read(seconds)
        spoken.append(data)
        return data

    world.read = listened  # type: ignore[method-assign]
    stranger = Stranger(world, {**NO_SESSION, "device": before.world.agent.journal.device})  # type: ignore[union-attr]
    for act, first, second in deeds:
        does(stranger, before, act, first, second)
    assert set(stranger.answered) <= PUBLIC
    world.run(61_000)  # what is to be said of it is said
    world.settle()
    since = before.unchanged(counts_refusals)
    assert len(since) <= 1 + world.clock.now // 60_000, "a minute has one"
    said = b"".join(spoken) + stranger.said
    assert [secret for secret in before.secrets() if secret in said] == []


@settings(max_examples=60, deadline=None)
@given(st.lists(DEEDS, min_size=1, max_size=12))
def test_a_stranger_profits_by_no_sequence(deeds: list[tuple[str, int, int]]) -> None:
    profits_nothing(deeds)


def test_a_stranger_profits_by_no_single_deed() -> None:
    """Every variant of each, after every certificate: one recorder bears them all."""
    deeds: list[tuple[str, int, int]] = []
    for opened in range(len(certificates())):
        deeds += [("open", opened, 0), ("prove", opened, 0)]
        deeds += [("ask", first, 0) for first in range(len(ASKING) - 1)]
    deeds += [("open", 4, 0)] + [("prove", first, 0) for first in range(8)]
    deeds += [("open", 4, 0)] + [("command", first, first // 3) for first in range(len(OPERATIONS))]
    deeds += [("receipt", 0, 0), ("provision", 0, 0), ("provision", 1, 1), ("provision", 0, 1)]
    profits_nothing(deeds)


def test_a_stranger_profits_by_no_replay() -> None:
    """All that an honest host once said, in its order, and each of it after an OPEN of the same certificate."""
    heard = range(len(scene().heard))
    profits_nothing([("replay", number, 0) for number in heard])
    profits_nothing([deed for number in heard for deed in (("open", 4, 0), ("replay", number, 0))])


def test_the_search_can_find() -> None:
    """The same with the key of the certificate gets all of it: what is looked for is there to be found."""
    world = copied()
    before = Before(world)
    spoken: list[bytes] = []
    read = world.read
    world.read = lambda seconds: spoken.append(read(seconds)) or spoken[-1]  # type: ignore[method-assign, func-returns-value]
    host = Host(world)
    host.open(certificate(generation=GENERATION, not_before=SIGNED))
    host.ask(messages.PROVE, {"challenge": host.challenge()})
    host.pull(len(before.raws))
    host.ask(messages.PRIVATE, {"first": 0, "limit": 4096})
    host.media(1, 1, 0, 3000)
    host.ask(messages.LEAVES, {"recording": 1, "number": 1, "first": 0, "count": 10})
    said = b"".join(spoken)
    assert len([secret for secret in before.secrets() if secret in said]) > 10
    host.ask(messages.COMMAND, {"command": host.command(codes.OPERATION_CONFIGURE, [numbers.IMPACT, 1])})
    try:
        before.unchanged(lambda item: True)
    except AssertionError:
        return
    raise AssertionError("a change is not seen")


INJECTED = st.tuples(
    st.sampled_from(("command", "receipt", "prove", "provision", "replay", "noise")),
    st.integers(0, 1 << 16),
    st.integers(0, 1 << 16),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(INJECTED, min_size=1, max_size=6))
def test_whoever_speaks_into_a_session_commands_nothing(deeds: list[tuple[str, int, int]]) -> None:
    """The line is not confidential: who listens hears. But what changes something is signed, for this session."""
    world = copied()
    host = Host(world)
    host.open(certificate(generation=GENERATION, not_before=SIGNED))
    host.ask(messages.PROVE, {"challenge": host.challenge()})
    host.ask(messages.COMMAND, {"command": host.command(codes.OPERATION_FIRMWARE, [b"a" * 32])})
    before = Before(world)
    stranger = Stranger(world, dict(host.session))
    for act, first, second in deeds:
        if act == "replay" and replays_what_is_unsigned(scene().heard[first % len(scene().heard)]):
            continue
        does(stranger, before, act, first, second)
    assert set(stranger.answered) <= {messages.REFUSAL}
    before.unchanged(counts_refusals)


def replays_what_is_unsigned(frame: bytes) -> bool:
    """Whether a frame asks for something that carries no signature: the end of the session among them."""
    (payload,) = framing.FrameReader(framing.frame_size(versions.MAXIMUM_PAYLOAD)).feed(frame)
    return wire.parse_request(payload)[0] in (messages.CLOSE, messages.HELLO, messages.OPEN, messages.JOURNAL)


# A host that is paired for something else.

ROLES = (
    codes.ROLE_TIME, codes.ROLE_RECEIPT, codes.ROLE_ISSUE, codes.ROLE_CONFIGURE, codes.ROLE_FIRMWARE,
)  # fmt: skip
KINDS_OF_ROLE = {
    codes.ROLE_TIME: {kinds.CLOCK}, codes.ROLE_RECEIPT: {kinds.TOMBSTONE},
    codes.ROLE_ISSUE: {kinds.ISSUE, kinds.RETURN, kinds.EXEMPT, kinds.EPOCH}, codes.ROLE_CONFIGURE: {kinds.CONFIG},
    codes.ROLE_FIRMWARE: {kinds.FIRMWARE},
}  # fmt: skip


def may_bring_about(roles: int) -> Callable[[entry.Entry], bool]:
    """Whether a host with these roles may cause an entry."""
    allowed = {kinds.CHECK}
    for role in ROLES:
        if roles & role:
            allowed |= KINDS_OF_ROLE[role]
    events = {codes.HOST_ATTACHED, codes.HOST_CERTIFIED, codes.HOST_REFUSED, codes.HOST_COMMANDED}
    if roles & codes.ROLE_RECEIPT:
        events.add(codes.HOST_RECEIPTED)
    return lambda item: item.kind in allowed or (item.kind == kinds.HOST and item.body["event"] in events)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 31), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 3)), min_size=1, max_size=8))
def test_a_role_gives_what_the_table_says_and_no_more(drawn: int, asked: list[tuple[int, int]]) -> None:
    roles = codes.ROLE_PULL | drawn << 1
    world = copied()
    before = Before(world)
    allowed = may_bring_about(roles)
    host = Host(world, STRANGER)
    host.open(certificate(roles=roles, host=STRANGER, generation=GENERATION, not_before=SIGNED))
    host.ask(messages.PROVE, {"challenge": host.challenge()})
    receipt = newest_receipt(world)
    for choice, manner in asked:
        operation = OPERATIONS[choice % len(OPERATIONS)]
        arguments = arguments_of(operation, scene().segment, receipt)
        openings = cbor.encode([OPENING]) if COMMITMENT in arguments else None
        if manner == 0:
            command = order(STRANGER, operation, arguments)
        elif manner == 1:
            command = order(ORGANISATION, operation, arguments, time=SIGNED)  # an old one
        else:
            command = host.command(operation, arguments)
        try:
            host.ask(messages.COMMAND, {"command": command, "openings": openings})
        except Refusal:
            continue
        assert manner > 1, "an order that the organisation did not give, or gave before"
        assert rights.role_for(operation) & roles
    try:
        host.ask(messages.RECEIPT, {"receipt": host.receipt([scene().segment])})
    except Refusal as refusal:
        assert refusal.code == messages.WRONG_ROLE  # noqa: PT017
        assert not roles & codes.ROLE_RECEIPT
    world.settle()
    assert [item for item in world.entries()[len(before.raws) :] if not allowed(item)] == []
    if not drawn:
        before.unchanged(allowed)
    agent = world.agent
    assert agent is not None
    if not roles & codes.ROLE_CONFIGURE:
        assert dict(agent.settings) == before.settings
    if not roles & codes.ROLE_TIME:
        assert drift(world) == before.drift
    assert agent.genesis.raw == before.raws[0]


def test_a_paired_host_of_another_recorder_deletes_nothing_here() -> None:
    """A command and a receipt for another device, under a session of this one."""
    world = copied()
    before = Before(world)
    host = Host(world)
    host.open(certificate(generation=GENERATION, not_before=SIGNED))
    host.ask(messages.PROVE, {"challenge": host.challenge()})
    for kind, asked in (
        (messages.COMMAND, {"command": host.command(6, [*scene().segment, newest_receipt(world)], device=b"d" * 32)}),
        (messages.RECEIPT, {"receipt": host.receipt([scene().segment], device=b"d" * 32)}),
    ):
        try:
            host.ask(kind, asked)
        except Refusal as refusal:
            assert refusal.code == messages.WRONG_DEVICE  # noqa: PT017
        else:
            raise AssertionError("it was taken")
    before.unchanged(lambda item: item.kind == kinds.HOST and item.body["event"] != codes.HOST_RECEIPTED)
