"""Reads a recorder's card: a mounted folder, or the files of an image.

Specification: "The card". A card carries its own copy of the journal and no custody, so it vouches for itself alone:
enrolment and heads come from a store or from the user.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Protocol

from evidock_protocol import card
from evidock_protocol.errors import ProtocolError

from .entries import parse
from .reader import Media, NotEvidence, Unreadable, segment_of
from .sequence import items

_FIRST = 1 << 16  # bytes at the journal's beginning in which a readable entry must tell the device id
_LEAVES = 32 * ((1 << 20) + 2)
_KNOWN = (card.JOURNAL, card.PRIVATE, "JOURNAL.OLD")  # the last: a copy that was not this recorder's journal


class Files(Protocol):
    """The files of a card, wherever they are. Paths use slashes and upper case."""

    def names(self, folder: str) -> list[str]: ...

    def open(self, path: str) -> Media | None: ...


class FolderFiles:
    """Files below a mounted folder; names match whatever case the mount shows."""

    def __init__(self, root: Path):
        self._root = root

    def names(self, folder: str) -> list[str]:
        place = self._find(folder)
        if place is None or not place.is_dir():
            return []
        try:
            return sorted(entry.name.upper() + ("/" if entry.is_dir() else "") for entry in os.scandir(place))
        except OSError as error:
            raise Unreadable("evidence_unreadable", path=place, reason=error.strerror or str(error)) from error

    def open(self, path: str) -> Media | None:
        place = self._find(path)
        if place is None or not place.is_file():
            return None
        try:
            return open(place, "rb", buffering=0)
        except OSError as error:
            raise Unreadable("evidence_unreadable", path=place, reason=error.strerror or str(error)) from error

    def _find(self, path: str) -> Path | None:
        place = self._root
        for part in filter(None, path.split("/")):
            for name in (part, part.lower()):
                if (place / name).exists():
                    place = place / name
                    break
            else:
                return None
        return place


class CardReader:
    """One card, which may hold folders of several recorders; each device id is what the journal there says."""

    is_store = False
    zone: tzinfo = UTC
    zone_name = "UTC"

    def __init__(self, files: Files, root: str):
        """`root` is evidock's folder below `files`, "" or ending with a slash. Raises NotEvidence when nothing of ours
        is there.
        """
        self._files = files
        self._root = root
        names = files.names(root.rstrip("/"))
        self._folders = {self._device_in(name): root + name for name in names if _is_device_folder(name)}
        if not self._folders and card.IDENTITY not in names:
            raise NotEvidence("evidence_empty_card")

    def devices(self) -> list[bytes]:
        return sorted(self._folders)

    def journal(self, device: bytes) -> Media | None:
        return self._files.open(self._folders[device] + card.JOURNAL)

    def private(self, device: bytes) -> Media | None:
        return self._files.open(self._folders[device] + card.PRIVATE)

    def heads(self, device: bytes) -> Media | None:
        return None

    def receipts(self, device: bytes) -> Media | None:
        return None

    def custody(self) -> Media | None:
        return None

    def certificate(self) -> bytes | None:
        return None

    def media_path(self, device: bytes, recording: int, number: int, media: int, started_ms: int | None) -> str:
        folder = card.recording_folder(recording)
        return f"{self._folders[device]}{folder}/{card.segment_stem(number)}.{card.extension(media)}"

    def media(self, device: bytes, path: str) -> Media | None:
        return self._files.open(path)

    def leaves(self, device: bytes, recording: int, number: int, path: str) -> bytes | None:
        found = self._files.open(path.rpartition(".")[0] + "." + card.LEAVES)
        if found is None:
            return None
        try:
            return found.read(_LEAVES)
        finally:
            found.close()

    def checkpoints(self, device: bytes, path: str) -> Media | None:
        return self._files.open(path.rpartition(".")[0] + "." + card.CHECKPOINTS)

    def stray(self, device: bytes) -> Iterator[tuple[str, int, int] | tuple[str, None, None]]:
        top = self._folders[device]
        for folder in self._files.names(top.rstrip("/")):
            if not folder.endswith("/"):
                if folder not in _KNOWN:
                    yield top + folder, None, None
                continue
            for name in self._files.names((top + folder).rstrip("/")):
                if name.endswith(("." + card.LEAVES, "." + card.CHECKPOINTS)):
                    continue
                path = top + folder + name
                claimed = segment_of(name, folder.rstrip("/"))
                yield (path, *claimed) if claimed else (path, None, None)

    def media_bytes(self, device: bytes) -> int:
        return 0

    def _device_in(self, folder: str) -> bytes:
        """The device id in a folder's journal; where none can be read, one that only begins as the folder is named."""
        journal = self._files.open(self._root + folder + card.JOURNAL)
        if journal is not None:
            try:
                for item in items(journal):
                    if item.offset > _FIRST:
                        break
                    if item.raw is not None:
                        with suppress(ProtocolError):
                            return parse(item.raw).device
            finally:
                journal.close()
        return bytes.fromhex(folder[:8]) + bytes(28)


def _is_device_folder(name: str) -> bool:
    return len(name) == 9 and name[8] == "/" and all(character in "0123456789ABCDEF" for character in name[:8])
