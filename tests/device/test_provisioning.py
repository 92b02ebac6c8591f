"""Provisioning: what it refuses to erase, the time it takes (AT-28), the table of the organisation's key, and a second
one after RESET.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.board import SECTORS, WALL, Tear, World, verify
from support.dock import ORGANISATION, Host, certificate, provisioned

from evidock.keys import SigningKey
from evidock_agent import pinned, provisioning, session, signals
from evidock_protocol import codes, entry, flash, kinds, messages, sign1
from evidock_protocol.wire import Refusal


def blank() -> World:
    world = World()
    world.boot()
    world.settle()
    return world


def refusal(world: World, time: int | None = None) -> int:
    with pytest.raises(Refusal) as refused:
        Host(world).provision(time=time)
    return refused.value.code


@pytest.mark.parametrize("time", [0, 1_577_836_799_999, 4_102_444_800_000, (1 << 63) - 1])
def test_a_wild_time_provisions_nothing(time: int) -> None:
    world = blank()
    assert refusal(world, time) == messages.OUT_OF_RANGE
    assert world.clock.wall == WALL
    assert all(set(image) == {0xFF} for image in world.flash.values())
    Host(world).provision(time=WALL + 5000)


def test_a_journal_is_never_erased() -> None:
    """One rotted bit in the identity sector must not let a stranger erase evidence and keys."""
    world = provisioned()
    world.record(1000)
    assert world.agent is not None
    world.flash["identity"][3] ^= 1
    before = {name: bytes(world.flash[name]) for name in SECTORS}
    # The agent as it would be if it took itself for blank: provisioning must not trust that.
    world.agent.provisioned = False
    with pytest.raises(Refusal) as refused:
        run(provisioning.provision(world.agent, {"time": None}))
    assert refused.value.code == messages.ALREADY_PROVISIONED
    assert {name: bytes(world.flash[name]) for name in SECTORS} == before


def test_an_unfinished_provisioning_is_begun_anew() -> None:
    """GENESIS is durable, the identity sector's head is not: nobody has seen this recorder's key yet."""
    world = blank()
    forks: list[World] = []

    def look(count: int, _tear: object) -> None:
        forks.append(world.fork(count))

    world.power.before = look
    Host(world).provision()
    unfinished = [
        fork
        for fork in forks
        if bytes(fork.flash["journal"][: 2 * flash.HEAD]) != b"\xff" * 2 * flash.HEAD
        and set(fork.flash["identity"][: flash.HEAD]) == {0xFF}
    ]
    assert unfinished
    for fork in unfinished[-3:]:
        fork.boot()
        fork.settle()
        Host(fork).provision()
        fork.settle()
        assert fork.entries()[0].kind == kinds.GENESIS
        assert fork.entries()[0].body["random_source"] == codes.RANDOM_SIMULATED


def test_a_cut_at_any_operation_leaves_a_blank_recorder_or_a_provisioned_one() -> None:
    """Whole and in the middle of it; a provisioned one has the table of its organisation's key (AT-33)."""
    world = blank()
    forks: list[World] = []

    def look(count: int, tear: Tear) -> None:
        for torn in (False, True):
            forks.append(world.fork(count))
            if torn:
                tear(forks[-1])

    world.power.before = look
    Host(world).provision()
    world.settle()
    states = []
    for fork in forks:
        agent = fork.boot()
        fork.settle()
        assert agent.failed is None
        states.append(agent.provisioned)
        if not agent.provisioned:
            Host(fork).provision()
            fork.settle()
        assert stored(fork) is not None
        Host(fork).attach()
    assert states == sorted(states)
    assert set(states) == {False, True}


def stored(world: World, public: bytes = ORGANISATION.public):
    assert world.board is not None
    return pinned.load(world.board.identity_flash, public)


def table_at(world: World) -> int:
    """Where the record of the key table begins: behind GENESIS."""
    identity = world.flash["identity"]
    return flash.HEAD + flash.record_span(flash.parse_record_head(bytes(identity[flash.HEAD :]))[1])


def check_slices(world: World) -> int:
    """In how many slices the recorder checks a host's certificate."""
    comb = stored(world)
    return len(list(session.check_certificate(certificate(), ORGANISATION.public, codes.ROLE_PULL, comb)))


def test_the_largest_genesis_leaves_room_for_the_key_table() -> None:
    world = blank()
    assert world.board is not None
    world.board.model = "M" * 64  # pyright: ignore[reportAttributeAccessIssue]
    Host(world).provision(serial="S" * 64, asset="A" * 64)
    assert stored(world) is not None


def test_a_certificate_is_checked_through_the_table() -> None:
    world = provisioned()
    with_table = check_slices(world)
    world.flash["identity"][table_at(world) :] = b"\xff" * (flash.SECTOR - table_at(world))
    without = check_slices(world)  # a recorder that was provisioned before there were tables
    assert with_table < without * 2 / 3
    Host(world).attach()


def test_a_changed_certificate_is_refused_through_the_table() -> None:
    world = provisioned()
    assert stored(world) is not None
    raw = certificate()
    for changed in (raw[:-1] + bytes([raw[-1] ^ 1]), raw[:-64] + bytes([raw[-64] ^ 1]) + raw[-63:]):
        with pytest.raises(Refusal) as refused:
            Host(world).open(changed)
        assert refused.value.code == messages.BAD_CERTIFICATE


def test_one_rotten_bit_anywhere_and_the_table_is_passed_over() -> None:
    """Never a refusal, and never another answer."""
    world = provisioned()
    start = table_at(world)
    end = start + flash.RECORD_HEAD + flash.KEY_TABLE
    for at in range(start, end):
        world.flash["identity"][at] ^= 1 << at % 8
        assert stored(world) is None, at
        world.flash["identity"][at] ^= 1 << at % 8
    assert stored(world) is not None
    for at in (start, start + flash.RECORD_HEAD, end - 1):
        world.flash["identity"][at] ^= 1
        Host(world).attach()
        world.flash["identity"][at] ^= 1


ROTTEN = provisioned()


@given(st.integers(0, 0xFFFF))
def test_a_rotten_length_of_genesis_hides_the_table(length: int) -> None:
    right = flash.parse_record_head(bytes(ROTTEN.flash["identity"][flash.HEAD :]))[1]
    place = slice(flash.HEAD + 2, flash.HEAD + 4)
    ROTTEN.flash["identity"][place] = length.to_bytes(2, "little")
    try:
        assert (stored(ROTTEN) is not None) is (flash.record_span(length) == flash.record_span(right))
    finally:
        ROTTEN.flash["identity"][place] = right.to_bytes(2, "little")


def test_the_table_of_another_key_is_not_used() -> None:
    world = provisioned()
    assert stored(world, Host(world).key.public) is None


def run(steps: object) -> None:
    for _ in steps:  # type: ignore[attr-defined]
        pass


def test_memory_too_tight_for_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """It only makes checking faster: a recorder without it is provisioned all the same."""

    def tight(_public: bytes, _teeth: int, _blocks: int) -> None:
        raise MemoryError

    world = blank()
    monkeypatch.setattr("evidock_agent.crypto.comb_build.key_table_steps", tight)
    Host(world).provision()
    assert stored(world) is None
    world.boot()
    world.settle()
    assert world.agent is not None
    assert world.agent.provisioned


# Again.


def test_the_fingerprint_is_shown_on_the_recorder() -> None:
    world = blank()
    raw = Host(world).provision()
    device = entry.parse(raw).device.hex().upper()
    assert world.displayed == [f"{device[:4]} {device[4:8]} {device[8:12]} {device[12:16]}"]
    assert world.displayed == [sign1.short_fingerprint(entry.parse(raw).device)]


def to_reset() -> World:
    """A recorder with a recording that a host holds, and RESET."""
    world = provisioned()
    world.record(2000)
    host = Host(world)
    host.attach()
    host.ask(messages.RECEIPT, {"receipt": host.receipt([[1, 1, world.bodies(kinds.SEGMENT)[0]["root"]]])})
    host.ask(messages.COMMAND, {"command": host.command(codes.OPERATION_EXEMPT, [2, True, None, None])})
    host.carry(codes.OPERATION_RESET)
    host.ask(messages.CLOSE)
    host.ask(messages.HELLO, {"package": [1], "wire": [1], "flash": [1], "software": "t"})
    return world


def test_a_recorder_that_was_reset_is_provisioned_anew() -> None:
    """With another key and another id; what the old one recorded stays on the card, with its journal."""
    world = to_reset()
    assert world.agent is not None
    assert world.medium is not None
    world.settings = b'{"battery_warning": 33}'
    old = world.agent.journal.device
    raws, files = world.raws(), dict(world.medium.files)
    secrets = list(world.seeds)
    other = SigningKey(b"2" * 32)
    world.seeds.clear()
    Host(world).provision(
        organisation=other.public, certificate=certificate(organisation=other.public, signer=other), serial="2"
    )
    world.settle()
    agent = world.agent
    assert agent.journal.device != old
    assert world.settings == b""
    assert world.bodies(kinds.CONFIG) == []
    assert (agent.exempt, agent.backlog.segments, agent.journal.trusted.generation) == (0, 0, 0)
    image = b"".join(bytes(image) for image in world.flash.values())
    assert [secret for secret in secrets if secret in image] == []
    for path, data in files.items():
        if "JOURNAL" in path:
            data = b"".join(raws)  # what was missing is copied first
        assert world.medium.files[path] == data, path
    verify(world)
    world.record(1000)
    assert world.bodies(kinds.START)[0]["recording"] == 1
    for _ in range(2):
        with pytest.raises(Refusal) as refused:
            Host(world).open()
        assert refused.value.code == messages.BAD_CERTIFICATE
        Host(world).open(certificate(organisation=other.public, signer=other))
        world.boot()
        world.settle()
    verify(world)


def test_without_a_reset_nothing_is_provisioned_anew() -> None:
    world = provisioned()
    assert refusal(world) == messages.ALREADY_PROVISIONED
    world.record(1000)
    assert refusal(world) == messages.ALREADY_PROVISIONED
    assert len(world.displayed) == 1


def test_what_is_refused_leaves_a_recorder_that_was_reset_as_it_is() -> None:
    world = to_reset()
    before = {name: bytes(world.flash[name]) for name in ("identity", "key", "anchor")}
    assert refusal(world, 0) == messages.OUT_OF_RANGE
    with pytest.raises(Refusal):
        Host(world).provision(certificate=certificate(roles=codes.ROLE_PULL))
    with pytest.raises(Refusal):
        Host(world).provision(certificate=certificate(signer=Host(world).key))
    assert {name: bytes(world.flash[name]) for name in before} == before
    Host(world).attach()


def test_a_press_while_it_is_provisioned_anew_records_nothing() -> None:
    """What is erased must not be recorded into."""
    world = to_reset()
    host = Host(world)
    number = host.send(
        messages.PROVISION,
        {
            "organisation": ORGANISATION.public, "successor": bytes(32), "serial": "1", "asset": "1",
            "certificate": certificate(), "time": None,
        },
    )  # fmt: skip
    assert world.board is not None
    assert world.agent is not None
    while world.agent.provisioned:
        world.step()
    world.board.presses.append(signals.BUTTON_RECORD)
    assert host.answers()[0][1] == number
    world.settle()
    assert world.kinds()[:2] == ["GENESIS", "BOOT"]
    verify(world)


@pytest.mark.parametrize("steps", [1, 3, 20])
def test_a_press_while_the_certificate_is_checked_is_not_lost(steps: int) -> None:
    """It records, and nothing is erased: into the identity that goes it would record what no host ever finds."""
    world = to_reset()
    host = Host(world)
    assert world.board is not None
    assert world.agent is not None
    number = host.send(
        messages.PROVISION,
        {
            "organisation": ORGANISATION.public, "successor": bytes(32), "serial": "1", "asset": "1",
            "certificate": certificate(), "time": None,
        },
    )  # fmt: skip
    while world.agent.line.server is None or not world.agent.line.server._answering:
        world.step()
    for _ in range(steps):
        world.step()
    assert world.agent.provisioned
    world.board.presses.append(signals.BUTTON_RECORD)
    with pytest.raises(Refusal) as refused:
        host.answers()
    assert refused.value.code == messages.BUSY
    assert number
    world.run(2000)
    assert world.agent.recording == 2
    world.press(signals.BUTTON_RECORD)
    verify(world)


def test_what_came_after_the_reset_must_be_on_a_card() -> None:
    world = to_reset()
    medium = world.medium
    world.medium = None
    world.run(3000)
    assert refusal(world) == messages.BUSY
    world.medium = medium
    world.run(3000)
    Host(world).provision()


def test_a_start_that_rots_behind_a_reset_gives_nothing_away() -> None:
    """Neither SEGMENT and STOP, which flash still has, nor what it lost may be erased."""
    for lost in (1, 2, 3):  # START; with SEGMENT; with STOP
        world = to_reset()
        world.record(2000)
        world.settle()
        agent = world.agent
        assert agent is not None
        assert world.medium is not None
        start = next(e.sequence for e in world.entries()[::-1] if e.kind == kinds.START)
        addresses = [agent.journal._addresses[start + at - agent.journal.first] for at in range(lost)]
        world.cut()
        for address in addresses:
            world.flash["journal"][address + flash.RECORD_HEAD + 60] ^= 0xFF
        for path in [path for path in world.medium.files if path.endswith("JOURNAL.CBS")]:
            del world.medium.files[path]
        world.boot()
        world.settle()
        assert not world.agent.journal.trusted.is_reset  # type: ignore[union-attr]
        assert refusal(world) == messages.ALREADY_PROVISIONED


def test_other_work_goes_before_it() -> None:
    """Such as a recording that somebody asked for at this moment."""
    world = to_reset()
    assert world.agent is not None
    world.agent.add_job(world.agent.recorder.start(codes.START_BUTTON))
    assert refusal(world) == messages.ALREADY_PROVISIONED
    world = to_reset()
    assert world.agent is not None
    agent = world.agent
    job = provisioning.provision(agent, {"time": None})
    agent._jobs += [job, iter(())]
    with pytest.raises(Refusal) as refused:
        next(job)
    assert refused.value.code == messages.BUSY
