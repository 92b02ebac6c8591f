"""Sections "The archive" and "Verification of a chain", "Media": every byte of every segment."""

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from . import trees
from .fields import Fields
from .findings import Finding
from .recordings import Recording, is_known, is_sound

EXTENSIONS = {1: "wav", 2: "avi", 3: "mp4", 4: "bin"}
MEDIA_NAME = re.compile(r"R(\d{7})/S(\d{7})\.(?:wav|avi|mp4|bin)", re.IGNORECASE)


def name_of(recording: int, number: int) -> str:
    return f"R{recording:07d}/S{number:07d}"


def media_path(recording: Recording, segment: Fields, zone: tzinfo) -> str:
    """Where the archive keeps a segment, under `media`."""
    state, milliseconds = recording.start.fields.wall() if recording.start else (0, 0)
    day = datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone(zone).strftime("%Y/%m/%d") if state else "undated"
    return f"{day}/{name_of(recording.number, segment.integer('number'))}.{EXTENSIONS[segment.integer('media')]}"


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
    """Reads one recorder's media. `received` are the segments that receipts and custody say were here."""

    def __init__(
        self, folder: Path, recordings: list[Recording], received: set[tuple[int, int]], zone: tzinfo = UTC
    ) -> None:
        self.folder = folder
        self.received = received
        self.wanted = [
            (recording, segment)
            for recording in recordings
            for segment in recording.segments
            if is_known(segment) and is_sound(segment)
        ]
        self.sealed = {(recording.number, segment.integer("number")) for recording, segment in self.wanted}
        self.zone = zone
        self.findings: list[Finding] = []
        self.verified: set[tuple[int, int]] = set()

    def read(self) -> None:
        expected = {media_path(recording, segment, self.zone) for recording, segment in self.wanted}
        for recording, segment in self.wanted:
            self._segment(recording, segment)
        self._missing()
        for path in sorted((self.folder / "media").rglob("*")):
            if path.is_file() and path.relative_to(self.folder / "media").as_posix() not in expected:
                match = MEDIA_NAME.fullmatch("/".join(path.parts[-2:]))
                place = (int(match[1]), int(match[2])) if match else None
                if place is None:
                    self._find("INSERTED", "no segment has such a name", path)
                elif place in self.sealed:
                    self._find("STORE_MISMATCH", "its place is elsewhere", path, *place)
                else:
                    self._find("UNSIGNED_CONTENT", "no SEGMENT names this file", path, *place)

    def _find(
        self,
        code: str,
        detail: str,
        path: Path | None,
        recording: int | None = None,
        number: int | None = None,
        leaves: tuple[int, ...] | None = None,
        problem: bool = True,
    ) -> None:
        file = path.relative_to(self.folder).as_posix() if path else None
        found = Finding(code, detail, problem, file=file, recording=recording, segment=number, leaves=leaves)
        self.findings.append(found)

    def _path(self, recording: Recording, segment: Fields) -> Path:
        return self.folder / "media" / media_path(recording, segment, self.zone)

    def _missing(self) -> None:
        """Absent files: those that never came, and runs of those that are lost, by where they lie."""
        absent = dict[int, list[int]]()
        for recording, segment in self.wanted:
            if not self._path(recording, segment).is_file():
                absent.setdefault(recording.number, []).append(segment.integer("number"))
        for recording, numbers in absent.items():
            lost = [number for number in numbers if (recording, number) in self.received]
            if len(lost) < len(numbers):
                self._find("PENDING", f"{len(numbers) - len(lost)} segments", None, recording, problem=False)
            known = sorted(number for other, number in self.sealed if other == recording)
            if lost == known:
                self._find("RECORDING_MISSING", "no file of it is there", None, recording, lost[0])
                continue
            for number in (number for number in lost if number - 1 not in lost):
                last = next(end for end in itertools.count(number) if end + 1 not in lost)
                inside = "TAIL_OPEN" if last == known[-1] else "SEGMENT_MISSING"
                self._find("HEAD_MISSING" if number == 1 else inside, f"up to {last}", None, recording, number)

    def _segment(self, recording: Recording, segment: Fields) -> None:
        place, path = (recording.number, segment.integer("number")), self._path(recording, segment)
        if not path.is_file():
            return
        found, excess = leaf_hashes(path, segment), path.stat().st_size - segment.integer("length")
        if excess > 0:
            self._find("UNCOVERED_TAIL", f"{excess} bytes beyond what is sealed", path, *place)
        if trees.segment_root(found) == segment.octets("root") and excess >= 0:
            self.verified.add(place)
            return
        stored_path = self.folder / "leaves" / f"{name_of(*place)}.lvs"
        stored = _stored_leaves(stored_path, segment)
        if stored is None and stored_path.is_file():
            self._find("LEAVES_DAMAGED", "these leaf hashes have another root", stored_path, *place, problem=False)
        altered = tuple(i for i, hash_ in enumerate(found) if stored and hash_ != stored[i]) or None
        detail = f"its bytes are not those that were sealed; its length differs by {excess}"
        self._find("CONTENT_MISMATCH", detail, path, *place, altered)
        other = self._holds_another(path, place)
        if other is not None:
            self._find("ORDER", f"it holds segment {other[1]} of recording {other[0]}", path, *place)

    def _holds_another(self, path: Path, own: tuple[int, int]) -> tuple[int, int] | None:
        for recording, segment in self.wanted:
            place = recording.number, segment.integer("number")
            if place == own or segment.integer("length") != path.stat().st_size:
                continue
            if trees.segment_root(leaf_hashes(path, segment)) == segment.octets("root"):
                return place
        return None
