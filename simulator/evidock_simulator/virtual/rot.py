"""Bit rot in internal flash: in the middle of what a ring has used, the same in every run.

Specification: "Internal flash". The sector heads stay, and so does whatever the newest half of the ring holds.
"""

from evidock_protocol.flash import PAGE, SECTOR
from evidock_simulator.virtual import nor

_PLACES = {
    "keys": (nor.IDENTITY, nor.KEYS),
    "journal": (nor.IDENTITY + nor.KEYS, nor.JOURNAL),
    "anchors": (nor.IDENTITY + nor.KEYS + nor.JOURNAL, nor.ANCHORS),
}
REGIONS = tuple(_PLACES)
_HEAD = 16  # bytes at the beginning of a sector
_BYTES = 24  # that fall over


def rot(file, region: str) -> int:
    """Turns bits of `region` of an open flash image; the byte of the image where they begin."""
    first, sectors = _PLACES[region]
    page = bytearray(PAGE)
    used: list[tuple[int, int]] = []  # (first byte, bytes) of what each sector holds
    for start in range(first * SECTOR, (first + sectors) * SECTOR, SECTOR):
        length = 0
        for at in range(0, SECTOR, PAGE):
            file.seek(start + at)
            file.readinto(page)
            last = len(bytes(page).rstrip(b"\xff"))
            if last:
                length = at + last
        if length > _HEAD:
            used.append((start, length))
    if not used:
        return -1
    start, length = used[(len(used) - 1) // 2]
    place = start + (_HEAD + length - _BYTES) // 2
    file.seek(place)
    file.write(bytes((0x5A ^ step) for step in range(_BYTES)))
    return place
