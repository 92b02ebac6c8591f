"""Reads a store, or an exported package, which has the same layout.

Specification: "The archive". Paths come from `layout` alone; `store.json` is read only for the zone in which folders
are dated.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from evidock import layout
from evidock_protocol import card

from .excerpt import Excerpt
from .plain import kind_of, open_plain, read_plain, unreadable
from .reader import Lying, Media, NotEvidence, segment_of, stray_of

_SETTINGS = 1 << 16  # bytes of store.json at most
_STATEMENT = 1 << 12  # bytes of a certificate file at most
_TOKEN = 1 << 16  # bytes of a time stamp at most
_LEAVES = 32 * ((1 << 20) + 2)  # bytes of a leaf list: a file of 4 GiB in leaves of 4 KiB

_DRAFTED = (layout.STORE_FILE, layout.HOST_KEY, layout.CERTIFICATE)
_TOP = (*_DRAFTED, *(name + ".new" for name in _DRAFTED), layout.CUSTODY, layout.CUSTODY_PRIVATE, layout.LOCK)
_SEQUENCES = (layout.CUSTODY, layout.CUSTODY_PRIVATE)
_FOLDERS = re.compile(
    rf"{layout.MEDIA}(?:/(?:undated|\d{{4}}(?:/\d\d){{2}})(?:/R\d{{7}})?|/\d{{4}}(?:/\d\d)?)?"
    rf"|{layout.LEAVES}(?:/R\d{{7}})?|{layout.STAMPS}|{layout.PARTIAL}|{layout.QUARANTINE}",
    re.ASCII,
)
_LEAF_LIST = re.compile(rf"R(\d{{7}})/S(\d{{7}})\.{card.LEAVES.lower()}(?:\.new)?", re.ASCII)
_STAMP = re.compile(r"[0-9a-f]{64}\.tst", re.ASCII)
# Half-pulled segments, and what sync refused and keeps to be looked at: neither is evidence, and neither is read.
_ASIDE = re.compile(
    rf"{layout.PARTIAL}/R\d{{7}}-S\d{{7}}\.part|{layout.QUARANTINE}/[^/]+\.bin(?:\.new)?"
    rf"|{layout.STAMPS}/{_STAMP.pattern}(?:\.new)?",
    re.ASCII,
)


class StoreReader:
    """A store at `root`."""

    is_store = True
    own_files = (layout.JOURNAL, layout.PRIVATE, layout.HEADS, layout.RECEIPTS)
    """A recorder's files."""
    top_files = _TOP

    def __init__(self, root: Path):
        """Reads the zone; everything else only when asked. Raises NotEvidence for a damaged `store.json`."""
        self.root = root
        self.excerpt: Excerpt | None = None
        self.zone: tzinfo = UTC
        self.zone_name = "UTC"
        self._read_zone()
        self._folder = ("", (b"", 0, None))

    def _read_zone(self) -> None:
        self.zone_name, self.zone = _zone(self.root / layout.STORE_FILE)

    def devices(self) -> list[bytes]:
        listed = _listed(self.root / layout.RECORDERS)
        return [bytes.fromhex(name) for name, kind in listed if kind == "folder" and _is_device(name)]

    def journal(self, device: bytes) -> Media | None:
        return self._file(device, layout.JOURNAL)

    def private(self, device: bytes) -> Media | None:
        return self._file(device, layout.PRIVATE)

    def heads(self, device: bytes) -> Media | None:
        return self._file(device, layout.HEADS)

    def receipts(self, device: bytes) -> Media | None:
        return self._file(device, layout.RECEIPTS)

    def stamps(self, device: bytes) -> Iterator[tuple[str, bytes]]:
        folder = layout.recorder(device) / layout.STAMPS
        for name, kind in _listed(self.root / folder):
            raw = read_plain(self.root / folder / name, _TOKEN) if kind == "file" and _STAMP.fullmatch(name) else None
            if raw is not None:
                yield f"{folder}/{name}", raw

    def custody(self) -> Media | None:
        return open_plain(self.root / layout.CUSTODY)

    def certificate(self) -> bytes | None:
        return read_plain(self.root / layout.CERTIFICATE, _STATEMENT)

    def media_path(self, device: bytes, recording: int, number: int, media: int, started_ms: int | None) -> str:
        key = (device, recording, started_ms)
        if self._folder[1] != key:  # dating a folder costs more than hashing a leaf: once for each recording
            whole = layout.recorder(device) / layout.segment(started_ms, self.zone, recording, number, media)
            self._folder = (str(whole.parent) + "/", key)
        return f"{self._folder[0]}{card.segment_stem(number)}.{card.extension(media).lower()}"

    def media(self, device: bytes, path: str) -> Media | None:
        return open_plain(f"{self.root}/{path}")

    def leaves(self, device: bytes, recording: int, number: int, path: str) -> bytes | None:
        return read_plain(self.root / layout.recorder(device) / layout.leaves(recording, number), _LEAVES)

    def checkpoints(self, device: bytes, path: str) -> Media | None:
        return None

    def stray(self, device: bytes) -> Iterator[Lying]:
        top = str(layout.recorder(device))
        for place, name, kind in self._walk(top):
            inner = place[len(top) + 1 :] + name  # below the recorder's folder
            first, _slash, rest = inner.partition("/")
            if kind == "folder" and _FOLDERS.fullmatch(inner):
                continue
            if kind != "file":
                yield Lying(place + name)
            elif not rest:
                if name not in self.own_files and not _is_torn_end(name, self.own_files):
                    yield stray_of(place + name, name, kind)
            elif first == layout.MEDIA and (segment := segment_of(name, place.split("/")[-2])):
                yield Lying(place + name, *segment)
            elif first == layout.LEAVES and (found := _LEAF_LIST.fullmatch(rest)):
                yield Lying(place + name, int(found[1]), int(found[2]), True)
            elif not _ASIDE.fullmatch(inner):
                yield stray_of(place + name, name, kind)

    def foreign(self) -> Iterator[Lying]:
        for name, kind in _listed(self.root):
            known = name in (*self.top_files, layout.RECORDERS) or _is_torn_end(name, _SEQUENCES)
            if kind != ("folder" if name == layout.RECORDERS else "file") or not known:
                yield stray_of(name, name, kind)
        for name, kind in _listed(self.root / layout.RECORDERS):
            if kind != "folder" or not _is_device(name):
                yield stray_of(f"{layout.RECORDERS}/{name}", name, kind)

    def _walk(self, top: str) -> Iterator[tuple[str, str, str]]:
        """(folder with a slash, name, kind) of everything below `top`, without following a link."""
        pending = [top + "/"]
        while pending:
            place = pending.pop()
            for name, kind in _listed(f"{self.root}/{place}"):
                yield place, name, kind
                if kind == "folder":
                    pending.append(f"{place}{name}/")

    def media_bytes(self, device: bytes) -> int:
        top = str(self.root / layout.recorder(device) / layout.MEDIA)
        total = 0
        for folder, _folders, names in os.walk(top):
            for name in names:
                with suppress(OSError):
                    total += os.stat(os.path.join(folder, name)).st_size
        return total

    def _file(self, device: bytes, name: str) -> Media | None:
        return open_plain(self.root / layout.recorder(device) / name)


def _listed(folder: Path | str) -> list[tuple[str, str]]:
    """(name, kind) of everything in `folder`, by name; empty when it is absent or a link."""
    try:
        if os.path.islink(folder):
            return []
        with os.scandir(folder) as found:
            return sorted((entry.name, kind_of(entry)) for entry in found)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise unreadable(folder, error) from error


def _is_torn_end(name: str, sequences: tuple[str, ...]) -> bool:
    """Whether a file holds what was cut off a sequence when the store was opened after a crash."""
    whole, mark, offset = name.partition(".torn-")
    return bool(mark) and whole in sequences and offset.isascii() and offset.isdigit()


def _is_device(name: str) -> bool:
    return len(name) == 64 and all(character in "0123456789abcdef" for character in name)


def _zone(path: Path) -> tuple[str, tzinfo]:
    """The store's zone, or UTC when it names none."""
    raw = read_plain(path, _SETTINGS)
    if raw is None:
        return "UTC", UTC
    try:
        settings = cast(object, json.loads(raw))
        name = cast("dict[str, object]", settings).get("zone", "UTC") if isinstance(settings, dict) else None
        if not isinstance(name, str):
            raise ValueError("no zone")
        return name, zone_of(name)
    except (ValueError, RecursionError) as error:
        raise NotEvidence("evidence_store_file", path=path) from error


def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name or an offset such as +08:00. Raises ValueError for anything else."""
    if name[:1] in ("+", "-"):
        offset = datetime.strptime(name, "%z").utcoffset()
        return timezone(offset or timedelta())
    try:
        return ZoneInfo(name)
    except (KeyError, OSError) as error:  # ZoneInfo looks names up as files
        raise ValueError(name) from error
