"""The copy that an attack works on: a store, or the folder of a card, with its recorders, journals and segments.

Specification: "The archive", "The card" and "The journal file".
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from evidock_protocol import card, entry, kinds, sign1
from evidock_protocol.errors import ProtocolError
from evidock_simulator.attacks import card_image

_STORE = "store.json"
_RECORDERS = "recorders"
_RECORDING = re.compile(r"R(\d{7})", re.ASCII | re.IGNORECASE)
_SEGMENT = re.compile(r"S(\d{7})\.(?:WAV|AVI|MP4|BIN)", re.ASCII | re.IGNORECASE)


class Segment(NamedTuple):
    """A segment that has an entry and a file. `place` is the entry's in the journal file, counted from 0."""

    recording: int
    number: int
    path: Path
    leaves: Path
    place: int
    sealed: entry.Entry

    @property
    def header(self) -> int:
        """Bytes before the sound."""
        return int(self.sealed.body["header_length"])  # type: ignore[arg-type]

    @property
    def length(self) -> int:
        """Bytes of the file as it was sealed."""
        return int(self.sealed.body["length"])  # type: ignore[arg-type]

    @property
    def bytes_per_second(self) -> int:
        """As the WAV header says; 0 for a file that is no WAV file."""
        with self.path.open("rb") as file:
            head = file.read(32)
        return int.from_bytes(head[28:32], "little") if head[:4] == b"RIFF" and head[8:12] == b"WAVE" else 0

    def seconds(self, offset: int) -> float:
        """Seconds of sound before byte `offset`."""
        return max(0, offset - self.header) / self.bytes_per_second


class Recorder:
    """One recorder's part of the copy."""

    def __init__(self, root: Path, folder: Path, names: tuple[str, str]):
        """`names` are those of the journal and of the private sequence."""
        self._root = root
        self.folder = folder
        self.journal = folder / names[0]
        self.private = folder / names[1]
        self.heads = folder / "heads.cbs"
        self.receipts = folder / "receipts.cbs"
        self.entries = statements_of(self.journal)

    @property
    def genesis(self) -> entry.Entry:
        """Raises ValueError when the journal begins with something else, as that of a later card does."""
        first = entry.parse(self.entries[0]) if self.entries else None
        if first is None or first.kind != kinds.GENESIS:
            raise ValueError(f"{self.journal}: it does not begin with GENESIS")
        return first

    def parsed(self) -> list[entry.Entry]:
        """Every entry, parsed."""
        return [entry.parse(raw) for raw in self.entries]

    def indices(self, *wanted: int) -> list[int]:
        """Places of the entries of these kinds."""
        return [index for index, one in enumerate(self.parsed()) if one.kind in wanted]

    def write(self, entries: list[bytes]) -> None:
        """Makes these the journal."""
        self.entries = entries
        self.journal.write_bytes(b"".join(entries))

    def span(self, index: int) -> tuple[int, int]:
        """First and end byte of entry `index` in the journal file."""
        first = sum(map(len, self.entries[:index]))
        return first, first + len(self.entries[index])

    def segments(self) -> list[Segment]:
        """Segments that have both an entry and a file, in the order of the journal."""
        files = {(recording, number): path for path, recording, number in self._files()}
        found: list[Segment] = []
        for index, one in enumerate(self.parsed()):
            if one.kind == kinds.SEGMENT:
                key = (int(one.body["recording"]), int(one.body["number"]))  # type: ignore[arg-type]
                if key in files:
                    found.append(Segment(*key, files[key], self._leaves(files[key], *key), index, one))
        return found

    def recordings(self, at_least: int) -> list[list[Segment]]:
        """The recordings with so many segments, the longest first. Raises ValueError when there is none."""
        found: dict[int, list[Segment]] = {}
        for segment in self.segments():
            found.setdefault(segment.recording, []).append(segment)
        usable = [found[number] for number in sorted(found) if len(found[number]) >= at_least]
        if not usable:
            raise ValueError(f"{self.folder}: this attack needs a recording of {at_least} segments")
        return sorted(usable, key=len, reverse=True)

    def name(self, path: Path) -> str:
        """A path as `Damage` gives it."""
        return path.relative_to(self._root).as_posix()

    def _files(self) -> Iterator[tuple[Path, int, int]]:
        for path in sorted(self.folder.rglob("*")):
            recording, number = _RECORDING.fullmatch(path.parent.name), _SEGMENT.fullmatch(path.name)
            if recording and number and path.is_file():
                yield path, int(recording[1]), int(number[1])

    def _leaves(self, path: Path, recording: int, number: int) -> Path:
        if path.suffix.isupper():  # a card keeps them beside the file
            return path.with_suffix("." + card.LEAVES)
        name = f"{card.segment_stem(number)}.{card.LEAVES.lower()}"
        return self.folder / "leaves" / card.recording_folder(recording) / name


class Evidence:
    """A copy of a store or of a card."""

    def __init__(self, root: Path):
        """Raises ValueError when nothing of a recorder is there."""
        self.root = root
        self.is_store = (root / _STORE).is_file() or (root / _RECORDERS).is_dir()
        if self.is_store:
            folders, names = root / _RECORDERS, ("journal.cbs", "private.cbs")
        else:
            folders = root / card.ROOT if (root / card.ROOT).is_dir() else root
            names = (card.JOURNAL, card.PRIVATE)
        found = sorted(folders.iterdir()) if folders.is_dir() else []
        self.recorders = [Recorder(root, folder, names) for folder in found if (folder / names[0]).is_file()]
        self.custody = root / "custody.cbs"
        if not self.recorders:
            raise ValueError("neither a store nor a card with a recorder's journal")

    @property
    def recorder(self) -> Recorder:
        """The recorder with the longest journal, which attacks are done to."""
        return max(self.recorders, key=lambda one: len(one.entries))

    def other(self) -> Recorder:
        """Another recorder. Raises ValueError when there is none."""
        for one in self.recorders:
            if one.folder != self.recorder.folder:
                return one
        raise ValueError(f"{self.root}: this attack needs evidence of two recorders")

    def longest(self, extension: str = "WAV") -> Segment:
        """The longest segment of the recorder of this kind of file. Raises ValueError when there is none."""
        segments = [one for one in self.recorder.segments() if one.path.suffix.upper() == "." + extension]
        if not segments:
            raise ValueError(f"{self.root}: this attack needs a segment, a {extension} file")
        return max(segments, key=lambda one: one.length)


@contextmanager
def copied(source: Path, target: Path) -> Iterator[Evidence]:
    """A copy of `source` at `target`, which goes away again when the attack on it fails. Raises ValueError, OSError."""
    if target.exists() or target.is_symlink():
        raise ValueError(f"{target}: it is there already; an attack makes a new copy")
    if target.resolve().is_relative_to(source.resolve()):
        raise ValueError(f"{target}: the copy must not lie inside {source}")
    try:
        if source.is_file():
            card_image.unpack(source, target)
        elif source.is_dir():
            # Links become files: what they point to must stay as it is.
            shutil.copytree(source, target)
        else:
            raise ValueError(f"{source}: there is nothing here")
        try:
            evidence = Evidence(target)
        except ProtocolError as error:
            raise ValueError(f"{source}: its journal is damaged already ({error})") from error
        except ValueError as error:
            raise ValueError(f"{source}: {error}") from error
        try:
            yield evidence
        except ValueError as error:
            raise ValueError(str(error).replace(str(target), str(source))) from error
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def statements_of(path: Path) -> list[bytes]:
    """The statements of a CBOR sequence, as they are; [] for a missing file. Raises Malformed for a damaged one."""
    raw = path.read_bytes() if path.is_file() else b""
    found: list[bytes] = []
    at = 0
    while at < len(raw):
        end = sign1.end_of(raw, at)
        found.append(raw[at:end])
        at = end
    return found
