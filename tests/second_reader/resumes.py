"""Section "Verification of a chain", "Gaps": RESUME, what goes on and who said why, and breaks by the officer."""

from collections.abc import Mapping, Sequence

from .entries import Entry
from .findings import Finding
from .gaps import DOCKED, OPERATOR, Gap, GapReader, Moment, judge, last_of, moment
from .segments import BOTH, SOUND
from .times import Times

SHORT = 600_000
STOP_DOCKED = 5
LEAST = 1_000  # of a voice


def _explains(entry: Entry, gap: Gap | None, start: Entry | None) -> bool:
    """Whether a RESUME is one of the recording that goes on with this gap."""
    if start is None or gap is None or gap.spoken or gap.code in (DOCKED, OPERATOR):
        return False
    if entry.body.integer("recording") != start.body.integer("recording"):
        return False
    if gap.interrupt is None or entry.body.integer("interrupt") != gap.interrupt:
        return False
    first, last = entry.body.optional_integer("voice_first"), entry.body.optional_integer("voice_last")
    if first is None and last is None:
        return True
    if first is None or last is None:
        return False
    begun = moment(start)
    boot, ticks = moment(entry)
    sound = start.body.integer("tracks") in (SOUND, BOTH)
    return sound and begun[0] == boot and begun[1] <= first <= last - LEAST and last <= ticks


def read_resumes(entries: Sequence[Entry], gaps: Sequence[Gap]) -> list[Finding]:
    """RESUME_MISMATCH and NO_VOICE."""
    found = list[Finding]()
    going = {gap.resumed: gap for gap in gaps if gap.resumed is not None and gap.code is not None}
    start: Entry | None = None
    following, damage = 0, False
    for entry in entries:
        damage, following = damage or entry.sequence != following, entry.sequence + 1
        kind = entry.kind_name if entry.known else ""
        if kind == "START":
            found += _silent(start, going)
            start = entry
        elif kind == "STOP" and start and entry.body.integer("recording") == start.body.integer("recording"):
            found += _silent(start, going)
            start = None
        elif kind == "RESUME":
            number = entry.body.integer("recording")
            gap = going.get(number)
            if _explains(entry, gap, start) and gap is not None:
                gap.spoken = True
                if entry.body.values["voice_first"] is not None:
                    gap.voice = entry.body.integer("voice_first"), entry.body.integer("voice_last")
            elif not damage:
                found.append(Finding("RESUME_MISMATCH", "it explains nothing", problem=False, recording=number))
    return found


def _silent(start: Entry | None, going: dict[int, Gap]) -> list[Finding]:
    number = start.body.integer("recording") if start else None
    gap = going.get(number) if number is not None else None
    if gap is None or gap.voice is not None:
        return []
    return [Finding("NO_VOICE", "nobody said why it broke off", problem=False, recording=number)]


def _breaks(reader: GapReader, times: Times) -> list[Gap]:
    found = list[Gap]()
    for stop, start in reader.ended:
        if start is None:
            continue
        _, most = times.apart(last_of(stop), moment(start))
        if most is not None and most <= SHORT:
            docked = stop.body.integer("reason") == STOP_DOCKED
            gap = Gap("docked" if docked else "operator", last_of(stop), stop.body.integer("recording"), moment(start))
            gap.resumed, gap.verdict = start.body.integer("recording"), "non_technical"
            found.append(gap)
    return found


def read_gaps(
    entries: Sequence[Entry], times: Times, begins: Mapping[int, Moment], end: Moment
) -> tuple[list[Gap], list[Gap], list[Finding]]:
    """Gaps that count in the coverage, breaks by the officer that do not, and the findings of both."""
    reader = GapReader(entries, begins, end)
    findings = read_resumes(entries, reader.gaps)
    judge(reader.gaps)
    for gap in reader.gaps:
        if gap.says is False:
            findings.append(Finding("REASON_CONFLICT", f"cause {gap.cause}", recording=gap.recording))
    breaks = _breaks(reader, times)
    for gap in [*breaks, *(gap for gap in reader.gaps if gap.code == OPERATOR)]:
        findings.append(Finding("BREAK", "no technical cause", problem=False, recording=gap.recording))
    return reader.gaps, breaks, findings
