"""The trust state: whose orders and certificates this recorder takes, and how old they may be.

Specification: "Certificates". It follows from the journal: each EPOCH repeats it, so that it outlives what the ring
drops.
"""

from evidock_protocol import codes, entry, kinds, sign1, statements

TYPE_CHECKING = False
if TYPE_CHECKING:
    from evidock_protocol.entry import Entry

_OF_RECORDINGS = (kinds.START, kinds.SEGMENT, kinds.STOP, kinds.INTERRUPT)  # one may stand where START rotted
_ORDERED = (kinds.CLOCK, kinds.CONFIG, kinds.FIRMWARE, kinds.RESET, kinds.ORG)


class Trusted:
    """`organisation` (public key) and `successor` (hash): those of GENESIS, until an order changes them. `generation`
    and `time` (Unix ms): the newest that the organisation signed and this recorder took. `is_reset`: RESET was ordered,
    and since then no recording has begun, nor was an entry lost.
    """

    def __init__(self):
        self.organisation = b""
        self.successor = b""
        self.generation = 0
        self.time = 0
        self.is_reset = False
        self._changed = False  # whether organisation and successor are no longer GENESIS's

    def begin(self, genesis: "Entry") -> None:
        """Takes the organisation from GENESIS, unless the journal has changed it."""
        if not self._changed:
            self.organisation = genesis.body["organisation"]
            self.successor = genesis.body["successor"]

    def fields(self) -> dict:
        """What EPOCH says of it."""
        return {
            "organisation": self.organisation if self._changed else None,
            "successor": self.successor if self._changed else None,
            "generation": self.generation,
            "time": self.time,
        }

    def note(self, kind: int, body: dict) -> None:
        """Follows an entry that is durable."""
        if kind == kinds.EPOCH:
            self.generation = body["generation"]
            self.time = body["time"]
            if body["organisation"] is not None:
                self._change(body)
        elif kind in _OF_RECORDINGS:
            self.is_reset = False
        elif kind == kinds.HOST and body["event"] == codes.HOST_CERTIFIED:
            _sealed, values = entry.parse_statement(body["statement"], statements.TYP_CERTIFICATE)
            self._raise(values["generation"], values["not_before"])
        elif kind in _ORDERED and body["order"] is not None and sign1.parse(body["order"]).typ == statements.TYP_ORDER:
            _sealed, values = entry.parse_statement(body["order"], statements.TYP_ORDER)
            self._raise(values["generation"], values["time"])
            if kind == kinds.ORG:  # which its successor may have signed, whatever the one before it had signed last
                self.generation = values["generation"]
                self.time = values["time"]
                self._change(body)
            elif kind == kinds.RESET:
                self.is_reset = True

    def is_raised_by(self, certificate: dict) -> bool:
        """Whether a certificate, given by its named fields, is newer than all that the organisation signed before."""
        return certificate["generation"] > self.generation or certificate["not_before"] > self.time

    def _raise(self, generation: int, time: int) -> None:
        self.generation = max(self.generation, generation)
        self.time = max(self.time, time)

    def _change(self, body: dict) -> None:
        self.organisation = body["organisation"]
        self.successor = body["successor"]
        self._changed = True
