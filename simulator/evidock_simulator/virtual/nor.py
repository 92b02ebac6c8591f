"""Internal flash under NOR rules, in one image file. Each program and erase is one unbuffered write.

Architecture: "Where bytes live". So SIGKILL is a power cut between two operations; torn ones come from `supply`.
"""

from evidock_protocol.flash import PAGE, SECTOR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_simulator.virtual.supply import Supply

EINVAL = 22
EIO = 5

# Sectors of each region, in the order of the image.
IDENTITY = 1
KEYS = 4
JOURNAL = 128
ANCHORS = 32
TOTAL = IDENTITY + KEYS + JOURNAL + ANCHORS


class Region:
    """The Flash port over sectors `first` … `first + sectors - 1` of an open image file."""

    def __init__(self, file, first: int, sectors: int, supply: "Supply"):
        self.sectors = sectors
        self._file = file
        self._start = first * SECTOR
        self._supply = supply

    def erase(self, sector: int) -> None:
        """Sets one sector to 0xFF."""
        if not 0 <= sector < self.sectors:
            raise OSError(EINVAL)
        length = SECTOR
        torn = self._supply.operation()
        if torn:
            length = self._supply.torn(SECTOR - 1)
        self._write(sector * SECTOR, b"\xff" * length)
        if torn:
            raise OSError(EIO)

    def program(self, offset: int, data: bytes) -> None:
        """Clears bits inside one page; OSError when it would cross the page or set a bit."""
        length = len(data)
        if not 0 <= offset <= self.sectors * SECTOR - length or offset % PAGE + length > PAGE:
            raise OSError(EINVAL)
        old = bytearray(length)
        self.read_into(offset, memoryview(old))
        wanted = int.from_bytes(data, "big")
        if int.from_bytes(old, "big") & wanted != wanted:
            raise OSError(EIO)
        if self._supply.operation():
            count = self._supply.torn(length - 1) if length else 0
            self._write(offset, bytes(data[:count]) + bytes((old[count] & (data[count] | 0xF0),)) if length else b"")
            raise OSError(EIO)
        self._write(offset, data)

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fills `buffer` from byte `offset` of the region."""
        if not self._supply.on:
            raise OSError(EIO)
        if not 0 <= offset <= self.sectors * SECTOR - len(buffer):
            raise OSError(EINVAL)
        self._file.seek(self._start + offset)
        self._file.readinto(buffer)

    def _write(self, offset: int, data: bytes) -> None:
        self._file.seek(self._start + offset)
        if self._file.write(data) != len(data):
            raise OSError(EIO)


def regions(file, supply: "Supply") -> tuple[Region, Region, Region, Region]:
    """Identity, key, journal and anchor flash of one image."""
    return (
        Region(file, 0, IDENTITY, supply),
        Region(file, IDENTITY, KEYS, supply),
        Region(file, IDENTITY + KEYS, JOURNAL, supply),
        Region(file, IDENTITY + KEYS + JOURNAL, ANCHORS, supply),
    )
