"""What stands above a recorder's folder: host.cert, store.json and the custody chain ("The archive")."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from .attestations import Heads
from .entries import CUSTODY, Entry, parse_entry
from .errors import Malformed, UnknownFormat
from .findings import INDETERMINATE, Finding
from .journal import split
from .provenance import enrols, read_certificate
from .sign1 import thumbprint
from .statements import Statement
from .verification import verify_chain

CUSTODY_FILE, CERTIFICATE_FILE = "custody.cbs", "host.cert"


def read_zone(store: Path) -> tzinfo | None:
    path = store / "store.json"
    return ZoneInfo(json.loads(path.read_text("utf-8"))["zone"]) if path.is_file() else None


@dataclass
class Custody:
    """What the custody chain says of one recorder."""

    host_key: bytes | None = None
    received: set[tuple[int, int]] = field(default_factory=set)
    enrolled: set[bytes] = field(default_factory=set)
    times: dict[bytes, int] = field(default_factory=dict)  # when it named a head
    heads: set[bytes] = field(default_factory=set)
    hashes: set[bytes] = field(default_factory=set)
    whole: bool = False
    size: int = 0
    certificates: list[Statement] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def _own_key(data: bytes) -> bytes | None:
    """The key in a custody chain's GENESIS, when no certificate names one."""
    try:
        first = parse_entry(next(split(data, CUSTODY)).raw, CUSTODY)
    except (StopIteration, Malformed, UnknownFormat):
        return None
    return first.body.octets("public_key") if first.kind_name == "GENESIS" else None


def read_custody(store: Path, device: bytes, heads: Heads, pins: Collection[str]) -> Custody:
    """The custody chain, by the steps of any chain, and what it says of this recorder."""
    custody = Custody()
    path = store / CERTIFICATE_FILE
    certificate = None
    if path.is_file():
        certificate, custody.findings = read_certificate(path.read_bytes(), CERTIFICATE_FILE)
    path = store / CUSTODY_FILE
    data = path.read_bytes() if path.is_file() else b""
    custody.host_key = certificate.fields.octets("host_key") if certificate else _own_key(data)
    if not data or custody.host_key is None:
        if any((folder / "journal.cbs").is_file() for folder in (store / "recorders").iterdir()):
            custody.findings.append(Finding("CUSTODY_BREAK", "no custody chain, or no key for it", file=CUSTODY_FILE))
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
    certificates = custody.certificates = [certificate] if certificate else []
    for entry in chain.entries:
        if entry.known and entry.kind_name in ("GENESIS", "CERTIFICATE"):
            named, found = read_certificate(entry.body.octets("certificate"), CUSTODY_FILE)
            certificates.extend([named] if named else [])
            custody.findings += found
        if entry.known and entry.kind_name == "GENESIS":
            _genesis(custody, store, entry)
        elif entry.known and entry.body.values.get("device") == device:
            if entry.kind_name == "ENROL" and enrols(entry, certificates, custody.host_key, pins):
                custody.enrolled = {entry.body.octets("genesis")}
            _about(custody, entry, heads)
    return custody


def _genesis(custody: Custody, store: Path, entry: Entry) -> None:
    zone = read_zone(store)
    if entry.body.values["zone"] != ("UTC" if zone is None else str(zone)):
        custody.findings.append(Finding("STORE_MISMATCH", "the host sealed another zone", file="store.json"))


def _about(custody: Custody, entry: Entry, heads: Heads) -> None:
    """Section "Verification of a chain", "Custody about a recorder"."""
    body, kind = entry.body, entry.kind_name
    if kind in ("HEAD", "INGEST"):
        custody.size = max(custody.size, body.integer("size"))
    if kind == "INGEST":
        custody.received |= {(recording, number) for recording, number, _ in body.segments()}
    if kind == "HEAD":
        custody.heads.add(body.octets("head"))
        state, time = entry.fields.wall()
        if state:
            custody.times.setdefault(body.octets("head"), time)
        if body.octets("head") not in heads.hashes:
            gone = Finding("STORE_MISMATCH", "this head is gone", file="heads.cbs", item=entry.sequence)
            custody.findings.append(gone)


def unnamed_heads(custody: Custody, heads: Heads) -> list[Finding]:
    """Heads of this host's sessions that its custody chain does not name; for the last one that may be in order."""
    if not custody.whole or custody.host_key is None:
        return []
    ours = [hash_ for hash_, host in heads.clean if host == thumbprint(custody.host_key)]
    found = list[Finding]()
    for hash_ in ours:
        if hash_ not in custody.heads:
            last = hash_ == ours[-1]
            allows = INDETERMINATE if last else None
            found.append(Finding("CUSTODY_BREAK", "it names no such head", not last, CUSTODY_FILE, allows=allows))
    return found
