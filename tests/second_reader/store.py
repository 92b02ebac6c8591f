"""What stands above a recorder's folder: host.cert, store.json and the custody chain ("The archive")."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from .entries import CUSTODY, Entry, parse_entry
from .errors import Malformed, UnknownFormat
from .findings import INDETERMINATE, Finding
from .heads import Heads
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
    enrols: list[tuple[Entry, int]] = field(default_factory=list)  # with how many certificates stand before
    registry: list[Entry] = field(default_factory=list)
    times: dict[bytes, int] = field(default_factory=dict)  # when it named a head
    named: list[tuple[bytes, int, int]] = field(default_factory=list)  # hash, size and place of each HEAD
    witnessed: list[tuple[bytes, int]] = field(default_factory=list)  # hash and place
    hashes: set[bytes] = field(default_factory=set)
    whole: bool = False
    size: int = 0
    certificates: list[Statement] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def enrolled(self, pins: Collection[str], line: Collection[bytes]) -> bytes | None:
        """What the last ENROL that counts says of GENESIS."""
        found, every = None, self.certificates
        for entry, count in self.enrols:
            if self.host_key is not None and enrols(entry, every[:count], every, self.host_key, pins, line):
                found = entry.body.octets("genesis")
        return found

    @property
    def heads(self) -> list[tuple[bytes, int]]:
        """Hash and size of each HEAD, if the chain holds."""
        return [(hash_, size) for hash_, size, _ in self.named] if self.whole else []


def _own_key(data: bytes) -> bytes | None:
    """The key in a custody chain's GENESIS, when no certificate names one."""
    try:
        first = parse_entry(next(split(data, CUSTODY)).raw, CUSTODY)
    except (StopIteration, Malformed, UnknownFormat):
        return None
    return first.body.octets("public_key") if first.kind_name == "GENESIS" else None


def read_custody(store: Path, device: bytes) -> Custody:
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
            _about(custody, entry)
    return custody


def _genesis(custody: Custody, store: Path, entry: Entry) -> None:
    zone = read_zone(store)
    if entry.body.values["zone"] != ("UTC" if zone is None else str(zone)):
        custody.findings.append(Finding("STORE_MISMATCH", "the host sealed another zone", file="store.json"))


def _about(custody: Custody, entry: Entry) -> None:
    """Section "Verification of a chain", "Custody about a recorder"."""
    body, kind = entry.body, entry.kind_name
    if kind in ("HEAD", "INGEST"):
        custody.size = max(custody.size, body.integer("size"))
    if kind == "ENROL":
        custody.enrols.append((entry, len(custody.certificates)))
    if kind == "REGISTRY":
        custody.registry.append(entry)
        custody.size = max(custody.size, body.optional_integer("head_size") or 0)
    if kind == "INGEST":
        custody.received |= {(recording, number) for recording, number, _ in body.segments()}
    if kind == "WITNESS":
        custody.witnessed.append((body.octets("head"), entry.sequence))
    if kind == "HEAD":
        custody.named.append((body.octets("head"), body.integer("size"), entry.sequence))
        state, time = entry.fields.wall()
        if state:
            custody.times.setdefault(body.octets("head"), time)


def gone_heads(custody: Custody, heads: Heads) -> list[Finding]:
    """Heads that HEAD or WITNESS names and that are not there."""
    named = [(hash_, place) for hash_, _, place in custody.named] + custody.witnessed
    return [
        Finding("STORE_MISMATCH", "this head is gone", file="heads.cbs", item=place)
        for hash_, place in named
        if hash_ not in heads.hashes
    ]


def unnamed_heads(custody: Custody, heads: Heads) -> list[Finding]:
    """Heads of this host's sessions that its custody chain does not name; for the last one that may be in order."""
    if not custody.whole or custody.host_key is None:
        return []
    ours = [head.hash for head in heads.clean if head.host == thumbprint(custody.host_key)]
    named, found = {hash_ for hash_, _, _ in custody.named}, list[Finding]()
    for hash_ in ours:
        if hash_ not in named:
            last = hash_ == ours[-1]
            allows = INDETERMINATE if last else None
            found.append(Finding("CUSTODY_BREAK", "it names no such head", not last, CUSTODY_FILE, allows=allows))
    return found
