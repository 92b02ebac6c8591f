"""What a session and its statements may not do: outlive their time, count twice, set a wild clock (AT-13, AT-38)."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from support.board import WALL, World, verify
from support.dock import HOST, Host, certificate, provisioned

from evidock.keys import SigningKey
from evidock_agent import commands, moment, rings, signals
from evidock_agent.journal import RESERVE
from evidock_protocol import codes, kinds, messages
from evidock_protocol.wire import Refusal

HELLO = {"package": [1], "wire": [1], "flash": [1], "software": "t"}
JOURNAL = {"first": 0, "limit": 1024}
MEDIA = {"recording": 1, "number": 1, "offset": 0, "length": 512, "chunk": 512}
EARLIEST, LATEST = 1_577_836_800_000, 4_102_444_800_000


def code_of(host: Host, kind: int, values: dict[str, Any] | None = None) -> int:
    with pytest.raises(Refusal) as refused:
        host.ask(kind, values or {})
    return refused.value.code


@pytest.fixture
def world() -> World:
    return provisioned()


@pytest.fixture
def host(world: World) -> Host:
    host = Host(world)
    host.attach()
    return host


def told(world: World) -> list[int]:
    """What the journal says of hosts and clock, but for refusals."""
    events = [body["event"] for body in world.bodies(kinds.HOST) if body["event"] != codes.HOST_REFUSED]
    return [*events, *(0 for _body in world.bodies(kinds.CLOCK))]


# The end of a session.


def test_hello_ends_a_session(world: World, host: Host) -> None:
    """Whoever comes next begins with HELLO: nothing is left for it."""
    host.ask(messages.HELLO, HELLO)
    assert code_of(host, messages.JOURNAL, JOURNAL) == messages.NO_SESSION
    assert code_of(host, messages.MEDIA, MEDIA) == messages.NO_SESSION


def test_a_line_that_stays_silent_ends_a_session(world: World, host: Host) -> None:
    for _ in range(3):
        world.run(29_000)
        host.ask(messages.JOURNAL, JOURNAL)
    world.run(31_000)
    assert code_of(host, messages.JOURNAL, JOURNAL) == messages.NO_SESSION


def test_media_on_their_way_are_no_silence(world: World) -> None:
    world.record(5000)
    host = Host(world)
    host.attach()
    request = host.send(messages.MEDIA, {**MEDIA, "length": 40_000})
    start, received = world.clock.now, 0
    while received < 40_000:  # the recorder talks, and the host only reads, slowly
        world.run(4000)
        for _kind, number, fields in host.answers():
            assert number == request
            received += len(fields["data"])
    assert world.clock.now - start > 30_000
    host.ask(messages.HEAD)


def test_close_leaves_five_seconds_for_its_entries(world: World) -> None:
    world.record(1000)
    host = Host(world)
    host.attach()
    second = host.head(host.ask(messages.CLOSE)["head"])
    assert len(host.pull(second["size"])) == second["size"]
    host.ask(messages.PRIVATE, JOURNAL)
    for kind, values in (
        (messages.HEAD, {}),
        (messages.MEDIA, MEDIA),
        (messages.LEAVES, {"recording": 1, "number": 1, "first": 0, "count": 1}),
        (messages.RECEIPT, {"receipt": host.receipt([])}),
        (messages.COMMAND, {"command": host.command(codes.OPERATION_SET_TIME, [WALL])}),
    ):
        assert code_of(host, kind, values) == messages.NO_SESSION
    world.run(6000)
    assert code_of(host, messages.JOURNAL, JOURNAL) == messages.NO_SESSION
    assert code_of(host, messages.CLOSE) == messages.NO_SESSION


def test_a_close_that_is_asked_again_changes_no_key_again(world: World, host: Host) -> None:
    first = host.head(host.ask(messages.CLOSE)["head"])
    for _ in range(20):
        again = host.head(host.ask(messages.CLOSE)["head"])
        assert (again["size"], again["epoch"], again["phase"]) == (first["size"], first["epoch"], 2)


# Once.


def test_a_challenge_proves_once(world: World) -> None:
    host = Host(world)
    host.open()
    challenge = host.challenge()
    host.ask(messages.PROVE, {"challenge": challenge})
    before = told(world)
    assert code_of(host, messages.PROVE, {"challenge": challenge}) == messages.REPLAYED
    assert code_of(host, messages.PROVE, {"challenge": host.challenge(time=WALL + 1)}) == messages.REPLAYED
    assert told(world) == before
    host.ask(messages.HEAD)


def test_a_receipt_counts_once(world: World) -> None:
    world.record(2000)
    host = Host(world)
    host.attach()
    root = world.bodies(kinds.SEGMENT)[0]["root"]
    receipts = [host.receipt([[1, 1, root]], time=WALL + number) for number in range(3)]
    for raw in receipts:
        host.ask(messages.RECEIPT, {"receipt": raw})
    before = told(world)
    for raw in receipts:
        assert code_of(host, messages.RECEIPT, {"receipt": raw}) == messages.REPLAYED
    assert told(world) == before


def test_a_receipt_for_entries_that_are_not_there(world: World, host: Host) -> None:
    assert world.agent is not None
    size, before = world.agent.journal.size, told(world)
    assert code_of(host, messages.RECEIPT, {"receipt": host.receipt([], size=size + 9)}) == messages.OUT_OF_RANGE
    assert told(world) == before
    host.ask(messages.RECEIPT, {"receipt": host.receipt([], size=size)})


def test_a_session_leaves_the_reserve_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a host brings about waits; why a recording ended does not. Unwritten, it has not taken place."""
    agent = world.agent
    assert agent is not None
    host = Host(world)
    host.attach()
    receipt = host.receipt([])
    command = host.command(codes.OPERATION_SET_TIME, [WALL + 60_000])
    wall = agent.moments.wall()[0]
    monkeypatch.setattr(agent.journal.ring, "room", lambda: RESERVE - 1)
    assert code_of(host, messages.RECEIPT, {"receipt": receipt}) == messages.STORAGE
    assert code_of(host, messages.COMMAND, {"command": command}) == messages.STORAGE
    assert agent.moments.wall()[0] == wall
    host.open()
    challenge = host.challenge()
    assert code_of(host, messages.PROVE, {"challenge": challenge}) == messages.STORAGE
    assert code_of(host, messages.JOURNAL, JOURNAL) == messages.NO_SESSION
    monkeypatch.undo()
    host.ask(messages.PROVE, {"challenge": challenge})
    host.ask(messages.RECEIPT, {"receipt": host.receipt([])})


# Time.


@pytest.mark.parametrize("time", [0, EARLIEST - 1, LATEST, (1 << 63) - 1])
def test_no_command_sets_a_wild_time(world: World, host: Host, time: int) -> None:
    before = told(world), world.clock.wall
    command = host.command(codes.OPERATION_SET_TIME, [time])
    assert code_of(host, messages.COMMAND, {"command": command}) == messages.OUT_OF_RANGE
    assert (told(world), world.clock.wall) == before


@pytest.mark.parametrize("arguments", [[], [None], ["x"], [b"x"], [True], [-1], [[]], [WALL, WALL]])
def test_arguments_that_are_no_time(world: World, host: Host, arguments: list[Any]) -> None:
    command = host.seal(host.command(codes.OPERATION_SET_TIME, [WALL]), _6=arguments)
    assert code_of(host, messages.COMMAND, {"command": command}) == messages.MALFORMED


@pytest.mark.parametrize("unix", [None, -1, 0, EARLIEST - 1, LATEST, (1 << 63) - 1, 1 << 70])
def test_a_clock_out_of_bounds_is_unset(unix: int | None) -> None:
    class Clock:
        def ticks_ms(self) -> int:
            return 0

        def unix_ms(self) -> int | None:
            return unix

        def set_unix_ms(self, value: int) -> None:
            raise AssertionError

    assert moment.Moments(Clock()).wall() == (codes.WALL_UNSET, 0)


def test_a_clock_within_bounds(world: World) -> None:
    for unix in (EARLIEST, LATEST - 1):
        world.clock.set_unix_ms(unix)
        assert world.agent is not None
        assert world.agent.moments.wall() == (codes.WALL_SET, unix)


def test_a_lost_clock_is_not_set_before_what_was_signed(world: World) -> None:
    """A cut that loses the clock must not open the past."""
    world.record(1000)
    last = world.entries()[-1].wall_ms
    world.cut()
    world.clock.wall = None
    world.boot()
    world.settle()
    host = Host(world)
    host.attach()
    for back in (3_600_000, commands.CLOCK_STEP_BACK_MS + 1):
        command = host.command(codes.OPERATION_SET_TIME, [last - back])
        assert code_of(host, messages.COMMAND, {"command": command}) == messages.WRONG_ROLE
    command = host.command(codes.OPERATION_SET_TIME, [last - commands.CLOCK_STEP_BACK_MS])
    host.ask(messages.COMMAND, {"command": command})
    verify(world)


def test_small_steps_back_do_not_add_up(world: World, host: Host) -> None:
    assert world.agent is not None
    start = world.agent.moments.wall()[1]
    for number in range(1, 20):
        command = host.command(codes.OPERATION_SET_TIME, [start - 2000 * number])
        with contextlib.suppress(Refusal):
            host.ask(messages.COMMAND, {"command": command})
    assert start - world.agent.moments.wall()[1] <= commands.CLOCK_STEP_BACK_MS


# Who was refused.


def test_refusals_name_only_a_host_that_proved_its_key(world: World) -> None:
    """A certificate is public: who shows another's has proved nothing."""
    thief = Host(world, SigningKey(b"T" * 32))
    thief.open(certificate(host=HOST))
    assert code_of(thief, messages.PROVE, {"challenge": thief.challenge()}) == messages.BAD_SIGNATURE
    world.run(61_000)
    host = Host(world)
    host.attach()
    assert code_of(host, messages.COMMAND, {"command": host.command(99, [])}) == messages.UNSUPPORTED
    world.run(61_000)
    refused = [body for body in world.bodies(kinds.HOST) if body["event"] == codes.HOST_REFUSED]
    assert [(body["host"], body["last_host"]) for body in refused] == [(None, None), (HOST.thumbprint,) * 2]


# Flash that fails.


def test_a_failing_flash_is_answered_and_then_told(world: World, host: Host) -> None:
    """The host hears it, and the recorder signs nothing more: what was written may not be durable."""
    agent = world.agent
    assert agent is not None

    def fail(*_arguments: Any) -> int:
        raise rings.FlashFailed

    agent.journal.ring.append = fail  # type: ignore[method-assign]
    assert code_of(host, messages.RECEIPT, {"receipt": host.receipt([])}) == messages.STORAGE
    world.settle()
    assert agent.failed is not None
    assert agent._shown == signals.INDICATE_FAULT
    assert code_of(host, messages.CLOSE) == messages.STORAGE
    host.ask(messages.STATUS)
