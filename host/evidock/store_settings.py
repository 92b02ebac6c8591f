"""The settings of a store: the file that makes a folder a store, and says whose it is without proving it.

Specification: "The archive" (store.json).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from evidock import durable, errors, layout
from evidock.errors import StoreError

FORMAT = 1


def read_all(folder: Path) -> dict[str, object]:
    """Every member. Raises StoreError for a folder that is no store, and for one of another format."""
    path = folder / layout.STORE_FILE
    if not path.is_file():
        raise StoreError("not_a_store", path=folder)
    with errors.at(path):
        raw = path.read_bytes()
    try:
        settings = json.loads(raw)
        if settings["kind"] != "evidock store":
            raise ValueError
        if settings["format"] != FORMAT:
            raise StoreError("store_format", path=folder, format=settings["format"])
        return dict(settings)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise StoreError("store_damaged", path=folder) from None


def read(folder: Path) -> dict[str, str]:
    """`zone`, and `organisation`, `successor` and `host` in hexadecimal, unsigned. Raises as `read_all`."""
    settings = read_all(folder)
    try:
        return {name: str(settings[name]) for name in ("zone", "organisation", "successor", "host")}
    except KeyError:
        raise StoreError("store_damaged", path=folder) from None


def write(folder: Path, settings: Mapping[str, object]) -> None:
    """Writes them whole or not at all: with them the folder is a store."""
    durable.write_whole(folder / layout.STORE_FILE, (json.dumps(settings, indent=1) + "\n").encode())
