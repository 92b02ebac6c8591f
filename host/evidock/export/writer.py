"""Writes a package beside its final place, so that it is there whole or not at all; an interrupted one goes on.

Specification: "A package". Files that are there already, whole and as signed, are not copied again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from evidock import durable, errors, layout, package
from evidock.errors import StoreError
from evidock.segments import Segment
from evidock_protocol import merkle

_BLOCK = 1 << 20
_OWN = {
    package.STATEMENT,
    package.SUMS,
    package.CUSTODY_RUNS,
    layout.CERTIFICATE,
    layout.CUSTODY,
    layout.RECORDERS,
}


class Draft:
    """A package that is being written; `sums` are the SHA-256 of its files by their paths."""

    def __init__(self, target: Path):
        """`target` must be absent or an empty folder. Raises StoreError."""
        if target.exists() and not target.is_dir():
            raise StoreError("not_a_folder", path=target)
        with errors.at(target):
            if target.exists() and any(target.iterdir()):
                raise StoreError("folder_not_empty", path=target)
        self.target = target
        self.folder = target.absolute().with_name(f".{target.absolute().name}.part")
        self.sums: dict[str, bytes] = {}
        with errors.at(self.folder):
            if self.folder.exists() and {path.name.removesuffix(".new") for path in self.folder.iterdir()} - _OWN:
                raise StoreError("folder_not_empty", path=self.folder)  # somebody else's: nothing of it is removed
            durable.make_folders(self.folder)

    def write(self, path: PurePosixPath | str, data: bytes) -> None:
        """One file, whole."""
        durable.write_whole(self.folder / path, data)
        self.sums[str(path)] = hashlib.sha256(data).digest()

    def copy(self, source: Path, path: PurePosixPath, segment: Segment, progress: Callable[[int], None]) -> bool:
        """Copies a media file; whether it is what the recorder signed. `progress` is told of bytes."""
        place = self.folder / path
        told = _Told(segment.length, progress)
        if place.is_file():
            digest, signed = _read(place, segment, told)
            if signed:
                self.sums[str(path)] = digest
                return True
        draft = place.with_name(place.name + ".new")
        with errors.at(place):
            durable.make_folders(place.parent)
            with source.open("rb") as original, draft.open("wb") as file:
                shutil.copyfileobj(original, file, _BLOCK)
                file.flush()
                os.fsync(file.fileno())
            durable.move_into_place(draft, place)
        self.sums[str(path)], signed = _read(place, segment, told)  # what lies there now is what is signed for
        return signed

    def clear(self) -> None:
        """Removes what an interrupted export of something else left."""
        with errors.at(self.folder):
            for place in sorted(self.folder.rglob("*"), reverse=True):
                path = str(PurePosixPath(*place.relative_to(self.folder).parts))
                if place.is_dir() and not place.is_symlink():
                    if not any(place.iterdir()):
                        place.rmdir()
                elif path not in self.sums:
                    place.unlink()

    def finish(self) -> None:
        """Gives the package its name."""
        with errors.at(self.target):
            durable.sync_folder(self.folder)
            if self.target.exists():
                self.target.rmdir()
            self.folder.rename(self.target)
            durable.sync_folder(self.target.absolute().parent)

    def seal(self, sign: Callable[[bytes], bytes]) -> bytes:
        """Writes SHA256SUMS and the statement that `sign` makes of its SHA-256; returns the statement."""
        listed = package.write_sums(self.sums)
        durable.write_whole(self.folder / package.SUMS, listed)
        raw = sign(hashlib.sha256(listed).digest())
        durable.write_whole(self.folder / package.STATEMENT, raw)
        self.sums[package.SUMS] = self.sums[package.STATEMENT] = b""
        return raw


class _Told:
    """Tells of one file's bytes, each once, however often they are read."""

    def __init__(self, length: int, progress: Callable[[int], None]):
        self._left = length
        self._progress = progress

    def __call__(self, count: int) -> None:
        count = min(count, self._left)
        self._left -= count
        self._progress(count)


def _read(place: Path, segment: Segment, progress: Callable[[int], None]) -> tuple[bytes, bool]:
    """SHA-256 of a file, and whether it is what the recorder signed, in one reading."""
    hasher = hashlib.sha256()
    leaves: list[bytes] = []
    with errors.at(place), place.open("rb") as file:
        fits = os.fstat(file.fileno()).st_size == segment.length
        for index in range(segment.leaves):
            start, end = segment.leaf_span(index)
            data = file.read(end - start)
            hasher.update(data)
            leaves.append(merkle.leaf_hash(data))
            progress(len(data))
        while data := file.read(_BLOCK):
            hasher.update(data)
    return hasher.digest(), fits and segment.root_of(leaves) == segment.root
