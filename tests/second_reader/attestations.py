"""Sections "Heads", "Receipts", "Private fields" and the heads of "Verification of a chain"."""

from dataclasses import dataclass, field

from .chain import Chain
from .errors import BadSignature, Malformed, UnknownFormat, WrongType
from .findings import Finding
from .journal import Form, split
from .private import parse_records
from .recordings import Recording
from .sign1 import sha256
from .statements import HEAD, RECEIPT, Statement, host_id, parse_statement

RECEIPT_ROLE = 4


def read_statements(data: bytes, typ: int, file: str) -> tuple[list[tuple[int, Statement]], list[Finding]]:
    """The statements of a sequence, with their places."""
    statements: list[tuple[int, Statement]] = []
    findings: list[Finding] = []
    for place, item in enumerate(split(data, typ)):
        code, detail, problem = "TAIL_OPEN", item.form.value, False
        if item.form is not Form.TORN:
            try:
                statements.append((place, parse_statement(item.raw, typ)))
                continue
            except WrongType as error:
                code, detail, problem = "WRONG_TYPE", str(error), True
            except Malformed as error:
                code, detail, problem = "MALFORMED", str(error), True
            except UnknownFormat as error:
                code, detail = "UNKNOWN_FORMAT", str(error)
        findings.append(Finding(code, detail, problem, file, place))
    return statements, findings


@dataclass
class Heads:
    """The heads that hold: how far they attest the chain, and which recordings they say are running."""

    attested: int = 0
    open: set[int] = field(default_factory=set)
    hashes: set[bytes] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)


def read_heads(data: bytes, chain: Chain, file: str = "heads.cbs") -> Heads:
    """Every head against the chain: its key, then `newest` and `root` at its size."""
    statements, findings = read_statements(data, HEAD, file)
    heads = Heads(findings=findings)
    for place, head in statements:
        problem = _head_problem(head, chain)
        if problem is not None:
            heads.findings.append(Finding(*problem, file=file, item=place))
            continue
        heads.hashes.add(head.envelope.hash)
        size, running = head.fields.integer("size"), head.fields.optional_integer("open")
        if size >= heads.attested:
            heads.attested, heads.open = size, set() if running is None else {running}
    return heads


def _head_problem(head: Statement, chain: Chain) -> tuple[str, str] | None:
    size = head.fields.integer("size")
    if head.fields.octets("device") != chain.device:
        return "WRONG_DEVICE", "another recorder's head"
    if size > chain.size:
        return "TAIL_OPEN", f"the chain has {chain.size} entries, the head {size}"
    prescribed = chain.key_at(size)
    if prescribed is None or head.fields.integer("epoch") != prescribed[0]:
        return "BAD_SIGNATURE", "not of the epoch that the chain prescribes"
    try:
        head.envelope.verify(prescribed[1])
    except BadSignature as error:
        return "BAD_SIGNATURE", str(error)
    root = chain.root(size)
    if head.fields.octets("newest") != chain.hashes.get(size - 1) or root != head.fields.octets("root"):
        return "FORK", f"another chain at size {size}"
    return None


def check_receipts(
    data: bytes, chain: Chain, recordings: list[Recording], certificate: Statement | None, file: str = "receipts.cbs"
) -> list[Finding]:
    """Every receipt: its host's key, its head, and its segments. Without a certificate its key is not known."""
    statements, findings = read_statements(data, RECEIPT, file)
    roots = {(r.number, s.integer("number")): s.octets("root") for r in recordings for s in r.segments}
    for place, receipt in statements:
        fields, problems = receipt.fields, list[tuple[str, str]]()
        if certificate is not None:
            role = certificate.fields.integer("roles") & RECEIPT_ROLE
            try:
                receipt.envelope.verify(certificate.fields.octets("host_key"))
                if not role or host_id(certificate) != fields.octets("host"):
                    problems.append(("BAD_SIGNATURE", "the certificate does not allow this host to give receipts"))
            except BadSignature as error:
                problems.append(("BAD_SIGNATURE", str(error)))
        size = fields.integer("size")
        if fields.octets("device") != chain.device:
            problems.append(("WRONG_DEVICE", "another recorder's receipt"))
        elif size > chain.size:
            problems.append(("TAIL_OPEN", f"the chain has {chain.size} entries, the receipt {size}"))
        elif (chain.hashes.get(size - 1), chain.root(size)) != (fields.octets("newest"), fields.octets("root")):
            problems.append(("FORK", f"another chain at size {size}"))
        for recording, number, root in fields.segments():
            if roots.get((recording, number)) != root:
                problems.append(("CONTENT_MISMATCH", f"segment {number} of recording {recording} has another root"))
        findings += [Finding(*problem, file=file, item=place) for problem in problems]
    return findings


def check_private(data: bytes, chain: Chain, file: str = "private.cbs") -> list[Finding]:
    """Openings that are there fit their commitments; a record without its entry is ignored."""
    try:
        records = parse_records(data)
    except Malformed as error:
        return [Finding("MALFORMED", str(error), file=file)]
    commitments = {entry.sequence: entry.private for entry in chain.entries if entry.private}
    return [
        Finding("CONTENT_MISMATCH", f"label {opening.label} of entry {record.sequence}", file=file, item=place)
        for place, record in enumerate(records)
        for opening in record.openings
        if record.sequence in commitments and commitments[record.sequence].get(opening.label) != sha256(opening.raw)
    ]
