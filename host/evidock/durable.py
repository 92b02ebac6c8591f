"""Files that survive a crash: whole or absent, appended item by item, with every step flushed to the disk.

Specification: "The archive". Of a CBOR sequence (RFC 8742) only whole items count.
"""

from __future__ import annotations

import os
from pathlib import Path

from evidock import errors
from evidock.errors import StoreError

TORN = 4096  # bytes: longer than any item, so a tail beyond this is damage and not a crash

STATEMENT = b"\xd2\x84\x58\x2a"  # how every signed statement begins
_BYTES, _TEXT, _ARRAY, _MAP, _TAG = 2, 3, 4, 5, 6


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Makes names in `folder` durable."""
    _sync(folder)


def sync_file(path: Path) -> None:
    """Makes a file that is there durable, bytes and name: a crash may have come between writing and flushing."""
    _sync(path)
    sync_folder(path.parent)


def make_folders(folder: Path) -> None:
    """Makes `folder` and its parents, durably."""
    if folder.is_dir():
        return
    make_folders(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Writes a file so that it is there whole or not at all. Raises StoreError."""
    with errors.at(path):
        make_folders(path.parent)
        draft = path.with_name(path.name + ".new")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
        sync_folder(path.parent)


def move_into_place(draft: Path, path: Path) -> None:
    """Renames a finished and flushed file to its final name, durably."""
    make_folders(path.parent)
    draft.rename(path)
    sync_folder(path.parent)
    if draft.parent != path.parent:
        sync_folder(draft.parent)


def item_end(data: bytes, at: int) -> int | None:
    """The end of the CBOR item at `at` by its heads alone, or None when the data end before it."""
    pending = 1
    while pending:
        if at >= len(data):
            return None
        major, n = data[at] >> 5, data[at] & 31
        at += 1
        if 24 <= n <= 27:
            size = 1 << (n - 24)
            n = int.from_bytes(data[at : at + size], "big")
            at += size
        pending -= 1
        if major in (_BYTES, _TEXT):
            at += n
        elif major == _TAG:
            pending += 1
        elif major in (_ARRAY, _MAP):
            pending += n * (major - 3)
        if at + pending > len(data):
            return None
    return at


def split(data: bytes) -> tuple[list[bytes], int]:
    """The whole items of a CBOR sequence, unchecked, and where the last of them ends."""
    items: list[bytes] = []
    at = 0
    while at < len(data):
        end = item_end(data, at)
        if end is None:
            break
        items.append(data[at:end])
        at = end
    return items, at


def is_torn(tail: bytes) -> bool:
    """Whether bytes that are no whole item can be what a crash leaves: part of one item, or zeros."""
    return not any(tail) or (len(tail) <= TORN and tail.find(STATEMENT, 1) < 0)


class SequenceFile:
    """One CBOR sequence on disk, only ever appended to."""

    def __init__(self, path: Path, mode: int = 0o644):
        """Opens the file, which need not exist (it is made with `mode` then); a torn last item is moved aside.

        Raises StoreError when more is torn.
        """
        self.path = path
        self._mode = mode
        with errors.at(path):
            data = path.read_bytes() if path.exists() else b""
            self.items, self.length = split(data)
            tail = data[self.length :]
            if tail:
                if not is_torn(tail):
                    raise StoreError("damaged", path=path, place=self.length)
                # Kept, because a damaged length looks like a torn item, too.
                write_whole(path.with_name(f"{path.name}.torn-{self.length}"), tail, mode)
                self._cut()

    def append(self, items: list[bytes]) -> None:
        """Adds items and returns when they are durable; on an error none of them counts. Raises StoreError."""
        data = b"".join(items)
        with errors.at(self.path):
            fresh = not self.path.exists()
            if fresh:
                make_folders(self.path.parent)
            try:
                handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, self._mode)
                with open(handle, "ab") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            except OSError:
                if self.path.exists():
                    self._cut()
                raise
            if fresh:
                sync_folder(self.path.parent)
        self.items += items
        self.length += len(data)

    def _cut(self) -> None:
        with open(self.path, "r+b") as file:
            file.truncate(self.length)
            os.fsync(file.fileno())
