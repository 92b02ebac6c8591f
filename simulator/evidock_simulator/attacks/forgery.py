"""Attacks with a key of the attacker's own: entries, journals and recorders that sign for themselves.

Attacks: AT-4, AT-15, AT-16, AT-17 and AT-39. The recorder's keys are not needed for any of this.
"""

import hashlib
import shutil

from evidock_agent.crypto import ed25519
from evidock_protocol import card, cbor, codes, kinds, merkle, sign1, statements
from evidock_protocol.entry import ZERO_HASH
from evidock_simulator.attacks.attack import Attack, Damage
from evidock_simulator.attacks.evidence import Evidence, Recorder

_DEVICE, _EPOCH, _SEQUENCE, _PREVIOUS, _KIND, _BODY = 2, 3, 4, 5, 6, 10  # keys of a payload
_MOMENT = (7, 8, 9)  # boot, ticks and wall clock
_PUBLIC_KEY, _SIZE, _ROOT, _PEAKS = 0, 1, 2, 3  # keys of the bodies of GENESIS and EPOCH
_ORGANISATION = 4  # in GENESIS
_EVENT, _STATEMENT = 0, 2  # in HOST
_CERTIFIER = 1  # key of the organisation in a certificate


class Forger:
    """A key that nobody enrolled; its seed follows from `name`, so that attacks come out the same."""

    def __init__(self, name: str):
        self._seed = hashlib.sha256(b"evidock attack: " + name.encode()).digest()
        self.public = ed25519.public_key(self._seed)
        self.key_id = sign1.thumbprint(self.public)

    def seal(self, typ: int, payload: bytes) -> bytes:
        """A statement signed by this key."""
        signature = ed25519.sign(self._seed, self.public, sign1.signed_bytes(typ, self.key_id, payload))
        return sign1.assemble(typ, self.key_id, payload, signature)

    def certified(self, certificate: bytes) -> bytes:
        """The same certificate by this key as an organisation's."""
        payload = payload_of(certificate)
        payload[_CERTIFIER] = self.public
        return self.seal(statements.TYP_CERTIFICATE, cbor.encode(payload))

    def resealed(
        self, entries: list[bytes], first: int, device: bytes, organisation: "Forger | None" = None
    ) -> list[bytes]:
        """The journal with every entry from `first` on made anew for `device`, consistent, and signed by this key."""
        made = list(entries[:first])
        tree = merkle.TreeHasher()
        for raw in made:
            tree.append(merkle.leaf_hash(sign1.statement_hash(raw)))
        for raw in entries[first:]:
            payload = payload_of(raw)
            payload[_DEVICE] = device
            payload[_SEQUENCE] = len(made)
            payload[_PREVIOUS] = sign1.statement_hash(made[-1]) if made else ZERO_HASH
            body: dict[int, object] = payload[_BODY]  # type: ignore[assignment]
            if payload[_KIND] in (kinds.GENESIS, kinds.EPOCH):
                body[_PUBLIC_KEY] = self.public
            if payload[_KIND] == kinds.GENESIS and organisation is not None:
                body[_ORGANISATION] = organisation.public
            if payload[_KIND] == kinds.HOST and organisation is not None and body[_EVENT] == codes.HOST_CERTIFIED:
                body[_STATEMENT] = organisation.certified(bytes(body[_STATEMENT]))  # type: ignore[call-overload]
            if payload[_KIND] == kinds.EPOCH:
                body.update({_SIZE: len(made), _ROOT: tree.root(), _PEAKS: list(tree.peaks)})
            made.append(self.seal(statements.TYP_ENTRY, cbor.encode(payload)))
            tree.append(merkle.leaf_hash(sign1.statement_hash(made[-1])))
        return made


def payload_of(raw: bytes) -> dict[int, object]:
    """The numbered fields of a statement."""
    return cbor.decode(sign1.parse(raw).payload)  # type: ignore[return-value]


def append_forged_entry(evidence: Evidence) -> Damage:
    recorder, forger = evidence.recorder, Forger("tail")
    old = len(recorder.entries)
    made = forger.resealed([*recorder.entries, *_a_mark(recorder)], old, _device(recorder))
    return _appended(recorder, made, "an entry signed by a key of the attacker's own appended")


def append_forged_tail(evidence: Evidence) -> Damage:
    """A whole recording more: START, SEGMENT and STOP under the attacker's key, and the file that they seal."""
    recorder, forger = evidence.recorder, Forger("tail")
    segment = recorder.recordings(1)[-1][-1]
    number = max(one.recording for one in recorder.segments()) + 1
    old = len(recorder.entries)
    about = {kinds.START: {0: number}, kinds.SEGMENT: {0: number, 1: 1}, kinds.STOP: {0: number, 2: 1}}
    more = [_as_newest(recorder, recorder.indices(kind)[-1], changed) for kind, changed in about.items()]
    target = segment.path.parents[1] / card.recording_folder(number) / f"{card.segment_stem(1)}{segment.path.suffix}"
    target.parent.mkdir()
    shutil.copyfile(segment.path, target)
    made = forger.resealed([*recorder.entries, *more], old, _device(recorder))
    recorder.write(made)
    span = (recorder.span(old)[0], recorder.span(len(made) - 1)[1])
    return Damage("a recording sealed by a key of the attacker's own", recorder.name(recorder.journal), bytes=span)


def append_unsigned_tail(evidence: Evidence) -> Damage:
    recorder, forger = evidence.recorder, Forger("tail")
    old = len(recorder.entries)
    made = forger.resealed([*recorder.entries, *_a_mark(recorder)], old, _device(recorder))
    # The key that signs next, as anybody can read it in the last entry or in its EPOCH.
    key_id = _next_key_id(recorder)
    unsigned = sign1.assemble(statements.TYP_ENTRY, key_id, sign1.parse(made[-1]).payload, bytes(sign1.SIGNATURE))
    return _appended(recorder, [*made[:-1], unsigned], "an entry without a signature appended")


def append_bytes(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    first = recorder.journal.stat().st_size
    more = hashlib.sha256(b"evidock attack: bytes").digest() * 4
    with recorder.journal.open("ab") as file:
        file.write(more)
    return Damage("bytes that are no entry appended", recorder.name(recorder.journal), bytes=(first, first + len(more)))


def change_key(evidence: Evidence) -> Damage:
    recorder, forger = evidence.recorder, Forger("epoch")
    first = _first_of_second_recording(recorder)
    recorder.write(forger.resealed(recorder.entries, first, _device(recorder)))
    span = (recorder.span(first)[0], recorder.journal.stat().st_size)
    return Damage(f"entries from {first} on signed by another key", recorder.name(recorder.journal), bytes=span)


def hijack_epoch(evidence: Evidence) -> Damage:
    """The EPOCH before names the attacker's key, so that what follows fits it; only that EPOCH's signature is wrong."""
    recorder, forger = evidence.recorder, Forger("epoch")
    epochs = recorder.indices(kinds.EPOCH)
    if not epochs or epochs[0] + 1 >= len(recorder.entries):
        raise ValueError(f"{recorder.journal}: this attack needs an EPOCH with entries after it")
    old = sign1.parse(recorder.entries[epochs[0]])
    payload = payload_of(old.raw)
    payload[_BODY][_PUBLIC_KEY] = forger.public  # type: ignore[index]
    edited = sign1.assemble(old.typ, old.key_id, cbor.encode(payload), old.signature)
    entries = [*recorder.entries[: epochs[0]], edited, *recorder.entries[epochs[0] + 1 :]]
    recorder.write(forger.resealed(entries, epochs[0] + 1, _device(recorder)))
    return Damage(
        "an EPOCH names the attacker's key, which signs the rest",
        recorder.name(recorder.journal),
        bytes=recorder.span(epochs[0]),
    )


def foreign_entries(evidence: Evidence) -> Damage:
    recorder, forger = evidence.recorder, Forger("recorder")
    foreign = forger.resealed(recorder.entries, 0, forger.key_id)
    first = _first_of_second_recording(recorder)
    recorder.write([*recorder.entries[:first], *foreign[first : first + 2], *recorder.entries[first:]])
    return Damage("entries of another recorder put in between", recorder.name(recorder.journal))


def foreign_tail(evidence: Evidence) -> Damage:
    recorder, forger = evidence.recorder, Forger("recorder")
    foreign = forger.resealed(recorder.entries, 0, forger.key_id)
    first = _first_of_second_recording(recorder)
    recorder.write([*recorder.entries[:first], *foreign[first:]])
    return Damage(f"entries from {first} on are another recorder's", recorder.name(recorder.journal))


def foreign_journal(evidence: Evidence) -> Damage:
    recorder, forger = evidence.recorder, Forger("recorder")
    recorder.genesis  # noqa: B018 (there must be one)
    recorder.write(forger.resealed(recorder.entries, 0, forger.key_id))
    return Damage("the journal is that of another recorder", recorder.name(recorder.journal))


def foreign_device(evidence: Evidence) -> Damage:
    return _new_recorder(evidence, None, "a recorder that nobody enrolled stands beside the others")


def foreign_organisation(evidence: Evidence) -> Damage:
    return _new_recorder(
        evidence, Forger("organisation"), "a recorder of another organisation stands beside the others"
    )


def _new_recorder(evidence: Evidence, organisation: Forger | None, text: str) -> Damage:
    """A copy of a whole recorder under a key of its own: every signature in it holds."""
    recorder, forger = evidence.recorder, Forger("recorder")
    recorder.genesis  # noqa: B018 (there must be one)
    name = forger.key_id.hex() if evidence.is_store else forger.key_id.hex()[:8].upper()
    target = recorder.folder.with_name(name)
    shutil.copytree(recorder.folder, target)
    for left in ("heads.cbs", "receipts.cbs"):
        (target / left).unlink(missing_ok=True)
    made = forger.resealed(recorder.entries, 0, forger.key_id, organisation)
    (target / recorder.journal.name).write_bytes(b"".join(made))
    return Damage(text, recorder.name(target))


def _device(recorder: Recorder) -> bytes:
    return recorder.parsed()[-1].device


def _a_mark(recorder: Recorder) -> list[bytes]:
    """An entry to append: the last MARK, as if made now."""
    marks = recorder.indices(kinds.MARK)
    if not marks:
        raise ValueError(f"{recorder.journal}: this attack needs a MARK entry")
    return [_as_newest(recorder, marks[-1], {})]


def _as_newest(recorder: Recorder, index: int, changed: dict[int, int]) -> bytes:
    """Entry `index` with other values in its body, as if it came next; its signature is worth nothing."""
    newest, payload = payload_of(recorder.entries[-1]), payload_of(recorder.entries[index])
    for number in _MOMENT:
        payload[number] = newest[number]
    payload[_EPOCH] = int(newest[_EPOCH]) + (newest[_KIND] == kinds.EPOCH)  # type: ignore[call-overload]
    payload[_BODY].update(changed)  # type: ignore[attr-defined]
    old = sign1.parse(recorder.entries[index])
    return sign1.assemble(old.typ, old.key_id, cbor.encode(payload), old.signature)


def _next_key_id(recorder: Recorder) -> bytes:
    newest = recorder.parsed()[-1]
    if newest.kind == kinds.EPOCH:
        return sign1.thumbprint(bytes(newest.body["public_key"]))  # type: ignore[arg-type]
    return newest.key_id


def _first_of_second_recording(recorder: Recorder) -> int:
    starts = recorder.indices(kinds.START)
    if len(starts) < 2:
        raise ValueError(f"{recorder.journal}: this attack needs two recordings")
    return starts[1]


def _appended(recorder: Recorder, entries: list[bytes], text: str) -> Damage:
    recorder.write(entries)
    return Damage(text, recorder.name(recorder.journal), bytes=recorder.span(len(entries) - 1))


# fmt: off
ATTACKS = (
    Attack("append-forged-entry", 17, "UNTRUSTED", (("KEY_CHANGE", 17),),
           "an entry signed by the attacker's own key appended", "追加由攻击者密钥签名的条目", append_forged_entry),
    Attack("append-forged-tail", 4, "ALTERED", (("KEY_CHANGE", 17), ("UNSIGNED_CONTENT", 3)),
           "a recording appended, with entries signed by the attacker's own key", "追加一段由攻击者密钥签名的录音",
           append_forged_tail),
    Attack("append-unsigned-tail", 4, "ALTERED", (("BAD_SIGNATURE", 2),),
           "an entry without a signature appended", "追加没有签名的条目", append_unsigned_tail),
    Attack("append-bytes", 4, "ALTERED", (("MALFORMED", 26),),
           "bytes that are no entry appended to the journal", "在日志末尾追加不是条目的字节", append_bytes),
    Attack("change-key", 17, "ALTERED", (("KEY_CHANGE", 17),),
           "the journal from a point on signed by a key that no EPOCH announced", "从某处起由未经宣布的密钥签名",
           change_key),
    Attack("hijack-epoch", 17, "ALTERED", (("BAD_SIGNATURE", 2),),
           "an EPOCH edited to announce the attacker's key, which signs the rest", "修改 EPOCH 以宣布攻击者的密钥",
           hijack_epoch),
    Attack("foreign-entries", 15, "UNTRUSTED", (("WRONG_DEVICE", 15),),
           "entries of another recorder put in between", "插入另一台记录仪的条目", foreign_entries),
    Attack("foreign-tail", 15, "ALTERED", (("WRONG_DEVICE", 15),),
           "the journal goes on with another recorder's entries", "日志后半部分换成另一台记录仪的条目", foreign_tail,
           needs_store=True),
    Attack("foreign-journal", 15, "ALTERED", (("WRONG_DEVICE", 15),),
           "the journal replaced by one of another recorder", "日志被换成另一台记录仪的", foreign_journal,
           needs_store=True),
    Attack("foreign-device", 16, "UNTRUSTED", (("NOT_ENROLLED", None),),
           "a recorder that nobody enrolled, whole and self-consistent", "放入未登记但自洽的记录仪", foreign_device),
    Attack("foreign-organisation", 39, "UNTRUSTED", (("FOREIGN_ORGANISATION", 39),),
           "a recorder that brings its own organisation key", "放入自带机构密钥的记录仪", foreign_organisation),
)
# fmt: on
