"""OB-6, 7, 12, 13, 14, 21, 22, 23; AT-9, 20, 21: gaps, how they are judged, and what is owed for them."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.broken_off import at, docked, duties, gone_on, running, the_gap
from support.forge import Host, sound
from support.forged_media import avi_file
from support.verified import expect, only, report_of

from evidock.report import Duty, GapVerdict, State, Verdict
from evidock_protocol import codes, kinds

EXPLAINED, CONTRADICTED = GapVerdict.TECHNICAL_EXPLAINED, GapVerdict.CONTRADICTED


def test_ob_21_nobody_spoke(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=3)
    recorder.stop(codes.STOP_BATTERY_LOW, battery=3)
    gone_on(recorder, 60, speaks=False)
    report = docked(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS
    assert the_gap(report).verdict is GapVerdict.TECHNICAL_UNEXPLAINED
    assert only(report, "NO_VOICE").recording == 2
    assert duties(report) == [Duty.EXPLANATION, Duty.SPOKEN_REASON]
    assert [one.since for one in report.owed] == [at(9), at(69)]


def test_ob_21_a_recording_that_goes_on_without_a_word_of_it(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=3)
    recorder.stop(codes.STOP_BATTERY_LOW, battery=3)
    recorder.wait(60)
    recorder.start()
    recorder.segment(2)
    recorder.stop()
    only(docked(host, recorder, tmp_path), "NO_VOICE")


def test_ob_21_a_recording_that_still_runs_may_yet_speak(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=3)
    recorder.stop(codes.STOP_BATTERY_LOW, battery=3)
    recorder.wait(60)
    recorder.start()
    start = len(recorder.entries) - 1
    recorder.segment(2)
    host.keep_head(recorder, recorder.head(open_recording=start))
    report = report_of(host.write(tmp_path / "store", recorder), host)
    assert "NO_VOICE" not in {one.code for one in report.findings}
    assert duties(report) == [Duty.EXPLANATION]


@pytest.mark.parametrize(
    ("pause", "how", "breaks"),
    [
        (599, codes.STOP_BUTTON, True),
        (600, codes.STOP_BUTTON, True),
        (601, codes.STOP_BUTTON, False),
        (60, codes.STOP_DOCKED, True),
        (60, 2, False),  # by command
    ],
)
def test_ob_7_stopped_and_begun_again(host: Host, tmp_path: Path, pause: int, how: int, breaks: bool) -> None:
    recorder = running(host)
    if how == codes.STOP_DOCKED:
        recorder.interrupt(codes.CAUSE_DOCKED)
    recorder.stop(how)
    recorder.wait(pause)
    recorder.start()
    recorder.segment(2)
    recorder.stop()
    report = docked(host, recorder, tmp_path)
    expected = Verdict.VERIFIED_DECLARED_GAPS if how == codes.STOP_DOCKED else Verdict.VERIFIED
    assert report.verdict is expected
    assert ("BREAK" in {one.code for one in report.findings}) == breaks
    assert [gap.verdict for gap in report.gaps] == [GapVerdict.NON_TECHNICAL] * breaks
    assert duties(report) == [Duty.EXPLANATION] * breaks


@pytest.mark.parametrize("pause", [120, 1200])
def test_ob_7_switched_off_and_on_again(host: Host, tmp_path: Path, pause: int) -> None:
    recorder = running(host)
    recorder.stop(codes.STOP_POWER_OFF)
    recorder.off()
    recorder.restart(pause)
    recorder.start()
    recorder.segment(2)
    recorder.stop()
    report = docked(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED
    assert [gap.cause for gap in report.gaps] == ["operator"] * (pause == 120)


def test_ob_12_an_exemption_is_no_break(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.exempt(3, runs=True)
    recorder.stop(codes.STOP_EXEMPT)
    recorder.wait(100)
    recorder.exempt(3, begins=False)
    recorder.start()
    recorder.segment(2)
    recorder.stop()
    report = docked(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS
    gap = the_gap(report)
    assert (gap.verdict, gap.cause, gap.recording, gap.seconds) == (GapVerdict.EXEMPT, "emergency", 1, (100, 100))
    assert report.coverage.seconds(State.EXEMPT) == 100
    assert duties(report) == [Duty.REPORT, Duty.EXPLANATION, Duty.APPROVAL]


def test_ob_14_an_exemption_with_its_approver(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.exempt(1, approver=77)
    recorder.wait(20)
    recorder.off()  # ends it
    report = docked(host, recorder, tmp_path)
    assert the_gap(report).seconds == (20, 20)
    assert duties(report) == [Duty.REPORT, Duty.EXPLANATION]


def test_ob_12_a_boot_ends_an_exemption(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.exempt(1)
    recorder.wait(20)
    recorder.add(kinds.MARK, {"recording": None, "type": 1, "count": 1})
    recorder.restart(50)
    recorder.wait(20)
    report = docked(host, recorder, tmp_path)
    assert the_gap(report).seconds == (20, 20)
    assert report.coverage.seconds(State.EXEMPT) == 20


def test_a_stop_for_an_exemption_that_nobody_began(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.stop(codes.STOP_EXEMPT)
    report = docked(host, recorder, tmp_path)
    expect(report, Verdict.INCOMPLETE, "REASON_CONFLICT", 22)
    assert the_gap(report).verdict is CONTRADICTED


@pytest.mark.parametrize("runs_on", [False, True])
def test_at_21_a_hole_is_undeclared(host: Host, tmp_path: Path, runs_on: bool) -> None:
    """An INTERRUPT does not declare what a recording lacks that goes on all the same."""
    recorder = running(host)
    if runs_on:
        recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=3)
    recorder.wait(200)
    recorder.last_tick = recorder.ticks
    recorder.segment(2)
    recorder.stop()
    report = docked(host, recorder, tmp_path)
    expect(report, Verdict.INCOMPLETE, "COVERAGE_HOLE", 21)
    gap = next(gap for gap in report.gaps if gap.verdict is GapVerdict.UNDECLARED)
    assert (gap.cause, gap.start, gap.end) == ("coverage_hole", at(9), at(209))


def test_at_21_frames_that_are_missing_somewhere(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.segment(4, written=8_000)
    recorder.stop()
    gap = the_gap(docked(host, recorder, tmp_path))
    assert (gap.verdict, gap.start, gap.end) == (GapVerdict.UNDECLARED, None, None)
    assert gap.between == pytest.approx((at(9), at(13)), abs=61)
    assert gap.seconds == (0, 4)


def test_at_20_a_step_of_the_clock(host: Host, tmp_path: Path) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.wait(5)
    recorder.started -= 3_600_000
    recorder.add(kinds.MARK, {"recording": None, "type": 1, "count": 1})
    report = docked(host, recorder, tmp_path)
    assert GapVerdict.CLOCK_STEP in {gap.verdict for gap in report.gaps}


@pytest.mark.parametrize(("pause", "what"), [(500, [Duty.EXPLANATION]), (700, [Duty.REPORT, Duty.EXPLANATION])])
def test_ob_22_what_did_not_go_on_is_to_be_reported(host: Host, tmp_path: Path, pause: int, what: list[Duty]) -> None:
    recorder = running(host)
    recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=3)
    recorder.stop(codes.STOP_BATTERY_LOW, battery=3)
    recorder.wait(pause)
    report = docked(host, recorder, tmp_path)
    assert duties(report) == what
    assert the_gap(report).resumed is None


@pytest.mark.parametrize("given", [False, True])
def test_an_exemption_after_the_interruption_is_the_last_word(host: Host, tmp_path: Path, given: bool) -> None:
    """The recording broke off, and before its STOP the officer declared it exempt: nobody is asked to speak."""
    recorder = running(host)
    recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=3)
    recorder.exempt(2, runs=True, approver=5 if given else None)
    recorder.stop(codes.STOP_EXEMPT, battery=3)
    recorder.wait(30)
    recorder.exempt(2, begins=False)
    recorder.start()
    recorder.segment(2)
    recorder.stop()
    report = docked(host, recorder, tmp_path)
    assert "NO_VOICE" not in {one.code for one in report.findings}
    assert [gap.verdict for gap in report.gaps] == [GapVerdict.TECHNICAL_UNEXPLAINED, GapVerdict.EXEMPT]
    assert report.gaps[1].seconds == (30, 30)
    assert (Duty.APPROVAL in duties(report)) != given


def test_a_full_journal_is_told_of_once(host: Host, tmp_path: Path) -> None:
    """Its FAULT stands in the first recording that it ended; the next one ends for it, too."""
    recorder = running(host)
    for _ in range(2):
        if recorder.recording == 1:
            recorder.add(kinds.FAULT, {"what": codes.FAULT_JOURNAL_FULL, "recording": 1, "segment": None, "values": []})
        interrupt = recorder.interrupt(codes.CAUSE_STORAGE_FULL, storage_free=1 << 20)
        recorder.stop(codes.STOP_STORAGE_FULL, storage_free=1 << 20)
        recorder.wait(5)
        recorder.start()
        first = recorder.ticks
        recorder.segment(2)
        recorder.resume(interrupt, (first, first + 1000))
    recorder.stop()
    report = docked(host, recorder, tmp_path)
    assert [gap.telemetry["says"] for gap in report.gaps] == ["confirmed", "confirmed"]


def test_ob_22_the_officer_gives_up(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=3)
    recorder.stop(codes.STOP_BATTERY_LOW, battery=3)
    recorder.wait(60)
    recorder.off()
    recorder.restart(8 * 3600)
    recorder.start()
    recorder.segment(2)
    recorder.stop()
    report = docked(host, recorder, tmp_path)
    gap = the_gap(report)
    assert (gap.resumed, gap.seconds) == (None, (60, 60))
    assert duties(report) == [Duty.REPORT, Duty.EXPLANATION]
    assert [span.cause for span in report.coverage.spans if span.seconds > 3600] == ["off"]
    assert sum(span.seconds for span in report.coverage.spans if span.cause == "battery_low") == 60


def test_a_recorder_that_dies_of_its_low_battery_stays_interrupted(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    interrupt = recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=3)
    recorder.stop(codes.STOP_BATTERY_LOW, battery=3)
    recorder.wait(60)
    recorder.off(codes.OFF_BATTERY_LOW, 2)
    recorder.restart(1000)
    gone_on(recorder, 10, interrupt=interrupt)
    report = docked(host, recorder, tmp_path)
    gap = the_gap(report)
    assert (gap.verdict, gap.resumed) == (EXPLAINED, 2)
    assert gap.seconds[0] <= 1070.1 <= (gap.seconds[1] or 0)
    spans = [span for span in report.coverage.spans if span.cause == "battery_low"]
    assert sum(span.seconds for span in spans) == pytest.approx(1070.1)


# RESUME that names nothing


@pytest.mark.parametrize("wrong", ["unknown", "another", "twice", "docked", "itself", "early", "none open"])
def test_a_resumption_of_nothing(host: Host, tmp_path: Path, wrong: str) -> None:
    recorder = running(host)
    cause = codes.CAUSE_DOCKED if wrong == "docked" else codes.CAUSE_BATTERY_LOW
    interrupt = recorder.interrupt(cause, battery=3)
    if wrong == "itself":
        recorder.resume(interrupt)
    recorder.stop(codes.STOP_DOCKED if wrong == "docked" else codes.STOP_BATTERY_LOW, battery=3)
    recorder.wait(700)
    if wrong == "none open":
        recorder.resume(interrupt)
    recorder.start()
    first = recorder.ticks
    recorder.segment(2)
    if wrong in ("another", "twice"):
        recorder.resume(interrupt, (first, first + 1000))
        if wrong == "another":
            recorder.stop()
            recorder.wait(700)
            recorder.start()
            recorder.segment(2)
    span = (first - 500, first + 500) if wrong == "early" else (first, first + 1500)
    if wrong not in ("itself", "none open"):
        recorder.resume(2 if wrong == "unknown" else interrupt, span)
    recorder.stop()
    report = docked(host, recorder, tmp_path)
    only(report, "RESUME_MISMATCH")
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS
    explained = [gap for gap in report.gaps if gap.verdict is EXPLAINED]
    assert bool(explained) == (wrong in ("another", "twice"))


def test_after_damage_a_resumption_may_name_what_is_missing(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    interrupt = recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=3)
    recorder.stop(codes.STOP_BATTERY_LOW, battery=3)
    gone_on(recorder, 60, interrupt=interrupt)
    host.dock(recorder)
    del recorder.entries[interrupt]
    report = report_of(host.write(tmp_path / "store", recorder), host)
    assert report.verdict is Verdict.ALTERED
    assert "RESUME_MISMATCH" not in {one.code for one in report.findings}


# The report


def test_gaps_have_a_json_form_in_both_languages(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=78)
    recorder.stop(codes.STOP_BATTERY_LOW)
    gone_on(recorder, 20)
    english, chinese = docked(host, recorder, tmp_path), report_of(tmp_path / "store", host, lang="zh")
    told = english.to_json()["gaps"]
    assert isinstance(told, list)
    row: dict[str, object] = told[0]
    assert row["verdict"] == "contradicted"
    assert row["from"] == "2025-03-14T08:00:09.000Z"
    assert row["seconds"] == [20.0, 20.0]
    assert row["telemetry"] == {"battery": 80, "says": "contradicted"}
    assert "80 %" in english.gaps[0].text
    assert "与数据矛盾" in chinese.gaps[0].text
    owed = english.to_json()["owed"]
    assert isinstance(owed, list)
    assert [one["what"] for one in owed] == ["explanation"]
    assert all(one.text for one in (*chinese.gaps, *chinese.owed))


def test_an_interval_has_the_gaps_that_touch_it(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=3)
    recorder.stop(codes.STOP_BATTERY_LOW, battery=3)
    gone_on(recorder, 20)
    host.dock(recorder)
    store = host.write(tmp_path / "store", recorder)
    assert report_of(store, host, end=at(8)).gaps == ()
    assert len(report_of(store, host, start=at(10), end=at(11)).gaps) == 1
    assert report_of(store, host, start=at(32)).gaps == ()


ENDS = ("button", "battery", "false", "exempt", "card", "cut", "dock")
SHIFTS = st.lists(st.tuples(st.sampled_from(ENDS), st.integers(1, 900), st.booleans()), min_size=1, max_size=6)


@given(SHIFTS)
@settings(max_examples=40, deadline=None)
def test_gaps_and_coverage_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, shift: list[tuple[str, int, bool]]
) -> None:
    """Every second that is neither recorded nor ordinary lies in one gap, whose seconds are exactly these."""
    host = Host()
    recorder = host.recorder()
    recorder.booted()
    interrupt: int | None = None
    for end, pause, speaks in shift:
        recorder.start()
        start, first = len(recorder.entries) - 1, recorder.ticks
        recorder.segment(3)
        if interrupt is not None:
            recorder.resume(interrupt, (first, first + 1500) if speaks else None)
        interrupt = None
        if end in ("battery", "false"):
            battery = 3 if end == "battery" else 60
            interrupt = recorder.interrupt(codes.CAUSE_BATTERY_LOW, battery=battery)
            recorder.stop(codes.STOP_BATTERY_LOW, battery=battery)
        elif end == "card":
            interrupt = recorder.interrupt(codes.CAUSE_MEDIUM_SWAPPED)
            recorder.stop(codes.STOP_FAULT)
            recorder.card()
        elif end == "exempt":
            recorder.exempt(2, runs=True)
            recorder.stop(codes.STOP_EXEMPT)
        elif end == "cut":
            recorder.restart(pause, anchor=[start, 1, 44, recorder.last_tick])
            interrupt = recorder.interrupt(codes.CAUSE_POWER_LOST, boot=recorder.boot - 1)
            recorder.stop(codes.STOP_INTERRUPTED, boot=recorder.boot - 1)
        else:
            if end == "dock":
                recorder.interrupt(codes.CAUSE_DOCKED)
            recorder.stop(codes.STOP_DOCKED if end == "dock" else codes.STOP_BUTTON)
        recorder.wait(pause)
        if end == "exempt":
            recorder.exempt(2, begins=False)
    report = docked(host, recorder, tmp_path_factory.mktemp("shift"))
    assert report.verdict is not Verdict.ALTERED
    missing = {State.DECLARED, State.EXEMPT, State.UNEXPLAINED}
    spans = [span for span in report.coverage.spans if span.state in missing and not span.is_ordinary]
    gaps = [gap for gap in report.gaps if gap.verdict is not GapVerdict.NON_TECHNICAL]
    for before, after in pairwise(gaps):
        assert (before.end or 0) <= (after.start or 0) + 0.0005
    for gap in gaps:
        assert gap.start is not None
        assert gap.end is not None
        inside = [span for span in spans if span.start >= gap.start - 0.0005 and span.end <= gap.end + 0.0005]
        assert sum(span.seconds for span in inside) == pytest.approx(gap.end - gap.start, abs=0.001)
        assert gap.seconds[0] - 0.001 <= gap.end - gap.start <= (gap.seconds[1] or 0) + 0.001
        false = gap.verdict is CONTRADICTED
        assert {span.state is State.UNEXPLAINED for span in inside} == {false}
    assert sum((gap.end or 0) - (gap.start or 0) for gap in gaps) == pytest.approx(
        sum(span.seconds for span in spans), abs=0.01
    )
    assert (report.verdict is Verdict.INCOMPLETE) == any(end == "false" for end, _pause, _speaks in shift)


@pytest.mark.parametrize("lacks", ["sound", "picture"])
def test_ob_1_a_gap_of_one_track(host: Host, tmp_path: Path, lacks: str) -> None:
    recorder = host.recorder(tracks=codes.TRACK_SOUND | codes.TRACK_PICTURE)
    recorder.booted()
    recorder.start()
    recorder.both(2)
    first = recorder.ticks
    recorder.wait(3)
    if lacks == "sound":
        recorder.seal_file(avi_file(3), first, recorder.ticks)
    else:
        recorder.seal(sound(3), first, recorder.ticks)
    recorder.both(2)
    recorder.stop()
    gap = the_gap(docked(host, recorder, tmp_path))
    assert gap.cause == {"sound": "audio_missing", "picture": "picture_missing"}[lacks]
    assert (gap.verdict, gap.start, gap.end) == (GapVerdict.UNDECLARED, at(2), at(5))


def test_at_1_what_is_altered_is_a_gap_that_nobody_has_to_explain(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.stop()
    host.dock(recorder)
    store = host.write(tmp_path / "store", recorder)
    (file,) = store.rglob("*.wav")
    content = bytearray(file.read_bytes())
    content[20_000] ^= 1
    file.write_bytes(content)
    report = report_of(store, host)
    gap = the_gap(report)
    assert (gap.verdict, gap.cause, report.owed) == (GapVerdict.ALTERED, "altered", ())
    altered = [span for span in report.coverage.spans if span.state is State.ALTERED]
    assert [(span.start, span.end) for span in altered] == [(gap.start, gap.end)]


def test_power_that_goes_between_an_exemption_and_its_stop(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    start = len(recorder.entries) - 2
    recorder.exempt(2, runs=True)
    recorder.wait(0.2)
    recorder.add(kinds.MARK, {"recording": 1, "type": 1, "count": 1})
    recorder.restart(30, anchor=[start, 1, 60_000, recorder.last_tick])
    recorder.interrupt(codes.CAUSE_POWER_LOST, boot=1)
    recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    report = docked(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS
    assert {gap.verdict: gap.seconds[0] > 0 for gap in report.gaps} == {
        GapVerdict.EXEMPT: False,
        GapVerdict.TECHNICAL_UNEXPLAINED: True,
    }
    assert Duty.APPROVAL in duties(report)
