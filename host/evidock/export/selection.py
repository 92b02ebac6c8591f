"""Which entries of a journal a package shows, and which recordings go with it whole.

Specification: "A package". A recording is shown from START to STOP or not at all, so that nothing is cut out of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from evidock.chain import Head
from evidock.errors import EvidockError
from evidock.package import Run
from evidock.verification.entries import Entry
from evidock_protocol import codes, kinds, withheld

from .custody import Named
from .journal import Journal, Recording, is_context

Interval = tuple[int | None, int | None]
"""Unix milliseconds."""

SLACK = 60_000  # ms around an interval whose entries are shown too: a verifier may place a boot a little otherwise


class Wanted(NamedTuple):
    """What the user asked for."""

    interval: Interval
    recordings: frozenset[int]
    """Numbers; none: those of the case, or of the interval."""
    case: str | None


class Selection(NamedTuple):
    """What a package shows of one recorder."""

    journal: Journal
    recordings: tuple[Recording, ...]
    shown: tuple[int, ...]
    """Sequences, ascending; the last one is that of the newest entry that the head counts."""
    runs: tuple[Run, ...]
    heads: tuple[Head, ...]


def select(journal: Journal, wanted: Wanted, offsets: Mapping[int, int], named: Named) -> Selection | None:
    """What `wanted` means for one recorder, or None when nothing of it is. `offsets` are Unix milliseconds at tick 0 of
    each boot that is placed; `named` is what custody names. Raises EvidockError.
    """
    start, end = wanted.interval
    windows: list[tuple[int, int]] = []
    recordings = journal.recordings
    if start is not None and end is not None:
        window = _window(journal, start - SLACK, end + SLACK, offsets)
        if window is None:
            return None
        recordings = [one for one in recordings if _touches(journal, one, (start, end), window, offsets)]
        windows.append(_from_known(journal, _whole(journal, window)))
    if wanted.recordings:
        recordings = [one for one in recordings if one.number in wanted.recordings]
    if wanted.case is not None:
        recordings = [one for one in recordings if journal.case_of(one) == wanted.case]
    if not windows:
        windows = _joined(journal, recordings)
    windows = [_settled(journal, window) for window in windows]
    if not windows or not (recordings or (wanted.case is None and not wanted.recordings)):
        return None
    inside = {place for first, last in windows for place in range(first, last + 1)}
    if not inside <= journal.entries.keys():  # the recorder lost them: nothing proves what stands around them
        raise EvidockError("export_lost_entries", device=journal.device.hex()[:16])
    boots = {journal.entries[place].boot for place in inside}
    context = {place for place, entry in journal.entries.items() if is_context(entry, boots)}
    ends = named.ends.get(journal.device, set()) & journal.entries.keys()
    shown = tuple(sorted(inside | context | ends | {journal.size - 1}))
    heads = _heads(journal, boots, shown, named.heads)
    return Selection(journal, tuple(recordings), shown, _runs(journal, shown), heads)


def _window(journal: Journal, start: int, end: int, offsets: Mapping[int, int]) -> tuple[int, int] | None:
    """First and last sequence of what lies between two moments, with the entry on either side of it; None when the
    journal ends before, or has no time. Entries without a time count with those around them.
    """
    times = [(place, time) for place in sorted(journal.entries) if (time := _time(journal, place, offsets)) is not None]
    if not times or times[-1][1] < start:
        return None
    first = max((place for place, time in times if time < start), default=0)
    last = min((place for place, time in times if time > end), default=journal.size - 1)
    return first, max(first, last)


def _time(journal: Journal, place: int, offsets: Mapping[int, int]) -> int | None:
    entry = journal.entries[place]
    offset = offsets.get(entry.boot)
    return None if offset is None else offset + entry.ticks


def _touches(
    journal: Journal, one: Recording, interval: tuple[int, int], window: tuple[int, int], offsets: Mapping[int, int]
) -> bool:
    """Whether a recording has a part in the interval; one without a time does if it is in the window."""
    first, last = _time(journal, one.first, offsets), _time(journal, one.last, offsets)
    if first is None or last is None:
        return one.first <= window[1] and one.last >= window[0]
    return first < interval[1] and last > interval[0]


def _whole(journal: Journal, window: tuple[int, int]) -> tuple[int, int]:
    """The window, wide enough for the recordings that it touches."""
    first, last = window
    for one in journal.recordings:
        if one.first <= window[1] and one.last >= window[0]:
            first, last = min(first, one.first), max(last, one.last)
    return first, last


def _from_known(journal: Journal, window: tuple[int, int]) -> tuple[int, int]:
    """The window from where it is known why nothing is recorded: what broke off before may still be why."""
    first, last = window
    before = [one.first for one in journal.recordings if one.last < first]
    said = [place for place, entry in journal.entries.items() if place < first and _says_why(entry)]
    return max([*before, *said], default=0), last


def _settled(journal: Journal, window: tuple[int, int]) -> tuple[int, int]:
    """The window up to where a recording that broke off in it goes on, or is given up: until then entries may speak
    against its cause.
    """
    first, last = window
    inside = [one for one in journal.recordings if first <= one.first <= last]
    if not inside or not _broke_off(journal, inside[-1]):
        return window
    for place in sorted(place for place in journal.entries if place > inside[-1].last):
        entry = journal.entries[place]
        if entry.known and (entry.kind == kinds.START or _says_why(entry)):
            after = next((one.last for one in journal.recordings if one.first == place), place)
            return first, max(last, after)
    return first, journal.size - 1


def _broke_off(journal: Journal, one: Recording) -> bool:
    """Whether a recording ended otherwise than by the officer."""
    found = [journal.entries[place] for place in range(one.first, one.last + 1) if place in journal.entries]
    by_officer = (codes.STOP_BUTTON, codes.STOP_POWER_OFF, codes.STOP_DOCKED)
    return any(
        entry.known
        and (entry.kind == kinds.INTERRUPT or (entry.kind == kinds.STOP and entry.number("reason") not in by_officer))
        for entry in found
    )


def _says_why(entry: Entry) -> bool:
    """Whether an entry outside recordings says why nothing is recorded from there on."""
    if not entry.known:
        return False
    return entry.kind == kinds.EXEMPT or (entry.kind == kinds.OFF and entry.number("reason") != codes.OFF_BATTERY_LOW)


def _joined(journal: Journal, recordings: list[Recording]) -> list[tuple[int, int]]:
    """A window for each recording; what lies between two of one boot is shown, too: nobody then asks what was there."""
    windows: list[tuple[int, int]] = []
    for one in recordings:
        before = windows[-1] if windows else None
        if before is not None and journal.entries[before[1]].boot == journal.entries[one.first].boot:
            windows[-1] = (before[0], max(before[1], one.last))
        else:
            windows.append((one.first, one.last))
    return windows


def _runs(journal: Journal, shown: tuple[int, ...]) -> tuple[Run, ...]:
    runs: list[Run] = []
    following = 0
    for place in shown:
        if place > following:
            count = place - following
            runs.append(Run(following, count, withheld.nodes(journal.leaves, following, count)))
        following = place + 1
    return tuple(runs)


def _heads(journal: Journal, boots: set[int], shown: tuple[int, ...], named: set[bytes]) -> tuple[Head, ...]:
    """The head that proves all, and those of `boots` that custody dates, since they place these in time."""
    kept = set(shown)
    placing = [
        head
        for head in journal.heads
        if head.hash in named and head.size < journal.size and head.size - 1 in kept and head.fields["boot"] in boots
    ]
    return (*placing, journal.head)
