"""From one organisation key to the next: in order, or by the successor when it is lost or stolen; and certificates.

Specification: "Certificates". Each step is durable before the next one depends on it, so that after a crash
`evidock org certify` and `evidock org order organisation` go on from there.
"""

from __future__ import annotations

from pathlib import Path

from evidock import authority, durable, organisation, sealed_file
from evidock.authority import Certificate, Organisation
from evidock.errors import StoreError, WrongUsage
from evidock.store import Store
from evidock_protocol import codes, entry, sign1, statements


def rotate(path: Path, passphrase: str, store: Store, out: Path) -> tuple[Organisation, Path]:
    """A new organisation key in `path`, the order for recorders in `out`, and the store certified by the new key.

    Returns the new organisation, and where the old key's file lies now. Raises WrongPassphrase, StoreError.
    """
    sealed_file.check_absent(out)
    now_ms = store.now_ms()
    with sealed_file.held(path):
        old = organisation.unlock(path, passphrase)
        _check_same(old, store)
        present = authority.parse_certificate(store.certificate)
        # A key file that came back from an old backup may not know the newest generation and time.
        old.generation = max(old.generation, present.generation)
        old.newest_ms = max(old.newest_ms, present.not_before)
        fresh = old.rotated(now_ms)
        certificate = _renewed(fresh, store)
        aside = _aside(path, old.key.thumbprint.hex())
        organisation.save(aside, old, passphrase)
        organisation.save(path, fresh, passphrase)
    _hand_over(fresh, certificate, store, out)
    return fresh, aside


def succeed(
    source: Path, passphrase: str, store: Store, out: Path, path: Path, generation: int = 0
) -> tuple[Organisation, Path | None]:
    """Makes the successor in `source` the organisation: its key file at `path`, under the same passphrase, then as
    `rotate`. A key file at `path` that names this successor is put aside.

    `generation`: at least this, when a thief may have raised it. Raises WrongPassphrase, StoreError.
    """
    sealed_file.check_absent(out)
    sealed_file.check_place(path)
    found = organisation.unlock_successor(source, passphrase)
    if store.organisation == found.key.public:
        raise StoreError("already_succeeded", store=store.folder)
    if authority.hash_of(found.key.public) != store.successor:
        raise StoreError("successor_other", path=source, store=store.folder)
    present = authority.parse_certificate(store.certificate)
    made = authority.succeeded(
        found.key,
        max(found.generation, present.generation, generation),
        max(found.newest_ms, present.not_before),
        [*found.lineage, *(one for one in store.custody.orders if _hands_over(one) and one not in found.lineage)],
        store.now_ms(),
    )
    certificate = _renewed(made, store)
    aside = None
    if path.exists():
        if organisation.shown_successor(path) != store.successor:
            raise StoreError("organisation_exists", path=path)
        aside = _aside(path, sign1.thumbprint(store.organisation).hex())
        durable.write_whole(aside, sealed_file.read_raw(path), sealed_file.OWNER_ONLY)
    durable.make_folders(path.absolute().parent)
    with sealed_file.held(path):
        organisation.save(path, made, passphrase)
    _hand_over(made, certificate, store, out)
    return made, aside


def certify_store(
    path: Path,
    passphrase: str,
    store: Store,
    roles: int | None = None,
    generation: int | None = None,
    years: int = authority.CERTIFICATE_YEARS,
    name: str = "",
) -> Certificate:
    """A new certificate for a store's host, taken into use. What is not given stays as it was."""
    present = authority.parse_certificate(store.certificate)
    with organisation.changing(path, passphrase) as opened:
        store.check_organisation(opened.key.public, opened.lineage)
        # A key file that came back from an old backup may not know the newest generation.
        opened.generation = max(opened.generation, present.generation)
        raw = opened.certify(
            store.host.public,
            name or present.name,
            store.now_ms(),
            present.roles if roles is None else roles,
            generation,
            years,
        )
        lineage = opened.lineage
    return store.take_certificate(raw, lineage)


def certify_key(
    path: Path,
    passphrase: str,
    host_key: bytes,
    name: str,
    now_ms: int,
    out: Path,
    roles: int = codes.ALL_ROLES,
    generation: int | None = None,
    years: int = authority.CERTIFICATE_YEARS,
) -> Certificate:
    """A certificate for a host elsewhere, in the file `out` with the orders that lead to this organisation."""
    sealed_file.check_absent(out)
    if not name:
        raise WrongUsage("no_name")
    with organisation.changing(path, passphrase) as opened:
        raw = opened.certify(host_key, name, now_ms, roles, generation, years)
        lineage = opened.lineage
    durable.write_whole(out, b"".join([raw, *lineage]))
    return authority.parse_certificate(raw)


def install(store: Store, source: Path) -> Certificate:
    """Takes a certificate into use that `certify_key` wrote elsewhere. Raises StoreError."""
    items, end = durable.split(sealed_file.read_raw(source))
    if not items or end != source.stat().st_size:
        raise StoreError("not_a_certificate")
    return store.take_certificate(items[0], items[1:])


def _check_same(opened: Organisation, store: Store) -> None:
    if opened.key.public != store.organisation:
        raise StoreError("certificate_foreign", organisation=opened.key.thumbprint.hex()[:16])


def _hands_over(order: bytes) -> bool:
    _sealed, values = entry.parse_statement(order, statements.TYP_ORDER)
    return values["operation"] == codes.OPERATION_ORGANISATION


def _renewed(opened: Organisation, store: Store) -> bytes:
    present = authority.parse_certificate(store.certificate)
    return opened.certify(store.host.public, present.name, store.now_ms(), present.roles)


def _hand_over(opened: Organisation, certificate: bytes, store: Store, out: Path) -> None:
    durable.write_whole(out, opened.lineage[-1])
    store.take_certificate(certificate, opened.lineage)
    organisation.pin(opened.key.thumbprint.hex())


def _aside(path: Path, fingerprint: str) -> Path:
    return path.with_name(f"{path.name}.before-{fingerprint[:8]}")
