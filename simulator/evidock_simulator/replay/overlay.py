"""An image file whose writes stay in memory, and are noted one by one: the file itself never changes.

Architecture: "The simulator". Each program, erase and card sector write is one operation; runs on MicroPython.
"""

import struct

BLOCK = 512
RECORD = "<BHIHIIIH"  # medium, bytes, offset, step, then what held before: durable entries, bytes heard, ms, boot


class Notes:
    """The operation log of a run, in a file. `before()` gives what held before an operation."""

    def __init__(self, path: str, before):
        self._file = open(path, "wb")  # noqa: SIM115 (open for life)
        self._before = before
        self.step = 0
        self.operations = 0

    def note(self, medium: int, offset: int, data) -> None:
        """One operation is about to take place."""
        self.operations += 1
        self._file.write(struct.pack(RECORD, medium, len(data), offset, self.step, *self._before()))
        self._file.write(data)

    def close(self) -> None:
        """Makes the file whole."""
        self._file.close()


class Overlay:
    """A file with `seek`, `readinto` and `write` over the image at `path`; `notes` may be None.

    A write of more than one block is noted block by block when `split` is set: a card's sectors.
    """

    def __init__(self, path: str, medium: int, split: bool):
        self._file = open(path, "rb", 0)  # noqa: SIM115 (open for life)
        self._medium = medium
        self._split = split
        self._blocks: dict[int, bytearray] = {}
        self._at = 0
        self.notes: Notes | None = None

    def seek(self, offset: int, whence: int = 0) -> int:
        """As a file does; from the end only to find the length."""
        self._at = self._file.seek(0, 2) if whence == 2 else offset
        return self._at

    def readinto(self, buffer) -> int:
        """Fills `buffer`."""
        at, count = self._at, len(buffer)
        self._at += count
        self._file.seek(at)
        self._file.readinto(buffer)
        if self._blocks:
            for number in range(at // BLOCK, (at + count - 1) // BLOCK + 1):
                block = self._blocks.get(number)
                if block is not None:
                    start, end = max(at, number * BLOCK), min(at + count, (number + 1) * BLOCK)
                    buffer[start - at : end - at] = block[start - number * BLOCK : end - number * BLOCK]
        return count

    def write(self, data) -> int:
        """Writes all of `data`."""
        at, count = self._at, len(data)
        self._at += count
        view = memoryview(data)
        if self.notes is not None:
            step = BLOCK if self._split else max(1, count)
            for start in range(0, count, step):
                self.notes.note(self._medium, at + start, view[start : start + step])
        for number in range(at // BLOCK, (at + count - 1) // BLOCK + 1):
            block = self._blocks.get(number)
            if block is None:
                block = self._blocks[number] = bytearray(BLOCK)
                self._file.seek(number * BLOCK)
                self._file.readinto(block)
            start, end = max(at, number * BLOCK), min(at + count, (number + 1) * BLOCK)
            block[start - number * BLOCK : end - number * BLOCK] = view[start - at : end - at]
        return count

    def forget(self) -> None:
        """The image as the file has it."""
        self._blocks = {}
