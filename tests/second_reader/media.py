"""Sections "The archive" and "Verification of a chain", "Media": every byte of every segment."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from . import trees
from .fields import Fields
from .findings import Finding
from .recordings import Recording

EXTENSIONS = {1: "wav", 2: "avi", 3: "mp4", 4: "bin"}
MEDIA_NAME = re.compile(r"R(\d{7})/S(\d{7})\.[a-z0-9]+")


def name_of(recording: int, number: int) -> str:
    return f"R{recording:07d}/S{number:07d}"


def media_path(recording: Recording, segment: Fields, zone: tzinfo) -> str:
    """Where the archive keeps a segment, under `media`."""
    state, milliseconds = recording.start.fields.wall() if recording.start else (0, 0)
    day = datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone(zone).strftime("%Y/%m/%d") if state else "undated"
    extension = EXTENSIONS.get(segment.integer("media"), "bin")
    return f"{day}/{name_of(recording.number, segment.integer('number'))}.{extension}"


def _ranges(segment: Fields) -> Iterator[tuple[int, int]]:
    lengths = (segment.integer(name) for name in ("length", "header_length", "leaf_size"))
    return trees.segment_ranges(*lengths)


def leaf_hashes(path: Path, segment: Fields) -> list[bytes]:
    """The leaf hashes of the sealed part; a file that is too short has other ones."""
    with path.open("rb") as file:
        return [trees.leaf(file.read(end - begin)) for begin, end in _ranges(segment)]


def _stored_leaves(path: Path, segment: Fields) -> list[bytes] | None:
    """Leaf hashes that were kept, if their own tree has the segment's root."""
    data = path.read_bytes() if path.is_file() else b""
    leaves = [data[offset : offset + 32] for offset in range(0, len(data), 32)]
    return leaves if leaves and trees.segment_root(leaves) == segment.octets("root") else None


class MediaReader:
    """Reads one recorder's media."""

    def __init__(self, folder: Path, recordings: list[Recording]) -> None:
        self.folder = folder
        self.wanted = [(recording.number, segment) for recording in recordings for segment in recording.segments]
        self.files: dict[tuple[int, int], list[Path]] = {}
        self.findings: list[Finding] = []
        self.verified: set[tuple[int, int]] = set()

    def read(self) -> None:
        for path in sorted((self.folder / "media").rglob("*")):
            if path.is_file():
                match = MEDIA_NAME.fullmatch("/".join(path.parts[-2:]))
                place = (int(match[1]), int(match[2])) if match else (0, 0)
                self.files.setdefault(place, []).append(path)
        for recording, segment in self.wanted:
            self._segment(recording, segment)
        named = {(recording, segment.integer("number")) for recording, segment in self.wanted}
        for place, paths in self.files.items():
            for path in paths if place not in named else paths[1:]:
                self._find("UNSIGNED_CONTENT", "no SEGMENT names this file", path, *place)

    def _find(
        self,
        code: str,
        detail: str,
        path: Path | None,
        recording: int,
        number: int,
        leaves: tuple[int, ...] | None = None,
    ) -> None:
        file = path.relative_to(self.folder).as_posix() if path else None
        found = Finding(code, detail, file=file, recording=recording, segment=number, leaves=leaves)
        self.findings.append(found)

    def _segment(self, recording: int, segment: Fields) -> None:
        number = segment.integer("number")
        stored_path = self.folder / "leaves" / f"{name_of(recording, number)}.lvs"
        stored = _stored_leaves(stored_path, segment)
        if stored is None and stored_path.is_file():
            self._find("CONTENT_MISMATCH", "these leaf hashes have another root", stored_path, recording, number)
        paths = self.files.get((recording, number), [])
        if not paths:
            self._find("SEGMENT_MISSING", "its file is not there", None, recording, number)
            return
        path, found = paths[0], leaf_hashes(paths[0], segment)
        excess = path.stat().st_size - segment.integer("length")
        if trees.segment_root(found) == segment.octets("root") and excess >= 0:
            if excess > 0:
                self._find("UNCOVERED_TAIL", f"{excess} bytes beyond what is sealed", path, recording, number)
            self.verified.add((recording, number))
            return
        other = self._holds_another(path, recording, number)
        if other is not None:
            self._find("ORDER", f"it holds segment {other[1]} of recording {other[0]}", path, recording, number)
            return
        altered = tuple(i for i, hash_ in enumerate(found) if stored and hash_ != stored[i]) or None
        detail = f"its bytes are not those that were sealed; its length differs by {excess}"
        self._find("CONTENT_MISMATCH", detail, path, recording, number, altered)

    def _holds_another(self, path: Path, recording: int, number: int) -> tuple[int, int] | None:
        for other, segment in self.wanted:
            place = other, segment.integer("number")
            if place == (recording, number) or segment.integer("length") != path.stat().st_size:
                continue
            if trees.segment_root(leaf_hashes(path, segment)) == segment.octets("root"):
                return place
        return None
