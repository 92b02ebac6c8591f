"""The trust state: what raises it, what is refused by it, and that neither a boot, a cut nor the ring's end loses it
(OB-26, OB-29, AT-19, AT-28).
"""

from __future__ import annotations

from typing import Any

import pytest
from support.board import WALL, World, verify
from support.cuts import every
from support.dock import HOST, NONCE, ORGANISATION, Host, certificate, order, provisioned

from evidock.keys import SigningKey
from evidock_agent import signals
from evidock_agent.trusted import Trusted
from evidock_protocol import codes, entry, kinds, messages, statements
from evidock_protocol.wire import Refusal

SUCCESSOR = SigningKey(b"N" * 32)
OTHER = SigningKey(b"T" * 32)
DAY = 86_400_000


@pytest.fixture
def world() -> World:
    return provisioned()


def open_code(world: World, **changed: Any) -> int:
    with pytest.raises(Refusal) as refused:
        Host(world).open(certificate(**changed))
    return refused.value.code


def attach(world: World, **changed: Any) -> Host:
    host = Host(world)
    host.open(certificate(**changed))
    host.ask(messages.PROVE, {"challenge": host.challenge()})
    return host


def state(world: World) -> dict[str, Any]:
    assert world.agent is not None
    trusted = world.agent.journal.trusted
    return {**trusted.fields(), "is_reset": trusted.is_reset}


def told(items: list[entry.Entry]) -> Trusted:
    """The trust state after these entries, the first of which is GENESIS, without what any EPOCH says of it."""
    trusted = Trusted()
    trusted.begin(items[0])
    for item in items:
        if item.kind != kinds.EPOCH:
            trusted.note(item.kind, item.body)
    return trusted


def check_epochs(world: World) -> int:
    """Every EPOCH has the state after the entries before it; how many there are."""
    items = world.entries()
    found = 0
    for item in items:
        if item.kind == kinds.EPOCH:
            found += 1
            expected = told(items[: item.sequence]).fields()
            assert {name: item.body[name] for name in expected} == expected
    return found


# What raises it.


def test_only_a_newer_certificate_is_kept(world: World) -> None:
    for generation, not_before, kept in ((1, 0, 1), (1, 0, 1), (1, 5, 2), (3, 0, 3), (3, 5, 3), (3, 6, 4)):
        attach(world, generation=generation, not_before=not_before)
        events = [body["event"] for body in world.bodies(kinds.HOST)]
        assert events.count(codes.HOST_CERTIFIED) == kept
        assert events[-1] == codes.HOST_ATTACHED
    assert state(world) == {"organisation": None, "successor": None, "generation": 3, "time": 6, "is_reset": False}
    newest = [body for body in world.bodies(kinds.HOST) if body["event"] == codes.HOST_CERTIFIED][-1]
    assert newest["host"] == HOST.thumbprint
    assert newest["statement"] == certificate(generation=3, not_before=6)


def test_a_certificate_that_nobody_proved_raises_nothing(world: World) -> None:
    """It is public: who shows it may be anybody."""
    Host(world).open(certificate(generation=9, not_before=WALL))
    assert state(world)["generation"] == 0
    attach(world)


def test_the_same_in_each_epoch(world: World) -> None:
    host = attach(world, generation=2, not_before=7)
    host.ask(messages.CLOSE)
    world.record(1000)
    host = attach(world, generation=2, not_before=9)
    officer = bytes(32)
    host.carry(codes.OPERATION_ORGANISATION, [SUCCESSOR.public, officer], generation=4)
    world.press(signals.BUTTON_RECORD)
    world.run(665_000)
    world.press(signals.BUTTON_RECORD)
    assert {body["reason"] for body in world.bodies(kinds.EPOCH)} >= {
        codes.EPOCH_STOP,
        codes.EPOCH_DOCKING,
        codes.EPOCH_TIME,
    }
    assert check_epochs(world) >= 4
    newest = world.bodies(kinds.EPOCH)[-1]
    assert newest["organisation"] == SUCCESSOR.public
    assert newest["successor"] == officer
    assert (newest["generation"], newest["time"]) == (4, WALL + 1000)
    verify(world)


def test_an_epoch_that_a_boot_owes_has_it_too(world: World) -> None:
    attach(world, generation=6, not_before=8)
    for _ in range(210):
        world.boot()
        world.settle()
        if world.bodies(kinds.EPOCH):
            break
    owed = world.bodies(kinds.EPOCH)[0]
    assert (owed["reason"], owed["generation"], owed["time"]) == (codes.EPOCH_ENTRIES, 6, 8)


# What is refused by it.


def test_certificates_grow_old(world: World) -> None:
    """Raising the others' generation revokes a host; the end is judged by what the organisation signed."""
    attach(world, generation=2, not_before=WALL)
    assert open_code(world, generation=1) == messages.OLDER_GENERATION
    assert open_code(world, generation=2, not_after=WALL - 1) == messages.EXPIRED
    assert open_code(world, generation=2, not_before=WALL + 2, not_after=WALL + 1) == messages.EXPIRED
    attach(world, generation=2, not_after=WALL)


@pytest.mark.parametrize("wild", [4_102_444_800_000, (1 << 63) - 1])
def test_a_certificate_from_a_wild_clock_shuts_nobody_out(world: World, wild: int) -> None:
    assert open_code(world, not_before=wild, not_after=(1 << 63) - 1) == messages.BAD_CERTIFICATE
    assert state(world)["time"] == 0
    attach(world)


def test_the_recorders_own_clock_ends_no_certificate(world: World) -> None:
    """Whoever can set a clock must not shut hosts out, nor let old ones in."""
    world.clock.set_unix_ms(WALL + 900 * DAY)
    attach(world, not_after=WALL)


def test_an_order_ends_certificates_too(world: World) -> None:
    host = attach(world, not_after=WALL + 999)
    host.carry(codes.OPERATION_SET_TIME, [WALL + 5000], generation=1)
    host.ask(messages.CLOSE)  # this session goes on
    assert open_code(world, not_after=WALL + 999) == messages.EXPIRED
    attach(world, not_after=WALL + 1000)


def test_a_signature_is_judged_before_the_age(world: World) -> None:
    attach(world, generation=5)
    assert open_code(world, generation=1, signer=OTHER) == messages.BAD_CERTIFICATE


def test_another_organisation_takes_over(world: World) -> None:
    host = attach(world)
    host.carry(codes.OPERATION_ORGANISATION, [SUCCESSOR.public, bytes(32)])
    host.ask(messages.CLOSE)
    assert open_code(world) == messages.BAD_CERTIFICATE
    mixed = certificate(organisation=SUCCESSOR.public)
    with pytest.raises(Refusal) as refused:
        Host(world).open(mixed)
    assert refused.value.code == messages.BAD_CERTIFICATE
    attach(world, organisation=SUCCESSOR.public, signer=SUCCESSOR)
    verify(world)


# What keeps it.


@pytest.mark.parametrize("epochs", [False, True])
def test_a_boot_restores_it(world: World, epochs: bool) -> None:
    host = attach(world, generation=2, not_before=3)
    host.carry(codes.OPERATION_ORGANISATION, [SUCCESSOR.public, bytes(32)], generation=2)
    if epochs:
        host.ask(messages.CLOSE)
    before = state(world)
    world.boot()
    world.settle()
    assert state(world) == before
    assert world.agent is not None
    assert world.agent.journal.trusted.organisation == SUCCESSOR.public


def test_from_genesis_alone(world: World) -> None:
    assert state(world) == {"organisation": None, "successor": None, "generation": 0, "time": 0, "is_reset": False}
    world.boot()
    world.settle()
    assert world.agent is not None
    trusted = world.agent.journal.trusted
    assert (trusted.organisation, trusted.successor) == (ORGANISATION.public, bytes(32))


@pytest.mark.parametrize("rotated", [False, True])
def test_it_outlives_what_the_ring_drops(world: World, rotated: bool) -> None:
    host = attach(world, generation=7, not_before=11)
    if rotated:
        host.carry(codes.OPERATION_ORGANISATION, [SUCCESSOR.public, bytes(32)], generation=8)
    host.ask(messages.CLOSE)
    before = state(world)
    last = world.entries()[-1].sequence
    world.drop_entries(last + 1)
    assert world.agent is not None
    assert world.agent.journal.first > last
    world.boot()
    world.settle()
    assert state(world) == before
    trusted = world.agent.journal.trusted
    assert trusted.organisation == (SUCCESSOR if rotated else ORGANISATION).public
    if not rotated:
        assert open_code(world, generation=6) == messages.OLDER_GENERATION


# Cuts.


def docking(world: World) -> None:
    """PROVE with a newer certificate, an order to another organisation, CLOSE."""
    host = attach(world, generation=2, not_before=4)
    host.carry(codes.OPERATION_ORGANISATION, [SUCCESSOR.public, bytes(32)], generation=3)
    host.ask(messages.CLOSE)


def test_a_cut_at_any_operation_keeps_what_is_durable(world: World) -> None:
    """After each, the state is that of the entries that are there: never one that no entry says."""
    seen: set[int] = set()

    def check(fork: World, what: str) -> None:
        fork.boot()
        fork.settle()
        verify(fork)
        items = fork.entries()
        expected = told(items)
        assert fork.agent is not None
        assert fork.agent.journal.trusted.fields() == expected.fields(), what
        check_epochs(fork)
        seen.add(expected.generation)
        rotated = expected.organisation == SUCCESSOR.public
        signer = SUCCESSOR if rotated else ORGANISATION
        attach(fork, organisation=signer.public, signer=signer, generation=expected.generation)

    count = every(world, 1, 0, check)
    docking(world)
    assert seen == {0, 2, 3}
    assert count[0] >= 8


def test_a_statement_that_is_no_order_says_nothing(world: World) -> None:
    """A host's command sets a clock: its time is the host's, not the organisation's."""
    host = attach(world)
    host.ask(messages.COMMAND, {"command": host.command(codes.OPERATION_SET_TIME, [WALL + 60_000])})
    assert (state(world)["generation"], state(world)["time"]) == (1, 0)
    assert entry.parse_statement(order(codes.OPERATION_RESET), statements.TYP_ORDER)[1]["time"] == WALL + 1000
    assert NONCE
