"""OB-1: sound and picture of one recording side by side. Neither track hides what the other lacks."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.forge import Host, Recorder
from support.forged_media import avi_file, encoder_file, sound
from support.two_tracks import BOTH, docked, ended, running
from support.verified import expect, only, report_of

from evidock.report import Finding, Report, State, Verdict
from evidock_protocol import avi, card, codes, kinds

CODES = {"sound": "AUDIO_MISSING", "picture": "PICTURE_MISSING"}

Step = Callable[[Recorder], object]


def states(report: Report, track: str) -> list[tuple[State, float]]:
    """What became of a track, with its seconds."""
    return [(span.state, round(span.seconds, 3)) for span in report.coverage.tracks if span.track == track]


def only_sound(recorder: Recorder, seconds: float) -> None:
    recorder.segment(seconds)


def only_pictures(recorder: Recorder, seconds: float) -> None:
    first = recorder.last_tick
    recorder.wait(seconds)
    recorder.seal_file(avi_file(seconds, recorder.number), first, recorder.ticks)


def test_sound_and_picture_side_by_side_are_verified(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    for _ in range(3):
        recorder.both(4)
    report = ended(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED, [one.to_json() for one in report.findings]
    assert report.coverage.seconds(State.RECORDED) == pytest.approx(12)
    assert states(report, "sound") == states(report, "picture") == [(State.RECORDED, 12)]


def test_a_recorder_without_a_camera_owes_no_picture(host: Host, tmp_path: Path) -> None:
    recorder = running(host, codes.TRACK_SOUND)
    recorder.segment(4)
    report = ended(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED
    assert {span.track for span in report.coverage.tracks} == {"sound"}


@pytest.mark.parametrize(("kept", "lacking"), [(only_sound, "picture"), (only_pictures, "sound")])
def test_ob_1_a_track_that_never_comes_is_missing(
    host: Host, tmp_path: Path, kept: Callable[[Recorder, float], None], lacking: str
) -> None:
    recorder = running(host)
    kept(recorder, 4)
    kept(recorder, 2)
    report = ended(host, recorder, tmp_path)
    assert report.verdict is Verdict.INCOMPLETE
    finding = only(report, CODES[lacking])
    assert finding.time == pytest.approx((report.interval[0] + 5, report.interval[0] + 11))
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(6)
    assert states(report, lacking) == [(State.UNEXPLAINED, 6)]
    assert [state for state, _seconds in states(report, "sound" if lacking == "picture" else "picture")] == [
        State.RECORDED
    ]


@pytest.mark.parametrize("lacking", ["sound", "picture"])
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_ob_1_a_part_of_a_track_is_missing_and_located(host: Host, tmp_path: Path, lacking: str, place: str) -> None:
    recorder = running(host)
    for part in ("first", "middle", "last"):
        if part == place:
            (only_pictures if lacking == "sound" else only_sound)(recorder, 2)
        else:
            recorder.both(2)
    report = ended(host, recorder, tmp_path)
    finding = only(report, CODES[lacking])
    begin = report.interval[0] + 5 + 2 * ["first", "middle", "last"].index(place)
    assert finding.time == pytest.approx((begin, begin + 2))
    assert report.verdict is Verdict.INCOMPLETE
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(2)


def test_what_every_track_lacks_is_a_hole(host: Host, tmp_path: Path) -> None:
    """Sound is missing for two seconds, pictures for four: two of them are a hole of the recording (AT-21)."""
    recorder = running(host)
    recorder.both(2)
    only_pictures(recorder, 2)
    recorder.wait(2)
    recorder.last_tick = recorder.ticks
    recorder.both(2)
    report = ended(host, recorder, tmp_path)
    assert {one.code for one in report.findings} == {"COVERAGE_HOLE", "AUDIO_MISSING"}
    begin = report.interval[0]
    assert only(report, "AUDIO_MISSING").time == pytest.approx((begin + 7, begin + 9))
    assert expect(report, Verdict.INCOMPLETE, "COVERAGE_HOLE", 21).time == pytest.approx((begin + 9, begin + 11))
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(4)


def test_a_file_of_both_tracks_covers_both(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    for _ in range(2):
        first = recorder.last_tick
        recorder.wait(3)
        recorder.seal_file(encoder_file(20_000, recorder.number), first, recorder.ticks)
    report = ended(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS  # sealed only after the encoder had closed it
    assert report.findings == ()
    assert report.coverage.seconds(State.POST_CLOSE) == pytest.approx(6)
    assert report.to_json()["coverage"]["post_close_s"] == 6  # type: ignore[index]
    assert states(report, "sound") == states(report, "picture") == [(State.POST_CLOSE, 6)]


def test_sound_inline_and_pictures_of_an_encoder(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.segment(3)
    first, last = recorder.last_tick - 3000, recorder.last_tick
    recorder.seal_file(encoder_file(20_000, track=codes.TRACK_PICTURE), first, last)
    report = ended(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS
    assert states(report, "sound") == [(State.RECORDED, 3)]
    assert report.coverage.seconds(State.POST_CLOSE) == pytest.approx(3)
    assert report.coverage.seconds(State.RECORDED) == 0


def test_an_empty_segment_covers_nothing(host: Host, tmp_path: Path) -> None:
    """No picture was written in a whole minute, and the recorder says so: the track is missing all the same."""
    recorder = running(host)
    recorder.both(4, lost=20)
    report = ended(host, recorder, tmp_path)
    assert only(report, "PICTURE_MISSING").time == pytest.approx((report.interval[0] + 5, report.interval[0] + 9))
    assert report.verdict is Verdict.INCOMPLETE
    assert only(report, "SAMPLES_LOST")
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(4)


def test_a_few_lost_pictures_are_declared(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.both(4, lost=3)
    report = ended(host, recorder, tmp_path)
    assert expect(report, Verdict.VERIFIED_DECLARED_GAPS, "SAMPLES_LOST", 21).segment == 2
    assert report.coverage.seconds(State.RECORDED) == pytest.approx(4)


def test_at_21_pictures_that_nobody_lost_are_a_hole(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.segment(4)
    first, last = recorder.last_tick - 4000, recorder.last_tick
    recorder.seal_file(avi_file(2), first, last)
    expect(ended(host, recorder, tmp_path), Verdict.INCOMPLETE, "COVERAGE_HOLE", 21)


@pytest.mark.parametrize("changed", [{"written": 19}, {"lost": 1}, {"rate": 4}])
def test_at_21_an_avi_file_holds_the_pictures_that_it_claims(
    host: Host, tmp_path: Path, changed: dict[str, int]
) -> None:
    recorder = running(host, codes.TRACK_PICTURE)
    recorder.wait(4)
    recorder.seal_file(avi_file(4), recorder.last_tick, recorder.ticks, **changed)
    assert only(ended(host, recorder, tmp_path), "COVERAGE_HOLE").verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize(
    "changed",
    [{"rate": 0, "expected": 0}, {"header_length": 500}, {"track": codes.TRACK_SOUND}, {"track": BOTH}],
)
def test_at_28_an_avi_of_the_recorder_can_be_counted(host: Host, tmp_path: Path, changed: dict[str, int]) -> None:
    recorder = running(host)
    recorder.segment(4)
    recorder.seal_file(avi_file(4), recorder.last_tick - 4000, recorder.last_tick, **changed)
    expect(ended(host, recorder, tmp_path), Verdict.ALTERED, "MALFORMED", 26)


def test_at_28_a_track_that_start_does_not_declare(host: Host, tmp_path: Path) -> None:
    recorder = running(host, codes.TRACK_SOUND)
    recorder.both(4)
    finding = expect(ended(host, recorder, tmp_path), Verdict.ALTERED, "MALFORMED", 26)
    assert finding.segment == 2


@pytest.mark.parametrize("tracks", [0, 4, 7])
def test_tracks_that_this_version_does_not_know(host: Host, tmp_path: Path, tracks: int) -> None:
    recorder = running(host, tracks)
    recorder.both(4)
    report = ended(host, recorder, tmp_path)
    assert only(report, "UNKNOWN_FORMAT").recording == 1
    assert report.verdict is Verdict.INDETERMINATE
    other = Host("other")
    alone = running(other, tracks)
    alone.segment(4)
    assert ended(other, alone, tmp_path / "alone").verdict is Verdict.INCOMPLETE


# Numbers that the recorder gave up


REASONS = [codes.CAPTURE_NO_START, codes.CAPTURE_FILE_GONE, codes.CAPTURE_EMPTY_FILE, 77]


@pytest.mark.parametrize("reason", REASONS)
def test_a_number_that_was_given_up_is_passed_over_but_what_lacks_is_named(
    host: Host, tmp_path: Path, reason: int
) -> None:
    recorder = running(host)
    recorder.both(2)
    recorder.segment(2)
    recorder.give_up(reason)
    recorder.both(2)
    report = ended(host, recorder, tmp_path)
    assert {one.code for one in report.findings} == {"PICTURE_MISSING", "CAPTURE_FAULT"}
    fault = only(report, "CAPTURE_FAULT")
    assert (fault.verdict, fault.segment) == (None, 4)
    missing = only(report, "PICTURE_MISSING")
    assert missing.time == pytest.approx((report.interval[0] + 7, report.interval[0] + 9))
    assert "own reason" in missing.text
    assert report.verdict is Verdict.INCOMPLETE


def test_a_number_may_be_given_up_without_lost_time(host: Host, tmp_path: Path) -> None:
    """The encoder's file holds the sound that the recorder's own microphone did not bring."""
    recorder = running(host)
    recorder.give_up(codes.CAPTURE_NO_START)
    recorder.wait(3)
    recorder.seal_file(encoder_file(20_000), recorder.last_tick, recorder.ticks)
    report = ended(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS
    assert [one.code for one in report.findings] == ["CAPTURE_FAULT"]


@pytest.mark.parametrize("given_up", [0, 1])
def test_at_5_a_number_that_was_not_given_up_is_missing(host: Host, tmp_path: Path, given_up: int) -> None:
    recorder = running(host)
    recorder.both(2)
    for _ in range(given_up):
        recorder.give_up(codes.CAPTURE_NO_START)
    recorder.number += 1
    recorder.both(2)
    expect(ended(host, recorder, tmp_path), Verdict.INCOMPLETE, "SEGMENT_MISSING", 5)


def test_at_5_another_number_was_given_up(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.both(2)
    recorder.fault([codes.CAPTURE_NO_START, 0], segment=9)
    recorder.number += 1
    recorder.both(2)
    expect(ended(host, recorder, tmp_path), Verdict.INCOMPLETE, "SEGMENT_MISSING", 5)


def test_at_5_a_fault_of_another_recording_gives_nothing_up(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.both(2)
    recorder.recording = 7
    recorder.give_up(codes.CAPTURE_NO_START)
    recorder.recording = 1
    recorder.both(2)
    expect(ended(host, recorder, tmp_path), Verdict.INCOMPLETE, "SEGMENT_MISSING", 5)


def test_at_6_a_lower_number_is_out_of_order(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.both(2)
    recorder.number = 0
    recorder.both(2)
    assert "ORDER" in {one.code for one in ended(host, recorder, tmp_path).findings}


@pytest.mark.parametrize("reason", [codes.CAPTURE_CUT_PICTURE, codes.CAPTURE_STALLED, codes.CAPTURE_SIZE_CHANGED])
def test_a_fault_without_missing_time_is_a_remark(host: Host, tmp_path: Path, reason: int) -> None:
    recorder = running(host)
    recorder.fault([reason, 1], segment=2)
    recorder.both(4)
    recorder.fault([])  # whatever it says
    report = ended(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED
    assert [one.code for one in report.findings] == ["CAPTURE_FAULT"] * 2


# Interruptions and the open end


def cut_off(host: Host, sound_s: float, pictures_s: float, declared_s: float | None = None) -> Recorder:
    """Power is lost inside the second generation of segments; each track is recovered as far as it can be."""
    recorder = running(host)
    start = len(recorder.entries) - 1
    recorder.both(4)
    first = recorder.last_tick
    recorder.wait(max(sound_s, pictures_s) + 1)
    recorder.restart(30, anchor=[start, 3, 1000, first + round(max(sound_s, pictures_s) * 1000)])
    recovered = {"attested": codes.ATTESTED_RECOVERED, "boot": 1}
    recorder.seal(sound(sound_s), first, first + round(sound_s * 1000), **recovered)
    recorder.seal_file(avi_file(pictures_s), first, first + round(pictures_s * 1000), **recovered)
    recorder.last_tick = first + round((declared_s or max(sound_s, pictures_s)) * 1000)
    recorder.interrupt(codes.CAUSE_POWER_LOST, boot=1)
    recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    return recorder


@pytest.mark.parametrize(("sound_s", "pictures_s"), [(3, 3), (3, 2.4), (2.4, 3), (16, 1.2)])
def test_at_9_an_honest_power_cut_with_two_tracks(
    host: Host, tmp_path: Path, sound_s: float, pictures_s: float
) -> None:
    """What one track lacks at the end is declared with the power cut: recovery reaches not equally far."""
    report = docked(host, cut_off(host, sound_s, pictures_s), tmp_path)
    expect(report, Verdict.VERIFIED_DECLARED_GAPS, "GAP_DECLARED", 9)
    assert report.coverage.seconds(State.RECOVERED) == pytest.approx(min(sound_s, pictures_s))
    assert report.coverage.seconds(State.RECORDED) == pytest.approx(4)


def test_at_33_a_track_that_lacks_more_than_recovery_may_lose(host: Host, tmp_path: Path) -> None:
    report = docked(host, cut_off(host, 18, 2), tmp_path)
    assert only(report, "PICTURE_MISSING").verdict is Verdict.INCOMPLETE
    assert report.verdict is Verdict.INCOMPLETE


def test_at_21_what_no_track_reaches_is_not_declared(host: Host, tmp_path: Path) -> None:
    expect(docked(host, cut_off(host, 3, 3, 5), tmp_path), Verdict.INCOMPLETE, "COVERAGE_HOLE", 21)


def test_an_interruption_in_the_same_boot_declares_what_broke(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.both(4)
    recorder.segment(3)
    recorder.interrupt(codes.CAUSE_STORAGE_FULL)
    recorder.stop(codes.STOP_STORAGE_FULL)
    report = docked(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS
    assert states(report, "picture") == [(State.RECORDED, 4), (State.DECLARED, 3)]


def test_an_interruption_declares_no_track_that_was_never_there(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    for _ in range(20):
        recorder.segment(4)
    recorder.interrupt(codes.CAUSE_STORAGE_FULL)
    assert only(ended(host, recorder, tmp_path), "PICTURE_MISSING").verdict is Verdict.INCOMPLETE


def test_a_recording_goes_on_after_an_interruption(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.both(4)
    interrupt = recorder.interrupt(codes.CAUSE_MEDIUM_SWAPPED)
    recorder.stop(codes.STOP_FAULT)
    recorder.card()
    recorder.wait(6)
    recorder.card(None, bytes(16))
    recorder.start(codes.START_POLICY)
    recorder.both(4)
    recorder.resume(interrupt)
    report = ended(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS
    assert states(report, "sound") == states(report, "picture")
    assert states(report, "sound") == [(State.RECORDED, 4), (State.RECORDED, 4)]
    assert report.gaps[0].seconds == (6.0, 6.0)


@pytest.mark.parametrize(("lag", "verdict"), [(0, Verdict.VERIFIED), (60, Verdict.INDETERMINATE)])
def test_at_8_an_open_recording_may_have_sealed_one_track_first(
    host: Host, tmp_path: Path, lag: int, verdict: Verdict
) -> None:
    recorder = running(host)
    recorder.both(4)
    if lag:
        recorder.segment(lag)
    host.keep_head(recorder, recorder.head(open_recording=3))
    report = report_of(host.write(tmp_path / "store", recorder), host)
    assert report.verdict is verdict
    assert not [one for one in report.findings if one.verdict is Verdict.INCOMPLETE]


def test_at_8_a_track_of_an_open_recording_that_lags_too_far_is_missing(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.both(4)
    for _ in range(20):
        recorder.segment(4)
    host.keep_head(recorder, recorder.head(open_recording=3))
    report = report_of(host.write(tmp_path / "store", recorder), host)
    assert report.verdict is Verdict.INCOMPLETE
    assert only(report, "PICTURE_MISSING").time == pytest.approx((report.interval[0] + 9, report.interval[0] + 89))


# Files of the second track: the same codes as for the first


def media(store: Path, number: int) -> Path:
    """The file of a segment of recording 1."""
    return next(store.glob(f"recorders/*/media/**/R0000001/{card.segment_stem(number)}.*"))


@pytest.fixture
def two_tracks(host: Host, tmp_path: Path) -> Path:
    """A verified store: sound in segments 1, 3 and 5, pictures in 2, 4 and 6."""
    recorder = running(host)
    for _ in range(3):
        recorder.both(4)
    report = ended(host, recorder, tmp_path)
    assert report.verdict is Verdict.VERIFIED
    return tmp_path / "store"


def flip(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)


def found(report: Report) -> set[tuple[str, int | None]]:
    """Without what is said of the host whose receipts named what is gone."""
    return {(one.code, one.segment) for one in report.findings if one.code != "RECEIPT_UNBACKED"}


@pytest.mark.parametrize("number", [3, 4])
def test_at_1_a_changed_byte(host: Host, two_tracks: Path, number: int) -> None:
    flip(media(two_tracks, number), 6_000)
    report = report_of(two_tracks, host)
    finding = expect(report, Verdict.ALTERED, "CONTENT_MISMATCH", 1)
    assert finding.segment == number
    track = "picture" if number == 4 else "sound"
    assert [state for state, _seconds in states(report, track)] == [State.RECORDED, State.ALTERED, State.RECORDED]
    assert [state for state, _seconds in states(report, "sound" if number == 4 else "picture")] == [State.RECORDED]
    assert 0 < report.coverage.seconds(State.ALTERED) < 4


def test_at_1_altered_pictures_are_located_by_their_chunks(host: Host, two_tracks: Path) -> None:
    """Pictures differ in size, so that their place in time is no share of the file."""
    path = media(two_tracks, 4)
    data = path.read_bytes()
    chunk = [at for at in range(len(data)) if data[at : at + 4] == b"00dc"][13]
    flip(path, chunk + 20)
    finding = expect(report_of(two_tracks, host), Verdict.ALTERED, "CONTENT_MISMATCH", 1)
    begin, end = (moment - report_of(two_tracks, host).interval[0] - 9 for moment in finding.time or (0, 0))
    assert begin <= 13 / 5
    assert end >= 14 / 5 - 0.001
    assert finding.bytes is not None
    first = finding.bytes[0]
    whole = sum(1 for at in range(avi.AVI_HEADER, first) if data[at : at + 4] == b"00dc" and data[at - 1 : at] == b"\0")
    assert begin >= (whole - 1) / 5 - 0.2


def test_at_1_where_the_way_is_lost_all_that_follows_may_be_meant(host: Host, two_tracks: Path) -> None:
    path = media(two_tracks, 4)
    data = path.read_bytes()
    chunk = [at for at in range(len(data)) if data[at : at + 4] == b"00dc"][13]
    flip(path, chunk + 5)  # the length
    report = report_of(two_tracks, host)
    finding = expect(report, Verdict.ALTERED, "CONTENT_MISMATCH", 1)
    assert finding.time is not None
    assert finding.time[1] == pytest.approx(report.interval[0] + 13)


def test_at_1_altered_index_and_header_concern_the_whole_segment(host: Host, two_tracks: Path) -> None:
    path = media(two_tracks, 4)
    flip(path, 60)
    report = report_of(two_tracks, host)
    expect(report, Verdict.ALTERED, "CONTENT_MISMATCH", 24)
    assert report.coverage.seconds(State.ALTERED) == pytest.approx(4)


@pytest.mark.parametrize("number", [1, 2])
def test_at_1_a_shortened_and_a_lengthened_file(host: Host, two_tracks: Path, number: int) -> None:
    path = media(two_tracks, number)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    expect(report_of(two_tracks, host), Verdict.ALTERED, "CONTENT_MISMATCH", 1)
    path.write_bytes(whole + b"\0")
    expect(report_of(two_tracks, host), Verdict.ALTERED, "UNCOVERED_TAIL", 4)


def test_at_6_files_of_two_tracks_exchanged(host: Host, two_tracks: Path) -> None:
    sounds, pictures = media(two_tracks, 3), media(two_tracks, 4)
    first, second = sounds.read_bytes(), pictures.read_bytes()
    sounds.write_bytes(second)
    pictures.write_bytes(first)
    report = report_of(two_tracks, host)
    assert report.verdict is Verdict.ALTERED
    assert {("CONTENT_MISMATCH", 3), ("CONTENT_MISMATCH", 4)} <= found(report)


def test_at_6_files_of_one_track_exchanged(host: Host, two_tracks: Path) -> None:
    one, other = media(two_tracks, 2), media(two_tracks, 4)
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    report = report_of(two_tracks, host)
    assert {("ORDER", 2), ("ORDER", 4)} <= found(report)
    assert report.verdict is Verdict.ALTERED


@pytest.mark.parametrize("number", [1, 2])
def test_at_30_another_extension(host: Host, two_tracks: Path, number: int) -> None:
    path = media(two_tracks, number)
    path.rename(path.with_suffix(".mp4"))
    expect(report_of(two_tracks, host), Verdict.ALTERED, "STORE_MISMATCH", 30)


ABSENT: list[tuple[tuple[int, ...], str, int | None]] = [
    ((1,), "HEAD_MISSING", 7), ((2,), "HEAD_MISSING", 7), ((3,), "SEGMENT_MISSING", 5), ((4,), "SEGMENT_MISSING", 5),
    ((5,), "TAIL_OPEN", 8), ((6,), "TAIL_OPEN", 8), ((1, 3, 5), "AUDIO_MISSING", None),
    ((2, 4, 6), "PICTURE_MISSING", None), ((1, 2, 3, 4, 5, 6), "RECORDING_MISSING", 10),
]  # fmt: skip


@pytest.mark.parametrize(("numbers", "code", "attack"), ABSENT)
def test_at_5_files_that_are_gone(
    host: Host, two_tracks: Path, numbers: tuple[int, ...], code: str, attack: int | None
) -> None:
    """OB-1: whoever drops the audio track is told so. One finding for each run of one track."""
    for number in numbers:
        media(two_tracks, number).unlink()
    report = report_of(two_tracks, host)
    finding = only(report, code)
    assert (finding.attack, finding.segment, report.verdict) == (attack, numbers[0], Verdict.INCOMPLETE)
    assert len(found(report)) == 1
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(4 * len({(one - 1) // 2 for one in numbers}))


def test_at_5_both_tracks_lose_their_beginnings(host: Host, two_tracks: Path) -> None:
    for number in (1, 2, 3):
        media(two_tracks, number).unlink()
    assert found(report_of(two_tracks, host)) == {("HEAD_MISSING", 1), ("HEAD_MISSING", 2)}


def test_one_track_that_was_not_pulled_yet_is_pending(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.both(4)
    recorder.both(4)
    recorder.wait(0.2)
    recorder.stop()
    del recorder.media[1, 4]
    report = docked(host, recorder, tmp_path)
    assert only(report, "PENDING").recording == 1
    assert report.verdict is Verdict.INDETERMINATE
    assert report.coverage.seconds(State.PENDING) == pytest.approx(4)
    assert states(report, "picture") == [(State.RECORDED, 4), (State.PENDING, 4)]


def test_at_2_a_damaged_entry_alters_its_own_track(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.both(4)
    recorder.both(4)
    place = len(recorder.entries) - 2  # sound, 4 s to 8 s
    recorder.both(4)
    raw = bytearray(recorder.entries[place])
    raw[-1] ^= 1
    recorder.entries[place] = bytes(raw)
    report = ended(host, recorder, tmp_path)
    expect(report, Verdict.ALTERED, "BAD_SIGNATURE", 2)
    assert "AUDIO_MISSING" not in {one.code for one in report.findings}
    assert states(report, "sound") == [(State.RECORDED, 4), (State.ALTERED, 4), (State.RECORDED, 4)]
    assert states(report, "picture") == [(State.RECORDED, 12)]
    assert report.coverage.seconds(State.ALTERED) == pytest.approx(4)


def test_at_2_damage_excuses_no_later_hole(host: Host, tmp_path: Path) -> None:
    """A damaged MARK stands before the first segments; sound is missing after them."""
    recorder = running(host)
    raw = bytearray(recorder.add(kinds.MARK, {"recording": 1, "type": 1, "count": 1}))
    raw[-1] ^= 1
    recorder.entries[-1] = bytes(raw)
    recorder.both(4)
    only_pictures(recorder, 2)
    recorder.both(4)
    report = ended(host, recorder, tmp_path)
    assert only(report, "AUDIO_MISSING").time == pytest.approx((report.interval[0] + 9, report.interval[0] + 11))
    assert report.coverage.seconds(State.ALTERED) == 0


def test_at_8_a_trimmed_recording_lacks_what_its_other_track_has(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.both(4)
    recorder.segment(4)
    host.keep_head(recorder, recorder.head(open_recording=None))
    report = report_of(host.write(tmp_path / "store", recorder), host)
    expect(report, Verdict.INCOMPLETE, "TAIL_OPEN", 8)
    assert only(report, "PICTURE_MISSING").time == pytest.approx((report.interval[0] + 9, report.interval[0] + 13))


def test_a_stop_that_says_too_little(host: Host, tmp_path: Path) -> None:
    """STOP's last tick is that of the pictures, though sound goes on behind it."""
    recorder = running(host)
    recorder.both(4)
    recorder.segment(4)
    recorder.last_tick -= 4000
    report = ended(host, recorder, tmp_path)
    assert only(report, "PICTURE_MISSING").verdict is Verdict.INCOMPLETE


def test_encoder_files_are_altered_whole(host: Host, tmp_path: Path) -> None:
    """Where pictures lie in an MP4 is the encoder's own, so damage in it may be anywhere in its time."""
    recorder = running(host)
    recorder.wait(4)
    recorder.seal_file(encoder_file(40_000), recorder.last_tick, recorder.ticks)
    store = tmp_path / "store"
    ended(host, recorder, tmp_path)
    flip(media(store, 1), 9_000)
    report = report_of(store, host)
    expect(report, Verdict.ALTERED, "CONTENT_MISMATCH", 1)
    assert report.coverage.seconds(State.ALTERED) == pytest.approx(4)


def test_at_34_more_pictures_than_recovery_may_seal(host: Host, tmp_path: Path) -> None:
    recorder = running(host, codes.TRACK_PICTURE)
    start = len(recorder.entries) - 1
    first = recorder.ticks
    recorder.wait(61)
    recorder.restart(30, anchor=[start, 1, 1000, first + 60_000])
    file = avi_file(60)
    recovered = {"attested": codes.ATTESTED_RECOVERED, "boot": 1}
    recorder.seal_file(file, first, first + 60_000, **recovered, attested_length=avi.AVI_HEADER)
    recorder.interrupt(codes.CAUSE_POWER_LOST, boot=1)
    recorder.stop(codes.STOP_INTERRUPTED, boot=1)
    expect(docked(host, recorder, tmp_path), Verdict.INDETERMINATE, "RECOVERED_EXCESS", 34)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_both_languages_name_the_reason(host: Host, tmp_path: Path, lang: str) -> None:
    recorder = running(host)
    recorder.segment(2)
    recorder.give_up(codes.CAPTURE_NO_START)
    ended(host, recorder, tmp_path)
    report = report_of(tmp_path / "store", host, lang=lang)
    finding: Finding = only(report, "PICTURE_MISSING")
    assert ("did not start" if lang == "en" else "没有启动") in finding.text
