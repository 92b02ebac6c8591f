"""Sessions, requests and provisioning: each refusal, in each state (OB-26, OB-29, AT-27, AT-28, AT-38)."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.board import WALL, World, verify
from support.dock import HOST, NONCE, ORGANISATION, Host, certificate, provisioned

from evidock.keys import SigningKey
from evidock_agent import signals, tallies
from evidock_protocol import card, codes, entry, flash, framing, kinds, messages, statements, versions, wire
from evidock_protocol.wire import Refusal

STRANGER = SigningKey(b"S" * 32)
HELLO = {"package": [1], "wire": [1], "flash": [1], "software": "t"}
ASKED: dict[int, dict[str, Any]] = {
    messages.HELLO: HELLO,
    messages.STATUS: {},
    messages.OPEN: {"certificate": certificate(), "host_nonce": NONCE},
    messages.PROVE: {"challenge": b"\x00"},
    messages.HEAD: {},
    messages.JOURNAL: {"first": 0, "limit": 1024},
    messages.PRIVATE: {"first": 0, "limit": 1024},
    messages.LEAVES: {"recording": 1, "number": 1, "first": 0, "count": 9},
    messages.MEDIA: {"recording": 1, "number": 1, "offset": 0, "length": 512, "chunk": 512},
    messages.COMMAND: {"command": b"\x00", "openings": None},
    messages.RECEIPT: {"receipt": b"\x00"},
    messages.CLOSE: {},
    messages.RATE: {"rate": 921_600},
}
OPEN_TO_ALL = (messages.HELLO, messages.STATUS, messages.OPEN, messages.RATE)


def code_of(host: Host, kind: int, values: dict[str, Any] | None = None) -> int:
    with pytest.raises(Refusal) as refused:
        host.ask(kind, ASKED[kind] if values is None else values)
    return refused.value.code


@pytest.fixture
def world() -> World:
    return provisioned()


@pytest.mark.parametrize("kind", ASKED)
def test_a_blank_recorder_answers_only_what_it_can(kind: int) -> None:
    world = World()
    world.boot()
    world.settle()
    host = Host(world)
    if kind in (messages.HELLO, messages.STATUS, messages.RATE):
        host.ask(kind, ASKED[kind])
    else:
        assert code_of(host, kind) == messages.NOT_PROVISIONED


@pytest.mark.parametrize("kind", [kind for kind in ASKED if kind not in OPEN_TO_ALL])
def test_nothing_leaves_before_both_sides_proved_themselves(world: World, kind: int) -> None:
    host = Host(world)
    assert code_of(host, kind) == messages.NO_SESSION
    host.open()
    if kind != messages.PROVE:
        assert code_of(host, kind) == messages.NO_SESSION


@pytest.mark.parametrize("kind", [*ASKED, 99])
def test_a_recorder_without_its_key_stays_answerable(kind: int) -> None:
    """It cannot sign, so it proves nothing; but it neither crashes nor erases, and goes off when told to."""
    world = provisioned()
    image = bytearray(b"\xff" * len(world.flash["key"]))
    world.flash["key"][:] = image
    agent = world.boot()
    world.settle()
    assert agent.failed is not None
    host = Host(world)
    world.press(signals.BUTTON_RECORD)
    if kind in (messages.HELLO, messages.STATUS, messages.RATE):
        host.ask(kind, ASKED[kind])
    elif kind == 99:
        number = host.send(messages.STATUS, {})
        assert host.answers()[0][1] == number
    else:
        assert code_of(host, kind) == messages.STORAGE
    assert world.flash["key"] == image
    world.press(signals.BUTTON_OFF)
    assert world.agent is None


def test_a_key_that_the_journal_does_not_name_is_not_wiped(world: World) -> None:
    """Whoever damages the newest EPOCH must not make the recorder destroy its own key."""
    world.record(1000)
    agent = world.agent
    assert agent is not None
    address = agent.journal._addresses[-1]
    live = world.seeds[-1]
    world.flash["journal"][address + 60] ^= 4
    assert world.boot() is not agent
    world.settle()
    assert live in bytes(world.flash["key"])
    agent = world.agent
    assert agent is not None
    assert agent.failed is None
    size = agent.journal.size
    world.record(1000)
    assert agent.journal.size > size, "it goes on with that key"


def test_versions_are_refused(world: World) -> None:
    for name in ("package", "wire", "flash"):
        assert code_of(Host(world), messages.HELLO, {**HELLO, name: [2]}) == messages.UNSUPPORTED_VERSION


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", messages.BAD_CERTIFICATE),
        (certificate(signer=STRANGER), messages.BAD_CERTIFICATE),
        (certificate(organisation=STRANGER.public, signer=STRANGER), messages.BAD_CERTIFICATE),
        (certificate()[:-1] + bytes([certificate()[-1] ^ 1]), messages.BAD_CERTIFICATE),
        (certificate(roles=codes.ROLE_TIME), messages.WRONG_ROLE),
    ],
)
def test_certificates_that_do_not_open(world: World, raw: bytes, code: int) -> None:
    assert code_of(Host(world), messages.OPEN, {"certificate": raw, "host_nonce": NONCE}) == code


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"party": codes.PARTY_RECORDER}, messages.REPLAYED),
        ({"device": bytes(32)}, messages.REPLAYED),
        ({"session": bytes(16)}, messages.REPLAYED),
        ({"host_nonce": bytes(16)}, messages.REPLAYED),
        ({"device_nonce": bytes(16)}, messages.REPLAYED),
        ({"key": STRANGER}, messages.BAD_SIGNATURE),
    ],
)
def test_challenges_that_prove_nothing(world: World, changed: dict[str, Any], code: int) -> None:
    host = Host(world)
    host.open()
    assert code_of(host, messages.PROVE, {"challenge": host.challenge(**changed)}) == code
    assert code_of(host, messages.HEAD) == messages.NO_SESSION


def test_the_recorders_own_challenge_proves_nothing(world: World) -> None:
    """AT-28: reflected."""
    host = Host(world)
    answer = host.ask(messages.OPEN, ASKED[messages.OPEN])
    assert code_of(host, messages.PROVE, {"challenge": answer["challenge"]}) == messages.BAD_SIGNATURE


def test_a_new_session_forgets_the_old(world: World) -> None:
    host = Host(world)
    host.attach()
    old = host.challenge()
    host.open()
    assert code_of(host, messages.HEAD) == messages.NO_SESSION
    assert code_of(host, messages.PROVE, {"challenge": old}) == messages.REPLAYED


def test_commands(world: World) -> None:
    host = Host(world)
    host.attach()
    now = WALL + world.clock.now
    raw = host.command(codes.OPERATION_SET_TIME, [now + 60_000])
    assert code_of(host, messages.COMMAND, {"command": host.command(9, [], session=bytes(16))}) == messages.REPLAYED
    assert code_of(host, messages.COMMAND, {"command": host.command(9, [], device=bytes(32))}) == messages.WRONG_DEVICE
    host.ask(messages.COMMAND, {"command": raw})
    assert code_of(host, messages.COMMAND, {"command": raw}) == messages.REPLAYED
    assert code_of(host, messages.COMMAND, {"command": host.command(99, [])}) == messages.UNSUPPORTED
    back = host.command(codes.OPERATION_SET_TIME, [now])
    assert code_of(host, messages.COMMAND, {"command": back}) == messages.WRONG_ROLE
    assert code_of(host, messages.COMMAND, {"command": host.receipt([])}) == messages.MALFORMED
    (clock,) = world.bodies(kinds.CLOCK)
    assert clock["new"][0] == codes.WALL_SYNCHRONISED
    verify(world)


def test_roles(world: World) -> None:
    host = Host(world)
    host.open(certificate(roles=codes.ROLE_PULL))
    host.ask(messages.PROVE, {"challenge": host.challenge()})
    assert code_of(host, messages.RECEIPT, {"receipt": host.receipt([])}) == messages.WRONG_ROLE
    command = host.command(codes.OPERATION_SET_TIME, [WALL * 2])
    assert code_of(host, messages.COMMAND, {"command": command}) == messages.WRONG_ROLE
    assert world.bodies(kinds.CLOCK) == []


def test_a_receipt_takes_from_the_backlog_now_and_after_a_boot(world: World) -> None:
    world.record(2000)
    host = Host(world)
    assert host.ask(messages.STATUS)["backlog_segments"] == 1
    host.attach()
    root = world.bodies(kinds.SEGMENT)[0]["root"]
    host.ask(messages.RECEIPT, {"receipt": host.receipt([[1, 1, root]])})
    after = host.ask(messages.STATUS)
    assert (after["backlog_segments"], after["backlog_bytes"]) == (0, 0)
    world.boot()
    world.settle()
    assert Host(world).ask(messages.STATUS)["backlog_segments"] == 0
    world.medium = None
    world.boot()
    world.settle()
    assert Host(world).ask(messages.STATUS)["backlog_segments"] == 0


def test_a_docking_changes_the_key_and_signs_with_the_new_one(world: World) -> None:
    host = Host(world)
    first = host.attach()
    raw = host.ask(messages.CLOSE)["head"]
    second = host.head(raw)
    chain = verify(world)
    assert (first["phase"], second["phase"]) == (1, 2)
    assert second["epoch"] == first["epoch"] + 1 == chain.epoch
    assert second["size"] == chain.size
    assert second["device_nonce"] == first["device_nonce"]


# Media.


def test_media_and_leaves(world: World) -> None:
    world.record(5000)
    data, leaves = world.file(1, 1), world.file(1, 1, "LVS")
    assert data is not None
    assert leaves is not None
    host = Host(world)
    host.attach()
    for offset, length, chunk in ((0, len(data), 4096), (511, 5000, 64), (len(data) - 1, 1, 1024)):
        assert host.media(1, 1, offset, length, chunk) == data[offset : offset + length]
    for first in range(len(leaves) // 32 + 1):
        got = host.ask(messages.LEAVES, {"recording": 1, "number": 1, "first": first, "count": 2})["hashes"]
        assert got == leaves[first * 32 :][:64]


@pytest.mark.parametrize(
    "changed",
    [
        {"offset": 1 << 62}, {"length": 0}, {"length": 1 << 62}, {"chunk": 63}, {"chunk": 4097},
        {"recording": 0}, {"recording": 1 << 62}, {"number": 0}, {"number": 2}, {"number": 1 << 62},
    ],
)  # fmt: skip
def test_ranges_that_are_not_there(world: World, changed: dict[str, int]) -> None:
    world.record(1000)
    host = Host(world)
    host.attach()
    code = code_of(host, messages.MEDIA, {**ASKED[messages.MEDIA], **changed})
    assert code in (messages.OUT_OF_RANGE, messages.NO_SUCH_SEGMENT)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (messages.LEAVES, {"recording": 1, "number": 1, "first": 1 << 62, "count": 1}),
        (messages.JOURNAL, {"first": 1 << 62, "limit": 1}),
    ],
)
def test_numbers_beyond_any_file(world: World, kind: int, values: dict[str, int]) -> None:
    world.record(1000)
    host = Host(world)
    host.attach()
    assert code_of(host, kind, values) == messages.OUT_OF_RANGE
    assert host.ask(messages.PRIVATE, {"first": 1 << 62, "limit": 1})["openings"] == b""


def test_an_unsealed_segment_is_not_handed_out(world: World) -> None:
    world.press(signals.BUTTON_RECORD)
    world.run(3000)
    host = Host(world)
    head = host.attach()
    assert head["open"] == world.agent.recorder.start_sequence  # type: ignore[union-attr]
    assert code_of(host, messages.MEDIA) == messages.NO_SUCH_SEGMENT
    assert code_of(host, messages.LEAVES) == messages.NO_SUCH_SEGMENT
    world.press(signals.BUTTON_RECORD)
    assert len(host.media(1, 1, 0, 512)) == 512
    verify(world)


def test_a_card_pulled_in_the_middle_of_a_transfer(world: World) -> None:
    world.record(5000)
    host = Host(world)
    host.attach()
    medium = world.medium
    host.send(messages.MEDIA, {**ASKED[messages.MEDIA], "length": 40_000})
    for _ in range(6):
        world.step()
    world.medium = None
    with pytest.raises(Refusal) as refused:
        list(iter(host.answers, []))
    assert refused.value.code == messages.STORAGE
    assert code_of(host, messages.LEAVES) in (messages.STORAGE, messages.NO_SUCH_SEGMENT)
    world.run(500)
    assert code_of(host, messages.MEDIA) == messages.NO_SUCH_SEGMENT
    world.medium = medium
    world.run(500)
    assert len(host.media(1, 1, 0, 1000)) == 1000
    assert [body["new"] is None for body in world.bodies(kinds.MEDIUM)] == [False, True, False]


# The journal.


def test_an_entry_that_rotted_in_the_ring_is_served_from_the_card(world: World) -> None:
    """One flipped bit, after the card has its copy: the host gets every entry, as it was."""
    for _ in range(3):
        world.record(1000)
    world.boot()
    world.settle()
    agent = world.agent
    assert agent is not None
    before = world.raws()
    assert agent.mirror.end == len(before)
    lost = len(before) - 8
    address = agent.journal._addresses[lost]
    world.flash["journal"][address + flash.RECORD_HEAD + 40] ^= 1
    agent = world.boot()
    world.settle()
    assert agent.journal.raw(lost) == b""
    host = Host(world)
    size = host.attach()["size"]
    assert host.ask(messages.JOURNAL, {"first": lost, "limit": 10})["entries"] == before[lost]
    assert host.ask(messages.JOURNAL, {"first": lost - 1, "limit": 4096})["entries"] == before[lost - 1]
    assert host.pull(size)[: len(before)] == before
    world.medium = None
    world.run(500)
    assert code_of(host, messages.JOURNAL, {"first": lost, "limit": 10}) == messages.STORAGE


@pytest.mark.parametrize("limit", [0, 1, 700, 1 << 62])
def test_a_journal_answer_holds_whole_entries(world: World, limit: int) -> None:
    raws = world.raws()
    host = Host(world)
    host.attach()
    for first in range(len(raws)):
        found = host.ask(messages.JOURNAL, {"first": first, "limit": limit})["entries"]
        assert found.startswith(raws[first])
        assert len(found) <= max(min(limit, versions.MAXIMUM_CHUNK), len(raws[first]))
        assert b"".join(world.raws()[first:]).startswith(found)


# Hostile lines.


def test_a_flood_of_requests_takes_no_memory_and_no_breath(world: World) -> None:
    host = Host(world)
    agent = world.agent
    assert agent is not None
    most = 0
    for _ in range(3000):
        host.send(messages.HELLO, HELLO)
        world.step()
        most = max(most, sum(len(payload) for payload in agent.line.waiting))
        assert len(agent._jobs) <= 2
        world.link.to_host = bytearray()
    assert most <= versions.MAXIMUM_REQUEST + 256


def test_a_host_that_reads_nothing_lets_the_recorder_rest(world: World) -> None:
    world.record(5000)
    host = Host(world)
    host.attach()
    host.send(messages.MEDIA, {**ASKED[messages.MEDIA], "length": 60_000, "chunk": 4096})
    world.run(5000)
    assert world.agent is not None
    assert world.agent.step() > 0, "it must not spin on a line that takes nothing"
    world.link.to_host = bytearray()
    world.run(100)
    assert world.link.to_host


REQUESTS = st.sampled_from(list(ASKED)).flatmap(
    lambda kind: st.tuples(
        st.just(kind),
        st.fixed_dictionaries(
            {
                name: st.integers(0, (1 << 63) - 1) | st.integers(0, 3) if isinstance(value, int) else st.just(value)
                for name, value in ASKED[kind].items()
            }
        ),
    )
)
GARBAGE = st.binary(min_size=1, max_size=300) | REQUESTS.map(lambda asked: wire.request(asked[0], 7, dict(asked[1])))
NUMBERS = st.integers(0, (1 << 63) - 1) | st.integers(0, 9) | st.integers(WALL - 9000, WALL + 9000)
VALUES = st.recursive(NUMBERS | st.none() | st.booleans() | st.text(max_size=9) | st.binary(max_size=9), st.lists)
# What a host with a valid certificate may sign: statement, and what it changes in it, field by field.
SIGNED = st.sampled_from(["command", "receipt"]).flatmap(
    lambda name: st.tuples(
        st.just(name),
        st.dictionaries(st.sampled_from(["_4", "_6"] if name == "command" else ["_4", "_7", "_8"]), VALUES)
        | st.fixed_dictionaries({"_6": st.lists(NUMBERS, min_size=1, max_size=1)} if name == "command" else {}),
    )
)


@settings(max_examples=60)
@given(st.lists(st.tuples(GARBAGE, st.booleans(), st.integers(0, 3)), max_size=30), st.booleans())
def test_hostile_bytes_never_raise(frames: list[tuple[bytes, bool, int]], attached: bool) -> None:
    """Random frames, random bytes and every message with random numbers, before and inside a session."""
    world = _ready(attached)
    writer = framing.FrameWriter(versions.MAXIMUM_PAYLOAD)
    for payload, framed, steps in frames:
        world.write(bytes(writer.encode(payload)) if framed else payload)
        for _ in range(steps):
            world.step()
        world.link.to_host = bytearray()
    for _ in range(3000):
        world.step()
        world.link.to_host = bytearray()
    world.write(b"\x00")
    world.run(3000)
    Host(world).ask(messages.STATUS)
    verify(world)


@settings(max_examples=60)
@given(st.lists(SIGNED, min_size=1, max_size=8))
def test_hostile_statements_never_raise(statements_: list[tuple[str, dict[str, Any]]]) -> None:
    """A paired host that signs whatever it likes: nothing escapes, and the recorder still records and boots."""
    world = provisioned()
    host = Host(world)
    host.attach()
    for name, changed in statements_:
        raw = host.command(codes.OPERATION_SET_TIME, [WALL]) if name == "command" else host.receipt([])
        kind = messages.COMMAND if name == "command" else messages.RECEIPT
        with contextlib.suppress(Refusal):
            host.ask(kind, {name: host.seal(raw, **changed)})
    world.record(1000)
    verify(world)
    world.boot()
    world.settle()
    verify(world)


def _ready(attached: bool) -> World:
    world = provisioned()
    world.record(1500)
    if attached:
        Host(world).attach()
    return world


# Refusals.


def test_refusals_are_written_at_most_once_a_minute_and_64_a_day(world: World) -> None:
    """AT-38: and they start no epoch."""
    host = Host(world, STRANGER)
    agent = world.agent
    assert agent is not None
    epoch = agent.journal.epoch
    for _ in range(40):
        code_of(host, messages.HEAD)  # nothing that slows the recorder down
        world.run(3000)
    world.run(61_000)
    bodies = world.bodies(kinds.HOST)
    assert len(bodies) in (3, 4)
    assert sum(body["count"] for body in bodies) == 40
    assert {body["refusal"] for body in bodies} == {messages.NO_SESSION}
    assert agent.journal.epoch == epoch
    counts = tallies.Refusals()
    written = 0
    for minute in range(3 * 24 * 60):
        counts.count(Refusal(1, "x"), None)
        if counts.due(minute * 60_000):
            written += 1
            list_of = counts.write(_Silent(), minute * 60_000)  # pyright: ignore[reportArgumentType]
            assert list(list_of) == []
    assert written == 3 * 64


def test_what_was_refused_is_written_before_the_docking_ends_and_before_off(world: World) -> None:
    """AT-32: a count in memory is no evidence."""
    host = Host(world)
    for _ in range(3):
        code_of(host, messages.HEAD)
    world.settle()  # the first of a minute is written in idle time
    host.attach()
    code_of(host, messages.RECEIPT)
    host.ask(messages.CLOSE)
    assert world.kinds()[-2:] == ["HOST", "EPOCH"]
    refused = [body for body in world.bodies(kinds.HOST) if body["event"] == codes.HOST_REFUSED]
    assert sum(body["count"] for body in refused) == 4
    code_of(host, messages.HEAD)
    size = len(world.entries())
    world.press(signals.BUTTON_OFF)
    world.boot()
    world.settle()
    assert world.kinds()[size : size + 2] == ["HOST", "OFF"]
    assert world.entries()[size].body["count"] == 1


class _Silent:
    """An agent whose journal takes everything."""

    @property
    def journal(self) -> _Silent:
        return self

    def append(self, kind: int, body: dict[str, Any], spare: bool = False):
        assert kind == kinds.HOST
        assert spare
        yield from ()


# Provisioning.


def blank() -> World:
    world = World()
    world.boot()
    world.settle()
    return world


def test_no_key_is_born_without_a_random_source() -> None:
    """OB-26, OB-29."""
    world = blank()
    assert world.board is not None
    world.board.random.source = codes.RANDOM_NONE
    with pytest.raises(Refusal) as refused:
        Host(world).provision()
    assert refused.value.code == messages.NO_RANDOM_SOURCE
    assert all(set(image) == {0xFF} for image in world.flash.values())


def test_a_recorder_is_provisioned_once(world: World) -> None:
    before = {name: bytes(image) for name, image in world.flash.items()}
    with pytest.raises(Refusal) as refused:
        Host(world).provision()
    assert refused.value.code == messages.ALREADY_PROVISIONED
    assert {name: bytes(image) for name, image in world.flash.items()} == before


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (certificate(signer=STRANGER), messages.BAD_CERTIFICATE),
        (certificate(roles=codes.ROLE_PULL), messages.WRONG_ROLE),
        (certificate(organisation=STRANGER.public, signer=STRANGER), messages.BAD_CERTIFICATE),
        (b"\x00" * 50, messages.BAD_CERTIFICATE),
    ],
)
def test_wrong_certificates_provision_nothing(raw: bytes, code: int) -> None:
    world = blank()
    with pytest.raises(Refusal) as refused:
        Host(world).provision(certificate=raw)
    assert refused.value.code == code
    assert all(set(image) == {0xFF} for image in world.flash.values())


def test_genesis_names_organisation_host_and_source(world: World) -> None:
    genesis = world.entries()[0]
    assert genesis.body["organisation"] == ORGANISATION.public
    assert genesis.body["host"] == HOST.thumbprint
    assert genesis.body["random_source"] == codes.RANDOM_SIMULATED
    assert genesis.device == genesis.key_id
    assert card.device_folder(genesis.device) in str(list((world.medium or world).files))  # type: ignore[union-attr]
    assert entry.parse(genesis.raw).typ == statements.TYP_ENTRY
