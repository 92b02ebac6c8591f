"""Sections "The archive" and "Verification of a chain", "Media": every byte of every segment."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from . import trees
from .fields import Fields
from .files import altered_times, frames_hold, recovered_too_much
from .findings import Finding
from .places import Place, other_files
from .recordings import Recording
from .segments import PICTURE, SOUND
from .timeline import MISSING

EXTENSIONS = {1: "wav", 2: "avi", 3: "mp4", 4: "bin"}


def name_of(recording: int, number: int) -> str:
    return f"R{recording:07d}/S{number:07d}"


def media_path(recording: Recording, segment: Fields, zone: tzinfo) -> str:
    """Where the archive keeps a segment, under `media`."""
    state, milliseconds = recording.start.fields.wall() if recording.start else (0, 0)
    day = datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone(zone).strftime("%Y/%m/%d") if state else "undated"
    return f"{day}/{name_of(recording.number, segment.integer('number'))}.{EXTENSIONS[segment.integer('media')]}"


def ranges_of(segment: Fields) -> Iterator[tuple[int, int]]:
    lengths = (segment.integer(name) for name in ("length", "header_length", "leaf_size"))
    return trees.segment_ranges(*lengths)


def leaf_hashes(path: Path, segment: Fields) -> list[bytes]:
    """The leaf hashes of the sealed part; a file that is too short has other ones."""
    with path.open("rb") as file:
        return [trees.leaf(file.read(end - begin)) for begin, end in ranges_of(segment)]


def _stored_leaves(path: Path, segment: Fields) -> list[bytes] | None:
    """Leaf hashes that were kept, if their own tree has the segment's root."""
    data = path.read_bytes() if path.is_file() else b""
    leaves = [data[offset : offset + 32] for offset in range(0, len(data), 32)]
    return leaves if leaves and trees.segment_root(leaves) == segment.octets("root") else None


class MediaReader:
    """Reads one recorder's media. `received` are the segments that receipts and custody say were here."""

    def __init__(self, folder: Path, recordings: list[Recording], received: set[Place], zone: tzinfo = UTC) -> None:
        self.folder = folder
        self.received = received
        self.wanted = [(recording, segment) for recording in recordings for segment in recording.wanted]
        self.sealed = {(recording.number, segment.integer("number")) for recording, segment in self.wanted}
        self.zone = zone
        self.findings: list[Finding] = []
        self.verified: set[Place] = set()
        self.states: dict[Place, str] = {}  # of segments whose file is not there
        self.altered: dict[Place, list[tuple[int, int]]] = {}  # ticks

    def read(self) -> None:
        for recording, segment in self.wanted:
            self._segment(recording, segment)
        # Outside a recording the day is not known, so that no place can be said to be empty.
        started = [(recording.number, segment) for recording, segment in self.wanted if recording.start]
        for number in dict.fromkeys(number for number, _ in started):
            self._missing(number, [segment for other, segment in started if other == number])
        expected = {"media/" + media_path(recording, segment, self.zone) for recording, segment in self.wanted}
        self.findings += other_files(self.folder, expected, self.sealed)

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

    def _missing(self, recording: int, segments: list[Fields]) -> None:
        """Absent files: those that never came, and those that are lost, for each `track` by itself."""
        absent = [segment for segment in segments if (recording, segment.integer("number")) in self.states]
        lost = [segment for segment in absent if (recording, segment.integer("number")) in self.received]
        for segment in absent:
            self.states[recording, segment.integer("number")] = "unexplained" if segment in lost else "pending"
        if len(lost) < len(absent):
            self._find("PENDING", f"{len(absent) - len(lost)} segments", None, recording, problem=False)
        if lost and len(lost) == len(segments):
            self._find("RECORDING_MISSING", "no file of it is there", None, recording, lost[0].integer("number"))
            return
        for track in sorted({segment.integer("track") for segment in lost}):
            own = sorted(segment.integer("number") for segment in segments if segment.integer("track") == track)
            gone = {segment.integer("number") for segment in lost if segment.integer("track") == track}
            others = {segment.integer("track") for segment in segments} - {track}
            alone = [bit for bit in (SOUND, PICTURE) if track & bit and not any(other & bit for other in others)]
            if len(gone) == len(own) and alone:
                for bit in alone:
                    self._find(MISSING[bit], "no file of it is there", None, recording, own[0])
            else:
                self._runs(recording, own, gone)

    def _runs(self, recording: int, own: list[int], gone: set[int]) -> None:
        for is_lost, numbers in itertools.groupby(own, gone.__contains__):
            run = list(numbers)
            if is_lost:
                inside = "TAIL_OPEN" if run[-1] == own[-1] else "SEGMENT_MISSING"
                code = "HEAD_MISSING" if run[0] == own[0] else inside
                self._find(code, f"up to {run[-1]}", None, recording, run[0])

    def _segment(self, recording: Recording, segment: Fields) -> None:
        place, path = (recording.number, segment.integer("number")), self._path(recording, segment)
        if path.is_symlink() or not path.is_file():
            if recording.start:
                self.states[place] = "pending"
            return
        found, excess = leaf_hashes(path, segment), path.stat().st_size - segment.integer("length")
        if excess > 0:
            self._find("UNCOVERED_TAIL", f"{excess} bytes beyond what is sealed", path, *place)
        file = path.read_bytes()[: segment.integer("length")]
        matches = trees.segment_root(found) == segment.octets("root") and excess >= 0
        if recovered_too_much(segment, file if matches else None):
            self._find("RECOVERED_EXCESS", "more than recovery may seal", path, *place, problem=False)
        if not matches:
            self._differs(recording, segment, path, found, file)
            return
        self.verified.add(place)
        if not frames_hold(segment, file):
            self._find("COVERAGE_HOLE", "its frames are not those that were counted", path, *place)

    def _differs(self, recording: Recording, segment: Fields, path: Path, found: list[bytes], file: bytes) -> None:
        place = recording.number, segment.integer("number")
        stored_path = self.folder / "leaves" / f"{name_of(*place)}.lvs"
        stored = _stored_leaves(stored_path, segment)
        if stored is None and stored_path.is_file():
            self._find("LEAVES_DAMAGED", "these leaf hashes have another root", stored_path, *place, problem=False)
        altered = tuple(i for i, hash_ in enumerate(found) if stored and hash_ != stored[i]) or None
        detail = f"its bytes are not those that were sealed; it has {path.stat().st_size} bytes"
        self._find("CONTENT_MISMATCH", detail, path, *place, altered)
        ranges = list(ranges_of(segment))
        whole = [(0, segment.integer("length"))]
        places = [ranges[leaf] for leaf in altered] if altered else whole
        self.altered[place] = altered_times(segment, file, places)
        other = self._holds_another(segment, path)
        if other is not None:
            self._find("ORDER", f"it holds segment {other[1]} of recording {other[0]}", path, *place)

    def _holds_another(self, segment: Fields, path: Path) -> Place | None:
        """The SEGMENT whose root the whole file has, in the header and leaf lengths of that."""
        for recording, other in self.wanted:
            if other is segment or other.integer("length") != path.stat().st_size:
                continue
            if trees.segment_root(leaf_hashes(path, other)) == other.octets("root"):
                return recording.number, other.integer("number")
        return None
