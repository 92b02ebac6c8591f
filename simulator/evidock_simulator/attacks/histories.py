"""Attacks with a recorder's own stolen keys on what it wrote before: rewritten, rolled back, written twice.

Attacks: AT-11, AT-12, AT-14, AT-18 and AT-36. The keys of one epoch say nothing about those before it; against who had
every key only heads help that a host holds.
"""

import hashlib
from typing import NamedTuple

from evidock_protocol import cbor, codes, kinds, sign1, statements
from evidock_simulator.attacks.attack import Attack, Damage
from evidock_simulator.attacks.evidence import Evidence, Recorder, statements_of
from evidock_simulator.attacks.forgery import payload_of
from evidock_simulator.attacks.stolen_keys import Custody, Journal, Key, recorder_keys, resealed

_SEQUENCE, _PREVIOUS, _BODY = 4, 5, 10  # keys of a payload
_REASON = 1  # in STOP
_LONGER = 3  # entries by which a second history outgrows the first
_OTHER_HOST = hashlib.sha256(b"evidock attack: another host").digest()


class _Stolen(NamedTuple):
    recorder: Recorder
    keys: list[Key]

    @property
    def live(self) -> Key:
        """The key that signs what comes next: all that is left in the recorder's flash."""
        return self.keys[-1]


def backdate_entry(evidence: Evidence) -> Damage:
    """The reason of the first STOP becomes another, under the live key, and nothing else changes."""
    stolen = _stolen(evidence)
    place = _first_stop(stolen)
    made = _edited(stolen.recorder.entries[place], stolen.live)
    return _with(stolen.recorder, place, [made], 1, "a STOP made anew with the live key, before whose epoch it lies")


def backdate_insert(evidence: Evidence) -> Damage:
    """A MARK of the past that nobody made, under the live key."""
    stolen = _stolen(evidence)
    recorder, place = stolen.recorder, _first_stop(stolen)
    marks = [index for index in recorder.indices(kinds.MARK) if index < place]
    if not marks:
        raise ValueError(f"{recorder.journal}: this attack needs a MARK before the first STOP")
    payload = payload_of(recorder.entries[marks[-1]])
    payload.update({_SEQUENCE: place, _PREVIOUS: sign1.statement_hash(recorder.entries[place - 1])})
    made = stolen.live.seal(statements.TYP_ENTRY, cbor.encode(payload))
    return _with(recorder, place, [made], 0, "a MARK signed by the live key put in before its epoch")


def backdate_drop(evidence: Evidence) -> Damage:
    """A MARK of the past goes, and all that follows is numbered, linked and signed anew with the live key."""
    stolen = _stolen(evidence)
    recorder, place = stolen.recorder, _first_stop(stolen)
    marks = [index for index in recorder.indices(kinds.MARK) if index < place]
    if not marks:
        raise ValueError(f"{recorder.journal}: this attack needs a MARK before the first STOP")
    rest = recorder.entries[marks[-1] + 1 :]
    made = resealed(recorder.entries[: marks[-1]], rest, [stolen.live] * len(stolen.keys))
    return _with(recorder, marks[-1], made, len(rest) + 1, "a MARK dropped, and the rest signed anew by the live key")


def rewrite_epoch(evidence: Evidence) -> Damage:
    """Who had one epoch's key in time rewrites that epoch to its end; the next one still follows what was."""
    stolen = _stolen(evidence)
    recorder, place = stolen.recorder, _first_stop(stolen)
    end = next(index for index in recorder.indices(kinds.EPOCH) if index > place) + 1
    old = recorder.entries[place:end]
    edited = [_edited(old[0], stolen.keys[0]), *old[1:]]
    made = resealed(recorder.entries[:place], edited, stolen.keys)
    return _with(recorder, place, made, len(old), "an epoch rewritten to its end with its own key")


def rewrite_everything(evidence: Evidence) -> Damage:
    """Who had every key, as a lying firmware would: consistent in itself, and not what the heads say."""
    stolen = _stolen(evidence)
    recorder, place = stolen.recorder, _first_stop(stolen)
    old = recorder.entries[place:]
    edited = [_edited(old[0], stolen.keys[0]), *old[1:]]
    made = resealed(recorder.entries[:place], edited, stolen.keys)
    return _with(recorder, place, made, len(old), "everything from a STOP on rewritten with every key")


def turn_off(evidence: Evidence) -> Damage:
    """Who had one epoch's key in time lets its EPOCH name a key of his own, and goes on from there."""
    stolen = _stolen(evidence)
    recorder, place = stolen.recorder, _first_stop(stolen)
    journal = Journal(recorder.entries[: place + 1], stolen.keys)
    journal.change_epoch(codes.EPOCH_STOP, _own_key(0))
    _outgrow(journal, len(recorder.entries))
    recorder.write(journal.entries)
    return _from(recorder, place + 1, "an epoch's key announced the thief's own, which signs another history")


def continue_after_cut(evidence: Evidence) -> Damage:
    """The journal is cut inside its last epoch but one and goes on, in the same boot, with the key of then."""
    stolen = _stolen(evidence)
    recorder = stolen.recorder
    epochs = recorder.indices(kinds.EPOCH)
    place = _after(epochs, 2, recorder) + 1
    if place >= epochs[-1]:
        raise ValueError(f"{recorder.journal}: this attack needs entries in the last epoch but one")
    journal = Journal(recorder.entries[:place], stolen.keys)
    _outgrow(journal, len(recorder.entries))
    recorder.write(journal.entries)
    return _from(recorder, place, "journal cut and continued with the key of then")


def roll_back(evidence: Evidence) -> Damage:
    """An old image of the flash is put back and boots: a shorter history than that of the heads."""
    return _rolled_back(evidence, outgrow=False)


def roll_back_and_outgrow(evidence: Evidence) -> Damage:
    """The same, and it records on until its history is longer than that of the heads."""
    return _rolled_back(evidence, outgrow=True)


def second_head(evidence: Evidence) -> Damage:
    """Another head of the size of the newest one, by the same key, over another newest entry."""
    stolen = _stolen(evidence)
    recorder = stolen.recorder
    heads = _heads(recorder)
    sealed = sign1.parse(heads[-1])
    values = cbor.decode(sealed.payload)
    assert isinstance(values, dict)
    values.update({4: hashlib.sha256(heads[-1]).digest(), 5: hashlib.sha256(b"root" + heads[-1]).digest()})
    made = next((key for key in stolen.keys if key.key_id == sealed.key_id), stolen.live)
    return _with_head(recorder, made.seal(statements.TYP_HEAD, cbor.encode(values)), "a second head of the same size")


def cloned_flash(evidence: Evidence) -> Damage:
    """A copy of the flash, made in mid-shift, boots elsewhere and docks at another host, whose head comes in."""
    return _cloned(evidence, 1)


def cloned_flash_works_on(evidence: Evidence) -> Damage:
    """The same; the copy first wrote more than the original had left to write in that epoch."""
    return _cloned(evidence, 100)


def _rolled_back(evidence: Evidence, outgrow: bool) -> Damage:
    stolen = _stolen(evidence)
    recorder = stolen.recorder
    _heads(recorder)
    place = _after(recorder.indices(kinds.EPOCH), 3, recorder)
    journal = Journal(recorder.entries[:place], stolen.keys)
    journal.restart()
    journal.add(kinds.BOOT, journal.last(kinds.BOOT))
    if outgrow:
        _outgrow(journal, len(recorder.entries))
    recorder.write(journal.entries)
    _dock(evidence, journal)
    return _from(recorder, place, "an old image of the flash put back, which boots, goes on and is docked")


def _dock(evidence: Evidence, journal: Journal) -> None:
    """The host takes what comes, as one would that held its heads against nothing."""
    custody = Custody(evidence)
    head = journal.head(custody.key.key_id, codes.HEAD_FIRST)
    with evidence.recorder.heads.open("ab") as file:
        file.write(head)
    custody.add_head(head)


def _cloned(evidence: Evidence, marks: int) -> Damage:
    stolen, custody = _stolen(evidence), Custody(evidence)
    recorder = stolen.recorder
    place = _after(recorder.indices(kinds.EPOCH), 3, recorder)
    clone = Journal(recorder.entries[:place], stolen.keys)
    clone.restart()
    clone.add(kinds.BOOT, clone.last(kinds.BOOT))
    for _ in range(marks):
        clone.add(kinds.MARK, _mark(clone))
    head = clone.head(_OTHER_HOST, codes.HEAD_FIRST)
    custody.add_head(head, _OTHER_HOST)
    return _with_head(recorder, head, "a clone's head, brought from another host")


def _stolen(evidence: Evidence) -> _Stolen:
    recorder = evidence.recorder
    keys = recorder_keys(recorder)
    if len(keys) < 3:
        raise ValueError(f"{recorder.journal}: this attack needs two changes of epoch")
    return _Stolen(recorder, keys)


def _first_stop(stolen: _Stolen) -> int:
    """The place of a STOP of the first epoch."""
    recorder = stolen.recorder
    stops = [index for index in recorder.indices(kinds.STOP) if recorder.parsed()[index].epoch == 0]
    if not stops:
        raise ValueError(f"{recorder.journal}: this attack needs a STOP before the first change of epoch")
    return stops[0]


def _after(epochs: list[int], back: int, recorder: Recorder) -> int:
    """The place behind the last EPOCH but so many less one."""
    if len(epochs) < back:
        raise ValueError(f"{recorder.journal}: this attack needs {back} changes of epoch")
    return epochs[-back] + 1


def _edited(raw: bytes, key: Key) -> bytes:
    """STOP with another reason, signed by `key`."""
    payload = payload_of(raw)
    body: dict[int, object] = payload[_BODY]  # type: ignore[assignment]
    body[_REASON] = codes.STOP_POWER_OFF if body[_REASON] != codes.STOP_POWER_OFF else codes.STOP_BUTTON
    return key.seal(statements.TYP_ENTRY, cbor.encode(payload))


def _outgrow(journal: Journal, size: int) -> None:
    """Writes marks until there are more than `size` entries."""
    while len(journal.entries) < size + _LONGER:
        journal.add(kinds.MARK, _mark(journal))


def _mark(journal: Journal) -> dict[str, object]:
    return {**journal.last(kinds.MARK), "recording": None}


def _own_key(number: int) -> Key:
    return Key(hashlib.sha256(b"evidock attack: epoch %d" % number).digest())


def _heads(recorder: Recorder) -> list[bytes]:
    found = statements_of(recorder.heads)
    if not found:
        raise ValueError(f"{recorder.heads}: this attack needs a statement there")
    return found


def _with(recorder: Recorder, place: int, made: list[bytes], instead_of: int, text: str) -> Damage:
    recorder.write([*recorder.entries[:place], *made, *recorder.entries[place + instead_of :]])
    return _from(recorder, place, text)


def _from(recorder: Recorder, place: int, text: str) -> Damage:
    return Damage(f"{text} (from entry {place} on)", recorder.name(recorder.journal))


def _with_head(recorder: Recorder, head: bytes, text: str) -> Damage:
    recorder.heads.write_bytes(b"".join([*_heads(recorder), head]))
    end = recorder.heads.stat().st_size
    return Damage(text, recorder.name(recorder.heads), bytes=(end - len(head), end))


_VIOLATION = (("EPOCH_VIOLATION", 18),)

# fmt: off
ATTACKS = (
    Attack("continue-after-cut", 11, "ALTERED", (("FORK", 11),),
           "the journal cut, and continued with the recorder's own key of then", "截断日志，再用当时的密钥继续写",
           continue_after_cut, needs_store=True),
    Attack("roll-back", 12, "ALTERED", (("ROLLBACK", 12),),
           "an old image of the flash put back and docked again", "写回旧的闪存镜像并再次入坞", roll_back,
           needs_store=True),
    Attack("roll-back-and-outgrow", 12, "ALTERED", (("FORK", 11),),
           "the same, after its new history outgrew the one that it lost", "同上，新的历史比失去的更长",
           roll_back_and_outgrow, needs_store=True),
    Attack("second-head", 14, "ALTERED", (("EQUIVOCATION", 14),),
           "a second head of the same size, by the recorder's own key", "用记录仪自己的密钥再签一个同样大小的链头",
           second_head, needs_store=True),
    Attack("backdate-entry", 18, "ALTERED", _VIOLATION,
           "with the stolen live key, an entry before its epoch changed", "用盗取的当前密钥修改其纪元之前的条目",
           backdate_entry),
    Attack("backdate-insert", 18, "ALTERED", _VIOLATION,
           "with the stolen live key, an entry put in before its epoch", "用盗取的当前密钥在其纪元之前插入条目",
           backdate_insert),
    Attack("backdate-drop", 18, "ALTERED", _VIOLATION,
           "with the stolen live key, an entry before its epoch dropped and the rest signed anew",
           "删除其纪元之前的条目，其余用盗取的当前密钥重签", backdate_drop),
    Attack("rewrite-epoch", 18, "ALTERED", (("CHAIN_BREAK", 5),),
           "with the stolen key of an old epoch, that epoch rewritten to its end", "用盗取的旧纪元密钥重写该纪元",
           rewrite_epoch),
    Attack("rewrite-everything", 18, "ALTERED", (("FORK", 11),),
           "with every key of the recorder, all of a history rewritten", "用全部密钥重写整段历史",
           rewrite_everything, needs_store=True),
    Attack("turn-off", 18, "ALTERED", (("FORK", 11),),
           "with the stolen key of an old epoch, another history begun there", "用盗取的旧纪元密钥从该处另写历史",
           turn_off, needs_store=True),
    Attack("cloned-flash", 36, "ALTERED", (("EQUIVOCATION", 14),),
           "a clone of the flash docked at another host, whose head comes in", "闪存克隆在另一主机入坞，其链头被带入",
           cloned_flash, needs_store=True),
    Attack("cloned-flash-works-on", 36, "ALTERED", (("EQUIVOCATION", 14),),
           "the same, after the clone wrote more than the original in that epoch", "同上，克隆在该纪元写得比原机更多",
           cloned_flash_works_on, needs_store=True),
)
# fmt: on
