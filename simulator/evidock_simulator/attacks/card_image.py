"""Unpacks the image of a card into a folder, so that its files can be attacked.

Source: Microsoft, "FAT: General Overview of On-Disk Format", 1.03. Names are the card's: 8.3, in capitals.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_ENTRY = 32
_FOLDER, _LABEL = 0x10, 0x08
_FREE, _DELETED = 0x00, 0xE5
_LAST = 0x0FFF_FFF8  # this cluster number and those above end a chain
_DEPTH = 4  # folders inside each other; a card has three


def unpack(image: Path, target: Path) -> None:
    """Copies every file of the image to `target`. Raises ValueError when it is no FAT32 volume."""
    with image.open("rb") as file:
        volume = _Volume(file)
        target.mkdir()
        volume.copy_folder(volume.root, target, _DEPTH)


class _Volume:
    """A FAT32 volume that begins at the image's first byte."""

    def __init__(self, file: BinaryIO):
        boot = file.read(512)
        if len(boot) < 512 or boot[510:] != b"\x55\xaa" or boot[82:87] != b"FAT32":
            raise ValueError(f"{file.name}: neither a folder nor the image of a FAT32 card without partitions")
        sector, cluster, reserved, tables = struct.unpack_from("<HBHB", boot, 11)
        length, self.root = struct.unpack_from("<I4xI", boot, 36)
        if sector != 512 or not cluster or not tables or not length:
            raise ValueError(f"{file.name}: its FAT32 boot sector makes no sense")
        self._file = file
        self._cluster = cluster * sector
        file.seek(reserved * sector)
        self._next = memoryview(file.read(length * sector)).cast("I")
        self._data = (reserved + tables * length) * sector

    def copy_folder(self, first: int, target: Path, depth: int) -> None:
        """Copies the files and folders of the folder that begins at cluster `first`."""
        for name, attributes, cluster, length in self._entries(first):
            if attributes & _FOLDER and depth:
                (target / name).mkdir()
                self.copy_folder(cluster, target / name, depth - 1)
            elif not attributes & _FOLDER:
                content = b"".join(self._clusters(cluster)) if length else b""
                (target / name).write_bytes(content[:length])

    def _entries(self, first: int) -> Iterator[tuple[str, int, int, int]]:
        """(name, attributes, first cluster, length) of each entry but labels, long names and the dots."""
        folder = b"".join(self._clusters(first))
        for at in range(0, len(folder), _ENTRY):
            name, attributes, high, low, length = struct.unpack_from("<11sB8xH4xHI", folder, at)
            if name[0] == _FREE:
                return
            if name[0] == _DELETED or attributes & _LABEL or name[:1] == b".":
                continue
            stem, extension = name[:8].decode("ascii").rstrip(), name[8:].decode("ascii").rstrip()
            yield stem + ("." + extension if extension else ""), attributes, high << 16 | low, length

    def _clusters(self, number: int) -> Iterator[bytes]:
        """The data of a chain of clusters."""
        for _ in range(len(self._next)):
            if not 2 <= number < len(self._next):
                return
            self._file.seek(self._data + (number - 2) * self._cluster)
            yield self._file.read(self._cluster)
            number = self._next[number] & 0x0FFF_FFFF
            if number >= _LAST:
                return
