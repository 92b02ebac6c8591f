"""Section "Verification of a chain", "Coverage": how every tick of a recording stands, by track and in all."""

import itertools
from collections import Counter
from collections.abc import Collection, Mapping

from .findings import ALTERED, DECLARED, INCOMPLETE, INDETERMINATE, VERIFIED
from .places import Place
from .recordings import Recording
from .timeline import STATES, Span

NAMES = {1: "sound", 2: "picture"}
ALLOWS = {
    "altered": ALTERED,
    "unexplained": INCOMPLETE,
    "pending": INDETERMINATE,
    "withheld": INDETERMINATE,
    "declared": VERIFIED,  # its cause has a finding
    "exempt": DECLARED,
    "post_close": DECLARED,
    "recovered": DECLARED,
    "recorded": VERIFIED,
}
Durations = dict[str, int]


def durations(spans: list[Span]) -> Durations:
    """Milliseconds by state. Where spans lie above each other the worst counts."""
    found: Counter[str] = Counter()
    for boot in {span.boot for span in spans}:
        here = [span for span in spans if span.boot == boot]
        edges = sorted({edge for span in here for edge in (span.begin, span.end)})
        for begin, end in itertools.pairwise(edges):
            states = [span.state for span in here if span.begin <= begin and end <= span.end]
            if states:
                found[min(states, key=STATES.index)] += end - begin
    return dict(found)


def covering(
    recording: Recording, states: Mapping[Place, str], altered: Mapping[Place, list[tuple[int, int]]]
) -> dict[str, list[Span]]:
    """The spans of each track. Media that are not there, or differ, count by their places."""
    if recording.timeline is None:
        return {}
    tracks = dict[str, list[Span]]()
    for bit, line in recording.timeline.lines.items():
        spans = tracks.setdefault(NAMES[bit], [])
        for span in line.spans:
            spans.append(span)
            place = recording.number, span.number or 0
            if place in states:
                spans.append(Span(span.boot, span.begin, span.end, states[place]))
            spans += [Span(span.boot, begin, end, "altered") for begin, end in altered.get(place, ())]
    return tracks


def coverage(tracks: dict[str, list[Span]], placed: Collection[int]) -> dict[str, Durations]:
    """By track, and as `all` the worst of the tracks, in the boots that have a place."""
    here = {name: [span for span in spans if span.boot in placed] for name, spans in tracks.items()}
    worst = [span for spans in here.values() for span in spans]
    return {**{name: durations(spans) for name, spans in here.items()}, "all": durations(worst)} if here else {}
