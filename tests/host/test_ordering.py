"""Settings, firmware and orders of the organisation, taken to a recorder: what is checked here, sent, kept and said."""

from pathlib import Path
from typing import Any

import pytest
from support.docks import NOW_MS, attach, dock, enrol, make_organisation, make_store
from support.recorder import ScriptedRecorder

from evidock import ordering
from evidock.errors import EvidockError, LineLost, Refused, WrongUsage
from evidock.store import Store
from evidock_protocol import codes, entry, kinds, messages, names, settings, statements


@pytest.fixture
def recorder() -> ScriptedRecorder:
    return ScriptedRecorder()


@pytest.fixture
def store(tmp_path: Path, recorder: ScriptedRecorder) -> Any:
    with make_store(tmp_path / "store") as made:
        enrol(recorder, made)
        yield made


def order(
    operation: int = codes.OPERATION_RESET, seed: int = 1, device: bytes | None = None, now: int = NOW_MS
) -> bytes:
    return make_organisation(seed).order(operation, [], now, device)


def test_settings_become_signed_entries(store: Store, recorder: ScriptedRecorder) -> None:
    done = ordering.configure(attach(recorder, store), {"receipts": 2, "battery_warning": 20})
    bodies = {name: entry.parse(recorder.entries[number]).body for name, number in done.entries.items()}
    assert (bodies["receipts"]["setting"], bodies["receipts"]["value"]) == (settings.RECEIPTS, 2)
    assert (bodies["battery_warning"]["setting"], bodies["battery_warning"]["value"]) == (settings.BATTERY_WARNING, 20)
    assert [one["number"] for one in recorder.commands] == [1, 2]
    assert recorder.device is not None
    archive = store.archive(recorder.device)
    assert archive.chain.size == len(recorder.entries)


@pytest.mark.parametrize(
    ("values", "word"),
    [({"receipts": 3}, "1 to 2"), ({"receipts": 0}, "1 to 2"), ({"recipes": 1}, "no setting recipes")],
)
def test_values_that_no_recorder_takes_are_not_sent(
    store: Store, recorder: ScriptedRecorder, values: dict[str, int], word: str
) -> None:
    recorder.requests.clear()
    client = attach(recorder, store)
    recorder.requests.clear()
    with pytest.raises(WrongUsage, match=word):
        ordering.configure(client, {"battery_warning": 20, **values})
    assert recorder.requests == []


def test_firmware_is_announced(store: Store, recorder: ScriptedRecorder) -> None:
    kept = ordering.expect_firmware(attach(recorder, store), bytes(range(32)))
    item = entry.parse(recorder.entries[kept.entry])
    assert (item.kind, item.body["new"]) == (kinds.FIRMWARE, bytes(range(32)))
    with pytest.raises(WrongUsage, match="64 hexadecimal"):
        ordering.expect_firmware(attach(recorder, store), bytes(31))


def test_an_order_is_delivered_and_kept_on_both_sides(store: Store, recorder: ScriptedRecorder) -> None:
    raw = order()
    done = ordering.deliver(attach(recorder, store), raw)
    assert done.operation == "reset"
    item = entry.parse(recorder.entries[done.entry])
    assert (item.kind, item.body["order"]) == (kinds.RESET, raw)
    assert store.custody.orders == [raw]
    dock(recorder, store)


def test_an_order_is_delivered_once(store: Store, recorder: ScriptedRecorder) -> None:
    raw = order()
    done = ordering.deliver(attach(recorder, store), raw)
    with pytest.raises(Refused, match=rf"before \(entry {done.entry}\)"):
        ordering.deliver(attach(recorder, store), raw)
    assert store.custody.orders == [raw]


def test_an_order_older_than_one_that_was_taken(store: Store, recorder: ScriptedRecorder) -> None:
    ordering.deliver(attach(recorder, store), order(now=NOW_MS))
    with pytest.raises(Refused, match="sign a new order"):
        ordering.deliver(attach(recorder, store), order(now=NOW_MS - 1000))


def test_an_order_whose_answer_was_lost(store: Store, recorder: ScriptedRecorder) -> None:
    """The recorder refuses the second try as replayed, and its journal tells that the first was carried out."""
    raw = order()
    client = attach(recorder, store)
    lost: list[int] = []

    def during(kind: int) -> None:
        if kind == messages.COMMAND and not lost:
            lost.append(recorder._order(raw)["sequence"])  # what the first try did, whose answer the line swallowed

    recorder.during = during
    assert ordering.deliver(client, raw).entry == lost[0]


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"", "no order"),
        (b"\xd2nonsense", "no order"),
        (b"x" * 9000, "no order"),
        (order(seed=5), "not signed by the organisation"),
        (order(device=bytes(32)), "for recorder 0000"),
    ],
)
def test_what_is_no_order_for_this_recorder_is_not_sent(
    store: Store, recorder: ScriptedRecorder, raw: bytes, word: str
) -> None:
    client = attach(recorder, store)
    recorder.requests.clear()
    with pytest.raises(WrongUsage, match=word) as caught:
        ordering.deliver(client, raw)
    assert "\n" not in str(caught.value)
    assert recorder.requests == []
    assert store.custody.orders == []


def test_a_command_is_no_order(store: Store, recorder: ScriptedRecorder) -> None:
    """AT-27: nor is an order for what only a host may command."""
    organisation = make_organisation()
    values: dict[str, object] = {
        "device": bytes(32), "host": bytes(32), "session": bytes(16), "number": 1,
        "operation": codes.OPERATION_SET_TIME, "arguments": [NOW_MS], "time": NOW_MS,
    }  # fmt: skip
    typ = statements.TYP_COMMAND
    command = organisation.key.statement(typ, entry.encode_statement(typ, values))
    for raw in (command, order(codes.OPERATION_CHECK), order(100)):
        with pytest.raises(WrongUsage, match="no order"):
            ordering.deliver(attach(recorder, store), raw)


@pytest.mark.parametrize("code", [code for code, _name in names.REFUSALS if code != messages.UNSUPPORTED_VERSION])
def test_every_refusal_says_what_to_do(store: Store, recorder: ScriptedRecorder, code: int) -> None:
    recorder.refuse = {messages.COMMAND: code}
    client = attach(recorder, store)
    for ask in (lambda: ordering.configure(client, {"receipts": 2}), lambda: ordering.deliver(client, order())):
        try:
            ask()
        except EvidockError as error:
            said = str(error)
            assert ":" in said or code == messages.REPLAYED, said
            assert "\n" not in said
            assert not said.startswith("The recorder refused the request"), said
    recorder.refuse = {}
    dock(recorder, store)


def test_an_older_generation_asks_for_a_new_certificate(store: Store, recorder: ScriptedRecorder) -> None:
    recorder.refuse = {messages.OPEN: messages.OLDER_GENERATION}
    with pytest.raises(Refused, match="newer generation"):
        dock(recorder, store)


def test_a_line_that_ends_after_the_order(store: Store, recorder: ScriptedRecorder) -> None:
    raw = order()
    recorder.silent = {messages.COMMAND}
    with pytest.raises(LineLost):
        ordering.deliver(attach(recorder, store), raw)
    assert store.custody.orders == [raw]  # this host did carry it
    recorder.silent = set()
    assert ordering.deliver(attach(recorder, store), raw).operation == "reset"
    assert store.custody.orders == [raw]


def test_an_order_of_tomorrow_is_not_carried(store: Store, recorder: ScriptedRecorder) -> None:
    """Signed with a clock that was ahead, it would shut out every order until then."""
    client = attach(recorder, store)
    recorder.requests.clear()
    with pytest.raises(WrongUsage, match="later than"):
        ordering.deliver(client, order(now=NOW_MS + 200_000_000))
    assert (recorder.requests, store.custody.orders) == ([], [])
