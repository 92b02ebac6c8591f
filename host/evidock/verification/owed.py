"""What people still have to do about gaps: report to the leader, write, speak, have approved.

Specification: "Verification of a chain", Owed. OB-13, 14, 21, 22, 23. A journal cannot show that any of it was done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from evidock import language
from evidock.report import Duty, Gap, GapVerdict, Owed

from .gap_report import Found
from .stoppage import Sort

REPORT_AFTER = 600  # s without recording after which a technical gap is to be reported at once (OB-22)
_TECHNICAL = (GapVerdict.TECHNICAL_EXPLAINED, GapVerdict.TECHNICAL_UNEXPLAINED, GapVerdict.CONTRADICTED)
_WRITTEN = (*_TECHNICAL, GapVerdict.EXEMPT, GapVerdict.NON_TECHNICAL, GapVerdict.UNDECLARED)


def of(found: Iterable[Found], lang: str) -> Iterator[tuple[Gap, Owed]]:
    """What is owed for each gap, in their order."""
    for one in found:
        is_certain = one.gap.verdict is GapVerdict.EXEMPT or _lasts_for_certain(one)
        for duty, since in _duties(one):
            may = duty is Duty.REPORT and not is_certain
            yield one.gap, _owed(duty, one.gap, since, lang, may)


def _duties(one: Found) -> Iterator[tuple[Duty, float | None]]:
    gap, stoppage = one.gap, one.stoppage
    began = gap.between[0] if gap.start is None else gap.start
    if gap.verdict is GapVerdict.EXEMPT or (gap.verdict in _TECHNICAL and _lasts(one)):
        yield Duty.REPORT, began
    if gap.verdict in _WRITTEN:
        yield Duty.EXPLANATION, began
    if stoppage is None:
        return
    if gap.verdict in _TECHNICAL and stoppage.is_asked and stoppage.silent:
        yield Duty.SPOKEN_REASON, gap.end
    if stoppage.sort is Sort.EXEMPT and not stoppage.approved:
        yield Duty.APPROVAL, began


def _lasts(one: Found) -> bool:
    """Whether recording may not have gone on within ten minutes: a doubt is no reason not to report."""
    most = one.gap.seconds[1]
    return _lasts_for_certain(one) or most is None or most > REPORT_AFTER


def _lasts_for_certain(one: Found) -> bool:
    gave_up = one.stoppage is not None and one.stoppage.given_up
    return gave_up or one.gap.seconds[0] > REPORT_AFTER


def _owed(duty: Duty, gap: Gap, since: float | None, lang: str, may: bool) -> Owed:
    """`may`: it is owed because the gap may have lasted long enough."""
    cause = language.name("cause", gap.cause, lang)
    key = duty.value + (".may" if may else "") + (".idle" if gap.recording is None else "")
    text = language.text(f"verify.owed.{key}", lang, recording=gap.recording, cause=cause)
    return Owed(duty, gap.device, gap.recording, since, text)
