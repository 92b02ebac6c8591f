"""Sections "Receipts" and "Private fields" of "Verification of a chain", and sequences that are no chain."""

from .chain import Chain
from .errors import BadSignature, Malformed, UnknownFormat, WrongType
from .findings import Finding
from .journal import Form, split
from .private import parse_records
from .sign1 import sha256, thumbprint
from .statements import RECEIPT, Statement, parse_statement

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


def receipted_segments(
    data: bytes, chain: Chain, host_key: bytes | None, enrolled: bool = False
) -> tuple[dict[Place, set[bytes]], list[Finding]]:
    """The segments that receipts name, and their hosts: of receipts that the recorder sealed, or this host signed."""
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
    named = dict[Place, set[bytes]]()
    for receipt in ours:
        for recording, number, _ in receipt.fields.segments():
            named.setdefault((recording, number), set()).add(receipt.fields.octets("host"))
    return named, findings


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
