"""Images of FAT32 volumes, made from folders."""

import struct
from pathlib import Path

SECTOR = 512


def fat32_image(folder: Path, partitioned: bool, per_cluster: int = 1) -> bytes:
    """A FAT32 volume with the files below `folder`; clusters of files are interleaved, so that chains have many
    runs.
    """
    cluster = per_cluster * SECTOR
    reserved, fat_sectors, clusters = 32, 600, 70_000
    fat = [0x0FFFFFF8, 0x0FFFFFFF, 0] + [0] * clusters
    data: dict[int, bytes] = {}
    free = iter(range(3, clusters))

    def store(content: bytes, first: int | None = None) -> int:
        pieces = [content[at : at + cluster] for at in range(0, len(content), cluster)] or [b""]
        numbers = [next(free) if first is None else first]
        for _ in pieces[1:]:
            if len(numbers) % 40 == 39:
                next(free)  # leaves a cluster out
            numbers.append(next(free))
        for place, number in enumerate(numbers):
            fat[number] = numbers[place + 1] if place + 1 < len(numbers) else 0x0FFFFFFF
            data[number] = pieces[place].ljust(cluster, b"\x00")
        return numbers[0]

    def entry(name: str, attributes: int, first: int, length: int) -> bytes:
        base, _dot, extension = name.partition(".")
        raw = base.encode().ljust(8) + extension.encode().ljust(3) + bytes((attributes,))
        return raw.ljust(20, b"\x00") + struct.pack("<HIHI", first >> 16, 0, first & 0xFFFF, length)

    def write(place: Path, first: int | None = None) -> int:
        rows = [b"\xe5" + bytes(31), entry("LABEL", 0x08, 0, 0)]
        for one in sorted(place.iterdir()):
            if one.is_dir():
                rows.append(entry(one.name, 0x10, write(one), 0))
            else:
                rows.append(entry(one.name, 0x20, store(one.read_bytes()), one.stat().st_size))
        return store(b"".join(rows), first)

    write(folder, 2)
    total = reserved + fat_sectors + clusters * per_cluster
    boot = bytearray(SECTOR)
    boot[:3] = b"\xeb\x58\x90"
    struct.pack_into("<HBHB", boot, 11, SECTOR, per_cluster, reserved, 1)
    struct.pack_into("<II", boot, 32, total, fat_sectors)
    struct.pack_into("<I", boot, 44, 2)
    boot[510:] = b"\x55\xaa"
    used = max(data) + 1
    volume = bytes(boot).ljust(reserved * SECTOR, b"\x00")
    volume += struct.pack(f"<{len(fat)}I", *fat)[: fat_sectors * SECTOR].ljust(fat_sectors * SECTOR, b"\x00")
    volume += b"".join(data.get(number, bytes(cluster)) for number in range(2, used))
    if not partitioned:
        return volume
    mbr = bytearray(SECTOR)
    struct.pack_into("<BxxxBxxxII", mbr, 446, 0, 0x0C, 64, total)
    mbr[510:] = b"\x55\xaa"
    return bytes(mbr).ljust(64 * SECTOR, b"\x00") + volume
