"""What every part of the picture needs: the report, the reader's language and clock, and what `arrange` decided."""

from collections.abc import Mapping
from dataclasses import dataclass

from evidock import language
from evidock.report import DeviceReport, Finding, Report, Severity, Span

from . import arrange, time_axis
from .time_axis import Clock


@dataclass(frozen=True)
class Drawing:
    """One report made ready to be drawn."""

    report: Report
    lang: str
    clock: Clock
    start: float
    end: float
    spans: list[Span]
    stretches: list[tuple[float, float]]
    """What is drawn again, enlarged."""
    findings: list[Finding]
    """Worst first; a finding's number is its place here, from 1."""
    numbers: Mapping[int, int]
    """Place in `spans` to number of the finding that speaks of it."""
    loose: list[arrange.Timed]
    """Findings at a time, but about no span; information alone is left to the list."""
    tracks: dict[str, dict[str, list[Span]]]
    """By recorder and track: how each track stands, for recorders that have several (OB-1)."""
    devices: list[DeviceReport]
    """The report's recorders, and any other that it has spans of: nothing is left out."""

    @classmethod
    def of(cls, report: Report, lang: str) -> "Drawing":
        """The drawing of `report`. Raises KeyError for an unknown language."""
        start, end = report.interval
        end = max(end, start + 1.0)
        clock = Clock.of(report.zone)
        spans = arrange.joined(report.coverage.spans, start, end)
        stretches = arrange.enlargements(spans, start, end, clock.shift(start))
        known = [device.id for device in report.devices]
        others = dict.fromkeys(span.device for span in spans if span.device not in known)
        devices = [*report.devices, *(DeviceReport(identity, 0, None, "unknown") for identity in others)]
        findings = arrange.ordered(report.findings)
        located = arrange.timed(findings, devices[0].id if len(devices) == 1 else None)
        numbers = arrange.explanations(spans, located)
        told = set(numbers.values())
        loose = [it for it in located if it.number not in told and it.finding.severity is not Severity.INFO]
        tracks = {device.id: _tracks(report, device.id, start, end) for device in devices}
        return cls(report, lang, clock, start, end, spans, stretches, findings, numbers, loose, tracks, devices)

    def say(self, key: str, **values: object) -> str:
        """A sentence of the picture."""
        return language.text(f"picture.{key}", self.lang, **values)

    def call(self, family: str, code: str) -> str:
        """The reader's word for a code."""
        return language.name(family, code, self.lang)

    def moment(self, time: float) -> str:
        """Date and time of day."""
        return f"{self.clock.date(time)} {self.clock.time(time)}"

    def duration(self, seconds: float) -> str:
        """A length in words."""
        return time_axis.duration(seconds, self.lang)

    def when(self, start: float, end: float) -> str:
        """Times of day and length: 10:02:11–10:03:25 · 1 min 14 s; the time alone for a moment."""
        if end <= start:
            return self.clock.time(start)
        return f"{self.clock.between(start, end)} · {self.duration(end - start)}"


def _tracks(report: Report, device: str, start: float, end: float) -> dict[str, list[Span]]:
    """The spans of a recorder's tracks by their names; none where it has only one, whose lane says it all."""
    own = [span for span in report.coverage.tracks if span.device == device]
    names = sorted({span.track for span in own}, reverse=True)  # sound above picture
    if len(names) < 2:
        return {}
    return {name: arrange.joined((span for span in own if span.track == name), start, end) for name in names}


def short(identity: str) -> str:
    """The first eight digits of a hex identity, in fours: 3f9a 77c1."""
    return f"{identity[:4]} {identity[4:8]}".strip()


def shortened(text: str, limit: int) -> str:
    """`text`, its middle left out where it is longer than `limit`."""
    return text if len(text) <= limit else f"{text[: limit // 2 - 1]}…{text[-(limit - limit // 2) :]}"


def located(drawing: Drawing, finding: Finding) -> list[str]:
    """Where a finding is, in parts: recorder, recording, segment, file, bytes (last one included), time."""
    parts: list[str] = []
    if finding.device is not None and len(drawing.devices) != 1:
        parts.append(drawing.say("recorder", id=short(finding.device)))
    if finding.recording is not None:
        parts.append(drawing.say("recording", number=finding.recording))
    if finding.segment is not None:
        parts.append(drawing.say("segment", number=finding.segment))
    if finding.path is not None:
        parts.append(shortened(finding.path, 60))
    if finding.bytes is not None:
        parts.append(drawing.say("bytes", start=finding.bytes[0], end=max(finding.bytes[0], finding.bytes[1] - 1)))
    if finding.time is not None:
        first, last = finding.time
        parts.append(f"{drawing.clock.date(first)} {drawing.when(first, last)}")
    return parts
