"""Sections "Heads", "Receipts", "Private fields" and the heads of "Verification of a chain"."""

from dataclasses import dataclass, field

from .chain import Chain, Hole
from .errors import BadSignature, Malformed, UnknownFormat, WrongType
from .findings import Finding
from .journal import Form, split
from .private import parse_records
from .sign1 import sha256, thumbprint
from .statements import HEAD, RECEIPT, Statement, parse_statement

RECEIPTED = 4
Place = tuple[int, int]


def read_statements(data: bytes, typ: int, file: str) -> tuple[list[tuple[int, Statement]], list[Finding]]:
    """The statements of a sequence that is no chain, with their places. Whatever is damaged there is malformed."""
    statements: list[tuple[int, Statement]] = []
    findings: list[Finding] = []
    for place, item in enumerate(split(data, typ)):
        code, detail, problem = "MALFORMED", item.form.value, True
        if item.form is Form.STATEMENT:
            try:
                statements.append((place, parse_statement(item.raw, typ)))
                continue
            except WrongType as error:
                code, detail = "WRONG_TYPE", str(error)
            except Malformed as error:
                detail = str(error)
            except UnknownFormat as error:
                code, detail, problem = "UNKNOWN_FORMAT", str(error), False
        findings.append(Finding(code, detail, problem, file, place))
    return statements, findings


@dataclass
class Heads:
    """How far the heads that hold attest the chain, what the largest says is running, and the hashes of all."""

    attested: int = 0
    moment: tuple[int, int] = (0, 0)
    open: set[int] = field(default_factory=set)
    hashes: set[bytes] = field(default_factory=set)
    clean: list[tuple[bytes, bytes]] = field(default_factory=list)  # hash and host, where no finding is
    moments: list[tuple[int, int, bytes]] = field(default_factory=list)  # of those, with their hashes
    findings: list[Finding] = field(default_factory=list)


def read_heads(data: bytes, chain: Chain, file: str = "heads.cbs") -> Heads:
    """Every head against the chain: its key, then `newest` and `root` at its size."""
    statements, findings = read_statements(data, HEAD, file)
    heads = Heads(findings=findings)
    for place, head in statements:
        problem = _head_problem(head, chain)
        heads.hashes.add(head.envelope.hash)
        if problem is not None:
            if problem[0]:
                heads.findings.append(Finding(*problem, file=file, item=place))
            else:
                heads.clean.append((head.envelope.hash, head.fields.octets("host")))
            continue
        heads.clean.append((head.envelope.hash, head.fields.octets("host")))
        heads.moments.append((head.fields.integer("boot"), head.fields.integer("ticks"), head.envelope.hash))
        size, running = head.fields.integer("size"), head.fields.optional_integer("open")
        if size >= heads.attested:
            heads.attested, heads.open = size, set() if running is None else {running}
            heads.moment = head.fields.integer("boot"), head.fields.integer("ticks")
    return heads


def _head_problem(head: Statement, chain: Chain) -> tuple[str, str] | None:
    """Code and detail of what is wrong with a head; the code is empty where it is only not judged."""
    size = head.fields.integer("size")
    if head.fields.octets("device") != chain.device or size == 0:
        return "", "another recorder's, or without entries"
    if size > chain.size:
        return "TAIL_OPEN", f"the chain has {chain.size} entries, the head {size}"
    for hole in chain.declared_lost:
        if hole.first < size <= hole.last + 1:
            return _of_hole(head, chain, hole)
    prescribed, root = chain.key_at(size), chain.root(size)
    if prescribed is None or size - 1 not in chain.hashes:
        return "", "what signed it is not known"
    epoch, key = prescribed
    if head.fields.integer("epoch") != epoch or head.envelope.key_id != thumbprint(key):
        return "KEY_CHANGE" if root else "", "of another key or epoch than the chain prescribes"
    try:
        head.envelope.verify(key)
    except BadSignature as error:
        return "BAD_SIGNATURE", str(error)
    if head.fields.octets("newest") != chain.hashes[size - 1] or (root and root != head.fields.octets("root")):
        return "FORK" if root else "", f"another chain at size {size}"
    return None


def _of_hole(head: Statement, chain: Chain, hole: Hole) -> tuple[str, str]:
    """A head that counts an entry which the recorder declares lost: what was signed for was there."""
    prescribed = chain.key_at(hole.first)
    try:
        if prescribed is not None and head.fields.integer("epoch") == prescribed[0]:
            head.envelope.verify(prescribed[1])
            return "FORK", f"it counts entries that were declared lost, from {hole.first} on"
    except BadSignature:
        pass
    return "", "what signed it may be in what was lost"


def receipted_segments(
    data: bytes, chain: Chain, host_key: bytes | None, enrolled: bool = False
) -> tuple[set[Place], list[Finding]]:
    """The segments that receipts name: those that the recorder sealed, and those of the file that its host signed."""
    statements, findings = read_statements(data, RECEIPT, "receipts.cbs")
    counting, sealed, given = list[Statement](), set[bytes](), set[bytes]()
    for entry in chain.entries:
        raw = entry.body.values.get("statement")
        if entry.kind_name == "HOST" and isinstance(raw, bytes) and entry.body.integer("event") == RECEIPTED:
            sealed.add(sha256(raw))
            if host_key is not None and entry.body.values["host"] == thumbprint(host_key):
                given.add(sha256(raw))
            try:
                counting.append(parse_statement(raw, RECEIPT))
            except (Malformed, UnknownFormat):
                continue
    for place, receipt in statements:
        try:
            if host_key is not None and receipt.envelope.hash not in sealed:
                receipt.envelope.verify(host_key)
            counting.append(receipt)
        except BadSignature as error:
            findings.append(Finding("BAD_SIGNATURE", str(error), file="receipts.cbs", item=place))
    if enrolled and not given <= {receipt.envelope.hash for _, receipt in statements}:
        findings.append(Finding("STORE_MISMATCH", "a receipt that the recorder sealed is gone", file="receipts.cbs"))
    ours = [receipt for receipt in counting if receipt.fields.octets("device") == chain.device]
    return {(recording, number) for receipt in ours for recording, number, _ in receipt.fields.segments()}, findings


def custody_was_cut(chain: Chain, host: bytes, hashes: set[bytes], ingested: set[Place]) -> bool:
    """Whether the recorder noted more of this host's custody chain than there is."""
    for entry in chain.entries:
        if entry.kind_name != "HOST" or entry.body.values["host"] != host:
            continue
        noted, raw = entry.body.values["custody"], entry.body.values["statement"]
        if isinstance(noted, bytes) and noted not in hashes:
            return True
        if isinstance(raw, bytes) and entry.body.integer("event") == RECEIPTED:
            try:
                receipt = parse_statement(raw, RECEIPT).fields
            except (Malformed, UnknownFormat):
                continue
            listed = {(recording, number) for recording, number, _ in receipt.segments()}
            if receipt.octets("device") == chain.device and not listed <= ingested:
                return True
    return False


def check_private(data: bytes, chain: Chain, file: str = "private.cbs") -> list[Finding]:
    """Openings fit their commitments. What opens nothing is passed over, unless a commitment wants an opening."""
    try:
        records = parse_records(data)
    except Malformed as error:
        return [Finding("MALFORMED", str(error), file=file)]
    wanted = {entry.sequence: entry.private for entry in chain.entries if entry.private}
    last = {record.sequence: place for place, record in enumerate(records) if record.sequence in wanted}
    altered, passed = set[int](), set(range(len(records))) - set(last.values())
    withheld = len(last) < len(wanted)
    for sequence, place in last.items():
        openings = records[place].openings
        if any(wanted[sequence].get(opening.label) != opening.commitment for opening in openings):
            altered.add(place)
        withheld |= len(openings) < len(wanted[sequence])
    found = [
        Finding("CONTENT_MISMATCH", f"entry {records[place].sequence}", file=file, item=place)
        for place in sorted(altered | (passed if withheld else set()))
    ]
    if withheld:
        found.append(Finding("PRIVATE_WITHHELD", "openings are wanting", problem=False, file=file))
    return found
