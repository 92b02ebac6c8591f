"""The card as a block device of 512-byte sectors over an image file, and how it fails.

Architecture: "Where bytes live" (whole sectors may tear). MicroPython's file system calls readblocks, writeblocks and
ioctl; a number other than 0 that these return is an error to it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_simulator.virtual.clock import Clock
    from evidock_simulator.virtual.slot import Slot
    from evidock_simulator.virtual.supply import Supply

SECTOR = 512
EIO = 5
ENODEV = 19

_SYNC = 3
_COUNT = 4
_SIZE = 5
_DIRECTORY = b".          \x10"
_STAMP = b"\x00\x00\x00\x21\x00"  # 1 January 1980, what a file system without a clock writes
_ENTRY = 32


class BlockDevice:
    """One mounting of the card in `slot`. Directory entries get a fixed date, so that a seed gives one image."""

    def __init__(self, file, slot: "Slot", supply: "Supply", clock: "Clock", root: tuple[int, int]):
        """`root` is (first sector, sectors) of the root folder's first cluster."""
        self._file = file
        self._slot = slot
        self._supply = supply
        self._clock = clock
        self._generation = slot.generation
        self._count = file.seek(0, 2) // SECTOR
        self._cluster = root[1]
        self._folders = {root[0]}  # first sector of each cluster that holds a folder
        self.deaf = False  # nothing gets through, and nothing says so

    def readblocks(self, number: int, buffer, offset: int = 0) -> int:
        """Fills `buffer` from sector `number`."""
        if self._over():
            return 0
        if not self._usable():
            return -ENODEV
        self._file.seek(number * SECTOR + offset)
        self._file.readinto(buffer)
        if len(buffer) == SECTOR:
            self._note_folder(number, buffer)
        return 0

    def writeblocks(self, number: int, buffer, offset: int = 0) -> int:
        """Writes whole sectors."""
        if self._over():
            return 0
        if not self._usable():
            return -ENODEV
        if self._slot.failing:
            return -EIO
        self._clock.stall(self._slot.take_stall())
        if len(buffer) == SECTOR:
            self._note_folder(number, buffer)
            if self._is_folder(number):
                buffer = _fix_dates(bytearray(buffer))
        torn = self._supply.operation()
        self._file.seek(number * SECTOR + offset)
        if torn:
            self._file.write(bytes(buffer[: self._supply.torn(len(buffer) - 1)]))
            return -EIO
        self._file.write(buffer)
        return 0

    def ioctl(self, operation: int, _argument: int) -> int:
        """What the file system asks of a block device."""
        if operation == _COUNT:
            return self._count
        if operation == _SIZE:
            return SECTOR
        if operation == _SYNC and not self._usable() and not self._over():
            return -ENODEV
        return 0

    def _over(self) -> bool:
        """Whether whoever calls only closes a file that is lost: a finalizer, once the boot is over."""
        return self.deaf or self._supply.buried

    def _usable(self) -> bool:
        return self._supply.on and self._slot.inserted and self._slot.generation == self._generation

    def _note_folder(self, number: int, buffer) -> None:
        """A folder shows by its first entry, which is itself."""
        if buffer[0] == 0x2E and bytes(buffer[: len(_DIRECTORY)]) == _DIRECTORY:
            self._folders.add(number)

    def _is_folder(self, number: int) -> bool:
        return any(number - step in self._folders for step in range(self._cluster))


def _fix_dates(sector: bytearray) -> bytearray:
    """Sets creation, access and write time of each entry of a folder's sector."""
    for at in range(0, SECTOR, _ENTRY):
        if sector[at] == 0:
            break
        sector[at + 13 : at + 18] = _STAMP
        sector[at + 18 : at + 20] = _STAMP[3:]
        sector[at + 22 : at + 26] = _STAMP[1:]
    return sector
