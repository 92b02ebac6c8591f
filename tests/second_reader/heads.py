"""Section "Verification of a chain", "Heads": what each signed head says of the chain."""

from collections.abc import Collection
from dataclasses import dataclass, field

from .attestations import read_statements
from .chain import Chain, Hole, Key
from .errors import BadSignature
from .findings import Finding
from .sign1 import thumbprint
from .statements import HEAD, Statement

HOLDS, HISTORY, BEYOND, ODD, FREE = "holds", "of another history", "beyond", "with a finding", "not judged"


@dataclass(frozen=True)
class Head:
    """One head and how it stands; `signer` is the key of the chain that signed it."""

    place: int
    statement: Statement
    standing: str
    signer: Key | None
    signed: bool

    @property
    def hash(self) -> bytes:
        return self.statement.envelope.hash

    @property
    def size(self) -> int:
        return self.statement.fields.integer("size")

    @property
    def host(self) -> bytes:
        return self.statement.fields.octets("host")

    @property
    def says(self) -> tuple[bytes, bytes]:
        return self.statement.fields.octets("newest"), self.statement.fields.octets("root")

    @property
    def moment(self) -> tuple[int, int]:
        return self.statement.fields.integer("boot"), self.statement.fields.integer("ticks")


@dataclass
class Heads:
    """All heads of a file. `accused`: hashes of heads that hold although a finding speaks against them."""

    heads: list[Head] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    accused: set[bytes] = field(default_factory=set)

    @property
    def holding(self) -> list[Head]:
        return [head for head in self.heads if head.standing == HOLDS]

    @property
    def largest(self) -> Head | None:
        """The largest that holds; of equal ones the last."""
        return max(self.holding, key=lambda head: (head.size, head.place), default=None)

    @property
    def attested(self) -> int:
        return self.largest.size if self.largest else 0

    @property
    def moment(self) -> tuple[int, int]:
        return self.largest.moment if self.largest else (0, 0)

    @property
    def open(self) -> set[int]:
        running = self.largest.statement.fields.optional_integer("open") if self.largest else None
        return set() if running is None else {running}

    @property
    def hashes(self) -> set[bytes]:
        return {head.hash for head in self.heads}

    @property
    def clean(self) -> list[Head]:
        """Those against which no finding speaks."""
        return [head for head in self.heads if head.standing in (HOLDS, FREE) and head.hash not in self.accused]

    @property
    def moments(self) -> list[tuple[int, int, bytes]]:
        return [(*head.moment, head.hash) for head in self.holding if head.hash not in self.accused]


def read_heads(data: bytes, chain: Chain, named: Collection[bytes] = (), file: str = "heads.cbs") -> Heads:
    """Every head against the chain: its key, then `newest` and `root` at its size. `named`: heads that custody has."""
    statements, findings = read_statements(data, HEAD, file)
    heads = Heads(findings=findings)
    for place, statement in statements:
        standing, code, detail = _judge(statement, chain, named)
        if code:
            heads.findings.append(Finding(code, detail, file=file, item=place))
        signer = chain.signer(statement.envelope)
        last = [(epoch, key) for _, epoch, key in chain.keys[-1:]]
        by_last = signer is not None and (statement.fields.integer("epoch"), signer.key) in last
        signed = standing in (HOLDS, HISTORY) or (standing == BEYOND and by_last)
        heads.heads.append(Head(place, statement, standing, signer, signed))
    return heads


def _judge(head: Statement, chain: Chain, named: Collection[bytes]) -> tuple[str, str, str]:
    """Standing, and code and detail of a finding; a head of another history gets its finding later."""
    size = head.fields.integer("size")
    if head.fields.octets("device") != chain.device or size == 0:
        return FREE, "", "another recorder's, or without entries"
    if size > chain.size:
        signer = chain.signer(head.envelope)
        if signer is not None and signer.end is not None:
            return HISTORY, "", "its epoch ended here"
        return BEYOND, "TAIL_OPEN", f"the chain has {chain.size} entries, the head {size}"
    for hole in chain.declared_lost:
        if hole.first < size <= hole.last + 1:
            return _of_hole(head, chain, hole)
    prescribed, root = chain.key_at(size), chain.root(size)
    if prescribed is None or size - 1 not in chain.hashes:
        return FREE, "", "what signed it is not known"
    epoch, key = prescribed
    other_key = head.envelope.key_id != thumbprint(key)
    if other_key or head.fields.integer("epoch") != epoch:
        if not root:
            return FREE, "", "of another key or epoch, where the tree is not known"
        if other_key and (chain.signer(head.envelope) or head.envelope.hash in named):
            return HISTORY, "", "of another key"
        return ODD, "KEY_CHANGE", "of another key or epoch than the chain prescribes"
    try:
        head.envelope.verify(key)
    except BadSignature as error:
        return ODD, "BAD_SIGNATURE", str(error)
    if head.fields.octets("newest") != chain.hashes[size - 1] or (root and root != head.fields.octets("root")):
        return (HISTORY if root else FREE), "", f"another chain at size {size}"
    return HOLDS, "", ""


def _of_hole(head: Statement, chain: Chain, hole: Hole) -> tuple[str, str, str]:
    """A head that counts an entry which the recorder declares lost: what was signed for was there."""
    prescribed = chain.key_at(hole.first)
    try:
        if prescribed is not None and head.fields.integer("epoch") == prescribed[0]:
            head.envelope.verify(prescribed[1])
            return ODD, "FORK", f"it counts entries that were declared lost, from {hole.first} on"
    except BadSignature:
        pass
    return FREE, "", "what signed it may be in what was lost"
