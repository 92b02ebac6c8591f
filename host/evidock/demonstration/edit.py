"""The edit: somebody changes two seconds of one segment in a copy of the store, and leaves everything else as it was.

Attacks: AT-1. The file plays as before; only the sealed bytes tell.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, NamedTuple

from evidock import errors
from evidock.errors import StoreError

HEAD = 512  # bytes before the sound or the pictures, as the agent writes them
START_SECONDS = 8.0
LENGTH_SECONDS = 2.0
RATE_AT, FRAME_AT = 24, 32  # byte offsets of samples per second and bytes per frame in a WAV header
PICTURES_AT = 132  # byte offset of pictures per second in an AVI header


class Edit(NamedTuple):
    """What was done: `path` of the file, `bytes` first and end, `seconds` inside the segment."""

    path: Path
    bytes: tuple[int, int]
    seconds: tuple[float, float]
    still: bool
    """Whether a still picture was put there, not silence."""


def edit(store: Path) -> Edit:
    """Silences two seconds of the longest segment of sound, or without sound puts a still picture there.

    Raises StoreError when the store has none long enough.
    """
    with errors.at(store):
        found = [path for path in store.glob("recorders/*/media/**/*") if path.suffix in (".wav", ".avi")]
        found.sort(key=lambda path: (path.suffix != ".wav", -path.stat().st_size, path))
    if not found:
        raise StoreError("nothing_to_edit", path=store)
    path, still = found[0], found[0].suffix == ".avi"
    with errors.at(path), path.open("r+b") as file:
        changed = _still(file) if still else _silence(file)
    if changed is None:
        raise StoreError("nothing_to_edit", path=store)
    return Edit(path, changed, (START_SECONDS, START_SECONDS + LENGTH_SECONDS), still)


def _silence(file: BinaryIO) -> tuple[int, int] | None:
    """The bytes that were changed; None when the sound is too short."""
    head = file.read(HEAD)
    rate = int.from_bytes(head[RATE_AT : RATE_AT + 4], "little")
    frame = int.from_bytes(head[FRAME_AT : FRAME_AT + 2], "little")
    length = file.seek(0, 2)
    first = HEAD + int(START_SECONDS * rate) * frame
    end = first + int(LENGTH_SECONDS * rate) * frame
    if not frame or end > length:
        return None
    file.seek(first)
    file.write(bytes(end - first))
    return first, end


def _still(file: BinaryIO) -> tuple[int, int] | None:
    """Puts the smallest picture in place of others, with zeros behind it; or nothing, where all pictures are alike."""
    rate = int.from_bytes(file.read(HEAD)[PICTURES_AT : PICTURES_AT + 4], "little")
    chunks: list[tuple[int, bytes]] = []
    at = HEAD
    while (head := file.read(8))[:4] == b"00dc":
        size = int.from_bytes(head[4:], "little")
        chunks.append((at + 8, file.read(size)))
        at += 8 + size + size % 2
        file.seek(at)
    due = chunks[int(START_SECONDS * rate) : int((START_SECONDS + LENGTH_SECONDS) * rate)]
    due = [(at, picture) for at, picture in due if picture]
    if not due:
        return None
    smallest = min((picture for _at, picture in chunks if picture), key=len)
    still = b"" if all(picture == smallest for _at, picture in due) else smallest
    for at, picture in due:
        file.seek(at)
        file.write(still.ljust(len(picture), b"\x00"))
    return due[0][0], due[-1][0] + len(due[-1][1])
