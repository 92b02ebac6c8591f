"""The edit: somebody silences two seconds of one segment in a copy of the store, and leaves everything else as it was.

Attacks: AT-1. The file plays as before; only the sealed bytes tell.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from evidock import errors
from evidock.errors import StoreError

WAV_HEAD = 512  # bytes before the sound, as the agent writes them
START_SECONDS = 8.0
LENGTH_SECONDS = 2.0
RATE_AT, FRAME_AT = 24, 32  # byte offsets of samples per second and bytes per frame in a WAV header


class Edit(NamedTuple):
    """What was done: `path` of the file, `bytes` first and end, `seconds` inside the segment."""

    path: Path
    bytes: tuple[int, int]
    seconds: tuple[float, float]


def silence(store: Path) -> Edit:
    """Silences two seconds of the longest segment of the store; raises StoreError when it has none long enough."""
    with errors.at(store):
        files = sorted(store.glob("recorders/*/media/**/*.wav"), key=lambda path: (-path.stat().st_size, path))
    if not files:
        raise StoreError("nothing_to_edit", path=store)
    with errors.at(files[0]), files[0].open("r+b") as file:
        head = file.read(WAV_HEAD)
        rate = int.from_bytes(head[RATE_AT : RATE_AT + 4], "little")
        frame = int.from_bytes(head[FRAME_AT : FRAME_AT + 2], "little")
        length = file.seek(0, 2)
        first = WAV_HEAD + int(START_SECONDS * rate) * frame
        end = first + int(LENGTH_SECONDS * rate) * frame
        if not frame or end > length:
            raise StoreError("nothing_to_edit", path=store)
        file.seek(first)
        file.write(bytes(end - first))
    return Edit(files[0], (first, end), (START_SECONDS, START_SECONDS + LENGTH_SECONDS))
