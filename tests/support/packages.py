"""Stores that can be opened for export, made of forged shifts; and packages that are signed again after a change."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from support.forge import START_MS, Host, Recorder, public, statement

from evidock import layout, package
from evidock.store import Store
from evidock_protocol import cbor, entry, sign1, statements

NOW_MS = START_MS + 100 * 24 * 3600 * 1000


def open_store(host: Host, folder: Path, *recorders: Recorder) -> Store:
    """The store of these recorders, as its own host opens it."""
    host.write(folder, *recorders)
    organisation = sign1.thumbprint(public(host.organisation_key)).hex()
    settings = {
        "kind": "evidock store",
        "format": 1,
        "zone": host.zone,
        "organisation": organisation,
        "successor": bytes(32).hex(),
        "host": host.id.hex(),
        "name": host.name,
    }
    (folder / layout.STORE_FILE).write_text(json.dumps(settings))
    (folder / layout.HOST_KEY).write_text(bytes(host.key).hex() + "\n")
    return Store(folder, lambda: NOW_MS)


def with_private(recorder: Recorder, opened: dict[int, object]) -> None:
    """The next entry of `recorder` that has private fields has these."""
    begin = recorder.add

    def add(kind: int, body: dict[str, object], given: dict[int, object] | None = None, **more: object) -> bytes:
        if not given:
            return begin(kind, body, given, **more)  # type: ignore[arg-type]
        recorder.add = begin  # type: ignore[method-assign]
        return begin(kind, body, opened, **more)  # type: ignore[arg-type]

    recorder.add = add  # type: ignore[method-assign, assignment]


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a package by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def put(folder: Path, contents: dict[str, bytes]) -> Path:
    """A package of these files."""
    for path, data in contents.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return folder


def sign_again(
    host: Host, contents: dict[str, bytes], change: Callable[[dict[int, object]], None] | None = None
) -> None:
    """The sums and the statement that the exporting host could make of these files, whatever they are."""
    sums = {
        path: hashlib.sha256(data).digest()
        for path, data in contents.items()
        if path not in (package.SUMS, package.STATEMENT)
    }
    contents[package.SUMS] = package.write_sums(sums)
    payload = cbor.decode(sign1.parse(contents[package.STATEMENT]).payload)
    assert isinstance(payload, dict)
    payload[7] = hashlib.sha256(contents[package.SUMS]).digest()
    if change is not None:
        change(payload)  # type: ignore[arg-type]
    contents[package.STATEMENT] = statement(host.key, statements.TYP_PACKAGE, cbor.encode(payload))


def journal(raw: bytes) -> list[entry.Entry]:
    """The entries of a journal file."""
    found: list[entry.Entry] = []
    at = 0
    while at < len(raw):
        end = sign1.end_of(raw, at)
        found.append(entry.parse(raw[at:end]))
        at = end
    return found
