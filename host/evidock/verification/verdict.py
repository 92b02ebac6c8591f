"""From findings and coverage to the three answers and the verdict, which fails closed.

Architecture: "Coverage" and "Trust"; the attack catalogue's verdicts. The overall verdict is the worst that anything
forces, and never VERIFIED while a second of the interval is uncovered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evidock import language
from evidock.report import (
    Answer,
    Authenticity,
    Completeness,
    DeviceReport,
    Finding,
    Provenance,
    Span,
    State,
    Verdict,
)

from .coverage import BEFORE_GENESIS, CLOCK_UNSET

_UNPROVEN = (
    "never_on",
    "spoken_reason",
    "lens",
    "extracted_key",
    "live_key",
    "clone",
    "exchange",
    "stamps",
    "firmware",
    "rollback",
)
_STATES = {
    State.RECORDED: Verdict.VERIFIED,
    State.RECOVERED: Verdict.VERIFIED_DECLARED_GAPS,
    State.POST_CLOSE: Verdict.VERIFIED_DECLARED_GAPS,
    State.EXEMPT: Verdict.VERIFIED_DECLARED_GAPS,
    State.DISPOSED: Verdict.VERIFIED_DECLARED_GAPS,
    State.WITHHELD: Verdict.INDETERMINATE,
    State.PENDING: Verdict.INDETERMINATE,
    State.UNEXPLAINED: Verdict.INCOMPLETE,
    State.ALTERED: Verdict.ALTERED,
}
_UNREAD = ("UNKNOWN_FORMAT", "NO_JOURNAL", "NO_GENESIS", "NOTHING", "UNSEALED")
_MISSING = ("CHAIN_BREAK", "MALFORMED", "BAD_SIGNATURE", "WRONG_TYPE")  # entries whose content is lost with them


def of_span(span: Span) -> Verdict:
    """The best verdict that a span allows."""
    if span.state is State.DECLARED:
        if span.cause in (BEFORE_GENESIS, CLOCK_UNSET):
            return Verdict.INDETERMINATE
        return Verdict.VERIFIED if span.is_ordinary else Verdict.VERIFIED_DECLARED_GAPS
    return _STATES[span.state]


def overall(
    findings: Sequence[Finding], forced: Iterable[Verdict], spans: Sequence[Span], provenance: Provenance
) -> Verdict:
    """The worst of what findings (`forced` holds those that were not kept), spans and provenance allow."""
    verdicts = [finding.verdict for finding in findings if finding.verdict is not None]
    verdicts += forced
    verdicts += {of_span(span) for span in spans}
    if not spans:
        verdicts.append(Verdict.INDETERMINATE)
    if provenance is not Provenance.TRUSTED:
        verdicts.append(Verdict.UNTRUSTED)
    return Verdict.worst([Verdict.VERIFIED, *verdicts])


def authenticity(findings: Sequence[Finding], verdict: Verdict, lang: str) -> Answer[Authenticity]:
    """Are these the bytes that the recorder sealed?"""
    if verdict is Verdict.ALTERED:
        answer = Authenticity.ALTERED
    elif any(finding.code in _UNREAD for finding in findings):
        answer = Authenticity.UNKNOWN
    else:
        answer = Authenticity.INTACT
    return Answer(answer, language.text(f"verify.authenticity.{answer.value}", lang))


def provenance_answer(found: Provenance, findings: Sequence[Finding], lang: str) -> Answer[Provenance]:
    """Which recorder, which key, who enrolled it?"""
    if found is Provenance.TRUSTED and any(finding.verdict is Verdict.UNTRUSTED for finding in findings):
        found = Provenance.UNTRUSTED
    return Answer(found, language.text(f"verify.provenance.{found.value}", lang))


def completeness(findings: Sequence[Finding], spans: Sequence[Span], lang: str) -> Answer[Completeness]:
    """Is anything missing?"""
    floors = {of_span(span) for span in spans if span.state not in (State.ALTERED, State.POST_CLOSE)}
    floors |= {
        finding.verdict for finding in findings if finding.verdict not in (None, Verdict.ALTERED, Verdict.UNTRUSTED)
    }
    if Verdict.INCOMPLETE in floors or any(
        finding.code in _MISSING and finding.path == "journal" for finding in findings
    ):
        answer = Completeness.INCOMPLETE
    elif Verdict.INDETERMINATE in floors or not spans:
        answer = Completeness.UNKNOWN
    elif Verdict.VERIFIED_DECLARED_GAPS in floors:
        answer = Completeness.DECLARED_GAPS
    else:
        answer = Completeness.COMPLETE
    return Answer(answer, language.text(f"verify.completeness.{answer.value}", lang))


def unproven(devices: Sequence[DeviceReport], lang: str) -> tuple[str, ...]:
    """What no verification can prove, and how well the keys behind this one were kept."""
    texts = [language.text(f"verify.unproven.{name}", lang) for name in _UNPROVEN]
    for device in devices:
        protection = language.name("protection", device.protection, lang)
        texts.append(language.text("verify.unproven.protection", lang, device=device.id[:16], protection=protection))
        if device.simulated:
            texts.append(language.text("verify.unproven.simulated", lang, device=device.id[:16]))
    return tuple(texts)
