"""Reads a recorder's card: a mounted folder, or the files of an image.

Specification: "The card". A card carries its own copy of the journal and no custody, so it vouches for itself alone: enrolment
and heads come from a store or from the user.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
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
            raise Unreadable("unreadable", path=place, reason=error.strerror or str(error)) from error

    def open(self, path: str) -> Media | None:
        place = self._find(path)
        if place is None or not place.is_file():
            return None
        try:
            return open(place, "rb", buffering=0)
        except OSError as error:
            raise Unreadable("unreadable", path=place, reason=error.strerror or str(error)) from error

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
    """One card; the device id is what its journal says."""

    is_store = False
    zone: tzinfo = UTC
    zone_name = "UTC"

    def __init__(self, files: Files, root: str):
        """`root` is the folder of evidock's files below `files`, "" or ending with a slash. Raises NotEvidence."""
        self._files = files
        self._root = root
        self._known = (card.JOURNAL, card.PRIVATE, card.IDENTITY)
        names = files.names(root.rstrip("/"))
        if not any(name in names for name in self._known):
            raise NotEvidence("card_without_journal")

    def devices(self) -> list[bytes]:
        journal = self._files.open(self._root + card.JOURNAL)
        if journal is None:
            return [bytes(32)]
        for item in items(journal):
            if item.offset > _FIRST:
                break
            if item.raw is not None:
                try:
                    return [parse(item.raw).device]
                except ProtocolError:
                    continue
        return [bytes(32)]

    def journal(self, device: bytes) -> Media | None:
        return self._files.open(self._root + card.JOURNAL)

    def private(self, device: bytes) -> Media | None:
        return self._files.open(self._root + card.PRIVATE)

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
        return f"{self._root}{folder}/{card.segment_stem(number)}.{card.extension(media)}"

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
        top = self._root.rstrip("/")
        for folder in self._files.names(top):
            if not folder.endswith("/"):
                if folder not in self._known:
                    yield self._root + folder, None, None
                continue
            for name in self._files.names(self._root + folder):
                if name.endswith(("." + card.LEAVES, "." + card.CHECKPOINTS)):
                    continue
                path = self._root + folder + name
                claimed = segment_of(name, folder.rstrip("/"))
                yield (path, *claimed) if claimed else (path, None, None)
