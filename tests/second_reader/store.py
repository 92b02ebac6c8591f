"""What stands above a recorder's folder: host.cert, store.json and the custody chain ("The archive")."""

import json
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from .attestations import Heads
from .chain import Chain
from .entries import CUSTODY, Entry
from .errors import BadSignature, Malformed, UnknownFormat
from .findings import Finding
from .journal import split
from .recordings import Recording
from .statements import Statement, host_id, verify_certificate
from .verification import verify_chain

CUSTODY_FILE, CERTIFICATE_FILE = "custody.cbs", "host.cert"


def read_zone(store: Path) -> tzinfo | None:
    path = store / "store.json"
    return ZoneInfo(json.loads(path.read_text("utf-8"))["zone"]) if path.is_file() else None


def read_certificate(store: Path, organisation: bytes) -> tuple[Statement | None, list[Finding]]:
    """The host's certificate, by the organisation that GENESIS names; that it is the right one, only a pin can say."""
    path = store / CERTIFICATE_FILE
    if not path.is_file():
        return None, []
    try:
        return verify_certificate(path.read_bytes(), organisation), []
    except (Malformed, UnknownFormat, BadSignature) as error:
        return None, [Finding("UNTRUSTED", str(error), file=CERTIFICATE_FILE)]


def _contradiction(
    entry: Entry, chain: Chain, heads: Heads, roots: dict[tuple[int, int], bytes]
) -> tuple[str, str] | None:
    """Code and detail of what a custody entry about this recorder says that its archive does not."""
    body, kind = entry.body, entry.kind_name
    if kind == "ENROL":
        return None if body.octets("genesis") == chain.hashes.get(0) else ("FORK", "ENROL of another GENESIS")
    if kind not in ("HEAD", "INGEST"):
        return None
    size = body.integer("size")
    if size > chain.size:
        return "TAIL_OPEN", f"the chain has {chain.size} entries, the {kind} {size}"
    if body.octets("newest") != chain.hashes.get(size - 1):
        return "FORK", f"{kind} of another chain at size {size}"
    if kind == "HEAD":
        if body.octets("root") != chain.root(size):
            return "FORK", f"HEAD of another tree at size {size}"
        return None if body.octets("head") in heads.hashes else ("ROLLBACK", "this head is not in heads.cbs")
    missing = [
        (recording, number) for recording, number, root in body.segments() if roots.get((recording, number)) != root
    ]
    return ("CONTENT_MISMATCH", f"INGEST of segments that no SEGMENT names: {missing}") if missing else None


def check_custody(
    store: Path, certificate: Statement | None, chain: Chain, heads: Heads, recordings: list[Recording]
) -> list[Finding]:
    """The custody chain, by the steps of any chain, and what it says of this recorder."""
    path = store / CUSTODY_FILE
    if not path.is_file() or certificate is None:
        return [Finding("NO_PIN", "no custody chain or certificate beside this folder", problem=False)]
    custody = verify_chain(list(split(path.read_bytes(), CUSTODY)), host_id(certificate), CUSTODY)
    findings = [
        Finding("CUSTODY_BREAK", f"{finding.code}: {finding.detail}", finding.problem, CUSTODY_FILE, finding.item)
        for finding in custody.findings
    ]
    roots = {(r.number, s.integer("number")): s.octets("root") for r in recordings for s in r.segments}
    enrolled = False
    for entry in custody.entries:
        if entry.known and entry.body.values.get("device") == chain.device:
            enrolled |= entry.kind_name == "ENROL"
            found = _contradiction(entry, chain, heads, roots)
            if found is not None:
                findings.append(Finding(*found, file=CUSTODY_FILE, item=entry.sequence))
    if not enrolled:
        findings.append(Finding("UNTRUSTED", "the recorder is not enrolled", file=CUSTODY_FILE))
    return findings
