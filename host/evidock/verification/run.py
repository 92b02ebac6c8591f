"""The whole verification of a store, a card or a package: `verify`.

Architecture: "Verification is a pure library over a reader interface". It opens no port, writes nothing and prints
nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from math import inf
from pathlib import Path

from evidock import organisation
from evidock.errors import WrongUsage
from evidock.report import Coverage, Finding, Gap, Provenance, Report, Span, TrackSpan, Unplaced, Verdict

from . import packaged, stamps
from . import verdict as judge
from .collector import Collector
from .excerpt import Excerpt
from .files import Shared
from .reader import NotEvidence, Reader, open_reader
from .recorder import DeviceResult, RecorderCheck
from .signed_head import SignedHead, read_heads
from .trust import Trust, parse_pins

Moment = float | datetime | str | None
Progress = Callable[[int, int], None]
"""Called with the bytes of media read so far and those there are."""

_PROVENANCES = (Provenance.TRUSTED, Provenance.UNPINNED, Provenance.UNTRUSTED)
_KEPT_OUTSIDE = (Verdict.ALTERED, Verdict.UNTRUSTED)


def verify(
    evidence: str | Path | Reader | object,
    start: Moment = None,
    end: Moment = None,
    *,
    trust: Iterable[str] | None = None,
    heads: str | Path | None = None,
    time_roots: str | Path | None = None,
    device: str | None = None,
    progress: Progress | None = None,
    lang: str = "en",
    now: Callable[[], float] = time.time,
) -> Report:
    """Verifies `evidence`: a path to a store, a package or a card, an open `Store`, or a `Reader`.

    `start` and `end` are Unix seconds, datetimes or ISO 8601 text; without zone they are in the store's zone. By
    default the interval is the life of each recorder as far as it is known. `trust` holds organisation keys or
    fingerprints (64 hexadecimal digits); None means the user's pins. `heads` names a file of signed heads kept
    elsewhere, `time_roots` one of certificates (PEM) of the time-stamping authorities to believe. `device` is the
    beginning of a recorder's id. `now` (Unix seconds) dates the report and decides nothing.
    Raises EvidockError when the evidence cannot be read at all; everything else is a finding.
    """
    authorities = stamps.authorities(time_roots)
    reader = _reader(evidence)
    first, last = _milliseconds(start, reader), _milliseconds(end, reader)
    if first is None and last is None and reader.excerpt is not None:
        first, last = reader.excerpt.interval
    if first is not None and last is not None and last <= first:
        raise WrongUsage("evidence_interval", start=start, end=end)
    collector = Collector(lang)
    known = Trust(parse_pins(organisation.read_pins() if trust is None else trust), collector)
    known.read(reader)
    if reader.excerpt is not None:
        packaged.judge(reader.excerpt, known.host_key, collector)
    extra = _extra_heads(heads, collector)
    devices = _devices(reader, known, device)
    if not devices:
        collector.add("NOTHING")
    for lying in reader.foreign():
        collector.add("LITTER" if lying.is_litter else "INSERTED", path=lying.path)
    if heads is not None and not any(head.device in devices for head in extra):
        collector.add("NO_HEAD", path=str(heads), sentence="NO_HEAD.kept")
    shared = Shared(_teller(reader, devices, progress))
    checks = [
        RecorderCheck(reader, one, known, extra, (first, last), collector, shared, authorities) for one in devices
    ]
    results = [check.run() for check in checks]
    shared.suspects.trace(reader, devices, collector)
    for check, result in zip(checks, results, strict=True):
        collector.place(check.device, result.offsets, result.placed.lives)
    asked = (first, last)
    if asked == (None, None) and reader.excerpt is not None:
        asked = _exported(reader.excerpt, devices, results)
    report = _report(reader, results, devices, asked, collector, lang)
    return replace(report, verified=now(), trusted=tuple(sorted(one.hex() for one in known.vouching)))


def _report(
    reader: Reader,
    results: list[DeviceResult],
    devices: list[bytes],
    asked: tuple[int | None, int | None],
    collector: Collector,
    lang: str,
) -> Report:
    spans: list[Span] = []
    tracks: list[TrackSpan] = []
    unplaced: list[Unplaced] = []
    adrift: list[Span] = []
    bounds = _bounds(results, asked)
    for device, result, (start, end) in zip(devices, results, bounds, strict=True):
        spans += result.placed.spans(device, start, end)
        tracks += result.placed.track_spans(device, start, end)
        unplaced += result.placed.adrift(device, asked)
        adrift += result.placed.adrift_spans(device, asked)
    interval = (
        min((one[0] for one in bounds), default=asked[0] or 0) / 1000,
        max((one[1] for one in bounds), default=asked[1] or 0) / 1000,
    )
    findings = tuple(_inside(collector.concerning(), interval))
    provenance = max((result.provenance for result in results), key=_PROVENANCES.index, default=Provenance.UNTRUSTED)
    verdict = judge.overall(findings, collector.overflowed(), [*spans, *adrift], provenance)
    reports = tuple(result.report for result in results)
    return Report(
        verdict=verdict,
        authenticity=judge.authenticity(findings, verdict, lang),
        provenance=judge.provenance_answer(provenance, findings, lang),
        completeness=judge.completeness(findings, [*spans, *adrift], lang),
        interval=interval,
        devices=reports,
        coverage=Coverage(tuple(spans), tuple(tracks), tuple(unplaced)),
        findings=findings,
        marks=tuple(mark for result in results for mark in result.marks if interval[0] <= mark.time <= interval[1]),
        gaps=tuple(gap for result in results for gap in result.gaps if _concerns(gap, interval)),
        owed=tuple(one for result in results for gap, one in result.owed if _concerns(gap, interval)),
        unproven=(*judge.unproven(reports, lang), *packaged.unproven(reader.excerpt, lang)),
        zone=reader.zone_name,
    )


def _bounds(results: list[DeviceResult], asked: tuple[int | None, int | None]) -> list[tuple[int, int]]:
    """The interval of each recorder: its own life as far as it is known; but where one was asked for, the same for all,
    and never empty, so that a recorder that had ended by then answers for it too.
    """
    known = [result.placed.interval[0] for result in results if result.placed.interval]
    # A recorder that never docked has no time of its own, and none before the others'.
    dark = min(known, default=0)
    some = asked[0] or asked[1] or dark, asked[1] or asked[0] or dark
    lives = [result.placed.interval or some for result in results]
    if asked == (None, None):
        return [(start, max(start, end)) for start, end in lives]
    start = min((life[0] for life in lives), default=some[0]) if asked[0] is None else asked[0]
    end = max((life[1] for life in lives), default=some[1]) if asked[1] is None else asked[1]
    if asked[0] is None:
        start = min(start, end - 1)
    return [(start, max(end, start + 1))] * len(lives)


def _exported(excerpt: Excerpt, devices: list[bytes], results: list[DeviceResult]) -> tuple[int | None, int | None]:
    """From the beginning of the first to the end of the last recording that a package has, in Unix milliseconds."""
    rows = [
        (start, end)
        for device, result in zip(devices, results, strict=True)
        for start, end, _state, _cause, recording in result.placed.rows
        if recording in excerpt.part(device).recordings
    ]
    return (min(row[0] for row in rows), max(row[1] for row in rows)) if rows else (None, None)


def _inside(
    findings: Iterable[tuple[Finding, tuple[float, float] | None]], interval: tuple[float, float]
) -> Iterable[Finding]:
    """Findings that concern the interval. What is altered or untrusted anywhere in the chain concerns all of it."""
    for finding, concerns in findings:
        everywhere = finding.verdict in _KEPT_OUTSIDE and finding.code != "REVOKED"  # that has a beginning
        if everywhere or concerns is None or _touches(concerns, interval):
            yield finding


def _concerns(gap: Gap, interval: tuple[float, float]) -> bool:
    """Whether a gap may have a part in the interval."""
    start, end = gap.between if gap.start is None or gap.end is None else (gap.start, gap.end)
    return _touches((-inf if start is None else start, inf if end is None else end), interval)


def _touches(time: tuple[float, float], interval: tuple[float, float]) -> bool:
    """Whether a stretch of time has a part in the interval; a moment may also be the interval's first or last."""
    if time[0] == time[1]:
        return interval[0] <= time[0] <= interval[1]
    return time[0] < interval[1] and time[1] > interval[0]


def _reader(evidence: object) -> Reader:
    if isinstance(evidence, str | Path):
        return open_reader(evidence)
    folder = getattr(evidence, "folder", None)
    if isinstance(folder, str | Path):  # a Store
        return open_reader(folder)
    if not hasattr(evidence, "media_path"):
        raise WrongUsage("evidence_none", path=type(evidence).__name__)
    return evidence  # type: ignore[return-value]


def _milliseconds(moment: Moment, reader: Reader) -> int | None:
    if moment is None:
        return None
    try:
        if isinstance(moment, str):
            moment = datetime.fromisoformat(moment)
        if isinstance(moment, datetime):
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=reader.zone)).timestamp()
        return round(moment * 1000)
    except (ValueError, OverflowError, TypeError):
        raise WrongUsage("evidence_time", time=str(moment)[:80]) from None


def _extra_heads(path: str | Path | None, collector: Collector) -> list[SignedHead]:
    if path is None:
        return []
    try:
        stream = open(path, "rb", buffering=0)  # noqa: SIM115  (read_heads closes it)
    except OSError as error:
        raise NotEvidence("evidence_unreadable", path=path, reason=error.strerror or str(error)) from error
    return read_heads(stream, str(path), collector, None)


def _devices(reader: Reader, known: Trust, wanted: str | None) -> list[bytes]:
    """Recorders that are here, and those whose evidence the custody chain knows although it is gone."""
    found = sorted({*reader.devices(), *known.sizes})
    if wanted is None:
        return found
    chosen = [one for one in found if one.hex().startswith(wanted.lower())] if wanted else []
    if not chosen:
        raise WrongUsage("evidence_device", device=wanted[:64])
    return chosen


def _teller(reader: Reader, devices: list[bytes], progress: Progress | None) -> Callable[[int], None] | None:
    if progress is None:
        return None
    total = sum(reader.media_bytes(device) for device in devices)
    done = 0

    def tell(count: int) -> None:
        nonlocal done
        done += count
        progress(min(done, total), total)

    progress(0, total)
    return tell
