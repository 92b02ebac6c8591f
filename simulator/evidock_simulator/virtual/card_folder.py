"""The Card port over a folder: what the simulator uses where there is no MicroPython, and so no FAT. CPython only.

What was not flushed is taken back when power goes, as far as a file system that keeps its own order would lose it.
"""

import os

from evidock_simulator.virtual.slot import FOREIGN
from evidock_simulator.virtual.supply import EIO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_simulator.virtual.clock import Clock
    from evidock_simulator.virtual.slot import Slot
    from evidock_simulator.virtual.supply import Supply

ENODEV = 19
ENOSPC = 28
TOTAL_KIB = 127_000


class FolderCard:
    """A card whose root is the folder `path`."""

    def __init__(self, path: str, slot: "Slot", supply: "Supply", clock: "Clock"):
        self._own = path
        self._path = path
        self._slot = slot
        self._supply = supply
        self._clock = clock
        self._generation = -1
        self._files: list[FolderFile] = []

    def mount(self) -> bool:
        """Makes the card usable; False when there is none."""
        self._generation = self._slot.generation
        self._path = self._slot.path(self._own)
        return self.present() and self._supply.on and self._slot.card != FOREIGN

    def unmount(self) -> None:
        """Lets go of the card."""
        self._generation = -1

    def present(self) -> bool:
        """Whether a card is in the slot."""
        return self._slot.inserted

    def space(self) -> tuple[int, int]:
        """(free, total) in KiB."""
        self.check()
        used = 0
        for folder, _folders, names in os.walk(self._path):
            used += sum(os.path.getsize(os.path.join(folder, name)) // 1024 + 1 for name in names)
        return self._slot.free(max(0, TOTAL_KIB - used)), TOTAL_KIB

    def open(self, path: str, mode: str) -> "FolderFile":
        """A binary file that remembers what is not yet durable."""
        self.check()
        if mode != "rb":
            self.begin_write()
        place = self._place(path)
        if mode == "wb" or (mode == "ab" and not os.path.exists(place)):
            open(place, "wb").close()
        raw = open(place, "rb" if mode == "rb" else "r+b", buffering=0)  # noqa: SIM115 (the caller closes it)
        file = FolderFile(self, raw, mode == "ab")
        self._files.append(file)
        return file

    def size(self, path: str) -> int | None:
        """Length of a file in bytes, or None."""
        self.check()
        place = self._place(path)
        return os.path.getsize(place) if os.path.isfile(place) else None

    def names(self, folder: str) -> list[str]:
        """Names in a folder; empty when there is none."""
        self.check()
        place = self._place(folder)
        return sorted(os.listdir(place)) if os.path.isdir(place) else []

    def make_folder(self, path: str) -> None:
        """Makes a folder; no error when it exists."""
        self.begin_write()
        if not os.path.isdir(self._place(path)):
            os.mkdir(self._place(path))

    def remove(self, path: str) -> None:
        """Removes a file; no error when there is none."""
        self.begin_write()
        if os.path.exists(self._place(path)):
            os.remove(self._place(path))

    def rename(self, old: str, new: str) -> None:
        """Renames a file."""
        self.begin_write()
        os.replace(self._place(old), self._place(new))

    def fill(self) -> None:
        """Somebody else took what room was left. No part of the port."""
        self._slot.full = True

    def power_lost(self) -> None:
        """Takes back what no flush made durable, newest first."""
        for file in reversed(self._files):
            file.take_back()
        self._files = []

    def check(self) -> None:
        """Raises OSError when the card cannot be reached."""
        if not (self._supply.on and self._slot.inserted and self._slot.generation == self._generation):
            raise OSError(ENODEV, "no card")

    def begin_write(self) -> None:
        """Counts a writing operation; raises OSError when it cannot take place."""
        if self.write_length(0) is not None:
            raise OSError(EIO, "power lost")

    def write_length(self, length: int) -> int | None:
        """None when a write may go on, or how many of `length` bytes are still written while power goes."""
        self.check()
        if self._slot.failing:
            raise OSError(EIO, "card failed")
        if self._slot.full and length:
            raise OSError(ENOSPC, "card full")
        self._clock.stall(self._slot.take_stall())
        return self._supply.torn(length) if self._supply.operation() else None

    def forget(self, file: "FolderFile") -> None:
        """A closed file has nothing left to take back."""
        if file in self._files:
            self._files.remove(file)

    def _place(self, path: str) -> str:
        return os.path.join(self._path, *path.split("/"))


class FolderFile:
    """One open file. `_changes` lists (offset, bytes before, length before) since the last flush."""

    def __init__(self, card: FolderCard, raw, appends: bool):
        self._card = card
        self._raw = raw
        if appends:
            raw.seek(0, 2)
        self._changes: list[tuple[int, bytes, int]] = []

    def __enter__(self) -> "FolderFile":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def read(self, count: int = -1) -> bytes:
        self._card.check()
        return self._raw.read(count)

    def readinto(self, buffer) -> int:
        self._card.check()
        return self._raw.readinto(buffer)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._raw.seek(offset, whence)

    def write(self, data) -> int:
        torn = self._card.write_length(len(data))
        data = bytes(data) if torn is None else bytes(data[:torn])
        offset = self._raw.tell()
        before = self._raw.read(len(data))
        self._changes.append((offset, before, self._raw.seek(0, 2)))
        self._raw.seek(offset)
        self._raw.write(data)
        if torn is not None:
            raise OSError(EIO, "power lost")
        return len(data)

    def flush(self) -> None:
        """Makes what was written durable."""
        self._card.begin_write()
        self._changes = []

    def close(self) -> None:
        if self._raw.closed:
            return
        if self._changes:
            self.flush()
        self._card.forget(self)
        self._raw.close()

    def take_back(self) -> None:
        """Undoes what was not flushed. A torn write keeps its place: the card's own order is not the file's."""
        for offset, before, length in reversed(self._changes):
            self._raw.seek(offset)
            self._raw.write(before)
            self._raw.truncate(length)
        self._changes = []
        self._raw.close()
