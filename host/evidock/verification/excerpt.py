"""What a package says of itself, read once: its statement, the sums of its files, and the runs that it withholds.

Specification: "A package". Nothing is judged here; what cannot be read is kept for `packaged` to name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from evidock import layout, package
from evidock.package import Run, Statement
from evidock_protocol import versions
from evidock_protocol.errors import ProtocolError

from .plain import kind_of, read_plain, unreadable

_EXCERPT = 1 << 26  # bytes of one list of runs at most


class Fault(NamedTuple):
    """A file of the package's own that cannot be read."""

    path: str
    reason: str


class Part(NamedTuple):
    """What a package has of one recorder."""

    recordings: frozenset[int]
    """Those whose media and private fields are in it."""
    runs: dict[int, Run]
    """Runs that are withheld, by their first sequence."""


class Excerpt:
    """One package at `root`. Raises Unreadable when a file that is there cannot be read."""

    def __init__(self, root: Path, devices: list[bytes]):
        """`devices` are the recorders in it."""
        self.root = root
        self.faults: list[Fault] = []
        self.statement: Statement | None = None
        self.raw_sums = read_plain(root / package.SUMS, package.MAXIMUM_SUMS) or b""
        self.sums: dict[str, bytes] = {}
        raw = read_plain(root / package.STATEMENT, versions.MAXIMUM_STATEMENT)
        try:
            self.statement = package.parse_statement(raw or b"")
        except ProtocolError as error:
            self.faults.append(Fault(package.STATEMENT, str(error)))
        try:
            self.sums = package.read_sums(self.raw_sums)
        except ProtocolError as error:
            self.faults.append(Fault(package.SUMS, str(error)))
        self.custody = self._part(package.CUSTODY_RUNS, False).runs
        self._parts = {device: self._part(f"{layout.recorder(device)}/{package.EXCERPT}", True) for device in devices}

    def part(self, device: bytes) -> Part:
        """What it has of a recorder; nothing of one that it does not name."""
        return self._parts.get(device, Part(frozenset(), {}))

    def unlisted(self) -> Iterator[str]:
        """Every plain file below the root that SHA256SUMS does not list."""
        pending = [""]
        while pending:
            folder = pending.pop()
            try:
                with os.scandir(self.root / folder) as found:
                    listed = sorted((one.name, kind_of(one)) for one in found)
            except OSError as error:
                raise unreadable(self.root / folder, error) from error
            for name, kind in listed:
                if kind == "folder":
                    pending.append(f"{folder}{name}/")
                elif kind == "file" and folder + name not in (package.STATEMENT, package.SUMS, *self.sums):
                    yield folder + name

    @property
    def interval(self) -> tuple[int | None, int | None]:
        """The interval that was asked for, in Unix milliseconds."""
        return (None, None) if self.statement is None else (self.statement.start, self.statement.end)

    def _part(self, path: str, has_recordings: bool) -> Part:
        raw = read_plain(self.root / path, _EXCERPT)
        if raw is None:
            return Part(frozenset(), {})
        try:
            return Part(*package.read_excerpt(raw, has_recordings))
        except ProtocolError as error:
            self.faults.append(Fault(path, str(error)))
            return Part(frozenset(), {})


def nodes_of(runs: dict[int, Run], first: int, count: int) -> list[bytes] | None:
    """The subtrees of exactly these entries, if they are a run that is withheld."""
    run = runs.get(first)
    return run.nodes if run is not None and run.length == count else None
