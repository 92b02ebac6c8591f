"""Attacks on which media files there are: removed, moved, put in.

Attacks: AT-3, AT-5, AT-7, AT-8, AT-10, AT-30 and AT-31. The entries stay as they are.
"""

import shutil

from evidock_simulator.attacks.attack import Attack, Damage
from evidock_simulator.attacks.evidence import Evidence, Segment

_NOTE = b"Nothing to see here.\n"


def delete_first_segment(evidence: Evidence) -> Damage:
    return _deleted(evidence, evidence.recorder.recordings(2)[0][:1])


def delete_segment(evidence: Evidence) -> Damage:
    return _deleted(evidence, evidence.recorder.recordings(3)[0][1:2])


def delete_last_segment(evidence: Evidence) -> Damage:
    return _deleted(evidence, evidence.recorder.recordings(2)[0][-1:])


def delete_recording(evidence: Evidence) -> Damage:
    return _deleted(evidence, evidence.recorder.recordings(1)[0])


def delete_media(evidence: Evidence) -> Damage:
    return _deleted(evidence, evidence.recorder.segments())


def move_segment(evidence: Evidence) -> Damage:
    segment = evidence.longest()
    target = segment.path.parents[1] / "1999" / segment.path.parent.name / segment.path.name
    target.parent.mkdir(parents=True)
    segment.path.rename(target)
    name = evidence.recorder.name
    return Damage(f"moved from {name(segment.path)}", name(target), segment.recording, segment.number)


def rename_segment(evidence: Evidence) -> Damage:
    segment = evidence.recorder.recordings(1)[0][-1]
    number = segment.number + 1
    target = segment.path.with_stem(f"{segment.path.stem[0]}{number:07d}")
    segment.path.rename(target)
    name = evidence.recorder.name
    return Damage(f"renamed from {name(segment.path)}", name(target), segment.recording, number)


def insert_segment(evidence: Evidence) -> Damage:
    segment = evidence.recorder.recordings(1)[0][-1]
    number = segment.number + 1
    target = segment.path.with_stem(f"{segment.path.stem[0]}{number:07d}")
    shutil.copyfile(segment.path, target)
    return Damage("a segment that nobody sealed", evidence.recorder.name(target), segment.recording, number)


def insert_file(evidence: Evidence) -> Damage:
    target = evidence.longest().path.parent / "NOTE.TXT"
    target.write_bytes(_NOTE)
    return Damage("a file put beside the segments", evidence.recorder.name(target))


def loose_media(evidence: Evidence) -> Damage:
    """What is left when somebody passes on media files alone: no journal, no custody, no certificate."""
    for recorder in evidence.recorders:
        for path in (recorder.journal, recorder.private, recorder.heads, recorder.receipts):
            path.unlink(missing_ok=True)
    for name in ("custody.cbs", "host.cert"):
        (evidence.root / name).unlink(missing_ok=True)
    return Damage("only the media files are left")


def _deleted(evidence: Evidence, segments: list[Segment]) -> Damage:
    if not segments:
        raise ValueError(f"{evidence.root}: this attack needs a segment")
    for segment in segments:
        segment.path.unlink()
        segment.leaves.unlink(missing_ok=True)
    first, name = segments[0], evidence.recorder.name(segments[0].path)
    text = f"{len(segments)} media files deleted" if len(segments) > 1 else "media file deleted"
    return Damage(text, name, first.recording, first.number)


# fmt: off
ATTACKS = (
    Attack("delete-first-segment", 7, "INCOMPLETE", (("HEAD_MISSING", 7),),
           "the first media file of a recording deleted", "删除一段录音的第一个媒体文件", delete_first_segment),
    Attack("delete-segment", 5, "INCOMPLETE", (("SEGMENT_MISSING", 5),),
           "a media file inside a recording deleted", "删除一段录音中间的媒体文件", delete_segment),
    Attack("delete-last-segment", 8, "INCOMPLETE", (("TAIL_OPEN", 8),),
           "the last media file of a recording deleted", "删除一段录音的最后一个媒体文件", delete_last_segment),
    Attack("delete-recording", 10, "INCOMPLETE", (("RECORDING_MISSING", 10),),
           "every media file of a recording deleted", "删除一段录音的全部媒体文件", delete_recording),
    Attack("delete-media", 10, "INCOMPLETE", (("RECORDING_MISSING", 10),),
           "every media file of a recorder deleted", "删除一台记录仪的全部媒体文件", delete_media),
    Attack("move-segment", 30, "ALTERED", (("STORE_MISMATCH", 30),),
           "a media file moved to another day", "把媒体文件移到另一天", move_segment, needs_store=True),
    Attack("rename-segment", 3, "ALTERED", (("UNSIGNED_CONTENT", 3), ("TAIL_OPEN", 8)),
           "a media file renamed to a number that no segment has", "把媒体文件改成没有分段使用的编号",
           rename_segment),
    Attack("insert-segment", 3, "ALTERED", (("UNSIGNED_CONTENT", 3),),
           "a media file put in that no entry seals", "放入没有任何条目封存的媒体文件", insert_segment),
    Attack("insert-file", 31, "ALTERED", (("INSERTED", 31),),
           "a file of another kind put beside the segments", "在分段旁放入其他文件", insert_file),
    Attack("loose-media", 3, "UNTRUSTED", (("UNSIGNED_CONTENT", 3),),
           "the media files alone, without journal, custody and certificate", "只有媒体文件，没有日志、保管链和证书",
           loose_media, needs_store=True),
)
# fmt: on
