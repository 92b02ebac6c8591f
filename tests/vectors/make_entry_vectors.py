"""Writes entries, statements, private, flash, messages, wav and journal.json beside this file.

All comes from `independent` (cbor2, PyNaCl, struct, zlib), nothing from evidock_protocol. `accepted` cases carry what a
reader must find; `rejected` cases say why and as what: Malformed, WrongType, UnknownFormat, or BadSignature for a
statement whose form is right. Keys and seeds are in the files, for they are worth nothing. To run, in the folder
`tests`: `python -m vectors.make_entry_vectors`.
"""

import json
from pathlib import Path

from vectors import entry_samples as samples
from vectors import journal_vectors, rejected_entries, storage_vectors
from vectors.independent import (
    TYPES,
    cbor,
    leaf,
    numbered,
    protected_header,
    public,
    sha256,
    sign1,
    signature_input,
    thumbprint,
    to_json,
)

HERE = Path(__file__).parent
UNSET = [0, 0]


def payload(kind: int, body: object, private: dict | None = None, /, **changes) -> dict[int, object]:
    """An entry's payload as a numbered map; `changes` are by field name."""
    values = {
        "format": 1,
        "suite": 1,
        "device": samples.DEVICE,
        "epoch": 0,
        "sequence": 3,
        "previous": samples.HASH,
        "kind": kind,
        "boot": 2,
        "ticks": 90_000,
        "wall": [2, samples.NOON],
        "body": body,
    }
    values.update(changes)
    result = numbered(values)
    if private is not None:
        result[11] = private
    return result


def accepted(name, typ, secret, numbers, body, table, kind_name, known=True):
    """One accepted entry with everything that a reader must find in it."""
    content = cbor(numbers)
    raw = sign1(secret, TYPES[typ], content)
    key_id = thumbprint(public(secret))
    protected = protected_header(TYPES[typ], key_id)
    names = ("format", "suite", "device", "epoch", "sequence", "previous", "kind", "boot", "ticks", "wall")
    return {
        "name": name,
        "table": table,
        "kind_name": kind_name,
        "known": known,
        "seed": secret.hex(),
        "public_key": public(secret).hex(),
        "typ": TYPES[typ],
        "key_id": key_id.hex(),
        "protected": protected.hex(),
        "payload": content.hex(),
        "signed": signature_input(protected, content).hex(),
        "hex": raw.hex(),
        "hash": sha256(raw).hex(),
        "leaf": leaf(sha256(raw)).hex(),
        "fields": {key: to_json(numbers[place]) for place, key in enumerate(names)},
        "private": {str(label): value.hex() for label, value in numbers.get(11, {}).items()},
        "body": to_json(body),
    }


def entries():
    cases = []
    for kind, (name, body) in samples.ENTRIES.items():
        first = {"sequence": 0, "previous": bytes(32)} if kind == 1 else {}
        numbers = payload(kind, numbered(body), **first)
        cases.append(accepted(name, "entry", samples.RECORDER, numbers, body, "entry", name))
    for kind, (name, body) in samples.CUSTODY.items():
        first = {"sequence": 0, "previous": bytes(32)} if kind == 1 else {}
        numbers = payload(kind, numbered(body), device=samples.HOST_ID, boot=0, ticks=0, **first)
        cases.append(accepted(f"custody {name}", "custody", samples.HOST, numbers, body, "custody", name))
    mark, off, start = (samples.ENTRIES[kind][1] for kind in (16, 4, 9))
    longest: dict[str, object] = {"order": bytes(1825)}
    private = {1: sha256(b"officer"), 3: sha256(b"case")}
    start = {**start, "handover": None, "card": None}
    more = [
        ("START with private fields", 9, "START", start, payload(9, numbered(start), private), True),
        ("MARK with an unset clock", 16, "MARK", mark, payload(16, numbered(mark), wall=UNSET), True),
        ("MARK with a set clock", 16, "MARK", mark, payload(16, numbered(mark), wall=[1, samples.NOON]), True),
        (
            "OFF with largest numbers",
            4,
            "OFF",
            off,
            payload(4, numbered(off), sequence=2**63 - 1, epoch=2**63 - 1, ticks=2**63 - 1, boot=2**32),
            True,
        ),
        ("ISSUE of 2,048 bytes", 7, "ISSUE", longest, payload(7, numbered(longest)), True),
        ("private kind", 1000, "1000", {"0": 1, "23": "x"}, payload(1000, {0: 1, 23: "x"}), False),
        ("kind of a later version", 26, "26", {"0": [1, {2: None}]}, payload(26, {0: [1, {2: None}]}), False),
        ("kind of a later version, empty body", 12, "12", {}, payload(12, {}), False),
    ]
    segment = samples.ENTRIES[11][1]
    for size in (0, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**63 - 1):
        body: dict[str, object] = {name: value if isinstance(value, bytes) else size for name, value in segment.items()}
        numbers = payload(11, numbered(body), sequence=size, ticks=size, boot=size, wall=[1, size])
        more.append((f"SEGMENT with numbers {size}", 11, "SEGMENT", body, numbers, True))
    for name, _kind, kind_name, body, numbers, known in more:
        cases.append(accepted(name, "entry", samples.RECORDER, numbers, body, "entry", kind_name, known))
    return {"accepted": cases, "rejected": rejected_entries.cases(payload)}


def statements():
    cases = []
    for name, typ, secret, values in samples.STATEMENTS:
        content = cbor(numbered(values))
        raw = sign1(secret, TYPES[typ], content)
        cases.append(
            {
                "name": name,
                "type": typ,
                "typ": TYPES[typ],
                "seed": secret.hex(),
                "public_key": public(secret).hex(),
                "key_id": thumbprint(public(secret)).hex(),
                "hex": raw.hex(),
                "hash": sha256(raw).hex(),
                "values": to_json(values),
            }
        )
    return {"accepted": cases, "rejected": rejected_entries.statement_cases()}


def private():
    salt = bytes(range(16))
    accepted_openings = [
        {
            "name": name,
            "salt": salt.hex(),
            "label": label,
            "value": value,
            "hex": raw.hex(),
            "commitment": sha256(raw).hex(),
        }
        for name, label, value in (
            ("officer 4711", 1, 4711),
            ("case as text", 3, "2025-刑-0042"),
            ("empty note", 6, ""),
            ("longest note", 6, "n" * 298),
            ("largest number", 2, 2**63 - 1),
            ("label of a later version", 23, 0),
        )
        for raw in (cbor([salt, label, value]),)
    ]
    rejected_openings = [
        ("no item", b"", "empty"),
        ("salt of 15 bytes", cbor([salt[:15], 1, 4711]), "the salt has 16 bytes"),
        ("salt as text", cbor(["0" * 16, 1, 4711]), "the salt is a byte string"),
        ("two items", cbor([salt, 1]), "[salt, label, value]"),
        ("four items", cbor([salt, 1, 2, 3]), "[salt, label, value]"),
        ("label 24", cbor([salt, 24, 0]), "labels are map keys: 0 to 23"),
        ("negative label", cbor([salt, -1, 0]), "labels are 0 to 23"),
        ("label true", cbor([salt, True, 0]), "a bool is no number"),
        ("negative value", cbor([salt, 1, -1]), "values are unsigned or text"),
        ("value true", cbor([salt, 1, True]), "a bool is no number"),
        ("value null", cbor([salt, 1, None]), "values are unsigned or text"),
        ("value as bytes", cbor([salt, 1, b"x"]), "values are unsigned or text"),
        ("value 2^63", cbor([salt, 1, 2**63]), "numbers end at 2^63-1"),
        ("321 bytes", cbor([salt, 6, "n" * 299]), "at most 320 bytes"),
        ("trailing byte", cbor([salt, 1, 4711]) + b"\x00", "one item"),
        ("number not in its shortest form", cbor([salt, 1]).replace(b"\x82", b"\x83") + b"\x18\x17", "shortest heads"),
        ("indefinite array", b"\x9f" + cbor([salt, 1, 2])[1:] + b"\xff", "definite lengths"),
    ]
    one, three = cbor([salt, 1, 4711]), cbor([salt, 3, "case"])
    nine = [cbor([salt, label, 0]) for label in range(9)]
    accepted_records = [
        {
            "name": name,
            "sequence": sequence,
            "openings": [raw.hex() for raw in openings],
            "hex": cbor([sequence, openings]).hex(),
        }
        for name, sequence, openings in (
            ("one opening", 4, [one]),
            ("two openings", 4, [one, three]),
            ("eight openings", 0, nine[:8]),
        )
    ]
    rejected_records = [
        ("no opening", cbor([4, []]), "1 to 8 openings"),
        ("nine openings", cbor([4, nine]), "1 to 8 openings"),
        ("labels not ascending", cbor([4, [three, one]]), "ascending labels, so that there is one order"),
        ("label twice", cbor([4, [one, one]]), "each label once"),
        ("sequence true", cbor([True, [one]]), "a bool is no number"),
        ("negative sequence", cbor([-1, [one]]), "sequences are unsigned"),
        ("opening not wrapped", cbor([4, [[salt, 1, 4711]]]), "openings are byte strings"),
        ("a map", cbor({0: 4, 1: [one]}), "a record is an array"),
        ("three items", cbor([4, [one], 0]), "[sequence, openings]"),
        ("bad opening inside", cbor([4, [b"\x00"]]), "openings are checked"),
    ]
    return {
        "openings": {"accepted": accepted_openings, "rejected": storage_vectors.rejected(rejected_openings)},
        "records": {"accepted": accepted_records, "rejected": storage_vectors.rejected(rejected_records)},
    }


def text(content: object) -> str:
    """What a file holds."""
    return json.dumps(content, indent=1, ensure_ascii=True) + "\n"


def contents() -> dict[str, object]:
    """Every file that this script writes, by its name without extension."""
    return {
        "entries": entries(),
        "statements": statements(),
        "private": private(),
        "flash": storage_vectors.flash(),
        "messages": storage_vectors.messages(),
        "wav": storage_vectors.wav(),
        "journal": journal_vectors.journal(),
    }


if __name__ == "__main__":
    for file_name, file_content in contents().items():
        (HERE / f"{file_name}.json").write_text(text(file_content), encoding="utf-8")
