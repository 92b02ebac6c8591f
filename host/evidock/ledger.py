"""The custody chain: what this host did with evidence, in entries of the recorder's own format, signed by the host key.

Specification: "Custody kinds". Epoch 0, boot 0, ticks 0; the wall clock is the host's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

from evidock import keys
from evidock.durable import SequenceFile
from evidock.errors import StoreError
from evidock_protocol import codes, custody_kinds, entry, kinds, sign1, statements
from evidock_protocol.errors import ProtocolError

Segment = tuple[int, int, bytes]  # recording, number, root


class Ledger:
    """The custody chain of one store, checked when opened and appended to durably."""

    def __init__(self, path: Path, key: keys.SigningKey, now_ms: Callable[[], int]):
        """Opens the chain; raises StoreError when an entry of it does not hold. `now_ms` gives Unix milliseconds."""
        self._file = SequenceFile(path)
        self._key = key
        self._now_ms = now_ms
        self.size = 0
        self.zone = ""  # time zone of the store, as GENESIS sealed it
        self.newest = entry.ZERO_HASH
        self.ingested: set[tuple[bytes, int, int, bytes]] = set()  # device, recording, number, root
        self.heads: set[bytes] = set()  # statement hashes of the heads that the chain names
        self.enrolled: set[bytes] = set()
        for raw in self._file.items:
            self._check(raw)

    def begin(self, organisation: bytes, certificate: bytes, name: str, zone: str) -> None:
        """GENESIS of the chain, unless it is there."""
        if self.size == 0:
            body: dict[str, object] = {"public_key": self._key.public, "organisation": organisation}
            self._append(custody_kinds.GENESIS, {**body, "certificate": certificate, "name": name, "zone": zone})

    def enrol(self, genesis: entry.Entry) -> None:
        """ENROL of a recorder by its verified GENESIS, unless it is enrolled."""
        if genesis.device in self.enrolled:
            return
        values: dict[str, object] = {"device": genesis.device, "genesis": genesis.hash}
        for name in ("model", "serial", "asset", "protection"):
            values[name] = genesis.body[name]
        self._append(custody_kinds.ENROL, values)

    def note_head(self, device: bytes, size: int, newest: bytes, root: bytes, statement: bytes) -> None:
        """HEAD: a signed head that lies in the archive, by its statement hash; once each."""
        if statement not in self.heads:
            self._append(
                custody_kinds.HEAD, {"device": device, "size": size, "newest": newest, "root": root, "head": statement}
            )

    def ingest(self, device: bytes, size: int, newest: bytes, segments: list[Segment]) -> None:
        """INGEST of segments whose bytes are safe and recomputed, as of a head; each segment once."""
        fresh = [one for one in segments if (device, *one) not in self.ingested]
        if fresh:
            self._append(custody_kinds.INGEST, {"device": device, "size": size, "newest": newest, "segments": fresh})

    def _append(self, kind: int, body: dict[str, object]) -> None:
        table = kinds.body_table(custody_kinds.KINDS, kind)
        assert table is not None
        wall = (codes.WALL_SYNCHRONISED, self._now_ms())
        payload = entry.encode_payload(
            table, self._key.thumbprint, 0, self.size, self.newest, kind, 0, 0, wall, body, {}
        )
        raw = self._key.statement(statements.TYP_CUSTODY, payload)
        self._file.append([raw])
        self._take(entry.parse(raw, statements.TYP_CUSTODY))

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
        device = item.body.get("device")
        if item.kind == custody_kinds.GENESIS:
            self.zone = cast(str, item.body["zone"])
        elif item.kind == custody_kinds.ENROL and isinstance(device, bytes):
            self.enrolled.add(device)
        elif item.kind == custody_kinds.HEAD:
            self.heads.add(item.body["head"])  # type: ignore[arg-type]
        elif item.kind == custody_kinds.INGEST and isinstance(device, bytes):
            rows = cast(list[Segment], item.body["segments"])  # checked by its field table
            self.ingested.update((device, recording, number, root) for recording, number, root in rows)
