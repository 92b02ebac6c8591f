"""AT-5, AT-11: entries that the recorder lost are declared and missing; whoever held one of them knows better."""

from pathlib import Path

import pytest
from support.broken_off import running
from support.forge import Host, Recorder
from support.verified import expect, only, report_of

from evidock.report import GapVerdict, State, Verdict
from evidock_protocol import codes, entry, kinds, merkle


def passes_over(recorder: Recorder, count: int = 1) -> tuple[int, int]:
    """The newest `count` entries rot: zeros stand for them, here and in the tree. The first and last of them."""
    tree = merkle.TreeHasher()
    last = len(recorder.entries) - 1
    for raw in recorder.entries[: last + 1 - count]:
        tree.append(merkle.leaf_hash(entry.parse(raw).hash))
    for at in range(count):
        tree.append(merkle.leaf_hash(entry.ZERO_HASH))
        recorder.entries[last - at] = b""
    recorder.tree, recorder.newest = tree, entry.ZERO_HASH
    return last + 1 - count, last


def comes_up(recorder: Recorder, lost: tuple[int, int], declared: bool = True) -> None:
    recorder.boot += 1
    recorder.restart(60, anchor=[3, 1, 1000, 9_000])
    if declared:
        recorder.add(kinds.JOURNAL, {"first": lost[0], "last": lost[1], "place": codes.PLACE_RING})


@pytest.mark.parametrize("count", [1, 3])
def test_at_5_newest_entries_that_rotted_are_missing_and_nothing_is_altered(
    host: Host, tmp_path: Path, count: int
) -> None:
    recorder = running(host)
    for _ in range(count):
        recorder.add(kinds.MARK, {"recording": 1, "type": 1, "count": 1})
    lost = passes_over(recorder, count)
    comes_up(recorder, lost)
    recorder.interrupt(codes.CAUSE_POWER_LOST, boot=1, reset=codes.RESET_POWER_ON)
    recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    host.dock(recorder)
    report = report_of(host.write(tmp_path / "store", recorder), host)
    expect(report, Verdict.INCOMPLETE, "JOURNAL", 5)
    assert {one.code for one in report.findings if one.verdict is Verdict.ALTERED} == set()
    assert report.coverage.seconds(State.RECORDED) == 4


def test_at_5_what_a_lost_segment_held_is_undeclared_not_altered(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.segment(30)
    del recorder.media[1, 2]
    comes_up(recorder, passes_over(recorder))
    recorder.interrupt(codes.CAUSE_POWER_LOST, boot=1, reset=codes.RESET_POWER_ON, last_tick=39_000)
    recorder.stop(codes.STOP_INTERRUPTED, boot=1, last_tick=39_000, segments=1)
    host.dock(recorder)
    report = report_of(host.write(tmp_path / "store", recorder), host)
    assert report.verdict is Verdict.INCOMPLETE
    assert report.coverage.seconds(State.ALTERED) == 0
    assert GapVerdict.UNDECLARED in {gap.verdict for gap in report.gaps}


def test_at_5_what_nothing_declares_stays_a_break(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.add(kinds.MARK, {"recording": 1, "type": 1, "count": 1})
    comes_up(recorder, passes_over(recorder), declared=False)
    recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    host.dock(recorder)
    report = report_of(host.write(tmp_path / "store", recorder), host)
    expect(report, Verdict.ALTERED, "CHAIN_BREAK", 5)


def test_at_11_an_entry_that_a_host_had_seen_cannot_be_lost(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.add(kinds.MARK, {"recording": 1, "type": 1, "count": 1})
    host.keep_head(recorder, recorder.head())
    comes_up(recorder, passes_over(recorder))
    recorder.interrupt(codes.CAUSE_POWER_LOST, boot=1, reset=codes.RESET_POWER_ON)
    recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    host.dock(recorder)
    report = report_of(host.write(tmp_path / "store", recorder), host)
    expect(report, Verdict.ALTERED, "FORK", 11)


def test_at_11_entries_are_cut_out_that_the_recorder_lost_later(host: Host, tmp_path: Path) -> None:
    """JOURNAL names what flash lost, also what this host had long before: that is no leave to cut it out."""
    recorder = running(host)
    recorder.add(kinds.MARK, {"recording": 1, "type": 1, "count": 1})
    cut = len(recorder.entries) - 1
    host.keep_head(recorder, recorder.head())
    recorder.restart(60, anchor=[3, 1, 1000, 9_000])
    recorder.add(kinds.JOURNAL, {"first": cut, "last": cut, "place": codes.PLACE_RING})
    recorder.interrupt(codes.CAUSE_POWER_LOST, boot=1, reset=codes.RESET_POWER_ON)
    recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    host.dock(recorder)
    whole = report_of(host.write(tmp_path / "whole", recorder), host)
    assert only(whole, "JOURNAL").verdict is whole.verdict is Verdict.INCOMPLETE
    recorder.entries[cut] = b""
    report = report_of(host.write(tmp_path / "cut", recorder), host)
    expect(report, Verdict.ALTERED, "FORK", 11)
