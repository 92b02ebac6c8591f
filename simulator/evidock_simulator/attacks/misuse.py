"""Attacks with the stolen keys of a recorder or its host on what comes next: deletions, receipts, firmware, commands.

Attacks: AT-19, AT-23, AT-25, AT-35 and AT-37. Each signature holds, and the chain goes on as it should.
"""

import hashlib
from typing import Any

from evidock_protocol import codes, custody_kinds, entry, kinds, sign1, statements
from evidock_simulator.attacks.attack import Attack, Damage
from evidock_simulator.attacks.evidence import Evidence, Segment, statements_of
from evidock_simulator.attacks.forgery import Forger
from evidock_simulator.attacks.stolen_keys import Custody, Journal, Key, host_key, recorder_keys
from evidock_simulator.virtual.files import OTHER, measurement

_REVOKED, _RETIRED = 6, 5  # names.REGISTRY_STATES

Signer = Key | Forger


def revoked_goes_on(evidence: Evidence) -> Damage:
    """The registry revokes the recorder at the newest head; whoever has it records on."""
    return _after_the_end(evidence, _REVOKED, "recording after the revocation")


def retired_goes_on(evidence: Evidence) -> Damage:
    return _after_the_end(evidence, _RETIRED, "recording after the recorder was retired")


def delete_without_receipt(evidence: Evidence) -> Damage:
    """TOMBSTONE names a receipt that nobody gave."""
    journal, segment = _journal(evidence), _unreceipted
    made = segment(journal, evidence)
    at = journal.add(kinds.MARK, {**journal.last(kinds.MARK), "recording": None})
    return _entombed(evidence, journal, made, hashlib.sha256(b"evidock attack: receipt").digest(), at)


def delete_with_other_receipt(evidence: Evidence) -> Damage:
    """TOMBSTONE names a receipt that there is, which lists other segments."""
    journal = _journal(evidence)
    for at, raw in enumerate(journal.entries):
        one = entry.parse(raw)
        if one.kind == kinds.HOST and one.body["event"] == codes.HOST_RECEIPTED:
            made = _unreceipted(journal, evidence)
            return _entombed(evidence, journal, made, sign1.statement_hash(bytes(one.body["statement"])), at)  # type: ignore[arg-type]
    raise ValueError(f"{evidence.recorder.journal}: this attack needs a receipt in the journal")


def delete_with_own_receipt(evidence: Evidence) -> Damage:
    """TOMBSTONE names a receipt that lists the segment, by a host that nobody certified, in no entry at all."""
    journal = _journal(evidence)
    made = _unreceipted(journal, evidence)
    receipt = _receipt(journal, Forger("host"), [made])
    return _entombed(evidence, journal, made, sign1.statement_hash(receipt), len(journal.entries) - 1)


def delete_by_uncertified_host(evidence: Evidence) -> Damage:
    """The receipt lists the segment and stands in a HOST entry, as of a host; only, nobody certified that one."""
    journal, stranger = _journal(evidence), Forger("host")
    made = _unreceipted(journal, evidence)
    receipt = _receipt(journal, stranger, [made])
    at = _receipted(journal, stranger, receipt, None)
    return _entombed(evidence, journal, made, sign1.statement_hash(receipt), at)


def other_firmware(evidence: Evidence) -> Damage:
    """It boots with another measurement, and nobody ordered that."""
    journal = _journal(evidence)
    _boot(journal)
    return _written(evidence, journal, "a boot with other firmware, without an order")


def firmware_ordered_otherwise(evidence: Evidence) -> Damage:
    """An order there is, signed by the host: for another firmware than that which boots."""
    journal, host = _journal(evidence), host_key(evidence)
    old, new = journal.last(kinds.BOOT)["firmware"], hashlib.sha256(b"evidock attack: ordered firmware").digest()
    order = _command(journal, host, codes.OPERATION_FIRMWARE, [new])
    journal.add(kinds.FIRMWARE, {"order": order, "old": old, "new": new})
    _boot(journal)
    return _written(evidence, journal, "a boot with other firmware than that which was ordered")


def receipt_without_media(evidence: Evidence) -> Damage:
    """A host that gave a receipt loses the file."""
    recorder = evidence.recorder
    listed = _listed(evidence)
    for segment in recorder.segments():
        if (segment.recording, segment.number) in listed:
            segment.path.unlink()
            segment.leaves.unlink(missing_ok=True)
            text = "a segment with a receipt deleted at the host"
            return Damage(text, recorder.name(segment.path), segment.recording, segment.number)
    raise ValueError(f"{recorder.folder}: this attack needs a segment with a receipt")


def false_receipt(evidence: Evidence) -> Damage:
    """A stolen host key signs for a segment that never came, so that the recorder may delete it, which it does."""
    journal, custody = _journal(evidence), Custody(evidence)
    made = _unreceipted(journal, evidence)
    receipt = _receipt(journal, custody.key, [made])
    with evidence.recorder.receipts.open("ab") as file:
        file.write(receipt)
    newest, row = sign1.statement_hash(journal.entries[-1]), (made["recording"], made["number"], made["root"])
    body = {"device": journal.device, "size": len(journal.entries), "newest": newest, "segments": [row]}
    custody.add(custody_kinds.INGEST, body)
    at = _receipted(journal, custody.key, receipt, custody.newest)
    journal.add(kinds.TOMBSTONE, _tombstone(made, sign1.statement_hash(receipt), at))
    return _written(evidence, journal, "a receipt, and a deletion by it, of a segment that never came")


def stolen_dock_key(evidence: Evidence) -> Damage:
    """A stolen host key has the recorder check itself: harmless, and under that key's name."""
    journal, host = _journal(evidence), host_key(evidence)
    command = _command(journal, host, codes.OPERATION_CHECK, [])
    body = {"event": codes.HOST_COMMANDED, "host": host.key_id, "statement": command, "custody": None}
    journal.add(kinds.HOST, {**body, "host_time": None, "count": 1, "refusal": None, "last_host": None})
    return _written(evidence, journal, "a command by the host's stolen key")


def _journal(evidence: Evidence) -> Journal:
    return Journal(evidence.recorder.entries, recorder_keys(evidence.recorder))


def _after_the_end(evidence: Evidence, state: int, text: str) -> Damage:
    journal, custody = _journal(evidence), Custody(evidence)
    body = {"device": journal.device, "state": state, "head_size": len(journal.entries), "unit": None}
    newest = sign1.statement_hash(journal.entries[-1])
    custody.add(custody_kinds.REGISTRY, {**body, "head_hash": newest})
    _unreceipted(journal, evidence)
    return _written(evidence, journal, text)


def _boot(journal: Journal) -> None:
    body = journal.last(kinds.BOOT)
    journal.restart()
    journal.add(kinds.BOOT, {**body, "firmware": measurement(bytes(body["firmware"]), OTHER), "anchor": None})


def _unreceipted(journal: Journal, evidence: Evidence) -> dict[str, Any]:
    """A short recording more, whose media no host has; the body of its SEGMENT."""
    segment = _shortest(evidence)
    start, seal, stop = journal.last(kinds.START), dict(segment.sealed.body), journal.last(kinds.STOP)
    number, length = int(start["recording"]) + 1, int(seal["last_tick"]) - int(seal["first_tick"])
    more = {"recording": number, "reason": codes.START_BUTTON, "handover": None}
    first = _tick(journal.entries[journal.add(kinds.START, {**start, **more})])
    seal.update(recording=number, number=1, boot=journal.boot, first_tick=first, last_tick=first + length)
    seal.update(root=hashlib.sha256(b"evidock attack: segment").digest(), attested=codes.ATTESTED_INLINE)
    seal.update(attested_length=seal["length"])
    journal.add(kinds.SEGMENT, seal, length)
    more = {"recording": number, "reason": codes.STOP_BUTTON, "segments": 1, "boot": journal.boot}
    journal.add(kinds.STOP, {**stop, **more, "last_tick": first + length}, 1)
    return seal


def _shortest(evidence: Evidence) -> Segment:
    segments = evidence.recorder.segments()
    if not segments:
        raise ValueError(f"{evidence.recorder.folder}: this attack needs a segment")
    return min(segments, key=lambda one: one.length)


def _tick(raw: bytes) -> int:
    return entry.parse(raw).ticks


def _listed(evidence: Evidence) -> set[tuple[int, int]]:
    """(recording, number) of what the store's receipts list."""
    found: set[tuple[int, int]] = set()
    for raw in statements_of(evidence.recorder.receipts):
        rows: Any = entry.parse_statement(raw, statements.TYP_RECEIPT)[1]["segments"]
        found.update((recording, number) for recording, number, _root in rows)
    return found


def _receipt(journal: Journal, signer: Signer, sealed: list[dict[str, Any]]) -> bytes:
    head: dict[str, Any] = entry.parse_statement(journal.head(signer.key_id), statements.TYP_HEAD)[1]
    values = {name: head[name] for name in ("device", "host", "session", "size", "newest", "root")}
    rows = [(one["recording"], one["number"], one["root"]) for one in sealed]
    values.update(time=head["wall"][1], segments=rows)
    return signer.seal(statements.TYP_RECEIPT, entry.encode_statement(statements.TYP_RECEIPT, values))


def _receipted(journal: Journal, host: Signer, receipt: bytes, custody: bytes | None) -> int:
    """HOST (receipted); its sequence."""
    body = {"event": codes.HOST_RECEIPTED, "host": host.key_id, "statement": receipt, "custody": custody}
    return journal.add(kinds.HOST, {**body, "host_time": None, "count": 1, "refusal": None, "last_host": None})


def _command(journal: Journal, signer: Signer, operation: int, arguments: list[object]) -> bytes:
    head: dict[str, Any] = entry.parse_statement(journal.head(signer.key_id), statements.TYP_HEAD)[1]
    values = {name: head[name] for name in ("device", "host", "session")}
    values.update(number=1, operation=operation, arguments=arguments, time=head["wall"][1])
    return signer.seal(statements.TYP_COMMAND, entry.encode_statement(statements.TYP_COMMAND, values))


def _tombstone(sealed: dict[str, Any], receipt: bytes, at: int) -> dict[str, Any]:
    body = {name: sealed[name] for name in ("recording", "number", "root")}
    return {**body, "receipt": receipt, "host_entry": at}


def _entombed(evidence: Evidence, journal: Journal, sealed: dict[str, Any], receipt: bytes, at: int) -> Damage:
    journal.add(kinds.TOMBSTONE, _tombstone(sealed, receipt, at))
    return _written(evidence, journal, "a segment deleted on the recorder that no receipt lists")


def _written(evidence: Evidence, journal: Journal, text: str) -> Damage:
    recorder = evidence.recorder
    first = len(recorder.entries)
    recorder.write(journal.entries)
    return Damage(f"{text} (from entry {first} on)", recorder.name(recorder.journal))


_UNACKED = (("UNACKED_DELETE", 23),)
_CHANGE = (("FIRMWARE_CHANGE", 25),)
_UNBACKED = (("RECEIPT_UNBACKED", 35),)

# fmt: off
ATTACKS = (
    Attack("revoked-goes-on", 19, "UNTRUSTED", (("REVOKED", 19),),
           "a recorder that the registry revoked records on", "已吊销的记录仪继续录制", revoked_goes_on,
           needs_store=True),
    Attack("retired-goes-on", 19, "UNTRUSTED", (("REVOKED", 19),),
           "a recorder that the registry retired records on", "已退役的记录仪继续录制", retired_goes_on,
           needs_store=True),
    Attack("delete-without-receipt", 23, "INCOMPLETE", _UNACKED,
           "a segment deleted on the recorder by a receipt that nobody gave", "凭不存在的回执在记录仪上删除分段",
           delete_without_receipt),
    Attack("delete-with-other-receipt", 23, "INCOMPLETE", _UNACKED,
           "a segment deleted on the recorder by a receipt that does not list it", "凭未列出该分段的回执删除它",
           delete_with_other_receipt, needs_store=True),
    Attack("delete-with-own-receipt", 23, "INCOMPLETE", _UNACKED,
           "a segment deleted on the recorder by a receipt of the attacker's", "凭攻击者自签的回执在记录仪上删除分段",
           delete_with_own_receipt),
    Attack("delete-by-uncertified-host", 23, "INCOMPLETE", _UNBACKED,
           "a segment deleted on the recorder by the receipt of a host that nobody certified",
           "凭未经认证主机的回执在记录仪上删除分段", delete_by_uncertified_host, needs_store=True),
    Attack("other-firmware", 25, "UNTRUSTED", _CHANGE,
           "the recorder boots with other firmware, without an order", "未经命令换用其他固件启动", other_firmware),
    Attack("firmware-ordered-otherwise", 25, "UNTRUSTED", _CHANGE,
           "the recorder boots with other firmware than was ordered", "记录仪启动的固件与命令不符",
           firmware_ordered_otherwise, needs_store=True),
    Attack("receipt-without-media", 35, "INCOMPLETE", _UNBACKED,
           "a segment missing at the host that gave a receipt for it", "出具回执的主机缺少该分段",
           receipt_without_media, needs_store=True),
    Attack("false-receipt", 35, "INCOMPLETE", _UNBACKED,
           "a receipt by the host's stolen key for a segment that never came", "盗用主机密钥为从未到达的分段出具回执",
           false_receipt, needs_store=True),
    Attack("stolen-dock-key", 37, "VERIFIED_DECLARED_GAPS", (("COMMANDED", 37),),
           "a command by the host's stolen key: not preventable, and told", "盗用主机密钥发出命令：无法防止，但会列出",
           stolen_dock_key, needs_store=True),
)
# fmt: on
