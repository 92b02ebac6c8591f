"""Every code that a finding can have: its attack, the best verdict it allows, and how loudly it speaks.

Architecture: "Coverage" and the attack catalogue. Codes are stable; sentences are in `languages/verification.*.json`.
"""

from __future__ import annotations

from typing import NamedTuple

from evidock.report import Severity, Verdict


class Code(NamedTuple):
    attack: int | None
    verdict: Verdict | None
    severity: Severity


def _altered(attack: int | None) -> Code:
    return Code(attack, Verdict.ALTERED, Severity.ERROR)


def _untrusted(attack: int | None) -> Code:
    return Code(attack, Verdict.UNTRUSTED, Severity.ERROR)


def _incomplete(attack: int | None) -> Code:
    return Code(attack, Verdict.INCOMPLETE, Severity.ERROR)


def _indeterminate(attack: int | None) -> Code:
    return Code(attack, Verdict.INDETERMINATE, Severity.WARNING)


def _declared(attack: int | None) -> Code:
    return Code(attack, Verdict.VERIFIED_DECLARED_GAPS, Severity.NOTICE)


def _warning(attack: int | None) -> Code:
    return Code(attack, None, Severity.WARNING)


def _remark(attack: int | None) -> Code:
    return Code(attack, None, Severity.INFO)


CODES = {
    "CONTENT_MISMATCH": _altered(1),
    "HEADER_MISMATCH": _altered(24),  # written as CONTENT_MISMATCH: the header's leaf differs
    "PRIVATE_MISMATCH": _altered(2),
    "BAD_SIGNATURE": _altered(2),
    "UNSIGNED_CONTENT": _altered(3),
    "LOOSE_CONTENT": _untrusted(3),  # written as UNSIGNED_CONTENT: no journal is known
    "UNCOVERED_TAIL": _altered(4),
    "SEGMENT_MISSING": _incomplete(5),
    "CHAIN_BREAK": _altered(5),
    "SPLICE": _altered(15),  # written as CHAIN_BREAK: an entry of another recording than the one that runs
    "OTHER_SEGMENT": _altered(6),  # written as ORDER: a file holds another segment's bytes
    "OTHER_DEVICE": _altered(15),  # written as WRONG_DEVICE: a file holds another recorder's bytes
    "JOURNAL": _incomplete(5),
    "MEDIA_LOST": _incomplete(33),
    "ORDER": _altered(6),
    "REPLAY": _altered(6),
    "HEAD_MISSING": _incomplete(7),
    "TAIL_OPEN": _incomplete(8),
    "GAP_DECLARED": _declared(9),
    "GAP_UNCORROBORATED": _indeterminate(9),  # written as GAP_DECLARED: no anchor supports it
    "RECORDING_MISSING": _incomplete(10),
    "FORK": _altered(11),
    "ROLLBACK": _altered(12),
    "STALE_HEAD": _altered(13),
    "EQUIVOCATION": _altered(14),
    "EPOCH_VIOLATION": _altered(18),
    "TRUST_STATE": _altered(None),
    "WRONG_DEVICE": _untrusted(15),
    "KEY_CHANGE": _untrusted(17),
    "REVOKED": _untrusted(19),
    "REVOKED_REMARK": _remark(19),  # written as REVOKED: no entry is behind the head up to which it is trusted
    "FIRMWARE_CHANGE": _untrusted(25),
    "UNACKED_DELETE": _incomplete(23),
    "RECEIPT_UNBACKED": _incomplete(35),
    "COMMANDED": _remark(37),
    "REFUSED": _remark(32),
    "CLOCK_STEP": _incomplete(20),
    "CLOCK_SET": _remark(20),
    "CLOCK_UNSET": _indeterminate(20),
    "CLOCK_BOUNDED": _declared(20),  # written as CLOCK_UNSET: the boot lies between known moments
    "CLOCK_LOST": _declared(20),
    "COVERAGE_HOLE": _incomplete(21),
    "AUDIO_MISSING": _incomplete(None),
    "PICTURE_MISSING": _incomplete(None),
    "SAMPLES_LOST": _declared(21),
    "CAPTURE_FAULT": _warning(None),
    "DEVICE_FAULT": _remark(None),
    "REASON_CONFLICT": _incomplete(22),
    "RESUME_MISMATCH": _warning(None),
    "ORDER_MISMATCH": _incomplete(None),
    "ORDER_UNKNOWN": _remark(None),
    "NO_VOICE": _warning(None),
    "BREAK": _warning(None),
    "UNCHECKED": _warning(None),
    "OUTSIDE_ISSUE": _warning(None),
    "SETTINGS": _remark(None),
    "MALFORMED": _altered(26),
    "WRONG_TYPE": _altered(27),
    "CUSTODY_BREAK": _altered(29),
    "CUSTODY_TRAILS": _indeterminate(29),  # written as CUSTODY_BREAK: one head short, as an interrupted sync leaves it
    "STORE_MISMATCH": _altered(30),
    "INSERTED": _altered(31),
    "LITTER": _remark(None),
    "RECOVERED_EXCESS": _indeterminate(34),
    "NO_PIN": _untrusted(39),
    "FOREIGN_ORGANISATION": _untrusted(39),
    "NOT_ENROLLED": _untrusted(None),
    "NO_JOURNAL": _indeterminate(None),
    "NO_GENESIS": _indeterminate(None),
    "NO_HEAD": _indeterminate(None),
    "COPY_TRAILS": _indeterminate(None),
    "NOTHING": _indeterminate(None),
    "UNKNOWN_FORMAT": _indeterminate(None),
    "PRIVATE_KIND": _remark(None),
    "UNSEALED": _indeterminate(None),
    "PENDING": _indeterminate(None),
    "PRIVATE_WITHHELD": _indeterminate(2),
    "LEAVES_DAMAGED": _remark(None),
    "STAMPED": _remark(None),
    "STAMP_MISMATCH": _indeterminate(None),
    "WITHHELD": _remark(None),
    "PACKAGE_MISMATCH": _altered(None),
    "PACKAGE_INCOMPLETE": _incomplete(None),
    "MORE": _remark(None),
}

WRITTEN_AS = {
    "HEADER_MISMATCH": "CONTENT_MISMATCH",
    "PRIVATE_MISMATCH": "CONTENT_MISMATCH",
    "LOOSE_CONTENT": "UNSIGNED_CONTENT",
    "GAP_UNCORROBORATED": "GAP_DECLARED",
    "SPLICE": "CHAIN_BREAK",
    "REVOKED_REMARK": "REVOKED",
    "CUSTODY_TRAILS": "CUSTODY_BREAK",
    "CLOCK_BOUNDED": "CLOCK_UNSET",
    "OTHER_SEGMENT": "ORDER",
    "OTHER_DEVICE": "WRONG_DEVICE",
}
