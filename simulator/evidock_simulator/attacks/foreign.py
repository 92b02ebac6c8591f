"""Attacks with the evidence of another recorder that is enrolled too: every signature in it holds, but for another.

Attacks: AT-15 and AT-16. Only stores have several recorders. No key is needed for any of this.
"""

import shutil

from evidock_protocol import card, kinds
from evidock_simulator.attacks.attack import Attack, Damage
from evidock_simulator.attacks.evidence import Evidence, Recorder

_WRONG_DEVICE = (("WRONG_DEVICE", 15),)  # verification says row 15 of every foreign device, enrolled or not


def enrolled_entries(evidence: Evidence) -> Damage:
    """A whole MARK or START of the other recorder between two entries."""
    recorder, other = evidence.recorder, evidence.other()
    found = other.indices(kinds.MARK, kinds.START)
    starts = recorder.indices(kinds.START)
    if not found or not starts:
        raise ValueError(f"{evidence.root}: this attack needs entries of both recorders")
    place = starts[-1]
    entries = [*recorder.entries[:place], other.entries[found[0]], *recorder.entries[place:]]
    recorder.write(entries)
    return Damage("an entry of another recorder put in", recorder.name(recorder.journal))


def enrolled_tail(evidence: Evidence) -> Damage:
    """The journal goes on, after its own end, with everything of the other recorder."""
    recorder, other = evidence.recorder, evidence.other()
    recorder.write([*recorder.entries, *other.entries])
    return Damage("another recorder's journal appended", recorder.name(recorder.journal))


def enrolled_journal(evidence: Evidence) -> Damage:
    recorder, other = evidence.recorder, evidence.other()
    recorder.write(other.entries)
    return Damage("the journal is that of another recorder", recorder.name(recorder.journal))


def enrolled_media(evidence: Evidence) -> Damage:
    """A file of the other recorder as one segment more of the newest recording."""
    recorder, other = evidence.recorder, evidence.other()
    foreign, own = other.segments(), recorder.segments()
    if not foreign or not own:
        raise ValueError(f"{evidence.root}: this attack needs segments of both recorders")
    target = own[-1].path.with_name(card.segment_stem(own[-1].number + 1).lower() + foreign[0].path.suffix)
    target = target.with_name(target.name.upper() if own[-1].path.stem.isupper() else target.name)
    shutil.copyfile(foreign[0].path, target)
    return Damage("another recorder's segment put beside a recording", recorder.name(target))


def exchange_recorders(evidence: Evidence) -> Damage:
    """Each recorder's folder under the other's name."""
    recorder, other = evidence.recorder, evidence.other()
    _exchanged(recorder, other)
    return Damage("two recorders' folders exchanged", recorder.name(recorder.folder))


def _exchanged(one: Recorder, other: Recorder) -> None:
    aside = one.folder.with_name("aside")
    one.folder.rename(aside)
    other.folder.rename(one.folder)
    aside.rename(other.folder)


# fmt: off
ATTACKS = (
    Attack("enrolled-entries", 16, "UNTRUSTED", _WRONG_DEVICE,
           "an entry of another enrolled recorder put in between", "插入另一台已登记记录仪的条目", enrolled_entries,
           needs_store=True),
    Attack("enrolled-tail", 16, "UNTRUSTED", _WRONG_DEVICE,
           "another enrolled recorder's journal appended", "追加另一台已登记记录仪的日志", enrolled_tail,
           needs_store=True),
    Attack("enrolled-journal", 16, "ALTERED", _WRONG_DEVICE,
           "the journal replaced by another enrolled recorder's", "日志被换成另一台已登记记录仪的", enrolled_journal,
           needs_store=True),
    Attack("enrolled-media", 16, "ALTERED", (("UNSIGNED_CONTENT", 3),),
           "a segment of another enrolled recorder put under a recording", "在录音中放入另一台已登记记录仪的分段",
           enrolled_media, needs_store=True),
    Attack("exchange-recorders", 16, "ALTERED", _WRONG_DEVICE,
           "the folders of two enrolled recorders exchanged", "对调两台已登记记录仪的文件夹", exchange_recorders,
           needs_store=True),
)
# fmt: on
