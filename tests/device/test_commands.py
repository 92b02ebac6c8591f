"""Signed commands (OB-11, OB-12, OB-15, AT-32): roles, replays, openings that stay private, configuration, firmware."""

from __future__ import annotations

from typing import Any

import pytest
from support.board import WALL, World, verify
from support.dock import Host, certificate, provisioned

from evidock_agent import exemption, signals
from evidock_protocol import cbor, codes, entry, flash, kinds, messages, private, rights, settings, settings_table
from evidock_protocol.wire import Refusal

OFFICER = 0x1234567890ABCDE1
UNIT = 0x2345678901BCDEF2
APPROVER = 0x3456789012CDEF03
NAMES = {codes.LABEL_OFFICER: OFFICER, codes.LABEL_UNIT: UNIT, codes.LABEL_APPROVER: APPROVER}


def opening(label: int, value: Any = None, salt: int = 1) -> bytes:
    return private.opening(bytes([salt + label]) * private.SALT, label, NAMES[label] if value is None else value)


OFFICER_OPENING = opening(codes.LABEL_OFFICER)
UNIT_OPENING = opening(codes.LABEL_UNIT)
APPROVER_OPENING = opening(codes.LABEL_APPROVER)
BOTH = cbor.encode([OFFICER_OPENING, UNIT_OPENING])
HANDED = [private.commitment(OFFICER_OPENING), private.commitment(UNIT_OPENING)]


def exempt(class_: int, begins: bool, approved: bool = True) -> tuple[list[Any], bytes]:
    """Arguments and openings of an exemption by an officer, with or without approver."""
    raws = [OFFICER_OPENING, APPROVER_OPENING] if approved else [OFFICER_OPENING]
    approver = private.commitment(APPROVER_OPENING) if approved else None
    return [class_, begins, private.commitment(OFFICER_OPENING), approver], cbor.encode(raws)


@pytest.fixture
def world() -> World:
    return provisioned()


@pytest.fixture
def host(world: World) -> Host:
    host = Host(world)
    host.attach()
    return host


def order(host: Host, operation: int, arguments: list[Any], openings: bytes | None = None) -> bytes:
    """One command carried out; its bytes."""
    raw = host.command(operation, arguments)
    world = host.world
    answer = host.ask(messages.COMMAND, {"command": raw, "openings": openings})
    world.settle()
    kept = entry.parse(world.raws()[answer["sequence"]])
    assert kept.body["statement" if kept.kind == kinds.HOST else "order"] == raw
    return raw


def refusal(host: Host, operation: int, arguments: list[Any], openings: bytes | None = None, **changed: Any) -> Refusal:
    raw = host.command(operation, arguments, **changed)
    with pytest.raises(Refusal) as refused:
        host.ask(messages.COMMAND, {"command": raw, "openings": openings})
    return refused.value


def records(world: World) -> list[tuple[int, list[tuple[int, object, bytes]]]]:
    """The private records as the ring has them: (sequence, [(label, value, commitment)])."""
    assert world.agent is not None
    return [
        private.parse_record(cbor.decode(data))
        for _address, kind, data in world.agent.journal.ring.scan()
        if kind == flash.RECORD_PRIVATE
    ]


def of_kind(world: World, kind: int) -> list[entry.Entry]:
    return [item for item in world.entries() if item.kind == kind]


# Issue and return.


@pytest.mark.parametrize(
    ("operation", "kind"), [(codes.OPERATION_ISSUE, kinds.ISSUE), (codes.OPERATION_RETURN, kinds.RETURN)]
)
def test_issue_and_return_commit_to_officer_and_unit(world: World, host: Host, operation: int, kind: int) -> None:
    order(host, operation, HANDED, BOTH)
    (kept,) = of_kind(world, kind)
    assert kept.private == {codes.LABEL_OFFICER: HANDED[0], codes.LABEL_UNIT: HANDED[1]}
    (record,) = records(world)
    assert record[0] == kept.sequence
    assert [(label, value) for label, value, _commitment in record[1]] == [
        (codes.LABEL_OFFICER, OFFICER),
        (codes.LABEL_UNIT, UNIT),
    ]
    served = host.ask(messages.PRIVATE, {"first": kept.sequence, "limit": 4096})
    assert private.parse_record(cbor.decode(served["openings"])) == record
    verify(world)


def test_a_return_ends_the_epoch(world: World, host: Host) -> None:
    assert world.agent is not None
    before = world.agent.journal.epoch
    order(host, codes.OPERATION_RETURN, [HANDED[0], None], cbor.encode([OFFICER_OPENING]))
    assert world.kinds()[-2:] == ["RETURN", "EPOCH"]
    assert world.bodies(kinds.EPOCH)[-1]["reason"] == codes.EPOCH_RETURN
    assert world.agent.journal.epoch == before + 1
    verify(world)


def test_a_return_while_recording_disturbs_nothing(world: World) -> None:
    world.press(signals.BUTTON_RECORD)
    host = Host(world)
    host.attach()
    size = len(world.raws())
    order(host, codes.OPERATION_RETURN, HANDED, BOTH)
    world.run(2000)
    world.press(signals.BUTTON_RECORD)
    assert world.kinds()[size:] == ["RETURN", "EPOCH", "SEGMENT", "STOP", "EPOCH"]
    verify(world)


# Check.


def test_a_check_on_request(world: World, host: Host) -> None:
    assert world.agent is not None
    size = len(world.raws())
    order(host, codes.OPERATION_CHECK, [])
    assert world.kinds()[size:] == ["HOST", "CHECK"]
    (commanded, checked) = world.entries()[size:]
    assert commanded.body["event"] == codes.HOST_COMMANDED
    assert checked.body["trigger"] == codes.CHECK_ON_REQUEST
    assert host.ask(messages.STATUS)["check"] == checked.body["items"]
    verify(world)


# Exemption.


@pytest.mark.parametrize("class_", exemption.CLASSES)
def test_an_exemption_begins_and_ends(world: World, host: Host, class_: int) -> None:
    """OB-11, OB-12: each class, signed, with officer and approver."""
    assert world.agent is not None
    size = len(world.raws())
    order(host, codes.OPERATION_EXEMPT, *exempt(class_, True))
    assert world.agent.exempt == class_
    order(host, codes.OPERATION_EXEMPT, *exempt(class_, False))
    assert world.agent.exempt == 0
    assert world.kinds()[size:] == ["EXEMPT", "EXEMPT"]
    for item, begins in zip(of_kind(world, kinds.EXEMPT), (True, False), strict=True):
        assert (item.body["class"], item.body["begins"], item.body["recording"]) == (class_, begins, None)
        assert set(item.private) == {codes.LABEL_OFFICER, codes.LABEL_APPROVER}
    assert world.agent.recording is None
    verify(world)


def test_an_exemption_ends_the_recording(world: World) -> None:
    world.press(signals.BUTTON_RECORD)
    world.run(2000)
    host = Host(world)
    host.attach()
    assert world.agent is not None
    recording = world.agent.recording
    size = len(world.raws())
    order(host, codes.OPERATION_EXEMPT, *exempt(codes.EXEMPT_EMERGENCY, True))
    assert world.kinds()[size:] == ["EXEMPT", "SEGMENT", "STOP", "EPOCH"]
    assert world.bodies(kinds.EXEMPT)[-1]["recording"] == recording
    assert world.bodies(kinds.STOP)[-1]["reason"] == codes.STOP_EXEMPT
    assert world.agent.recording is None
    verify(world)


def test_an_exemption_without_approver_is_allowed(world: World, host: Host) -> None:
    """OB-12: the approval is owed; the host tells so."""
    order(host, codes.OPERATION_EXEMPT, *exempt(codes.EXEMPT_SECRET_INVESTIGATION, True, approved=False))
    (item,) = of_kind(world, kinds.EXEMPT)
    assert set(item.private) == {codes.LABEL_OFFICER}


def test_another_class_ends_the_one_before(world: World, host: Host) -> None:
    for class_ in (1, 2, 2):
        order(host, codes.OPERATION_EXEMPT, *exempt(class_, True))
    told = [(body["class"], body["begins"], body["order"] is None) for body in world.bodies(kinds.EXEMPT)]
    assert told == [(1, True, False), (1, False, True), (2, True, False), (2, False, True), (2, True, False)]


@pytest.mark.parametrize(("class_", "begins"), [(0, True), (4, True), (1 << 62, True), (0, False), (2, False)])
def test_a_class_that_is_none_or_not_in_force(world: World, host: Host, class_: int, begins: bool) -> None:
    """OB-12: nothing but the three classes."""
    order(host, codes.OPERATION_EXEMPT, *exempt(1, True))
    assert refusal(host, codes.OPERATION_EXEMPT, *exempt(class_, begins)).code == messages.OUT_OF_RANGE
    assert len(world.bodies(kinds.EXEMPT)) == 1


def test_a_press_for_the_class_in_force_says_nothing(world: World) -> None:
    agent = world.agent
    assert agent is not None
    for _ in range(2):
        agent.add_job(exemption.begin(agent, codes.EXEMPT_EMERGENCY))
        world.settle()
    for _ in range(2):
        agent.add_job(exemption.end(agent))
        world.settle()
    assert [body["begins"] for body in world.bodies(kinds.EXEMPT)] == [True, False]
    assert [body["order"] for body in world.bodies(kinds.EXEMPT)] == [None, None]


# Refusals.

ORDERS: list[tuple[int, list[Any], bytes | None]] = [
    (codes.OPERATION_ISSUE, HANDED, BOTH),
    (codes.OPERATION_RETURN, HANDED, BOTH),
    (codes.OPERATION_EXEMPT, *exempt(1, True)),
    (codes.OPERATION_CHECK, [], None),
    (codes.OPERATION_CONFIGURE, [settings.IMPACT, 1], None),
    (codes.OPERATION_FIRMWARE, [b"f" * 32], None),
]
IDS = ["issue", "return", "exempt", "check", "configure", "firmware"]


@pytest.mark.parametrize(("operation", "arguments", "openings"), ORDERS[:3], ids=IDS[:3])
def test_the_role_issue_is_needed(world: World, operation: int, arguments: list[Any], openings: bytes) -> None:
    host = Host(world)
    host.open(certificate(roles=codes.ALL_ROLES & ~codes.ROLE_ISSUE))
    host.ask(messages.PROVE, {"challenge": host.challenge()})
    size = len(world.raws())
    assert refusal(host, operation, arguments, openings).code == messages.WRONG_ROLE
    assert records(world) == []
    assert not {"ISSUE", "RETURN", "EXEMPT"} & set(world.kinds()[size:])


def test_a_check_needs_the_role_pull_only(world: World) -> None:
    host = Host(world)
    host.open(certificate(roles=codes.ROLE_PULL))
    host.ask(messages.PROVE, {"challenge": host.challenge()})
    order(host, codes.OPERATION_CHECK, [])


@pytest.mark.parametrize(("operation", "arguments", "openings"), ORDERS, ids=IDS)
def test_replays_are_refused(
    world: World, host: Host, operation: int, arguments: list[Any], openings: bytes | None
) -> None:
    """AT-28: in the session, in another one, for another recorder."""
    raw = order(host, operation, arguments, openings)
    size = len(world.raws())
    asked = {"command": raw, "openings": openings}
    for _ in range(2):
        with pytest.raises(Refusal) as refused:
            host.ask(messages.COMMAND, asked)
        assert refused.value.code == messages.REPLAYED
        host.attach()
    assert refusal(host, operation, arguments, openings, device=bytes(32)).code == messages.WRONG_DEVICE
    assert set(world.kinds()[size:]) == {"HOST"}


def test_a_refused_command_may_be_sent_again(world: World, host: Host) -> None:
    """What the recorder refused it did not take, whatever became of the refusal on the line."""
    raw = host.command(codes.OPERATION_ISSUE, HANDED)
    for _ in range(2):
        with pytest.raises(Refusal) as refused:
            host.ask(messages.COMMAND, {"command": raw, "openings": None})
        assert refused.value.code == messages.MALFORMED
    host.ask(messages.COMMAND, {"command": raw, "openings": BOTH})


@pytest.mark.parametrize(
    "openings",
    [
        None,
        b"",
        b"\xff" * 40,
        cbor.encode([]),
        cbor.encode(1),
        cbor.encode([OFFICER, UNIT]),
        cbor.encode([OFFICER_OPENING]),
        cbor.encode([UNIT_OPENING, OFFICER_OPENING]),
        cbor.encode([OFFICER_OPENING, UNIT_OPENING, APPROVER_OPENING]),
        cbor.encode([OFFICER_OPENING, OFFICER_OPENING]),
        cbor.encode([opening(codes.LABEL_OFFICER, salt=9), UNIT_OPENING]),
        cbor.encode([OFFICER_OPENING[:-1], UNIT_OPENING]),
        cbor.encode([OFFICER_OPENING, opening(codes.LABEL_APPROVER, UNIT)]),
        cbor.encode([b"x" * 600, UNIT_OPENING]),
        BOTH + b"\x00",
    ],
)
@pytest.mark.parametrize("operation", [codes.OPERATION_ISSUE, codes.OPERATION_RETURN])
def test_openings_that_do_not_fit(world: World, host: Host, operation: int, openings: bytes | None) -> None:
    size = len(world.raws())
    refused = refusal(host, operation, HANDED, openings)
    assert refused.code == messages.MALFORMED
    assert not any(str(value) in str(refused) for value in NAMES.values())
    assert records(world) == []
    assert world.kinds()[size:] == []


def test_openings_without_commitments(world: World, host: Host) -> None:
    for operation, arguments in ((codes.OPERATION_CHECK, []), (codes.OPERATION_EXEMPT, [1, True, None, None])):
        for openings in (BOTH, cbor.encode([])):
            assert refusal(host, operation, arguments, openings).code == messages.MALFORMED
    order(host, codes.OPERATION_EXEMPT, [1, True, None, None])


def test_people_are_numbers(world: World, host: Host) -> None:
    named = opening(codes.LABEL_OFFICER, "Zhang San")
    refused = refusal(host, codes.OPERATION_ISSUE, [private.commitment(named), None], cbor.encode([named]))
    assert refused.code == messages.MALFORMED
    assert "Zhang" not in str(refused)
    assert records(world) == []


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        (codes.OPERATION_ISSUE, []),
        (codes.OPERATION_ISSUE, [OFFICER, None]),
        (codes.OPERATION_ISSUE, [None, HANDED[1]]),
        (codes.OPERATION_EXEMPT, [1, 1, None, None]),
        (codes.OPERATION_EXEMPT, [1, True, None]),
        (codes.OPERATION_CHECK, [1]),
    ],
)
def test_arguments_that_the_table_does_not_have(world: World, host: Host, operation: int, arguments: list[Any]) -> None:
    raw = host.seal(host.command(codes.OPERATION_CHECK, []), _5=operation, _6=arguments)
    with pytest.raises(Refusal) as refused:
        host.ask(messages.COMMAND, {"command": raw, "openings": None})
    assert refused.value.code == messages.MALFORMED


@pytest.mark.parametrize("operation", [0, 11, 1 << 62])
def test_operations_that_this_agent_does_not_have(world: World, host: Host, operation: int) -> None:
    assert refusal(host, operation, []).code == messages.UNSUPPORTED


@pytest.mark.parametrize(
    ("operation", "arguments"), [(codes.OPERATION_RESET, []), (codes.OPERATION_ORGANISATION, [bytes(32)] * 2)]
)
def test_what_only_an_order_may_ask(world: World, host: Host, operation: int, arguments: list[Any]) -> None:
    """No role lets a host have it."""
    size = len(world.raws())
    assert refusal(host, operation, arguments).code == messages.WRONG_ROLE
    assert world.kinds()[size:] == []


@pytest.mark.parametrize("row", rights.RIGHTS, ids=[str(row[0]) for row in rights.RIGHTS])
def test_each_operation_needs_its_role(row: tuple[int, int, bool]) -> None:
    """The table, and nothing beside it, says who may: every role but this one does not help (AT-32)."""
    operation, role, _order = row
    world = provisioned()
    host = Host(world)
    host.open(certificate(roles=(codes.ALL_ROLES & ~role) | codes.ROLE_PULL))
    host.ask(messages.PROVE, {"challenge": host.challenge()})
    size = len(world.raws())
    asked = {
        codes.OPERATION_SET_TIME: [WALL], codes.OPERATION_ISSUE: HANDED, codes.OPERATION_RETURN: HANDED,
        codes.OPERATION_CONFIGURE: [settings.IMPACT, 1], codes.OPERATION_FIRMWARE: [bytes(32)],
        codes.OPERATION_DELETE: [1, 1, bytes(32), bytes(32)], codes.OPERATION_ORGANISATION: [bytes(32)] * 2,
        codes.OPERATION_EXEMPT: [1, True, None, None],
    }  # fmt: skip
    if role != codes.ROLE_PULL:
        assert refusal(host, operation, asked.get(operation, []), None).code == messages.WRONG_ROLE
        assert world.kinds()[size:] == []


# Configuration.


@pytest.mark.parametrize(("number", "value"), [(settings.IMPACT, 1), (settings.CHARGE_TEMPERATURE, -500)])
def test_a_setting_holds_at_once_and_after_every_boot(world: World, host: Host, number: int, value: int) -> None:
    assert world.agent is not None
    raw = order(host, codes.OPERATION_CONFIGURE, [number, value])
    assert world.agent.setting(number) == value
    assert world.bodies(kinds.CONFIG) == [{"order": raw, "setting": number, "value": value}]
    for _ in range(2):
        world.boot()
        world.settle()
        assert world.agent.setting(number) == value
        assert world.bodies(kinds.CONFIG)[-1] == {"order": None, "setting": number, "value": value}
    assert world.bodies(kinds.FAULT) == []
    verify(world)


def test_the_other_settings_stay_and_a_default_goes_back(world: World, host: Host) -> None:
    order(host, codes.OPERATION_CONFIGURE, [settings.IMPACT, 1])
    order(host, codes.OPERATION_CONFIGURE, [settings.RECEIPTS, 2])
    order(host, codes.OPERATION_CONFIGURE, [settings.IMPACT, 8000])
    assert world.settings == b'{"receipts": 2}'
    world.boot()
    world.settle()
    assert world.agent is not None
    assert (world.agent.setting(settings.IMPACT), world.agent.setting(settings.RECEIPTS)) == (8000, 2)


def test_every_bound_holds(world: World, host: Host) -> None:
    for number, _name, _default, least, most, _unit in settings_table.SETTINGS:
        for value in (least - 1, most + 1):
            assert refusal(host, codes.OPERATION_CONFIGURE, [number, value]).code == messages.OUT_OF_RANGE
    for number in (0, 19, 1 << 62):
        assert refusal(host, codes.OPERATION_CONFIGURE, [number, 1]).code == messages.OUT_OF_RANGE
    assert world.bodies(kinds.CONFIG) == []
    assert world.settings == b""


def test_no_setting_changes_while_something_records(world: World) -> None:
    """The settings file lies in internal flash, which is not written then."""
    world.press(signals.BUTTON_RECORD)
    host = Host(world)
    host.attach()
    assert refusal(host, codes.OPERATION_CONFIGURE, [settings.IMPACT, 1]).code == messages.BUSY
    world.press(signals.BUTTON_RECORD)
    order(host, codes.OPERATION_CONFIGURE, [settings.IMPACT, 1])


def test_settings_that_cannot_be_kept_do_not_change(world: World, host: Host) -> None:
    assert world.board is not None
    assert world.agent is not None

    def refuse(_raw: bytes) -> None:
        raise OSError(5)

    world.board.save_settings = refuse  # type: ignore[method-assign]
    assert refusal(host, codes.OPERATION_CONFIGURE, [settings.IMPACT, 1]).code == messages.STORAGE
    assert world.agent.setting(settings.IMPACT) == 8000
    assert world.bodies(kinds.CONFIG) == []


# Firmware.


def test_firmware_that_is_to_come_is_named_beside_what_runs(world: World, host: Host) -> None:
    assert world.board is not None
    raw = order(host, codes.OPERATION_FIRMWARE, [b"f" * 32])
    assert world.bodies(kinds.FIRMWARE) == [{"order": raw, "old": world.board.firmware, "new": b"f" * 32}]
    verify(world)


# Privacy and durability.


def test_no_private_value_anywhere_but_in_its_record(world: World) -> None:
    """Neither entry nor card nor message has what was committed to, or its salt."""
    world.press(signals.BUTTON_RECORD)
    world.run(1000)
    host = Host(world)
    host.attach()
    for operation, arguments, openings in ORDERS:
        order(host, operation, arguments, openings)
    host.ask(messages.CLOSE)
    assert world.medium is not None
    secrets = [value.to_bytes(8, "big") for value in NAMES.values()]
    secrets += [bytes([1 + label]) * private.SALT for label in NAMES]
    secrets += [str(value).encode() for value in NAMES.values()]
    for raw in world.raws():
        assert not any(secret in raw for secret in secrets)
    for path, data in world.medium.files.items():
        assert path.endswith("PRIVATE.CBS") or not any(secret in data for secret in secrets), path
    assert len(records(world)) == 3


@pytest.mark.parametrize(("operation", "arguments", "openings"), ORDERS, ids=IDS)
def test_a_cut_anywhere_in_a_command(operation: int, arguments: list[Any], openings: bytes | None) -> None:
    """Private record, entry and change of key: whatever is durable stands, and no entry is without its record."""
    world = provisioned()
    host = Host(world)
    host.attach()
    forks: list[World] = []

    def before(number: int, tear: Any) -> None:
        for torn in (False, True):
            fork = world.fork(number)
            if torn:
                tear(fork)
            forks.append(fork)

    world.power.before = before
    durable = len(world.raws())
    raw = order(host, operation, arguments, openings)
    world.power.before = None
    assert len(forks) >= 2
    kept = []
    for fork in forks:
        agent = fork.boot()
        fork.settle()
        assert agent.failed is None
        verify(fork)
        items = fork.entries()
        kept.append(sum(1 for item in items[durable:] if raw in (item.body.get("order"), item.body.get("statement"))))
        held = dict(records(fork))  # of several of one sequence the last
        for item in items:
            found = {label: commitment for label, _value, commitment in held.get(item.sequence, [])}
            assert found == item.private or not item.private
        Host(fork).attach()
    assert kept[0] == 0
    assert kept == sorted(kept), "a later cut keeps no less"


def test_a_full_journal_takes_no_command(world: World, host: Host) -> None:
    agent = world.agent
    assert agent is not None
    agent.journal.ring.room = lambda: 0  # type: ignore[method-assign]
    for operation, arguments, openings in ORDERS:
        assert refusal(host, operation, arguments, openings).code == messages.STORAGE
    assert records(world) == []
    assert agent.exempt == 0
    assert (agent.setting(settings.IMPACT), world.settings) == (8000, b"")
