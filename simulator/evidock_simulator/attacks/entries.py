"""Attacks on the journal's entries with nothing but an editor: changed, removed, out of order.

Attacks: AT-2, AT-3, AT-5, AT-6, AT-7, AT-8, AT-10 and AT-15. No signature is made here.
"""

from evidock_protocol import cbor, codes, entry, kinds, merkle, sign1
from evidock_simulator.attacks.attack import Attack, Damage
from evidock_simulator.attacks.evidence import Evidence, Recorder, Segment
from evidock_simulator.attacks.media import SILENT_SECONDS

_BODY = 10  # key of the body in a payload
_ROOT = 6  # key of the root in SEGMENT's body
_STOP_REASON = 1
_SERIAL = 2  # key of the serial number in GENESIS
_BAD_SIGNATURE = (("BAD_SIGNATURE", 2),)


def rewritten(raw: bytes, number: int, value: object) -> bytes:
    """An entry with another value in its body, under its old signature."""
    sealed = sign1.parse(raw)
    payload: dict[int, dict[int, object]] = cbor.decode(sealed.payload)  # type: ignore[assignment]
    payload[_BODY][number] = value
    return sign1.assemble(sealed.typ, sealed.key_id, cbor.encode(payload), sealed.signature)


def edit_entry(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    index = _one_of(recorder, kinds.STOP)
    before = recorder.parsed()[index].body["reason"]
    after = codes.STOP_POWER_OFF if before != codes.STOP_POWER_OFF else codes.STOP_BUTTON
    return _replaced(recorder, index, rewritten(recorder.entries[index], _STOP_REASON, after), "reason of STOP edited")


def edit_signature(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    index = _one_of(recorder, kinds.STOP)
    raw = recorder.entries[index]
    return _replaced(recorder, index, raw[:-40] + bytes([raw[-40] ^ 1]) + raw[-39:], "one bit of a signature flipped")


def edit_genesis(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    serial = str(recorder.genesis.body["serial"])
    edited = rewritten(recorder.entries[0], _SERIAL, serial[::-1] if serial != serial[::-1] else serial + "0")
    return _replaced(recorder, 0, edited, "serial number in GENESIS edited")


def reseal_segment(evidence: Evidence) -> Damage:
    """Silences sound and writes the new root into the entry and the new hashes beside the file."""
    recorder, segment = evidence.recorder, evidence.longest()
    data = bytearray(segment.path.read_bytes())
    first = segment.header + (segment.length - segment.header) // 2
    data[first : first + SILENT_SECONDS * segment.bytes_per_second] = bytes(
        len(data[first : first + SILENT_SECONDS * segment.bytes_per_second])
    )
    leaves = leaves_of(bytes(data), segment)
    segment.path.write_bytes(data)
    segment.leaves.write_bytes(b"".join(leaves))
    edited = rewritten(recorder.entries[segment.place], _ROOT, root_of(leaves))
    return _replaced(recorder, segment.place, edited, "sound silenced, and the root in SEGMENT adapted")


def delete_entry(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    index = _one_of(recorder, kinds.MARK)
    return _cut(recorder, index, index + 1, "a MARK deleted")


def delete_segment_entry(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    segment = recorder.recordings(3)[0][1]
    segment.path.unlink()
    segment.leaves.unlink(missing_ok=True)
    return _cut(recorder, segment.place, segment.place + 1, "a segment deleted, file and entry")


def erase_recording(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    segments = recorder.recordings(1)[0]
    for segment in segments:
        segment.path.unlink()
        segment.leaves.unlink(missing_ok=True)
    first, end = _recording(recorder, segments[0].recording)
    return _cut(recorder, first, end, "a recording deleted, files and entries")


def trim_head(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    segments = recorder.recordings(2)[0]
    segments[0].path.unlink()
    segments[0].leaves.unlink(missing_ok=True)
    first, _end = _recording(recorder, segments[0].recording)
    return _cut(recorder, first, segments[0].place + 1, "START and the first segment deleted, file and entries")


def trim_tail(evidence: Evidence) -> Damage:
    """Everything after the last but one segment goes: the newest recording ends early and without STOP."""
    recorder = evidence.recorder
    segments = recorder.segments()
    if len(segments) < 2:
        raise ValueError(f"{recorder.folder}: this attack needs two segments")
    last = segments[-1]
    last.path.unlink()
    last.leaves.unlink(missing_ok=True)
    return _cut(recorder, last.place, len(recorder.entries), "the newest segment and all entries from it on deleted")


def delete_last_entries(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    last = recorder.indices(kinds.STOP)
    first = last[-1] + 1 if last else len(recorder.entries) - 1
    if first >= len(recorder.entries):
        raise ValueError(f"{recorder.folder}: this attack needs entries after the last STOP")
    return _cut(recorder, first, len(recorder.entries), "all entries after the last STOP deleted")


def tear_journal(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    first, end = recorder.span(len(recorder.entries) - 1)
    raw = recorder.journal.read_bytes()
    recorder.journal.write_bytes(raw[: (first + end) // 2])
    return Damage("journal cut inside its last entry", recorder.name(recorder.journal), bytes=(first, end))


def reorder_entries(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    index = _one_of(recorder, kinds.MARK)
    entries = list(recorder.entries)
    span = (recorder.span(index)[0], recorder.span(index + 1)[1])
    entries[index : index + 2] = [entries[index + 1], entries[index]]
    recorder.write(entries)
    return Damage("two neighbouring entries exchanged", recorder.name(recorder.journal), bytes=span)


def duplicate_entry(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    index = _one_of(recorder, kinds.MARK)
    recorder.write([*recorder.entries[: index + 1], *recorder.entries[index:]])
    return Damage("an entry put in twice", recorder.name(recorder.journal), bytes=recorder.span(index + 1))


def replay_entry(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    segment = recorder.segments()[0] if recorder.segments() else evidence.longest()
    recorder.write([*recorder.entries, recorder.entries[segment.place]])
    last = len(recorder.entries) - 1
    return Damage(
        "an old SEGMENT presented again at the end", recorder.name(recorder.journal), bytes=recorder.span(last)
    )


def splice_recordings(evidence: Evidence) -> Damage:
    """Cuts from one recording's last segments into the next one's, so that both look like one."""
    recorder = evidence.recorder
    starts = [one[0] for one in sorted(recorder.recordings(1), key=lambda one: one[0].place)]
    if len(starts) < 2:
        raise ValueError(f"{recorder.folder}: this attack needs two recordings")
    first, _end = _recording(recorder, starts[0].recording)
    begin = first + 1
    return _cut(recorder, begin, starts[1].place, "entries cut so that one START leads another recording's segments")


def strip_signatures(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    recorder.write([raw[: -sign1.SIGNATURE] + bytes(sign1.SIGNATURE) for raw in recorder.entries])
    return Damage("every signature overwritten with zeros", recorder.name(recorder.journal))


def strip_journal(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    recorder.genesis  # noqa: B018 (there must be one)
    return _cut(recorder, 1, len(recorder.entries), "every entry but GENESIS deleted, media kept")


def delete_journal(evidence: Evidence) -> Damage:
    recorder = evidence.recorder
    recorder.journal.unlink()
    return Damage("journal deleted, media kept", recorder.name(recorder.journal))


def leaves_of(data: bytes, segment: Segment) -> list[bytes]:
    """Leaf hashes of a file: the header's, then the data's ("Hash trees")."""
    size = int(segment.sealed.body["leaf_size"])  # type: ignore[arg-type]
    places = range(segment.header, len(data), size)
    return [merkle.leaf_hash(data[: segment.header])] + [merkle.leaf_hash(data[at : at + size]) for at in places]


def root_of(leaves: list[bytes]) -> bytes:
    """The segment root over leaf hashes."""
    return merkle.segment_root(leaves[0], merkle.root_of(leaves[1:]))


def _one_of(recorder: Recorder, kind: int) -> int:
    """The place of the first entry of a kind, which has others after it."""
    found = [index for index in recorder.indices(kind) if index + 1 < len(recorder.entries)]
    if not found:
        raise ValueError(f"{recorder.journal}: this attack needs a {kinds.kind_name(kinds.ENTRY_KINDS, kind)} entry")
    return found[0]


def _recording(recorder: Recorder, number: int) -> tuple[int, int]:
    """Places of START and behind STOP of a recording."""
    about = [
        index
        for index, one in enumerate(recorder.parsed())
        if one.kind in (kinds.START, kinds.STOP) and one.body["recording"] == number
    ]
    if len(about) != 2:
        raise ValueError(f"{recorder.journal}: this attack needs a recording with START and STOP")
    return about[0], about[1] + 1


def _replaced(recorder: Recorder, index: int, raw: bytes, text: str) -> Damage:
    parsed = entry.parse(recorder.entries[index])
    recorder.write([*recorder.entries[:index], raw, *recorder.entries[index + 1 :]])
    about = parsed.body.get("recording"), parsed.body.get("number")
    recording, number = (value if isinstance(value, int) else None for value in about)
    return Damage(text, recorder.name(recorder.journal), recording, number, recorder.span(index))


def _cut(recorder: Recorder, first: int, end: int, text: str) -> Damage:
    recorder.write(recorder.entries[:first] + recorder.entries[end:])
    return Damage(f"{text} (entries {first} to {end - 1})", recorder.name(recorder.journal))


# fmt: off
ATTACKS = (
    Attack("edit-entry", 2, "ALTERED", _BAD_SIGNATURE,
           "the reason of a STOP edited", "修改 STOP 条目的原因", edit_entry),
    Attack("edit-signature", 2, "ALTERED", _BAD_SIGNATURE,
           "one bit of an entry's signature flipped", "翻转条目签名的一位", edit_signature),
    Attack("edit-genesis", 2, "ALTERED", _BAD_SIGNATURE,
           "the serial number in GENESIS edited", "修改 GENESIS 中的序列号", edit_genesis),
    Attack("reseal-segment", 2, "ALTERED", _BAD_SIGNATURE,
           "sound silenced, and root and leaf hashes adapted to it", "静音后同时修改根哈希和叶哈希", reseal_segment),
    Attack("strip-signatures", 3, "ALTERED", (("BAD_SIGNATURE", 2), ("UNSIGNED_CONTENT", 3)),
           "every signature overwritten with zeros, media kept", "所有签名清零，媒体保留", strip_signatures),
    Attack("strip-journal", 3, "ALTERED", (("UNSIGNED_CONTENT", 3),),
           "every entry but GENESIS deleted, media kept", "只留 GENESIS,媒体保留", strip_journal),
    Attack("delete-journal", 3, "ALTERED", (("UNSIGNED_CONTENT", 3),),
           "the journal deleted, media kept", "删除日志，媒体保留", delete_journal, needs_store=True),
    Attack("delete-entry", 5, "ALTERED", (("CHAIN_BREAK", 5),),
           "one entry (a MARK) deleted", "删除一个条目(MARK)", delete_entry),
    Attack("delete-segment-entry", 5, "ALTERED", (("CHAIN_BREAK", 5),),
           "a segment inside a recording deleted, file and entry", "删除录音中间的分段，包括文件和条目",
           delete_segment_entry),
    Attack("reorder-entries", 6, "ALTERED", (("ORDER", 6),),
           "two neighbouring entries exchanged", "对调两个相邻条目", reorder_entries),
    Attack("duplicate-entry", 6, "ALTERED", (("REPLAY", 6),),
           "an entry put in twice", "重复一个条目", duplicate_entry),
    Attack("replay-entry", 6, "ALTERED", (("REPLAY", 6),),
           "an old SEGMENT entry presented again at the end", "在末尾重放旧的 SEGMENT 条目", replay_entry),
    Attack("trim-head", 7, "ALTERED", (("CHAIN_BREAK", 5), ("HEAD_MISSING", 7)),
           "a recording's START and first segment deleted, file and entries", "删除录音的 START 和第一个分段，包括条目",
           trim_head),
    Attack("trim-tail", 8, "INCOMPLETE", (("TAIL_OPEN", 8),),
           "the newest segment and all entries from it on deleted", "删除最新分段及其后的全部条目",
           trim_tail, needs_store=True),
    Attack("delete-last-entries", 8, "INCOMPLETE", (("TAIL_OPEN", 8),),
           "all entries after the last STOP deleted", "删除最后一个 STOP 之后的全部条目",
           delete_last_entries, needs_store=True),
    Attack("tear-journal", 8, "INCOMPLETE", (("TAIL_OPEN", 8),),
           "the journal cut inside its last entry", "日志在最后一个条目中间被截断", tear_journal),
    Attack("erase-recording", 10, "ALTERED", (("CHAIN_BREAK", 5),),
           "a recording deleted, files and entries", "删除一段录音，包括文件和条目", erase_recording),
    Attack("splice-recordings", 15, "ALTERED", (("CHAIN_BREAK", 5),),
           "entries cut so that one START leads another recording's segments", "剪接条目，使 START 接上另一段录音",
           splice_recordings),
)
# fmt: on
