"""Reads files from an image of a FAT32 card, and writes nothing.

Source: Microsoft FAT32 File System Specification 1.03, "Boot Sector and BPB", "FAT Data Structure", "FAT Directory
Structure". A reader of our own, because the libraries at hand bring a whole file-system framework or a copyleft licence
for the four structures that a recorder's card has: 8.3 names, one FAT, folders and files. Long names are skipped: the
recorder writes none.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from .reader import Listed, Media, NotEvidence

_SECTOR = 512
_ENTRY = 32
_FOLDER, _LABEL = 0x10, 0x08
_LAST = 0x0FFFFFF8
_PARTITIONS_FAT32 = (0x0B, 0x0C)
_FOLDER_LIMIT = 65536 * _ENTRY  # bytes of one folder, by the specification
_RUN = 1 << 20  # bytes read at once


class Found(NamedTuple):
    """One directory entry."""

    name: str
    is_folder: bool
    cluster: int
    length: int


class Volume:
    """The files of one image. Every cluster chain is followed at most as far as the file is long, so loops end."""

    def __init__(self, image: BinaryIO, name: str):
        """Reads the boot sector, directly or behind an MBR. Raises NotEvidence when there is no FAT32 in `image`."""
        self._image = image
        self._name = name
        start = self._find_volume()
        sector = self.read_at(start, _SECTOR)
        size, per_cluster, reserved, copies = struct.unpack_from("<HBHB", sector, 11)
        total, fat_sectors = struct.unpack_from("<II", sector, 32)
        self._root = struct.unpack_from("<I", sector, 44)[0]
        self._fat = start + reserved * size
        self._data = self._fat + copies * fat_sectors * size
        self._cluster = per_cluster * size
        self._clusters = min(max(0, (start + total * size - self._data) // self._cluster), fat_sectors * size // 4)
        self._fat_page = (-1, b"")
        self._listing: tuple[int, dict[str, Found]] = (-1, {})  # the folder looked into last

    def names(self, folder: str) -> list[Listed]:
        """Everything in a folder, sorted; empty when there is none."""
        found = self._lookup(folder) if folder else Found("", True, self._root, 0)
        if found is None or not found.is_folder:
            return []
        return sorted(Listed(one.name, "folder" if one.is_folder else "file") for one in self._folder(found.cluster))

    def open(self, path: str) -> Media | None:
        """A file for reading, or None when there is none at `path`."""
        found = self._lookup(path)
        return None if found is None or found.is_folder else _File(self, found)

    def _find_volume(self) -> int:
        first = self.read_at(0, _SECTOR)
        if _is_boot_sector(first):
            return 0
        if first[510:512] == b"\x55\xaa":
            for row in range(446, 510, 16):
                if first[row + 4] in _PARTITIONS_FAT32:
                    start = struct.unpack_from("<I", first, row + 8)[0] * _SECTOR
                    if _is_boot_sector(self.read_at(start, _SECTOR)):
                        return start
        raise NotEvidence("evidence_no_card", path=self._name)

    def read_at(self, offset: int, length: int) -> bytes:
        """Bytes of the image, fewer at its end."""
        self._image.seek(offset)
        return self._image.read(length)

    def _next(self, cluster: int) -> int:
        page, place = divmod(cluster * 4, 4096)
        if self._fat_page[0] != page:
            self._fat_page = (page, self.read_at(self._fat + page * 4096, 4096))
        raw = self._fat_page[1][place : place + 4]
        return struct.unpack("<I", raw)[0] & 0x0FFFFFFF if len(raw) == 4 else _LAST

    def runs(self, cluster: int, length: int) -> Iterator[tuple[int, int]]:
        """(offset in the image, bytes) of a chain's contiguous runs, `length` bytes in all unless the chain ends
        before.
        """
        while length > 0 and 2 <= cluster < self._clusters + 2:
            first, size = cluster, 0
            while True:
                size += self._cluster
                following = self._next(cluster)
                contiguous = following == cluster + 1
                cluster = following
                if not contiguous or size >= min(length, _RUN):
                    break
            yield self._data + (first - 2) * self._cluster, min(size, length)
            length -= size

    def _folder(self, cluster: int) -> Iterator[Found]:
        for offset, size in self.runs(cluster, _FOLDER_LIMIT):
            raw = self.read_at(offset, size)
            for place in range(0, len(raw) - _ENTRY + 1, _ENTRY):
                if raw[place] == 0:
                    return
                attributes = raw[place + 11]
                if raw[place] == 0xE5 or raw[place] == 0x2E or attributes & _LABEL:
                    continue  # deleted, "." and "..", or a label or part of a long name
                base = raw[place : place + 8].rstrip(b" ").decode("ascii", "replace")
                extension = raw[place + 8 : place + 11].rstrip(b" ").decode("ascii", "replace")
                high, low = struct.unpack_from("<H", raw, place + 20)[0], struct.unpack_from("<H", raw, place + 26)[0]
                length = struct.unpack_from("<I", raw, place + 28)[0]
                name = base + ("." + extension if extension else "")
                yield Found(name, bool(attributes & _FOLDER), high << 16 | low, length)

    def _lookup(self, path: str) -> Found | None:
        found = Found("", True, self._root, 0)
        for part in path.strip("/").split("/"):
            if not found.is_folder:
                return None
            if self._listing[0] != found.cluster:
                self._listing = (found.cluster, {one.name: one for one in self._folder(found.cluster)})
            match = self._listing[1].get(part.upper())
            if match is None:
                return None
            found = match
        return found


class _File:
    """A file of the volume; reading ends where its length or its cluster chain ends."""

    def __init__(self, volume: Volume, found: Found):
        self._volume = volume
        self._found = found
        self._runs = volume.runs(found.cluster, found.length)
        self._offset = 0
        self._left = 0

    def read(self, size: int, /) -> bytes:
        buffer = bytearray(size)
        return bytes(buffer[: self.readinto(memoryview(buffer))])

    def readinto(self, buffer: memoryview, /) -> int:
        done = 0
        while done < len(buffer):
            if self._left == 0:
                self._offset, self._left = next(self._runs, (0, 0))
                if self._left == 0:
                    break
            raw = self._volume.read_at(self._offset, min(self._left, len(buffer) - done))
            if not raw:
                break
            buffer[done : done + len(raw)] = raw
            done += len(raw)
            self._offset += len(raw)
            self._left -= len(raw)
        return done

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Forward from the beginning, run by run; with `whence` 2 to the end, as far as clusters hold it."""
        if whence == 2:
            offset = sum(size for _offset, size in self._volume.runs(self._found.cluster, self._found.length))
        self._runs = self._volume.runs(self._found.cluster, self._found.length)
        self._left, rest = 0, offset
        while rest:
            self._offset, self._left = next(self._runs, (0, 0))
            if self._left == 0:
                break
            step = min(rest, self._left)
            self._offset += step
            self._left -= step
            rest -= step
        return offset

    def close(self) -> None:
        """Nothing to release: the image is the volume's."""


def _is_boot_sector(sector: bytes) -> bool:
    if len(sector) < _SECTOR or sector[510:512] != b"\x55\xaa":
        return False
    size, per_cluster, reserved, copies = struct.unpack_from("<HBHB", sector, 11)
    root_entries, old_total, old_fat = struct.unpack_from("<HHxH", sector, 17)
    powers = size in (512, 1024, 2048, 4096) and per_cluster in (1, 2, 4, 8, 16, 32, 64, 128)
    is_fat32 = root_entries == 0 and old_fat == 0 and old_total == 0
    return powers and is_fat32 and reserved > 0 and copies in (1, 2) and struct.unpack_from("<I", sector, 36)[0] > 0
