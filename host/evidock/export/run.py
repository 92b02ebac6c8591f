"""One export: chooses, writes, signs, and notes in custody what was handed out.

Specification: "A package" and "Custody kinds" (COPY). The COPY is durable before the package has its name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple, cast

from evidock import errors, layout, package
from evidock.errors import EvidockError, StoreError, WrongUsage
from evidock.media import read_leaves
from evidock.segments import Segment
from evidock.store import Store
from evidock.verification.placement import offsets
from evidock.words import Json
from evidock_protocol import custody_kinds, entry, sign1, statements
from evidock_protocol.versions import MAXIMUM_RECEIPT_SEGMENTS

from . import custody
from .journal import Journal
from .selection import Interval, Selection, Wanted, select
from .writer import Draft

Progress = Callable[[int, int], None]
"""Called with the bytes of media copied so far and those there are."""
Key = tuple[int, int]
"""Recording and number of a segment."""


class ExportedRecorder(NamedTuple):
    """What a package has of one recorder."""

    device: bytes
    recordings: tuple[int, ...]
    entries: int
    withheld: int
    """Entries that are not shown."""
    segments: tuple[Key, ...]
    bytes: int
    missing: tuple[Key, ...]
    """Segments of these recordings whose files are not in the store."""
    damaged: tuple[Key, ...]
    """Segments that are not what the recorder signed: they are in the package as they are in the store."""

    def to_json(self) -> Json:
        return {
            "id": self.device.hex(),
            "recordings": list(self.recordings),
            "entries": self.entries,
            "withheld": self.withheld,
            "segments": len(self.segments),
            "bytes": self.bytes,
            "missing": [list(key) for key in self.missing],
            "damaged": [list(key) for key in self.damaged],
        }


class Exported(NamedTuple):
    """A finished package."""

    path: Path
    package: bytes
    """Statement hash of its statement, as custody's COPY names it."""
    recorders: tuple[ExportedRecorder, ...]
    left_out: tuple[bytes, ...] = ()
    """Recorders of which no signed head proves anything yet."""

    def to_json(self) -> Json:
        recorders = [one.to_json() for one in self.recorders]
        left_out = [one.hex() for one in self.left_out]
        told: Json = {"path": str(self.path), "package": self.package.hex()}
        return {**told, "devices": recorders, "left_out": left_out}


def export(
    store: Store,
    target: Path,
    interval: Interval = (None, None),
    *,
    recordings: Iterable[int] = (),
    case: str | None = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> Exported:
    """Writes a package of a part of `store` to `target`, a folder that is new or empty.

    `interval` in Unix milliseconds (both or none), `recordings` by number, `case` as the officer gave it; at least one
    of the three. `device` is the beginning of a recorder's id. Raises EvidockError; what was copied stays for the next
    try.
    """
    wanted = Wanted(interval, frozenset(recordings), case)
    _check(store, target, wanted)
    custody_path = store.folder / layout.CUSTODY
    named = custody.named(custody_path)
    devices = _devices(store, device, wanted)
    places: dict[bytes, dict[int, int]] = {}
    if interval != (None, None):
        places = offsets(store.folder, devices)
    selections: list[Selection] = []
    left_out: list[bytes] = []
    for one in devices:
        archive = store.archive(one)
        if not archive.chain.size:
            continue
        if not archive.heads and device is None:  # it is enrolled, and has never docked
            left_out.append(one)
            continue
        chosen = select(Journal(archive, named.heads), wanted, places.get(one, {}), named)
        selections += [] if chosen is None else [chosen]
    if not selections and left_out:
        raise EvidockError("export_no_head", device=left_out[0].hex()[:16])
    if not selections or not any(one.recordings or interval != (None, None) for one in selections):
        raise WrongUsage("export_nothing")
    draft = Draft(target)
    sums = _Files(store, draft, selections, progress)
    told = [sums.recorder(one) for one in selections]
    heads = {head.hash for one in selections for head in one.heads}
    shown = custody.excerpt(custody_path, {one.journal.device for one in selections}, heads)
    draft.write(layout.CERTIFICATE, store.certificate)
    draft.write(layout.CUSTODY, shown.raw)
    draft.write(package.CUSTODY_RUNS, package.write_excerpt(None, shown.runs))
    raw = draft.seal(lambda files: _statement(store, interval, shown, files))
    draft.clear()
    digest = sign1.statement_hash(raw)
    for selection, one in zip(selections, told, strict=True):
        _note(store, selection, one, digest)
    draft.finish()
    return Exported(target, digest, tuple(told), tuple(left_out))


class _Files:
    """Writes the files of each recorder, and tells how far it has come."""

    def __init__(self, store: Store, draft: Draft, selections: list[Selection], progress: Progress | None):
        self._store = store
        self._draft = draft
        self._progress = progress
        self._done = 0
        self._total = sum(segment.length for one in selections for segment in _segments(one).values())
        self._count(0)

    def recorder(self, one: Selection) -> ExportedRecorder:
        """Everything that a package has of one recorder."""
        journal = one.journal
        top = layout.recorder(journal.device)
        numbers = [recording.number for recording in one.recordings]
        self._draft.write(top / layout.JOURNAL, b"".join(journal.raw[place] for place in one.shown))
        self._draft.write(top / package.EXCERPT, package.write_excerpt(numbers, one.runs))
        opened = [
            raw
            for recording in one.recordings
            for place in range(recording.first, recording.last + 1)
            if (raw := journal.record(place)) is not None
        ]
        self._draft.write(top / layout.PRIVATE, b"".join(opened))
        self._draft.write(top / layout.HEADS, b"".join(head.raw for head in one.heads))
        for head in one.heads:
            self._keep(journal.archive.folder, top, layout.stamp(head.hash))
        missing: list[Key] = []
        damaged: list[Key] = []
        copied = 0
        for key, segment in _segments(one).items():
            source = journal.archive.media_path(*key)
            if not source.is_file():
                missing.append(key)
                self._count(segment.length)
                continue
            path = top / PurePosixPath(*source.relative_to(journal.archive.folder).parts)
            if not self._draft.copy(source, path, segment, self._count):
                damaged.append(key)
            copied += segment.length
            if read_leaves(journal.archive.leaves_path(*key), segment) is not None:
                self._keep(journal.archive.folder, top, layout.leaves(*key))
        segments = tuple(key for key in _segments(one) if key not in missing)
        hidden = sum(run.length for run in one.runs)
        return ExportedRecorder(
            journal.device, tuple(numbers), len(one.shown), hidden, segments, copied, tuple(missing), tuple(damaged)
        )

    def _keep(self, folder: Path, top: PurePosixPath, path: PurePosixPath) -> None:
        """A small file of the archive as it is, where there is one."""
        place = folder / path
        with errors.at(place):
            raw = place.read_bytes() if place.is_file() else None
        if raw is not None:
            self._draft.write(top / path, raw)

    def _count(self, count: int) -> None:
        self._done += count
        if self._progress is not None:
            self._progress(min(self._done, self._total), self._total)


def _segments(one: Selection) -> dict[Key, Segment]:
    """The segments of the recordings that a package has, in order."""
    numbers = {recording.number for recording in one.recordings}
    shown = set(one.shown)
    sealed = {
        (entry.segment.recording, entry.segment.number)
        for place, entry in one.journal.entries.items()
        if place in shown and entry.segment is not None
    }
    known = one.journal.archive.segments.known
    return {key: known[key] for key in sorted(known) if key[0] in numbers and key in sealed}


def _check(store: Store, target: Path, wanted: Wanted) -> None:
    start, end = wanted.interval
    if (start is None) is not (end is None):
        raise WrongUsage("export_interval")
    if start is not None and end is not None and not 0 <= start < end:
        raise WrongUsage("export_interval")
    if start is None and not wanted.recordings and wanted.case is None:
        raise WrongUsage("export_what")
    if target.resolve().is_relative_to(store.folder.resolve()):
        raise StoreError("export_inside", path=target)


def _devices(store: Store, device: str | None, wanted: Wanted) -> list[bytes]:
    found = store.devices()
    if device is not None:
        found = [one for one in found if device and one.hex().startswith(device.lower())]
        if not found:
            raise WrongUsage("evidence_device", device=device[:64])
    if wanted.recordings and len(found) != 1:
        raise WrongUsage("export_which_recorder")
    return found


def _statement(store: Store, interval: Interval, shown: custody.Custody, files: bytes) -> bytes:
    values: dict[str, object] = {
        "host": store.host.thumbprint,
        "time": store.now_ms(),
        "from": interval[0],
        "to": interval[1],
        "custody_size": shown.size,
        "custody_root": shown.root,
        "files": files,
    }
    payload = entry.encode_statement(statements.TYP_PACKAGE, values)
    return store.host.statement(statements.TYP_PACKAGE, payload)


def _note(store: Store, selection: Selection, told: ExportedRecorder, digest: bytes) -> None:
    """COPY of what was handed out of one recorder, in several entries where it is much."""
    known = selection.journal.archive.segments.known
    rows: list[object] = [(*key, known[key].root) for key in told.segments]
    for at in range(0, max(1, len(rows)), MAXIMUM_RECEIPT_SEGMENTS):
        part = cast("object", rows[at : at + MAXIMUM_RECEIPT_SEGMENTS])
        body: dict[str, object] = {"segments": part, "device": told.device, "package": digest}
        store.custody.add(custody_kinds.COPY, body)
