"""Checks of the entry-level vectors, written once for CPython (pytest) and MicroPython (as a script).

Each function takes one case and raises AssertionError when evidock_protocol disagrees with it. As a script it takes the
folder of the vectors, prints every disagreement, and ends with status 1 if there was one. Signatures are not checked
here: that is Ed25519's own suite, and on CPython `tests/protocol/test_entry.py`.
"""

# Values come from JSON, and MicroPython has no typing module to say more.
# pyright: reportArgumentType=false, reportCallIssue=false, reportOptionalMemberAccess=false, reportIndexIssue=false
# pyright: reportAttributeAccessIssue=false, reportOptionalSubscript=false, reportGeneralTypeIssues=false

import binascii
import json
import sys

from evidock_protocol import cbor, custody_kinds, entry, flash, kinds, merkle, private, sign1, statements, wav, wire
from evidock_protocol.errors import Malformed, ProtocolError, UnknownFormat

FILES = ("entries", "statements", "private", "flash", "messages", "wav", "journal")


def raw(code):
    return binascii.unhexlify(code)


def plain(value):
    """A value of the JSON with byte strings in place of {"hex": …}."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        if len(value) == 1 and "hex" in value:
            return raw(value["hex"])
        return {key: plain(item) for key, item in value.items()}
    return value


def same(found, expected):
    """Equality that tells True from 1, inside containers too."""
    if isinstance(found, dict):
        found = {str(key): value for key, value in found.items()}
    if type(found) is not type(expected):
        return False
    if isinstance(found, list):
        return len(found) == len(expected) and all(same(found[i], expected[i]) for i in range(len(found)))
    if isinstance(found, dict):
        return len(found) == len(expected) and all(key in expected and same(found[key], expected[key]) for key in found)
    return found == expected


def equal(found, expected):
    assert same(found, expected), f"expected {expected!r}, found {found!r}"


def refused(error, function, *arguments):
    """Assert that the call raises `error`; Malformed stands for its subclasses that are not named in the vectors."""
    raised = None
    try:
        function(*arguments)
    except ProtocolError as problem:
        raised = problem
    assert raised is not None, f"expected {error}, found nothing wrong"
    if isinstance(raised, UnknownFormat):
        found = "UnknownFormat"
    elif isinstance(raised, entry.WrongType):
        found = "WrongType"
    else:
        found = "Malformed" if isinstance(raised, Malformed) else type(raised).__name__
    assert found == error, f"expected {error}, found {found}: {raised}"


def accepted_entry(case):
    found = entry.parse(raw(case["hex"]), case["typ"])
    equal(found.raw, raw(case["hex"]))
    equal(found.typ, case["typ"])
    equal(found.key_id, raw(case["key_id"]))
    equal(found.hash, raw(case["hash"]))
    equal(merkle.leaf_hash(found.hash), raw(case["leaf"]))
    equal(found.payload, raw(case["payload"]))
    equal(sign1.signed_bytes(found.typ, found.key_id, found.payload), raw(case["signed"]))
    equal(sign1.protected(found.typ, found.key_id), raw(case["protected"]))
    equal(sign1.thumbprint(raw(case["public_key"])), found.key_id)
    expected = plain(case["fields"])
    for name in ("device", "epoch", "sequence", "previous", "kind", "boot", "ticks"):
        equal(getattr(found, name), expected[name])
    equal([found.wall_state, found.wall_ms], expected["wall"])
    equal(found.private, {label: raw(code) for label, code in case["private"].items()})
    equal(found.known, case["known"])
    equal(found.body, plain(case["body"]))
    known = kinds.ENTRY_KINDS if case["table"] == "entry" else custody_kinds.KINDS
    equal(kinds.kind_name(known, found.kind), case["kind_name"])
    if found.known:
        payload = entry.encode_payload(
            kinds.body_table(known, found.kind),
            found.device,
            found.epoch,
            found.sequence,
            found.previous,
            found.kind,
            found.boot,
            found.ticks,
            (found.wall_state, found.wall_ms),
            found.body,
            found.private,
        )
        equal(payload, found.payload)
    equal(sign1.assemble(found.typ, found.key_id, found.payload, found.signature), found.raw)


def rejected_entry(case):
    if case["error"] == "BadSignature":
        entry.parse(raw(case["hex"]), case["typ"])  # the form is right
    else:
        refused(case["error"], entry.parse, raw(case["hex"]), case["typ"])


def accepted_statement(case):
    sealed, values = entry.parse_statement(raw(case["hex"]), case["typ"])
    equal(sealed.key_id, raw(case["key_id"]))
    equal(sign1.statement_hash(sealed.raw), raw(case["hash"]))
    equal(values, plain(case["values"]))
    equal(entry.encode_statement(case["typ"], values), sealed.payload)
    equal([row[1] for row in statements.STATEMENTS if row[0] == case["typ"]], [case["type"]])


def rejected_statement(case):
    refused(case["error"], entry.parse_statement, raw(case["hex"]), case["typ"])


def accepted_opening(case):
    equal(private.opening(raw(case["salt"]), case["label"], case["value"]), raw(case["hex"]))
    equal(private.commitment(raw(case["hex"])), raw(case["commitment"]))
    equal(list(private.parse_opening(raw(case["hex"]))), [case["label"], case["value"]])


def rejected_opening(case):
    refused(case["error"], private.parse_opening, raw(case["hex"]))


def accepted_record(case):
    openings = [raw(code) for code in case["openings"]]
    equal(private.encode_record(case["sequence"], openings), raw(case["hex"]))
    sequence, parsed = private.parse_record(cbor.decode(raw(case["hex"])))
    equal(sequence, case["sequence"])
    equal([row[2] for row in parsed], [private.commitment(opening) for opening in openings])


def rejected_record(case):
    refused(case["error"], lambda: private.parse_record(cbor.decode(raw(case["hex"]))))


def accepted_head(case):
    magic = case["magic"].encode()
    equal(flash.encode_head(magic, case["generation"]), raw(case["hex"]))
    equal(flash.parse_head(raw(case["hex"]), magic), case["generation"])


def rejected_head(case):
    equal(flash.parse_head(raw(case["hex"]), case["magic"].encode()), None)


def accepted_flash_record(case):
    content, data = raw(case["hex"]), raw(case["data"])
    equal(flash.encode_record_head(case["kind"], data) + data, content)
    kind, length, _check = flash.parse_record_head(content[: flash.RECORD_HEAD])
    equal([kind, length], [case["kind"], len(data)])
    equal(flash.record_is_whole(content[: flash.RECORD_HEAD], content[flash.RECORD_HEAD :]), True)
    equal(flash.record_span(length), case["span"])


def rejected_flash_record(case):
    content = raw(case["hex"])
    equal(flash.record_is_whole(content[: flash.RECORD_HEAD], content[flash.RECORD_HEAD :]), False)


def accepted_anchor(case):
    values = [case["start"], case["number"], case["length"], case["tick"]]
    equal(flash.encode_anchor(*values), raw(case["hex"]))
    equal(list(flash.parse_anchor(raw(case["hex"]))), values)


def rejected_anchor(case):
    equal(flash.parse_anchor(raw(case["hex"])), None)


def accepted_key(case):
    equal(flash.encode_key(case["epoch"], raw(case["seed"])), raw(case["hex"]))
    equal(list(flash.parse_key(raw(case["hex"]) + b"\xff" * 4)), [case["epoch"], raw(case["seed"])])


def rejected_key(case):
    equal(flash.parse_key(raw(case["hex"])), None)


def accepted_message(case):
    content, values = raw(case["hex"]), plain(case["values"])
    if case["direction"] == "refusal":
        equal(wire.refusal(case["number"], values["code"], values["text"]), content)
        raised = None
        try:
            wire.parse_answer(content)
        except wire.Refusal as refusal:
            raised = refusal
        equal([raised.number, raised.code, raised.text], [case["number"], values["code"], values["text"]])
        return
    build, parse = (
        (wire.request, wire.parse_request) if case["direction"] == "request" else (wire.answer, wire.parse_answer)
    )
    equal(build(case["type"], case["number"], values), content)
    kind, number, found = parse(content)
    equal([kind, number], [case["type"], case["number"]])
    equal(found, values)


def unknown_request(case):
    equal(list(wire.parse_request(raw(case["hex"]))), [case["type"], case["number"], {}])


def rejected_message(case):
    parse = wire.parse_request if case["direction"] == "request" else wire.parse_answer
    refused(case["error"], parse, raw(case["hex"]))


def media_head(case):
    buffer = bytearray(40)
    start = wire.put_data_head(buffer, 37, case["type"], case["number"], case["index"], case["length"])
    equal((bytes(buffer[start:37]), bytes(buffer[37:])), (raw(case["hex"]), bytes(3)))


def accepted_wav(case):
    header = wav.wav_header(case["rate"], case["channels"], case["bits"], case["data_length"])
    equal(header, raw(case["hex"]))
    equal(len(header), wav.WAV_HEADER)


def rejected_wav(case):
    refused(case["error"], wav.wav_header, case["rate"], case["channels"], case["bits"], case["data_length"])


def sample_journal(case):
    """The whole journal: sequence, chain, epochs, tree, heads, openings."""
    content = raw(case["journal"])
    entries, at = [], 0
    while at < len(content):
        end = cbor.skip(content, at + 1)
        entries.append(entry.parse(content[at:end]))
        at = end
    equal(len(entries), case["size"])
    tree = merkle.TreeHasher()
    previous, key_id, epoch = entry.ZERO_HASH, raw(case["device"]), 0
    for place, found in enumerate(entries):
        equal(found.raw, raw(case["entries"][place]["hex"]))
        equal([found.sequence, found.previous, found.key_id, found.epoch], [place, previous, key_id, epoch])
        equal(found.device, raw(case["device"]))
        equal(kinds.kind_name(kinds.ENTRY_KINDS, found.kind), case["names"][str(place)])
        if found.kind == kinds.EPOCH:
            equal([found.body["size"], found.body["root"]], [place, tree.root()])
            equal(found.body["peaks"], tree.peaks)
            key_id, epoch = sign1.thumbprint(found.body["public_key"]), epoch + 1
        tree.append(merkle.leaf_hash(found.hash))
        equal(tree.root(), raw(case["roots"][place + 1]))
        previous = found.hash
    equal([previous, tree.root()], [raw(case["newest"]), raw(case["root"])])
    _sample_heads(case, entries)
    _sample_openings(case, entries)
    _sample_segment(case, entries)


def _sample_heads(case, entries):
    for expected in case["heads"]:
        sealed, head = entry.parse_statement(raw(expected["hex"]), statements.TYP_HEAD)
        size = expected["size"]
        equal([head["size"], head["phase"]], [size, expected["phase"]])
        equal([head["newest"], head["root"]], [entries[size - 1].hash, raw(case["roots"][size])])
        equal(sealed.key_id, raw(case["epochs"][head["epoch"]]["key_id"]))


def _sample_openings(case, entries):
    content, at, found = raw(case["private"]), 0, []
    while at < len(content):
        record, at = cbor.decode_at(content, at)
        sequence, parsed = private.parse_record(record)
        for label, value, commitment in parsed:
            equal(entries[sequence].private[label], commitment)
            found.append({"sequence": sequence, "label": label, "value": value})
    equal(found, case["openings"])


def _sample_segment(case, entries):
    expected = case["segment"]
    header = raw(expected["header"])
    data = bytearray(31 * i + 13 * (i >> 8) + 7 & 255 for i in range(expected["data_length"]))
    leaves = merkle.hash_leaves(data, 0, expected["leaf_size"])
    equal(leaves, [raw(code) for code in expected["data_leaves"]])
    equal(merkle.leaf_hash(header), raw(expected["header_leaf"]))
    root = merkle.segment_root(merkle.leaf_hash(header), merkle.root_of(leaves))
    equal(root, raw(expected["root"]))
    equal([found.body["root"] for found in entries if found.kind == kinds.SEGMENT], [root])


def broken_journal(case):
    """What is wrong shows at the entry that the case names, and nothing is wrong before it."""
    content = raw(case["journal"])
    at, place, previous = 0, 0, entry.ZERO_HASH
    while place < case["at"]:
        end = cbor.skip(content, at + 1)
        found = entry.parse(content[at:end])
        equal([found.sequence, found.previous], [place, previous])
        at, place, previous = end, place + 1, found.hash
    end = cbor.skip(content, at + 1)
    if case["finding"] == "MALFORMED":
        refused("Malformed", entry.parse, content[at:end])
    elif case["finding"] == "WRONG_TYPE":
        refused("WrongType", entry.parse, content[at:end])
    else:
        found = entry.parse(content[at:end])
        if case["finding"] in ("CHAIN_BREAK", "ORDER", "REPLAY"):
            assert found.sequence != place or (place and found.kind == kinds.GENESIS)


CHECKS = (
    ("entries", ("accepted",), accepted_entry),
    ("entries", ("rejected",), rejected_entry),
    ("statements", ("accepted",), accepted_statement),
    ("statements", ("rejected",), rejected_statement),
    ("private", ("openings", "accepted"), accepted_opening),
    ("private", ("openings", "rejected"), rejected_opening),
    ("private", ("records", "accepted"), accepted_record),
    ("private", ("records", "rejected"), rejected_record),
    ("flash", ("sector_heads", "accepted"), accepted_head),
    ("flash", ("sector_heads", "rejected"), rejected_head),
    ("flash", ("records", "accepted"), accepted_flash_record),
    ("flash", ("records", "rejected"), rejected_flash_record),
    ("flash", ("anchors", "accepted"), accepted_anchor),
    ("flash", ("anchors", "rejected"), rejected_anchor),
    ("flash", ("keys", "accepted"), accepted_key),
    ("flash", ("keys", "rejected"), rejected_key),
    ("messages", ("accepted",), accepted_message),
    ("messages", ("unknown_requests",), unknown_request),
    ("messages", ("rejected",), rejected_message),
    ("messages", ("media_head",), media_head),
    ("wav", ("accepted",), accepted_wav),
    ("wav", ("rejected",), rejected_wav),
    ("journal", (), sample_journal),
    ("journal", ("broken",), broken_journal),
)


def cases(folder, name):
    """(check, case, title) for everything in one file."""
    with open(folder + "/" + name + ".json") as file:
        vectors = json.load(file)
    found = []
    for file_name, path, check in CHECKS:
        if file_name != name:
            continue
        section = vectors
        for key in path:
            section = section[key]
        for number, case in enumerate(section if isinstance(section, list) else [section]):
            title = str(case.get("name", number))
            found.append((check, case, "/".join(path) + ": " + title))
    return found


def main(folder):
    done = failed = 0
    for name in FILES:
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
