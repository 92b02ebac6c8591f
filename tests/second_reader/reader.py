"""Reads one recorder's folder of an archive ("The archive", "Verification of a chain")."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path

from .attestations import check_private, custody_was_cut, receipted_segments
from .chain import Chain
from .clock import ClockReader
from .coverage import ALLOWS, Durations, coverage, covering
from .deletions import deletions, firmware_changes, remarks, revocation, unbacked
from .entries import ENTRY
from .findings import DECLARED, INDETERMINATE, Finding, worst
from .gaps import Gap
from .heads import read_heads
from .histories import judge_histories
from .holes import frames_missing, holes
from .journal import split
from .media import MediaReader
from .orders import OrderReader
from .places import files_of_store, unvouched
from .provenance import provenance
from .recordings import Recording, RecordingReader
from .resumes import read_gaps
from .settings import use
from .sign1 import thumbprint
from .spans import Painter, Seconds, seconds
from .store import gone_heads, read_custody, read_zone, unnamed_heads
from .ties import ties_of
from .times import Times
from .verification import verify_chain

IDLE = "standby", "off"


@dataclass
class Summary:
    """What an archive of one recorder holds."""

    chain: Chain
    attested: int
    recordings: list[Recording]
    verified: set[tuple[int, int]]
    findings: list[Finding]
    zone: tzinfo | None
    coverage: dict[int, dict[str, Durations]]
    gaps: list[Gap]
    seconds: Seconds
    times: Times

    @property
    def problems(self) -> list[Finding]:
        """What is missing or altered."""
        return [finding for finding in self.findings if finding.problem]

    @property
    def verdict(self) -> str:
        """The worst that any finding and any second allows."""
        every = [ALLOWS[state] for state, length in self.seconds.totals.items() if length]
        every += [DECLARED for span in self.seconds.spans if span.key[0] == "declared" and span.key[1] not in IDLE]
        if self.times.boots and not self.seconds.spans:
            every.append(INDETERMINATE)
        return worst([*(finding.verdict for finding in self.findings), *every])

    def as_json(self) -> dict[str, object]:
        root = self.chain.root(self.chain.size)
        return {
            "verdict": self.verdict,
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


def read_archive(folder: Path, pins: Collection[str] = ()) -> Summary:
    """Everything that one recorder's folder holds, which is named by its device id; and what the store says of it."""
    folder = folder.resolve()
    store = folder.parent.parent
    chain = verify_chain(list(split(_read(folder / "journal.cbs"), ENTRY)), bytes.fromhex(folder.name))
    findings = [Finding(f.code, f.detail, f.problem, "journal.cbs", f.item) for f in chain.findings]
    custody = read_custody(store, chain.device)
    heads = read_heads(_read(folder / "heads.cbs"), chain, {hash_ for hash_, _ in custody.heads})
    judge_histories(heads, custody.heads)
    findings += [*heads.findings, *gone_heads(custody, heads), *revocation(custody.registry, chain)]
    if not (folder / "journal.cbs").is_file():
        findings.append(Finding("NO_JOURNAL", "there is no journal of this recorder", False))
    elif chain.size and not heads.attested:
        findings.append(Finding("NO_HEAD", "no head holds", False))
    genesis = chain.entries[0] if chain.entries and chain.entries[0].kind_name == "GENESIS" else None
    orders = OrderReader(chain, custody.certificates)
    enrolled = custody.enrolled(pins, orders.trust.line)
    trusted, found = provenance(chain.device, genesis, enrolled, orders.trust.line, pins)
    findings += custody.findings + found
    if custody.size > chain.size and not any(finding.code == "TAIL_OPEN" for finding in findings):
        findings.append(Finding("TAIL_OPEN", f"custody knows {custody.size} entries", file="journal.cbs"))
    host = thumbprint(custody.host_key) if custody.host_key else b""
    if custody.whole and custody_was_cut(chain, host, custody.hashes, custody.received):
        findings.append(Finding("CUSTODY_BREAK", "the recorder knows more of it", file="custody.cbs"))
    else:
        findings += unnamed_heads(custody, heads)
    reader, clock = RecordingReader(), ClockReader()
    for entry in chain.entries:
        reader.read(entry)
    reader.finish(heads.open if heads.attested == chain.size else set(), heads.moment)
    named = custody.times if custody.whole else {}
    ties, clock.ties = ties_of(chain, custody.host_key, heads.moments, named)
    clock.ordered = {entry.hash for entry in orders.ordered if entry.sequence not in orders.bad}
    clock.read_all(chain.entries)
    told = [heads.moment, *(at for recording in reader.recordings.values() for at in recording.moments)]
    times = Times(chain.entries, clock.readings, told, ties)
    for boot in sorted(times.contradicted - clock.stepped):
        clock.step(boot, 0, f"boot {boot} began before the one before it ended")
    for tie in times.untied:
        clock.step(tie.boot, tie.ticks, "ties contradict each other")
    begins = {place: since for recording in reader.recordings.values() for place, since in recording.broke.items()}
    gaps, breaks, found = read_gaps(chain.entries, times, begins, times.end)
    orders.judge_times(times)
    findings += [*deletions(chain, orders), *firmware_changes(chain.entries, orders.bad), *remarks(chain, orders)]
    findings += [*times.findings, *found, *orders.findings, *use(chain.entries)]
    found_recordings = [*reader.recordings.values(), *reader.strays.values()]
    recordings = sorted(found_recordings, key=lambda recording: recording.number)
    received, found = receipted_segments(_read(folder / "receipts.cbs"), chain, custody.host_key, trusted)
    zone = read_zone(store)
    deleted = {
        (entry.body.integer("recording"), entry.body.integer("number"))
        for entry in chain.entries
        if entry.known and entry.kind_name == "TOMBSTONE"
    }
    media = MediaReader(folder, recordings, set(received) | custody.received | deleted, zone or UTC)
    media.read()
    if not (folder / "journal.cbs").is_file() and enrolled is None:
        media.findings = [unvouched(finding) for finding in media.findings]
    findings += [*reader.findings, *clock.findings, *media.findings, *found, *files_of_store(store)]
    findings += unbacked(received, media.states)
    findings += check_private(_read(folder / "private.cbs"), chain)
    started = [recording for recording in recordings if recording.start]
    placed = [boot.number for boot in times.boots.values() if boot.place is not None]
    covered = {
        recording.number: coverage(covering(recording, media.states, media.altered), placed) for recording in started
    }
    painted = seconds(Painter(chain.entries, times, gaps, started, media.states, media.altered))
    gaps = [*gaps, *breaks, *(Gap("clock_step", at, None, at, verdict="clock_step") for at in clock.steps)]
    for recording in started:
        gaps += [*holes(recording, media.states, media.altered), *frames_missing(recording, findings)]
    return Summary(chain, heads.attested, recordings, media.verified, findings, zone, covered, gaps, painted, times)
