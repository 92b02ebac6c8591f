"""What stands above a recorder's folder: host.cert, store.json and the custody chain ("The archive")."""

import json
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from .attestations import Heads
from .entries import CUSTODY, Entry, parse_entry
from .errors import BadSignature, Malformed, UnknownFormat
from .findings import Finding
from .journal import split
from .sign1 import thumbprint
from .statements import CERTIFICATE, Statement, parse_statement
from .verification import verify_chain

CUSTODY_FILE, CERTIFICATE_FILE = "custody.cbs", "host.cert"


def read_zone(store: Path) -> tzinfo | None:
    path = store / "store.json"
    return ZoneInfo(json.loads(path.read_text("utf-8"))["zone"]) if path.is_file() else None


def read_certificate(store: Path) -> tuple[Statement | None, list[Finding]]:
    """The host's certificate, by the organisation that it names; that it is the right one, only a pin can say."""
    path = store / CERTIFICATE_FILE
    if not path.is_file():
        return None, []
    try:
        certificate = parse_statement(path.read_bytes(), CERTIFICATE)
        certificate.envelope.verify(certificate.fields.octets("organisation"))
        return certificate, []
    except BadSignature as error:
        return None, [Finding("BAD_SIGNATURE", str(error), file=CERTIFICATE_FILE)]
    except (Malformed, UnknownFormat) as error:
        return None, [Finding("MALFORMED", str(error), file=CERTIFICATE_FILE)]


@dataclass
class Custody:
    """What the custody chain says of one recorder."""

    host_key: bytes | None = None
    received: set[tuple[int, int]] = field(default_factory=set)
    hashes: set[bytes] = field(default_factory=set)
    whole: bool = False
    size: int = 0
    findings: list[Finding] = field(default_factory=list)


def _own_key(data: bytes) -> bytes | None:
    """The key in a custody chain's GENESIS, when no certificate names one."""
    try:
        first = parse_entry(next(split(data, CUSTODY)).raw, CUSTODY)
    except (StopIteration, Malformed, UnknownFormat):
        return None
    return first.body.octets("public_key") if first.kind_name == "GENESIS" else None


def read_custody(store: Path, device: bytes, genesis: Entry | None, heads: Heads) -> Custody:
    """The custody chain, by the steps of any chain, and what it says of this recorder. Nothing is pinned here."""
    certificate, found = read_certificate(store)
    custody = Custody(findings=[*found, Finding("NO_PIN", "this reader pins nothing", problem=False)])
    path = store / CUSTODY_FILE
    data = path.read_bytes() if path.is_file() else b""
    custody.host_key = certificate.fields.octets("host_key") if certificate else _own_key(data)
    if not data or custody.host_key is None:
        return custody
    chain = verify_chain(list(split(data, CUSTODY)), thumbprint(custody.host_key), CUSTODY)
    for finding in chain.findings:
        later = finding.code in ("UNKNOWN_FORMAT", "PRIVATE_KIND")
        code, detail = (
            (finding.code, finding.detail) if later else ("CUSTODY_BREAK", f"{finding.code}: {finding.detail}")
        )
        custody.findings.append(Finding(code, detail, not later, CUSTODY_FILE, finding.item))
    custody.hashes = {bytes(32), *chain.hashes.values()}
    custody.whole = not any(finding.code == "CUSTODY_BREAK" for finding in custody.findings)
    enrolled = False
    zone = read_zone(store)
    for entry in chain.entries:
        body, kind = entry.body, entry.kind_name
        if kind == "GENESIS" and entry.known and body.values["zone"] != ("UTC" if zone is None else str(zone)):
            custody.findings.append(Finding("STORE_MISMATCH", "the host sealed another zone", file="store.json"))
        if not entry.known or body.values.get("device") != device:
            continue
        if kind == "ENROL":
            enrolled = genesis is not None and body.octets("genesis") == genesis.hash
        if kind in ("HEAD", "INGEST"):
            custody.size = max(custody.size, body.integer("size"))
        if kind == "INGEST":
            custody.received |= {(recording, number) for recording, number, _ in body.segments()}
        if kind == "HEAD" and body.octets("head") not in heads.hashes:
            custody.findings.append(
                Finding("STORE_MISMATCH", "this head is gone", file="heads.cbs", item=entry.sequence)
            )
    if not enrolled:
        custody.findings.append(Finding("NOT_ENROLLED", "no ENROL of this GENESIS", file=CUSTODY_FILE))
    return custody
