"""Reads a store, or an exported package, which has the same layout.

Specification: "The archive". Paths come from `layout` alone; `store.json` is read only for the zone in which folders
are dated.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from evidock import layout
from evidock_protocol import card

from .reader import Media, NotEvidence, Unreadable, segment_of

_SETTINGS = 1 << 16  # bytes of store.json at most
_STATEMENT = 1 << 12  # bytes of a certificate file at most
_LEAVES = 32 * ((1 << 20) + 2)  # bytes of a leaf list: a file of 4 GiB in leaves of 4 KiB


class StoreReader:
    """A store at `root`."""

    is_store = True

    def __init__(self, root: Path):
        """Reads the zone; everything else only when asked. Raises NotEvidence for a damaged `store.json`."""
        self.root = root
        self.zone_name, self.zone = _zone(root / layout.STORE_FILE)
        self._folder = ("", (b"", 0, None))

    def devices(self) -> list[bytes]:
        try:
            names = sorted(entry.name for entry in os.scandir(self.root / layout.RECORDERS))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unreadable(self.root / layout.RECORDERS, error) from error
        return [bytes.fromhex(name) for name in names if len(name) == 64 and _is_hex(name)]

    def journal(self, device: bytes) -> Media | None:
        return self._file(device, layout.JOURNAL)

    def private(self, device: bytes) -> Media | None:
        return self._file(device, layout.PRIVATE)

    def heads(self, device: bytes) -> Media | None:
        return self._file(device, layout.HEADS)

    def receipts(self, device: bytes) -> Media | None:
        return self._file(device, layout.RECEIPTS)

    def custody(self) -> Media | None:
        return _open(self.root / layout.CUSTODY)

    def certificate(self) -> bytes | None:
        return _read(self.root / layout.CERTIFICATE, _STATEMENT)

    def media_path(self, device: bytes, recording: int, number: int, media: int, started_ms: int | None) -> str:
        key = (device, recording, started_ms)
        if self._folder[1] != key:  # dating a folder costs more than hashing a leaf: once for each recording
            whole = layout.recorder(device) / layout.segment(started_ms, self.zone, recording, number, media)
            self._folder = (str(whole.parent) + "/", key)
        return f"{self._folder[0]}{card.segment_stem(number)}.{card.extension(media).lower()}"

    def media(self, device: bytes, path: str) -> Media | None:
        return _open(f"{self.root}/{path}")

    def leaves(self, device: bytes, recording: int, number: int, path: str) -> bytes | None:
        return _read(self.root / layout.recorder(device) / layout.leaves(recording, number), _LEAVES)

    def checkpoints(self, device: bytes, path: str) -> Media | None:
        return None

    def stray(self, device: bytes) -> Iterator[tuple[str, int, int] | tuple[str, None, None]]:
        below = str(layout.recorder(device) / layout.MEDIA)
        top = os.path.join(self.root, *below.split("/"))
        for folder, folders, names in os.walk(top):
            folders.sort()
            place = (below + folder[len(top) :].replace(os.sep, "/")) + "/"
            own = os.path.basename(folder)
            for name in sorted(names):
                claimed = segment_of(name, own)
                yield (place + name, *claimed) if claimed else (place + name, None, None)

    def media_bytes(self, device: bytes) -> int:
        top = str(self.root / layout.recorder(device) / layout.MEDIA)
        total = 0
        for folder, _folders, names in os.walk(top):
            for name in names:
                with suppress(OSError):
                    total += os.stat(os.path.join(folder, name)).st_size
        return total

    def _file(self, device: bytes, name: str) -> Media | None:
        return _open(self.root / layout.recorder(device) / name)


def _open(path: Path | str) -> Media | None:
    try:
        return open(path, "rb", buffering=0)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(path, error) from error


def _read(path: Path, limit: int) -> bytes | None:
    """A small file's bytes, `limit` + 1 of them when it is longer than allowed."""
    file = _open(path)
    if file is None:
        return None
    try:
        return file.read(limit + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    finally:
        file.close()


def _unreadable(path: Path | str, error: OSError) -> Unreadable:
    return Unreadable("evidence_unreadable", path=path, reason=error.strerror or str(error))


def _is_hex(name: str) -> bool:
    return all(character in "0123456789abcdef" for character in name)


def _zone(path: Path) -> tuple[str, tzinfo]:
    """The store's zone, or UTC when it names none."""
    raw = _read(path, _SETTINGS)
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
