"""A package as readable text: its statement, the sums of its files, and what each excerpt withholds.

Specification: "A package". Nothing is checked here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evidock import layout, package
from evidock_protocol.errors import ProtocolError

from .decoder import Unreadable

EXCERPTS = (package.EXCERPT, package.CUSTODY_RUNS)


def is_package(path: Path) -> bool:
    """Whether the folder at `path` is a package."""
    return (path / package.STATEMENT).is_file()


def files(folder: Path) -> Iterator[Path]:
    """The files of a package that say what it is, in the order in which they are read."""
    yield folder / package.STATEMENT
    yield folder / package.SUMS
    yield folder / package.CUSTODY_RUNS
    yield from sorted((folder / layout.RECORDERS).glob(f"*/{package.EXCERPT}"))


def sums(data: bytes) -> Iterator[str]:
    """SHA256SUMS."""
    try:
        for path, digest in package.read_sums(data).items():
            yield f"{digest.hex()}  {path}"
    except ProtocolError as error:
        raise Unreadable("inspect_no_item", offset=0, reason=str(error)) from None


def excerpt(data: bytes, name: str) -> Iterator[str]:
    """The recordings that are in a package, and the runs that are withheld."""
    try:
        recordings, runs = package.read_excerpt(data, name == package.EXCERPT)
    except ProtocolError as error:
        raise Unreadable("inspect_no_item", offset=0, reason=str(error)) from None
    if name == package.EXCERPT:
        yield f"recordings in this package: {', '.join(map(str, sorted(recordings))) or 'none'}"
    for run in runs.values():
        yield f"entries {run.first} to {run.first + run.length - 1} are withheld"
        for node in run.nodes:
            yield f"    subtree {node.hex()}"
