"""Findings: what a verification says, with the codes of "Verification of a chain" and the place of each."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

VERDICTS = ("VERIFIED", "VERIFIED_DECLARED_GAPS", "INDETERMINATE", "INCOMPLETE", "UNTRUSTED", "ALTERED")
VERIFIED, DECLARED, INDETERMINATE, INCOMPLETE, UNTRUSTED, ALTERED = VERDICTS
# "Findings": the first verdict of each code. A finding that has another one carries it.
ALLOWED = {
    VERIFIED: "CLOCK_SET CAPTURE_FAULT LITTER PRIVATE_KIND LEAVES_DAMAGED MORE RESUME_MISMATCH NO_VOICE BREAK"
    " ORDER_UNKNOWN DEVICE_FAULT UNCHECKED OUTSIDE_ISSUE SETTINGS"
    " COMMANDED REFUSED STAMPED WITHHELD",
    DECLARED: "GAP_DECLARED SAMPLES_LOST CLOCK_LOST",
    INDETERMINATE: "CLOCK_UNSET RECOVERED_EXCESS NO_JOURNAL NO_GENESIS NO_HEAD COPY_TRAILS NOTHING UNKNOWN_FORMAT"
    " UNSEALED PENDING PRIVATE_WITHHELD STAMP_MISMATCH",
    INCOMPLETE: "SEGMENT_MISSING JOURNAL MEDIA_LOST HEAD_MISSING TAIL_OPEN RECORDING_MISSING CLOCK_STEP COVERAGE_HOLE"
    " AUDIO_MISSING PICTURE_MISSING REASON_CONFLICT ORDER_MISMATCH"
    " UNACKED_DELETE RECEIPT_UNBACKED PACKAGE_INCOMPLETE",
    UNTRUSTED: "WRONG_DEVICE KEY_CHANGE NO_PIN FOREIGN_ORGANISATION NOT_ENROLLED REVOKED FIRMWARE_CHANGE",
    ALTERED: "CONTENT_MISMATCH BAD_SIGNATURE UNSIGNED_CONTENT UNCOVERED_TAIL CHAIN_BREAK ORDER REPLAY FORK"
    " MALFORMED WRONG_TYPE CUSTODY_BREAK STORE_MISMATCH INSERTED"
    " ROLLBACK STALE_HEAD EQUIVOCATION EPOCH_VIOLATION TRUST_STATE PACKAGE_MISMATCH",
}
VERDICT_OF = {code: verdict for verdict, codes in ALLOWED.items() for code in codes.split()}


@dataclass(frozen=True)
class Finding:
    """One finding. `problem` is false where nothing is missing or altered, only declared or not yet known.

    `item` is a place in a sequence of statements, from 0; `leaves` are indexes of leaves, 0 being the header's.
    `allows` is the best verdict beside this finding, where it is not the first of its code.
    """

    code: str
    detail: str
    problem: bool = True
    file: str | None = None
    item: int | None = None
    recording: int | None = None
    segment: int | None = None
    leaves: tuple[int, ...] | None = None
    allows: str | None = None

    @property
    def verdict(self) -> str:
        return self.allows or VERDICT_OF[self.code]

    def as_json(self) -> dict[str, object]:
        return {name: value for name, value in asdict(self).items() if value is not None and name != "problem"}


def worst(verdicts: Iterable[str]) -> str:
    return max(verdicts, key=VERDICTS.index, default=VERIFIED)
