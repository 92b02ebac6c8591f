"""The words of a report: verdicts, states of time, severities, answers, gaps and duties. The same in all languages.

Architecture: "Coverage". `report` and `gaps` hold the values that are made of them. `iso` writes all their times.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

Json = dict[str, object]


class Verdict(StrEnum):
    """The overall verdict. Members are declared best first; `worst` picks by that order."""

    VERIFIED = "VERIFIED"
    VERIFIED_DECLARED_GAPS = "VERIFIED_DECLARED_GAPS"
    INDETERMINATE = "INDETERMINATE"
    INCOMPLETE = "INCOMPLETE"
    UNTRUSTED = "UNTRUSTED"
    ALTERED = "ALTERED"

    @property
    def rank(self) -> int:
        """Place in the order from best (0) to worst."""
        return list(Verdict).index(self)

    @property
    def exit_status(self) -> int:
        """Exit status of `evidock verify` for this verdict."""
        return (0, 0, 3, 4, 5, 6)[self.rank]

    @classmethod
    def worst(cls, verdicts: "Iterable[Verdict]") -> "Verdict":
        """The worst of `verdicts`. Raises ValueError when there is none: silence must not come out as VERIFIED."""
        return max(verdicts, key=lambda verdict: verdict.rank)


class State(StrEnum):
    """How one stretch of time stands. See Coverage in the architecture."""

    RECORDED = "recorded"  # attested while it was recorded
    RECOVERED = "recovered"  # sealed at the next boot, after an unclean end
    POST_CLOSE = "post_close"  # sealed only after an external encoder closed the file
    DECLARED = "declared"  # not recording, and the recorder signed why
    EXEMPT = "exempt"  # lawful non-recording
    WITHHELD = "withheld"  # exists, not part of this export
    PENDING = "pending"  # still on a recorder
    DISPOSED = "disposed"  # retention is over, with a custody record
    UNEXPLAINED = "unexplained"  # nobody signed for it
    ALTERED = "altered"  # sealed bytes differ


class GapVerdict(StrEnum):
    """How a gap is judged. Specification: "Verification of a chain", Gaps."""

    TECHNICAL_EXPLAINED = "technical_explained"  # a technical cause, and somebody spoke when it went on
    TECHNICAL_UNEXPLAINED = "technical_unexplained"  # a technical cause, and nobody did
    EXEMPT = "exempt"  # lawful non-recording
    NON_TECHNICAL = "non_technical"  # OB-7: a break without a technical cause
    CONTRADICTED = "contradicted"  # AT-22: the recorder's own figures speak against the cause
    CLOCK_STEP = "clock_step"
    ALTERED = "altered"
    UNDECLARED = "undeclared"  # nobody signed a cause


class Duty(StrEnum):
    """What people owe for a gap. Specification: "Verification of a chain", Owed."""

    REPORT = "report"  # OB-13, 22, 23: to the leader
    EXPLANATION = "explanation"  # OB-13, 22: in writing
    SPOKEN_REASON = "spoken_reason"  # OB-21
    APPROVAL = "approval"  # OB-14


class Severity(StrEnum):
    """How loudly a finding speaks; only `Finding.verdict` changes the verdict."""

    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"


class Authenticity(StrEnum):
    """Are these the bytes that the recorder sealed?"""

    INTACT = "intact"
    ALTERED = "altered"
    UNKNOWN = "unknown"


class Provenance(StrEnum):
    """Which recorder, which key, who enrolled it?"""

    TRUSTED = "trusted"
    UNPINNED = "unpinned"  # nobody pinned an organisation key, so the evidence vouches for itself
    UNTRUSTED = "untrusted"


class Completeness(StrEnum):
    """Is anything missing?"""

    COMPLETE = "complete"
    DECLARED_GAPS = "declared_gaps"
    UNKNOWN = "unknown"
    INCOMPLETE = "incomplete"


Value = TypeVar("Value", Authenticity, Provenance, Completeness)


@dataclass(frozen=True)
class Answer(Generic[Value]):
    """One of the three answers: a stable word and a sentence for the reader."""

    answer: Value
    text: str = ""

    def to_json(self) -> Json:
        return {"answer": self.answer.value, "text": self.text}


def iso(time: float) -> str:
    """Unix seconds as ISO 8601 UTC, rounded to the millisecond: 2025-03-14T08:00:00.000Z.

    Raises OverflowError outside the years 1 to 9999.
    """
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=round(time * 1000))
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
