"""Attacks on what the host keeps about a recorder: heads, receipts and the custody chain.

Attacks: AT-2, AT-17, AT-29 and AT-30. Only stores have these.
"""

from pathlib import Path

from evidock_protocol import custody_kinds, entry, sign1, statements
from evidock_simulator.attacks.attack import Attack, Damage
from evidock_simulator.attacks.evidence import Evidence, statements_of
from evidock_simulator.attacks.forgery import Forger

_BREAK = (("CUSTODY_BREAK", 29),)


def delete_heads(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    _some(recorder.heads)
    recorder.heads.unlink()
    return Damage("heads deleted", recorder.name(recorder.heads))


def delete_newest_head(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    recorder.heads.write_bytes(b"".join(_some(recorder.heads)[:-1]))
    return Damage("newest head deleted", recorder.name(recorder.heads))


def edit_head(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    heads = _some(recorder.heads)
    raw = heads[-1]
    heads[-1] = raw[:-1] + bytes([raw[-1] ^ 1])
    recorder.heads.write_bytes(b"".join(heads))
    end = sum(map(len, heads))
    return Damage("newest head's signature edited", recorder.name(recorder.heads), bytes=(end - len(raw), end))


def forge_head(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    heads = _some(recorder.heads)
    forged = Forger("head").seal(statements.TYP_HEAD, sign1.parse(heads[-1]).payload)
    recorder.heads.write_bytes(b"".join([*heads, forged]))
    end = recorder.heads.stat().st_size
    return Damage(
        "a head signed by the attacker's key added", recorder.name(recorder.heads), bytes=(end - len(forged), end)
    )


def cut_with_heads(evidence: Evidence) -> Damage:
    """The journal and the heads are cut back together; the custody chain still knows better."""
    recorder = evidence.recorder
    _some(recorder.heads)
    recorder.heads.unlink()
    recorder.receipts.unlink(missing_ok=True)
    segments = recorder.segments()
    if len(segments) < 2:
        raise ValueError(f"{recorder.folder}: this attack needs two segments")
    segments[-1].path.unlink()
    segments[-1].leaves.unlink(missing_ok=True)
    recorder.write(recorder.entries[: segments[-1].place])
    return Damage("journal cut before its last segment, heads and receipts deleted", recorder.name(recorder.journal))


def edit_custody(evidence: Evidence) -> Damage:
    items = _some(evidence.custody)
    raw = items[0]
    items[0] = raw[:-1] + bytes([raw[-1] ^ 1])
    return _custody(evidence, items, "first custody entry's signature edited")


def delete_custody_entry(evidence: Evidence) -> Damage:
    items = _some(evidence.custody)
    if len(items) < 3:
        raise ValueError(f"{evidence.custody}: this attack needs three custody entries")
    return _custody(evidence, items[:1] + items[2:], "second custody entry deleted")


def reorder_custody(evidence: Evidence) -> Damage:
    items = _some(evidence.custody)
    if len(items) < 3:
        raise ValueError(f"{evidence.custody}: this attack needs three custody entries")
    return _custody(evidence, [items[0], items[2], items[1], *items[3:]], "two custody entries exchanged")


def cut_custody(evidence: Evidence) -> Damage:
    """Everything after the last enrolment goes: what was ingested since, and the heads that were seen."""
    items = _some(evidence.custody)
    found = [entry.parse(one, statements.TYP_CUSTODY).kind for one in items]
    end = len(items) - found[::-1].index(custody_kinds.ENROL) if custody_kinds.ENROL in found else len(items)
    if end == len(items):
        raise ValueError(f"{evidence.custody}: this attack needs custody entries after an enrolment")
    return _custody(evidence, items[:end], "custody chain cut after the last enrolment")


def delete_custody(evidence: Evidence) -> Damage:
    _some(evidence.custody)
    evidence.custody.unlink()
    return Damage("custody chain deleted", evidence.custody.name)


def _some(path: Path) -> list[bytes]:
    found = statements_of(path)
    if not found:
        raise ValueError(f"{path}: this attack needs a statement there")
    return found


def _custody(evidence: Evidence, items: list[bytes], text: str) -> Damage:
    evidence.custody.write_bytes(b"".join(items))
    return Damage(text, evidence.custody.name)


# fmt: off
ATTACKS = (
    Attack("delete-heads", 30, "ALTERED", (("STORE_MISMATCH", 30),),
           "the signed heads deleted", "删除签名的链头", delete_heads, needs_store=True),
    Attack("delete-newest-head", 30, "ALTERED", (("STORE_MISMATCH", 30),),
           "the newest signed head deleted", "删除最新的链头", delete_newest_head, needs_store=True),
    Attack("edit-head", 2, "ALTERED", (("BAD_SIGNATURE", 2),),
           "a signed head edited", "修改签名的链头", edit_head, needs_store=True),
    Attack("forge-head", 17, "UNTRUSTED", (("KEY_CHANGE", 17),),
           "a head signed by the attacker's own key added", "加入由攻击者密钥签名的链头", forge_head, needs_store=True),
    Attack("cut-with-heads", 8, "ALTERED", (("TAIL_OPEN", 8), ("STORE_MISMATCH", 30)),
           "the journal cut, and the heads that would tell deleted", "截断日志并删除能够揭示它的链头", cut_with_heads,
           needs_store=True),
    Attack("edit-custody", 29, "ALTERED", _BREAK,
           "a custody entry edited", "修改保管条目", edit_custody, needs_store=True),
    Attack("delete-custody-entry", 29, "ALTERED", _BREAK,
           "a custody entry deleted", "删除一个保管条目", delete_custody_entry, needs_store=True),
    Attack("reorder-custody", 29, "ALTERED", _BREAK,
           "two custody entries exchanged", "对调两个保管条目", reorder_custody, needs_store=True),
    Attack("cut-custody", 29, "ALTERED", _BREAK,
           "the custody chain cut after the last enrolment", "保管链在最后一次登记之后被截断", cut_custody,
           needs_store=True),
    Attack("delete-custody", 29, "ALTERED", _BREAK,
           "the custody chain deleted", "删除保管链", delete_custody, needs_store=True),
)
# fmt: on
