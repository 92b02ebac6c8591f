"""A store: the folder with the host's key, its custody chain and its recorders' archives; made, opened and locked here.

Specification: "The archive". `layout` knows the paths, `archive` one recorder's part, `ledger` the custody chain.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, tzinfo
from pathlib import Path
from types import TracebackType
from zoneinfo import ZoneInfo

from evidock import durable, errors, keys, layout
from evidock.archive import Archive
from evidock.durable import SequenceFile
from evidock.errors import StoreError, WrongUsage
from evidock.ledger import Ledger
from evidock.organisation import Organisation
from evidock_protocol import entry, statements
from evidock_protocol.errors import ProtocolError

FORMAT = 1


def unix_ms() -> int:
    """The host's clock: Unix milliseconds."""
    return time.time_ns() // 1_000_000


def local_zone() -> str:
    """The name of this machine's time zone in the tz database, "UTC" when it cannot be told."""
    name = os.environ.get("TZ", "").removeprefix(":")
    if not name:
        parts = os.path.realpath("/etc/localtime").split("/zoneinfo/")
        name = parts[1] if len(parts) == 2 else "UTC"
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return "UTC"
    return name


class Store:
    """An open store, locked for this process until `close`; a context manager.

    `folder`, `zone` (of day folders and of times without zone), `organisation` (public key, 32 bytes), `successor`
    (hash), `host` (signing key), `certificate` (statement), `custody` (ledger).
    """

    def __init__(self, folder: Path, now_ms: Callable[[], int] = unix_ms):
        """Opens and locks. Raises StoreError when it is no store, damaged, or in use by another program."""
        self.folder = folder
        self.now_ms = now_ms
        settings = _settings(folder)
        self._lock: int | None = _lock(folder)
        try:
            self.zone = _zone(folder, settings["zone"])
            self.successor = bytes.fromhex(settings["successor"])
            with errors.at(folder):
                self.host = keys.SigningKey(bytes.fromhex((folder / layout.HOST_KEY).read_text().strip()))
                self.certificate = (folder / layout.CERTIFICATE).read_bytes()
            self.organisation = _certified_by(self.certificate, self.host.public, settings["organisation"])
            self.custody = Ledger(folder / layout.CUSTODY, self.host, now_ms)
            if self.custody.zone != settings["zone"]:
                raise ValueError("the custody chain has another zone")
            self._archives: dict[bytes, Archive] = {}
        except (ValueError, KeyError, ProtocolError):
            self.close()
            raise StoreError("store_damaged", path=folder) from None
        except BaseException:
            self.close()
            raise

    @classmethod
    def create(
        cls, folder: Path, organisation: Organisation, name: str, zone: str = "", now_ms: Callable[[], int] = unix_ms
    ) -> Store:
        """Makes a store with a new host key, certified by `organisation` under `name`.

        The folder may be absent, empty, or half made by an interrupted earlier call. Raises StoreError otherwise.
        """
        check_place(folder)
        with errors.at(folder):
            durable.make_folders(folder.absolute())
        host = keys.SigningKey.generate()
        certificate = organisation.certify(host.public, name, now_ms())
        # What an interrupted call left was never used by anyone, and its custody chain belongs to another key.
        (folder / layout.CUSTODY).unlink(missing_ok=True)
        durable.write_whole(folder / layout.HOST_KEY, (host.seed().hex() + "\n").encode(), 0o600)
        durable.write_whole(folder / layout.CERTIFICATE, certificate)
        ledger = Ledger(folder / layout.CUSTODY, host, now_ms)
        zone = zone or local_zone()
        ledger.begin(organisation.key.public, certificate, name, zone)
        with errors.at(folder):
            durable.make_folders((folder / layout.RECORDERS).absolute())
        settings = {
            "kind": "evidock store",
            "format": FORMAT,
            "zone": zone,
            "organisation": organisation.key.thumbprint.hex(),
            "successor": organisation.successor_hash.hex(),
            "host": host.thumbprint.hex(),
            "name": name,
        }
        # Last, because it is what makes the folder a store.
        durable.write_whole(folder / layout.STORE_FILE, (json.dumps(settings, indent=1) + "\n").encode())
        return cls(folder, now_ms)

    def devices(self) -> list[bytes]:
        """Ids of the recorders whose archives are here, sorted."""
        with errors.at(self.folder):
            names = sorted(path.name for path in (self.folder / layout.RECORDERS).iterdir())
        return [bytes.fromhex(name) for name in names if len(name) == 64]

    def archive(self, device: bytes) -> Archive:
        """The archive of one recorder, opened and checked once; empty when there is none. Raises StoreError."""
        if device not in self._archives:
            self._archives[device] = Archive(self.folder / layout.recorder(device), device, self.zone)
        return self._archives[device]

    def forget(self, device: bytes) -> None:
        """Drops what is in memory of an archive, after an error: what is on disk counts."""
        self._archives.pop(device, None)

    def close(self) -> None:
        """Lets go of the lock. May be called twice."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check_place(folder: Path) -> None:
    """Raises StoreError unless a store may be made in `folder`."""
    if (folder / layout.STORE_FILE).exists():
        raise StoreError("already_a_store", path=folder)
    if folder.exists() and not folder.is_dir():
        raise StoreError("not_a_folder", path=folder)
    own = {layout.HOST_KEY, layout.CERTIFICATE, layout.CUSTODY, layout.LOCK, layout.RECORDERS}
    with errors.at(folder):
        names = {path.name.removesuffix(".new") for path in folder.iterdir()} if folder.exists() else set[str]()
        recorders = folder / layout.RECORDERS
        used = recorders.is_dir() and any(recorders.iterdir())
        if names - own or used or len(SequenceFile(folder / layout.CUSTODY).items) > 1:
            raise StoreError("folder_not_empty", path=folder)


def check_zone(name: str) -> None:
    """Raises WrongUsage for a time zone that this system does not know."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise WrongUsage("unknown_zone", zone=name) from None


def _settings(folder: Path) -> dict[str, str]:
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
        return {name: str(settings[name]) for name in ("zone", "organisation", "successor", "host")}
    except (ValueError, KeyError, TypeError):
        raise StoreError("store_damaged", path=folder) from None


def _zone(folder: Path, name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise StoreError("store_zone", path=folder, zone=name) from None


def _lock(folder: Path) -> int:
    with errors.at(folder):
        handle = os.open(folder / layout.LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise StoreError("store_in_use", path=folder) from None
    return handle


def _certified_by(certificate: bytes, host_key: bytes, fingerprint: str) -> bytes:
    """The organisation's public key, when its certificate names this host key; raises ValueError or ProtocolError."""
    sealed, values = entry.parse_statement(certificate, statements.TYP_CERTIFICATE)
    organisation = values["organisation"]
    assert isinstance(organisation, bytes)
    if values["host_key"] != host_key or sealed.key_id.hex() != fingerprint:
        raise ValueError("the certificate is another host's")
    if not keys.verify_statement(sealed, organisation):
        raise ValueError("the certificate's signature is wrong")
    return organisation
