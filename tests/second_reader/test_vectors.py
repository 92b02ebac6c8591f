"""The second reader against every vector in tests/vectors: it accepts what is accepted and rejects what is rejected."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nacl.signing
import pytest

from second_reader import cbor, flash, trees
from second_reader.attestations import check_private, read_heads
from second_reader.cbor import Value
from second_reader.entries import CUSTODY, ENTRY, parse_entry
from second_reader.errors import BadSignature, Malformed, UnknownFormat, WrongType
from second_reader.frames import Receiver, encode_frame
from second_reader.journal import Form, split
from second_reader.messages import parse_answer, parse_request
from second_reader.private import parse_opening, parse_record, parse_records
from second_reader.sign1 import check_signature, parse_envelope, thumbprint
from second_reader.statements import host_id, parse_statement, verify_certificate
from second_reader.verification import verify_chain
from second_reader.wav import Sound, make_header, parse_header

Case = dict[str, Any]
FOLDER = Path(__file__).resolve().parent.parent / "vectors"
# What this reader knows of each file: a new file, or a new list in a file, fails until it is read here.
KNOWN = {
    "cbor.json": {"accepted", "rejected", "refused_text", "tagged_accepted", "tagged_rejected"},
    "ed25519.json": {"sign", "hedged", "accepted", "rejected"},
    "ed25519_sha512.json": {"digests"},
    "entries.json": {"accepted", "rejected"},
    "flash.json": {"sector_heads", "records", "anchors", "keys"},
    "frames.json": {"max_frame", "accepted", "streams", "rejected"},
    "journal.json": {
        *("device", "organisation", "host", "certificate", "journal", "private", "entries", "epochs", "size"),
        *("newest", "root", "roots", "heads", "openings", "segment", "broken", "names"),
    },
    "merkle.json": {
        *("data", "leaves", "roots", "inclusion", "consistency", "segments"),
        *("inclusion_rejected", "consistency_rejected"),
    },
    "messages.json": {"accepted", "unknown_requests", "rejected", "media_head"},
    "private.json": {"openings", "records"},
    "statements.json": {"accepted", "rejected"},
    "wav.json": {"accepted", "rejected"},
}
ERRORS: dict[str, type[Exception]] = {
    "Malformed": Malformed,
    "LimitExceeded": Malformed,
    "WrongType": WrongType,
    "UnknownFormat": UnknownFormat,
    "BadSignature": BadSignature,
}


def load(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def cases(name: str, *keys: str) -> pytest.MarkDecorator:
    """One test for each vector of a list in a file."""
    found: Any = load(name)
    for key in keys:
        found = found[key]
    assert found
    ids = [f"{number} {case.get('name', '')}".strip() for number, case in enumerate(found)]
    return pytest.mark.parametrize("case", found, ids=ids)


def octets(case: Case, key: str = "hex") -> bytes:
    return bytes.fromhex(case[key])


def plain(value: Value) -> Any:
    """A value as the vectors write it."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


def plain_fields(values: dict[str, Value]) -> Any:
    return {name: plain(value) for name, value in values.items()}


def rejects(case: Case, read: Callable[[], object]) -> None:
    """Reading fails with the class of the vector, and no other."""
    with pytest.raises(ERRORS[case["error"]]) as failure:
        read()
    assert failure.type is ERRORS[case["error"]]


def test_every_file_and_list_is_known() -> None:
    assert {path.name: set(load(path.stem)) for path in FOLDER.glob("*.json")} == KNOWN


def cbor_form(value: Value) -> Any:
    """A value as cbor.json writes it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, str):
        return {"utf8": value.encode("utf-8").hex()}
    if isinstance(value, list):
        return {"array": [cbor_form(item) for item in value]}
    return {"map": [[key, cbor_form(item)] for key, item in value.items()]}


def in_key_order(form: Any) -> Any:
    """cbor.json writes maps in the order in which they were made."""
    if isinstance(form, dict):
        ordered = {kind: in_key_order(content) for kind, content in form.items()}
        return {kind: sorted(content) if kind == "map" else content for kind, content in ordered.items()}
    return [in_key_order(item) for item in form] if isinstance(form, list) else form


@cases("cbor", "accepted")
def test_cbor_accepted(case: Case) -> None:
    value = cbor.decode(octets(case))
    assert cbor_form(value) == in_key_order(case["value"])
    assert cbor.encode(value) == octets(case)


@cases("cbor", "rejected")
def test_cbor_rejected(case: Case) -> None:
    rejects(case, lambda: cbor.decode(octets(case)))


@cases("cbor", "refused_text")
def test_cbor_refused_text(case: Case) -> None:
    content = "".join(map(chr, case["points"])).encode("utf-8", "surrogatepass")
    with pytest.raises(Malformed):
        cbor.decode(bytes([0x60 + len(content)]) + content)


@cases("cbor", "tagged_accepted")
def test_cbor_tagged_accepted(case: Case) -> None:
    assert cbor_form(cbor.decode_tagged(octets(case))) == case["value"]


@cases("cbor", "tagged_rejected")
def test_cbor_tagged_rejected(case: Case) -> None:
    rejects(case, lambda: cbor.decode_tagged(octets(case)))


@pytest.mark.parametrize("key", ["sign", "hedged", "accepted"])
def test_signatures_accepted(key: str) -> None:
    for case in load("ed25519")[key]:
        check_signature(octets(case, "public"), octets(case, "message"), octets(case, "signature"))
        if "seed" in case:
            assert bytes(nacl.signing.SigningKey(octets(case, "seed")).verify_key) == octets(case, "public")


@cases("ed25519", "sign")
def test_deterministic_signatures(case: Case) -> None:
    signed = nacl.signing.SigningKey(octets(case, "seed")).sign(octets(case, "message"))
    assert signed.signature == octets(case, "signature")


@cases("ed25519", "rejected")
def test_signatures_rejected(case: Case) -> None:
    with pytest.raises(BadSignature):
        check_signature(octets(case, "public"), octets(case, "message"), octets(case, "signature"))


@cases("ed25519_sha512", "digests")
def test_sha512(case: Case) -> None:
    assert hashlib.sha512(octets(case, "message")).hexdigest() == case["digest"]


@cases("frames", "accepted")
def test_frames_accepted(case: Case) -> None:
    receiver = Receiver(load("frames")["max_frame"])
    receiver.receive(octets(case, "frame"))
    assert receiver.messages == [octets(case, "payload")]
    assert encode_frame(octets(case, "payload")) == octets(case, "frame")


@pytest.mark.parametrize("key", ["streams", "rejected"])
def test_streams(key: str) -> None:
    for case in load("frames")[key]:
        receiver = Receiver(load("frames")["max_frame"])
        receiver.receive(octets(case))
        assert [message.hex() for message in receiver.messages] == case["payloads"], case["name"]
        counted = {name: getattr(receiver, name) for name in ("bad_crc", "bad_cobs", "overlong", "skipped_bytes")}
        assert counted | {"frames": len(receiver.messages)} == case["counters"], case["name"]


def test_tree_roots() -> None:
    vectors = load("merkle")
    leaves = [trees.leaf(bytes.fromhex(data)) for data in vectors["data"]]
    assert [leaf.hex() for leaf in leaves] == vectors["leaves"]
    assert [trees.root(leaves[:size]).hex() for size in range(len(leaves) + 1)] == vectors["roots"]


@cases("merkle", "inclusion")
def test_inclusion(case: Case) -> None:
    vectors = load("merkle")
    leaf, root = (bytes.fromhex(vectors[key][case[place]]) for key, place in (("leaves", "index"), ("roots", "size")))
    proof = [bytes.fromhex(value) for value in case["proof"]]
    assert trees.inclusion_holds(leaf, case["index"], case["size"], proof, root)


@cases("merkle", "inclusion_rejected")
def test_inclusion_rejected(case: Case) -> None:
    proof = [bytes.fromhex(value) for value in case["proof"]]
    assert not trees.inclusion_holds(octets(case, "leaf"), case["index"], case["size"], proof, octets(case, "root"))


@cases("merkle", "consistency")
def test_consistency(case: Case) -> None:
    old_root, new_root = (bytes.fromhex(load("merkle")["roots"][case[key]]) for key in ("old", "new"))
    proof = [bytes.fromhex(value) for value in case["proof"]]
    assert trees.consistency_holds(case["old"], case["new"], old_root, new_root, proof)


@cases("merkle", "consistency_rejected")
def test_consistency_rejected(case: Case) -> None:
    proof = [bytes.fromhex(value) for value in case["proof"]]
    old_root, new_root = octets(case, "old_root"), octets(case, "new_root")
    assert not trees.consistency_holds(case["old"], case["new"], old_root, new_root, proof)


@cases("merkle", "segments")
def test_segments(case: Case) -> None:
    file = octets(case, "file")
    ranges = trees.segment_ranges(len(file), case["header_length"], case["leaf_size"])
    leaves = [trees.leaf(file[begin:end]) for begin, end in ranges]
    assert [leaf.hex() for leaf in leaves] == [case["header_leaf"], *case["leaves"]]
    assert trees.segment_root(leaves).hex() == case["root"]


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


@cases("flash", "sector_heads", "accepted")
def test_sector_heads(case: Case) -> None:
    assert flash.sector_generation(octets(case), case["magic"].encode()) == case["generation"]


@cases("flash", "sector_heads", "rejected")
def test_sector_heads_rejected(case: Case) -> None:
    assert flash.sector_generation(octets(case), case["magic"].encode()) is None


@cases("flash", "records", "accepted")
def test_flash_records(case: Case) -> None:
    assert flash.read_record(octets(case)) == flash.Record(case["kind"], octets(case, "data"), case["span"])


@cases("flash", "anchors", "accepted")
def test_anchors(case: Case) -> None:
    expected = flash.Anchor(case["start"], case["number"], case["length"], case["tick"])
    assert flash.read_anchor(octets(case)) == expected


@cases("flash", "keys", "accepted")
def test_key_slots(case: Case) -> None:
    slot = flash.read_key_slot(octets(case))
    assert slot == flash.KeySlot(case["epoch"], octets(case, "seed"))
    assert bytes(nacl.signing.SigningKey(octets(case, "seed")).verify_key).hex() == case["public_key"]


@pytest.mark.parametrize("read", [flash.read_record, flash.read_anchor, flash.read_key_slot])
def test_flash_rejected(read: Callable[[bytes], object]) -> None:
    key = {flash.read_record: "records", flash.read_anchor: "anchors", flash.read_key_slot: "keys"}[read]
    for case in load("flash")[key]["rejected"]:
        assert read(octets(case)) is None, case["name"]


@cases("messages", "accepted")
def test_messages_accepted(case: Case) -> None:
    message = (parse_request if case["direction"] == "request" else parse_answer)(octets(case))
    assert (message.direction, message.type, message.number) == (case["direction"], case["type"], case["number"])
    assert message.fields is not None
    assert plain_fields(message.fields.values) == case["values"]
    assert encode_frame(octets(case)) == octets(case, "frame")
    receiver = Receiver(len(octets(case, "frame")))
    receiver.receive(octets(case, "frame"))
    assert receiver.messages == [octets(case)]


@cases("messages", "unknown_requests")
def test_requests_of_unknown_type(case: Case) -> None:
    message = parse_request(octets(case))
    assert (message.type, message.number, message.fields) == (case["type"], case["number"], None)


@cases("messages", "rejected")
def test_messages_rejected(case: Case) -> None:
    rejects(case, lambda: (parse_request if case["direction"] == "request" else parse_answer)(octets(case)))


def test_head_of_a_media_answer() -> None:
    case = load("messages")["media_head"]
    message = parse_answer(octets(case) + bytes(case["length"]))
    assert message.fields is not None
    assert (message.type, message.number) == (case["type"], case["number"])
    assert message.fields.values == {"offset": case["offset"], "data": bytes(case["length"])}


@cases("wav", "accepted")
def test_wav_accepted(case: Case) -> None:
    assert parse_header(octets(case)) == Sound(case["rate"], case["channels"], case["bits"], case["data_length"])


@cases("wav", "rejected")
def test_wav_rejected(case: Case) -> None:
    rejects(case, lambda: make_header(Sound(case["rate"], case["channels"], case["bits"], case["data_length"])))


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
