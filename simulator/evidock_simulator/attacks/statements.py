"""Attacks on the form of statements: other encodings of an entry, and one statement passed off as another.

Attacks: AT-26 and AT-27. Specification: "Rejected encodings". Nothing here makes a signature that holds.
"""

from collections.abc import Callable
from pathlib import Path

from evidock_protocol import cbor, kinds, sign1
from evidock_simulator.attacks.attack import Attack, Damage
from evidock_simulator.attacks.evidence import Evidence, Recorder, statements_of

_ALGORITHM = 6  # place of the algorithm's byte in a statement
_UNPROTECTED = 46  # place of the unprotected header
_PAYLOAD = 47  # place of the payload's byte string
_MALFORMED = (("MALFORMED", 26),)
_WRONG_TYPE = (("WRONG_TYPE", 27),)


def non_canonical_cbor(evidence: Evidence) -> Damage:
    """The first field, format 1, in two bytes where one is enough."""
    return _with_payload(evidence, lambda payload: payload[:2] + b"\x18" + payload[2:], "a number in a longer form")


def trailing_bytes(evidence: Evidence) -> Damage:
    return _with_payload(evidence, lambda payload: payload + b"\x00", "a byte after the payload's end")


def duplicate_key(evidence: Evidence) -> Damage:
    """A map of one pair more whose first key stands twice, with another value the second time."""
    return _with_payload(
        evidence, lambda payload: bytes([payload[0] + 1]) + b"\x00\x01\x00\x02" + payload[3:], "a map key twice"
    )


def unsorted_keys(evidence: Evidence) -> Damage:
    return _with_payload(
        evidence, lambda payload: payload[:1] + payload[3:5] + payload[1:3] + payload[5:], "map keys out of order"
    )


def indefinite_length(evidence: Evidence) -> Damage:
    return _with_payload(evidence, lambda payload: b"\xbf" + payload[1:] + b"\xff", "a map of indefinite length")


def algorithm_downgrade(evidence: Evidence) -> Damage:
    """ES256 in the protected header instead of EdDSA."""
    return _edited(
        evidence, lambda raw: raw[:_ALGORITHM] + b"\x26" + raw[_ALGORITHM + 1 :], "another algorithm in the header"
    )


def unprotected_header(evidence: Evidence) -> Damage:
    return _edited(
        evidence,
        lambda raw: raw[:_UNPROTECTED] + b"\xa1\x01\x27" + raw[_UNPROTECTED + 1 :],
        "the algorithm in the unprotected header, too",
    )


def claim_later_format(evidence: Evidence) -> Damage:
    """Who may not sign claims a format that the verifier cannot know."""
    return _with_payload(evidence, lambda payload: payload[:2] + b"\x09" + payload[3:], "an entry claims format 9")


def suite_downgrade(evidence: Evidence) -> Damage:
    return _with_payload(evidence, lambda payload: payload[:4] + b"\x00" + payload[5:], "an entry claims suite 0")


def head_as_entry(evidence: Evidence) -> Damage:
    return _instead(evidence, _first(evidence, evidence.recorder.heads), "a signed head put where an entry belongs")


def receipt_as_entry(evidence: Evidence) -> Damage:
    return _instead(evidence, _first(evidence, evidence.recorder.receipts), "a receipt put where an entry belongs")


def custody_as_entry(evidence: Evidence) -> Damage:
    return _instead(evidence, _first(evidence, evidence.custody), "a custody entry put where an entry belongs")


def relabel_head(evidence: Evidence) -> Damage:
    """A head whose type is changed to an entry's: the type is inside what is signed."""
    head = _first(evidence, evidence.recorder.heads)
    return _instead(evidence, head[:44] + b"\xfd\xe9" + head[46:], "a signed head relabelled as an entry")


def entry_as_head(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    heads = statements_of(recorder.heads)
    return _file(recorder, recorder.heads, [*heads, recorder.entries[-1]], "an entry put among the heads")


def entry_as_receipt(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    receipts = statements_of(recorder.receipts)
    return _file(recorder, recorder.receipts, [*receipts, recorder.entries[-1]], "an entry put among the receipts")


def entry_as_custody(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    custody = statements_of(evidence.custody)
    return _file(recorder, evidence.custody, [*custody, recorder.entries[-1]], "a journal entry put in custody")


def _target(recorder: Recorder) -> int:
    """The entry that is attacked: a MARK, so that nothing but its form matters."""
    marks = recorder.indices(kinds.MARK)
    if not marks:
        raise ValueError(f"{recorder.journal}: this attack needs a MARK entry")
    return marks[0]


def _edited(evidence: Evidence, change: Callable[[bytes], bytes], text: str) -> Damage:
    recorder = evidence.recorder
    index = _target(recorder)
    entries = list(recorder.entries)
    entries[index] = change(entries[index])
    recorder.write(entries)
    return Damage(text, recorder.name(recorder.journal), bytes=recorder.span(index))


def _with_payload(evidence: Evidence, change: Callable[[bytes], bytes], text: str) -> Damage:
    """Another payload under the old signature."""

    def edit(raw: bytes) -> bytes:
        sealed = sign1.parse(raw)
        payload = change(sealed.payload)
        tail = cbor.head(2, len(payload)) + payload + raw[-sign1.SIGNATURE - 2 :]
        return raw[:_PAYLOAD] + tail

    return _edited(evidence, edit, text)


def _first(evidence: Evidence, path: Path) -> bytes:
    found = statements_of(path)
    if not found:
        raise ValueError(f"{path}: this attack needs a statement there")
    return found[-1]


def _instead(evidence: Evidence, raw: bytes, text: str) -> Damage:
    return _edited(evidence, lambda _old: raw, text)


def _file(recorder: Recorder, path: Path, items: list[bytes], text: str) -> Damage:
    path.write_bytes(b"".join(items))
    end = path.stat().st_size
    return Damage(text, recorder.name(path), bytes=(end - len(items[-1]), end))


# fmt: off
ATTACKS = (
    Attack("non-canonical-cbor", 26, "ALTERED", _MALFORMED,
           "a number of an entry in a longer form than needed", "条目中的数字使用非最短编码", non_canonical_cbor),
    Attack("trailing-bytes", 26, "ALTERED", _MALFORMED,
           "a byte added after an entry's payload", "条目内容之后多一个字节", trailing_bytes),
    Attack("duplicate-key", 26, "ALTERED", _MALFORMED,
           "a map key of an entry given twice", "条目中的键重复", duplicate_key),
    Attack("unsorted-keys", 26, "ALTERED", _MALFORMED,
           "map keys of an entry out of order", "条目中的键次序颠倒", unsorted_keys),
    Attack("indefinite-length", 26, "ALTERED", _MALFORMED,
           "an entry's map of indefinite length", "条目使用不定长编码", indefinite_length),
    Attack("algorithm-downgrade", 26, "ALTERED", _MALFORMED,
           "another signature algorithm in an entry's header", "条目头部换成另一种签名算法", algorithm_downgrade),
    Attack("unprotected-header", 26, "ALTERED", _MALFORMED,
           "something in the header that no signature covers", "在签名未覆盖的头部写入内容", unprotected_header),
    Attack("claim-later-format", 26, "ALTERED", (("BAD_SIGNATURE", 2),),
           "an edited entry that claims a later format", "被修改的条目声称更高的格式版本", claim_later_format),
    Attack("suite-downgrade", 26, "ALTERED", (("BAD_SIGNATURE", 2),),
           "an edited entry that claims another suite of algorithms", "被修改的条目声称另一套算法", suite_downgrade),
    Attack("head-as-entry", 27, "ALTERED", _WRONG_TYPE,
           "a signed head put where an entry belongs", "把签名的链头放到条目的位置", head_as_entry, needs_store=True),
    Attack("receipt-as-entry", 27, "ALTERED", _WRONG_TYPE,
           "a receipt put where an entry belongs", "把回执放到条目的位置", receipt_as_entry, needs_store=True),
    Attack("custody-as-entry", 27, "ALTERED", _WRONG_TYPE,
           "a custody entry put where a journal entry belongs", "把保管条目放到日志条目的位置", custody_as_entry,
           needs_store=True),
    Attack("relabel-head", 27, "ALTERED", (("MALFORMED", 26),),
           "a signed head whose type is changed to an entry's", "把链头的类型改成条目", relabel_head, needs_store=True),
    Attack("entry-as-head", 27, "ALTERED", _WRONG_TYPE,
           "an entry put among the heads", "把条目放到链头之中", entry_as_head, needs_store=True),
    Attack("entry-as-receipt", 27, "ALTERED", _WRONG_TYPE,
           "an entry put among the receipts", "把条目放到回执之中", entry_as_receipt, needs_store=True),
    Attack("entry-as-custody", 27, "ALTERED", (("CUSTODY_BREAK", 29),),
           "a journal entry put into the custody chain", "把日志条目放到保管链中", entry_as_custody, needs_store=True),
)
# fmt: on
