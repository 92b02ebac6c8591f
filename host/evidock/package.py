"""Where things lie in a package, and the forms of its three own files: the statement, the sums, the withheld runs.

Specification: "A package". A package is laid out like a store, so that the same readers read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import NamedTuple, cast

from evidock import layout
from evidock_protocol import cbor, entry, fields, sign1, statements, withheld
from evidock_protocol.errors import Malformed

STATEMENT = "package.cose"  # the exporting host's statement
SUMS = "SHA256SUMS"  # SHA-256 of every other file, as `sha256sum -c` reads it
CUSTODY_RUNS = "custody-excerpt.cbs"  # runs of the custody chain that are withheld: a CBOR sequence
EXCERPT = "excerpt.cbs"  # beside a journal: the recordings that are in the package, then the runs that are withheld

MAXIMUM_SUMS = 1 << 26  # bytes of SHA256SUMS

_LINE = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9._/-]+)", re.ASCII)


class Statement(NamedTuple):
    """A package's statement, parsed and not yet checked. Times are Unix milliseconds."""

    sealed: sign1.Sign1
    hash: bytes
    host: bytes
    time: int
    start: int | None
    """Of the interval that was asked for, with `end`; both None: that of the recordings in the package."""
    end: int | None
    custody_size: int
    custody_root: bytes
    files: bytes
    """SHA-256 of SHA256SUMS."""


class Run(NamedTuple):
    """Entries that are withheld: `length` of them from sequence `first` on, and the roots of their subtrees."""

    first: int
    length: int
    nodes: list[bytes]


def parse_statement(raw: bytes) -> Statement:
    """Reads `package.cose`. Raises ProtocolError, with UnknownFormat for a later version's."""
    sealed, values = entry.parse_statement(raw, statements.TYP_PACKAGE)
    start, end = cast("int | None", values["from"]), cast("int | None", values["to"])
    if (start is None) is not (end is None) or (start is not None and end is not None and start >= end):
        raise Malformed("expected an interval, or none")
    return Statement(
        sealed,
        sign1.statement_hash(raw),
        cast(bytes, values["host"]),
        cast(int, values["time"]),
        start,
        end,
        cast(int, values["custody_size"]),
        cast(bytes, values["custody_root"]),
        cast(bytes, values["files"]),
    )


def write_sums(files: Mapping[str, bytes]) -> bytes:
    """SHA256SUMS of these files (path to SHA-256), in the order of their paths' bytes."""
    return "".join(f"{files[path].hex()}  {path}\n" for path in sorted(files)).encode("ascii")


def read_sums(raw: bytes) -> dict[str, bytes]:
    """Path to SHA-256, from the one accepted form of SHA256SUMS. Raises Malformed."""
    found: dict[str, bytes] = {}
    newest = ""
    for line in raw.decode("ascii", errors="replace").split("\n")[:-1]:
        match = _LINE.fullmatch(line)
        if match is None or match[2] <= newest or any(part in ("", ".", "..") for part in match[2].split("/")):
            raise Malformed(f"expected the sum of another file, found {line[:100]!r}")
        newest = match[2]
        found[newest] = bytes.fromhex(match[1])
    if raw and not raw.endswith(b"\n"):
        raise Malformed("expected a line end behind the last sum")
    return found


def write_excerpt(recordings: Iterable[int] | None, runs: Iterable[Run]) -> bytes:
    """`excerpt.cbs`: the numbers of the recordings that are in the package (None for custody), then the runs."""
    head = b"" if recordings is None else cbor.encode(sorted(recordings))
    return head + b"".join(withheld.encode_run(*run) for run in runs)


def read_excerpt(raw: bytes, has_recordings: bool) -> tuple[frozenset[int], dict[int, Run]]:
    """The recordings and the runs (by their first sequence) of an excerpt. Raises Malformed."""
    at = 0
    recordings: list[int] = []
    if has_recordings:
        listed, at = cbor.decode_at(raw, 0)
        recordings = _recordings(listed)
    runs: dict[int, Run] = {}
    following = 0
    while at < len(raw):
        item, at = cbor.decode_at(raw, at)
        run = Run(*withheld.parse_run(item))
        if run.first < following:
            raise Malformed(f"expected a run from {following} on, found {run.first}")
        following = run.first + run.length + 1  # at least one entry stands between two runs
        runs[run.first] = run
    return frozenset(recordings), runs


def is_media(path: str) -> bool:
    """Whether a file of a package is media, whose bytes the recorder's own signatures cover."""
    parts = PurePosixPath(path).parts
    return len(parts) > 3 and parts[0] == layout.RECORDERS and parts[2] == layout.MEDIA


def _recordings(item: object) -> list[int]:
    if not fields.is_list(item):
        raise Malformed("expected a list of recordings")
    numbers = [number for number in item if fields.is_uint(number)]
    if len(numbers) != len(item) or numbers != sorted(set(numbers)):
        raise Malformed("expected numbers of recordings, each once")
    return numbers
