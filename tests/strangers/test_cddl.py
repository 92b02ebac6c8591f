"""protocol/evidock.cddl (RFC 8610): the same tables as the code, and what archives and vectors hold matches it.

Specification: "Field tables", "Entry kinds", "Custody kinds", "Statements" and "Private fields".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cbor2
import pytest
from strangers.archive import Archive
from strangers.conftest import Ask

from evidock_protocol import cbor, custody_kinds, entry, fields, kinds, private, sign1, statements, versions

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "protocol" / "evidock.cddl"
TEXT = FILE.read_text(encoding="ascii")
PROGRAM = "match_with_zcbor.py"
RULES = {typ: name for typ, name, _table in statements.STATEMENTS}
LIST = f"0*{versions.MAXIMUM_LIST}"
# How the file writes each type of a field table.
TYPES = {
    "u": "uint63", "i": "int63", "f": "bool", "h": "hash", "s": "short", "b": "bstr", "t": "text64", "w": "wall",
    "a": f"[{LIST} any-item]", "a:u": f"[{LIST} uint63]", "a:i": f"[{LIST} int63]", "a:h": f"[{LIST} hash]",
    "a:anchor": "anchor", "a:handover": "handover", "a:check": f"[{LIST} check-row]",
    "a:segment": f"[0*{versions.MAXIMUM_RECEIPT_SEGMENTS} segment-row]",
}  # fmt: skip
# What these types are.
FORMS = {
    "uint63": f"0..{fields.UINT_LIMIT - 1}",
    "int63": f"-{fields.UINT_LIMIT}..{fields.UINT_LIMIT - 1}",
    "hash": "bstr .size 32",
    "short": "bstr .size 16",
    "text64": f"tstr .size (0..{versions.MAXIMUM_TEXT})",
    "wall": "[0, 0] / [1..2, uint63]",
    "anchor": "[uint63, uint63, uint63, uint63]",
    "handover": "[hash, uint63]",
    "check-row": "[uint63, uint63, int63]",
    "segment-row": "[uint63, uint63, hash]",
    "key": f"0..{cbor.MAX_KEY}",
    "signature": f"bstr .size {sign1.SIGNATURE}",
    "commitments": f"{{ 1*{versions.MAXIMUM_PRIVATE_FIELDS} key => hash }}",
    "opening": f"[bstr .size {private.SALT}, key, uint63 / tstr]",
    "private-record": f"[uint63, [1*{versions.MAXIMUM_PRIVATE_FIELDS} bstr .cbor opening]]",
}
# How a command and an order choose by operation: number and name.
CHOICES = {"command": "(5 => {}, 6 => {}-arguments)", "order": "(1 => {}, order-scope, 5 => {}-arguments)"}
# What is malformed for a reason that CDDL cannot say, or that zcbor does not judge (it counts characters, not bytes).
NOT_SAID = {"field: text over 64 bytes in 22 characters", "321 bytes", "labels not ascending", "label twice"}


def block(name: str) -> list[tuple[str, str]]:
    """(rest of the line, comment) of each row of a rule that goes over several lines."""
    found = re.search(rf"^{re.escape(name)} = [{{(\[]\n(.*?)^[}})\]]$", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no rule {name} over several lines"
    rows = [line.strip().partition(" ; ") for line in found[1].splitlines()]
    return [(content.strip().rstrip(","), comment.strip()) for content, _mark, comment in rows]


def table_of(name: str) -> list[tuple[int, str, str]]:
    """The rows of a map in the file, as `fields.parse` has those of a table; the type is the file's."""
    found: list[tuple[int, str, str]] = []
    for content, comment in block(name):
        if "=>" not in content:
            continue
        key, _arrow, form = content.partition(" => ")
        found.append((int(key), comment, form))
    return found


def written(table: str, without: tuple[str, ...] = ()) -> list[tuple[int, str, str]]:
    """The rows of a field table, as the file has to write them."""
    rows: list[tuple[int, str, str]] = []
    for key, name, form in fields.parse(table):
        plain, may_be_null = form.removesuffix("/n"), form.endswith("/n")
        if name not in without:
            rows.append((key, name, TYPES[plain] + (" / nil" if may_be_null else "")))
    return rows


def low(name: str) -> str:
    return name.lower().replace("_", "-")


# The file says what the tables say.


@pytest.mark.parametrize("name", FORMS)
def test_types_are_those_of_the_fields(name: str) -> None:
    """What a field's type allows, `fields` and the limits say."""
    found = re.search(rf"^{name} = (.*?)(?: ;.*)?$", TEXT, re.MULTILINE)
    assert found is not None
    assert found[1] == FORMS[name]


@pytest.mark.parametrize(
    ("prefix", "number", "name", "table"),
    [("", *row) for row in kinds.ENTRY_KINDS] + [("custody-", *row) for row in custody_kinds.KINDS],
)
def test_bodies_have_the_fields_of_their_kinds(prefix: str, number: int, name: str, table: str) -> None:
    assert table_of(prefix + low(name)) == written(table)
    choice = f"(6 => {number}, moment, 10 => {prefix}{low(name)})"
    listed = [content.removeprefix("// ") for content, _ in block(("custody" if prefix else "entry") + "-kind")]
    assert listed.count(choice) == 1


@pytest.mark.parametrize(("name", "known"), [("entry", kinds.ENTRY_KINDS), ("custody", custody_kinds.KINDS)])
def test_every_other_kind_is_an_unknown_one(name: str, known: tuple[tuple[int, str, str], ...]) -> None:
    numbers = {row[0] for row in known}
    assert len(block(f"{name}-kind")) == len(known) + 1
    assert numbers_of(f"unknown-{name}-kind") == set(range(max(numbers) + 2)) - numbers


def numbers_of(name: str) -> set[int]:
    """The numbers of a rule such as `0 / 12 / 26..9223372036854775807`; of the range the first stands for it."""
    found = re.search(rf"^{name} = (.*?)$", TEXT, re.MULTILINE)
    assert found is not None
    *single, last = found[1].split(" / ")
    first, _dots, end = last.partition("..")
    assert int(end) == fields.UINT_LIMIT - 1
    return {*map(int, single), int(first)}


def test_the_payload_of_an_entry() -> None:
    chain, moment = table_of("chain"), table_of("moment")
    assert (chain[0], chain[1]) == ((0, "format", str(versions.PACKAGE_FORMAT)), (1, "suite", "1"))
    assert versions.SUITE_ED25519_SHA256 == 1
    expected = written(entry.PAYLOAD.replace(", 10 body m", ""))
    assert [*chain[2:], (6, "kind", "uint63"), *moment] == expected[2:]
    for name in ("entry", "custody"):
        assert f"{name}-payload = {{ chain, {name}-kind, ? {entry.PRIVATE_KEY} => commitments }}\n" in TEXT


@pytest.mark.parametrize(("typ", "name", "table"), statements.STATEMENTS)
def test_statements_have_their_types_and_fields(typ: int, name: str, table: str) -> None:
    envelope = f"{name} = #6.18([bstr .cbor {name}-protected, {{}}, bstr .cbor {name}-payload, signature])\n"
    assert envelope in TEXT
    assert f"{name}-protected = {{ 1 => -8, 4 => hash, 16 => {typ} }}\n" in TEXT
    if not table:
        return
    found = table_of(f"{name}-payload")
    if f"{name}-operation" in TEXT:
        between = table_of(f"{name}-scope") if f"{name}-scope" in TEXT else []
        place = next(at for at, row in enumerate(block(f"{name}-payload")) if row[0] == f"{name}-operation")
        found = [*found[:place], *between, *found[place:]]
    assert found[0] == (0, "format", str(versions.PACKAGE_FORMAT))
    assert found[1:] == written(table, ("operation", "arguments"))[1:]


@pytest.mark.parametrize(("number", "name", "table"), statements.ARGUMENTS)
def test_operations_have_their_arguments(number: int, name: str, table: str) -> None:
    rows = block(f"{low(name)}-arguments") if table else []
    expected = [(form, field) for _key, field, form in written(table)] if table else []
    assert rows == expected
    assert table or f"{low(name)}-arguments = []\n" in TEXT
    for statement, operation in CHOICES.items():
        listed = [content.removeprefix("// ") for content, _ in block(f"{statement}-operation")]
        assert listed.count(operation.format(number, low(name))) == 1
        assert len(listed) == len(statements.ARGUMENTS) + 1


def test_every_other_operation_is_an_unknown_one() -> None:
    numbers = {row[0] for row in statements.ARGUMENTS}
    assert numbers_of("unknown-operation") == set(range(max(numbers) + 2)) - numbers


# What there is matches it.


@pytest.mark.parametrize("rule_name", [None, "any-statement"])
def test_an_archive_matches(rule_name: str | None, synced: Archive, ask: Ask) -> None:
    rows = [(one.typ, one.raw) for one in synced.signed] + [*inner(synced)]
    assert {typ for typ, _raw in rows} >= {statements.TYP_CHALLENGE, statements.TYP_RECEIPT}
    rows = rows if rule_name is None else rows[::7]
    verdicts = ask("zcbor", PROGRAM, [f"{rule_name or RULES[typ]} {raw.hex()}" for typ, raw in rows], str(FILE))
    assert set(verdicts) == {"accepted"}, [one for one in verdicts if one != "accepted"][:3]


def inner(synced: Archive) -> Iterator[tuple[int, bytes]]:
    """The statements of hosts that the recorder sealed into HOST entries."""
    for one in synced.of(statements.TYP_ENTRY):
        parsed = entry.parse(one.raw)
        if parsed.kind == kinds.HOST and parsed.body["statement"] is not None:
            raw = bytes(parsed.body["statement"])
            yield sign1.parse(raw).typ, raw


def test_a_statement_matches_no_other_rule(synced: Archive, ask: Ask) -> None:
    """Every type's statement against every other type's rule (AT-27)."""
    rows = [f"{RULES[other]} {one.raw.hex()}" for one in samples(synced) for other in RULES if other != one.typ]
    assert all(verdict.startswith("refused") for verdict in ask("zcbor", PROGRAM, rows, str(FILE)))


def samples(synced: Archive) -> list[Any]:
    return [synced.of(typ)[0] for typ in sorted({one.typ for one in synced.signed})]


def vectors(name: str) -> Any:
    return json.loads((ROOT / "tests" / "vectors" / f"{name}.json").read_text("utf-8"))


def rows_of(part: str) -> list[tuple[str, bytes, dict[str, Any]]]:
    """(rule, bytes, case) of the accepted or rejected vectors."""
    found = [
        (RULES[case["typ"]], bytes.fromhex(case["hex"]), case)
        for name in ("entries", "statements")
        for case in vectors(name)[part]
    ]
    opened = vectors("private")
    for name, section in (("opening", "openings"), ("private-record", "records")):
        found += [(name, bytes.fromhex(case["hex"]), case) for case in opened[section][part]]
    return found


def test_accepted_vectors_match(ask: Ask) -> None:
    rows = rows_of("accepted")
    verdicts = ask("zcbor", PROGRAM, [f"{name} {raw.hex()}" for name, raw, _case in rows], str(FILE))
    told = [(case["name"], verdict) for (_, _, case), verdict in zip(rows, verdicts, strict=True)]
    assert [one for one in told if one[1] != "accepted"] == []


def test_rejected_vectors_that_are_structural_do_not_match(ask: Ask) -> None:
    """Structural: every part is deterministic CBOR, so that it is the content that is wrong."""
    rows = [row for row in rows_of("rejected") if is_structural(*row)]
    assert len(rows) > 150
    verdicts = ask("zcbor", PROGRAM, [f"{name} {raw.hex()}" for name, raw, _case in rows], str(FILE))
    passed = {case["name"] for (_, _, case), verdict in zip(rows, verdicts, strict=True) if verdict == "accepted"}
    assert passed == NOT_SAID


def is_structural(name: str, raw: bytes, case: dict[str, Any]) -> bool:
    if case["error"] == "BadSignature" or len(raw) > versions.MAXIMUM_STATEMENT:
        return False
    try:
        value = cbor2.loads(raw)
        inside = value.value if isinstance(value, cbor2.CBORTag) else []
        inside = inside if isinstance(inside, list | tuple) else []
        parts = [part for part in inside[0:3:2] if isinstance(part, bytes)]  # protected header and payload
        return all(cbor2.dumps(cbor2.loads(part), canonical=True) == part for part in (raw, *parts))
    except Exception:  # cbor2's hooks raise whatever they like: then it is not CBOR
        return False
