"""AT-9, 20, 21: what a recorder's own key could sign to hide that it was not recording, and what the report says."""

from pathlib import Path

import pytest
from support.forge import RATE, Host, Recorder, sound
from support.forged_time import set_clock
from support.verified import expect, only, report_of

from evidock.report import Report, State, Verdict
from evidock_protocol import codes, kinds


def up(host: Host) -> Recorder:
    """A recorder that has been on for a while, with one recording that is whole."""
    recorder = host.recorder()
    recorder.wait(2)
    recorder.booted()
    recorder.wait(10)
    recorder.start()
    recorder.segment(2)
    recorder.stop()
    recorder.wait(5)
    return recorder


def docked(host: Host, recorder: Recorder, folder: Path) -> Report:
    host.dock(recorder)
    return report_of(host.write(folder / "store", recorder), host)


def fault(recorder: Recorder) -> None:
    body: dict[str, object] = {
        "what": codes.FAULT_STORAGE,
        "recording": recorder.recording,
        "segment": 1,
        "values": [0],
    }
    recorder.add(kinds.FAULT, body)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("faulty", [False, True])
def test_at_21_a_recording_without_segments_is_a_hole(host: Host, tmp_path: Path, late: bool, faulty: bool) -> None:
    recorder = up(host)
    recorder.start()
    if faulty:
        fault(recorder)
    recorder.wait(3600)
    if late:
        recorder.last_tick = recorder.ticks
    recorder.stop()
    report = docked(host, recorder, tmp_path)
    expect(report, Verdict.INCOMPLETE, "COVERAGE_HOLE", 21)
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(3600)


def test_a_recorder_that_could_not_open_its_card_has_no_hole(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    recorder.start()
    recorder.wait(1)
    recorder.last_tick = recorder.ticks
    fault(recorder)
    recorder.wait(1)
    recorder.stop(codes.STOP_FAULT)
    report = docked(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS
    assert not report.coverage.seconds(State.UNEXPLAINED)


def test_at_21_a_recording_that_rests_before_its_stop(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    recorder.start()
    recorder.segment(2)
    recorder.wait(98)
    recorder.stop()
    report = docked(host, recorder, tmp_path)
    finding = expect(report, Verdict.INCOMPLETE, "COVERAGE_HOLE", 21)
    assert finding.recording == 2
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(98)


def test_a_stop_that_is_signed_slowly_is_no_hole(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    recorder.start()
    recorder.segment(2)
    recorder.wait(4)
    recorder.stop()
    assert docked(host, recorder, tmp_path).verdict is Verdict.VERIFIED


def test_an_interruption_that_lasts_until_stop_has_its_cause(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    recorder.start()
    recorder.segment(2)
    recorder.interrupt(codes.CAUSE_MEDIUM_SWAPPED)
    recorder.card()
    recorder.wait(98)
    recorder.stop(codes.STOP_FAULT)
    report = docked(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS
    gap = next(span for span in report.coverage.spans if span.cause == "medium_swapped")
    assert gap.seconds == pytest.approx(99)  # and until the docking


def test_at_9_a_power_cut_without_any_interrupt(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    recorder.start()
    recorder.segment(2)
    recorder.restart(600)
    recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    report = docked(host, recorder, tmp_path)
    finding = expect(report, Verdict.INDETERMINATE, "GAP_DECLARED", 9)
    assert finding.recording == 2


@pytest.mark.parametrize("claimed", [False, True])
def test_at_21_an_interruption_long_after_the_last_segment(host: Host, tmp_path: Path, claimed: bool) -> None:
    """No more than one segment can be lost with what broke."""
    recorder = up(host)
    recorder.start()
    recorder.segment(2)
    recorder.wait(3600)
    if claimed:
        recorder.last_tick = recorder.ticks
    fault(recorder)
    recorder.interrupt(codes.CAUSE_EQUIPMENT_FAULT)
    recorder.stop(codes.STOP_FAULT)
    report = docked(host, recorder, tmp_path)
    expect(report, Verdict.INCOMPLETE, "COVERAGE_HOLE", 21)
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(3600)


def test_a_segment_that_was_lost_with_its_card_has_its_cause(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    recorder.start()
    recorder.segment(2)
    recorder.wait(60)
    recorder.last_tick = recorder.ticks
    fault(recorder)
    recorder.interrupt(codes.CAUSE_EQUIPMENT_FAULT)
    recorder.stop(codes.STOP_FAULT)
    assert docked(host, recorder, tmp_path).verdict is Verdict.VERIFIED_DECLARED_GAPS


def test_at_21_a_rate_of_zero_hides_no_missing_samples(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    recorder.start()
    recorder.wait(60)
    recorder.seal(sound(1), recorder.last_tick, recorder.ticks, rate=0, written=RATE, expected=0)
    recorder.stop()
    report = docked(host, recorder, tmp_path)
    expect(report, Verdict.ALTERED, "MALFORMED", 26)
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(60)


def test_at_21_another_rate_than_the_files(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    recorder.start()
    recorder.wait(60)
    rate = RATE // 60
    recorder.seal(sound(1), recorder.last_tick, recorder.ticks, rate=rate, written=RATE, expected=60 * rate)
    recorder.stop()
    expect(docked(host, recorder, tmp_path), Verdict.INCOMPLETE, "COVERAGE_HOLE", 21)


def test_at_21_more_samples_than_bytes(host: Host, tmp_path: Path) -> None:
    """Said of the entry alone, so that it holds for a segment whose file is not here, too."""
    recorder = up(host)
    recorder.start()
    recorder.wait(60)
    recorder.seal(sound(1), recorder.last_tick, recorder.ticks, written=60 * RATE)
    recorder.media[2, 1].data = b""
    recorder.stop()
    report = docked(host, recorder, tmp_path)
    assert any(one.code == "COVERAGE_HOLE" and one.attack == 21 for one in report.findings)


def test_at_21_most_of_a_segment_declared_lost_is_not_recorded(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    recorder.start()
    recorder.wait(60)
    recorder.seal(sound(1), recorder.last_tick, recorder.ticks, lost=59 * RATE)
    recorder.stop()
    report = docked(host, recorder, tmp_path)
    assert report.verdict is Verdict.INCOMPLETE
    assert report.coverage.seconds(State.RECORDED) == pytest.approx(3)
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(59)


@pytest.mark.parametrize(("order", "back"), [(None, True), (b"", False)])
def test_at_20_a_clock_set_back_needs_a_signed_command(
    host: Host, tmp_path: Path, order: bytes | None, back: bool
) -> None:
    recorder = up(host)
    set_clock(host, recorder, recorder.started + recorder.ticks - 86_400_000, order)
    recorder.wait(1)
    report = docked(host, recorder, tmp_path)
    if back:
        expect(report, Verdict.INCOMPLETE, "CLOCK_STEP", 20)
    else:
        assert report.verdict is Verdict.VERIFIED
    only(report, "CLOCK_SET")


def test_at_20_a_lie_about_the_old_clock_hides_no_step_back(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    recorder.started -= 86_400_000
    wall = list(recorder.wall())
    recorder.add(kinds.CLOCK, {"old": wall, "new": wall, "source": codes.CLOCK_FROM_HOST, "order": None})
    expect(docked(host, recorder, tmp_path), Verdict.INCOMPLETE, "CLOCK_STEP", 20)


def test_at_6_segments_that_overlap(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    recorder.start()
    recorder.segment(4)
    recorder.wait(2)
    recorder.seal(sound(4), recorder.last_tick - 2000, recorder.ticks)
    recorder.stop()
    expect(docked(host, recorder, tmp_path), Verdict.ALTERED, "ORDER", 6)


def test_at_5_a_fault_excuses_no_missing_segment(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    recorder.start()
    recorder.segment(2)
    fault(recorder)
    recorder.sealed_count += 1  # STOP counts a segment that there is not
    recorder.stop()
    expect(docked(host, recorder, tmp_path), Verdict.INCOMPLETE, "SEGMENT_MISSING", 5)


def test_at_28_a_segment_of_a_boot_that_never_was(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    recorder.start()
    recorder.segment(2, boot=7)
    recorder.stop()
    expect(docked(host, recorder, tmp_path), Verdict.ALTERED, "MALFORMED", 26)
