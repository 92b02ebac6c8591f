"""The Card port with MicroPython's own FAT file system over a block device. MicroPython only.

Architecture: "The simulator" (the card is a FAT32 image of 512-byte sectors).
"""

import struct

import vfs  # pyright: ignore[reportMissingImports]

from evidock_simulator.virtual.block import SECTOR, BlockDevice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_simulator.virtual.clock import Clock
    from evidock_simulator.virtual.slot import Slot
    from evidock_simulator.virtual.supply import Supply

ENOENT = 2
EEXIST = 17
ENODEV = 19
ENOSPC = 28

# Open files point into their file system in a way that the collector does not see. So it is kept for as long as one of
# its files might be left: else a file's finalizer would read what somebody else has in that memory by now.
KEPT = 4  # mountings
_mountings: list = []


class FatCard:
    """The card of image file `path`."""

    def __init__(self, path: str, slot: "Slot", supply: "Supply", clock: "Clock"):
        self._path = path
        self._opened = ""  # the image that `_file` is
        self._file = None
        self._slot = slot
        self._supply = supply
        self._clock = clock
        self._system = None
        self._device: BlockDevice | None = None

    def mount(self) -> bool:
        """Makes the card usable; False when there is none or it holds no readable file system."""
        self._system = None
        if not self.present():
            return False
        path = self._slot.path(self._path)
        if path != self._opened:
            self._file = open(path, "r+b", 0)  # noqa: SIM115 (open for life)
            self._opened = path
        try:
            device = BlockDevice(self._file, self._slot, self._supply, self._clock, _root(self._file))
            system = vfs.VfsFat(device)
            system.mount(False, False)
        except OSError:
            return False
        self._device = device
        self._system = system
        _mountings.append(system)
        del _mountings[:-KEPT]
        return True

    def unmount(self) -> None:
        """Lets go of the card."""
        self._system = None

    def present(self) -> bool:
        """Whether a card is in the slot."""
        return self._slot.inserted

    def space(self) -> tuple[int, int]:
        """(free, total) in KiB."""
        figures = self._mounted().statvfs("/")
        return self._slot.free(figures[1] * figures[3] // 1024), figures[1] * figures[2] // 1024

    def open(self, path: str, mode: str):
        """A binary file, as MicroPython opens it."""
        return _File(self._mounted().open("/" + path, mode), self._device, self._slot.full and mode != "rb")

    def size(self, path: str) -> int | None:
        """Length of a file in bytes, or None."""
        try:
            found = self._mounted().stat("/" + path)
        except OSError as error:
            if error.errno == ENOENT:
                return None
            raise
        return None if found[0] & 0x4000 else found[6]

    def names(self, folder: str) -> list[str]:
        """Names in a folder; empty when there is none."""
        try:
            return [entry[0] for entry in self._mounted().ilistdir("/" + folder)]
        except OSError as error:
            if error.errno == ENOENT:
                return []
            raise

    def make_folder(self, path: str) -> None:
        """Makes a folder; no error when it exists."""
        try:
            self._mounted().mkdir("/" + path)
        except OSError as error:
            if error.errno != EEXIST:
                raise

    def remove(self, path: str) -> None:
        """Removes a file; no error when there is none."""
        try:
            self._mounted().remove("/" + path)
        except OSError as error:
            if error.errno != ENOENT:
                raise

    def rename(self, old: str, new: str) -> None:
        """Renames a file."""
        self._mounted().rename("/" + old, "/" + new)

    def fill(self) -> None:
        """Somebody else took what room was left. No part of the port."""
        self._slot.full = True

    def power_lost(self) -> None:
        """What was not flushed is gone with the memory that held it."""
        self._system = None

    def _mounted(self):
        if self._system is None or not self._supply.on:
            raise OSError(ENODEV)
        return self._system


class _File:
    """An open file. On a card without room, what is there can be read and changed, and nothing can be added."""

    def __init__(self, file, device, full: bool):
        self._file = file
        self._device = device
        self.read = file.read
        self.readinto = file.readinto
        self.seek = file.seek
        self.flush = file.flush
        self.write = _no_space if full else file.write

    def close(self) -> None:
        """Closes it, also when that fails: a finalizer would try again, and print that it failed again."""
        try:
            self._file.close()
        except OSError:
            self._device.deaf = True
            self._file.close()
            self._device.deaf = False
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()


def _no_space(_data) -> int:
    raise OSError(ENOSPC)


def _root(file) -> tuple[int, int]:
    """(first sector, sectors) of the root folder's first cluster, from the boot sector. Source: Microsoft FAT, BPB."""
    boot = bytearray(SECTOR)
    file.seek(0)
    file.readinto(boot)
    cluster, reserved, tables = struct.unpack_from("<BHB", boot, 13)
    length, _flags, _version, root = struct.unpack_from("<IHHI", boot, 36)
    return reserved + tables * length + (root - 2) * cluster, cluster
