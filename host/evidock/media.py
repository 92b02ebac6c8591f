"""A segment's bytes on this host's disk: half pulled, resumed by verified leaves, finished, recomputed for a receipt.

Specification: "The archive" and "Hash tree". Sizes of files are never trusted; only leaves that hash as signed are.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import TracebackType

from evidock import durable, errors
from evidock.segments import Segment
from evidock_protocol import merkle


def leaves_on_disk(path: Path, segment: Segment) -> list[bytes] | None:
    """Leaf hashes of the file at `path`, the header's first, from disk; None when its length is not the signed one."""
    with errors.at(path), path.open("rb") as file:
        if os.fstat(file.fileno()).st_size != segment.length:
            return None
        leaves: list[bytes] = []
        for index in range(segment.leaves):
            start, end = segment.leaf_span(index)
            leaves.append(merkle.leaf_hash(file.read(end - start)))
    return leaves


def is_intact(path: Path, segment: Segment) -> bool:
    """Whether the file at `path` has the signed root, recomputed from its bytes now."""
    leaves = leaves_on_disk(path, segment)
    return leaves is not None and segment.root_of(leaves) == segment.root


def read_leaves(path: Path, segment: Segment) -> list[bytes] | None:
    """The leaf list kept at `path` when it fits the segment's signed root, else None."""
    with errors.at(path):
        raw = path.read_bytes() if path.exists() else b""
    leaves = [raw[at : at + merkle.HASH_SIZE] for at in range(0, len(raw), merkle.HASH_SIZE)]
    return leaves if len(leaves) == segment.leaves and segment.root_of(leaves) == segment.root else None


def reopen(path: Path, partial: Path) -> None:
    """Makes a half-pulled file of a copy: some leaves are to be pulled anew, and `path` stays until all of them are."""
    with errors.at(partial):
        durable.make_folders(partial.parent)
        shutil.copyfile(path, partial)


class PartialFile:
    """A segment while it is pulled; a context manager. Every error of the disk is a StoreError or DiskFull."""

    def __init__(self, path: Path, segment: Segment):
        """Opens or makes the file at `path`."""
        self.path = path
        self._segment = segment
        with errors.at(path):
            durable.make_folders(path.parent)
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)

    def good_leaves(self, leaves: list[bytes]) -> set[int]:
        """Indices of the leaves that are here already, by their hashes."""
        good: set[int] = set()
        with errors.at(self.path):
            size = os.fstat(self._handle).st_size
            for index, expected in enumerate(leaves):
                start, end = self._segment.leaf_span(index)
                if end <= size and merkle.leaf_hash(os.pread(self._handle, end - start, start)) == expected:
                    good.add(index)
        return good

    def write_leaf(self, index: int, data: bytes | bytearray) -> None:
        """Puts a leaf, or as much of it as there is, in its place."""
        start, _end = self._segment.leaf_span(index)
        view = memoryview(data)
        with errors.at(self.path):
            while view:
                count = os.pwrite(self._handle, view, start)
                start += count
                view = view[count:]

    def finish(self, final: Path, length: int) -> None:
        """Cuts to `length` bytes, makes it durable and moves it to its final name."""
        with errors.at(self.path):
            os.ftruncate(self._handle, length)
            os.fsync(self._handle)
        with errors.at(final):
            durable.move_into_place(self.path, final)

    def close(self) -> None:
        """Lets go of the file, once or more often; what was written stays."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> PartialFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
