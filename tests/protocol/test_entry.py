"""Entries: the vectors with their signatures, one encoding for one entry, hostile payloads (AT-2, AT-26, AT-27)."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey
from vectors import entry_checks, independent, make_entry_vectors
from vectors.entry_cases import VECTORS, cases, of

from evidock_protocol import custody_kinds, entry, kinds, sign1
from evidock_protocol.errors import Malformed, UnknownFormat

ACCEPTED = of("entries", entry_checks.accepted_entry)
REJECTED = of("entries", entry_checks.rejected_entry)
BADLY_SIGNED = [one for one in REJECTED if one.values[0]["error"] == "BadSignature"]
BADLY_FORMED = [one for one in REJECTED if one.values[0]["error"] != "BadSignature"]


@pytest.mark.parametrize(("check", "case"), cases("entries", "journal"))
def test_vector(check: Callable[[object], None], case: object) -> None:
    check(case)


def verify(case: dict[str, Any]) -> None:
    found = sign1.parse(bytes.fromhex(case["hex"]))
    VerifyKey(bytes.fromhex(case["public_key"])).verify(found.signed_bytes(), found.signature)


@pytest.mark.parametrize("case", ACCEPTED)
def test_the_signature_of_an_accepted_entry_holds(case: dict[str, Any]) -> None:
    verify(case)


@pytest.mark.parametrize("case", BADLY_SIGNED)
def test_a_bad_signature_does_not_hold(case: dict[str, Any]) -> None:
    with pytest.raises(BadSignatureError):
        verify(case)


@pytest.mark.parametrize("case", BADLY_FORMED)
def test_what_is_rejected_for_its_form_is_no_accepted_entry(case: dict[str, Any]) -> None:
    accepted = {one.values[0]["hex"] for one in ACCEPTED if one.values[0]["typ"] == case["typ"]}
    assert case["hex"] not in accepted


@pytest.mark.parametrize("name", ["entries", "statements", "private", "flash", "messages", "wav", "journal"])
def test_vectors_are_what_their_maker_writes(name: str) -> None:
    assert (VECTORS / f"{name}.json").read_text(encoding="ascii") == make_entry_vectors.text(contents()[name])


@cache
def contents() -> dict[str, Any]:
    return make_entry_vectors.contents()


def test_every_kind_has_a_vector() -> None:
    named = {(one.values[0]["table"], one.values[0]["kind_name"]) for one in ACCEPTED}
    for table, rows in (("entry", kinds.ENTRY_KINDS), ("custody", custody_kinds.KINDS)):
        assert {(table, name) for _number, name, _table in rows} <= named


def test_every_signature_of_the_sample_journal_holds() -> None:
    journal = contents()["journal"]
    assert isinstance(journal, dict)
    epochs = journal["epochs"]
    for one in journal["entries"]:
        key = max((epoch for epoch in epochs if epoch["first"] <= one["sequence"]), key=lambda epoch: epoch["first"])
        verify({"hex": one["hex"], "public_key": key["public_key"]})
    for head in journal["heads"]:
        found, values = entry.parse_statement(bytes.fromhex(head["hex"]), 65006)
        epoch = values["epoch"]
        assert isinstance(epoch, int)
        key = bytes.fromhex(epochs[epoch]["public_key"])
        VerifyKey(key).verify(found.signed_bytes(), found.signature)


PAYLOAD = make_entry_vectors.payload(kinds.MARK, {0: 1, 1: 1, 2: 1}, {1: bytes(32)})
SECRET = independent.seed("entry")
keys = st.sampled_from([*range(13), 23])
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 23), inner, max_size=4),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from([*range(13), 23]), anything, max_size=3), st.sets(st.integers(0, 11), max_size=2)
)
def test_hostile_payloads_raise_protocol_errors_only(changes: dict[int, object], removed: set[int]) -> None:
    payload = {key: value for key, value in {**PAYLOAD, **changes}.items() if key not in removed}
    raw = independent.sign1(SECRET, 65001, independent.cbor(payload))
    try:
        found = entry.parse(raw)
    except (Malformed, UnknownFormat):
        return
    if found.known:
        table = kinds.body_table(kinds.ENTRY_KINDS, found.kind)
        assert table is not None
        wall = (found.wall_state, found.wall_ms)
        again = entry.encode_payload(
            table, found.device, found.epoch, found.sequence, found.previous, found.kind, found.boot, found.ticks, wall,
            found.body, found.private,
        )  # fmt: skip
        assert again == found.payload


def test_what_would_not_be_accepted_is_not_written() -> None:
    good: dict[str, Any] = {
        "table": "0 order b", "device": bytes(32), "epoch": 0, "sequence": 0, "previous": bytes(32), "kind": 7,
        "boot": 1, "ticks": 0, "wall": (0, 0), "body": {"order": b""}, "private": {},
    }  # fmt: skip
    entry.encode_payload(**good)
    for change in (
        {"device": bytes(31)},
        {"wall": (0, 5)},
        {"sequence": -1},
        {"body": {}},
        {"private": {1: bytes(31)}},
        {"private": dict.fromkeys(range(9), bytes(32))},
    ):
        with pytest.raises(Malformed):
            entry.encode_payload(**{**good, **change})
