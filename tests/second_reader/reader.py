"""Reads one recorder's folder of an archive ("The archive", "Verification of a chain")."""

from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from .attestations import check_private, check_receipts, read_heads
from .chain import Chain
from .entries import ENTRY
from .findings import Finding
from .journal import split
from .media import MediaReader
from .recordings import Recording, RecordingReader
from .store import check_custody, read_certificate, read_zone
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
    chain = verify_chain(list(split(_read(folder / "journal.cbs"), ENTRY)), bytes.fromhex(folder.name))
    findings = [Finding(f.code, f.detail, f.problem, "journal.cbs", f.item) for f in chain.findings]
    heads = read_heads(_read(folder / "heads.cbs"), chain)
    findings += heads.findings
    if heads.attested < chain.size:
        findings.append(Finding("INDETERMINATE", f"no head attests what follows entry {heads.attested - 1}", False))
    reader = RecordingReader()
    for entry in chain.entries:
        reader.read(entry)
    reader.finish(heads.open)
    recordings = sorted(reader.recordings.values(), key=lambda recording: recording.number)
    media = MediaReader(folder, recordings)
    media.read()
    findings += reader.findings + media.findings
    findings += check_private(_read(folder / "private.cbs"), chain)
    store, certificate = folder.parent.parent, None
    genesis = chain.entries[0] if chain.entries else None
    if genesis is not None and genesis.kind_name == "GENESIS":
        certificate, found = read_certificate(store, genesis.body.octets("organisation"))
        findings += found
    findings += check_receipts(_read(folder / "receipts.cbs"), chain, recordings, certificate)
    findings += check_custody(store, certificate, chain, heads, recordings)
    return Summary(chain, heads.attested, recordings, media.verified, findings, read_zone(store))
