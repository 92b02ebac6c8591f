"""Checks of cbor.json, frames.json and merkle.json, written once for CPython (pytest) and MicroPython (as a script).

Each function takes one case and raises AssertionError when evidock_protocol disagrees with it. As a script it takes the
folder of the vectors, prints every disagreement, and ends with status 1 if there was one.
"""

import binascii
import json
import sys

from evidock_protocol import cbor, merkle, proofs
from evidock_protocol.errors import BufferTooSmall, LimitExceeded, Malformed, ProtocolError
from evidock_protocol.framing import FrameReader, FrameWriter, frame_size

COUNTERS = ("frames", "bad_crc", "bad_cobs", "overlong", "skipped_bytes")


def raw(code):
    return binascii.unhexlify(code)


def plain(notation):
    """The value that a notation of cbor.json stands for."""
    if notation is None or isinstance(notation, bool):
        return notation
    if "int" in notation:
        return int(notation["int"])
    if "bytes" in notation:
        return raw(notation["bytes"])
    if "utf8" in notation:
        return str(raw(notation["utf8"]), "utf-8")
    if "array" in notation:
        return [plain(item) for item in notation["array"]]
    return {key: plain(item) for key, item in notation["map"]}


def same(found, expected):
    """Equality that tells True from 1, inside containers too."""
    if type(found) is not type(expected):
        return False
    if isinstance(found, list):
        return len(found) == len(expected) and all(same(found[i], expected[i]) for i in range(len(found)))
    if isinstance(found, dict):
        return len(found) == len(expected) and all(key in expected and same(found[key], expected[key]) for key in found)
    return found == expected


def refused(error, function, *arguments):
    """Assert that the call raises exactly `error`."""
    raised = None
    try:
        function(*arguments)
    except ProtocolError as problem:
        raised = problem
    assert type(raised) is error, f"expected {error.__name__}, found {raised!r}"


def error_of(case):
    return LimitExceeded if case["error"] == "LimitExceeded" else Malformed


def cbor_accepted(case):
    data, value = raw(case["hex"]), plain(case["value"])
    assert cbor.encode(value) == data, "encoded otherwise"
    assert cbor.encoded_size(value) == len(data)
    assert same(cbor.decode(data), value), "decoded otherwise"
    assert same(cbor.decode(memoryview(bytearray(data))), value), "a view decoded otherwise"
    framed = b"\x00" + data + b"\x00"
    found, end = cbor.decode_at(framed, 1)
    assert same(found, value)
    assert end == 1 + len(data)
    assert cbor.skip(framed, 1) == end
    buffer = bytearray(len(framed))
    assert cbor.encode_into(buffer, 1, value) == end
    assert buffer == framed
    refused(BufferTooSmall, cbor.encode_into, bytearray(len(data)), 1, value)


def cbor_rejected(case):
    data = raw(case["hex"])
    refused(error_of(case), cbor.decode, data)
    refused(error_of(case), cbor.decode, memoryview(bytearray(data)))
    if case["why"] == "one item must fill the input":
        assert cbor.skip(data, 0) < len(data)
    else:
        refused(error_of(case), cbor.skip, data, 0)


def cbor_refused_text(case):
    """MicroPython holds and encodes such text without complaint; format 1 does not."""
    text = "".join([chr(point) for point in case["points"]])
    refused(ProtocolError, cbor.encode, text)
    refused(ProtocolError, cbor.encode_into, bytearray(20), 0, text)


def cbor_tagged_accepted(case):
    data, value = raw(case["hex"]), plain(case["value"])
    assert cbor.encode_tagged(value) == data
    assert same(cbor.decode_tagged(data), value)


def cbor_tagged_rejected(case):
    refused(error_of(case), cbor.decode_tagged, raw(case["hex"]))


def frames_accepted(case):
    payload, frame = raw(case["payload"]), raw(case["frame"])
    assert len(frame) <= frame_size(len(payload))
    writer = FrameWriter(len(payload))
    assert bytes(writer.encode(payload)) == frame, "framed otherwise"
    assert bytes(writer.encode(payload, True)) == b"\x00" + frame
    middle = len(payload) // 2
    assert bytes(writer.encode_parts(payload[:middle], memoryview(payload)[middle:])) == frame, "parts framed otherwise"
    reader = FrameReader(frame_size(len(payload)))
    assert reader.feed(frame) == [payload], "read otherwise"
    assert (reader.frames, reader.skipped_bytes) == (1, 0)


def frames_stream(case):
    data = raw(case["hex"])
    for step in (len(data), 1, 7):
        reader = FrameReader(1100)
        found = []
        for start in range(0, len(data), step):
            found += reader.feed(memoryview(data)[start : start + step])
        assert found == [raw(payload) for payload in case["payloads"]], f"other payloads in steps of {step}"
        for name in COUNTERS:
            count, expected = getattr(reader, name), case["counters"][name]
            assert count == expected, f"{name} is {count}, not {expected}, in steps of {step}"


def merkle_trees(vectors):
    """All of merkle.json that builds on its one list of leaves."""
    leaves = [raw(code) for code in vectors["leaves"]]
    roots = [raw(code) for code in vectors["roots"]]
    assert [merkle.leaf_hash(raw(code)) for code in vectors["data"]] == leaves
    tree = merkle.TreeHasher()
    for size, root in enumerate(roots):
        assert merkle.root_of(leaves[:size]) == root
        assert (tree.root(), tree.size) == (root, size)
        assert merkle.TreeHasher(size, tree.peaks).root() == root
        if size < len(leaves):
            tree.append(leaves[size])
    for case in vectors["inclusion"]:
        index, size, proof = case["index"], case["size"], [raw(code) for code in case["proof"]]
        assert proofs.inclusion_proof(leaves[:size], index) == proof
        assert proofs.verify_inclusion(leaves[index], index, size, proof, roots[size])
    for case in vectors["consistency"]:
        old, new, proof = case["old"], case["new"], [raw(code) for code in case["proof"]]
        assert proofs.consistency_proof(leaves, old, new) == proof
        assert proofs.verify_consistency(old, new, roots[old], roots[new], proof)


def merkle_segment(case):
    file, start, leaf_size = raw(case["file"]), case["header_length"], case["leaf_size"]
    leaves = [raw(code) for code in case["leaves"]]
    assert merkle.leaf_count(len(file), start, leaf_size) == len(leaves)
    assert merkle.hash_leaves(file, start, leaf_size) == leaves
    for step in (1000, 1, 63):
        hasher = merkle.LeafHasher(leaf_size)
        found = []
        for offset in range(start, len(file), step):
            found += list(hasher.update(memoryview(file)[offset : min(len(file), offset + step)]))
        last = hasher.finish()
        assert found + ([last] if last else []) == leaves, f"other leaves in steps of {step}"
    header_leaf = merkle.leaf_hash(file[:start])
    assert header_leaf == raw(case["header_leaf"])
    assert merkle.segment_root(header_leaf, merkle.root_of(leaves)) == raw(case["root"])


def merkle_inclusion_rejected(case):
    proof = [raw(code) for code in case["proof"]]
    assert proofs.verify_inclusion(raw(case["leaf"]), case["index"], case["size"], proof, raw(case["root"])) is False


def merkle_consistency_rejected(case):
    proof = [raw(code) for code in case["proof"]]
    old_root, new_root = raw(case["old_root"]), raw(case["new_root"])
    assert proofs.verify_consistency(case["old"], case["new"], old_root, new_root, proof) is False


# (file, its section or "" for all of it as one case, check of one case)
CHECKS = (
    ("cbor", "accepted", cbor_accepted),
    ("cbor", "rejected", cbor_rejected),
    ("cbor", "refused_text", cbor_refused_text),
    ("cbor", "tagged_accepted", cbor_tagged_accepted),
    ("cbor", "tagged_rejected", cbor_tagged_rejected),
    ("frames", "accepted", frames_accepted),
    ("frames", "streams", frames_stream),
    ("frames", "rejected", frames_stream),
    ("merkle", "", merkle_trees),
    ("merkle", "segments", merkle_segment),
    ("merkle", "inclusion_rejected", merkle_inclusion_rejected),
    ("merkle", "consistency_rejected", merkle_consistency_rejected),
)


def load(folder, name):
    with open(folder + "/" + name + ".json") as file:
        return json.load(file)


def cases(folder, name):
    """(check, case, title) for everything in one file."""
    vectors = load(folder, name)
    found = []
    for file, section, check in CHECKS:
        if file == name:
            for number, case in enumerate(vectors[section] if section else [vectors]):
                title = case.get("name", case["hex"][:40] if "hex" in case else str(number))
                found.append((check, case, (section or "trees") + ": " + title))
    return found


def main(folder):
    done = failed = 0
    for name in ("cbor", "frames", "merkle"):
        for check, case, title in cases(folder, name):
            done += 1
            try:
                check(case)
            except Exception as problem:  # whatever it is, it is a disagreement to print
                failed += 1
                print(f"{name}.json, {title}: {problem!r}")
    print(f"{done} cases, {failed} disagree")
    return 1 if failed or not done else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
