"""The second reader on whole archives: one made of the vectors' journal, and those of `evidock demo`."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from second_reader import avi, trees
from second_reader.entries import CUSTODY
from second_reader.fields import Fields
from second_reader.findings import VERDICT_OF, VERIFIED
from second_reader.journal import split
from second_reader.media import media_path, name_of
from second_reader.reader import read_archive
from second_reader.segments import AVI
from second_reader.wav import HEADER_LENGTH, parse_header

TESTS = Path(__file__).resolve().parent.parent
DEMO_SECONDS = 150
Edit = Callable[[Path], None]


def vectors() -> dict[str, Any]:
    return json.loads((TESTS / "vectors" / "journal.json").read_text("utf-8"))


def make_sample(store: Path) -> Path:
    """The recorder's folder of an archive with the vectors' journal."""
    sample = vectors()
    folder = store / "recorders" / sample["device"]
    segment = sample["segment"]
    name = name_of(segment["recording"], segment["number"])
    data = bytes((31 * i + 13 * (i // 256) + 7) % 256 for i in range(segment["data_length"]))
    files = {
        "journal.cbs": bytes.fromhex(sample["journal"]),
        "heads.cbs": bytes.fromhex("".join(head["hex"] for head in sample["heads"])),
        "private.cbs": bytes.fromhex(sample["private"]),
        f"media/2025/03/14/{name}.wav": bytes.fromhex(segment["header"]) + data,
        f"leaves/{name}.lvs": bytes.fromhex(segment["header_leaf"] + "".join(segment["data_leaves"])),
    }
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    assert hashlib.sha256(files[f"media/2025/03/14/{name}.wav"]).hexdigest() == segment["file_sha256"]
    return folder


def test_sample_archive(tmp_path: Path) -> None:
    sample, folder = vectors(), make_sample(tmp_path)
    summary = read_archive(folder)
    assert [(problem.code, problem.file) for problem in summary.problems] == [("CUSTODY_BREAK", "custody.cbs")]
    found = summary.as_json()
    assert (found["device"], found["size"], found["newest"], found["root"]) == (
        *(sample["device"], sample["size"], sample["newest"], sample["root"]),
    )
    assert (found["attested_size"], found["segments"], found["segments_verified"]) == (sample["size"], 1, 1)
    assert [recording.spans for recording in summary.recordings] == [
        [{"boot": 2, "first_tick": 90500, "last_tick": 93000, "begins": 1741954290500, "ends": 1741954293000}]
    ]


@pytest.mark.parametrize("broken", vectors()["broken"], ids=lambda broken: broken["name"])
def test_sample_archive_with_a_broken_journal(tmp_path: Path, broken: dict[str, Any]) -> None:
    folder = make_sample(tmp_path)
    (folder / "journal.cbs").write_bytes(bytes.fromhex(broken["journal"]))
    places = [(finding.code, finding.file, finding.item) for finding in read_archive(folder).problems]
    assert (broken["finding"], "journal.cbs", broken["at"]) in places


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `evidock demo`. A demonstration that does not work fails every test that needs it."""
    folder = tmp_path_factory.mktemp("demo") / "out"
    program = Path(sys.executable).with_name("evidock")
    assert program.is_file(), f"no console script {program.name} beside the interpreter: install the project"
    command = [str(program), "demo", "--out", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEMO_SECONDS, check=False)
    assert done.returncode == 0, f"evidock demo: status {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return folder


def recorder(store: Path) -> Path:
    (folder,) = (store / "recorders").iterdir()
    return folder


def test_clean_store(demo: Path) -> None:
    summary = read_archive(recorder(demo / "store"))
    assert summary.problems == []
    assert summary.chain.size == summary.attested > 0
    segments = {(r.number, s.integer("number")) for r in summary.recordings for s in r.segments}
    assert summary.verified == segments
    assert len(segments) > 1


def check_pictures(file: bytes, segment: Fields) -> None:
    """Header, chunks and index of a segment of pictures."""
    pictures, chunks = avi.parse_header(file[: avi.HEADER_LENGTH]), list(avi.chunks_of(file))
    assert (pictures.rate, pictures.length) == (segment.integer("rate"), len(file))
    assert pictures.chunks == len(chunks) == segment.integer("written") + segment.integer("lost")
    assert file.endswith(avi.index_of(chunks))
    assert all(file[offset + 8 : offset + 10] == b"\xff\xd8" for offset, length in chunks if length)


def test_places_and_headers_of_media(demo: Path) -> None:
    folder = recorder(demo / "store")
    summary = read_archive(folder)
    zone = summary.zone
    assert zone is not None
    expected = set[str]()
    for recording in summary.recordings:
        for segment in recording.segments:
            path = media_path(recording, segment, zone)
            expected.add(path)
            file = (folder / "media" / path).read_bytes()
            if segment.integer("media") == AVI:
                check_pictures(file, segment)
                continue
            sound = parse_header(file[:HEADER_LENGTH])
            assert (sound.rate, sound.data_length) == (segment.integer("rate"), segment.integer("length") - 512)
            assert sound.data_length // 2 // sound.channels == segment.integer("written")
    assert {path.relative_to(folder / "media").as_posix() for path in (folder / "media").rglob("*.*")} == expected


def differing_leaves(before: bytes, after: bytes, leaf_size: int) -> tuple[int, ...]:
    assert len(before) == len(after)
    ranges = trees.segment_ranges(len(before), HEADER_LENGTH, leaf_size)
    return tuple(index for index, (begin, end) in enumerate(ranges) if before[begin:end] != after[begin:end])


def test_edited_store(demo: Path) -> None:
    """What the reader locates is what a comparison with the clean store finds."""
    clean, edited = recorder(demo / "store"), recorder(demo / "edited")
    names = [path.relative_to(clean) for path in sorted(clean.rglob("*")) if path.is_file()]
    changed = [name for name in names if (clean / name).read_bytes() != (edited / name).read_bytes()]
    assert changed
    summary = read_archive(edited)
    segments = {
        name_of(recording.number, segment.integer("number")): (recording.number, segment)
        for recording in summary.recordings
        for segment in recording.segments
    }
    expected = list[tuple[object, ...]]()
    for name in changed:
        number, segment = segments["/".join(name.with_suffix("").parts[-2:])]
        before, after = (clean / name).read_bytes(), (edited / name).read_bytes()
        leaves = differing_leaves(before, after, segment.integer("leaf_size"))
        expected.append(("CONTENT_MISMATCH", name.as_posix(), number, segment.integer("number"), leaves))
    found = [(p.code, p.file, p.recording, p.segment, p.leaves) for p in summary.problems]
    assert found == expected


def test_command_line(demo: Path) -> None:
    for store, status in (("store", 0), ("edited", 1)):
        command = [sys.executable, "-m", "second_reader", str(recorder(demo / store))]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=TESTS)
        assert done.returncode == status, done.stderr
        found = json.loads(done.stdout)
        assert {"device", "size", "newest", "root", "segments_verified", "problems"} <= set(found)
        assert bool(found["problems"]) == bool(status)


FIRST = "media/*/*/*/R0000001/S0000001.wav"


def one(folder: Path, pattern: str) -> Path:
    (path,) = folder.glob(pattern)
    return path


def cut_journal(folder: Path) -> None:
    path = folder / "journal.cbs"
    path.write_bytes(path.read_bytes()[:-400])


def remove_segment(folder: Path) -> None:
    one(folder, FIRST).unlink()


def move_segment(folder: Path) -> None:
    path = one(folder, FIRST)
    place = folder / "media" / "2001" / "01" / "01" / "R0000001"
    place.mkdir(parents=True)
    path.rename(place / path.name)


def name_file(folder: Path) -> None:
    one(folder, FIRST).with_name("NOTES.TXT").write_text("x")


def remove_heads(folder: Path) -> None:
    (folder / "heads.cbs").unlink()


def cut_custody(folder: Path) -> None:
    path = folder.parent.parent / "custody.cbs"
    items = [item.raw for item in split(path.read_bytes(), CUSTODY)]
    path.write_bytes(b"".join(items[:2]))  # GENESIS and ENROL


def append_to_segment(folder: Path) -> None:
    with one(folder, FIRST).open("ab") as file:
        file.write(b"\x00")


def exchange_segments(folder: Path) -> None:
    first, second = one(folder, FIRST), one(folder, FIRST.replace("S0000001", "S0000003"))
    contents = first.read_bytes(), second.read_bytes()
    first.write_bytes(contents[1])
    second.write_bytes(contents[0])


def add_file(folder: Path) -> None:
    first = one(folder, FIRST)
    first.with_name("S0000099.wav").write_bytes(first.read_bytes())


def change_last_byte(name: str) -> Edit:
    def edit(folder: Path) -> None:
        path = folder / name
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    return edit


EDITS: dict[str, tuple[Edit, str]] = {
    "journal cut inside an entry": (cut_journal, "TAIL_OPEN"),
    "first segment removed": (remove_segment, "HEAD_MISSING"),
    "segment moved to another day": (move_segment, "STORE_MISMATCH"),
    "file with a name of its own": (name_file, "INSERTED"),
    "byte appended": (append_to_segment, "UNCOVERED_TAIL"),
    "segments exchanged": (exchange_segments, "ORDER"),
    "file that nothing names": (add_file, "UNSIGNED_CONTENT"),
    "head changed": (change_last_byte("heads.cbs"), "BAD_SIGNATURE"),
    "receipt changed": (change_last_byte("receipts.cbs"), "BAD_SIGNATURE"),
    "newest entry changed": (change_last_byte("journal.cbs"), "BAD_SIGNATURE"),
    "custody chain changed": (change_last_byte("../../custody.cbs"), "CUSTODY_BREAK"),
    "certificate changed": (change_last_byte("../../host.cert"), "BAD_SIGNATURE"),
    "custody chain cut": (cut_custody, "CUSTODY_BREAK"),
    "heads removed": (remove_heads, "STORE_MISMATCH"),
}


@pytest.mark.parametrize(("edit", "code"), EDITS.values(), ids=EDITS)
def test_other_edits(demo: Path, tmp_path: Path, edit: Edit, code: str) -> None:
    store = tmp_path / "store"
    shutil.copytree(demo / "store", store)
    edit(recorder(store))
    assert code in [finding.code for finding in read_archive(recorder(store)).problems]


def test_leaf_hashes_only_locate(demo: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(demo / "store", store)
    change_last_byte("leaves/R0000001/S0000001.lvs")(recorder(store))
    assert read_archive(recorder(store)).problems == []
    path = one(recorder(store), FIRST)
    path.write_bytes(path.read_bytes()[:-1] + b"\x55")
    found = {finding.code: finding.problem for finding in read_archive(recorder(store)).findings}
    assert (found["LEAVES_DAMAGED"], found["CONTENT_MISMATCH"]) == (False, True)


def test_every_code_is_in_the_specification() -> None:
    text = (TESTS.parent / "protocol" / "SPECIFICATION.md").read_text("utf-8").partition("### Findings")[2]
    rows = re.findall(r"^\| ([A-Z_]+) \| ([A-Z_]+|–) \|", text, re.MULTILINE)
    folder = TESTS / "second_reader"
    source = "".join(path.read_text("utf-8") for path in folder.glob("*.py") if not path.name.startswith("test_"))
    given = set(re.findall(r'(?:Finding|find|note)\(\s*"([A-Z_]+)"', source))
    assert given
    assert given <= {code for code, _ in rows}
    own = {(code, "–" if verdict == VERIFIED else verdict) for code, verdict in VERDICT_OF.items()}
    assert own <= set(rows)
    assert set(VERDICT_OF) == {code for code, _ in rows}
