"""The second reader against every vector in tests/vectors: it accepts what is accepted and rejects what is rejected."""

import hashlib
from collections.abc import Callable
from typing import Any

import nacl.signing
import pytest

from second_reader import cbor, flash, trees
from second_reader.cbor import Value
from second_reader.errors import BadSignature, Malformed
from second_reader.frames import Receiver, encode_frame
from second_reader.messages import parse_answer, parse_request
from second_reader.sign1 import check_signature
from second_reader.vector_cases import FOLDER, Case, cases, load, octets, plain_fields, rejects
from second_reader.wav import Sound, make_header, parse_header

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
    assert message.fields.values == {"index": case["index"], "data": bytes(case["length"])}


@cases("wav", "accepted")
def test_wav_accepted(case: Case) -> None:
    assert parse_header(octets(case)) == Sound(case["rate"], case["channels"], case["bits"], case["data_length"])


@cases("wav", "rejected")
def test_wav_rejected(case: Case) -> None:
    rejects(case, lambda: make_header(Sound(case["rate"], case["channels"], case["bits"], case["data_length"])))
