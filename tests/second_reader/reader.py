"""Reads one recorder's folder of an archive ("The archive", "Verification of a chain")."""

from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path

from .attestations import check_private, custody_was_cut, read_heads, receipted_segments
from .chain import Chain
from .entries import ENTRY
from .findings import Finding
from .journal import split
from .media import MediaReader
from .recordings import Recording, RecordingReader
from .sign1 import thumbprint
from .store import read_custody, read_zone
from .verification import verify_chain


@dataclass
class Summary:
    """What an archive of one recorder holds."""

    chain: Chain
    attested: int
    recordings: list[Recording]
    verified: set[tuple[int, int]]
    findings: list[Finding]
    zone: tzinfo | None

    @property
    def problems(self) -> list[Finding]:
        """What is missing or altered."""
        return [finding for finding in self.findings if finding.problem]

    def as_json(self) -> dict[str, object]:
        root = self.chain.root(self.chain.size)
        return {
            "device": self.chain.device.hex(),
            "size": self.chain.size,
            "attested_size": self.attested,
            "epochs": len(self.chain.keys),
            "newest": self.chain.newest.hex(),
            "root": root.hex() if root else None,
            "segments": sum(len(recording.segments) for recording in self.recordings),
            "segments_verified": len(self.verified),
            "recordings": [self._recording(recording) for recording in self.recordings],
            "problems": [finding.as_json() for finding in self.findings if finding.problem],
            "notes": [finding.as_json() for finding in self.findings if not finding.problem],
        }

    def _recording(self, recording: Recording) -> dict[str, object]:
        numbers = [segment.integer("number") for segment in recording.segments]
        return {
            "recording": recording.number,
            "segments": len(numbers),
            "spans": recording.spans,
            "interrupts": len(recording.interrupts),
            "stopped": recording.stop is not None,
            "whole": not any(finding.recording == recording.number for finding in self.problems)
            and all((recording.number, number) in self.verified for number in numbers),
        }


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def read_archive(folder: Path) -> Summary:
    """Everything that one recorder's folder holds, which is named by its device id; and what the store says of it."""
    folder = folder.resolve()
    store = folder.parent.parent
    chain = verify_chain(list(split(_read(folder / "journal.cbs"), ENTRY)), bytes.fromhex(folder.name))
    findings = [Finding(f.code, f.detail, f.problem, "journal.cbs", f.item) for f in chain.findings]
    heads = read_heads(_read(folder / "heads.cbs"), chain)
    findings += heads.findings
    if not heads.attested:
        findings.append(Finding("NO_HEAD", "no head holds", False))
    genesis = chain.entries[0] if chain.entries and chain.entries[0].kind_name == "GENESIS" else None
    custody = read_custody(store, chain.device, genesis, heads)
    findings += custody.findings
    if custody.size > chain.size and not any(finding.code == "TAIL_OPEN" for finding in heads.findings):
        findings.append(Finding("TAIL_OPEN", f"custody knows {custody.size} entries", file="journal.cbs"))
    host = thumbprint(custody.host_key) if custody.host_key else b""
    if custody.whole and custody_was_cut(chain, host, custody.hashes, custody.received):
        findings.append(Finding("CUSTODY_BREAK", "the recorder knows more of it", file="custody.cbs"))
    reader = RecordingReader()
    for entry in chain.entries:
        reader.read(entry)
    reader.finish(heads.open if heads.attested == chain.size else set(), heads.moment)
    recordings = sorted(reader.recordings.values(), key=lambda recording: recording.number)
    received, found = receipted_segments(_read(folder / "receipts.cbs"), chain, custody.host_key)
    zone = read_zone(store)
    deleted = {
        (entry.body.integer("recording"), entry.body.integer("number"))
        for entry in chain.entries
        if entry.known and entry.kind_name == "TOMBSTONE"
    }
    media = MediaReader(folder, recordings, received | custody.received | deleted, zone or UTC)
    media.read()
    findings += reader.findings + media.findings + found
    findings += check_private(_read(folder / "private.cbs"), chain)
    return Summary(chain, heads.attested, recordings, media.verified, findings, zone)
