"""A store: the folder with the host's key, its custody chain and its recorders' archives; made, opened and locked here.

Specification: "The archive". `layout` knows the paths, `archive` one recorder's part, `ledger` the custody chain.
"""

from __future__ import annotations

import fcntl
import os
import re
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, tzinfo
from pathlib import Path
from types import TracebackType
from zoneinfo import ZoneInfo

from evidock import authority, durable, errors, keys, layout, store_settings
from evidock.archive import Archive
from evidock.authority import Certificate, Organisation
from evidock.durable import SequenceFile
from evidock.errors import StoreError, WrongUsage
from evidock.ledger import Ledger
from evidock_protocol import sign1
from evidock_protocol.errors import ProtocolError

_DEVICE = re.compile("[0-9a-f]{64}")


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
    """An open store, locked for this process until `close`; a context manager. Threads may share it, a recorder each.

    `folder`, `zone` (of day folders and of times without zone), `organisation` (public key, 32 bytes), `successor`
    (hash), `host` (signing key), `certificate` (statement), `custody` (ledger).
    `certificates`: what to show a recorder, newest first, one for each organisation of the lineage: a recorder that has
    not had the ORG order yet takes only the older organisation's.
    """

    def __init__(self, folder: Path, now_ms: Callable[[], int] = unix_ms):
        """Opens and locks. Raises StoreError when it is no store, damaged, or in use by another program."""
        self.folder = folder
        self.now_ms = now_ms
        settings = store_settings.read(folder)
        self._lock: int | None = _lock(folder)
        try:
            self.zone = _zone(folder, settings["zone"])
            with errors.at(folder):
                self.host = keys.SigningKey(bytes.fromhex((folder / layout.HOST_KEY).read_text().strip()))
                certificate = (folder / layout.CERTIFICATE).read_bytes()
            self.custody = Ledger(folder / layout.CUSTODY, self.host, now_ms)
            if self.custody.zone != settings["zone"]:
                raise ValueError("the custody chain has another zone")
            self._settle(certificate, settings)
            self._archives: dict[bytes, Archive] = {}
            self._gates: dict[bytes, threading.Lock] = {}  # by recorder: an archive is opened once
            self._claims: dict[bytes, str] = {}  # by recorder, the port that it is docked on
            self._guard = threading.Lock()  # of these three
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
            "format": store_settings.FORMAT,
            "zone": zone,
            "organisation": organisation.key.thumbprint.hex(),
            "successor": organisation.successor_hash.hex(),
            "host": host.thumbprint.hex(),
            "name": name,
        }
        # Last, because it is what makes the folder a store.
        store_settings.write(folder, settings)
        return cls(folder, now_ms)

    @property
    def certificates(self) -> list[bytes]:
        """Certificates of this host, newest first, the newest of each organisation."""
        found: dict[bytes, bytes] = {}
        for raw in reversed(self.custody.certificates):
            found.setdefault(authority.parse_certificate(raw).organisation, raw)
        return list(found.values())

    @property
    def organisations(self) -> list[bytes]:
        """Public keys of the organisation and of those that it took over from, newest first."""
        return [authority.parse_certificate(raw).organisation for raw in self.certificates]

    def take_certificate(self, raw: bytes, orders: Sequence[bytes] = ()) -> Certificate:
        """Takes another certificate of this host into use; `orders` lead to its organisation when that is a new one.

        Raises StoreError, with nothing changed, for one of another host or organisation, an older generation, or one
        that has expired.
        """
        try:
            fresh = authority.parse_certificate(raw)
        except ValueError:
            raise StoreError("not_a_certificate") from None
        with self.custody.lock:
            now_ms = self.now_ms()
            authority.check_clock(now_ms)
            present = authority.parse_certificate(self.certificate)
            if fresh.host_key != self.host.public:
                raise StoreError("certificate_other_host", host=self.host.thumbprint.hex(), store=self.folder)
            if fresh.generation < present.generation:
                raise StoreError("generation_falls", given=fresh.generation, present=present.generation)
            if fresh.not_after <= now_ms:
                raise StoreError("certificate_expired", shown=authority.date(fresh.not_after))
            for order in self.check_organisation(fresh.organisation, orders):
                self.custody.note_order(order)
            # The chain is what counts: opening the store writes the two files after it, when a crash came between.
            self.custody.note_certificate(raw)
            self._settle(self.certificate, store_settings.read(self.folder))
        return fresh

    def check_organisation(self, organisation: bytes, orders: Sequence[bytes] = ()) -> list[bytes]:
        """The ORG orders that lead from this store's organisation to another (public key). Raises StoreError."""
        links = _links(self.organisation, self.successor, [*self.custody.orders, *orders], organisation)
        if links is None:
            raise StoreError("certificate_foreign", organisation=sign1.thumbprint(organisation).hex()[:16])
        return links

    def _settle(self, certificate: bytes, settings: dict[str, str]) -> None:
        """Takes certificate and organisation from the custody chain, and brings the files in line with it.

        Raises ValueError when they do not fit together.
        """
        held = self.custody.certificates
        newest = authority.parse_certificate(held[-1]) if held else None
        if newest is None or newest.host_key != self.host.public or certificate not in held:
            raise ValueError("the certificate is another host's, or not in the custody chain")
        self.certificate, self.organisation = newest.raw, newest.organisation
        self.successor = bytes.fromhex(settings["successor"])
        named = bytes.fromhex(settings["organisation"])
        if named != sign1.thumbprint(newest.organisation):
            former = {sign1.thumbprint(one): one for one in map(_organisation_of, held)}
            links = _links(former[named], self.successor, self.custody.orders, newest.organisation)
            if not links:
                raise ValueError("no order leads to this organisation")
            self.successor = authority.successor_in(links[-1])
        if certificate != newest.raw:
            durable.write_whole(self.folder / layout.CERTIFICATE, newest.raw)
        if named != sign1.thumbprint(newest.organisation):
            present = {"organisation": sign1.thumbprint(newest.organisation).hex(), "successor": self.successor.hex()}
            store_settings.write(self.folder, {**store_settings.read_all(self.folder), **present})

    def devices(self) -> list[bytes]:
        """Ids of the recorders whose archives are here, sorted."""
        with errors.at(self.folder):
            names = sorted(path.name for path in (self.folder / layout.RECORDERS).iterdir())
        return [bytes.fromhex(name) for name in names if _DEVICE.fullmatch(name)]

    def archive(self, device: bytes) -> Archive:
        """The archive of one recorder, opened and checked once; empty when there is none. Raises StoreError."""
        with self._guard:
            gate = self._gates.setdefault(device, threading.Lock())
        with gate:  # reading a long journal takes seconds, and holds nobody up but who wants the same one
            archive = self._archives.get(device)
            if archive is None:
                archive = Archive(self.folder / layout.recorder(device), device, self.zone)
                self._archives[device] = archive
            return archive

    @contextmanager
    def claim(self, device: bytes, port: str) -> Generator[None]:
        """The recorder is docked on `port` of this process, alone. Raises StoreError when it is on another one, too."""
        with self._guard:
            if device in self._claims:
                raise StoreError("recorder_in_use", device=device.hex()[:16], port=self._claims[device], second=port)
            self._claims[device] = port
        try:
            yield
        finally:
            with self._guard:
                del self._claims[device]

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


def _organisation_of(certificate: bytes) -> bytes:
    return authority.parse_certificate(certificate).organisation


def _links(organisation: bytes, successor: bytes, orders: Sequence[bytes], target: bytes) -> list[bytes] | None:
    """The ORG orders that lead from one organisation to another: none when they are the same, None for no way."""
    links: list[bytes] = []
    for order in orders:
        if organisation == target:
            break
        following = authority.handed_over(organisation, successor, order)
        if following is not None:
            organisation, successor = following
            links.append(order)
    return links if organisation == target else None
