"""Reads a package: a store's layout with parts left out, and with files that say what is left out.

Specification: "A package". The zone is the one that custody's GENESIS signs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import cast

from evidock import layout, package
from evidock_protocol import entry, sign1, statements
from evidock_protocol.errors import ProtocolError

from .excerpt import Excerpt
from .plain import read_plain
from .reader import Lying, Media, stray_of
from .store_reader import StoreReader, zone_of

_FIRST = 1 << 13  # bytes of custody that hold its first entry
_TOP = (package.STATEMENT, package.SUMS, package.CUSTODY_RUNS, layout.CERTIFICATE, layout.CUSTODY)


class PackageReader(StoreReader):
    """A package at `root`."""

    own_files = (layout.JOURNAL, layout.PRIVATE, layout.HEADS, package.EXCERPT)
    top_files = _TOP

    def __init__(self, root: Path):
        """Reads what the package says of itself, and its zone."""
        super().__init__(root)
        self._package = Excerpt(root, self.devices())
        self.excerpt: Excerpt | None = self._package

    def receipts(self, device: bytes) -> Media | None:
        return None

    def foreign(self) -> Iterator[Lying]:
        named: set[str] = set()
        for lying in super().foreign():
            named.add(lying.path)
            yield lying
        for device in self.devices():  # what `stray` names is not named twice
            named.update(lying.path for lying in self.stray(device) if lying.recording is None)
        for path in self._package.unlisted():
            if path not in named:
                yield stray_of(path, path.rpartition("/")[2], "file")

    def _read_zone(self) -> None:
        raw = read_plain(self.root / layout.CUSTODY, _FIRST) or b""
        self.zone_name, self.zone = "UTC", UTC
        try:
            first = entry.parse(raw[: sign1.end_of(raw, 0)], statements.TYP_CUSTODY)
            name = cast(str, first.body.get("zone", "UTC"))
            self.zone_name, self.zone = name, zone_of(name)
        except (ProtocolError, ValueError):
            self.zone_name, self.zone = "UTC", UTC
