"""What verification reads: one interface over stores, cards and images of cards, and the choice between them.

Architecture: "Verification is a pure library over a reader interface". Readers only read; they judge nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from evidock import layout, package
from evidock.errors import EvidockError
from evidock_protocol import card

from .sequence import Stream

if TYPE_CHECKING:
    from .excerpt import Excerpt

_EXTENSIONS = "|".join(name for _media, name in card.EXTENSIONS)
_LITTER = (".ds_store", "thumbs.db", "desktop.ini")
_SEGMENT_NAME = re.compile(rf"R(\d{{7}})/S(\d{{7}})\.(?:{_EXTENSIONS})", re.ASCII)


class NotEvidence(EvidockError):
    """The path is neither a store nor a recorder's card nor an image of one, or cannot be read."""


class Unreadable(EvidockError):
    """A file or a sector that should be there cannot be read."""


class Media(Stream, Protocol):
    """A media file opened for reading."""

    def readinto(self, buffer: memoryview, /) -> int | None: ...

    def seek(self, offset: int, whence: int = 0, /) -> int: ...

    def close(self) -> None: ...


class Listed(NamedTuple):
    """One name in a folder."""

    name: str
    kind: str
    """ "file", "folder", or "other" for a link and everything else."""


class Lying(NamedTuple):
    """One directory entry among a recorder's, and the segment that its name claims."""

    path: str
    recording: int | None = None
    """None for a name that no segment has, and for whatever is no plain file."""
    number: int | None = None
    is_help: bool = False
    """A list of leaf hashes: it vouches for nothing, so that it need only belong to a sealed segment."""
    is_litter: bool = False
    """A plain file that operating systems leave in folders that they show."""


class Reader(Protocol):
    """Evidence at rest. Streams are the caller's to close; a missing file is None. Raises EvidockError when reading
    fails.
    """

    is_store: bool
    """Whether a host made it: then custody, receipts and heads are expected; a card has none."""
    zone: tzinfo
    zone_name: str
    excerpt: Excerpt | None
    """What a package says of itself; None for stores and cards, which are whole. A package is a store with parts left
    out, so that nothing follows from what is absent."""

    def devices(self) -> list[bytes]:
        """Device ids (32 bytes) in a stable order."""
        ...

    def journal(self, device: bytes) -> Media | None: ...

    def private(self, device: bytes) -> Media | None: ...

    def heads(self, device: bytes) -> Media | None: ...

    def receipts(self, device: bytes) -> Media | None: ...

    def stamps(self, device: bytes) -> Iterable[tuple[str, bytes]]:
        """Time stamps over heads: (path as people read it, bytes, at most 65,537 of them), by name."""
        ...

    def custody(self) -> Media | None: ...

    def certificate(self) -> bytes | None:
        """The host's certificate: one statement."""
        ...

    def media_path(self, device: bytes, recording: int, number: int, media: int, started_ms: int | None) -> str:
        """Where the segment must lie, as people read it. Raises Malformed for numbers that no file can have."""
        ...

    def media(self, device: bytes, path: str) -> Media | None:
        """The file at a `media_path`."""
        ...

    def leaves(self, device: bytes, recording: int, number: int, path: str) -> bytes | None:
        """Leaf hashes of a segment as they were kept beside it, 32 bytes each, unchecked."""
        ...

    def checkpoints(self, device: bytes, path: str) -> Media | None:
        """CHECKPOINT statements beside the segment at `path`, while it was not closed yet."""
        ...

    def stray(self, device: bytes) -> Iterable[Lying]:
        """Every media file below the recorder's folder, and whatever else lies there and should not."""
        ...

    def foreign(self) -> Iterable[Lying]:
        """Whatever lies outside the recorders' folders and should not."""
        ...

    def media_bytes(self, device: bytes) -> int:
        """Bytes of all media files, for a progress bar; 0 when that would take long to tell."""
        ...


def open_reader(path: str | Path) -> Reader:
    """The reader for a store, a package, a card (mounted folder, or its EVIDOCK folder) or an image of a card.

    Raises NotEvidence when it is none of these.
    """
    from .card_reader import CardReader, FolderFiles
    from .fat32 import Volume
    from .package_reader import PackageReader
    from .store_reader import StoreReader

    place = Path(path)
    try:
        if place.is_dir():
            if (place / package.STATEMENT).is_file() or (place / package.SUMS).is_file():
                return PackageReader(place)
            if (place / layout.STORE_FILE).is_file() or (place / layout.RECORDERS).is_dir():
                return StoreReader(place)
            for root in (
                place / card.ROOT,
                place / card.ROOT.lower(),
                place,
            ):  # some systems mount FAT in small letters
                if root.name.upper() == card.ROOT and root.is_dir():
                    return CardReader(FolderFiles(root), "")
            raise NotEvidence("evidence_none", path=path)
        if place.is_file():
            return CardReader(Volume(open(place, "rb"), str(path)), card.ROOT + "/")
    except OSError as error:
        raise NotEvidence("evidence_unreadable", path=path, reason=error.strerror or str(error)) from error
    raise NotEvidence("evidence_not_found", path=path)


def stray_of(path: str, name: str, kind: str) -> Lying:
    """What lies at `path` under a name that no segment has."""
    return Lying(path, is_litter=kind == "file" and name.casefold() in _LITTER)


def segment_of(name: str, folder: str) -> tuple[int, int] | None:
    """(recording, number) that a file `name` in a recording's `folder` claims to be, whatever the case; None for
    another name.
    """
    if not (name.isascii() and folder.isascii()):  # other letters may become ours in upper case
        return None
    found = _SEGMENT_NAME.fullmatch(f"{folder}/{name}".upper())
    if found is None:
        return None
    recording, number = int(found[1]), int(found[2])
    return (recording, number) if recording and number else None
