"""The organisation's key files: made, opened, changed, copied and split; and the pins of the user.

Specification: "The archive" (key files). `authority` is what the opened key signs, `sealed_file` the form of a file.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from evidock import durable, errors, keys, sealed_file
from evidock.authority import Organisation
from evidock.errors import StoreError, WrongUsage

_PINS_HEAD = "# Fingerprints of the organisation keys that this user trusts, one a line.\n"


class Successor:
    """An opened successor: its `key`, and what its file knew of the organisation when it was written."""

    def __init__(self, key: keys.SigningKey, generation: int, newest_ms: int, lineage: list[bytes]):
        self.key = key
        self.generation = generation
        self.newest_ms = newest_ms
        self.lineage = lineage

    def __repr__(self) -> str:
        return f"Successor({self.key.thumbprint.hex()[:16]}…)"


def default_path() -> Path:
    """Where the organisation key lies unless the user says otherwise."""
    return Path(platformdirs.user_config_dir("evidock", appauthor=False)) / "organisation.key"


def pins_path() -> Path:
    """The file with the fingerprints that this user trusts."""
    return Path(platformdirs.user_config_dir("evidock", appauthor=False)) / "pins.txt"


def create(path: Path, passphrase: str) -> Organisation:
    """Makes a new organisation key and its successor in `path`. Raises StoreError when the file exists."""
    if path.exists():
        raise StoreError("organisation_exists", path=path)
    made = Organisation(keys.SigningKey.generate(), keys.SigningKey.generate())
    save(path, made, passphrase)
    return made


def save(path: Path, organisation: Organisation, passphrase: str) -> None:
    """Writes the key file whole, under a fresh salt. Raises StoreError."""
    successor = organisation.successor
    secret = {
        "key": organisation.key.seed().hex(),
        "successor": None if successor is None else successor.seed().hex(),
        "successor_hash": organisation.successor_hash.hex(),
        "generation": organisation.generation,
        "newest_ms": organisation.newest_ms,
        "certificates": [raw.hex() for raw in organisation.certificates],
        "lineage": [raw.hex() for raw in organisation.lineage],
    }
    shown = {"organisation": organisation.key.public.hex(), "successor": organisation.successor_hash.hex()}
    sealed_file.write(path, sealed_file.ORGANISATION, shown, json.dumps(secret).encode(), passphrase)


def unlock(path: Path, passphrase: str) -> Organisation:
    """Opens the key in `path`. Raises WrongPassphrase, and StoreError for a file that is not an organisation key."""
    opened = sealed_file.read(path, passphrase)
    try:
        if opened.kind != sealed_file.ORGANISATION:
            raise ValueError("another kind of file")
        organisation = _first_format(opened.secret) if opened.format == 1 else _second_format(opened.secret)
        if organisation.key.public.hex() != opened.open_part["organisation"]:
            raise ValueError("what it says openly is not what it holds")
        if organisation.successor_hash.hex() != opened.open_part["successor"]:
            raise ValueError("what it says openly is not what it holds")
    except (ValueError, KeyError, TypeError):
        raise StoreError("not_an_organisation_key", path=path) from None
    return organisation


@contextmanager
def changing(path: Path, passphrase: str) -> Generator[Organisation]:
    """Opens the key for signing; what it now knows is written when the block ends well. One program at a time.

    So hand out what was signed after the block: then no generation or time is ever signed that the file does not know.
    """
    with sealed_file.held(path):
        opened = unlock(path, passphrase)
        yield opened
        save(path, opened, passphrase)


def back_up(path: Path, passphrase: str, target: Path) -> Organisation:
    """Copies the key file, once the passphrase has opened it. Raises StoreError when `target` exists,
    or its folder does not.
    """
    sealed_file.check_place(target)
    sealed_file.check_folder(target)
    opened = unlock(path, passphrase)
    sealed_file.copy(path, target)
    return opened


def change_passphrase(path: Path, old: str, new: str) -> None:
    """Seals the key under another passphrase; copies made before keep the old one."""
    with sealed_file.held(path):
        save(path, unlock(path, old), new)


def split(path: Path, passphrase: str, target: Path, own_passphrase: str) -> Organisation:
    """Moves the successor's secret into a file of its own. Copies made before still hold both."""
    if passphrase == own_passphrase:
        raise WrongUsage("same_passphrase")
    sealed_file.check_absent(target)
    sealed_file.check_place(target)
    sealed_file.check_folder(target)
    with sealed_file.held(path):
        opened = unlock(path, passphrase)
        if opened.successor is None:
            raise StoreError("already_split", path=path)
        secret = {
            "key": opened.successor.seed().hex(),
            "generation": opened.generation,
            "newest_ms": opened.newest_ms,
            "lineage": [raw.hex() for raw in opened.lineage],
        }
        shown = {"organisation": opened.key.public.hex(), "successor": opened.successor_hash.hex()}
        sealed_file.write(target, sealed_file.SUCCESSOR, shown, json.dumps(secret).encode(), own_passphrase)
        unlock_successor(target, own_passphrase)  # before the only other copy goes
        opened.successor = None
        save(path, opened, passphrase)
    return opened


def unlock_successor(path: Path, passphrase: str) -> Successor:
    """The successor from its own file, or from a key file that holds both. Raises as `unlock`."""
    opened = sealed_file.read(path, passphrase)
    if opened.kind == sealed_file.ORGANISATION:
        both = unlock(path, passphrase)
        if both.successor is None:
            raise StoreError("no_successor", path=path)
        return Successor(both.successor, both.generation, both.newest_ms, both.lineage)
    try:
        content = json.loads(opened.secret)
        key = keys.SigningKey(bytes.fromhex(content["key"]))
        lineage = [bytes.fromhex(raw) for raw in content["lineage"]]
        return Successor(key, int(content["generation"]), int(content["newest_ms"]), lineage)
    except (ValueError, KeyError, TypeError):
        raise StoreError("not_an_organisation_key", path=path) from None


def shown_successor(path: Path) -> bytes | None:
    """The successor hash that a key file says openly, without any passphrase; None for another file."""
    try:
        return bytes.fromhex(json.loads(sealed_file.read_raw(path))["successor"])
    except (ValueError, KeyError, TypeError, StoreError, RecursionError):
        return None


def _first_format(secret: bytes) -> Organisation:
    if len(secret) != 2 * keys.SEED:
        raise ValueError("not two seeds")
    return Organisation(keys.SigningKey(secret[: keys.SEED]), keys.SigningKey(secret[keys.SEED :]))


def _second_format(secret: bytes) -> Organisation:
    content = json.loads(secret)
    successor = content["successor"]
    return Organisation(
        keys.SigningKey(bytes.fromhex(content["key"])),
        None if successor is None else keys.SigningKey(bytes.fromhex(successor)),
        bytes.fromhex(content["successor_hash"]),
        int(content["generation"]),
        int(content["newest_ms"]),
        [bytes.fromhex(raw) for raw in content["certificates"]],
        [bytes.fromhex(raw) for raw in content["lineage"]],
    )


def read_pins() -> list[str]:
    """The fingerprints (64 hexadecimal digits) that this user trusts, in the order they were pinned."""
    path = pins_path()
    if not path.exists():
        return []
    with errors.at(path):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line.strip().lower() for line in lines if line.strip() and not line.startswith("#")]


def pin(fingerprint: str) -> None:
    """Adds a fingerprint to the user's pins."""
    path = pins_path()
    with errors.at(path):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A lock of its own: the folder's is held by who changes a key.
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, sealed_file.OWNER_ONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        pins = read_pins()
        if fingerprint not in pins:
            lines = "".join(line + "\n" for line in [*pins, fingerprint])
            durable.write_whole(path, (_PINS_HEAD + lines).encode(), sealed_file.OWNER_ONLY)
    finally:
        os.close(lock)
