"""Where a journal and a report say something else than the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.board import WALL

from evidock.report import Report, State
from evidock.words import GapVerdict
from evidock_protocol import entry, kinds, names
from stateful.model import Row, Stretch

if TYPE_CHECKING:
    from stateful.rig import Rig

EDGE_MS = 7_000  # by which the edges of the report may differ from those of the model


def in_words(journal: list[entry.Entry]) -> list[Row]:
    """A journal in the model's words."""
    found: list[Row] = []
    interrupts: dict[int, int] = {}
    for one in journal:
        body: dict[str, Any] = one.body
        if one.kind == kinds.BOOT:
            found.append(("BOOT", names.name_of(names.RESETS, body["reset"])))
        elif one.kind == kinds.START:
            found.append(("START", names.name_of(names.START_REASONS, body["reason"])))
        elif one.kind == kinds.STOP:
            found.append(("STOP", names.name_of(names.STOP_REASONS, body["reason"])))
        elif one.kind == kinds.INTERRUPT:
            interrupts[one.sequence] = len(interrupts)
            found.append(("INTERRUPT", names.name_of(names.CAUSES, body["cause"])))
        elif one.kind == kinds.RESUME:
            found.append(("RESUME", interrupts[body["interrupt"]], body["voice_first"] is not None))
        elif one.kind == kinds.EXEMPT:
            found.append(("EXEMPT", body["class"], body["begins"]))
        elif one.kind == kinds.MEDIUM:
            found.append(("MEDIUM", body["new"] is not None))
        elif one.kind == kinds.OFF:
            found.append(("OFF", names.name_of(names.OFF_REASONS, body["reason"])))
        elif one.kind == kinds.CHECK:
            found.append(("CHECK",))
    return found


def entries(rig: Rig) -> list[str]:
    """The first place at which the journal differs."""
    found, expected = rig.outline(), rig.model.outline
    for place in range(max(len(found), len(expected))):
        one, other = found[place : place + 1], expected[place : place + 1]
        if one != other:
            return [f"entry {place}: {one}, expected {other}, after {found[max(0, place - 4) : place]}"]
    return []


def standing(rig: Rig, report: Report) -> list[str]:
    """Where the report's spans differ from the model's, away from their edges."""
    model = rig.model
    model.passes(rig.now)
    spans = report.coverage.spans
    found: list[str] = []
    for one in model.stretches:
        if not {one.boot, one.boot + 1} & set(range(model.boots + 1)) <= rig.dated:
            continue
        for at in _moments(one):
            time = (WALL + at) / 1000
            here = next((span for span in spans if span.start <= time < span.end), None)
            said = (None, None) if here is None else (here.state.value, here.cause)
            if said[0] not in one.states or (one.cause is not None and said[1] != one.cause):
                wanted = "/".join(sorted(one.states))
                found.append(f"{(at - rig.began) / 1000:.1f} s: {said}, expected {wanted} {one.cause or ''}")
    return found


def recorded(rig: Rig, report: Report) -> list[str]:
    """Whether as many seconds were recorded as the model has, wherever clocks have put them."""
    totals = report.coverage.totals
    found = totals[State.RECORDED] + totals[State.RECOVERED]
    surely = [one for one in rig.model.stretches if one.states <= {"recorded", "recovered"}]
    maybe = [one for one in rig.model.stretches if one.states & {"recorded", "recovered"}]
    least, most = (sum(one.end - one.start for one in part) / 1000 for part in (surely, maybe))
    starts = sum(row[0] == "START" for row in rig.model.outline)  # one that is too hot runs until that is sure
    slack = EDGE_MS / 1000 * (1 + starts)
    fits = least - slack <= found <= most + slack
    return [] if fits else [f"{found:.1f} s recorded, expected {least:.1f} to {most:.1f}"]


def spoken(rig: Rig, report: Report) -> list[str]:
    """Whether the report has a spoken reason for the same causes, in order."""
    # By the verdict: in a boot without a time of its own the voice has none either.
    found = [gap.cause for gap in report.gaps if gap.verdict is GapVerdict.TECHNICAL_EXPLAINED]
    expected = [one.cause for one in rig.model.breaks if one.spoken]
    return [] if found == expected else [f"spoken reasons for {found}, expected {expected}"]


def _moments(one: Stretch) -> list[int]:
    """Moments inside a stretch, away from its edges."""
    first, last = one.start + EDGE_MS, one.end - EDGE_MS
    return [first + (last - first) * part // 4 for part in range(5)] if last > first else []
