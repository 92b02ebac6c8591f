"""AT-9, AT-22, AT-33: what was recorded and is gone is no power loss's, and a gap begins where evidence ends."""

from pathlib import Path

import pytest
from support.broken_off import at, docked, gone_on, running, the_gap
from support.forge import Host
from support.verified import only

from evidock.report import GapVerdict, Report, State, Verdict
from evidock_protocol import codes

EXPLAINED, UNDECLARED = GapVerdict.TECHNICAL_EXPLAINED, GapVerdict.UNDECLARED


def cut(host: Host, folder: Path, shown: int) -> Report:
    """Sealed from second 5 to 9; power goes, and at the next start the anchor shows that `shown` ms were recorded."""
    recorder = running(host)
    recorder.restart(60, anchor=[3, 1, 1000, recorder.ticks + shown])
    recorder.interrupt(codes.CAUSE_POWER_LOST, boot=1, reset=codes.RESET_POWER_ON)
    recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    gone_on(recorder, 5)
    return docked(host, recorder, folder)


def test_at_33_what_an_anchor_shows_is_never_declared(host: Host, tmp_path: Path) -> None:
    report = cut(host, tmp_path, 22_000)
    assert report.verdict is Verdict.INCOMPLETE
    assert only(report, "MEDIA_LOST").attack == 33
    assert only(report, "COVERAGE_HOLE").time == (at(9), at(31))
    assert [(gap.start, gap.cause, gap.verdict) for gap in report.gaps] == [
        (at(9), "coverage_hole", UNDECLARED),
        (at(31), "power_lost", EXPLAINED),
    ]
    assert report.coverage.seconds(State.UNEXPLAINED) == 22


def test_at_9_what_was_not_durable_yet_accuses_nobody(host: Host, tmp_path: Path) -> None:
    report = cut(host, tmp_path, 15_000)
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS
    assert (the_gap(report).start, the_gap(report).cause) == (at(9), "power_lost")


def test_at_33_an_anchor_that_a_boot_found_whose_recovery_was_cut(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.restart(60, anchor=[3, 1, 1000, recorder.ticks + 22_000])
    recorder.restart(60, anchor=[3, 1, 1000, 9_000])
    recorder.interrupt(codes.CAUSE_POWER_LOST, boot=1, reset=codes.RESET_POWER_ON)
    recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    gone_on(recorder, 5)
    report = docked(host, recorder, tmp_path)
    only(report, "MEDIA_LOST")
    assert [gap.start for gap in report.gaps] == [at(9), at(31)]


def test_at_33_a_stop_without_an_interrupt(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.restart(60, anchor=[3, 1, 1000, recorder.ticks + 22_000])
    recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    report = docked(host, recorder, tmp_path)
    assert [gap.start for gap in report.gaps] == [at(9), at(31)]
    assert report.gaps[0].verdict is UNDECLARED


@pytest.mark.parametrize("lost", [10, 55])
def test_a_gap_begins_where_evidence_ends(host: Host, tmp_path: Path, lost: int) -> None:
    """A card that goes takes what was not sealed with it: those seconds belong to the gap."""
    recorder = running(host)
    recorder.wait(lost)
    recorder.card()
    recorder.interrupt(codes.CAUSE_MEDIUM_SWAPPED, last_tick=recorder.ticks)
    recorder.stop(codes.STOP_FAULT, last_tick=recorder.ticks)
    gone_on(recorder, 20)
    report = docked(host, recorder, tmp_path)
    gap = the_gap(report)
    assert (gap.start, gap.end, gap.cause) == (at(9), at(9 + lost + 20), "medium_swapped")
    assert gap.seconds == (lost + 20, lost + 20)
    assert report.coverage.seconds(State.UNEXPLAINED) == 0


def test_at_22_what_is_declared_says_nothing_of_a_cause_that_is_contradicted(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.restart(60, reset=codes.RESET_WATCHDOG, anchor=[3, 1, 1000, recorder.ticks])
    recorder.interrupt(codes.CAUSE_POWER_LOST, boot=1, reset=codes.RESET_WATCHDOG)
    recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    gone_on(recorder, 5)
    report = docked(host, recorder, tmp_path)
    only(report, "REASON_CONFLICT")
    text = only(report, "GAP_DECLARED").text
    assert "agree" not in text
    assert "anchor" in text
