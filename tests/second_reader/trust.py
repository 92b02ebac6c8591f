"""Section "Verification of a chain", "Trust state": organisation, successor, generation and time of a recorder."""

from dataclasses import dataclass, field

from .entries import Entry
from .sign1 import sha256, thumbprint
from .statements import Statement


@dataclass
class Trust:
    """The trust state before the next entry that counts; `known` is false from damage up to the next EPOCH."""

    organisation: bytes | None = None
    successor: bytes | None = None
    generation: int = 0
    time: int = 0
    known: bool = False
    genesis: tuple[bytes, bytes] | None = None
    line: set[bytes] = field(default_factory=set)
    last: int = -1

    def follow(self, entry: Entry) -> None:
        """Before an entry is judged: whether anything is missing before it."""
        self.known = self.known and entry.sequence == self.last + 1
        self.last = entry.sequence
        if entry.kind_name == "GENESIS" and entry.known and entry.sequence == 0:
            self.genesis = entry.body.octets("organisation"), entry.body.octets("successor")
            self.organisation, self.successor = self.genesis
            self.line.add(self.genesis[0])
            self.known = True

    def epoch(self, entry: Entry) -> bool:
        """Whether the state of an EPOCH is that which is known. It is the state from there on."""
        body, (organisation, successor) = entry.body, self.genesis or (None, None)
        given = body.values["organisation"] or organisation, body.values["successor"] or successor
        generation, time = body.integer("generation"), body.integer("time")
        if self.known:
            state = self.organisation, self.successor, self.generation, self.time
            holds = (*given, generation, time) == state
        else:
            holds = generation >= self.generation and time >= self.time
        self.organisation = given[0] if isinstance(given[0], bytes) else None
        self.successor = given[1] if isinstance(given[1], bytes) else None
        self.generation, self.time, self.known = generation, time, True
        return holds

    def grow(self, generation: int, time: int) -> None:
        self.generation, self.time = max(self.generation, generation), max(self.time, time)

    def takes_certificate(self, certificate: Statement, host: bytes) -> bool:
        """HOST (certified); while the state is not known, only that it is a certificate of this host."""
        said = certificate.fields
        if thumbprint(said.octets("host_key")) != host:
            return False
        certificate.envelope.verify(said.octets("organisation"))
        if not self.known:
            return True
        # Without a GENESIS that counts, null in EPOCH stands for nobody, and no certificate is nobody's.
        if said.octets("organisation") != self.organisation:
            return False
        if said.integer("generation") < self.generation or said.integer("not_after") < self.time:
            return False
        self.grow(said.integer("generation"), said.integer("not_before"))
        return True

    def admits_order(self, order: Statement, successor: bytes | None) -> bool:
        """Orders 4; `successor`: the argument of an order for another organisation."""
        if not self.known:
            return True
        key = self.organisation
        by_successor = successor is not None and order.envelope.key_id == thumbprint(successor)
        if successor is not None and by_successor and sha256(successor) == self.successor:
            key = successor
        if key is None:
            return False
        order.envelope.verify(key)
        return order.fields.integer("generation") >= self.generation and order.fields.integer("time") > self.time

    def obey(self, entry: Entry, order: Statement) -> None:
        """An order against which nothing was found."""
        if not self.known:
            return
        self.grow(order.fields.integer("generation"), order.fields.integer("time"))
        if entry.kind_name == "ORG":
            if self.organisation in self.line:
                self.line.add(entry.body.octets("organisation"))
            self.organisation, self.successor = entry.body.octets("organisation"), entry.body.octets("successor")
