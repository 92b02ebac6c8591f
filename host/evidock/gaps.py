"""The gaps of a report and what is owed for them: typed values with a JSON form, part of the report's.

Specification: "Verification of a chain", Gaps and Owed. Times are Unix seconds here and ISO 8601 UTC in JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .words import Duty as Duty
from .words import GapVerdict as GapVerdict
from .words import Json, iso


@dataclass(frozen=True)
class Gap:
    """A stretch in which a recorder that had been recording, or was to record, did not."""

    device: str
    """Device id in hex."""
    start: float | None
    """Unix seconds, or None where only `between` is known."""
    end: float | None
    between: tuple[float | None, float | None]
    """The earliest possible start and the latest possible end; None is unbounded."""
    seconds: tuple[float, float | None]
    """How long it lasts: at least, and at most; None is unbounded."""
    cause: str
    """Name of the cause (`battery_low`), an exemption class, or what was found (`clock_step`)."""
    verdict: GapVerdict
    recording: int | None
    """The recording that broke off, or in which the gap lies."""
    resumed: int | None
    """The recording that went on, or None."""
    voice: tuple[float, float] | None
    """When somebody spoke after it, or None. Unix seconds."""
    telemetry: Mapping[str, str | int | None] = field(default_factory=lambda: MappingProxyType({}))
    """What the entries say that confirms or contradicts the cause, and under `says` which of the two (`confirmed`,
    `uncontradicted`, `contradicted`)."""
    text: str = ""
    """One sentence in the report's language."""

    def to_json(self) -> Json:
        return {
            "device": self.device,
            "from": _iso(self.start),
            "to": _iso(self.end),
            "between": [_iso(self.between[0]), _iso(self.between[1])],
            "seconds": [round(self.seconds[0], 3), None if self.seconds[1] is None else round(self.seconds[1], 3)],
            "cause": self.cause,
            "verdict": self.verdict.value,
            "recording": self.recording,
            "resumed": self.resumed,
            "voice": None if self.voice is None else [iso(self.voice[0]), iso(self.voice[1])],
            "telemetry": dict(self.telemetry),
            "text": self.text,
        }


@dataclass(frozen=True)
class Owed:
    """Something that people still have to do about a gap, which no recorder can do for them."""

    what: Duty
    device: str
    """Device id in hex."""
    recording: int | None
    """The recording that broke off, or None for an exemption outside recordings."""
    since: float | None
    """Unix seconds from which on it is owed, or None where no time is known."""
    text: str
    """One sentence in the report's language."""

    def to_json(self) -> Json:
        return {
            "what": self.what.value,
            "device": self.device,
            "recording": self.recording,
            "since": _iso(self.since),
            "text": self.text,
        }


def _iso(time: float | None) -> str | None:
    return None if time is None else iso(time)
