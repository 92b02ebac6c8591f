"""Has an authority stamp a recorder's newest head (RFC 3161), over the network or by files, and keeps the stamp.

Specification: "The archive" (time stamps). A stamp is durable before the custody chain names it.
"""

from __future__ import annotations

import threading
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import NamedTuple

from evidock import durable, errors, layout, timestamps
from evidock.archive import Archive
from evidock.chain import Head
from evidock.errors import EvidockError, StoreError, WrongUsage
from evidock.store import Store
from evidock.timestamps import BadStamp, Roots, Token
from evidock.words import Json, iso

PATIENCE = 30.0  # seconds for an authority's whole answer

_HEADERS = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}


class Stamped(NamedTuple):
    """A head, and the time at which it existed at the latest."""

    device: str
    """Device id in hexadecimal."""
    size: int
    """Entries under the head."""
    head: str
    """The head's statement hash in hexadecimal."""
    latest: float
    """Unix seconds."""
    authority: str
    checked: bool
    """Whether the signature was followed to certificates that the caller gave."""
    fresh: bool
    """False when the head had this stamp, or an earlier one, before."""

    def to_json(self) -> Json:
        """The same as a JSON object."""
        return {**self._asdict(), "latest": iso(self.latest)}


def newest_head(archive: Archive) -> Head:
    """The head that covers most of the journal, and that the journal bears out. Raises StoreError without one."""
    chain = archive.chain
    for head in sorted(archive.heads, key=lambda one: one.size, reverse=True):
        if head.size <= chain.size and head.is_signed_in(chain) and (head.size < chain.size or head.describes(chain)):
            return head
    raise StoreError("stamp_no_head", device=archive.device.hex()[:16])


def stamp(store: Store, device: bytes, authority: str, roots: Roots | None, patience: float = PATIENCE) -> Stamped:
    """Asks the authority at a URL to stamp a recorder's newest head, and keeps the stamp; asks nobody when it has one.

    `patience` in seconds is for the whole answer. Raises EvidockError.
    """
    archive = store.archive(device)
    head = newest_head(archive)
    held = _held(store, archive, head, roots)
    if held is not None:
        return held
    query = timestamps.query(head.raw)
    token = timestamps.take_response(ask(authority, query.raw, patience))
    read = timestamps.read_token(token)
    if read.nonce != query.nonce:
        raise BadStamp("stamp_nonce")
    if read.imprint != head.hash:
        raise BadStamp("stamp_other_head")
    return _keep(store, archive, head, token, roots)


def write_query(store: Store, device: bytes, path: Path) -> Head:
    """Writes the query for a recorder's newest head to a file, for an authority that this machine cannot reach."""
    head = newest_head(store.archive(device))
    query = timestamps.query(head.raw)
    durable.write_whole(path, query.raw)
    return head


def take_response(store: Store, devices: list[bytes], path: Path, roots: Roots | None) -> Stamped:
    """Takes an authority's answer from a file, for whichever head of `devices` it stamps.

    The query's nonce is not asked for: an older answer for the same head only proves more.
    """
    with errors.at(path), open(path, "rb") as file:
        token = timestamps.take_response(file.read(timestamps.LIMIT + 1))
    imprint = timestamps.read_token(token).imprint
    for device in devices:
        archive = store.archive(device)
        for head in archive.heads:
            if head.hash == imprint and head.is_signed_in(archive.chain):
                return _held(store, archive, head, roots) or _keep(store, archive, head, token, roots)
    raise BadStamp("stamp_other_head")


def ask(url: str, query: bytes, patience: float = PATIENCE) -> bytes:
    """Posts a query (RFC 3161, 3.4); returns the answer's bytes, at most LIMIT + 1. Follows no redirection.

    Raises EvidockError; `patience` in seconds bounds all of it, however slowly the bytes come.
    """
    host = _host_of(url)
    found: list[bytes] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            request = urllib.request.Request(url, query, _HEADERS, method="POST")
            with _opener().open(request, timeout=patience) as answer:
                found.append(answer.read(timestamps.LIMIT + 1))
        except Exception as error:
            failed.append(error)

    # A socket's own limit counts from byte to byte, so a trickle would never end.
    worker = threading.Thread(target=run, daemon=True)
    worker.start()
    worker.join(patience)
    if found:
        return found[0]
    if not failed:
        raise EvidockError("stamp_slow", host=host, seconds=round(patience))
    if isinstance(failed[0], urllib.error.HTTPError):
        raise EvidockError("stamp_status", host=host, status=failed[0].code)
    raise EvidockError("stamp_unreachable", host=host, reason=_reason(failed[0]))


def _host_of(url: str) -> str:
    """The host that a URL names; what else stands in it may be a secret. Raises WrongUsage."""
    try:
        parts = urllib.parse.urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise WrongUsage("stamp_url") from None
    if parts.scheme not in ("http", "https") or not host or not url.isprintable() or " " in url:
        raise WrongUsage("stamp_url")
    return host


def _opener() -> urllib.request.OpenerDirector:
    """HTTP and HTTPS by the system's proxies and certificates; no files, no redirections."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _reason(error: Exception) -> str:
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    text = str(getattr(inner, "strerror", None) or inner or type(error).__name__)
    return "".join(one if one.isprintable() else " " for one in text)[:120]


def _held(store: Store, archive: Archive, head: Head, roots: Roots | None) -> Stamped | None:
    """The stamp that the head has, unless it is damaged or does not lead to `roots`: then a new one may replace it."""
    path = archive.folder / layout.stamp(head.hash)
    try:
        with errors.at(path), open(path, "rb") as file:
            raw = file.read(timestamps.LIMIT + 1)
        token = timestamps.read_token(raw) if roots is None else timestamps.check(raw, roots)
    except EvidockError:
        return None
    if token.imprint != head.hash:
        return None
    store.custody.note_stamp(archive.device, head.hash, timestamps.digest(raw))  # if an interrupted run did not
    return _stamped(archive, head, token, roots, fresh=False)


def _keep(store: Store, archive: Archive, head: Head, token: bytes, roots: Roots | None) -> Stamped:
    read = timestamps.read_token(token) if roots is None else timestamps.check(token, roots)
    durable.write_whole(archive.folder / layout.stamp(head.hash), token)
    store.custody.note_stamp(archive.device, head.hash, timestamps.digest(token))
    return _stamped(archive, head, read, roots, fresh=True)


def _stamped(archive: Archive, head: Head, token: Token, roots: Roots | None, fresh: bool) -> Stamped:
    return Stamped(
        archive.device.hex(), head.size, head.hash.hex(), token.latest, token.authority, roots is not None, fresh
    )
