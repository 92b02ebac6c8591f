"""The organisation's key: its file under a passphrase, the certificates it gives to hosts, and the user's pins.

Specification: "Certificates". The file also holds the successor key, to whose hash recorders are bound.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import platformdirs

from evidock import durable, errors, keys
from evidock.errors import StoreError, WrongPassphrase
from evidock_protocol import codes, entry, statements

YEAR_MS = 31_556_952_000  # mean Gregorian year
CERTIFICATE_YEARS = 5
MAXIMUM_FILE = 65536  # bytes of a key file
_KIND = "evidock organisation key"
_PINS_HEAD = "# Fingerprints of the organisation keys that this user trusts, one a line.\n"


class Organisation(NamedTuple):
    """An unlocked organisation key and its successor. A named pair whose members show no secret."""

    key: keys.SigningKey
    successor: keys.SigningKey

    @property
    def successor_hash(self) -> bytes:
        """SHA-256 of the successor's public key, as GENESIS holds it."""
        return hashlib.sha256(self.successor.public).digest()

    def certify(self, host_key: bytes, name: str, now_ms: int) -> bytes:
        """The certificate of a host's public key: every role, generation 1, five years from `now_ms` (Unix ms)."""
        values: dict[str, object] = {
            "organisation": self.key.public,
            "host_key": host_key,
            "roles": codes.ALL_ROLES,
            "generation": 1,
            "not_before": now_ms,
            "not_after": now_ms + CERTIFICATE_YEARS * YEAR_MS,
            "name": name,
        }
        typ = statements.TYP_CERTIFICATE
        return self.key.statement(typ, entry.encode_statement(typ, values))


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
    organisation = Organisation(keys.SigningKey.generate(), keys.SigningKey.generate())
    salt = keys.random_bytes(keys.SALT)
    secret = organisation.key.seed() + organisation.successor.seed()
    content = {
        "kind": _KIND,
        "format": 1,
        "organisation": organisation.key.public.hex(),
        "successor": organisation.successor_hash.hex(),
        "kdf": "argon2id",
        "salt": salt.hex(),
        "operations": keys.OPERATIONS,
        "memory": keys.MEMORY,
        "secret": keys.lock(secret, passphrase, salt, keys.OPERATIONS, keys.MEMORY).hex(),
    }
    with errors.at(path):
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, mode=0o700)
    durable.write_whole(path, (json.dumps(content, indent=1) + "\n").encode(), 0o600)
    return organisation


def unlock(path: Path, passphrase: str) -> Organisation:
    """Opens the key in `path`. Raises WrongPassphrase, and StoreError for a file that is not an organisation key."""
    with errors.at(path), path.open("rb") as file:
        raw = file.read(MAXIMUM_FILE + 1)
    try:
        content = json.loads(raw)
        if content["kind"] != _KIND or content["format"] != 1 or content["kdf"] != "argon2id":
            raise ValueError("another kind of file")
        sealed, salt = bytes.fromhex(content["secret"]), bytes.fromhex(content["salt"])
        secret = keys.unlock(sealed, passphrase, salt, int(content["operations"]), int(content["memory"]))
        public = bytes.fromhex(content["organisation"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StoreError("not_an_organisation_key", path=path) from None
    if secret is None:
        raise WrongPassphrase("wrong_passphrase", path=path)
    if len(secret) != 2 * keys.SEED:
        raise StoreError("not_an_organisation_key", path=path)
    organisation = Organisation(keys.SigningKey(secret[: keys.SEED]), keys.SigningKey(secret[keys.SEED :]))
    if organisation.key.public != public:
        raise StoreError("not_an_organisation_key", path=path)
    return organisation


def read_pins() -> list[str]:
    """The fingerprints (64 hexadecimal digits) that this user trusts, in the order they were pinned."""
    path = pins_path()
    if not path.exists():
        return []
    with errors.at(path):
        lines = path.read_text(encoding="utf-8").splitlines()
    return [line.strip().lower() for line in lines if line.strip() and not line.startswith("#")]


def pin(fingerprint: str) -> None:
    """Adds a fingerprint to the user's pins."""
    pins = read_pins()
    if fingerprint in pins:
        return
    with errors.at(pins_path()):
        pins_path().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lines = "".join(line + "\n" for line in [*pins, fingerprint])
    durable.write_whole(pins_path(), (_PINS_HEAD + lines).encode(), 0o600)
