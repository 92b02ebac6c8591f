"""Sections "The archive" and "Verification of a chain", "Media": which files have a place in a store."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from .findings import UNTRUSTED, Finding

LITTER = {".ds_store", "thumbs.db", "desktop.ini"}
MEDIA_NAME = re.compile(r"(?:.*/)?R(\d{7})/S(\d{7})\.(?:wav|avi|mp4|bin)")
TORN = r"(?:\.torn-\d+)?"
OF_STORE = re.compile(
    rf"store\.json|host\.key|host\.cert|lock|custody(?:-private)?\.cbs{TORN}|recorders/(?:[0-9a-f]{{64}}/)?"
)
OF_RECORDER = re.compile(
    rf"(?:journal|private|heads|receipts)\.cbs{TORN}|quarantine/.+|partial/R\d{{7}}-S\d{{7}}\.part"
    r"|stamps/[0-9a-f]{64}\.tst"
)
NUMBERED = r"R\d{7}"
FOLDER = re.compile(
    rf"media(?:/undated(?:/{NUMBERED})?|/\d{{4}}(?:/\d\d(?:/\d\d(?:/{NUMBERED})?)?)?)?"
    rf"|leaves(?:/{NUMBERED})?|partial|stamps|quarantine(?:/.+)?"
)
Place = tuple[int, int]


def files_below(folder: Path) -> Iterator[Path]:
    """Everything below, folders too; a link is not followed."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from files_below(path)


def judge(path: Path, file: str, has_place: Callable[[str], bool]) -> Finding | None:
    """A file of a store that is no segment's, or a folder."""
    if path.is_dir() and not path.is_symlink():
        return None if has_place(file + "/") else Finding("INSERTED", "a folder that has no place here", file=file)
    plain = path.is_file() and not path.is_symlink()
    if plain and path.name.lower() in LITTER:
        return Finding("LITTER", path.name, problem=False, file=file)
    return None if plain and has_place(file) else Finding("INSERTED", "it has no place here", file=file)


def _in_recorder(file: str) -> bool:
    return (FOLDER.fullmatch(file[:-1]) if file.endswith("/") else OF_RECORDER.fullmatch(file)) is not None


def other_files(folder: Path, expected: set[str], sealed: set[Place]) -> Iterator[Finding]:
    """Everything in a recorder's folder that is not one of the `expected` media files, whatever its state."""
    lists = {f"leaves/R{recording:07d}/S{number:07d}.lvs" for recording, number in sealed}
    for path in files_below(folder):
        file = path.relative_to(folder).as_posix()
        if file in expected and path.is_file() and not path.is_symlink():
            continue
        match = MEDIA_NAME.fullmatch(file.removeprefix("media/")) if file.startswith("media/") else None
        if match is None or not path.is_file() or path.is_symlink():
            finding = judge(path, file, lambda file: file in lists or _in_recorder(file))
            if finding:
                yield finding
            continue
        place = int(match[1]), int(match[2])
        if place in sealed:
            yield Finding("STORE_MISMATCH", "its place is elsewhere", True, file, None, *place)
        else:
            yield Finding("UNSIGNED_CONTENT", "no SEGMENT names this file", True, file, None, *place)


def unvouched(finding: Finding) -> Finding:
    """What a file is where neither a journal nor an enrolment vouches for anything."""
    if finding.code not in ("INSERTED", "UNSIGNED_CONTENT"):
        return finding
    return replace(finding, code="UNSIGNED_CONTENT", allows=UNTRUSTED)


def files_of_store(store: Path) -> Iterator[Finding]:
    """Everything in a store that lies in no recorder's folder."""
    for path in files_below(store):
        file = path.relative_to(store).as_posix()
        if not re.match(r"recorders/[0-9a-f]{64}/", file):
            finding = judge(path, file, lambda file: OF_STORE.fullmatch(file) is not None)
            if finding:
                yield finding
