"""Signed commands from the host: what they ask for, what they keep, and what must not leave before it may."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.docks import NOW_MS, attach, dock, enrol, make_store
from support.recorder import START_MS, Cable, ScriptedRecorder

from evidock import commands, registry
from evidock.client import Recorder
from evidock.durable import SequenceFile
from evidock.errors import BadEvidence, EvidockError, LineLost, Misbehaving, NotEnrolled, Refused, WrongUsage
from evidock.store import Store
from evidock_protocol import cbor, codes, entry, kinds, messages, private, settings

OFFICER = 0x1234567890ABCDE1
UNIT = 0x2345678901BCDEF2
SECRETS = [OFFICER.to_bytes(8, "big"), UNIT.to_bytes(8, "big"), str(OFFICER).encode(), str(UNIT).encode()]
Ask = Callable[[Recorder], Any]
ASKS: list[Ask] = [
    lambda recorder: recorder.issue(OFFICER, UNIT),
    lambda recorder: recorder.take_back(OFFICER, UNIT),
    lambda recorder: recorder.exempt(1, True, OFFICER, UNIT),
]
LABELS = {
    kinds.ISSUE: (codes.LABEL_OFFICER, codes.LABEL_UNIT),
    kinds.RETURN: (codes.LABEL_OFFICER, codes.LABEL_UNIT),
    kinds.EXEMPT: (codes.LABEL_OFFICER, codes.LABEL_APPROVER),
}


@pytest.fixture
def recorder() -> ScriptedRecorder:
    return ScriptedRecorder()


@pytest.fixture
def store(tmp_path: Path, recorder: ScriptedRecorder) -> Any:
    with make_store(tmp_path / "store") as made:
        enrol(recorder, made)
        yield made


def values_of(store: Store, recorder: ScriptedRecorder, sequence: int) -> dict[int, object]:
    """The private values that the store holds of an entry."""
    assert recorder.device is not None
    folder = store.archive(recorder.device).folder
    records = dict(private.parse_record(cbor.decode(raw)) for raw in SequenceFile(folder / "private.cbs").items)
    return {label: value for label, value, _commitment in records[sequence]}


@pytest.mark.parametrize("ask", ASKS, ids=["issue", "return", "exempt"])
def test_an_order_comes_back_signed_with_its_openings(store: Store, recorder: ScriptedRecorder, ask: Ask) -> None:
    kept = ask(attach(recorder, store))
    item = entry.parse(recorder.entries[kept.entry])
    command = recorder.commands[-1]
    assert (command["time"], command["number"]) == (NOW_MS, 1)
    assert [one for one in command["arguments"] if isinstance(one, bytes)] == list(item.private.values())
    assert values_of(store, recorder, kept.entry) == dict(zip(LABELS[item.kind], (OFFICER, UNIT), strict=True))
    assert recorder.device is not None
    archive = store.archive(recorder.device)
    assert archive.heads[-1].describes(archive.chain)
    assert archive.chain.size == len(recorder.entries)
    assert all(head.hash in store.custody.heads for head in archive.heads)
    assert dock(recorder, store).refused_openings == 0


def test_salts_are_fresh(store: Store, recorder: ScriptedRecorder) -> None:
    for _ in range(2):
        attach(recorder, store).issue(OFFICER)
    first, second = (command["arguments"] for command in recorder.commands)
    assert first[0] != second[0]
    assert first[1] is None


@pytest.mark.parametrize("ask", ASKS, ids=["issue", "return", "exempt"])
def test_nothing_private_is_signed_or_kept_but_in_the_private_file(
    store: Store, recorder: ScriptedRecorder, ask: Ask
) -> None:
    ask(attach(recorder, store))
    for path in store.folder.rglob("*"):
        if path.is_file() and path.name != "private.cbs":
            # The registry keeps the unit that has the recorder, and nobody's number.
            secrets = SECRETS if path.name != "custody-private.cbs" else [SECRETS[0], SECRETS[2]]
            assert not any(secret in path.read_bytes() for secret in secrets), path


def test_the_registry_follows(store: Store, recorder: ScriptedRecorder) -> None:
    """OB-30: issued to a unit, and given back."""
    assert recorder.device is not None
    attach(recorder, store).issue(OFFICER, UNIT)
    assert store.custody.registered[recorder.device].state == registry.ISSUED
    assert store.custody.unit_of(recorder.device) == UNIT
    attach(recorder, store).take_back(OFFICER)
    assert store.custody.registered[recorder.device].state == registry.ENROLLED


@pytest.mark.parametrize("ask", ASKS, ids=["issue", "return", "exempt"])
@pytest.mark.parametrize("kind", [messages.PROVE, messages.OPEN])
def test_nothing_private_leaves_before_the_recorder_proved_its_key(
    store: Store, recorder: ScriptedRecorder, ask: Ask, kind: int
) -> None:
    """AT-13: whoever copies a recorder's journal and cannot sign with its key learns no officer."""

    def twist(asked: int, values: dict[str, Any]) -> dict[str, Any]:
        if asked != kind:
            return values
        return {name: value[:-1] + bytes([value[-1] ^ 1]) for name, value in values.items()}

    recorder.twist = twist
    with pytest.raises(BadEvidence):
        ask(attach(recorder, store))
    assert messages.COMMAND not in [asked for asked, _values in recorder.requests]


@pytest.mark.parametrize("ask", [*ASKS, Recorder.check])
def test_an_answer_that_is_lost_does_no_harm(store: Store, recorder: ScriptedRecorder, ask: Ask) -> None:
    """The command is sent again, told to be a replay, and found in the journal."""
    cable = Cable(recorder)
    lost: list[int] = []

    def spoil(data: bytes) -> bytes:
        if recorder.requests[-1][0] == messages.COMMAND and not lost:
            lost.append(1)
            return b""
        return data

    cable.spoil = spoil
    kept = ask(attach(recorder, store, cable))
    assert lost
    assert len(recorder.commands) == 1
    assert kept.entry < len(recorder.entries)


@pytest.mark.parametrize("ask", [*ASKS, Recorder.check])
def test_a_refused_command_is_said_and_forgotten(store: Store, recorder: ScriptedRecorder, ask: Ask) -> None:
    recorder.refuse = {messages.COMMAND: messages.WRONG_ROLE}
    with pytest.raises(Refused) as refused:
        ask(attach(recorder, store))
    assert refused.value.code == messages.WRONG_ROLE
    recorder.refuse = {}
    ask(attach(recorder, store))


@pytest.mark.parametrize("ask", [*ASKS, Recorder.check])
def test_a_recorder_that_only_says_so(store: Store, recorder: ScriptedRecorder, ask: Ask) -> None:
    """It answers, and keeps nothing."""
    recorder.silent = set()
    recorder._command = lambda values: {"sequence": 1}  # type: ignore[method-assign]
    handle = recorder._answer
    recorder._answer = lambda kind, values: (  # type: ignore[method-assign]
        {"sequence": 1} if kind == messages.COMMAND else handle(kind, values)
    )
    with pytest.raises(Misbehaving) as wrong:
        ask(attach(recorder, store))
    assert wrong.value.key == "not_kept"


@pytest.mark.parametrize("ask", [*ASKS, Recorder.check])
def test_a_cable_pulled_anywhere(tmp_path: Path, recorder: ScriptedRecorder, ask: Ask) -> None:
    with make_store(tmp_path / "store") as store:
        enrol(recorder, store)
        recorder.shift(1, 1, 100)
        for cut in range(200, 6000, 700):
            cable = Cable(recorder)
            cable.cut_after = cut
            try:
                ask(attach(recorder, store, cable))
            except LineLost:
                continue
        kept = ask(attach(recorder, store))
        assert recorder.device is not None
        assert store.archive(recorder.device).chain.size > kept.entry
        assert store.archive(recorder.device).unopened() is None


@pytest.mark.parametrize(
    ("ask", "key"),
    [
        (lambda recorder: recorder.issue(-1), "number_out_of_range"),
        (lambda recorder: recorder.issue(1 << 63), "number_out_of_range"),
        (lambda recorder: recorder.take_back(1, 1 << 63), "number_out_of_range"),
        (lambda recorder: recorder.exempt(0, True), "no_exempt_class"),
        (lambda recorder: recorder.exempt(4, False), "no_exempt_class"),
    ],
)
def test_numbers_that_cannot_be(store: Store, recorder: ScriptedRecorder, ask: Ask, key: str) -> None:
    asked = len(recorder.requests)
    with pytest.raises(WrongUsage) as wrong:
        ask(attach(recorder, store))
    assert wrong.value.key == key
    for lang in ("en", "zh"):
        assert str(1 << 63) not in wrong.value.message(lang)
    assert len(recorder.requests) == asked + 1, "HELLO only"


def test_a_recorder_of_nobody(tmp_path: Path) -> None:
    blank = ScriptedRecorder()
    with make_store(tmp_path / "store") as store:
        for ask in (*ASKS, Recorder.check):
            with pytest.raises(NotEnrolled):
                ask(attach(blank, store))
            with pytest.raises(WrongUsage):
                ask(attach(blank, None))


# Checks.


def test_a_check_is_what_the_recorder_signed(store: Store, recorder: ScriptedRecorder) -> None:
    """OB-15: each item with its figure and what it must reach."""
    told = attach(recorder, store).check()
    assert not told.passed
    assert entry.parse(recorder.entries[told.entry]).kind == kinds.CHECK
    assert [tuple(item) for item in told.items] == [
        ("function", "passed", None, "", None),
        ("battery", "passed", 80, "%", 20),
        ("storage", "passed", 1_000_000, "KiB", 65536),
        ("picture", "absent", None, "bytes", 1),
        ("sound", "failed", 0, "peak", 1),
        ("clock", "passed", START_MS // 1000, "Unix s", "set"),
    ]


def test_what_is_absent_does_not_fail(store: Store, recorder: ScriptedRecorder) -> None:
    recorder.check_items = [[1, 1, -1], [4, 0, -1]]
    assert attach(recorder, store).check().passed


def test_thresholds_are_those_in_force(store: Store, recorder: ScriptedRecorder) -> None:
    boot = {"reset": 1, "firmware": bytes(32), "counter": None, "battery": 80, "millivolts": None}
    boot |= {"storage_free": None, "card": None, "anchor": None, "temperature": None}
    for battery in (90, 40):
        recorder.append(kinds.BOOT, boot)
        recorder.append(kinds.CONFIG, {"order": None, "setting": settings.CHECK_BATTERY, "value": battery})
    told = attach(recorder, store).check()
    assert told.items[1].threshold == 40
    recorder.append(kinds.CONFIG, {"order": None, "setting": settings.CHECK_CLOCK, "value": 2})
    told = attach(recorder, store).check()
    assert (told.items[1].threshold, told.items[5].threshold) == (40, "synchronised")
    recorder.append(kinds.BOOT, boot)
    assert attach(recorder, store).check().items[1].threshold == 20


def test_a_command_whose_check_is_missing(store: Store, recorder: ScriptedRecorder) -> None:
    append = recorder.append
    recorder.append = lambda kind, body, *more, **named: (  # type: ignore[method-assign]
        0 if kind == kinds.CHECK else append(kind, body, *more, **named)
    )
    with pytest.raises(EvidockError) as wrong:
        commands.check(attach(recorder, store))
    assert wrong.value.key == "no_check"


# Private records that power left without their entry.


def test_records_without_their_entry_are_passed_over(store: Store, recorder: ScriptedRecorder) -> None:
    """Power went between the two: the sequence is another entry's now, or the record was written again."""
    kept = attach(recorder, store).issue(OFFICER)
    recorder.openings[1] = [private.opening(b"x" * 16, codes.LABEL_OFFICER, 1)]
    first = recorder.start()
    assert first
    assert dock(recorder, store).refused_openings == 0
    assert values_of(store, recorder, kept.entry) == {codes.LABEL_OFFICER: OFFICER}
    assert recorder.device is not None
    archive = store.archive(recorder.device)
    sequence = recorder.append(kinds.MARK, {"recording": None, "type": 1, "count": 1}, {codes.LABEL_OFFICER: 5})
    stray = private.encode_record(sequence, [private.opening(b"y" * 16, codes.LABEL_OFFICER, 6)])
    genuine = private.encode_record(sequence, recorder.openings[sequence])
    archive.extend(recorder.entries[archive.chain.size :])
    assert archive.add_openings([stray, genuine]) == 0
    assert values_of(store, recorder, sequence) == {codes.LABEL_OFFICER: 5}
