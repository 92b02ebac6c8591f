"""Section "Verification of a chain", "Two histories": heads that contradict the chain or one another."""

import itertools
from collections.abc import Sequence

from .findings import Finding
from .heads import BEYOND, HISTORY, HOLDS, Head, Heads

Named = tuple[bytes, int]  # hash and size that a HEAD of custody names, in the order of these entries


def _later(one: Head, other: Head, named: Sequence[Named]) -> bool:
    """Whether `one` is the later: by its clock, or as custody names both."""
    if one.moment > other.moment:
        return True
    order = [hash_ for hash_, _ in named]
    both = one.hash in order and other.hash in order
    return both and order.index(one.hash) > order.index(other.hash)


def _equivocates(head: Head, signed: Sequence[Head]) -> bool:
    if any(other.size == head.size and other.says != head.says for other in signed):
        return True
    end = head.signer.end if head.signer else None
    others = [other for other in signed if other.standing == HOLDS and other.host != head.host]
    return any(other.size >= head.size or (end is not None and other.size > end) for other in others)


def _rolls_back(head: Head, signed: Sequence[Head], named: Sequence[Named]) -> bool:
    for other in signed:
        if other.host == head.host and other.size != head.size:
            small, large = sorted((head, other), key=lambda one: one.size)
            if _later(small, large, named):
                return True
    return False


def _code(head: Head, signed: Sequence[Head], named: Sequence[Named]) -> str:
    """The first that applies to a head of another history."""
    key = head.signer
    if key is not None and key.begin > head.size:
        return "EPOCH_VIOLATION"
    if _equivocates(head, signed):
        return "EQUIVOCATION"
    if _rolls_back(head, signed, named):
        return "ROLLBACK"
    if key is not None and key.end is not None and key.end < head.size:
        return "EPOCH_VIOLATION"
    return "FORK"


def judge_histories(heads: Heads, named: Sequence[Named], file: str = "heads.cbs") -> None:
    """Adds a finding for each contradiction. `named`: the HEADs of custody of this recorder, if that chain holds."""
    signed = [head for head in heads.heads if head.signed]
    for head in signed:
        if head.standing == HISTORY:
            code = _code(head, signed, named)
            heads.findings.append(Finding(code, f"a head of size {head.size}", file=file, item=head.place))
    beyond = [head for head in signed if head.standing == BEYOND]
    for one, other in itertools.combinations(beyond, 2):
        if one.size == other.size and one.says != other.says:
            heads.findings.append(Finding("EQUIVOCATION", "two heads of one size", file=file, item=other.place))
    for head in heads.holding:
        if any(head.size < other.size and head.moment > other.moment for other in heads.holding):
            heads.findings.append(Finding("ROLLBACK", "later and smaller", file=file, item=head.place))
            heads.accused.add(head.hash)
    _shorter(heads, signed, named)


def _shorter(heads: Heads, signed: Sequence[Head], named: Sequence[Named]) -> None:
    """HEADs of custody whose size falls: the host took a shorter journal for the newest."""
    accused = heads.accused | {head.hash for head in signed if head.standing == HISTORY}
    for place, (hash_, size) in enumerate(named):
        before = named[:place]
        largest = max((number for _, number in before), default=0)
        if size >= largest:
            continue
        newest = [other for other, number in before if number == largest][-1]
        held = [head for head in heads.holding if head.hash == hash_]
        large = [head for head in signed if head.hash == newest]
        if held and large and large[0].moment > held[0].moment:
            heads.findings.append(Finding("STALE_HEAD", "an old head was taken", file="custody.cbs"))
        elif hash_ not in accused:
            heads.findings.append(Finding("ROLLBACK", "custody took a shorter journal", file="custody.cbs"))
