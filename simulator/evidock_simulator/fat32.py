"""Makes FAT32 images: sparse files that every reader of a memory card understands.

Source: Microsoft, "FAT: General Overview of On-Disk Format", 1.03. A volume is FAT32 because it has at least 65,525
clusters.
"""

import struct
from pathlib import Path

SECTOR = 512
MEBIBYTE = 1024 * 1024
CARD_BYTES = 128 * MEBIBYTE  # hours of sound; sparse, so it takes what is written

_RESERVED = 32  # sectors before the first table
_TABLES = 2
_ROOT_CLUSTER = 2
_BACKUP = 6  # sector of the boot sector's copy
_MINIMUM_CLUSTERS = 65_525
_MAXIMUM_CLUSTERS = 0x0FFF_FFF5
_MEDIA = 0xF8
_END_OF_CHAIN = 0x0FFF_FFFF


def make_image(path: Path, length: int = CARD_BYTES, label: str = "EVIDOCK", serial: int = 0) -> None:
    """Makes an empty FAT32 volume of `length` bytes without a partition table. Refuses to overwrite a file.

    Raises ValueError for a length that FAT32 does not allow, OSError when the file cannot be made.
    """
    sectors = length // SECTOR
    cluster, table = _layout(sectors)
    clusters = (sectors - _RESERVED - _TABLES * table) // cluster
    name = label.upper().ljust(11)[:11].encode("ascii")
    boot = _boot_sector(sectors, cluster, table, name, serial)
    information = _information_sector(clusters - 1)
    table_start = struct.pack("<III", 0x0FFF_FF00 | _MEDIA, _END_OF_CHAIN, _END_OF_CHAIN)
    with path.open("xb") as image:
        image.truncate(sectors * SECTOR)
        for first in (0, _BACKUP):
            image.seek(first * SECTOR)
            image.write(boot + information)
        for number in range(_TABLES):
            image.seek((_RESERVED + number * table) * SECTOR)
            image.write(table_start)
        image.seek((_RESERVED + _TABLES * table) * SECTOR)
        # The root folder's only entry: the label, with attribute 8 and the date 1 January 1980.
        image.write(name + b"\x08" + bytes(10) + b"\x00\x00\x21\x00" + bytes(6))


def in_table(length: int, offset: int) -> bool:
    """Whether this byte of such an image belongs to a table of clusters."""
    _cluster, table = _layout(length // SECTOR)
    return _RESERVED * SECTOR <= offset < (_RESERVED + _TABLES * table) * SECTOR


def _layout(sectors: int) -> tuple[int, int]:
    """(sectors of a cluster, sectors of a table): the largest cluster up to 32 KiB that still makes this FAT32."""
    for cluster in (64, 32, 16, 8, 4, 2, 1):
        table = 1
        # Each table entry takes four bytes; the table's own size lessens what it must describe.
        while True:
            clusters = (sectors - _RESERVED - _TABLES * table) // cluster
            needed = (max(0, clusters) + 2) * 4
            if needed <= table * SECTOR:
                break
            table = -(-needed // SECTOR)
        if _MINIMUM_CLUSTERS <= clusters <= _MAXIMUM_CLUSTERS:
            return cluster, table
    raise ValueError(f"{sectors * SECTOR} bytes cannot be FAT32: 33 MiB is the least")


def _boot_sector(sectors: int, cluster: int, table: int, label: bytes, serial: int) -> bytes:
    boot = bytearray(SECTOR)
    struct.pack_into("<3s8s", boot, 0, b"\xeb\x58\x90", b"EVIDOCK ")
    struct.pack_into(
        "<HBHBHHBHHHII", boot, 11, SECTOR, cluster, _RESERVED, _TABLES, 0, 0, _MEDIA, 0, 63, 255, 0, sectors
    )
    struct.pack_into("<IHHIHH", boot, 36, table, 0, 0, _ROOT_CLUSTER, 1, _BACKUP)
    struct.pack_into("<BBBI11s8s", boot, 64, 0x80, 0, 0x29, serial & 0xFFFF_FFFF, label, b"FAT32   ")
    boot[510:] = b"\x55\xaa"
    return bytes(boot)


def _information_sector(free: int) -> bytes:
    """FSInfo: free clusters, and the first that may be."""
    sector = bytearray(SECTOR)
    struct.pack_into("<I", sector, 0, 0x4161_5252)
    struct.pack_into("<III", sector, 484, 0x6141_7272, free, _ROOT_CLUSTER + 1)
    sector[510:] = b"\x55\xaa"
    return bytes(sector)
