"""What an INTERRUPT or a STOP cannot say: boots that are not its recording's, moments to come, codes of no table."""

from pathlib import Path

import pytest
from support.broken_off import docked, gone_on, running, the_gap
from support.forge import Host
from support.verified import expect, only

from evidock.report import GapVerdict, State, Verdict
from evidock_protocol import codes


def test_a_stop_of_no_boot_hides_no_hour(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.wait(3600)
    recorder.stop(boot=999)
    report = docked(host, recorder, tmp_path)
    expect(report, Verdict.ALTERED, "MALFORMED", 26)
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(3600)


def test_a_stop_of_no_boot_without_a_segment(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    recorder.start()
    recorder.wait(3600)
    recorder.stop(boot=999)
    report = docked(host, recorder, tmp_path)
    expect(report, Verdict.ALTERED, "COVERAGE_HOLE", 21)
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(3600)


def test_a_stop_of_a_boot_before_its_recording(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    recorder.off()
    recorder.restart(60)
    recorder.booted()
    recorder.start()
    recorder.segment(4)
    recorder.wait(3600)
    recorder.stop(boot=1)
    report = docked(host, recorder, tmp_path)
    expect(report, Verdict.ALTERED, "MALFORMED", 26)
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(3600)


def test_an_interrupt_of_no_boot_confirms_no_loss_of_power(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    interrupt = recorder.interrupt(codes.CAUSE_POWER_LOST, boot=999, battery=90)
    recorder.stop(codes.STOP_INTERRUPTED)
    gone_on(recorder, 3600, interrupt=interrupt)
    report = docked(host, recorder, tmp_path)
    expect(report, Verdict.ALTERED, "MALFORMED", 26)
    gap = the_gap(report)
    assert gap.verdict is GapVerdict.CONTRADICTED
    assert gap.seconds == (3600, 3600)


def test_an_end_that_has_not_come_swallows_nothing(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    later = recorder.ticks + 74_000
    recorder.interrupt(codes.CAUSE_UNKNOWN, last_tick=later)
    recorder.stop(codes.STOP_INTERRUPTED, last_tick=later)
    recorder.wait(1)
    recorder.start()
    recorder.segment(60)
    recorder.stop()
    report = docked(host, recorder, tmp_path)
    expect(report, Verdict.ALTERED, "ORDER", 6)
    assert the_gap(report).seconds == (1, 1)
    assert report.coverage.seconds(State.RECORDED) == pytest.approx(64)


def test_an_interrupt_while_nothing_is_recorded(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.stop()
    recorder.wait(100)
    recorder.interrupt(codes.CAUSE_UNKNOWN)
    expect(docked(host, recorder, tmp_path), Verdict.INCOMPLETE, "HEAD_MISSING", 7)


def test_a_reason_of_no_table_is_no_standby(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.stop(77)
    recorder.wait(3600)
    report = docked(host, recorder, tmp_path)
    assert only(report, "UNKNOWN_FORMAT").recording == 1
    assert report.verdict is Verdict.INCOMPLETE
    assert the_gap(report).verdict is GapVerdict.UNDECLARED


def test_a_cause_of_no_table_explains_nothing(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.interrupt(77)
    recorder.stop(codes.STOP_FAULT)
    gone_on(recorder, 3600)
    report = docked(host, recorder, tmp_path)
    assert only(report, "UNKNOWN_FORMAT").recording == 1
    assert the_gap(report).verdict is GapVerdict.UNDECLARED
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(3600)


def test_an_integrators_cause_is_believed(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.interrupt(1500)
    recorder.stop(codes.STOP_FAULT)
    gone_on(recorder, 60)
    report = docked(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS
    assert the_gap(report).verdict is GapVerdict.TECHNICAL_EXPLAINED


def test_ob_12_a_class_of_no_table_is_no_lawful_non_recording(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    recorder.exempt(9, approver=5)
    recorder.wait(100)
    report = docked(host, recorder, tmp_path)
    assert only(report, "UNKNOWN_FORMAT").verdict is Verdict.INDETERMINATE
    assert report.coverage.seconds(State.EXEMPT) == 0
    assert the_gap(report).verdict is GapVerdict.UNDECLARED


def test_at_22_the_officer_ends_nothing_that_broke_off(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.interrupt(codes.CAUSE_UNKNOWN)
    recorder.stop(codes.STOP_BUTTON)
    gone_on(recorder, 5000)
    report = docked(host, recorder, tmp_path)
    expect(report, Verdict.INCOMPLETE, "REASON_CONFLICT", 22)
    assert the_gap(report).verdict is GapVerdict.CONTRADICTED


@pytest.mark.parametrize("cause", [codes.CAUSE_DOCKED, codes.CAUSE_BATTERY_LOW, codes.CAUSE_THERMAL])
def test_at_21_only_the_card_and_power_take_sound_with_them(host: Host, tmp_path: Path, cause: int) -> None:
    recorder = running(host)
    recorder.wait(70)
    recorder.interrupt(cause)
    recorder.stop(codes.STOP_FAULT if cause != codes.CAUSE_DOCKED else codes.STOP_DOCKED)
    report = docked(host, recorder, tmp_path)
    assert only(report, "COVERAGE_HOLE").attack == 21
    assert report.coverage.seconds(State.UNEXPLAINED) >= 70


def test_a_card_takes_what_was_not_sealed(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.wait(70)
    recorder.interrupt(codes.CAUSE_MEDIUM_SWAPPED)
    recorder.stop(codes.STOP_FAULT)
    recorder.card()
    report = docked(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS
