"""Files that keep a secret under a passphrase: their form, where they may lie, and that one program at a time has them.

Specification: "The archive" (key files). Argon2id (RFC 9106) makes the key, XSalsa20-Poly1305 seals. Nothing of the
secret stands in a message, a repr, or a file that others can read.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from evidock import durable, errors, keys, layout
from evidock.errors import StoreError, WrongPassphrase

FORMAT = 2  # 1 had the two seeds of an organisation and nothing else under the passphrase
MAXIMUM_FILE = 1 << 22  # bytes of a key file: some thousands of certificates
OWNER_ONLY = 0o600

ORGANISATION = "evidock organisation key"
SUCCESSOR = "evidock successor key"


class Sealed:
    """An opened key file: its `kind`, what it says openly, and `secret`, the bytes that were under the passphrase."""

    def __init__(self, kind: str, format_: int, open_part: dict[str, str], secret: bytes):
        self.kind = kind
        self.format = format_
        self.open_part = open_part
        self.secret = secret

    def __repr__(self) -> str:
        return f"Sealed({self.kind!r})"


def write(path: Path, kind: str, open_part: dict[str, str], secret: bytes, passphrase: str) -> None:
    """Writes a key file whole, readable by its owner only. Raises StoreError, also for a place inside a store."""
    check_place(path)
    salt = keys.random_bytes(keys.SALT)
    content = {
        "kind": kind,
        "format": FORMAT,
        **open_part,
        "kdf": "argon2id",
        "salt": salt.hex(),
        "operations": keys.OPERATIONS,
        "memory": keys.MEMORY,
        "secret": keys.lock(secret, passphrase, salt, keys.OPERATIONS, keys.MEMORY).hex(),
    }
    with errors.at(path):
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, mode=0o700)
    durable.write_whole(path, (json.dumps(content, indent=1) + "\n").encode(), OWNER_ONLY)


def read(path: Path, passphrase: str) -> Sealed:
    """Opens a key file. Raises WrongPassphrase, and StoreError for a file that is none."""
    check_place(path)
    raw = read_raw(path)
    try:
        content = json.loads(raw)
        kind, format_ = content["kind"], content["format"]
        if kind not in (ORGANISATION, SUCCESSOR) or format_ not in (1, FORMAT) or content["kdf"] != "argon2id":
            raise ValueError("another kind of file")
        sealed, salt = bytes.fromhex(content["secret"]), bytes.fromhex(content["salt"])
        secret = keys.unlock(sealed, passphrase, salt, int(content["operations"]), int(content["memory"]))
        open_part = {
            name: value for name, value in cast("dict[str, object]", content).items() if isinstance(value, str)
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        raise StoreError("not_an_organisation_key", path=path) from None
    if secret is None:
        raise WrongPassphrase("wrong_passphrase", path=path)
    return Sealed(kind, format_, open_part, secret)


def read_raw(path: Path) -> bytes:
    """The bytes of a key file, of which there are not too many."""
    with errors.at(path), path.open("rb") as file:
        raw = file.read(MAXIMUM_FILE + 1)
    if len(raw) > MAXIMUM_FILE:
        raise StoreError("not_an_organisation_key", path=path)
    return raw


def copy(source: Path, target: Path) -> None:
    """Copies a key file byte for byte to where nothing is yet. Raises StoreError."""
    check_place(target)
    check_absent(target)
    durable.write_whole(target, read_raw(source), OWNER_ONLY)


def check_folder(path: Path) -> None:
    """Raises StoreError unless the folder for `path` is there: a medium that is not in must not become a folder."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise StoreError("no_folder", path=folder)


def check_absent(path: Path) -> None:
    """Raises StoreError when there is something at `path`, if only a link that leads nowhere."""
    if os.path.lexists(path):
        raise StoreError("file_exists", path=path)


def check_place(path: Path) -> None:
    """Raises StoreError for a path inside a store: whoever copies the store would have the key.

    Both the way that was named and the place that its links lead to count.
    """
    with errors.at(path):
        for way in {Path(os.path.abspath(path)), path.resolve()}:
            for folder in way.parents:
                if (folder / layout.STORE_FILE).is_file():
                    raise StoreError("organisation_inside", store=folder)


def check_apart(path: Path, folder: Path) -> None:
    """Raises StoreError when `path` lies in `folder`, which is to become a store."""
    inside = path.resolve().is_relative_to(folder.resolve())
    if inside or Path(os.path.abspath(path)).is_relative_to(os.path.abspath(folder)):
        raise StoreError("organisation_inside", store=folder)


@contextmanager
def held(path: Path) -> Generator[None]:
    """Keeps every other evidock away from the key files beside `path`. Raises StoreError when one is at work there."""
    with errors.at(path):
        handle = os.open(path.parent, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError("organisation_in_use", path=path) from None
        yield
    finally:
        os.close(handle)
