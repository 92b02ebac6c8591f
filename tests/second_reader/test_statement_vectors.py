"""The second reader against the vectors of entries, statements, private fields and the journal."""

from collections.abc import Callable
from typing import Any

import nacl.signing

from second_reader import cbor, trees
from second_reader.attestations import check_private
from second_reader.entries import CUSTODY, ENTRY, parse_entry
from second_reader.heads import read_heads
from second_reader.journal import Form, split
from second_reader.private import parse_opening, parse_record, parse_records
from second_reader.sign1 import parse_envelope, thumbprint
from second_reader.statements import host_id, parse_statement, verify_certificate
from second_reader.vector_cases import Case, cases, load, octets, plain_fields, rejects
from second_reader.verification import verify_chain


@cases("entries", "accepted")
def test_entries_accepted(case: Case) -> None:
    typ = {"entry": ENTRY, "custody": CUSTODY}[case["table"]]
    entry = parse_entry(octets(case), typ)
    envelope = entry.envelope
    public_key = bytes(nacl.signing.SigningKey(octets(case, "seed")).verify_key)
    envelope.verify(public_key)
    assert (public_key.hex(), envelope.typ, envelope.key_id.hex()) == (
        *(case["public_key"], case["typ"], case["key_id"]),
    )
    assert envelope.protected.hex() == case["protected"]
    assert envelope.payload.hex() == case["payload"]
    assert envelope.signed.hex() == case["signed"]
    assert (entry.hash.hex(), trees.leaf(entry.hash).hex()) == (case["hash"], case["leaf"])
    fields = plain_fields(entry.fields.values)
    del fields["body"]
    assert fields == case["fields"]
    assert plain_fields(entry.body.values) == case["body"]
    assert {str(label): value.hex() for label, value in entry.private.items()} == case["private"]
    assert (entry.known, entry.kind_name) == (case["known"], str(case["kind_name"]))
    assert cbor.encode(cbor.decode(envelope.payload)) == envelope.payload


def rejects_statement(case: Case, read: Callable[[bytes, int], Any]) -> None:
    """A statement is rejected; what has only another format, or only a bad signature, is told apart."""
    raw, public_key = octets(case), octets(case, "public_key")
    if case["error"] == "BadSignature":
        rejects(case, lambda: read(raw, case["typ"]).envelope.verify(public_key))
        read(raw, case["typ"])
        return
    rejects(case, lambda: read(raw, case["typ"]))
    if case["error"] == "UnknownFormat":
        parse_envelope(raw).verify(public_key)


@cases("entries", "rejected")
def test_entries_rejected(case: Case) -> None:
    rejects_statement(case, parse_entry)


@cases("statements", "accepted")
def test_statements_accepted(case: Case) -> None:
    statement = parse_statement(octets(case), case["typ"])
    statement.envelope.verify(octets(case, "public_key"))
    assert statement.name == case["type"]
    assert statement.envelope.hash.hex() == case["hash"]
    assert statement.envelope.key_id.hex() == case["key_id"]
    assert plain_fields(statement.fields.values) == case["values"]


@cases("statements", "rejected")
def test_statements_rejected(case: Case) -> None:
    rejects_statement(case, parse_statement)


@cases("private", "openings", "accepted")
def test_openings_accepted(case: Case) -> None:
    opening = parse_opening(octets(case))
    assert (opening.salt.hex(), opening.label, opening.value) == (case["salt"], case["label"], case["value"])
    assert opening.commitment.hex() == case["commitment"]


@cases("private", "openings", "rejected")
def test_openings_rejected(case: Case) -> None:
    rejects(case, lambda: parse_opening(octets(case)))


@cases("private", "records", "accepted")
def test_private_records_accepted(case: Case) -> None:
    record = parse_record(octets(case))
    assert record.sequence == case["sequence"]
    assert [opening.raw.hex() for opening in record.openings] == case["openings"]


@cases("private", "records", "rejected")
def test_private_records_rejected(case: Case) -> None:
    rejects(case, lambda: parse_record(octets(case)))


def test_journal() -> None:
    vectors = load("journal")
    items = list(split(octets(vectors, "journal"), ENTRY))
    chain = verify_chain(items, octets(vectors, "device"))
    assert chain.findings == []
    assert all(item.form is Form.STATEMENT for item in items)
    assert [item.raw.hex() for item in items] == [case["hex"] for case in vectors["entries"]]
    places = [(case["sequence"], case["hash"], case["leaf"]) for case in vectors["entries"]]
    read = [(entry.sequence, entry.hash.hex(), trees.leaf(entry.hash).hex()) for entry in chain.entries]
    assert read == places
    assert {str(entry.sequence): entry.kind_name for entry in chain.entries} == vectors["names"]
    keys = [(case["first"], case["epoch"], case["public_key"]) for case in vectors["epochs"]]
    assert [(first, epoch, key.hex()) for first, epoch, key in chain.keys] == keys
    assert [thumbprint(key).hex() for _, _, key in chain.keys] == [case["key_id"] for case in vectors["epochs"]]
    assert (chain.size, chain.newest.hex()) == (vectors["size"], vectors["newest"])
    roots = [chain.root(size) for size in range(chain.size + 1)]
    assert [root and root.hex() for root in roots] == vectors["roots"]
    assert vectors["root"] == vectors["roots"][-1]


def test_heads_and_certificate_of_the_journal() -> None:
    vectors = load("journal")
    chain = verify_chain(list(split(octets(vectors, "journal"), ENTRY)), octets(vectors, "device"))
    heads = read_heads(b"".join(octets(case) for case in vectors["heads"]), chain)
    assert (heads.findings, heads.attested, len(heads.hashes)) == ([], vectors["size"], len(vectors["heads"]))
    certificate = verify_certificate(octets(vectors, "certificate"), octets(vectors, "organisation"))
    assert host_id(certificate).hex() == vectors["host"]["id"]


def test_private_sequence_of_the_journal() -> None:
    vectors = load("journal")
    chain = verify_chain(list(split(octets(vectors, "journal"), ENTRY)), octets(vectors, "device"))
    assert check_private(octets(vectors, "private"), chain) == []
    read = [
        {"sequence": record.sequence, "label": opening.label, "value": opening.value}
        for record in parse_records(octets(vectors, "private"))
        for opening in record.openings
    ]
    assert read == vectors["openings"]


@cases("journal", "broken")
def test_broken_journal(case: Case) -> None:
    chain = verify_chain(list(split(octets(case, "journal"), ENTRY)), octets(load("journal"), "device"))
    assert (chain.findings[0].code, chain.findings[0].item) == (case["finding"], case["at"])
