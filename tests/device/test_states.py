"""Every state of a docking with every message; what a flood of refusals costs; every step of provisioning and of an
epoch change, cut (OB-26, OB-29, AT-9, AT-28, AT-38).
"""

from __future__ import annotations

from typing import Any

import pytest
from support.board import WALL, World, verify
from support.cuts import every
from support.dock import NONCE, ORGANISATION, Host, certificate, order, provisioned

from evidock.keys import SigningKey
from evidock_agent import boot, requests, session, signals
from evidock_protocol import codes, flash, kinds, messages, states, steps, steps_table
from evidock_protocol.wire import Refusal

STRANGER = SigningKey(b"S" * 32)
ALL = [row[0] for row in messages.MESSAGES]
UNKNOWN = (0, 15, 99, 127)
HELLO = {"package": [1], "wire": [1], "flash": [1], "software": "t"}
RANGE = {"recording": 1, "number": 1, "offset": 0, "length": 512, "chunk": 512}


def wanted(host: Host, kind: int) -> dict[str, Any]:
    """A request that is right in the state of this host's session, wherever one can be."""
    signed = host.session or {"device": bytes(32), "host": bytes(32), "session": bytes(16)}
    host.session = signed
    if kind == messages.PROVE:
        nonces = {"host_nonce": NONCE, "device_nonce": NONCE, **signed}
        host.session = nonces
        return {"challenge": host.challenge()}
    if kind == messages.COMMAND:
        return {"command": host.command(codes.OPERATION_CHECK, []), "openings": None}
    if kind == messages.RECEIPT:
        return {"receipt": host.receipt([], time=WALL + host.commands)}
    return {
        messages.HELLO: HELLO,
        messages.PROVISION: {
            "organisation": ORGANISATION.public, "successor": bytes(32), "serial": "1", "asset": "1",
            "certificate": certificate(), "time": None,
        },
        messages.OPEN: {"certificate": certificate(), "host_nonce": NONCE},
        messages.JOURNAL: {"first": 0, "limit": 1024},
        messages.PRIVATE: {"first": 0, "limit": 1024},
        messages.LEAVES: {"recording": 1, "number": 1, "first": 0, "count": 9},
        messages.MEDIA: RANGE,
        messages.RATE: {"rate": 115_200},
    }.get(kind, {})  # fmt: skip


def state(world: World) -> int:
    assert world.agent is not None
    server = world.agent.line.server
    return requests.state_of(world.agent, session.Session() if server is None else server.session)


def recorder(number: int) -> World:
    """A world whose recorder can be brought into a state."""
    world = World()
    world.boot()
    world.settle()
    if number == states.BLANK:
        return world
    Host(world).provision()
    world.settle()
    if number == states.BROKEN:
        world.flash["key"][:] = b"\xff" * len(world.flash["key"])
        world.boot()
        world.settle()
    elif number == states.RESET:
        host = Host(world)
        host.attach()
        host.carry(codes.OPERATION_RESET)
    else:
        world.record(1000)
    return world


def reach(world: World, number: int) -> Host:
    """A host in that state, from any other of the same recorder."""
    host = Host(world)
    host.ask(messages.HELLO, HELLO)
    if states.OPENED <= number <= states.CLOSED:
        host.open()
    if states.PROVED <= number <= states.CLOSED:
        host.ask(messages.PROVE, {"challenge": host.challenge()})
    if number == states.CLOSED:
        host.ask(messages.CLOSE)
    world.settle()
    assert state(world) == number
    return host


def outcome(host: Host, kind: int, values: dict[str, Any]) -> int:
    """The state after it, or minus the code of the refusal."""
    try:
        host.ask(kind, values)
    except Refusal as refused:
        return -refused.code
    host.world.settle()
    return state(host.world)


def home(state_: int) -> int:
    return states.IDLE if states.OPENED <= state_ <= states.CLOSED else state_


@pytest.mark.parametrize("number", range(len(states.NAMES)))
def test_every_message_in_this_state(number: int) -> None:
    world = recorder(number)
    for kind in [*(kind for kind in ALL if kind != messages.PROVISION), messages.PROVISION]:
        host = reach(world, number)
        before = len(world.entries()) if number != states.BLANK and number != states.BROKEN else 0
        expected = states.after(number, kind)
        found = outcome(host, kind, wanted(host, kind))
        if (number, kind) == (states.BROKEN, messages.PROVISION):  # looked at, but nobody ordered RESET
            assert (expected, found) == (states.IDLE, -messages.ALREADY_PROVISIONED)
            continue
        assert found == expected, messages.MESSAGES[kind - 1][1]
        if expected < 0:
            assert state(world) == number
            assert not before or len(world.entries()) == before, "what is not looked at writes nothing"


@pytest.mark.parametrize("number", range(len(states.NAMES)))
def test_what_is_refused_when_looked_at_leaves_the_state(number: int) -> None:
    """But for HELLO and OPEN, which have ended the session before."""
    world = recorder(number)
    wrong: dict[int, dict[str, Any]] = {
        messages.HELLO: {**HELLO, "wire": [2]},
        messages.PROVISION: {**wanted(Host(world), messages.PROVISION), "time": 0},
        messages.OPEN: {"certificate": certificate(signer=STRANGER), "host_nonce": NONCE},
        messages.PROVE: {"challenge": certificate()},
        messages.JOURNAL: {"first": 1 << 40, "limit": 9},
        messages.LEAVES: {"recording": 9, "number": 1, "first": 0, "count": 9},
        messages.MEDIA: {**RANGE, "recording": 9},
        messages.COMMAND: {"command": b"\x00", "openings": None},
        messages.RECEIPT: {"receipt": b"\x00"},
    }
    for kind, values in wrong.items():
        host = reach(world, number)
        expected = states.after(number, kind)
        found = outcome(host, kind, values)
        assert found < 0
        assert expected >= 0 or found == expected
        assert state(world) == (home(number) if expected >= 0 and kind in states.ENDING else number)


@pytest.mark.parametrize("number", range(len(states.NAMES)))
def test_unknown_messages_in_this_state(number: int) -> None:
    world = recorder(number)
    for kind in UNKNOWN:
        host = reach(world, number)
        payload = bytes((0x82, 0x18, kind, 0x07)) if kind > 23 else bytes((0x82, kind, 0x07))
        host.frame(payload)
        with pytest.raises(Refusal) as refused:
            host.answers()
        assert (refused.value.code, refused.value.number) == (messages.UNKNOWN_MESSAGE, 7)
        assert state(world) == number


COMMANDS: dict[int, list[Any]] = {
    codes.OPERATION_SET_TIME: [WALL + 90_000], codes.OPERATION_ISSUE: [bytes(32), None],
    codes.OPERATION_RETURN: [bytes(32), None], codes.OPERATION_CONFIGURE: [2, 20],
    codes.OPERATION_FIRMWARE: [bytes(32)], codes.OPERATION_DELETE: [1, 1, bytes(32), bytes(32)],
    codes.OPERATION_RESET: [], codes.OPERATION_ORGANISATION: [ORGANISATION.public, bytes(32)],
    codes.OPERATION_CHECK: [], codes.OPERATION_EXEMPT: [9, False, None, None], 99: [],
}  # fmt: skip


@pytest.mark.parametrize("number", [number for number in range(len(states.NAMES)) if number != states.PROVED])
def test_no_command_and_no_order_outside_a_proved_session(number: int) -> None:
    world = recorder(number)
    host = reach(world, number)
    host.session = host.session or {"device": bytes(32), "host": bytes(32), "session": bytes(16)}
    expected = states.after(number, messages.COMMAND)
    assert expected < 0
    for operation, arguments in COMMANDS.items():
        for raw in (host.command(operation, arguments), order(operation, arguments)):
            assert outcome(host, messages.COMMAND, {"command": raw, "openings": None}) == expected
    assert state(world) == number


def test_every_command_and_every_order_in_a_proved_session_keeps_it() -> None:
    """Whether it is carried out or not."""
    world = recorder(states.PROVED)
    host = reach(world, states.PROVED)
    for late, (operation, arguments) in enumerate(COMMANDS.items()):
        for raw in (host.command(operation, arguments), order(operation, arguments, time=WALL + late + 1)):
            outcome(host, messages.COMMAND, {"command": raw, "openings": None})
            assert state(world) == states.PROVED


# Events of the recorder itself.


def test_silence_and_a_boot_end_a_session() -> None:
    world = provisioned()
    for number, silence in ((states.OPENED, 31_000), (states.PROVED, 31_000), (states.CLOSED, 6000)):
        reach(world, number)
        world.run(silence - 2000)
        assert state(world) == number
        world.run(2000)
        assert state(world) == states.IDLE
        reach(world, number)
        world.boot()
        world.settle()
        assert state(world) == states.IDLE


def test_a_start_voids_a_reset() -> None:
    world = recorder(states.RESET)
    host = reach(world, states.RESET)
    assert host.ask(messages.HELLO, HELLO)["state"] == codes.RECORDER_RESET
    world.boot()
    world.settle()
    assert host.ask(messages.HELLO, HELLO)["state"] == codes.RECORDER_RESET
    world.press(signals.BUTTON_RECORD)
    assert state(world) == states.IDLE
    world.press(signals.BUTTON_RECORD)
    for _ in range(2):
        assert host.ask(messages.HELLO, HELLO)["state"] == codes.RECORDER_PROVISIONED
        with pytest.raises(Refusal):
            host.provision()
        world.boot()
        world.settle()
    verify(world)


# Refusals are slowed.


def test_guessing_goes_slower_and_slower() -> None:
    """AT-38: and a host that proves itself is met as ever."""
    world = provisioned()
    stranger = Host(world)
    waited = []
    for _ in range(9):
        start = world.clock.now
        with pytest.raises(Refusal):
            stranger.open(certificate(signer=STRANGER))
        waited.append((world.clock.now - start) // 1000)
    assert waited == [0, 0, 0, 1, 2, 4, 8, 16, 16]
    host = Host(world)
    start = world.clock.now
    host.attach()
    assert 16_000 <= world.clock.now - start < 17_500
    start = world.clock.now
    host.attach()
    assert world.clock.now - start < 1500


def test_a_wait_is_counted_from_the_refusal() -> None:
    world = provisioned()
    for _ in range(6):
        with pytest.raises(Refusal):
            Host(world).open(certificate(signer=STRANGER))
    world.run(16_000)
    start = world.clock.now
    Host(world).attach()
    assert world.clock.now - start < 1500


def hostile(world: World, times: int = 8) -> Host:
    host = Host(world)
    for _ in range(times):
        with pytest.raises(Refusal):
            host.open(certificate(signer=STRANGER))
    return host


def test_what_waits_delays_neither_recording_nor_hello_nor_status() -> None:
    world = provisioned()
    host = hostile(world)
    waiting = host.send(messages.OPEN, {"certificate": certificate(), "host_nonce": NONCE})
    world.run(500)
    assert "size" in host.ask(messages.STATUS)
    world.record(3000)
    assert len(world.bodies(kinds.SEGMENT)) == 1
    with pytest.raises(Refusal) as refused:
        host.ask(messages.OPEN, {"certificate": certificate(), "host_nonce": NONCE})
    assert refused.value.code == messages.BUSY
    ((_kind, number, fields),) = host.answers()
    assert number == waiting
    assert "challenge" in fields


def test_hello_takes_the_place_of_what_waits() -> None:
    world = provisioned()
    host = hostile(world)
    host.send(messages.OPEN, {"certificate": certificate(), "host_nonce": NONCE})
    world.run(500)
    assert host.ask(messages.HELLO, HELLO)["state"] == codes.RECORDER_PROVISIONED
    world.run(20_000)
    assert world.link.to_host == b""
    assert state(world) == states.IDLE


def test_what_an_attacker_cannot_provoke_slows_nothing() -> None:
    world = provisioned()
    host = Host(world)
    host.attach()
    start = world.clock.now
    for _ in range(9):
        with pytest.raises(Refusal):
            host.ask(messages.COMMAND, {"command": b"\x00"})
        with pytest.raises(Refusal):
            host.ask(messages.RECEIPT, {"receipt": host.receipt([], size=99)})
    assert world.clock.now - start < 2000


# Durable steps, cut.


def found_at_boot(world: World) -> tuple[int, int]:
    """What a boot finds of identity and journal."""
    fork = world.fork(0)
    board = fork.boot().board
    identity, _raw = boot.read_identity(board.identity_flash)
    assert fork.agent is not None
    entries = sum(kind == flash.RECORD_ENTRY for _at, kind, _data in fork.agent.journal.ring.scan())
    return identity, min(entries, steps.MORE)


def reset_world() -> World:
    world = recorder(states.RESET)
    Host(world).attach()
    Host(world).ask(messages.HELLO, HELLO)
    return world


@pytest.mark.parametrize("again", [False, True])
def test_every_step_of_provisioning_cut(again: bool) -> None:
    """What a boot finds is one of the table's pairs, and it does what the table says; no old key is left."""
    world = reset_world() if again else recorder(states.BLANK)
    old = world.seeds[-1] if again else None
    seen: set[tuple[int, int]] = set()
    does: list[int] = []

    def check(fork: World, what: str) -> None:
        pair = found_at_boot(fork)
        seen.add(pair)
        agent = fork.boot()
        fork.settle()
        action = steps.AT_BOOT[pair[0]][pair[1]]
        does.append(action)
        assert agent.failed is None, what
        assert agent.provisioned is (action in (steps.TAKES_RING, steps.TAKES_IDENTITY)), what
        image = b"".join(bytes(image) for image in fork.flash.values())
        if agent.provisioned and agent.journal.device != device:
            assert action == steps.TAKES_IDENTITY
            verify(fork)
        elif agent.provisioned:
            assert agent.journal.trusted.is_reset, what
        if old is not None and (not agent.provisioned or agent.journal.device != device):
            assert old not in image, what
        if not agent.provisioned or agent.journal.trusted.is_reset:
            fork.seeds.clear()
            Host(fork).provision()
            fork.settle()
        verify(fork)
        assert fork.kinds()[:2] == ["GENESIS", "BOOT"], what

    assert world.agent is not None
    device = world.agent.journal.device
    every(world, 1, 0, check)
    Host(world).provision()
    world.settle()
    world.power.before = None
    listed = {pair for _step, _durable, pairs in steps_table.PROVISIONING for pair in pairs}
    first = {pair for pair in listed if pair[0] != steps.WIPED}
    # A zeroing that power tears leaves a head that does not hold, before a journal that was reset.
    assert seen <= (listed | {(steps.NO_HEAD, steps.MORE)} if again else first)
    assert seen >= ({(steps.WIPED, steps.MORE), (steps.WIPED, steps.NO_ENTRY)} if again else first - {(0, 2)})
    assert does[-1] == steps.TAKES_IDENTITY


def test_every_step_of_an_epoch_change_cut() -> None:
    """Exactly one key lives, by the table: the new one from the moment that EPOCH is durable."""
    world = provisioned()
    host = Host(world)
    host.attach()
    assert world.agent is not None
    old = world.seeds[-1]
    seen: list[int] = []

    def check(fork: World, what: str) -> None:
        before = [seed for seed in fork.seeds if seed in bytes(fork.flash["key"])]
        fork.boot()
        fork.settle()
        epochs = len(fork.bodies(kinds.EPOCH))
        image = bytes(fork.flash["key"])
        alive = [seed for seed in fork.seeds if seed in image]
        assert len(alive) == 1, what
        lives = steps_table.OLD if alive == [old] else steps_table.NEW
        step = len(before) - 1 if lives == steps_table.OLD else 3 if old not in before else 2
        seen.append(step)
        assert lives == ([steps_table.OLD, *(row[2] for row in steps_table.EPOCH_CHANGE)][step]), what
        assert (lives == steps_table.NEW) is (epochs == 1), what
        verify(fork)

    every(world, 1, 0, check)
    host.ask(messages.CLOSE)
    world.power.before = None
    assert set(seen) == {0, 1, 2, 3}


@pytest.mark.parametrize("row", range(len(steps_table.KEY_SLOTS)))
def test_what_a_boot_makes_of_a_key_slot(row: int) -> None:
    name, becomes = steps_table.KEY_SLOTS[row]
    world = provisioned()
    key = world.flash["key"]
    page = {
        "erased": b"\xff" * flash.KEY_SLOT,
        "zeros": bytes(flash.KEY_SLOT),
        "another key": flash.encode_key(9, b"k" * 32) + b"\xff" * (flash.KEY_SLOT - flash.KEY_BYTES),
        "torn": b"EVK1" + b"\xff" * (flash.KEY_SLOT - 4),
    }.get(name, bytes(key[: flash.KEY_SLOT]))
    at = 0 if name == "the live key" else 3 * flash.KEY_SLOT  # beside the live one, so that nobody erases it
    key[at : at + flash.KEY_SLOT] = page
    world.boot()
    world.settle()
    found = bytes(key[at : at + flash.KEY_SLOT])
    assert found == (bytes(flash.KEY_SLOT) if becomes == steps_table.ZEROES else page)
