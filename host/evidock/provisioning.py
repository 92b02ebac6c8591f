"""Enrols a recorder: a blank one gets its organisation and signs GENESIS; one of this organisation enters the registry.

Specification: "Session" (PROVISION). Interrupted anywhere, the same call goes on: GENESIS is fetched if it was lost.
"""

from __future__ import annotations

from typing import cast

from evidock import authority, proving, registry
from evidock.chain import Chain
from evidock.client import Recorder
from evidock.client.connection import Connection, Values
from evidock.client.journal import fetch_entries
from evidock.client.session import open_session
from evidock.errors import BadEvidence, Misbehaving, Refused, WrongUsage
from evidock.store import Store
from evidock_protocol import codes, messages, versions
from evidock_protocol.entry import Entry

PROVISION_SECONDS = 90.0  # a key is born, flash is erased, GENESIS is signed


def provision(recorder: Recorder, store: Store | None = None, serial: str = "", asset: str = "") -> Entry:
    """Enrols `recorder` in `store` (by default the one it was connected with); returns its verified GENESIS.

    `serial` and `asset` (at most 64 bytes of UTF-8 each) are for a blank recorder, or one that the organisation's RESET
    has opened: that becomes another recorder, and the old one is retired in the registry. Calling again is harmless.
    Raises EvidockError: Refused (also `provisioned_already`, for other numbers than its own), BadEvidence for another
    organisation's recorder, LineLost, StoreError.
    """
    store = store if store is not None else recorder.store
    if store is None:
        raise WrongUsage("no_store")
    for name, text in (("serial", serial), ("asset", asset)):
        if len(text.encode()) > versions.MAXIMUM_TEXT:
            raise WrongUsage("text_too_long", name=name, limit=versions.MAXIMUM_TEXT)
    authority.check_clock(store.now_ms())
    device = recorder.device
    if recorder.hello["state"] == codes.RECORDER_RESET and device is not None:
        _keep_old(recorder, store, device)
        recorder.hello = recorder.connection.hello()  # which ends that session: PROVISION is none of a session's
        former, device = device, None
    else:
        former = None
    if device is None:
        registry.demand_free(store, serial, asset, former)
        try:
            raw = _provision(recorder, store, serial, asset)
        except Refused as refused:
            if refused.code != messages.ALREADY_PROVISIONED or former is not None:
                raise
            raw = None  # an earlier request was carried out and its answer lost
        recorder.hello = recorder.connection.hello()
        device = recorder.device
        if device is None or device == former:
            raise Misbehaving("still_blank", port=recorder.port)
    else:
        raw = None
    archive = store.archive(device)
    if archive.chain.genesis is None:
        entries = [raw if raw is not None else _fetch_genesis(recorder.connection, store, device)]
        _check(entries[0], device, store, fresh=raw is not None)
        try:
            archive.extend(entries)
        except BaseException:
            store.forget(device)  # what is in memory may be more than what is on disk
            raise
    genesis = cast(Entry, archive.chain.genesis)
    _check_numbers(genesis, serial, asset)
    store.custody.enrol(genesis)
    if former is not None:
        registry.retire(store, former)
    return genesis


def _keep_old(recorder: Recorder, store: Store, device: bytes) -> None:
    """Brings here what the recorder signed up to its RESET: provisioning erases it."""
    if device not in store.custody.enrolled:
        return
    archive = store.archive(device)
    try:
        session = open_session(recorder.connection, store, device)
        proving.take_head(recorder.connection, session, store, archive, proving.ignore)
    except BaseException:
        store.forget(device)  # what is in memory may be more than what is on disk
        raise


def _check_numbers(genesis: Entry, serial: str, asset: str) -> None:
    """Raises Refused when a recorder that is provisioned is asked to take other numbers than it signed."""
    for name, given in (("serial", serial), ("asset", asset)):
        if given and given != genesis.body[name]:
            device = genesis.device.hex()
            raise Refused("provisioned_already", messages.ALREADY_PROVISIONED, device=device, name=name, given=given)


def _provision(recorder: Recorder, store: Store, serial: str, asset: str) -> bytes:
    asked: Values = {
        "organisation": store.organisation,
        "successor": store.successor,
        "serial": serial,
        "asset": asset,
        "certificate": store.certificate,
        "time": None if recorder.simulated else store.now_ms(),
    }
    return cast(bytes, recorder.connection.request(messages.PROVISION, asked, PROVISION_SECONDS, 1)["genesis"])


def _fetch_genesis(connection: Connection, store: Store, device: bytes) -> bytes:
    """GENESIS of a recorder that was provisioned before, through a session, which it allows its organisation only."""
    open_session(connection, store, device)
    return fetch_entries(connection, 0)[0]


def _check(raw: bytes, device: bytes, store: Store, fresh: bool) -> None:
    """Raises BadEvidence unless `raw` is GENESIS of `device` for this organisation, and for this host when `fresh`."""
    genesis = Chain(device).accept(raw)
    organisation = genesis.body["organisation"]
    # A recorder that was provisioned before may have begun with an organisation that this one took over from.
    former = not fresh and organisation in store.organisations[1:]
    if not former and (organisation != store.organisation or genesis.body["successor"] != store.successor):
        raise BadEvidence("other_organisation", device=device.hex()[:16])
    if fresh and genesis.body["host"] != store.host.thumbprint:
        raise BadEvidence("other_host", device=device.hex()[:16])
