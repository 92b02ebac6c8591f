"""Reads a recorder's card: a mounted folder, or the files of an image.

Specification: "The card". A card carries its own copy of the journal and no custody, so it vouches for itself alone:
enrolment and heads come from a store or from the user.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from evidock_protocol import card
from evidock_protocol.errors import ProtocolError

from .entries import parse
from .plain import kind_of, open_plain, unreadable
from .reader import Listed, Lying, Media, NotEvidence, segment_of, stray_of
from .sequence import items

if TYPE_CHECKING:
    from .excerpt import Excerpt

_FIRST = 1 << 16  # bytes at the journal's beginning in which a readable entry must tell the device id
_LEAVES = 32 * ((1 << 20) + 2)
_KNOWN = (card.JOURNAL, card.PRIVATE, "JOURNAL.OLD")  # the last: a copy that was not this recorder's journal
_RECORDING = re.compile(r"R\d{7}", re.ASCII)
_HELP = re.compile(rf"S\d{{7}}\.(?:{card.LEAVES}|{card.CHECKPOINTS})", re.ASCII)


class Files(Protocol):
    """The files of a card, wherever they are. Paths use slashes and upper case."""

    def names(self, folder: str) -> list[Listed]:
        """Everything in a folder, sorted; empty when there is none."""
        ...

    def open(self, path: str) -> Media | None:
        """A plain file, or None."""
        ...


class FolderFiles:
    """Files below a mounted folder; names match whatever case the mount shows."""

    def __init__(self, root: Path):
        self._root = root

    def names(self, folder: str) -> list[Listed]:
        place = self._find(folder)
        if place is None or not place.is_dir() or (place.is_symlink() and place != self._root):
            return []
        try:
            with os.scandir(place) as found:
                return sorted(Listed(_upper(entry.name), kind_of(entry)) for entry in found)
        except OSError as error:
            raise unreadable(place, error) from error

    def open(self, path: str) -> Media | None:
        place = self._find(path)
        return None if place is None else open_plain(place)

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
    excerpt: Excerpt | None = None

    def __init__(self, files: Files, root: str):
        """`root` is evidock's folder below `files`, "" or ending with a slash. Raises NotEvidence when nothing of ours
        is there.
        """
        self._files = files
        self._root = root
        self._foreign: list[Lying] = []
        self._folders: dict[bytes, str] = {}
        names = files.names(root.rstrip("/"))
        folders = [name for name, kind in names if kind == "folder" and _is_device_folder(name)]
        found = [(self._device_in(name + "/"), name) for name in folders]
        for device, name in sorted(found, key=lambda one: one[0][:4].hex().upper() != one[1]):
            own = device[:4].hex().upper() == name
            if not own or device in self._folders:  # a folder that claims to be another recorder's
                self._foreign.append(Lying(root + name))
            self._folders.setdefault(device, f"{root}{name}/")
        for name, kind in names:
            is_ours = (name, kind) == (card.IDENTITY, "file") or (kind == "folder" and name in folders)
            if not is_ours or names.count(Listed(name, kind)) > 1:
                self._foreign.append(stray_of(root + name, name, kind))
        if not self._folders and Listed(card.IDENTITY, "file") not in names:
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

    def stamps(self, device: bytes) -> Iterator[tuple[str, bytes]]:
        return iter(())

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

    def stray(self, device: bytes) -> Iterator[Lying]:
        top = self._folders.get(device)
        for path, name, kind in () if top is None else self._listed(top):
            if kind == "file" and name in _KNOWN:
                continue
            if kind != "folder" or not _RECORDING.fullmatch(name):
                yield stray_of(path, name, kind)
            for inner, own, sort in self._listed(path + "/") if kind == "folder" else ():
                if sort != "file":
                    yield Lying(inner)
                elif segment := segment_of(own, name):
                    yield Lying(inner, *segment)
                elif not _HELP.fullmatch(own):
                    yield stray_of(inner, own, sort)

    def foreign(self) -> Iterator[Lying]:
        yield from self._foreign

    def _listed(self, folder: str) -> Iterator[tuple[str, str, str]]:
        """(path, name, kind) of what a folder holds. A name that is there twice hides something: its second is
        "other".
        """
        before = ""
        for name, kind in self._files.names(folder.rstrip("/")):
            yield folder + name, name, "other" if name == before else kind
            before = name

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
    return len(name) == 8 and all(character in "0123456789ABCDEF" for character in name)


def _upper(name: str) -> str:
    """A name as FAT has it. Other letters than ASCII stay as they are: some would become ASCII in upper case."""
    return name.upper() if name.isascii() else name
