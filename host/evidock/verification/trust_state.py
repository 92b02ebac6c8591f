"""The trust state of one recorder, followed from entry to entry: whose orders and certificates it took, and how old
they may be; and the line of organisations that follow one another.

Specification: "Verification of a chain", Trust state; "Certificates". What an EPOCH says of it must be what the entries
before it brought about.
"""

from __future__ import annotations

from hashlib import sha256
from typing import cast

from evidock import keys
from evidock_protocol import codes, entry, kinds, sign1, statements
from evidock_protocol.errors import ProtocolError

from .collector import Collector, Place
from .entries import Entry
from .order_fit import Ordered

_LINE = 64  # organisations that follow one another
_CERTIFICATES = 1000  # that are kept of one journal


class TrustState:
    """`organisation` (public key), `successor` (hash of the next one's), `generation` and `time` (Unix ms) as the
    recorder has them, if `known`.
    """

    def __init__(self, device: bytes, collector: Collector):
        self.known = False
        self.organisation = b""
        self.successor = b""
        self.generation = 0
        self.time = 0
        self.line: list[bytes] = []
        """Public keys of organisations, GENESIS's first; each was named by an ORG that the one before it allowed."""
        self.certificates: dict[bytes, list[dict[str, object]]] = {}
        """By host: certificates in this journal that the organisation of their time signed."""
        self._of_genesis = (b"", b"")
        self._kept = 0
        self._device = device
        self._collector = collector

    def lose(self) -> None:
        """Something is missing before the next entry: what the state is now, only the next EPOCH says."""
        self.known = False

    def note(self, found: Entry, order: Ordered | None) -> None:
        """Takes the next entry that counts. `order`: that of the organisation which the entry holds, if nothing speaks
        against it.
        """
        if found.kind == kinds.GENESIS and found.known:
            self._begin(found)
            return
        if not found.known:
            return
        if found.kind == kinds.EPOCH:
            self._compare(found)
        elif self.known and found.kind == kinds.HOST and found.body["event"] == codes.HOST_CERTIFIED:
            self._certify(found)
        elif self.known and order is not None:
            if self.is_succession(order):
                self.generation, self.time = cast(int, order.values["generation"]), cast(int, order.values["time"])
            else:
                self._raise(order.values, "time")
            if found.kind == kinds.ORG:
                self._follow(found.octets("organisation"), found.octets("successor"))

    def is_succession(self, order: Ordered) -> bool:
        """Whether it hands over to the committed successor, which signed it itself: whoever stole the organisation key
        may have raised generation and time as far as they go, so that these do not bind the successor.
        """
        if not order.is_order or order.operation != codes.OPERATION_ORGANISATION:
            return False
        following = cast(bytes, order.arguments[0])
        is_committed = following != self.organisation and sha256(following).digest() == self.successor
        return is_committed and keys.verify_statement(order.sealed, following)

    def _begin(self, genesis: Entry) -> None:
        self.known = True
        self.organisation, self.successor = genesis.octets("organisation"), genesis.octets("successor")
        self._of_genesis = (self.organisation, self.successor)
        self.line = [self.organisation]

    def _follow(self, organisation: bytes, successor: bytes) -> None:
        if self.organisation in self.line and organisation not in self.line and len(self.line) < _LINE:
            self.line.append(organisation)
        self.organisation, self.successor = organisation, successor

    def _raise(self, values: dict[str, object], time: str) -> None:
        self.generation = max(self.generation, cast(int, values["generation"]))
        self.time = max(self.time, cast(int, values[time]))

    def _compare(self, epoch: Entry) -> None:
        """EPOCH repeats the state; whatever it says holds from here on, so that one lie is one finding."""
        body = epoch.body
        organisation = cast("bytes | None", body["organisation"]) or self._of_genesis[0]
        successor = cast("bytes | None", body["successor"]) or self._of_genesis[1]
        generation, time = epoch.number("generation"), epoch.number("time")
        if self.known:
            own = (self.organisation, self.successor, self.generation, self.time)
            fits = own == (organisation, successor, generation, time)
        else:
            fits = generation >= self.generation and time >= self.time
        if not fits:
            self._add("TRUST_STATE", epoch, number=epoch.sequence)
        self.organisation, self.successor, self.generation, self.time = organisation, successor, generation, time
        self.known = True

    def _certify(self, found: Entry) -> None:
        values = self._certificate(found)
        if values is None:
            self._add("ORDER_MISMATCH", found, "ORDER_MISMATCH.certified")
            return
        self._raise(values, "not_before")
        if self._kept < _CERTIFICATES:
            self._kept += 1
            self.certificates.setdefault(cast(bytes, found.body["host"]), []).append(values)

    def _certificate(self, found: Entry) -> dict[str, object] | None:
        """The certificate of a HOST (certified), if the recorder was right to take it."""
        raw = found.body["statement"]
        if not isinstance(raw, bytes):
            return None
        try:
            sealed, values = entry.parse_statement(raw, statements.TYP_CERTIFICATE)
        except ProtocolError:
            return None
        fits = (
            sign1.thumbprint(cast(bytes, values["host_key"])) == found.body["host"]
            and values["organisation"] == self.organisation
            and cast(int, values["generation"]) >= self.generation
            and cast(int, values["not_after"]) >= self.time
            and keys.verify_statement(sealed, self.organisation)
        )
        return values if fits else None

    def _add(self, code: str, found: Entry, sentence: str | None = None, **values: object) -> None:
        place = Place(found.boot, found.ticks, found.ticks)
        self._collector.add(code, device=self._device, place=place, sentence=sentence, values=values)
