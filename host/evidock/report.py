"""The verification report: verdict, three answers, coverage, findings and marks, as typed values with a JSON form.

Names and keys of the JSON form are promised to users (`evidock verify --json`, schema 1): new keys may be added, none
is renamed. Times are Unix seconds here and ISO 8601 UTC with milliseconds in JSON; lengths and offsets are bytes.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

from .gaps import Gap as Gap
from .gaps import Owed as Owed
from .words import Answer as Answer
from .words import Authenticity as Authenticity
from .words import Completeness as Completeness
from .words import Duty as Duty
from .words import GapVerdict as GapVerdict
from .words import Json as Json
from .words import Provenance as Provenance
from .words import Severity as Severity
from .words import State as State
from .words import Verdict as Verdict
from .words import iso as iso

SCHEMA = 1


@dataclass(frozen=True)
class Span:
    """A stretch of time of one recorder in one state, [start, end) in Unix seconds."""

    start: float
    end: float
    state: State
    cause: str | None
    """Name of the cause (`battery_low`, `standby`, an exemption class), or None."""
    device: str
    """Device id in hex."""
    recording: int | None

    @property
    def seconds(self) -> float:
        """Length in seconds, never negative."""
        return max(0.0, self.end - self.start)

    @property
    def is_ordinary(self) -> bool:
        """Whether nothing was to be recorded: the recorder says that it stood by, or was switched off."""
        return self.state is State.DECLARED and self.cause in (None, "standby", "off")

    def to_json(self) -> Json:
        return {
            "from": iso(self.start),
            "to": iso(self.end),
            "state": self.state.value,
            "cause": self.cause,
            "device": self.device,
            "recording": self.recording,
        }


@dataclass(frozen=True)
class TrackSpan(Span):
    """The same of one track of a recording. The recording's own spans stand as the worst of its tracks does (OB-1)."""

    track: str
    """`sound` or `picture`."""

    def to_json(self) -> Json:
        return {**super().to_json(), "track": self.track}


@dataclass(frozen=True)
class Finding:
    """One result of verification. `code` is stable and the same in every language; `text` is one sentence in the
    reader's language with what was expected and what was found."""

    code: str
    severity: Severity
    text: str
    attack: int | None = None
    """Row of the attack catalogue, where one fits."""
    verdict: Verdict | None = None
    """The best overall verdict that this finding still allows, or None when it changes nothing."""
    device: str | None = None
    recording: int | None = None
    segment: int | None = None
    bytes: tuple[int, int] | None = None
    """Offsets in the file, [start, end)."""
    time: tuple[float, float] | None = None
    """Unix seconds, [start, end); equal for a moment."""
    path: str | None = None
    """File name, as it stands in the archive or on the card."""

    def to_json(self) -> Json:
        return {
            "code": self.code,
            "attack": self.attack,
            "severity": self.severity.value,
            "verdict": None if self.verdict is None else self.verdict.value,
            "device": self.device,
            "recording": self.recording,
            "segment": self.segment,
            "bytes": None if self.bytes is None else list(self.bytes),
            "time": None if self.time is None else {"from": iso(self.time[0]), "to": iso(self.time[1])},
            "text": self.text,
            "path": self.path,
        }


@dataclass(frozen=True)
class Head:
    """The newest state of a recorder's journal that the report rests on."""

    size: int
    """Entries in the journal."""
    hash: str
    """Hash of the newest entry, hex."""
    root: str
    """Root of the tree over all entry hashes, hex."""
    time: float | None
    """Unix seconds at which a host dated it, or None."""
    attested: bool
    """True when the recorder signed it over a host's nonce."""

    def to_json(self) -> Json:
        return {**asdict(self), "time": None if self.time is None else iso(self.time)}


@dataclass(frozen=True)
class Stamp:
    """A time stamp (RFC 3161) over a head: the head, and every entry below it, existed at `latest` at the latest."""

    head_size: int
    """Entries under the head."""
    latest: float | None
    """Unix seconds, the authority's accuracy included; None where nothing here can read stamps."""
    authority: str
    """Subject of the signer's certificate; it proves nothing unless `checked`."""
    checked: bool
    """Whether its signature leads to a certificate that the verifier was given for it."""

    def to_json(self) -> Json:
        return {**asdict(self), "latest": None if self.latest is None else iso(self.latest)}


@dataclass(frozen=True)
class DeviceReport:
    """One recorder as the report saw it."""

    id: str
    """Thumbprint of the genesis key, hex."""
    epochs: int
    head: Head | None
    protection: str
    """How the key is kept: a name from the protocol's table of protections."""
    model: str = ""
    serial: str = ""
    simulated: bool = False
    settings: tuple[tuple[str, int], ...] = ()
    """(name, value) of each setting that was in force at the end and is not the default."""
    organisation: str | None = None
    """Fingerprint (hex) of the organisation key that the recorder obeys: GENESIS's, or that of its newest ORG."""
    enrolled_by: str | None = None
    """Id (hex) of the host whose custody chain enrols it; None when none does."""
    enroller: str = ""
    """That host's name, as its organisation certified it."""
    registry: str | None = None
    """Its state in the registry: a name from the protocol's table; None when no registry has it."""
    stamps: tuple[Stamp, ...] = ()
    """Time stamps over its heads that hold or could not be checked, the largest head first."""

    def to_json(self) -> Json:
        head = None if self.head is None else self.head.to_json()
        stamps = [stamp.to_json() for stamp in self.stamps]
        return {**asdict(self), "head": head, "settings": dict(self.settings), "stamps": stamps}


@dataclass(frozen=True)
class UnplacedMark:
    """A mark made while nothing placed the recorder in time."""

    type: str
    """As of Mark."""
    between: tuple[float | None, float | None]
    """(earliest, latest) in Unix seconds; None is unbounded."""

    def to_json(self) -> Json:
        return {"type": self.type, "between": _between(self.between)}


@dataclass(frozen=True)
class Unplaced:
    """A start of a recorder without a clock and without a tie to a host's time: it is known how long, but not when."""

    device: str
    """Device id in hex."""
    boot: int
    seconds: Mapping[State, float]
    """Seconds by state, of the states that there are."""
    between: tuple[float | None, float | None]
    """(earliest start, latest end) in Unix seconds; None is unbounded."""
    certain: bool
    """Whether it lies in the interval for certain, or only may. Only what is certain counts in totals."""
    held: State | None = None
    """The state of the spans that stand in its place, of which its seconds are a part; None where none do."""
    marks: tuple[UnplacedMark, ...] = ()
    """What the officer marked in it (OB-11)."""

    def to_json(self) -> Json:
        return {
            "device": self.device,
            "boot": self.boot,
            "seconds": {f"{state.value}_s": round(seconds, 3) for state, seconds in self.seconds.items()},
            "between": _between(self.between),
            "certain": self.certain,
            "held": None if self.held is None else self.held.value,
            "marks": [mark.to_json() for mark in self.marks],
        }


def _between(bounds: tuple[float | None, float | None]) -> Json:
    earliest, latest = bounds
    return {
        "from": None if earliest is None else iso(earliest),
        "to": None if latest is None else iso(latest),
    }


@dataclass(frozen=True)
class Coverage:
    """How each second of the interval stands, for every recorder."""

    spans: tuple[Span, ...] = ()
    tracks: tuple[TrackSpan, ...] = ()
    """How each track of each recording stands; time outside recordings has none."""
    unplaced: tuple[Unplaced, ...] = ()
    """Starts of a recorder that nothing places in time. `spans` have declared time in their place, cause clock_lost, or
    unexplained time where what broke off before them is.
    """

    def seconds(self, state: State, device: str | None = None) -> float:
        """Seconds in `state`, of one recorder or of all together; those that have no place in time count, too."""
        placed = sum(span.seconds for span in self.spans if span.state is state and device in (None, span.device))
        adrift = [one for one in self.unplaced if one.certain and device in (None, one.device)]
        held = sum(sum(one.seconds.values()) for one in adrift if one.held is state)
        return max(0.0, placed + sum(one.seconds.get(state, 0.0) for one in adrift) - held)

    @property
    def totals(self) -> Mapping[State, float]:
        """Seconds per state, all states present."""
        return MappingProxyType({state: self.seconds(state) for state in State})

    def to_json(self) -> Json:
        totals: Json = {f"{state.value}_s": round(seconds, 3) for state, seconds in self.totals.items()}
        each: Json = {
            "spans": [span.to_json() for span in self.spans],
            "tracks": [span.to_json() for span in self.tracks],
            "unplaced": [one.to_json() for one in self.unplaced],
            "devices": {
                device: {f"{state.value}_s": round(self.seconds(state, device), 3) for state in State}
                for device in sorted({span.device for span in self.spans} | {one.device for one in self.unplaced})
            },
        }
        return totals | each


@dataclass(frozen=True)
class Mark:
    """A moment that the officer marked (OB-11)."""

    time: float
    device: str
    type: str
    """Name from the protocol's table of mark types."""

    def to_json(self) -> Json:
        return {"time": iso(self.time), "device": self.device, "type": self.type}


@dataclass(frozen=True)
class Report:
    """What verification found out about one interval."""

    verdict: Verdict
    authenticity: Answer[Authenticity]
    provenance: Answer[Provenance]
    completeness: Answer[Completeness]
    interval: tuple[float, float]
    """Unix seconds, [from, to)."""
    devices: tuple[DeviceReport, ...] = ()
    coverage: Coverage = Coverage()
    findings: tuple[Finding, ...] = ()
    marks: tuple[Mark, ...] = ()
    unproven: tuple[str, ...] = ()
    """What cannot be proved, one sentence each."""
    zone: str = "UTC"
    """Zone in which people read the times: an IANA name, or an offset such as `+08:00`."""
    verified: float | None = None
    """Unix seconds at which this report was made, by the clock of the machine that made it."""
    trusted: tuple[str, ...] = ()
    """Fingerprints (hex) of the organisation keys, and ids of recorders, that were trusted."""
    gaps: tuple[Gap, ...] = ()
    """Every stretch that should have been recorded and was not, in the order in which they began."""
    owed: tuple[Owed, ...] = ()
    """What people still have to do about the gaps."""

    @property
    def simulated(self) -> bool:
        """True when any recorder was a simulated one; every rendering must say so."""
        return any(device.simulated for device in self.devices)

    @property
    def headline(self) -> str:
        """What says in words what the verdict rests on: its own name, or that of a case of it that has other words."""
        found = {span.state for span in self.coverage.spans if not span.is_ordinary} - {State.RECORDED}
        gap = any(finding.verdict is Verdict.VERIFIED_DECLARED_GAPS for finding in self.findings)
        closed = self.verdict is Verdict.VERIFIED_DECLARED_GAPS and found == {State.POST_CLOSE} and not gap
        return f"{self.verdict.value}.closed" if closed else self.verdict.value

    def to_json(self) -> Json:
        """The object that `verify --json` prints."""
        return {
            "schema": SCHEMA,
            "verdict": self.verdict.value,
            "simulated": self.simulated,
            "verified": None if self.verified is None else iso(self.verified),
            "trusted": list(self.trusted),
            "authenticity": self.authenticity.to_json(),
            "provenance": self.provenance.to_json(),
            "completeness": self.completeness.to_json(),
            "interval": {"from": iso(self.interval[0]), "to": iso(self.interval[1]), "zone": self.zone},
            "devices": [device.to_json() for device in self.devices],
            "coverage": self.coverage.to_json(),
            "findings": [finding.to_json() for finding in self.findings],
            "marks": [mark.to_json() for mark in self.marks],
            "gaps": [gap.to_json() for gap in self.gaps],
            "owed": [owed.to_json() for owed in self.owed],
            "unproven": list(self.unproven),
        }
