"""From stoppages and holes, in a recorder's own ticks, to the gaps of the report: their times, verdicts and words.

Specification: "Verification of a chain", Gaps. OB-6, 7, 12, 19, 21; AT-9, 20, 21, 22.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple, Protocol

from evidock.report import Gap, GapVerdict, State

from . import causes, gap_words
from .collector import Collector, Place
from .coverage import Boot
from .drift import Bounds
from .lines import Joint, Piece, Stretch
from .stoppage import Instant, Sort, Stoppage
from .stoppages import KEPT

_SILENT = (State.UNEXPLAINED, State.ALTERED, State.DECLARED)
BREAK_WITHIN = 600  # s: who stops and starts again within them breaks the recording (OB-7)


class Moments(Protocol):
    """Where a recorder's ticks lie in Unix milliseconds."""

    def bounds(self, boot: int, tick: int) -> Bounds:
        """Earliest and latest."""
        ...

    def elapsed(self, start: tuple[int, int], end: tuple[int, int]) -> tuple[int, int | None]:
        """(least, most) milliseconds from one (boot, tick) to a later one."""
        ...

    def point(self, boot: int, tick: int) -> int | None:
        """Where the coverage has it, or None."""
        ...


class Found(NamedTuple):
    """A gap, and where it lies in the recorder's own time."""

    gap: Gap
    start: Instant
    end: Instant
    stoppage: Stoppage | None


class Gaps:
    """Makes the gaps of one recorder; its boots hold what the coverage says."""

    def __init__(self, device: bytes, boots: list[Boot], moments: Moments, collector: Collector):
        self._device = device.hex()
        self._raw = device
        self._boots = {boot.number: boot for boot in boots}
        self._order = [boot.number for boot in boots]
        self._moments = moments
        self._collector = collector
        self._lang = collector.lang

    def of(self, stoppages: Iterable[Stoppage], until: Instant) -> list[Found]:
        """All of them, in the order in which they began; `until` ends those that no entry ends. Adds what they mean to
        the findings.
        """
        found = [one for stoppage in stoppages if (one := self._stoppage(stoppage, until)) is not None]
        found += self._undeclared()
        found += self._steps()
        return sorted(found, key=lambda one: (one.start, one.end))

    def _stoppage(self, one: Stoppage, until: Instant) -> Found | None:
        start, end = one.start, max(one.end or until, one.start)
        may_speak = one.resumed is not None and one.voice is None and not one.silent
        if one.voice is not None and not self._is_heard(*one.voice):
            one.voice = None
        seconds = self.length(start, end)
        verdict = _verdict(one, seconds)
        if verdict is None:
            return None
        telemetry = {} if one.number is None else causes.shown(one.number, one.signs)
        if one.number is not None and verdict is not GapVerdict.NON_TECHNICAL:
            telemetry = {**telemetry, "says": one.says}
        gap = self._gap(start, end, seconds, one.cause, verdict, one.recording, one.resumed, one.voice, telemetry)
        gap = replace(gap, text=gap_words.sentence(gap, self._lang, may_speak))
        self._find(gap, one, start, end)
        return Found(gap, start, end, one)

    def _is_heard(self, boot: int, first: int, last: int) -> bool:
        """Whether there is sound in those ticks, as far as is known: none of it lost, altered or not recorded."""
        found = self._boots.get(boot)
        pieces = [] if found is None else [piece for name, piece in found.tracks if name == "sound"]
        at = first
        for piece in pieces:
            if piece.last > at and piece.first <= at and piece.standing[0] not in _SILENT:
                at = piece.last
        return at >= last

    def _find(self, gap: Gap, one: Stoppage, start: Instant, end: Instant) -> None:
        """The findings that a gap gives beside its own row."""
        cause = gap.cause
        if gap.verdict is GapVerdict.CONTRADICTED:
            told = gap_words.telemetry(gap.telemetry, self._lang)
            sentence = "REASON_CONFLICT" if told else "REASON_CONFLICT.bare"
            self._add("REASON_CONFLICT", one.recording, _place(start, end), sentence, cause=cause, told=told)
        if one.silent and one.resumed_at is not None:
            self._add("NO_VOICE", one.resumed, _place(one.resumed_at, one.resumed_at), cause=cause)
        if gap.verdict is GapVerdict.NON_TECHNICAL:
            sentence = "BREAK" if one.resumed is not None else "BREAK.operator"
            seconds = gap_words.length(gap.seconds, self._lang)
            self._add("BREAK", one.recording, _place(start, end), sentence, cause=cause, seconds=seconds)

    def _add(self, code: str, recording: int | None, place: Place, sentence: str | None = None, **more: object) -> None:
        self._collector.add(code, device=self._raw, recording=recording, place=place, sentence=sentence, values=more)

    def _undeclared(self) -> Iterator[Found]:
        """What the coverage has as unexplained or altered, and nobody signed a cause for."""
        seen: list[tuple[int, int, int]] = []
        for boot in self._boots.values():
            lanes = _Lanes(boot)
            for first, last, state, recording in _joined(boot.stretches):
                if len(seen) >= KEPT:
                    return
                start, end = (boot.number, first), (boot.number, last)
                verdict = GapVerdict.ALTERED if state is State.ALTERED else GapVerdict.UNDECLARED
                cause = "altered" if state is State.ALTERED else lanes.lacking(first, last)
                seen.append((boot.number, first, last))
                gap = self._gap(start, end, self.length(start, end), cause, verdict, recording)
                yield Found(gap, start, end, None)
        for recording, place in dict.fromkeys(self._collector.places(self._raw, "COVERAGE_HOLE")):
            if any(boot == place.boot and first < place.last and last > place.first for boot, first, last in seen):
                continue
            # Frames are missing somewhere in a segment; where, nothing tells.
            start, end = (place.boot, place.first), (place.boot, place.last)
            most = self.length(start, end)[1]
            gap = self._gap(start, end, (0.0, most), "coverage_hole", GapVerdict.UNDECLARED, recording, exact=False)
            yield Found(gap, start, end, None)

    def _steps(self) -> Iterator[Found]:
        for recording, place in self._collector.places(self._raw, "CLOCK_STEP"):
            start, end = (place.boot, place.first), (place.boot, place.last)
            length = self.length(start, end)
            yield Found(self._gap(start, end, length, "clock_step", GapVerdict.CLOCK_STEP, recording), start, end, None)

    def length(self, start: Instant, end: Instant) -> tuple[float, float | None]:
        """Seconds from one moment to another: the least, and the most or None. Inside a boot its ticks tell exactly."""
        least, most = self._moments.elapsed(start, end)
        known = max(least / 1000, self._ticked(start, end) if start[0] != end[0] else 0.0)
        return known, None if most is None else max(known, most / 1000)

    def _ticked(self, start: Instant, end: Instant) -> float:
        """Seconds between two moments of different boots in which the recorder ran: they passed for certain."""
        known = end[1] - self._boots[end[0]].first if end[0] in self._boots else 0
        between = (self._boots[one] for one in self._order if start[0] < one < end[0])
        known += sum(boot.cursor - boot.first for boot in between)
        if start[0] in self._boots:
            known += max(0, self._boots[start[0]].cursor - start[1])
        return max(0, known) / 1000

    def _gap(
        self,
        start: Instant,
        end: Instant,
        seconds: tuple[float, float | None],
        cause: str,
        verdict: GapVerdict,
        recording: int | None,
        resumed: int | None = None,
        voice: tuple[int, int, int] | None = None,
        telemetry: dict[str, str | int | None] | None = None,
        exact: bool = True,
    ) -> Gap:
        spoken = None if voice is None else (self._point(voice[0], voice[1]), self._point(voice[0], voice[2]))
        gap = Gap(
            device=self._device,
            start=self._point(*start) if exact else None,
            end=self._point(*end) if exact else None,
            between=(_seconds(self._moments.bounds(*start)[0]), _seconds(self._moments.bounds(*end)[1])),
            seconds=seconds,
            cause=cause,
            verdict=verdict,
            recording=recording,
            resumed=resumed,
            voice=None if spoken is None or None in spoken else spoken,  # type: ignore[arg-type]
            telemetry=MappingProxyType(telemetry or {}),
            text="",
        )
        return replace(gap, text=gap_words.sentence(gap, self._lang))

    def _point(self, boot: int, tick: int) -> float | None:
        return _seconds(self._moments.point(boot, tick))


def contradicted(false: set[tuple[str, int | None]], boots: Iterable[Boot], state: State = State.UNEXPLAINED) -> None:
    """The seconds of gaps whose (cause, recording) explains nothing count as unexplained: those that the recorder's own
    figures contradict (AT-22), and those that this version does not know. Or as in another `state`.
    """
    if not false:
        return
    for boot in boots:
        if boot.ending in false:
            boot.ending_state = state
        for piece in [*boot.stretches, *(piece for _name, piece in boot.tracks)]:
            for one in _parts(piece):
                if one.state is State.DECLARED and (one.cause, one.recording) in false:
                    one.state = state


def _verdict(one: Stoppage, seconds: tuple[float, float | None]) -> GapVerdict | None:
    """How a stoppage is judged; None when it is no gap."""
    if one.says == causes.NOT_KNOWN:
        return GapVerdict.UNDECLARED
    if one.sort is Sort.EXEMPT:
        return GapVerdict.EXEMPT
    if one.sort is Sort.OFFICER:
        soon = one.resumed is not None and seconds[1] is not None and seconds[1] <= BREAK_WITHIN
        return GapVerdict.NON_TECHNICAL if soon else None
    if one.says == causes.CONTRADICTED:
        return GapVerdict.CONTRADICTED
    if one.cause == "operator":
        return GapVerdict.NON_TECHNICAL
    return GapVerdict.TECHNICAL_UNEXPLAINED if one.voice is None else GapVerdict.TECHNICAL_EXPLAINED


def _parts(piece: Piece) -> Iterator[Stretch]:
    if isinstance(piece, Joint):
        for part in piece.parts:
            yield from _parts(part)
    else:
        yield piece


def _joined(pieces: Iterable[Piece]) -> Iterator[tuple[int, int, State, int | None]]:
    """(first, last, state, recording) of what is unexplained without a claimed cause, or altered, neighbours as one."""
    before: tuple[int, int, State, int | None] | None = None
    for piece in pieces:
        state, cause = piece.standing
        if state is State.ALTERED or (state is State.UNEXPLAINED and cause is None):
            if before is not None and before[1:] == (piece.first, state, piece.recording):
                before = (before[0], piece.last, state, piece.recording)
                continue
            if before is not None:
                yield before
            before = (piece.first, piece.last, state, piece.recording)
    if before is not None:
        yield before


class _Lanes:
    """The tracks of one boot: which of them lack some ticks. Each track's pieces follow one another."""

    def __init__(self, boot: Boot):
        self._pieces: dict[str, list[Piece]] = {}
        for name, piece in boot.tracks:
            self._pieces.setdefault(name, []).append(piece)
        self._firsts = {name: [piece.first for piece in pieces] for name, pieces in self._pieces.items()}

    def lacking(self, first: int, last: int) -> str:
        """`audio_missing`, `picture_missing`, or `coverage_hole` for all that there are."""
        there: set[str] = set()
        lacking: set[str] = set()
        for name, pieces in self._pieces.items():
            at = max(0, bisect_right(self._firsts[name], first) - 1)
            while at < len(pieces) and pieces[at].first < last and name not in lacking:
                if pieces[at].last > first:
                    there.add(name)
                    if pieces[at].standing[0] is State.UNEXPLAINED:
                        lacking.add(name)
                at += 1
        if not lacking or lacking == there:
            return "coverage_hole"
        return "audio_missing" if lacking == {"sound"} else "picture_missing"


def _place(start: Instant, end: Instant) -> Place:
    return Place(start[0], start[1], end[1], end[0])


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
