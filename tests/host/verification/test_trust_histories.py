"""AT-11, AT-12, AT-13, AT-14, AT-18, AT-36: what signed heads and epochs' keys show of a second history."""

import copy
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.forge import Host, Recorder, key_of, shift, statement
from support.forged_trust import heads_file
from support.verified import expect, only, report_of

from evidock.report import Report, Verdict
from evidock_protocol import cbor, codes, custody_kinds, entry, kinds, sign1, statements

ELSEWHERE = bytes([5]) * 32  # another host


def mark(recorder: Recorder, count: int = 1) -> None:
    for _ in range(count):
        recorder.wait(1)
        recorder.add(kinds.MARK, {"recording": None, "type": codes.MARK_EVIDENCE, "count": 1})


def image(recorder: Recorder) -> Recorder:
    """What somebody copied out of the flash, or put back into it."""
    return copy.deepcopy(recorder)


def told(report: Report) -> set[str]:
    return {one.code for one in report.findings if one.verdict is not None}


def running(host: Host) -> Recorder:
    """A recorder that docked once, and has gone on since."""
    recorder = shift(host)
    recorder.restart(60)
    mark(recorder, 3)
    return recorder


def test_at_36_a_clone_that_docks_elsewhere(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    clone = image(recorder)
    mark(recorder, 4)
    host.dock(recorder)
    clone.check()
    clone.wait(50)
    store = host.write(tmp_path / "store", recorder)
    other = heads_file(tmp_path, clone.head(host=ELSEWHERE))
    assert report_of(store, host).verdict is Verdict.VERIFIED_DECLARED_GAPS  # before that nobody can know
    expect(report_of(store, host, heads=other), Verdict.ALTERED, "EQUIVOCATION", 14)


def test_at_36_a_clone_that_outlived_its_epoch(host: Host, tmp_path: Path) -> None:
    """What the original's epoch ended with, a head of this host counts."""
    recorder = running(host)
    clone = image(recorder)
    host.dock(recorder)
    mark(clone, 40)
    store = host.write(tmp_path / "store", recorder)
    report = report_of(store, host, heads=heads_file(tmp_path, clone.head(host=ELSEWHERE)))
    expect(report, Verdict.ALTERED, "EQUIVOCATION", 14)
    report = report_of(store, host, heads=heads_file(tmp_path, clone.head()))  # as if this host had seen it
    assert "EPOCH_VIOLATION" in told(report)
    assert report.verdict is Verdict.ALTERED


def test_at_14_two_heads_of_one_size(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    other = image(recorder)
    mark(recorder)
    other.check()
    host.dock(recorder)
    store = host.write(tmp_path / "store", recorder)
    as_newest = other.head(host=host.id)
    for name, raw in (("newest", as_newest), ("root", other.head(host=host.id, newest=recorder.newest))):
        size = entry.parse_statement(raw, statements.TYP_HEAD)[1]["size"]
        assert size == other.tree.size
        report = report_of(store, host, heads=heads_file(tmp_path, raw))
        assert "EQUIVOCATION" in told(report) or "FORK" in told(report), name


def test_an_own_head_that_came_back_from_elsewhere_is_named(host: Host, tmp_path: Path) -> None:
    """By a WITNESS: this store was set up from an older copy, and another host still had its heads."""
    recorder = running(host)
    host.dock(recorder)
    for _ in range(2):
        raw = recorder.head(host=host.id)
        values = entry.parse_statement(raw, statements.TYP_HEAD)[1]
        named = {name: values[name] for name in ("device", "size", "newest", "root", "host")}
        host.note(custody_kinds.WITNESS, {**named, "head": sign1.statement_hash(raw)})
        host.heads[recorder.device].append(raw)
        recorder.wait(1)
    assert "CUSTODY_BREAK" not in told(report_of(host.write(tmp_path / "store", recorder), host))


def test_at_14_beyond_the_journal(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    store = host.write(tmp_path / "store", recorder)
    first, second = image(recorder), image(recorder)
    mark(first)
    second.check()
    report = report_of(store, host, heads=heads_file(tmp_path, first.head(), second.head()))
    expect(report, Verdict.ALTERED, "EQUIVOCATION", 14)
    report = report_of(store, host, heads=heads_file(tmp_path, first.head(), first.head(ticks=recorder.ticks + 9000)))
    assert told(report) >= {"TAIL_OPEN"}
    assert "EQUIVOCATION" not in told(report)


def test_at_12_an_old_image_docks_again(host: Host, tmp_path: Path) -> None:
    """The host took what came: its archive has one history, and a head of the other."""
    recorder = running(host)
    old = image(recorder)
    mark(recorder, 5)
    host.dock(recorder)
    old.restart(60)
    old.wait(recorder.ticks)
    host.keep_head(old, old.head())
    report = report_of(host.write(tmp_path / "store", recorder), host)
    assert only(report, "ROLLBACK").verdict is report.verdict is Verdict.ALTERED
    assert "STALE_HEAD" not in told(report)


def test_at_12_the_archive_was_set_back_with_the_recorder(host: Host, tmp_path: Path) -> None:
    """The heads of what was lost are signed by keys that the journal never names: the host's chain vouches for them."""
    recorder = running(host)
    old = image(recorder)
    mark(recorder, 5)
    host.dock(recorder)
    old.restart(60)
    host.dock(old)
    report = report_of(host.write(tmp_path / "store", old), host)
    assert "ROLLBACK" in told(report)
    assert report.verdict is Verdict.ALTERED


def test_at_12_a_later_head_that_is_smaller(host: Host, tmp_path: Path) -> None:
    """Both are heads of this journal; but who was at boot 2 cannot have been at boot 9 before."""
    recorder = running(host)
    early = recorder.head(boot=9)
    mark(recorder, 2)
    host.dock(recorder)
    report = report_of(host.write(tmp_path / "store", recorder), host, heads=heads_file(tmp_path, early))
    expect(report, Verdict.ALTERED, "ROLLBACK", 12)


def test_at_13_an_old_head_taken_for_new(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    old = recorder.head(phase=1)
    mark(recorder, 4)
    host.dock(recorder)
    host.keep_head(recorder, old)
    report = report_of(host.write(tmp_path / "store", recorder), host)
    finding = expect(report, Verdict.ALTERED, "STALE_HEAD", 13)
    assert str(len(recorder.entries)) in finding.text
    assert "ROLLBACK" not in told(report)


def test_at_11_a_fork_below_a_head_that_a_host_holds(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    old = image(recorder)
    mark(recorder)
    raw = recorder.head()
    host.keep_head(recorder, raw)
    old.check()
    mark(old, 9)
    report = report_of(host.write(tmp_path / "store", old), host)
    assert only(report, "FORK").verdict is report.verdict is Verdict.ALTERED


def test_at_17_a_head_of_nobody_is_no_history(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    host.dock(recorder)
    values = cbor.decode(sign1.parse(recorder.head()).payload)
    raw = statement(key_of("nobody"), statements.TYP_HEAD, cbor.encode(values))
    report = report_of(host.write(tmp_path / "store", recorder), host, heads=heads_file(tmp_path, raw))
    assert only(report, "KEY_CHANGE").verdict is report.verdict is Verdict.UNTRUSTED


def test_at_18_a_head_by_a_key_whose_epoch_had_not_begun(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    old = image(recorder)
    recorder.change_epoch(codes.EPOCH_STOP)
    host.dock(recorder)
    values = cbor.decode(sign1.parse(old.head(host=ELSEWHERE)).payload)
    raw = statement(recorder.key, statements.TYP_HEAD, cbor.encode(values))
    report = report_of(host.write(tmp_path / "store", recorder), host, heads=heads_file(tmp_path, raw))
    expect(report, Verdict.ALTERED, "EPOCH_VIOLATION", 18)


def journal_of(recorder: Recorder) -> list[int]:
    return [entry.parse(raw).epoch for raw in recorder.entries]


@pytest.mark.parametrize("place", [2, 5, 11])
def test_at_18_an_entry_by_the_live_key_before_its_epoch(host: Host, tmp_path: Path, place: int) -> None:
    recorder = running(host)
    host.dock(recorder)
    assert journal_of(recorder)[place] < recorder.epoch
    payload = cbor.decode(sign1.parse(recorder.entries[place]).payload)
    recorder.entries[place] = statement(recorder.key, statements.TYP_ENTRY, cbor.encode(payload))
    # its key's EPOCH stands behind it
    recorder.change_epoch(codes.EPOCH_STOP)
    expect(report_of(host.write(tmp_path / "store", recorder), host), Verdict.ALTERED, "EPOCH_VIOLATION", 18)


def test_at_18_an_entry_by_a_key_that_was_wiped(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.add(kinds.MARK, {"recording": None, "type": 1, "count": 1}, key=key_of("recorder:1"), epoch=1)
    report = report_of(host.write(tmp_path / "store", recorder), host)
    assert only(report, "EPOCH_VIOLATION").attack == 18
    assert "KEY_CHANGE" not in told(report)


def test_at_17_a_key_of_nobody_stays_a_key_change(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.add(kinds.MARK, {"recording": None, "type": 1, "count": 1}, key=key_of("nobody"))
    report = report_of(host.write(tmp_path / "store", recorder), host)
    assert only(report, "KEY_CHANGE").attack == 17
    assert "EPOCH_VIOLATION" not in told(report)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 40), stolen=st.integers(0, 4), cut=st.booleans(), honest_kid=st.booleans())
def test_who_has_one_key_can_change_nothing_before_its_epoch(
    place: int, stolen: int, cut: bool, honest_kid: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The thief puts an entry of his own where he likes, by the key of epoch `stolen`, and drops or keeps the rest."""
    host = Host()
    recorder = running(host)
    host.dock(recorder)
    epochs = journal_of(recorder)
    place %= len(epochs)
    if epochs[place] >= stolen:
        return  # his own epoch, or one that he may let follow: heads are for those
    good = recorder.entries[place]
    values = cbor.decode(sign1.parse(good).payload)
    assert isinstance(values, dict)
    values[8] = int(str(values[8])) + 1  # ticks
    thief = key_of(f"recorder:{stolen}")
    signer = sign1.parse(good).key_id if honest_kid else None
    payload = cbor.encode(values)
    made = statement(thief, statements.TYP_ENTRY, payload)
    if signer is not None:  # he claims the key that the place prescribes
        signature = thief.sign(sign1.signed_bytes(statements.TYP_ENTRY, signer, payload)).signature
        made = sign1.assemble(statements.TYP_ENTRY, signer, payload, signature)
    recorder.entries[place:] = [made] if cut else [made, *recorder.entries[place + 1 :]]
    report = report_of(host.write(tmp_path_factory.mktemp("thief") / "store", recorder), host)
    assert report.verdict in (Verdict.ALTERED, Verdict.UNTRUSTED)
    assert told(report) & {"EPOCH_VIOLATION", "KEY_CHANGE", "BAD_SIGNATURE", "WRONG_DEVICE"}
