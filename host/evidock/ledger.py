"""The custody chain: what this host did with evidence, in entries of the recorder's own format, signed by the host key.

Specification: "Custody kinds". Epoch 0, boot 0, ticks 0; the wall clock is the host's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, cast

from evidock import authority, keys, layout
from evidock.durable import SequenceFile
from evidock.errors import StoreError
from evidock.locking import locked
from evidock_protocol import cbor, codes, custody_kinds, entry, kinds, private, sign1, statements
from evidock_protocol.errors import ProtocolError

Segment = tuple[int, int, bytes]  # recording, number, root


class Registration(NamedTuple):
    """The newest REGISTRY entry of a recorder, and when it was made (Unix ms)."""

    state: int
    head_size: int | None
    head_hash: bytes | None
    unit: bytes | None
    changed_ms: int


class Ledger:
    """The custody chain of one store, checked when opened and appended to durably.

    Dockings side by side share it: `lock` is held while an entry is made, and by who decides on what is in it.
    """

    def __init__(self, path: Path, key: keys.SigningKey, now_ms: Callable[[], int]):
        """Opens the chain; raises StoreError when an entry of it does not hold. `now_ms` gives Unix milliseconds."""
        self._file = SequenceFile(path)
        self._private = SequenceFile(path.with_name(layout.CUSTODY_PRIVATE), layout.PRIVATE_MODE)
        self.lock = threading.RLock()
        self._key = key
        self._now_ms = now_ms
        self.size = 0
        self.zone = ""  # time zone of the store, as GENESIS sealed it
        self.newest = entry.ZERO_HASH
        self.ingested: set[tuple[bytes, int, int, bytes]] = set()  # device, recording, number, root
        self.hashes: set[bytes] = set()  # of all entries: what a recorder may have noted as this host's custody head
        self.heads: set[bytes] = set()  # statement hashes of the heads that the chain names, by HEAD or WITNESS
        self.witnessed: set[bytes] = set()  # those of them that another host gave
        self.enrolled: set[bytes] = set()
        self.enrolments: dict[bytes, entry.Entry] = {}  # ENROL by device
        self.registered: dict[bytes, Registration] = {}  # newest REGISTRY by device
        self.certificates: list[bytes] = []  # as they were taken into use
        self.orders: list[bytes] = []
        self.stamps: dict[bytes, bytes] = {}  # SHA-256 of the newest token, by the head's statement hash
        self._promised: dict[int, bytes] = {}  # commitment to a unit, by the sequence of its REGISTRY
        for raw in self._file.items:
            self._check(raw)
        self._openings = self._read_openings()

    @locked
    def begin(self, organisation: bytes, certificate: bytes, name: str, zone: str) -> None:
        """GENESIS of the chain, unless it is there."""
        if self.size == 0:
            body: dict[str, object] = {"public_key": self._key.public, "organisation": organisation}
            self.add(custody_kinds.GENESIS, {**body, "certificate": certificate, "name": name, "zone": zone})

    @locked
    def enrol(self, genesis: entry.Entry) -> None:
        """ENROL of a recorder by its verified GENESIS, unless it is enrolled."""
        if genesis.device in self.enrolled:
            return
        values: dict[str, object] = {"device": genesis.device, "genesis": genesis.hash}
        for name in ("model", "serial", "asset", "protection"):
            values[name] = genesis.body[name]
        self.add(custody_kinds.ENROL, values)

    @locked
    def note_head(self, device: bytes, size: int, newest: bytes, root: bytes, statement: bytes) -> None:
        """HEAD: a signed head that lies in the archive, by its statement hash; once each."""
        if statement not in self.heads:
            self.add(
                custody_kinds.HEAD, {"device": device, "size": size, "newest": newest, "root": root, "head": statement}
            )

    @locked
    def witness(self, device: bytes, size: int, newest: bytes, root: bytes, statement: bytes, host: bytes) -> None:
        """WITNESS: a signed head that another host (its id) gave, and that lies in the archive now; once each."""
        if statement not in self.heads:
            body: dict[str, object] = {"device": device, "size": size, "newest": newest, "root": root}
            self.add(custody_kinds.WITNESS, {**body, "head": statement, "host": host})

    @locked
    def note_stamp(self, device: bytes, head: bytes, stamp: bytes) -> None:
        """STAMP: a time stamp (its SHA-256) over a head (its statement hash), unless the newest one is that."""
        if self.stamps.get(head) != stamp:
            self.add(custody_kinds.STAMP, {"device": device, "head": head, "stamp": stamp})

    @locked
    def note_order(self, order: bytes) -> None:
        """ORDER: an order of the organisation that this host carries; once each."""
        if order not in self.orders:
            self.add(custody_kinds.ORDER, {"order": order})

    @locked
    def note_certificate(self, certificate: bytes) -> None:
        """CERTIFICATE: this host's own, taken into use; unless it is in use."""
        if not self.certificates or self.certificates[-1] != certificate:
            self.add(custody_kinds.CERTIFICATE, {"certificate": certificate})

    @locked
    def register(
        self, device: bytes, state: int, head_size: int | None, head_hash: bytes | None, unit: int | None
    ) -> None:
        """REGISTRY: the state of an enrolled recorder. Of the unit it has a commitment, opened beside the chain."""
        commitment = None
        if unit is not None:
            opening = private.opening(keys.random_bytes(private.SALT), codes.LABEL_UNIT, unit)
            commitment = private.commitment(opening)
            self._check_clock()
            # Durable before its entry: a commitment whose opening is lost would be one for ever.
            self._private.append([private.encode_record(self.size, [opening])])
            self._openings[commitment] = unit
        body: dict[str, object] = {"device": device, "state": state, "head_size": head_size, "head_hash": head_hash}
        self.add(custody_kinds.REGISTRY, {**body, "unit": commitment})

    @locked
    def unit_of(self, device: bytes) -> int | None:
        """The unit that the registry names for a recorder; None for none, and where its opening is not here."""
        registration = self.registered.get(device)
        if registration is None or registration.unit is None:
            return None
        return self._openings.get(registration.unit)

    @locked
    def ingest(self, device: bytes, size: int, newest: bytes, segments: list[Segment]) -> None:
        """INGEST of segments whose bytes are safe and recomputed, as of a head; each segment once."""
        fresh = [one for one in segments if (device, *one) not in self.ingested]
        if fresh:
            self.add(custody_kinds.INGEST, {"device": device, "size": size, "newest": newest, "segments": fresh})

    @locked
    def add(self, kind: int, body: dict[str, object]) -> None:
        """Signs and appends one entry of a kind of `custody_kinds`, durably. Raises StoreError.

        A clock that cannot be right dates nothing.
        """
        table = kinds.body_table(custody_kinds.KINDS, kind)
        assert table is not None
        self._check_clock()
        wall = (codes.WALL_SYNCHRONISED, self._now_ms())
        payload = entry.encode_payload(
            table, self._key.thumbprint, 0, self.size, self.newest, kind, 0, 0, wall, body, {}
        )
        raw = self._key.statement(statements.TYP_CUSTODY, payload)
        self._file.append([raw])
        self._take(entry.parse(raw, statements.TYP_CUSTODY))

    def _check_clock(self) -> None:
        authority.check_clock(self._now_ms())

    def _check(self, raw: bytes) -> None:
        try:
            item = entry.parse(raw, statements.TYP_CUSTODY)
        except ProtocolError:
            raise StoreError("custody_damaged", path=self._file.path, number=self.size) from None
        linked = item.sequence == self.size and item.previous == self.newest and item.device == self._key.thumbprint
        if not linked or not keys.verify_statement(sign1.parse(raw), self._key.public):
            raise StoreError("custody_damaged", path=self._file.path, number=self.size)
        self._take(item)

    def _take(self, item: entry.Entry) -> None:
        self.size += 1
        self.newest = item.hash
        self.hashes.add(item.hash)
        body = item.body
        device = body.get("device")
        if item.kind == custody_kinds.GENESIS:
            self.zone = cast(str, body["zone"])
        if item.kind in (custody_kinds.GENESIS, custody_kinds.CERTIFICATE):
            self.certificates.append(cast(bytes, body["certificate"]))
        elif item.kind == custody_kinds.ENROL and isinstance(device, bytes):
            self.enrolled.add(device)
            self.enrolments[device] = item
        elif item.kind in (custody_kinds.HEAD, custody_kinds.WITNESS):
            head = cast(bytes, body["head"])
            self.heads.add(head)
            if item.kind == custody_kinds.WITNESS:
                self.witnessed.add(head)
        elif item.kind == custody_kinds.INGEST and isinstance(device, bytes):
            rows = cast(list[Segment], body["segments"])  # checked by its field table
            self.ingested.update((device, recording, number, root) for recording, number, root in rows)
        elif item.kind == custody_kinds.REGISTRY and isinstance(device, bytes):
            self._take_registration(device, item)
        elif item.kind == custody_kinds.ORDER:
            self.orders.append(cast(bytes, body["order"]))
        elif item.kind == custody_kinds.STAMP:
            self.stamps[cast(bytes, body["head"])] = cast(bytes, body["stamp"])

    def _take_registration(self, device: bytes, item: entry.Entry) -> None:
        unit = cast("bytes | None", item.body["unit"])
        if unit is not None:
            self._promised[item.sequence] = unit
        self.registered[device] = Registration(
            cast(int, item.body["state"]),
            cast("int | None", item.body["head_size"]),
            cast("bytes | None", item.body["head_hash"]),
            unit,
            item.wall_ms,
        )

    def _read_openings(self) -> dict[bytes, int]:
        """Units by their commitments. A record that opens nothing of its entry was changed, or its entry never came."""
        found: dict[bytes, int] = {}
        given: dict[int, set[bytes]] = {}
        for number, raw in enumerate(self._private.items):
            try:
                sequence, openings = private.parse_record(cbor.decode(raw))
            except ProtocolError:
                raise StoreError("custody_damaged", path=self._private.path, number=number) from None
            for label, value, commitment in openings:
                if label != codes.LABEL_UNIT or not isinstance(value, int):
                    raise StoreError("custody_damaged", path=self._private.path, number=number)
                found[commitment] = value
                given.setdefault(sequence, set()).add(commitment)
        for sequence, commitment in self._promised.items():
            if sequence in given and commitment not in given[sequence]:
                raise StoreError("custody_damaged", path=self._private.path, number=sequence)
        return found
