"""Provenance: from the pinned organisation key over the host's certificate and custody chain to each recorder's
GENESIS.

Architecture: "Trust". What pins itself proves nothing: without a pin, and without an enrolment that leads to it, the
verdict is at best UNTRUSTED.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple, cast

from evidock import keys
from evidock.errors import WrongUsage
from evidock.report import Provenance
from evidock_protocol import codes, custody_kinds, entry, sign1, statements
from evidock_protocol.entry import ZERO_HASH
from evidock_protocol.errors import ProtocolError

from . import packaged
from .chain import Chain
from .collector import KEPT, Collector
from .entries import Entry
from .reader import Media, Reader
from .revocation import Registry
from .segment_set import SegmentSet

_FIRST = 1 << 13  # bytes of custody that hold its first entry


def parse_pins(pins: Iterable[str]) -> frozenset[bytes]:
    """Keys or fingerprints as 32 bytes each, from 64 hexadecimal digits with or without separators. Raises
    WrongUsage.
    """
    found: set[bytes] = set()
    for pin in pins:
        digits = re.sub(r"[\s:.-]", "", pin)
        if not re.fullmatch(r"[0-9a-fA-F]{64}", digits):
            raise WrongUsage("evidence_pin", pin=pin[:80])
        found.add(bytes.fromhex(digits))
    return frozenset(found)


class Enrolment(NamedTuple):
    """One ENROL entry of a custody chain, by a host that was certified for it at that time."""

    genesis: bytes
    host: bytes
    organisations: frozenset[bytes]
    """Public keys of those that certified it for that time."""


class Fallen(NamedTuple):
    """A custody HEAD (`head`, `size`) below the largest one before it (`before`, `largest`); heads by their hashes."""

    head: bytes
    size: int
    before: bytes
    largest: int


class Trust:
    """What custody and certificates say: enrolments, heads and ingests by recorder, and the organisation that
    vouches.
    """

    def __init__(self, pins: frozenset[bytes], collector: Collector):
        """`pins` are public keys or thumbprints of organisations, or ids of recorders."""
        self.pins = pins
        self.vouching: set[bytes] = set()
        """Fingerprints of pinned organisations whose recorders are here, and ids of recorders that are pinned."""
        self.host_key: bytes | None = None
        self.enrolled: dict[bytes, Enrolment] = {}
        self.heads: dict[bytes, dict[bytes, tuple[int, int]]] = {}
        """By device: statement hash of a signed head → (size, Unix milliseconds at which the host dated it)."""
        self.witnessed: dict[bytes, dict[bytes, int]] = {}
        """By device: statement hash of a head that another host gave → size."""
        self.fallen: dict[bytes, list[Fallen]] = {}
        self.registry = Registry()
        self.stamps: dict[bytes, dict[bytes, bytes]] = {}
        """By device: statement hash of a head → SHA-256 of the newest time stamp over it."""
        self.sizes: dict[bytes, int] = {}
        """By device: the largest size that custody knows."""
        self.ingested: dict[bytes, SegmentSet] = {}
        self.custody_hashes: set[bytes] = {ZERO_HASH}
        self.custody_intact = True
        self._zone = ""  # as store.json has it, unsigned
        self._certificates: list[dict[str, object]] = []
        self._enrolments: list[tuple[bytes, Enrolment]] = []
        self._largest: dict[bytes, tuple[int, bytes]] = {}
        self._collector = collector

    def read(self, reader: Reader) -> None:
        """Reads the certificate and walks the custody chain of a store."""
        if not reader.is_store:
            return
        raw = reader.certificate()
        if raw is not None:
            self._take_certificate(raw)
        self._zone = reader.zone_name
        custody = reader.custody()
        if custody is None:
            self._no_custody(reader)
            return
        try:
            self._walk(custody, reader)
        finally:
            custody.close()
        vouching = self._issuing()
        for device, enrolment in self._enrolments:
            if vouching and enrolment.organisations:
                self.enrolled[device] = enrolment

    def judge(self, device: bytes, genesis: Entry | None, line: list[bytes]) -> Provenance:
        """How far the provenance of one recorder is established; adds the finding that says why not further. `line`:
        public keys of the organisations that its journal leads to, GENESIS's first.
        """
        if device in self.pins:
            self.vouching.add(device)
            return Provenance.TRUSTED
        if not self.pins:
            self._collector.add("NO_PIN", device=device)
            return Provenance.UNPINNED
        if genesis is None:
            self._collector.add("NOT_ENROLLED", device=device, sentence="NOT_ENROLLED.no_genesis")
            return Provenance.UNTRUSTED
        pinned = [one for one in line if self._is_pinned(one)]
        if not pinned:
            claimed = genesis.octets("organisation")
            self._collector.add("FOREIGN_ORGANISATION", device=device, found=sign1.thumbprint(claimed))
            return Provenance.UNTRUSTED
        enrolment = self._enrolment(device, set(line), set(pinned))
        if enrolment is None:
            self._collector.add("NOT_ENROLLED", device=device)
            return Provenance.UNTRUSTED
        if enrolment.genesis != genesis.hash:
            self._collector.add("NOT_ENROLLED", device=device, sentence="NOT_ENROLLED.other_genesis")
            return Provenance.UNTRUSTED
        self.vouching.update(sign1.thumbprint(one) for one in pinned)
        return Provenance.TRUSTED

    def key_of(self, host: bytes) -> bytes | None:
        """The public key of a host (by its id), where its certificate is here or the store is its own."""
        known = [cast(bytes, values["host_key"]) for values in self._certificates]
        if self.host_key is not None:
            known.append(self.host_key)
        return next((key for key in known if sign1.thumbprint(key) == host), None)

    def name_of(self, host: bytes) -> str:
        """The name of a host (by its id), as a pinned organisation certified it last; empty without one."""
        found = ""
        for values in self._certificates:
            if sign1.thumbprint(cast(bytes, values["host_key"])) == host:
                found = str(values["name"]) if self._is_pinned(cast(bytes, values["organisation"])) else found
        return found

    def roles_of(self, key: bytes, organisation: bytes | None, more: list[dict[str, object]]) -> int | None:
        """The roles that certificates of an organisation (None: of any) give a host key, those of its own and `more`;
        None without any certificate of that key.
        """
        found = [values for values in (*self._certificates, *more) if values["host_key"] == key]
        if not found:
            return None
        roles = 0
        for values in found:
            if organisation in (None, values["organisation"]):
                roles |= cast(int, values["roles"])
        return roles

    def _is_pinned(self, key: bytes) -> bool:
        return key in self.pins or sign1.thumbprint(key) in self.pins

    def _take_certificate(self, raw: bytes) -> None:
        """Keeps a certificate that its organisation signed; whether that organisation is pinned is judged on use."""
        try:
            sealed, values = entry.parse_statement(raw, statements.TYP_CERTIFICATE)
        except ProtocolError as error:
            self._collector.add("MALFORMED", path="host.cert", number=0, reason=error)
            return
        organisation = cast(bytes, values["organisation"])
        if not keys.verify_statement(sealed, organisation):
            self._collector.add("BAD_SIGNATURE", path="host.cert", sentence="BAD_SIGNATURE.certificate")
            return
        self._certificates.append(values)
        self.host_key = self.host_key or cast(bytes, values["host_key"])

    def _walk(self, custody: Media, reader: Reader) -> None:
        if self.host_key is None:
            self.host_key = _first_key(custody)
            custody.seek(0)
        if self.host_key is None:
            self._collector.add("CUSTODY_BREAK", number=0, reason="GENESIS")
            return
        chain = Chain(sign1.thumbprint(self.host_key), self._collector, statements.TYP_CUSTODY)
        packaged.follow_custody(chain, reader.excerpt)
        for found in chain.walk(custody):
            self.custody_hashes.add(found.hash)
            if found.known:
                self._note(found)
        self.custody_intact = packaged.close_custody(chain, reader.excerpt, self._collector) and chain.intact
        if chain.size == 0 and chain.intact:
            self._no_custody(reader)

    def _no_custody(self, reader: Reader) -> None:
        """A host that keeps a journal keeps a custody chain; media alone may have been passed on without either."""
        self.custody_intact = False
        journals = [journal for device in reader.devices() if (journal := reader.journal(device)) is not None]
        for journal in journals:
            journal.close()
        if not journals:
            return
        self._collector.add("CUSTODY_BREAK", path="custody.cbs", sentence="CUSTODY_BREAK.missing")

    def _note(self, found: Entry) -> None:
        kind, body = found.kind, found.body
        if kind in (custody_kinds.GENESIS, custody_kinds.CERTIFICATE):
            self._take_certificate(found.octets("certificate"))
            if kind == custody_kinds.GENESIS and body["zone"] != self._zone:
                sentence = "STORE_MISMATCH.zone"
                self._collector.add("STORE_MISMATCH", sentence=sentence, expected=body["zone"], found=self._zone)
        elif kind == custody_kinds.ENROL:
            enrolment = Enrolment(found.octets("genesis"), found.device, self._certified(found.wall_ms))
            self._enrolments.append((found.octets("device"), enrolment))
        elif kind == custody_kinds.HEAD:
            self._note_head(found.octets("device"), found.octets("head"), found.number("size"), found.wall_ms)
        elif kind == custody_kinds.WITNESS:
            witnessed = self.witnessed.setdefault(found.octets("device"), {})
            witnessed[found.octets("head")] = found.number("size")
        elif kind == custody_kinds.STAMP:
            self.stamps.setdefault(found.octets("device"), {})[found.octets("head")] = found.octets("stamp")
        elif kind == custody_kinds.REGISTRY:
            self.registry.note(found)
            self._note_size(found.octets("device"), found.optional("head_size") or 0)
        elif kind == custody_kinds.INGEST:
            device = found.octets("device")
            self._note_size(device, found.number("size"))
            held = self.ingested.setdefault(device, SegmentSet())
            for recording, number, _root in cast("list[tuple[int, int, bytes]]", body["segments"]):
                held.add(recording, number)

    def _note_size(self, device: bytes, size: int) -> None:
        self.sizes[device] = max(size, self.sizes.get(device, 0))

    def _note_head(self, device: bytes, head: bytes, size: int, now_ms: int) -> None:
        self.heads.setdefault(device, {})[head] = (size, now_ms)
        self._note_size(device, size)
        largest, before = self._largest.get(device, (-1, b""))
        if size >= largest:
            self._largest[device] = (size, head)
            return
        fallen = self.fallen.setdefault(device, [])
        if len(fallen) <= KEPT:
            fallen.append(Fallen(head, size, before, largest))

    def _certified(self, now_ms: int) -> frozenset[bytes]:
        """The organisations whose certificates, so far, let this host enrol at that moment."""
        return frozenset(
            cast(bytes, values["organisation"])
            for values in self._certificates
            if values["host_key"] == self.host_key
            and cast(int, values["roles"]) & codes.ROLE_ISSUE
            and cast(int, values["not_before"]) <= now_ms <= cast(int, values["not_after"])
        )

    def _issuing(self) -> set[bytes]:
        """Pinned organisations that ever let this host enrol."""
        return {
            organisation
            for values in self._certificates
            if values["host_key"] == self.host_key and cast(int, values["roles"]) & codes.ROLE_ISSUE
            if self._is_pinned(organisation := cast(bytes, values["organisation"]))
        }

    def _enrolment(self, device: bytes, line: set[bytes], pinned: set[bytes]) -> Enrolment | None:
        """The last that counts: by a certificate of a pinned organisation, or of another of the recorder's line where
        a pinned one of that line certified the host, too.
        """
        found = None
        followed = bool(self._issuing() & pinned)
        for one, enrolment in self._enrolments:
            own = enrolment.organisations
            if one == device and (any(self._is_pinned(each) for each in own) or (followed and own & line)):
                found = enrolment
        return found


def _first_key(custody: Media) -> bytes | None:
    """The key that a custody chain's GENESIS brings, when no certificate names one."""
    raw = custody.read(_FIRST)
    try:
        first = entry.parse(raw[: sign1.end_of(raw, 0)], statements.TYP_CUSTODY)
    except ProtocolError:
        return None
    key = first.body.get("public_key")
    return key if isinstance(key, bytes) and len(key) == keys.PUBLIC else None
