"""Gaps that may not become better than they are: by a voice without sound, a flood, a boot without a clock, a date."""

from pathlib import Path

import pytest
from support.broken_off import at, docked, gone_on, running, the_gap
from support.forge import START_MS, Host, Media, Recorder
from support.forged_media import avi_file
from support.forged_time import attach
from support.verified import expect, only, report_of

from evidock.report import GapVerdict, State, Verdict
from evidock.verification import stoppages
from evidock_protocol import codes


def contradicted(host: Host, without_clock: bool = False) -> Recorder:
    """Two hours without a recording: the battery was low, it says, and 90 % full."""
    recorder = running(host)
    interrupt = recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=90)
    recorder.stop(codes.STOP_BATTERY_LOW, battery=90)
    recorder.off(codes.OFF_BATTERY_LOW, 90)
    if without_clock:
        recorder.wall_state = codes.WALL_UNSET
        recorder.restart(10)
        recorder.wait(5)
        recorder.off(codes.OFF_BATTERY_LOW, 90)
        recorder.wall_state = codes.WALL_SYNCHRONISED
    recorder.restart(7200)
    recorder.wait(5)
    attach(host, recorder, recorder.started + recorder.ticks)
    gone_on(recorder, 5, interrupt=interrupt)
    return recorder


@pytest.mark.parametrize("without_clock", [False, True])
def test_at_22_a_boot_without_a_clock_explains_nothing(host: Host, tmp_path: Path, without_clock: bool) -> None:
    recorder = contradicted(host, without_clock)
    report = docked(host, recorder, tmp_path)
    expect(report, Verdict.INCOMPLETE, "REASON_CONFLICT", 22)
    assert report.coverage.seconds(State.UNEXPLAINED) > 7200
    inside = report_of(tmp_path / "store", host, start=at(1000), end=at(2000))
    expect(inside, Verdict.INCOMPLETE, "REASON_CONFLICT", 22)
    assert [span.state for span in inside.coverage.spans] == [State.UNEXPLAINED]


@pytest.mark.parametrize("kept", [0, 3])
def test_at_22_a_flood_of_exemptions_hides_no_contradiction(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    if kept:
        monkeypatch.setattr(stoppages, "KEPT", kept)
    recorder = host.recorder()
    recorder.booted()
    for _ in range(3):
        recorder.exempt()
    recorder.exempt(begins=False)
    recorder.start()
    recorder.segment(4)
    interrupt = recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=95)
    recorder.stop(codes.STOP_BATTERY_LOW, battery=95)
    gone_on(recorder, 7200, interrupt=interrupt)
    report = docked(host, recorder, tmp_path)
    expect(report, Verdict.INCOMPLETE, "REASON_CONFLICT", 22)
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(7200)


@pytest.mark.parametrize(("length", "explained"), [(0, False), (999, False), (1000, True)])
def test_ob_21_a_voice_lasts_a_second(host: Host, tmp_path: Path, length: int, explained: bool) -> None:
    recorder = running(host)
    interrupt = recorder.interrupt(codes.CAUSE_UNKNOWN)
    recorder.stop(codes.STOP_INTERRUPTED)
    recorder.wait(10)
    recorder.start()
    first = recorder.ticks
    recorder.segment(4)
    recorder.resume(interrupt, (first, first + length))
    recorder.stop()
    report = docked(host, recorder, tmp_path)
    assert (the_gap(report).verdict is GapVerdict.TECHNICAL_EXPLAINED) is explained
    assert any(one.code == "RESUME_MISMATCH" for one in report.findings) is not explained


def test_ob_21_no_voice_in_pictures(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder(tracks=codes.TRACK_PICTURE)
    recorder.booted()
    recorder.start()
    recorder.wait(4)
    recorder.seal_file(avi_file(4, ("a",), 0), recorder.first_tick, recorder.ticks)
    interrupt = recorder.interrupt(codes.CAUSE_UNKNOWN)
    recorder.stop(codes.STOP_INTERRUPTED)
    recorder.wait(10)
    recorder.start()
    recorder.wait(4)
    recorder.seal_file(avi_file(4, ("b",), 0), recorder.first_tick, recorder.ticks)
    recorder.resume(interrupt, (recorder.first_tick, recorder.ticks))
    recorder.stop()
    report = docked(host, recorder, tmp_path)
    only(report, "RESUME_MISMATCH")
    assert the_gap(report).verdict is GapVerdict.TECHNICAL_UNEXPLAINED


def test_ob_21_no_voice_where_sound_is_altered(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.interrupt(codes.CAUSE_UNKNOWN)
    recorder.stop(codes.STOP_INTERRUPTED)
    gone_on(recorder, 10)
    media = recorder.media[2, 1]
    data = media.data[:100] + bytes(len(media.data) - 100)
    recorder.media[2, 1] = Media(data, media.leaves, media.media, media.started_ms)
    report = docked(host, recorder, tmp_path)
    broken = next(gap for gap in report.gaps if gap.recording == 1)
    assert broken.verdict is GapVerdict.TECHNICAL_UNEXPLAINED


def test_ob_12_start_ends_an_exemption_in_the_coverage(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    recorder.exempt(1, approver=5)
    recorder.wait(5)
    recorder.start()
    recorder.segment(4)
    recorder.stop()
    recorder.wait(100)
    report = docked(host, recorder, tmp_path)
    assert report.coverage.seconds(State.EXEMPT) == pytest.approx(5)


@pytest.mark.parametrize("reason", [codes.STOP_EXEMPT, codes.STOP_BUTTON, codes.STOP_FAULT])
def test_ob_12_an_exemption_begins_where_its_recording_ends(host: Host, tmp_path: Path, reason: int) -> None:
    recorder = running(host)
    recorder.exempt(1, runs=True, approver=5)
    recorder.segment(60)
    recorder.stop(reason)
    recorder.wait(100)
    gap = the_gap(docked(host, recorder, tmp_path))
    assert gap.verdict is GapVerdict.EXEMPT
    assert gap.start == pytest.approx(at(69))


def test_ob_12_an_exemption_claims_no_hole(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.exempt(1, runs=True, approver=5)
    recorder.wait(3600)
    recorder.stop(codes.STOP_EXEMPT)
    recorder.wait(10)
    report = docked(host, recorder, tmp_path)
    assert report.verdict is Verdict.INCOMPLETE
    exempt = next(gap for gap in report.gaps if gap.verdict is GapVerdict.EXEMPT)
    assert exempt.seconds[0] == pytest.approx(report.coverage.seconds(State.EXEMPT))


def test_at_20_a_clock_that_stepped_is_doubted_at_every_time_of_its_boot(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.stop()
    recorder.started += 5 * 3_600_000
    recorder.wait(700)
    recorder.start()
    recorder.segment(4)
    recorder.stop()
    report = docked(host, recorder, tmp_path)
    for span in report.coverage.spans:
        if span.state is State.RECORDED:
            inside = report_of(tmp_path / "store", host, start=span.start, end=span.end)
            expect(inside, Verdict.INCOMPLETE, "CLOCK_STEP", 20)


@pytest.mark.parametrize("is_altered", [False, True])
def test_a_clock_that_was_wrong_leaves_no_file_out(host: Host, tmp_path: Path, is_altered: bool) -> None:
    """Its clock is two hours fast until a host's time, behind its segments, says so."""
    recorder = host.recorder(started=START_MS + 7_200_000)
    recorder.booted()
    recorder.start()
    recorder.segment(60)
    recorder.stop()
    attach(host, recorder, START_MS + recorder.ticks)
    if is_altered:
        media = recorder.media[1, 1]
        recorder.media[1, 1] = Media(media.data[:-10] + b"x" * 10, media.leaves, media.media, media.started_ms)
    folder = host.write(tmp_path / "store", recorder)
    report = report_of(folder, host, start=at(40), end=at(60))
    assert report.coverage.seconds(State.WITHHELD) == 0
    assert (report.verdict is Verdict.ALTERED) is is_altered
