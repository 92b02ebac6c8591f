"""Orders of the organisation: who may sign one, how often it counts, what it brings about (AT-13, AT-20, AT-28)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from support.board import WALL, World, verify
from support.cuts import every
from support.dock import HOST, ORGANISATION, Host, certificate, provisioned

from evidock.keys import SigningKey
from evidock_agent import commands, moment, signals
from evidock_agent.journal import RESERVE
from evidock_protocol import codes, entry, kinds, messages, statements
from evidock_protocol.wire import Refusal

SUCCESSOR = SigningKey(b"N" * 32)
OTHER = SigningKey(b"T" * 32)
YEAR = 365 * 86_400_000
ROTATION = [SUCCESSOR.public, bytes(32)]


@pytest.fixture
def world() -> World:
    return provisioned()


@pytest.fixture
def host(world: World) -> Host:
    host = Host(world)
    host.open(certificate(roles=codes.ROLE_PULL))  # it brings orders, and may do nothing itself
    host.ask(messages.PROVE, {"challenge": host.challenge()})
    return host


def refused(host: Host, raw: bytes, openings: bytes | None = None) -> int:
    assert host.world.agent is not None
    before = host.world.agent.journal.trusted.fields(), host.world.kinds(), host.world.clock.wall
    with pytest.raises(Refusal) as refusal:
        host.ask(messages.COMMAND, {"command": raw, "openings": openings})
    after = host.world.agent.journal.trusted.fields(), host.world.kinds(), host.world.clock.wall
    assert [name for name in after[1][len(before[1]) :] if name != "HOST"] == []
    assert (before[0], before[2]) == (after[0], after[2]), "a refused order changes nothing"
    return refusal.value.code


# Who signs, and for whom.


@pytest.mark.parametrize("operation", [codes.OPERATION_SET_TIME, codes.OPERATION_RESET, codes.OPERATION_ORGANISATION])
def test_only_the_organisation_orders(host: Host, operation: int) -> None:
    arguments = {codes.OPERATION_SET_TIME: [WALL], codes.OPERATION_ORGANISATION: ROTATION}.get(operation, [])
    raw = host.order(operation, arguments)
    for wrong in (
        host.order(operation, arguments, HOST),
        host.order(operation, arguments, OTHER),
        host.order(operation, arguments, SUCCESSOR),  # nobody committed to it
        raw[:-1] + bytes([raw[-1] ^ 1]),
    ):
        assert refused(host, wrong) == messages.BAD_SIGNATURE
    host.ask(messages.COMMAND, {"command": raw})


def test_an_order_needs_a_session_and_no_role(world: World, host: Host) -> None:
    host.ask(messages.HELLO, {"package": [1], "wire": [1], "flash": [1], "software": "t"})
    raw = host.order(codes.OPERATION_SET_TIME, [WALL + 5000])
    assert refused(host, raw) == messages.NO_SESSION
    host.open(certificate(roles=codes.ROLE_PULL))
    assert refused(host, raw) == messages.NO_SESSION
    host.ask(messages.PROVE, {"challenge": host.challenge()})
    host.ask(messages.COMMAND, {"command": raw})


def test_for_this_recorder_or_for_every_one(world: World, host: Host) -> None:
    assert world.agent is not None
    device = world.agent.journal.device
    assert refused(host, host.order(codes.OPERATION_SET_TIME, [WALL], device=bytes(32))) == messages.WRONG_DEVICE
    host.carry(codes.OPERATION_SET_TIME, [WALL + 5000], device=device)
    late = WALL + 2000
    assert refused(host, host.order(codes.OPERATION_FIRMWARE, [bytes(32)], device=bytes(32), time=late)) == 11
    host.carry(codes.OPERATION_FIRMWARE, [bytes(32)], device=None, time=late)


@pytest.mark.parametrize(
    ("operation", "arguments"), [(codes.OPERATION_SET_TIME, [WALL + 5000]), (codes.OPERATION_RESET, [])]
)
def test_what_must_name_its_recorder(host: Host, operation: int, arguments: list[int]) -> None:
    """An order that lies about for months would set another's clock back, or have it erased."""
    assert refused(host, host.order(operation, arguments, device=None)) == messages.WRONG_DEVICE
    host.carry(operation, arguments)


# Once.


def test_an_order_counts_once_and_none_before_it(world: World, host: Host) -> None:
    raw = host.order(codes.OPERATION_SET_TIME, [WALL + 5000], time=WALL + 5)
    older = host.order(codes.OPERATION_SET_TIME, [WALL + 5000], time=WALL + 4)
    host.ask(messages.COMMAND, {"command": raw})
    for again in (raw, older):
        assert refused(host, again) == messages.REPLAYED
    host.ask(messages.CLOSE)
    world.boot()
    world.settle()
    host.attach()
    for again in (raw, older):
        assert refused(host, again) == messages.REPLAYED
    host.carry(codes.OPERATION_SET_TIME, [WALL + 5000], time=WALL + 6)


def test_an_older_generation_orders_nothing(host: Host) -> None:
    host.carry(codes.OPERATION_SET_TIME, [WALL + 5000], generation=4)
    late = WALL + 9000
    assert (
        refused(host, host.order(codes.OPERATION_SET_TIME, [WALL], generation=3, time=late))
        == messages.OLDER_GENERATION
    )
    host.carry(codes.OPERATION_SET_TIME, [WALL + 6000], generation=4, time=late)


@pytest.mark.parametrize("time", [0, 1_577_836_799_999, 4_102_444_800_000, (1 << 63) - 1])
def test_a_wild_time_would_shut_out_every_later_order(host: Host, time: int) -> None:
    code = refused(host, host.order(codes.OPERATION_SET_TIME, [WALL], time=time))
    assert code == (messages.REPLAYED if time == 0 else messages.OUT_OF_RANGE)


def test_what_is_no_order(world: World, host: Host) -> None:
    raw = host.order(codes.OPERATION_SET_TIME, [WALL])
    assert refused(host, raw[:-1]) == messages.MALFORMED
    assert refused(host, raw + b"\x00") == messages.MALFORMED
    assert refused(host, raw, openings=b"\x80") == messages.MALFORMED
    assert refused(host, certificate()) == messages.MALFORMED
    assert refused(host, b"") == messages.MALFORMED
    for operation, arguments in (
        (codes.OPERATION_ISSUE, [bytes(32), None]),
        (codes.OPERATION_CHECK, []),
        (codes.OPERATION_EXEMPT, [1, True, None, None]),
        (codes.OPERATION_DELETE, [1, 1, bytes(32), bytes(32)]),
        (99, [1]),
    ):
        assert refused(host, host.order(operation, arguments)) == messages.UNSUPPORTED


def test_no_host_may_command_what_only_an_order_may(world: World) -> None:
    host = Host(world)
    host.attach()
    for operation, arguments in ((codes.OPERATION_RESET, []), (codes.OPERATION_ORGANISATION, ROTATION)):
        assert refused(host, host.command(operation, arguments)) == messages.WRONG_ROLE


# The clock.


def test_the_organisation_sets_the_clock_back(world: World, host: Host) -> None:
    """And from there a host goes on, within its few seconds."""
    raw = host.order(codes.OPERATION_SET_TIME, [WALL - YEAR])
    host.ask(messages.COMMAND, {"command": raw})
    (clock,) = world.bodies(kinds.CLOCK)
    assert (clock["source"], clock["order"]) == (codes.CLOCK_FROM_ORGANISATION, raw)
    assert clock["new"][0] == codes.WALL_SYNCHRONISED
    assert abs(clock["new"][1] - (WALL - YEAR)) < 1000
    assert clock["old"][1] >= WALL
    host.ask(messages.CLOSE)
    for _ in range(2):  # also after a boot
        host.attach()
        now = world.agent.moments.wall()[1]  # type: ignore[union-attr]
        back = host.command(codes.OPERATION_SET_TIME, [now - 2 * commands.CLOCK_STEP_BACK_MS])
        assert refused(host, back) == messages.WRONG_ROLE
        host.ask(messages.COMMAND, {"command": host.command(codes.OPERATION_SET_TIME, [now + 1000])})
        world.boot()
        world.settle()
    assert [body["source"] for body in world.bodies(kinds.CLOCK)] == [codes.CLOCK_FROM_ORGANISATION, 1, 1]
    verify(world)


@pytest.mark.parametrize("time", [0, 1_577_836_799_999, 4_102_444_800_000])
def test_no_order_sets_a_wild_time(host: Host, time: int) -> None:
    assert refused(host, host.order(codes.OPERATION_SET_TIME, [time])) == messages.OUT_OF_RANGE


def test_orders_leave_the_reserve_alone(world: World, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    assert world.agent is not None
    monkeypatch.setattr(world.agent.journal.ring, "room", lambda: RESERVE - 1)
    for operation, arguments in (
        (codes.OPERATION_SET_TIME, [WALL + 5000]),
        (codes.OPERATION_RESET, []),
        (codes.OPERATION_ORGANISATION, ROTATION),
        (codes.OPERATION_FIRMWARE, [bytes(32)]),
    ):
        assert refused(host, host.order(operation, arguments)) == messages.STORAGE
    monkeypatch.undo()
    host.carry(codes.OPERATION_SET_TIME, [WALL + 5000])


# Settings and firmware.


def test_configuration_and_firmware_keep_the_order(world: World, host: Host) -> None:
    raw = host.order(codes.OPERATION_CONFIGURE, [2, 33])
    host.ask(messages.COMMAND, {"command": raw})
    assert world.bodies(kinds.CONFIG)[-1] == {"order": raw, "setting": 2, "value": 33}
    raw = host.order(codes.OPERATION_FIRMWARE, [b"\x01" * 32], time=WALL + 2000)
    sequence = host.ask(messages.COMMAND, {"command": raw})["sequence"]
    assert world.entries()[sequence].kind == kinds.FIRMWARE
    assert world.bodies(kinds.FIRMWARE) == [{"order": raw, "old": bytes(32), "new": b"\x01" * 32}]
    assert world.agent is not None
    assert world.agent.journal.trusted.time == WALL + 2000


# Another organisation.


def committed() -> World:
    """A recorder whose GENESIS commits to the successor."""
    world = World()
    world.boot()
    world.settle()
    Host(world).provision(successor=hashlib.sha256(SUCCESSOR.public).digest())
    world.settle()
    return world


def test_the_successor_takes_the_place_of_a_lost_key() -> None:
    world = committed()
    host = Host(world)
    host.attach()
    assert refused(host, host.order(codes.OPERATION_SET_TIME, [WALL], SUCCESSOR)) == messages.BAD_SIGNATURE
    assert refused(host, host.order(codes.OPERATION_ORGANISATION, [OTHER.public, bytes(32)], SUCCESSOR)) == 8
    sequence = host.carry(codes.OPERATION_ORGANISATION, ROTATION, signer=SUCCESSOR)
    body = world.entries()[sequence].body
    assert (body["organisation"], body["successor"]) == (SUCCESSOR.public, bytes(32))
    assert (
        refused(host, host.order(codes.OPERATION_RESET, [], ORGANISATION, time=WALL + 2000)) == messages.BAD_SIGNATURE
    )
    host.carry(codes.OPERATION_RESET, signer=SUCCESSOR, time=WALL + 2000)


def test_the_organisation_names_another_itself(world: World, host: Host) -> None:
    host.carry(codes.OPERATION_ORGANISATION, [OTHER.public, hashlib.sha256(SUCCESSOR.public).digest()])
    late = WALL + 2000
    assert refused(host, host.order(codes.OPERATION_ORGANISATION, ROTATION, ORGANISATION, time=late)) == 8
    host.carry(codes.OPERATION_ORGANISATION, ROTATION, signer=SUCCESSOR, time=late)
    assert world.agent is not None
    assert world.agent.journal.trusted.organisation == SUCCESSOR.public


@pytest.mark.parametrize("shut_by", ["certificate", "order"])
def test_no_order_of_the_old_key_shuts_the_successor_out(shut_by: str) -> None:
    """Whoever has the old key for a moment signs the latest time and the highest generation that there are."""
    world = committed()
    host = Host(world)
    last, highest = moment.LATEST_MS - 1, (1 << 63) - 1
    if shut_by == "certificate":
        host.open(certificate(not_before=last, not_after=highest, generation=highest))
        host.ask(messages.PROVE, {"challenge": host.challenge()})
    else:
        host.attach()
        host.carry(codes.OPERATION_FIRMWARE, [bytes(32)], time=last, generation=highest)
    assert refused(host, host.order(codes.OPERATION_ORGANISATION, ROTATION)) == messages.OLDER_GENERATION
    for time in (0, moment.LATEST_MS):
        raw = host.order(codes.OPERATION_ORGANISATION, ROTATION, SUCCESSOR, time=time)
        assert refused(host, raw) == messages.OUT_OF_RANGE
    raw = host.order(codes.OPERATION_ORGANISATION, ROTATION, SUCCESSOR)
    host.ask(messages.COMMAND, {"command": raw})
    host.ask(messages.CLOSE)
    for _ in range(2):  # also after a boot
        assert world.agent is not None
        trusted = world.agent.journal.trusted
        assert (trusted.organisation, trusted.generation, trusted.time) == (SUCCESSOR.public, 1, WALL + 1000)
        host.open(certificate(organisation=SUCCESSOR.public, signer=SUCCESSOR, not_after=WALL + 1000))
        host.ask(messages.PROVE, {"challenge": host.challenge()})
        assert refused(host, raw) == messages.REPLAYED
        world.boot()
        world.settle()
    verify(world)


def test_a_session_does_not_outlive_the_trust_that_it_rests_on(world: World) -> None:
    """It may read and close; it commands and receipts nothing more."""
    for operation, arguments, generation, code in (
        (codes.OPERATION_CONFIGURE, [2, 33], 1, messages.OLDER_GENERATION),
        (codes.OPERATION_ORGANISATION, ROTATION, 9, messages.BAD_CERTIFICATE),
    ):
        host = Host(world)
        host.open(certificate(generation=generation))
        host.ask(messages.PROVE, {"challenge": host.challenge()})
        host.carry(operation, arguments, generation=9, time=WALL + 1000 * (1 + generation))
        assert refused(host, host.command(codes.OPERATION_CONFIGURE, [2, 34])) == code
        with pytest.raises(Refusal) as refusal:
            host.ask(messages.RECEIPT, {"receipt": host.receipt([])})
        assert refusal.value.code == code
        host.ask(messages.HEAD)
        host.pull(world.agent.journal.size)  # type: ignore[union-attr]
        host.ask(messages.CLOSE)
    verify(world)


# RESET.


def test_a_reset_waits_for_what_no_host_holds(world: World) -> None:
    world.press(signals.BUTTON_RECORD)
    world.run(2000)
    host = Host(world)
    host.attach()
    raw = host.order(codes.OPERATION_RESET)
    assert refused(host, raw) == messages.BUSY
    world.press(signals.BUTTON_RECORD)
    assert refused(host, raw) == messages.BUSY
    root = world.bodies(kinds.SEGMENT)[0]["root"]
    host.ask(messages.RECEIPT, {"receipt": host.receipt([[1, 2, root], [2, 1, root]])})
    assert refused(host, raw) == messages.BUSY
    host.ask(messages.RECEIPT, {"receipt": host.receipt([[1, 1, b"z" * 32]])})  # of other bytes
    assert refused(host, raw) == messages.BUSY
    host.ask(messages.RECEIPT, {"receipt": host.receipt([[1, 1, root]])})
    host.ask(messages.COMMAND, {"command": raw})
    assert world.bodies(kinds.RESET) == [{"order": raw}]
    verify(world)


def test_a_reset_waits_for_many_segments(world: World) -> None:
    """More than are looked for in one look at the receipts."""
    assert world.agent is not None
    host = Host(world)
    host.attach()
    segments = [[number, 1, bytes([number]) * 32] for number in range(1, 41)]
    for recording, number, root in segments:
        body = {"recording": recording, "number": number, "root": root}
        world.agent.add_job(seal(world, body))
    world.settle()
    for at in (0, 20):
        assert refused(host, host.order(codes.OPERATION_RESET)) == messages.BUSY
        host.ask(messages.RECEIPT, {"receipt": host.receipt(segments[at : at + 20])})
    host.carry(codes.OPERATION_RESET)


def seal(world: World, changed: dict[str, Any]) -> Any:
    """A job: one more SEGMENT."""
    assert world.agent is not None
    if not _SEGMENT:
        other = provisioned()
        other.record(1000)
        _SEGMENT.update(other.bodies(kinds.SEGMENT)[0])
    yield from world.agent.journal.append(kinds.SEGMENT, {**_SEGMENT, **changed})


_SEGMENT: dict[str, Any] = {}


def test_a_reset_waits_for_a_card_with_the_whole_journal(world: World) -> None:
    """PROVISION erases the ring."""
    medium = world.medium
    world.medium = None
    world.run(3000)
    host = Host(world)
    host.attach()
    assert refused(host, host.order(codes.OPERATION_RESET)) == messages.BUSY
    world.medium = medium
    world.run(3000)
    host.carry(codes.OPERATION_RESET)


# Cuts.


def test_a_cut_at_any_operation_of_an_order(world: World) -> None:
    """It was taken or it was not; it is never taken twice, and whoever brings it again hears so."""
    host = Host(world)
    host.attach()
    raw = host.order(codes.OPERATION_SET_TIME, [WALL - YEAR], time=WALL + 5)
    seen: list[int] = []

    def check(fork: World, what: str) -> None:
        fork.boot()
        fork.settle()
        verify(fork)
        done = len(fork.bodies(kinds.CLOCK)) > 0 and fork.bodies(kinds.CLOCK)[0]["order"] == raw
        again = Host(fork)
        again.attach()
        if done:
            with pytest.raises(Refusal) as refusal:
                again.ask(messages.COMMAND, {"command": raw})
            assert refusal.value.code == messages.REPLAYED, what
        else:
            again.ask(messages.COMMAND, {"command": raw})
        assert [body["order"] for body in fork.bodies(kinds.CLOCK) if body["order"]] == [raw], what
        verify(fork)
        seen.append(done)

    every(world, 1, 0, check)
    host.ask(messages.COMMAND, {"command": raw})
    host.ask(messages.CLOSE)
    assert set(seen) == {False, True}
    assert entry.parse_statement(raw, statements.TYP_ORDER)[1]["device"] == world.agent.journal.device  # type: ignore[union-attr]
