"""No secret that is dead is left anywhere: not the seed, not what it expands to, in no byte of internal flash or card,
wherever power goes (device/DESIGN.md, "What power loss may cost"; AT-18). And none ever stands in what is said.

The search can fail: it must find the live key in flash each time. Of a secret, eight bytes in a row at a place that is
a multiple of eight are enough to be found, so that a half-wiped or half-written key counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from support.board import SECTORS, WALL, Tear, World, key_slots, verify
from support.dock import ORGANISATION, Host, provisioned

from evidock_agent import signals
from evidock_agent.crypto.comb import ORDER
from evidock_agent.journal import EPOCH_CEILING
from evidock_protocol import cbor, codes, entry, flash, kinds, messages, private, sign1, statements
from evidock_protocol.wire import Refusal

CHUNK = 8
OPENING = private.opening(bytes(16), codes.LABEL_OFFICER, 7)


def forms(seed: bytes) -> dict[str, bytes]:
    """What a key could lie about as: the seed, and what RFC 8032, section 5.1.5, makes of it, whichever end is first.

    No comb depends on a secret: the one that flash stores is of the organisation's public key.
    """
    digest = hashlib.sha512(seed).digest()
    clamped = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | (1 << 254)
    reduced = clamped % ORDER
    return {
        "seed": seed, "lower half": digest[:32], "prefix": digest[32:],
        "scalar": clamped.to_bytes(32, "little"), "scalar, big-endian": clamped.to_bytes(32, "big"),
        "reduced": reduced.to_bytes(32, "little"), "reduced, big-endian": reduced.to_bytes(32, "big"),
    }  # fmt: skip


def everything(world: World) -> bytes:
    """All bytes of internal flash and of the card, also what it was given and has not flushed."""
    images = [bytes(world.flash[name]) for name in SECTORS]
    assert world.medium is not None
    images += [bytes(data) for data in world.medium.files.values()]
    images += [bytes(data) for data in world.medium.written.values()]
    return bytes(64).join(images)


def found(data: bytes, seeds: list[bytes]) -> list[str]:
    """Which forms of which of these seeds stand in `data`, by parts."""
    return [
        f"{name} of key {number}"
        for number, seed in enumerate(seeds)
        for name, secret in forms(seed).items()
        if any(secret[at : at + CHUNK] in data for at in range(0, 32, CHUNK))
    ]


def live_seed(world: World) -> bytes | None:
    """The one whole key in flash."""
    slots = [flash.parse_key(bytes(world.flash["key"][at : at + flash.KEY_BYTES])) for at in key_slots()]
    whole = [slot[1] for slot in slots if slot is not None]
    assert len(whole) <= 1
    return whole[0] if whole else None


def only_the_live_key(world: World, seeds: list[bytes], what: str = "") -> None:
    """Of all keys that ever were, only the live one's seed is there, once, and nothing else of it."""
    data = everything(world)
    live = live_seed(world)
    dead = [seed for seed in seeds if seed != live]
    assert found(data, dead) == [], what
    if live is not None:
        assert found(data, [live]) == ["seed of key 0"], what
        assert data.count(live) == 1, what


# After each change.


def stop(world: World) -> None:
    world.record(1500)


def give_back(world: World) -> None:
    host = Host(world)
    host.attach()
    arguments = [private.commitment(OPENING), None]
    raw = host.command(codes.OPERATION_RETURN, arguments)
    host.ask(messages.COMMAND, {"command": raw, "openings": cbor.encode([OPENING])})
    world.settle()


def dock(world: World) -> None:
    host = Host(world)
    host.pull(host.attach()["size"])
    host.ask(messages.CLOSE)


def record_for_long(world: World) -> None:
    world.press(signals.BUTTON_RECORD)
    world.run(665_000)
    world.settle()


def many_entries(world: World) -> None:
    assert world.agent is not None
    for _ in range(EPOCH_CEILING + 20):
        world.clock.now += 1000
        world.press(signals.BUTTON_MARK)
    world.run(1000)
    world.settle()


CHANGES = [
    (stop, codes.EPOCH_STOP),
    (give_back, codes.EPOCH_RETURN),
    (dock, codes.EPOCH_DOCKING),
    (many_entries, codes.EPOCH_ENTRIES),
]
IDS = ["stop", "return", "docking", "entries"]


def changed(world: World, change: Callable[[World], None], reason: int) -> None:
    before, raw = len(world.bodies(kinds.EPOCH)), world.raws()[0]
    change(world)
    reasons = [body["reason"] for body in world.bodies(kinds.EPOCH)[before:]]
    assert reason in reasons
    only_the_live_key(world, world.seeds)
    if world.raws()[0] == raw:  # the ring let go of nothing
        assert len(world.seeds) == 1 + before + len(reasons)
        verify(world)


@pytest.mark.parametrize(("change", "reason"), CHANGES, ids=IDS)
def test_after_a_change_nothing_of_the_old_key_is_left(change: Callable[[World], None], reason: int) -> None:
    world = provisioned()
    only_the_live_key(world, world.seeds)
    for _ in range(1 if change is many_entries else 2):
        changed(world, change, reason)


def test_after_ten_minutes_of_recording_nothing_of_the_old_key_is_left() -> None:
    world = provisioned(1000)
    changed(world, record_for_long, codes.EPOCH_TIME)


def test_after_more_changes_than_the_ring_has_slots() -> None:
    """Sectors of wiped keys are erased and used again."""
    world = provisioned()
    slots = len(key_slots())
    for _ in range(slots + 3):
        dock(world)
    assert len(world.seeds) == slots + 4
    only_the_live_key(world, world.seeds)


def test_while_the_ring_has_no_slot_the_old_key_stays_the_only_one() -> None:
    world = provisioned()
    assert world.agent is not None
    erase, world.agent.keys.erase_ahead = world.agent.keys.erase_ahead, lambda: False  # type: ignore[method-assign]
    for _ in range(len(key_slots()) + 2):
        dock(world)
        only_the_live_key(world, world.seeds)
    world.agent.keys.erase_ahead = erase  # type: ignore[method-assign]
    dock(world)
    only_the_live_key(world, world.seeds)


# Wherever power goes.


def cut_anywhere(world: World, act: Callable[[World], object], stride: int = 1) -> list[World]:
    """Forks cut at every `stride`-th operation of `act`, before it and in its middle, with all the seeds there are."""
    forks: list[World] = []
    count = [0]

    def before(operation: int, tear: Tear) -> None:
        count[0] += 1
        if count[0] % stride:
            return
        for torn, kept in ((False, False), (True, False), (True, True)):
            fork = world.fork(count[0], kept)
            if torn:
                tear(fork)
            forks.append(fork)

    world.power.before = before
    act(world)
    world.power.before = None
    for fork in forks:
        fork.seeds = list(world.seeds)  # also those that power kept from being written whole
    return forks


def settled(fork: World) -> World:
    agent = fork.boot()
    fork.settle()
    assert agent.failed is None
    return fork


@pytest.mark.parametrize(("change", "stride"), [(stop, 3), (give_back, 1), (dock, 1)], ids=IDS[:3])
def test_a_cut_anywhere_in_a_change_leaves_one_key(change: Callable[[World], None], stride: int) -> None:
    world = provisioned()
    forks = cut_anywhere(world, change, stride)
    assert len(forks) > 20
    lives = set()
    for fork in forks:
        settled(fork)
        only_the_live_key(fork, fork.seeds, f"after operation {fork.cuts}")
        verify(fork)
        lives.add(live_seed(fork))
        dock(fork)
        only_the_live_key(fork, fork.seeds)
    assert len(lives) >= 2, "neither the old key alone nor the new one alone is ever live"


def test_two_cuts_in_a_row_leave_one_key() -> None:
    """The second while the boot wipes what the first left."""
    world = provisioned()
    for fork in cut_anywhere(world, dock)[::4]:
        seeds = fork.seeds
        fork.boot()
        again: list[World] = []

        def before(operation: int, tear: Tear, fork: World = fork, again: list[World] = again) -> None:
            if operation <= 3:
                other = fork.fork(operation)
                tear(other)
                again.append(other)

        fork.power.before = before
        fork.settle()
        for other in again:
            other.seeds = list(seeds)
            settled(other)
            only_the_live_key(other, other.seeds)


def test_a_cut_anywhere_in_provisioning_leaves_no_second_key() -> None:
    """One that stays blank has no key at all."""
    world = World()
    world.boot()
    world.settle()
    outcomes = set()
    for fork in cut_anywhere(world, lambda world: Host(world).provision(time=WALL) and world.settle()):
        agent = settled(fork)
        outcomes.add(agent.agent.provisioned)  # type: ignore[union-attr]
        if not agent.agent.provisioned:  # type: ignore[union-attr]
            assert found(everything(fork), fork.seeds) == [], f"after operation {fork.cuts}"
            fork.seed = 5
            Host(fork).provision()
            fork.settle()
        only_the_live_key(fork, fork.seeds, f"after operation {fork.cuts}")
        verify_genesis(fork)
    assert outcomes == {False, True}


def verify_genesis(world: World) -> None:
    assert world.kinds().count("GENESIS") == 1


def test_a_cut_anywhere_in_a_deletion_leaves_one_key() -> None:
    world = provisioned()
    world.record(1500)
    (body,) = world.bodies(kinds.SEGMENT)
    host = Host(world)
    host.attach()
    listed = [body["recording"], body["number"], body["root"]]
    raw = host.receipt([listed])
    host.ask(messages.RECEIPT, {"receipt": raw})
    command = host.command(codes.OPERATION_DELETE, [*listed, sign1.statement_hash(raw)])
    for fork in cut_anywhere(world, lambda world: host.ask(messages.COMMAND, {"command": command})):
        settled(fork)
        only_the_live_key(fork, fork.seeds)
    assert world.kinds()[-1] == "TOMBSTONE"


# A recorder that is given to another organisation.


def reset(world: World) -> None:
    host = Host(world)
    host.attach()
    values = {
        "operation": codes.OPERATION_RESET, "device": host.session["device"], "generation": 1, "time": WALL,
        "arguments": [],
    }  # fmt: skip
    order = ORGANISATION.statement(statements.TYP_ORDER, entry.encode_statement(statements.TYP_ORDER, values))
    host.ask(messages.COMMAND, {"command": order})
    formats = {name: [1] for name in ("package", "wire", "flash")}
    host.ask(messages.HELLO, {**formats, "software": "0"})
    host.provision()
    world.settle()


def test_a_reset_leaves_nothing_of_the_keys_before() -> None:
    world = provisioned()
    dock(world)
    forks = cut_anywhere(world, reset, 3)
    assert len(forks) > 20
    for fork in [*forks, world]:
        if fork is not world:
            settled(fork)
            only_the_live_key(fork, fork.seeds)
            if not fork.agent.provisioned:  # type: ignore[union-attr]
                fork.seed = 5
                Host(fork).provision()
                fork.settle()
        only_the_live_key(fork, fork.seeds)


# What is said.


class Heard(World):
    """A world that keeps all that leaves the recorder on its line."""

    def __init__(self) -> None:
        super().__init__()
        self.said = b""

    def read(self, seconds: float) -> bytes:
        data = super().read(seconds)
        self.said += data
        return data


def spelled(seeds: list[bytes]) -> list[bytes]:
    """Every form of these seeds as text, too."""
    whole = [secret for seed in seeds for secret in forms(seed).values()]
    texts = [secret.hex() for secret in whole] + [str(int.from_bytes(secret, "little")) for secret in whole]
    return whole + [text[:24].encode() for text in texts] + [text[:24].upper().encode() for text in texts]


def test_no_secret_in_entries_and_messages() -> None:
    world = Heard()
    world.boot()
    world.settle()
    Host(world).provision()
    world.settle()
    stop(world)
    give_back(world)
    host = Host(world)
    head = host.attach()
    host.pull(head["size"])
    host.ask(messages.PRIVATE, {"first": 0, "limit": 4096})
    host.media(1, 1, 0, 4096)
    for command in (b"", b"\xd2", host.command(99, []), host.command(codes.OPERATION_CONFIGURE, [1, 99])):
        with pytest.raises(Refusal):
            host.ask(messages.COMMAND, {"command": command})
    host.ask(messages.STATUS)
    host.ask(messages.CLOSE)
    assert world.agent is not None
    said = world.said + b"".join(world.raws()) + "".join(world.displayed).encode()
    assert world.medium is not None
    said += b"".join(world.medium.files.values()) + str(world.agent.journal.signer).encode()
    assert len(said) > 20_000
    assert [secret for secret in spelled(world.seeds) if secret in said] == []
    assert found(said, world.seeds) == []


def test_no_secret_in_what_failing_flash_makes_it_say() -> None:
    """Each operation of a docking fails once; errors, refusals and the reason why it gave up say nothing of keys."""
    world = provisioned()
    failures = set()
    for failing in range(1, 15):
        fork = world.fork(failing)
        fork.boot()
        fork.settle()
        start = fork.power.operations
        texts: list[str] = []

        def before(operation: int, _tear: Tear, start: int = start, failing: int = failing) -> None:
            if operation == start + failing:
                raise OSError(5, "program failed")

        fork.power.before = before
        try:
            dock(fork)
        except Refusal as refusal:
            texts.append(str(refusal))
        assert fork.agent is not None
        failures.add(fork.agent.failed)
        journal = fork.agent.journal
        texts += [str(fork.agent.failed), repr(journal), repr(journal.signer), repr(fork.agent.keys)]
        said = " ".join(texts).encode() + bytes(fork.link.to_host)
        assert [secret for secret in spelled([*world.seeds, *fork.seeds]) if secret in said] == []
    assert failures == {None, "internal flash failed"}
