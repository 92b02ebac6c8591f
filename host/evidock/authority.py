"""What an organisation signs: certificates of hosts, orders to recorders, and the order that hands over to a new key.

Specification: "Certificates" and "Statements" (order). `organisation` keeps the keys; nothing here touches a disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple, cast

from evidock import keys
from evidock.errors import StoreError, WrongUsage
from evidock_protocol import codes, entry, statements, versions
from evidock_protocol.errors import ProtocolError

YEAR_MS = 31_556_952_000  # mean Gregorian year
DAY_MS = 86_400_000
CERTIFICATE_YEARS = 5
MAXIMUM_YEARS = 50
EARLIEST_MS, END_MS = 1_577_836_800_000, 4_102_444_800_000  # the years 2020 to 2099: no other clock signs anything


class Certificate(NamedTuple):
    """A certificate that its organisation signed; `raw` is the statement, times are Unix ms."""

    raw: bytes
    organisation: bytes
    host_key: bytes
    roles: int
    generation: int
    not_before: int
    not_after: int
    name: str


class Organisation:
    """An unlocked organisation key and what goes with it. Shows no secret in any repr.

    `successor` is None when its secret lies in a file of its own; `successor_hash` is what recorders are bound to.
    `generation` never falls. `newest_ms` is the newest time (Unix ms) that was signed. `certificates` are those given,
    `lineage` the ORG orders that led from the first organisation to this key, oldest first.
    """

    def __init__(
        self,
        key: keys.SigningKey,
        successor: keys.SigningKey | None,
        successor_hash: bytes = b"",
        generation: int = 1,
        newest_ms: int = 0,
        certificates: Sequence[bytes] = (),
        lineage: Sequence[bytes] = (),
    ):
        self.key = key
        self.successor = successor
        self.successor_hash = successor_hash if successor is None else hash_of(successor.public)
        self.generation = generation
        self.newest_ms = newest_ms
        self.certificates = list(certificates)
        self.lineage = list(lineage)

    def __repr__(self) -> str:
        return f"Organisation({self.key.thumbprint.hex()[:16]}…)"

    def certify(
        self,
        host_key: bytes,
        name: str,
        now_ms: int,
        roles: int = codes.ALL_ROLES,
        generation: int | None = None,
        years: int = CERTIFICATE_YEARS,
    ) -> bytes:
        """The certificate of a host's public key, `years` from `now_ms` (Unix ms).

        A `generation` above the present one becomes the present one: recorders refuse older ones once they have seen
        it. Raises StoreError for a clock that cannot be right and for an older generation, WrongUsage.
        """
        self._check_clock(now_ms)
        generation = self.generation if generation is None else generation
        if generation < self.generation:
            raise StoreError("generation_falls", given=generation, present=self.generation)
        if not 1 <= years <= MAXIMUM_YEARS:
            raise WrongUsage("years_out_of_range", limit=MAXIMUM_YEARS)
        if len(name.encode()) > versions.MAXIMUM_TEXT:
            raise WrongUsage("text_too_long", name="name", limit=versions.MAXIMUM_TEXT)
        if len(host_key) != keys.PUBLIC:
            raise WrongUsage("not_a_key")
        if not 0 < roles <= codes.ALL_ROLES or generation >= 1 << 32:
            raise WrongUsage("not_a_certificate_value")
        values: dict[str, object] = {
            "organisation": self.key.public,
            "host_key": host_key,
            "roles": roles,
            "generation": generation,
            "not_before": now_ms,
            "not_after": now_ms + years * YEAR_MS,
            "name": name,
        }
        typ = statements.TYP_CERTIFICATE
        raw = self.key.statement(typ, entry.encode_statement(typ, values))
        self.generation = generation
        self.newest_ms = max(self.newest_ms, now_ms)
        self.certificates.append(raw)
        return raw

    def order(self, operation: int, arguments: Sequence[object], now_ms: int, device: bytes | None = None) -> bytes:
        """An order to one recorder, or to every one. A recorder takes each once, and none older than one it took."""
        self._check_clock(now_ms)
        self.newest_ms = max(now_ms, self.newest_ms + 1)
        values: dict[str, object] = {
            "operation": operation,
            "device": device,
            "generation": self.generation,
            "time": self.newest_ms,
            "arguments": list(arguments),
        }
        return self.key.statement(statements.TYP_ORDER, entry.encode_statement(statements.TYP_ORDER, values))

    def rotated(self, now_ms: int) -> Organisation:
        """A new organisation key, to which this one hands over; the successor stays. `lineage` ends with the order."""
        fresh = Organisation(
            keys.SigningKey.generate(), self.successor, self.successor_hash, self.generation, self.newest_ms
        )
        raw = self.order(codes.OPERATION_ORGANISATION, [fresh.key.public, self.successor_hash], now_ms)
        fresh.newest_ms = self.newest_ms
        fresh.lineage = [*self.lineage, raw]
        return fresh

    def _check_clock(self, now_ms: int) -> None:
        check_clock(now_ms)
        if now_ms < self.newest_ms - DAY_MS:
            raise StoreError("clock_behind", shown=date(now_ms), newest=date(self.newest_ms))


def succeeded(
    successor: keys.SigningKey, generation: int, newest_ms: int, lineage: Sequence[bytes], now_ms: int
) -> Organisation:
    """The successor as the organisation, with a fresh successor of its own. `lineage` ends with the order it signs."""
    made = Organisation(successor, keys.SigningKey.generate(), b"", generation, newest_ms)
    raw = made.order(codes.OPERATION_ORGANISATION, [successor.public, made.successor_hash], now_ms)
    made.lineage = [*lineage, raw]
    return made


def hash_of(public: bytes) -> bytes:
    """SHA-256 of a successor's public key, as GENESIS holds it."""
    return hashlib.sha256(public).digest()


def date(unix_ms: int) -> str:
    """A moment for a message, UTC; the number itself when no calendar has it."""
    try:
        return datetime.fromtimestamp(unix_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(unix_ms)


def check_clock(now_ms: int) -> None:
    """Raises StoreError for a host's clock that cannot be right."""
    if not EARLIEST_MS <= now_ms < END_MS:
        raise StoreError("clock_implausible", shown=date(now_ms))


def parse_certificate(raw: bytes) -> Certificate:
    """A certificate whose signature holds. Raises ValueError for anything else."""
    try:
        sealed, values = entry.parse_statement(raw, statements.TYP_CERTIFICATE)
    except ProtocolError as error:
        raise ValueError(str(error)) from None
    organisation = cast(bytes, values["organisation"])
    if not keys.verify_statement(sealed, organisation):
        raise ValueError("the certificate's signature is wrong")
    return Certificate(
        raw,
        organisation,
        cast(bytes, values["host_key"]),
        cast(int, values["roles"]),
        cast(int, values["generation"]),
        cast(int, values["not_before"]),
        cast(int, values["not_after"]),
        cast(str, values["name"]),
    )


def handed_over(organisation: bytes, successor: bytes, order: bytes) -> tuple[bytes, bytes] | None:
    """(organisation, successor hash) after an ORG order, or None when it is no such order of this organisation.

    Signed by the organisation, or by the new one when that is the `successor` which was committed to.
    """
    try:
        sealed, values = entry.parse_statement(order, statements.TYP_ORDER)
    except ProtocolError:
        return None
    arguments = cast("list[bytes]", values["arguments"])
    if values["operation"] != codes.OPERATION_ORGANISATION or values["device"] is not None:
        return None
    following, next_successor = arguments
    signers = [organisation, following] if hash_of(following) == successor else [organisation]
    if not any(keys.verify_statement(sealed, key) for key in signers):
        return None
    return following, next_successor


def successor_in(order: bytes) -> bytes:
    """The successor hash that an ORG order commits to."""
    _sealed, values = entry.parse_statement(order, statements.TYP_ORDER)
    return cast("list[bytes]", values["arguments"])[1]
