"""The chain rule: only the entry that the chain prescribes may follow, signed by the key that it prescribes."""

from typing import Any

import pytest
from support.recorder import ScriptedRecorder

from evidock import keys
from evidock.chain import Chain, Head
from evidock.errors import BadEvidence, UnsupportedVersion
from evidock_protocol import codes, entry, kinds, merkle, sign1, statements


def recorded() -> ScriptedRecorder:
    recorder = ScriptedRecorder()
    recorder.provision(bytes(32), bytes(32))
    recorder.shift(2, 1, 100)
    return recorder


def chain_of(recorder: ScriptedRecorder, size: int) -> Chain:
    assert recorder.device is not None
    chain = Chain(recorder.device)
    for raw in recorder.entries[:size]:
        chain.accept(raw)
    return chain


def resigned(raw: bytes, key: keys.SigningKey, **change: Any) -> bytes:
    """An entry with another payload, signed all the same."""
    item = entry.parse(raw)
    fields: dict[str, Any] = {
        "device": item.device, "epoch": item.epoch, "sequence": item.sequence, "previous": item.previous,
        "kind": item.kind, "boot": 1, "ticks": item.ticks, "wall": (1, 1), "body": item.body, "private": item.private,
    }  # fmt: skip
    table = kinds.body_table(kinds.ENTRY_KINDS, change.get("kind", item.kind))
    assert table is not None
    return key.statement(statements.TYP_ENTRY, entry.encode_payload(table, **{**fields, **change}))


def test_a_whole_journal() -> None:
    recorder = recorded()
    chain = chain_of(recorder, len(recorder.entries))
    assert (chain.size, chain.newest, chain.epoch) == (len(recorder.entries), recorder.newest, recorder.epoch)
    assert chain.tree.root() == recorder.tree.root()
    assert chain.key == recorder.key.public


@pytest.mark.parametrize(
    "change",
    [
        {"device": bytes(32)}, {"epoch": 1}, {"sequence": 9}, {"previous": bytes(32)},
    ],
)  # fmt: skip
def test_a_signed_entry_that_does_not_follow(change: dict[str, Any]) -> None:
    recorder = ScriptedRecorder()
    recorder.provision(bytes(32), bytes(32))
    recorder.start()
    chain = chain_of(recorder, 1)
    with pytest.raises(BadEvidence):
        chain.accept(resigned(recorder.entries[1], recorder.key, **change))
    assert chain.size == 1
    chain.accept(recorder.entries[1])


def test_the_key_of_an_earlier_epoch_signs_nothing_more() -> None:
    """AT-18: a key that leaked after its epoch cannot write on."""
    recorder = ScriptedRecorder()
    recorder.provision(bytes(32), bytes(32))
    old = recorder.key
    recorder.start()
    recorder.stop()
    recorder.start()
    chain = chain_of(recorder, len(recorder.entries) - 1)
    for change in ({}, {"epoch": 0}):
        with pytest.raises(BadEvidence):
            chain.accept(resigned(recorder.entries[-1], old, **change))


def test_a_key_change_that_was_not_announced() -> None:
    """AT-17."""
    recorder = recorded()
    chain = chain_of(recorder, len(recorder.entries) - 1)
    with pytest.raises(BadEvidence, match="another key"):
        chain.accept(resigned(recorder.entries[-1], keys.SigningKey(bytes(32))))


def test_another_statement_is_no_entry() -> None:
    """AT-27: the same payload under another type."""
    recorder = recorded()
    chain = chain_of(recorder, 0)
    sealed = sign1.parse(recorder.entries[0])
    with pytest.raises(BadEvidence):
        chain.accept(recorder.key.statement(statements.TYP_CUSTODY, sealed.payload))


def test_a_later_format_is_not_called_bad() -> None:
    recorder = recorded()
    chain = chain_of(recorder, 0)
    payload = bytearray(sign1.parse(recorder.entries[0]).payload)
    assert payload[:3] == b"\xab\x00\x01"
    payload[2] = 2
    with pytest.raises(UnsupportedVersion, match="later format"):
        chain.accept(recorder.key.statement(statements.TYP_ENTRY, bytes(payload)))


def test_a_second_genesis() -> None:
    recorder = ScriptedRecorder()
    recorder.provision(bytes(32), bytes(32))
    recorder.append(kinds.GENESIS, entry.parse(recorder.entries[0]).body)
    with pytest.raises(BadEvidence, match="second GENESIS"):
        chain_of(recorder, 2)


def test_a_journal_must_begin_with_genesis() -> None:
    recorder = ScriptedRecorder()
    recorder.device = recorder.key.thumbprint
    recorder.start()
    with pytest.raises(BadEvidence, match="GENESIS"):
        chain_of(recorder, 1)


def test_heads_are_signed_by_the_key_in_force_at_their_size() -> None:
    recorder = ScriptedRecorder()
    recorder.provision(bytes(32), bytes(32))
    recorder.session = {name: bytes(16) for name in ("session", "host_nonce", "device_nonce")} | {"host": bytes(32)}
    heads: list[tuple[int, bytes]] = []
    for step in (recorder.start, recorder.segment, recorder.stop, recorder.start, recorder.stop):
        step()
        heads.append((len(recorder.entries), recorder.head(codes.HEAD_FIRST)))
    whole = chain_of(recorder, len(recorder.entries))
    for size, raw in heads:
        head = Head(raw)
        assert head.size == size
        assert head.is_signed_in(whole)
        assert head.describes(chain_of(recorder, size))
        assert head.describes(whole) == (size == whole.size)
        assert not head.is_signed_in(chain_of(recorder, size - 1))  # a chain that is too short prescribes nothing
    recorder.key = keys.SigningKey(bytes(32))
    assert not Head(recorder.head(codes.HEAD_FIRST)).is_signed_in(whole)


def passed_over(recorder: ScriptedRecorder, declared: bool = True) -> list[bytes]:
    """The recorder's entries when its newest one had rotted: zeros stand for its hash."""
    lost = len(recorder.entries) - 1
    held = recorder.entries[:lost]
    following = resigned(recorder.entries[lost], recorder.key, sequence=lost + 1, previous=bytes(32))
    journal = {"first": lost, "last": lost, "place": codes.PLACE_RING}
    change = {"sequence": lost + 2, "previous": sign1.statement_hash(following), "kind": kinds.JOURNAL, "body": journal}
    return [*held, following, *([resigned(recorder.entries[lost], recorder.key, **change)] if declared else [])]


def beginning() -> ScriptedRecorder:
    recorder = ScriptedRecorder()
    recorder.provision(bytes(32), bytes(32))
    recorder.start()
    recorder.segment()
    recorder.session = {name: bytes(16) for name in ("session", "host_nonce", "device_nonce")} | {"host": bytes(32)}
    return recorder


def test_an_entry_that_nobody_has_is_passed_over_once_it_is_declared() -> None:
    """AT-5: what rotted in flash is declared lost; a head that hides the declaration describes nothing."""
    recorder = beginning()
    raws = passed_over(recorder)
    chain = Chain(recorder.device or b"")
    for raw in raws[:-1]:
        chain.accept(raw)
    lost = len(raws) - 2
    assert chain.undeclared == [(lost, lost)]
    head = Head(recorder.head(codes.HEAD_FIRST))
    head.size, head.newest, head.root = chain.size, chain.newest, chain.tree.root()
    assert not head.describes(chain)
    chain.accept(raws[-1])
    assert chain.undeclared == []
    head.size, head.newest, head.root = chain.size, chain.newest, chain.tree.root()
    assert head.describes(chain)
    tree = merkle.TreeHasher()
    for raw in raws[:lost]:
        tree.append(merkle.leaf_hash(sign1.statement_hash(raw)))
    tree.append(merkle.leaf_hash(bytes(32)))
    for raw in raws[lost:]:
        tree.append(merkle.leaf_hash(sign1.statement_hash(raw)))
    assert chain.tree.root() == tree.root()


def test_an_entry_that_is_held_is_never_passed_over() -> None:
    """AT-11, AT-12: the recorder says that it lost what this host has."""
    recorder = beginning()
    raws = passed_over(recorder)
    chain = chain_of(recorder, len(recorder.entries))
    with pytest.raises(BadEvidence, match="does not follow"):
        chain.accept(raws[-2])


def test_entries_whose_hash_the_recorder_knows_are_waited_for() -> None:
    """They may lie on a card: only zeros say that nobody has them."""
    recorder = beginning()
    chain = chain_of(recorder, len(recorder.entries) - 2)
    with pytest.raises(BadEvidence, match="number"):
        chain.accept(recorder.entries[-1])
