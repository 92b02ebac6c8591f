"""SPECIFICATION.md says what the code does: every number, name, field row, limit, magic and example, both ways."""

import json
import re
from functools import cache
from pathlib import Path

import pytest

from evidock import layout
from evidock.report import Verdict
from evidock.verification.codes import CODES, WRITTEN_AS
from evidock_protocol import (
    avi,
    card,
    cbor,
    codes,
    custody_kinds,
    entry,
    fields,
    flash,
    kinds,
    messages,
    names,
    settings_table,
    statements,
    versions,
    wav,
    wire,
)

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "protocol" / "SPECIFICATION.md").read_text(encoding="utf-8")
VECTORS = ROOT / "tests" / "vectors"
NOTHING = "–"


@cache
def section(heading: str) -> str:
    """The text under a heading, up to the next heading of its level or a higher one."""
    found = re.search(rf"^(#+) {re.escape(heading)}$", TEXT, re.MULTILINE)
    assert found is not None, f"no heading {heading!r}"
    level = len(found.group(1))
    rest = TEXT[found.end() :]
    end = re.search(rf"^#{{1,{level}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def tables(text: str) -> list[list[list[str]]]:
    """The tables of a text: each a list of rows of cells, the heading row first."""
    found: list[list[list[str]]] = []
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in block.splitlines()]
        assert set("".join(rows[1])) <= {"-"}, f"no rule under {rows[0]}"
        assert {len(row) for row in rows} == {len(rows[0])}, f"ragged table under {rows[0]}"
        found.append([rows[0], *rows[2:]])
    return found


def only_table(heading: str, *columns: str) -> list[list[str]]:
    """The rows of the one table with these columns under a heading."""
    found = [table[1:] for table in tables(section(heading)) if table[0] == list(columns)]
    assert len(found) == 1, f"expected one table {columns} under {heading}, found {len(found)}"
    return found[0]


def numbered(rows) -> list[list[str]]:
    return [[str(cell) if cell != "" else NOTHING for cell in row] for row in rows]


FIELDS = ("number", "name", "fields")


def test_the_formats():
    rows = only_table("Versions", "number", "name", "value", "accepted")
    listed = [
        [
            str(number),
            name,
            str(getattr(versions, f"{name.upper()}_FORMAT")),
            ", ".join(map(str, getattr(versions, f"ACCEPTED_{name.upper()}_FORMATS"))),
        ]
        for number, name in enumerate(("package", "wire", "flash"))
    ]
    assert rows == listed
    assert f"`{versions.SOFTWARE}`" in section("Versions")
    assert f"`suite` in an entry is {versions.SUITE_ED25519_SHA256}" in section("Versions")


def test_the_limits():
    own = {
        name: str(value)
        for module, prefixes in ((versions, ("MAXIMUM_", "MINIMUM_", "LEAF_", "RATE_")), (cbor, ("MAX_",)))
        for name, value in vars(module).items()
        if name.startswith(prefixes) and isinstance(value, int)
    }
    assert {row[0]: row[1] for row in only_table("Limits", "limit", "value", "of")} == own
    assert fields.UINT_LIMIT == 2**63
    assert f"0–{cbor.MAX_KEY}" in section("Deterministic CBOR")


def test_entry_kinds():
    assert only_table("Entry kinds", *FIELDS) == numbered(kinds.ENTRY_KINDS)


def test_custody_kinds():
    assert only_table("Custody kinds", *FIELDS) == numbered(custody_kinds.KINDS)


def test_the_payload():
    assert only_table("Entry payload", *FIELDS) == [[str(statements.TYP_ENTRY), "entry", entry.PAYLOAD]]
    assert f"key {entry.PRIVATE_KEY} " in section("Entry payload")
    first, last = kinds.PRIVATE_KINDS
    assert f"Kinds {first}–{last} are for integrators" in section("Entry payload")


def test_statements():
    expected = [[str(number), name, table or '"Entry payload"'] for number, name, table in statements.STATEMENTS]
    found = [table[1:] for table in tables(section("Statements")) if table[0] == list(FIELDS)]
    assert found == [expected, numbered(statements.ARGUMENTS)]


def test_arguments_belong_to_operations():
    assert [row[:2] for row in statements.ARGUMENTS] == [tuple(row) for row in names.OPERATIONS]


def test_messages():
    assert only_table("Messages", "number", "name", "request", "answer") == numbered(messages.MESSAGES)
    assert only_table("Messages", "number", "name") == numbered(names.REFUSALS)
    assert f"[type + {messages.ANSWER}," in section("Messages")
    assert f"[{messages.REFUSAL}, request number, {wire.REFUSAL}]" in section("Messages")


def code_tables() -> dict[str, tuple]:
    return {
        name: value
        for name, value in vars(names).items()
        if name.isupper() and isinstance(value, tuple) and isinstance(value[0], tuple) and name != "REFUSALS"
    }


def test_every_code_table_is_there_and_no_other():
    named = re.findall(r"^\*\*([A-Z_]+)\*\*: ", section("Codes"), re.MULTILINE)
    assert named == list(code_tables())


@pytest.mark.parametrize("name", code_tables())
def test_a_code_table(name: str):
    text = section("Codes")
    after = text[text.index(f"**{name}**: ") :]
    table = tables(after)[0]
    if name == "CAUSES":
        assert table[0] == ["number", "name", "technical", "telemetry"]
        expected = [[str(a), b, "yes" if c else "no", d] for a, b, c, d in names.CAUSES]
    else:
        assert table[0] == ["number", "name"]
        expected = [[str(number), text] for number, text in code_tables()[name]]
    assert table[1:] == expected
    assert f"Causes {names.PRIVATE_CAUSES[0]}–{names.PRIVATE_CAUSES[1]} are for integrators" in text


def test_findings():
    """Every code that verification gives, with its verdict and attack, and no other."""
    own = [
        [WRITTEN_AS.get(code, code), NOTHING if row.verdict is None else row.verdict.value, str(row.attack or NOTHING)]
        for code, row in CODES.items()
    ]
    listed = only_table("Findings", "code", "verdict", "AT", "meaning")
    assert sorted(row[:3] for row in listed) == sorted(own)
    assert all(row[3] for row in listed)
    assert "best first: " + ", ".join(Verdict) in " ".join(section("Verification of a chain").split())


def test_findings_that_verification_names_are_in_the_table():
    """The steps name no code that the table lacks, nor the table one that the steps lack."""
    text = section("Verification of a chain")
    steps, _, rest = text.partition("### Findings")
    reserved = set(re.findall(r"[A-Z]+(?:_[A-Z]+)+", rest.split("The catalogue's codes")[1]))
    listed = {row[0] for row in only_table("Findings", "code", "verdict", "AT", "meaning")}
    own_words = {"MAXIMUM_FILE", *(verdict.value for verdict in Verdict)}
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", steps)) - own_words
    assert named <= listed
    assert not reserved & listed
    assert {code for code in listed if code not in steps + section("Private fields")} == {
        "NOTHING",
        "MORE",
    }


def field_tables() -> list[str]:
    found = [row[2] for table in (kinds.ENTRY_KINDS, custody_kinds.KINDS, statements.STATEMENTS) for row in table]
    found += [row[2] for row in statements.ARGUMENTS] + [entry.PAYLOAD, wire.REFUSAL]
    found += [table for row in messages.MESSAGES for table in row[2:]]
    return [table for table in found if table]


def test_field_types():
    """Every type in a table is described, and every type described is one that `fields` checks."""
    listed = {row[0] for row in only_table("Field types", "type", "holds")}
    used = {kind.removesuffix("/n") for table in field_tables() for _key, _name, kind in fields.parse(table)}
    assert used <= listed
    for kind in listed:
        with pytest.raises(fields.Malformed, match="is not of type"):
            fields.check("x", kind, object())


def bullets(text: str) -> dict[str, str]:
    """The paragraphs that explain kinds or messages, by name; one may explain several."""
    found: dict[str, str] = {}
    for bullet in re.split(r"^- (?=\*\*)", text, flags=re.MULTILINE)[1:]:
        bullet = bullet.split("\n\n")[0]
        for name in re.findall(r"\*\*([A-Za-z ]+)\*\*", bullet):
            found[name] = found.get(name, "") + bullet
    return found


@pytest.mark.parametrize(
    ("heading", "table"), [("Entry kinds", kinds.ENTRY_KINDS), ("Custody kinds", custody_kinds.KINDS)]
)
def test_every_field_of_a_kind_is_explained(heading: str, table: tuple):
    explained = bullets(section(heading))
    missing = [
        f"{name}.{field}"
        for _number, name, row in table
        for _key, field, _kind in fields.parse(row)
        if f"`{field}`" not in explained[name]
    ]
    assert missing == []


def test_every_field_of_a_statement_is_explained():
    text = section("Statements") + section("Session")
    names = {name for _typ, _name, row in statements.STATEMENTS if row for _key, name, _kind in fields.parse(row)}
    assert {name for name in names if f"`{name}`" not in text} == set()


def test_magics_and_sizes_of_flash():
    own = {value.decode() for name, value in vars(flash).items() if name.startswith("MAGIC_")}
    assert {row[0] for row in only_table("Internal flash", "magic", "name")} == own
    text = section("Internal flash")
    for words in (
        f"Sectors of {flash.SECTOR} bytes",
        f"pages of {flash.PAGE} bytes",
        f"**Sector head**, {flash.HEAD} bytes",
        f"before the {flash.RECORD_HEAD} bytes in front",
        f"anchors of {flash.ANCHOR} bytes, {(flash.SECTOR - flash.HEAD) // flash.ANCHOR} to a sector",
        f"slots of {flash.KEY_SLOT} bytes without sector heads, {flash.SECTOR // flash.KEY_SLOT} to a sector",
        f"The first {flash.KEY_BYTES} bytes are used",
        f"kind: {flash.RECORD_PRIVATE} a private record, {flash.RECORD_ENTRY} an entry; {flash.RECORD_FREE}:",
        f"behind it one of kind {flash.RECORD_KEY_TABLE}: the key",
        f"{flash.KEY_TABLE} bytes, a comb of {flash.KEY_TABLE_TEETH} teeth, {flash.KEY_TABLE_BLOCKS} blocks",
    ):
        assert words in text, words


@pytest.mark.parametrize(
    ("heading", "ends"),
    [
        ("Internal flash", [flash.HEAD, flash.RECORD_HEAD, flash.ANCHOR, flash.KEY_BYTES, flash.KEY_TABLE]),
        ("WAV", [wav.WAV_HEADER]),
        ("AVI", [avi.AVI_HEADER, avi.INDEX_ROW]),
    ],
)
def test_layouts_have_no_gap(heading: str, ends: list[int]):
    found = []
    for table in tables(section(heading)):
        if table[0] != ["offset", "size", "content"]:
            continue
        at = 0
        for offset, size, _content in table[1:]:
            assert int(offset) == at
            at += int(size) if size.isdigit() else 0
        found.append(at)
    assert found == ends


def test_the_layout_of_the_wav_header():
    """The header laid out as the table says is the one that is written."""
    header = wav.wav_header(8000, 1, 16, 40_000)
    assert (header[:4], header[8:12], header[12:16], header[36:40]) == (b"RIFF", b"WAVE", b"fmt ", b"JUNK")
    numbers = {4: 40_512 - 8, 16: 16, 24: 8000, 28: 16_000, 40: 460, 508: 40_000}
    assert {at: int.from_bytes(header[at : at + 4], "little") for at in numbers} == numbers
    shorts = {20: 1, 22: 1, 32: 2, 34: 16}
    assert {at: int.from_bytes(header[at : at + 2], "little") for at in shorts} == shorts
    assert (header[44:504], header[504:508]) == (bytes(460), b"data")
    for offset in (*numbers, *shorts, 504, 512 - 4):
        assert re.search(rf"^\| {offset} \|", section("WAV"), re.MULTILINE) or offset in (16, 40)


def test_the_layout_of_the_avi_header():
    """Each row of the table says what stands there, and the rows are all of the header."""
    width, height, rate, chunks, length = 640, 480, 15, 900, 123_456
    header = avi.avi_header(width, height, rate, chunks, length)
    named = {
        "length of the file − 8": 512 + length + 8 + 16 * chunks - 8,
        "floor(1000000 / rate): microseconds of a picture": 66_666,
        "flags: 16 when there is an index, else 0": 16,
        "number of chunks": chunks,
        f"width in pixels, 1–{avi.MAXIMUM_SIDE}": width,
        f"height in pixels, 1–{avi.MAXIMUM_SIDE}": height,
        "width": width,
        "height": height,
        f"rate: pictures per second, 1–{avi.MAXIMUM_RATE}": rate,
        "width × height × 3": width * height * 3,
        "bytes of all chunks + 4": length + 4,
    }
    rows = next(table for table in tables(section("AVI")) if table[0] == ["offset", "size", "content"])[1:]
    for offset, size, content in rows:
        at, count = int(offset), int(size)
        if content == "zeros":
            expected = bytes(count)
        elif content in named:
            expected = named[content].to_bytes(count, "little")
        else:  # words in quotation marks, and numbers of 4 bytes, or of 2
            parts = content.split(":")[0].split(", ")
            expected = b"".join(
                part[1:-1].encode() if part[0] == '"' else int(part, 0).to_bytes(min(count, 4), "little")
                for part in parts
            )
        assert header[at : at + count] == expected, (offset, content)


def test_paths_on_the_card():
    own = f"{card.ROOT}/XXXXXXXX/"
    assert card.device_folder(bytes.fromhex("0a1b2c3d") + bytes(28)) == own.replace("XXXXXXXX", "0A1B2C3D").rstrip("/")
    stem = f"{own}{card.recording_folder(1)}/{card.segment_stem(1)}."
    assert [row[0] for row in only_table("The card", "path", "content")] == [
        f"{card.ROOT}/{card.IDENTITY}",
        own + card.JOURNAL,
        own + card.PRIVATE,
        f"{own}{card.recording_folder(1)}/",
        stem + card.extension(codes.MEDIA_WAV),
        stem + card.LEAVES,
        stem + card.CHECKPOINTS,
    ]
    for number, extension in card.EXTENSIONS:
        assert f".{extension}" in section("The card"), number


def test_paths_of_the_archive():
    from datetime import UTC

    own = f"{layout.RECORDERS}/<device>/"
    noon = 1_741_953_600_000
    media = str(layout.segment(noon, UTC, 1, 1, codes.MEDIA_WAV)).replace("2025/03/14", "YYYY/MM/DD")
    half = layout.partial(1, 1)
    assert [row[0] for row in only_table("The archive", "path", "content")] == [
        layout.STORE_FILE,
        layout.HOST_KEY,
        layout.CERTIFICATE,
        layout.CUSTODY,
        layout.CUSTODY_PRIVATE,
        layout.LOCK,
        own + layout.JOURNAL,
        own + layout.PRIVATE,
        own + layout.HEADS,
        own + layout.RECEIPTS,
        f"{own}{layout.stamp(b'')}".replace("/.tst", "/<head>.tst"),
        own + media,
        f"{own}{layout.leaves(1, 1)}",
        f"{own}{half}",
    ]


def example(title: str) -> str:
    """The vector that a dump's title names, in hexadecimal."""
    file, _, rest = title.partition(" ")
    vectors = json.loads((VECTORS / file).read_text(encoding="utf-8"))
    key, _, name = rest.partition(": ")
    if file == "journal.json":
        name, _, index = key.partition(" ")
        value = vectors["segment"][name]
        return value[int(index)] if index else value
    section_of = vectors["openings"] if file == "private.json" else vectors
    case = next(case for case in section_of["accepted"] if case["name"] == name)
    return case[key if key in ("hash", "seed", "commitment", "frame") else "hex"]


DUMPS = re.findall(r"^```hex (.+)\n((?:.*\n)*?)```$", TEXT, re.MULTILINE)


def test_there_are_examples():
    titles = [title for title, _dump in DUMPS]
    for file in ("entries.json", "private.json", "journal.json", "messages.json"):
        assert any(title.startswith(file) for title in titles)


@pytest.mark.parametrize(("title", "dump"), DUMPS, ids=[title for title, _dump in DUMPS])
def test_an_example_is_its_vector(title: str, dump: str):
    shown = "".join(re.sub(r"\s", "", line.split(";")[0]) for line in dump.splitlines())
    assert shown == example(title)


def test_every_vector_file_that_is_named_is_there():
    named = set(re.findall(r"\b([a-z0-9]+\.json)\b", section("Rejected encodings"))) - {"ed25519.json"}
    assert named
    assert {name for name in named if not (VECTORS / name).is_file()} == set()


def test_every_vector_file_is_listed():
    listed = {row[0] for row in only_table("Vectors", "file", "content")}
    assert {path.name for path in VECTORS.glob("*.json")} == listed


def cited() -> set[tuple[str, str]]:
    """(module, section) for every section that a module of the product cites."""
    found = set()
    for package in ("protocol", "device", "host", "simulator"):
        for path in (ROOT / package).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            name = str(path.relative_to(ROOT))
            for line in re.findall(r"^(?:Specification: |SPECIFICATION\.md, )(.*)", source, re.MULTILINE):
                found.update((name, heading) for heading in re.findall(r'"([^"]+)"', line.split(". ")[0]))
    return found


def test_what_modules_cite_is_a_section():
    headings = [heading.lower() for heading in re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)]
    names = {row[1] for row in (*kinds.ENTRY_KINDS, *messages.MESSAGES)}
    missing = {
        (path, name)
        for path, name in cited()
        if name not in names and not any(name.lower() in heading for heading in headings)
    }
    assert missing == set()
    assert cited()


@pytest.mark.parametrize(
    "heading",
    [
        "Words",
        "Versions",
        "Limits",
        "Deterministic CBOR",
        "Field tables",
        "Field types",
        "COSE_Sign1",
        "Entry payload",
        "Entry kinds",
        "Custody kinds",
        "Statements",
        "Codes",
        "Private fields",
        "Hash trees",
        "Frames",
        "Messages",
        "Session",
        "Internal flash",
        "Epoch change: the order of durable steps",
        "The card",
        "WAV",
        "AVI",
        "Files of an encoder",
        "The archive",
        "The journal file",
        "Verification of a chain",
        "Findings",
        "Signatures: Ed25519 strictness",
        "Rejected encodings",
    ],
)
def test_a_section_says_something(heading: str):
    assert len(section(heading)) > 150


def test_settings():
    """Every setting with its default and bounds, and no other."""
    rows = only_table("Settings", "number", "name", "default", "least", "most", "unit")
    assert rows == [[str(value) if value != "" else NOTHING for value in row] for row in settings_table.SETTINGS]
    assert all(settings_table.fits(row[0], settings_table.default(row[0])) for row in settings_table.SETTINGS)
    assert not any(
        settings_table.fits(row[0], value)
        for row in settings_table.SETTINGS
        for value in (row[4] + 1, row[3] - 1, True)
    )
