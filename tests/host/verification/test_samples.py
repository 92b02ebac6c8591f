"""Frames against ticks (AT-21): what hides in many segments, in short ones, and where the tolerances lie."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.forge import RATE, Host, Recorder, sound
from support.verified import expect, report_of

from evidock.report import Report, State, Verdict
from evidock.verification import samples
from evidock.verification.entries import Segment
from evidock_protocol import codes


def up(host: Host) -> Recorder:
    recorder = host.recorder()
    recorder.booted()
    recorder.start()
    return recorder


def finished(host: Host, recorder: Recorder, folder: Path) -> Report:
    recorder.stop()
    host.dock(recorder)
    return report_of(host.write(folder / "store", recorder), host)


def seal(recorder: Recorder, seconds: float, missing: float = 0, **changed: object) -> None:
    """A segment of `seconds` whose file holds `missing` seconds of sound less."""
    first = recorder.last_tick
    recorder.wait(seconds)
    recorder.seal(sound(seconds - missing), first, recorder.ticks, **changed)


def test_at_21_pauses_that_each_hide_in_their_segment(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    begins = recorder.ticks
    seal(recorder, 6)
    for _ in range(4):
        seal(recorder, 6, missing=0.3)
    report = finished(host, recorder, tmp_path)
    finding = expect(report, Verdict.INCOMPLETE, "COVERAGE_HOLE", 21)
    offset = report.interval[0] * 1000
    assert finding.time is not None
    # From the second segment, which was the first to lack anything, to the third, which was too much.
    assert (finding.time[0] * 1000 - offset, finding.time[1] * 1000 - offset) == (begins + 6_000, begins + 18_000)
    assert finding.segment == 3
    assert len([one for one in report.findings if one.code == "COVERAGE_HOLE"]) == 2


def test_what_waited_in_the_source_comes_with_the_next_segment(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    for _ in range(6):
        seal(recorder, 6, missing=0.4)
        seal(recorder, 6, missing=-0.4)
    assert finished(host, recorder, tmp_path).verdict is Verdict.VERIFIED


def test_frames_beyond_the_ticks_are_not_saved_up(host: Host, tmp_path: Path) -> None:
    recorder = up(host)
    seal(recorder, 6, missing=-3)
    for _ in range(3):
        seal(recorder, 6, missing=0.3)
    expect(finished(host, recorder, tmp_path), Verdict.INCOMPLETE, "COVERAGE_HOLE", 21)


def test_each_recording_is_counted_by_itself(host: Host, tmp_path: Path) -> None:
    """What waits in the source at STOP is never taken: up to half a second of each."""
    recorder = up(host)
    for _ in range(4):
        seal(recorder, 6, missing=0.4)
        recorder.stop()
        recorder.start()
    seal(recorder, 6)
    found = {finding.code for finding in finished(host, recorder, tmp_path).findings}
    assert "COVERAGE_HOLE" not in found


@pytest.mark.parametrize(("seconds", "is_hole"), [(0.9, False), (1.1, True), (4.9, True), (6, True)])
def test_at_21_a_recording_without_media_is_no_standby(
    seconds: float, is_hole: bool, host: Host, tmp_path: Path
) -> None:
    recorder = up(host)
    recorder.wait(seconds)
    report = finished(host, recorder, tmp_path)
    assert report.coverage.seconds(State.UNEXPLAINED) == (pytest.approx(seconds) if is_hole else 0)
    assert report.verdict is (Verdict.INCOMPLETE if is_hole else Verdict.VERIFIED)


@pytest.mark.parametrize(("lost", "unexplained"), [(0.9, 0), (1.1, 1.1), (1.8, 1.8)])
def test_at_21_most_of_a_short_segment_lost_is_not_recorded(
    lost: float, unexplained: float, host: Host, tmp_path: Path
) -> None:
    recorder = up(host)
    seal(recorder, 2, missing=lost, lost=round(lost * RATE))
    report = finished(host, recorder, tmp_path)
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(unexplained)
    assert report.verdict is (Verdict.INCOMPLETE if unexplained else Verdict.VERIFIED_DECLARED_GAPS)


def segment(first: int, last: int, written: int, lost: int = 0, rate: int = 1000) -> Segment:
    """A SEGMENT of pictures, so that nothing but its numbers counts."""
    track, inline = codes.TRACK_PICTURE, codes.ATTESTED_INLINE
    return Segment(
        1, 1, codes.MEDIA_AVI, 512, 1 << 20, 4096, bytes(32), 1, first, last, (last - first) * rate // 1000, written,
        lost, rate, track, inline, codes.STORED_PLAIN, 0,
    )  # fmt: skip


@given(st.lists(st.tuples(st.integers(1, 60_000), st.integers(-500, 500)), max_size=30))
def test_the_sum_is_found_exactly_when_it_is_more_than_the_tolerance(rows: list[tuple[int, int]]) -> None:
    """Against the same rule said in another way: the worst run of segments up to each of them."""
    shortfall = samples.Shortfall()
    tick, runs = 0, []
    for seconds, missing in rows:
        missing = min(missing, seconds)
        found = shortfall.add(segment(tick, tick + seconds, seconds - missing))
        tick += seconds
        # The run begins where what was missing before it is made up for, or was told.
        if sum(one[1] for one in runs) <= 0:
            runs = []
        runs.append((seconds, missing))
        total = sum(one[1] for one in runs)
        too_much = total > 500 + sum(one[0] for one in runs) // 1000 + len(runs)
        assert found == (total if too_much else 0)
        if too_much:
            runs = []


@pytest.mark.parametrize(
    ("length", "lost", "beyond"),
    [(400, 400, 0), (600, 500, 0), (600, 501, 501), (3_000, 1_501, 1_501), (60_000, 2_000, 0), (60_000, 2_001, 2_001)],
)
def test_how_much_may_be_lost(length: int, lost: int, beyond: int) -> None:
    assert samples.lost_beyond(segment(0, length, length - lost, lost)) == beyond
