"""Section "Verification of a chain", "Gaps": what recordings lack undeclared, and what is altered."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from .coverage import covering
from .findings import Finding
from .gaps import Gap
from .places import Place
from .recordings import Recording
from .timeline import STATES, Span

ALONE = {"sound": "audio_missing", "picture": "picture_missing"}


def _state(spans: Iterable[Span], begin: int, end: int) -> str | None:
    states = [span.state for span in spans if span.begin <= begin and end <= span.end]
    return min(states, key=STATES.index) if states else None


def _cause(tracks: Mapping[str, Sequence[Span]], begin: int, end: int) -> str | None:
    """What a stretch lacks, where the worst of its tracks is unexplained or altered."""
    states = {name: _state(spans, begin, end) for name, spans in tracks.items()}
    if "altered" in states.values():
        return "altered"
    lacking = [name for name, state in states.items() if state == "unexplained"]
    if not lacking:
        return None
    return ALONE[lacking[0]] if len(lacking) < len(states) else "coverage_hole"


def holes(
    recording: Recording, states: Mapping[Place, str], altered: Mapping[Place, list[tuple[int, int]]]
) -> Iterator[Gap]:
    """Stretches that the coverage of a recording has as unexplained or altered."""
    tracks = covering(recording, states, altered)
    for boot in sorted({span.boot for spans in tracks.values() for span in spans}):
        here = {name: [span for span in spans if span.boot == boot] for name, spans in tracks.items()}
        edges = sorted({edge for spans in here.values() for span in spans for edge in (span.begin, span.end)})
        gap: Gap | None = None
        for begin, end in itertools.pairwise(edges):
            cause = _cause(here, begin, end)
            if gap is not None and gap.cause == cause:
                gap.end = boot, end
                continue
            if gap is not None:
                yield gap
            verdict = "altered" if cause == "altered" else "undeclared"
            gap = Gap(cause, (boot, begin), recording.number, (boot, end), verdict=verdict) if cause else None
        if gap is not None:
            yield gap


def frames_missing(recording: Recording, findings: Iterable[Finding]) -> Iterator[Gap]:
    """A COVERAGE_HOLE of frames is somewhere in that segment."""
    named = {
        finding.segment
        for finding in findings
        if (finding.code, finding.recording) == ("COVERAGE_HOLE", recording.number)
    }
    for segment in recording.segments:
        if segment.integer("number") in named:
            boot = segment.integer("boot")
            begin, end = (boot, segment.integer("first_tick")), (boot, segment.integer("last_tick"))
            yield Gap("coverage_hole", begin, recording.number, end, verdict="undeclared")
