"""A recorder signs STOP only once it knows what became of an encoder's file: it waits for the encoder, and hashes.

Specification: "Verification of a chain", Recordings 7. The wait is no hole; a STOP that comes later still shows one.
"""

from pathlib import Path

import pytest
from support.forge import Host, Recorder
from support.forged_media import encoder_file, sound
from support.verified import report_of

from evidock.report import Report, State
from evidock_protocol import codes

BOTH = codes.TRACK_SOUND | codes.TRACK_PICTURE
RECORDED = 14.0  # seconds
LARGE = 4 << 20  # bytes, for which a recorder has 32 s


def running(host: Host, tracks: int = BOTH) -> Recorder:
    recorder = host.recorder(tracks=tracks, leaf_size=4096)
    recorder.booted()
    recorder.wait(5)
    recorder.start()
    return recorder


def record(recorder: Recorder) -> tuple[int, int]:
    """Time in which the encoder writes its file; first and last tick."""
    first = recorder.last_tick
    recorder.wait(RECORDED)
    recorder.last_tick = recorder.ticks
    return first, recorder.ticks


def docked(host: Host, recorder: Recorder, folder: Path) -> Report:
    recorder.wait(30)
    host.dock(recorder)
    return report_of(host.write(folder / "store", recorder), host)


def holes(report: Report) -> list[float]:
    """Seconds of each stretch of time in which nothing is there."""
    return [round(span.seconds, 1) for span in report.coverage.spans if span.state is State.UNEXPLAINED]


@pytest.mark.parametrize(
    ("reason", "wait", "expected"),
    [
        (codes.CAPTURE_LEFT_OPEN, 10.1, [14]),
        (codes.CAPTURE_FILE_GONE, 10.1, [14]),
        (codes.CAPTURE_LEFT_OPEN, 14.9, [14]),
        (codes.CAPTURE_LEFT_OPEN, 15.1, [29.2]),  # nobody waits so long for an encoder
        (codes.CAPTURE_STALLED, 10.1, [24.2]),  # a camera's fault is waited for by nobody
    ],
)
def test_the_wait_for_a_file_that_was_given_up(
    reason: int, wait: float, expected: list[float], host: Host, tmp_path: Path
) -> None:
    recorder = running(host)
    record(recorder)
    recorder.wait(wait)
    recorder.give_up(reason)
    recorder.wait(0.1)
    recorder.stop()
    report = docked(host, recorder, tmp_path)
    assert holes(report) == pytest.approx(expected)
    assert {one.code for one in report.findings} == {"CAPTURE_FAULT", "COVERAGE_HOLE"}


@pytest.mark.parametrize(("pause", "expected"), [(4.9, [14]), (5.1, [29.2])])
def test_a_stop_after_the_wait_is_as_due_as_ever(
    pause: float, expected: list[float], host: Host, tmp_path: Path
) -> None:
    recorder = running(host)
    record(recorder)
    recorder.wait(10.1)
    recorder.give_up(codes.CAPTURE_LEFT_OPEN)
    recorder.wait(pause)
    recorder.stop()
    assert holes(docked(host, recorder, tmp_path)) == pytest.approx(expected)


@pytest.mark.parametrize(("length", "wait", "expected"), [(LARGE, 46, []), (LARGE, 48, [48]), (20_000, 16, [16])])
def test_the_time_in_which_a_file_is_hashed(
    length: int, wait: float, expected: list[float], host: Host, tmp_path: Path
) -> None:
    recorder = running(host)
    first, last = record(recorder)
    recorder.wait(wait)
    recorder.seal_file(encoder_file(length, 1), first, last)
    recorder.stop()
    assert holes(docked(host, recorder, tmp_path)) == pytest.approx(expected)


def test_several_files_wait_for_each_other(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    first = [record(recorder), record(recorder)]
    for number, (begin, end) in enumerate(first):
        recorder.wait(40)
        recorder.seal_file(encoder_file(LARGE, number), begin, end)
    recorder.last_tick = first[-1][1]
    recorder.stop()
    assert not docked(host, recorder, tmp_path).findings


def test_files_that_were_told_of_before_the_end_give_no_time_after_it(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    first, last = record(recorder)
    recorder.seal_file(encoder_file(LARGE, 0), first, last)
    first, last = record(recorder)
    recorder.seal_file(encoder_file(20_000, 1), first, last)
    recorder.wait(6)
    recorder.stop()
    assert holes(docked(host, recorder, tmp_path)) == [6]


def test_sound_beside_an_encoder_that_left_its_file_open(host: Host, tmp_path: Path) -> None:
    """Only the pictures are missing, and only as long as was recorded."""
    recorder = running(host)
    first, last = record(recorder)
    recorder.seal(sound(RECORDED, 1), first, last)
    recorder.wait(10.1)
    recorder.give_up(codes.CAPTURE_LEFT_OPEN)
    recorder.stop()
    report = docked(host, recorder, tmp_path)
    assert [one.code for one in report.findings if one.code != "CAPTURE_FAULT"] == ["PICTURE_MISSING"]
    assert holes(report) == [14]
