"""Cases against a recorder or an archive that lies about its tracks: what is not there is never called verified."""

import struct
import time
from pathlib import Path

import pytest
from support.forge import Host, Recorder, put, write_card
from support.forged_media import PICTURES, File, avi_file, encoder_file, sound, wav_file
from support.two_tracks import BOTH, GOOD, ended, running
from support.verified import expect, only, report_of

from evidock.report import Report, State, Verdict
from evidock_protocol import avi, card, codes

CHUNK = 8  # bytes of a chunk's head


def codes_of(report: Report) -> set[str]:
    return {one.code for one in report.findings}


# Pictures that are counted and not there


def with_chunks(claimed: int, lengths: list[int], written: int | None = None) -> File:
    """An AVI file whose header claims `claimed` chunks, and that has chunks of these lengths; no index."""
    chunks = b"".join(struct.pack("<4sI", b"00dc", length) + bytes(length + (length & 1)) for length in lengths)
    data = avi.avi_header(64, 64, PICTURES, claimed, len(chunks)) + chunks
    written = claimed if written is None else written
    rest = (codes.MEDIA_AVI, codes.TRACK_PICTURE, PICTURES, written, claimed - written)
    return File(data, avi.AVI_HEADER, 4096, *rest)


def pictures_report(host: Host, folder: Path, file: File, seconds: float, **changed: object) -> Report:
    recorder = running(host, codes.TRACK_PICTURE)
    recorder.wait(seconds)
    recorder.seal_file(file, recorder.last_tick, recorder.ticks, **changed)
    return ended(host, recorder, folder)


def test_pictures_that_are_there_are_verified(host: Host, tmp_path: Path) -> None:
    assert pictures_report(host, tmp_path, with_chunks(20, [400] * 20), 4).verdict is Verdict.VERIFIED


def test_a_lost_picture_may_have_bytes(host: Host, tmp_path: Path) -> None:
    """One that stalled is kept as it came, and counted lost."""
    file = with_chunks(20, [400] * 20, written=18)
    assert pictures_report(host, tmp_path, file, 4).verdict is Verdict.VERIFIED_DECLARED_GAPS


@pytest.mark.parametrize(
    "lengths",
    [[0] * 20, [400] * 19 + [0], [400] * 19, [400], [400] * 21],
    ids=["all empty", "one empty", "one less", "one", "one more"],
)
def test_at_21_counted_pictures_are_in_their_file(host: Host, tmp_path: Path, lengths: list[int]) -> None:
    """The header counts twenty, and so does SEGMENT: the chunks are what counts."""
    expect(pictures_report(host, tmp_path, with_chunks(20, lengths), 4), Verdict.INCOMPLETE, "COVERAGE_HOLE", 21)


def test_at_21_a_chunk_that_claims_4_gib_is_none(host: Host, tmp_path: Path) -> None:
    file = with_chunks(20, [400] * 20)
    data = file.data[: -CHUNK - 400] + struct.pack("<4sI", b"00dc", 0xFFFFFFFF) + bytes(400)
    report = pictures_report(host, tmp_path, file._replace(data=data), 4)
    expect(report, Verdict.INCOMPLETE, "COVERAGE_HOLE", 21)


@pytest.mark.parametrize("attested", [codes.ATTESTED_INLINE, codes.ATTESTED_RECOVERED])
def test_at_28_millions_of_chunks_take_no_time(host: Host, tmp_path: Path, attested: int) -> None:
    count = 2_000_000
    file = with_chunks(count, [0] * count)._replace(rate=PICTURES, leaf_size=1 << 16)
    begun = time.perf_counter()
    report = pictures_report(host, tmp_path, file, 4, attested=attested, attested_length=512)
    assert report.verdict not in GOOD
    assert time.perf_counter() - begun < 2


# Files of an encoder


def test_an_empty_file_of_an_encoder_covers_nothing(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.wait(4)
    recorder.seal_file(encoder_file(0), recorder.last_tick, recorder.ticks)
    report = ended(host, recorder, tmp_path)
    expect(report, Verdict.INCOMPLETE, "COVERAGE_HOLE", 21)
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(4)


def test_a_wav_file_of_an_encoder_is_no_worse_than_another(host: Host, tmp_path: Path) -> None:
    """Its header is the encoder's own and its samples are not counted."""
    recorder = running(host)
    recorder.wait(4)
    recorder.seal_file(encoder_file(20_000, media=codes.MEDIA_WAV), recorder.last_tick, recorder.ticks)
    report = ended(host, recorder, tmp_path)
    assert report.findings == ()
    assert report.verdict is Verdict.VERIFIED_DECLARED_GAPS


def test_a_wav_file_of_an_encoder_may_count_its_pictures_as_it_likes(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.wait(4)
    file = wav_file(bytes(40_000), 4096)._replace(track=BOTH, rate=5, written=20, attested=codes.ATTESTED_POST_CLOSE)
    recorder.seal_file(file, recorder.last_tick, recorder.ticks)
    assert ended(host, recorder, tmp_path).findings == ()


@pytest.mark.parametrize("media", [codes.MEDIA_MP4, codes.MEDIA_OTHER])
@pytest.mark.parametrize("attested", [codes.ATTESTED_INLINE, codes.ATTESTED_RECOVERED])
def test_at_28_only_an_encoder_writes_other_files(host: Host, tmp_path: Path, media: int, attested: int) -> None:
    """Nothing in them is counted, so they are never `recorded`."""
    recorder = running(host)
    recorder.wait(4)
    recorder.seal_file(encoder_file(20_000, media=media), recorder.last_tick, recorder.ticks, attested=attested)
    report = ended(host, recorder, tmp_path)
    expect(report, Verdict.ALTERED, "MALFORMED", 26)
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(4)


# Time


@pytest.mark.parametrize("file", [avi_file(4), encoder_file(20_000, track=codes.TRACK_PICTURE)])
def test_at_6_a_segment_of_a_boot_before_start(host: Host, tmp_path: Path, file: File) -> None:
    recorder = host.recorder(tracks=BOTH, leaf_size=4096)
    recorder.booted()
    recorder.wait(5)
    recorder.restart(10, anchor=None)
    recorder.start()
    recorder.segment(4)
    recorder.seal_file(file, 500, 4_500, boot=1)
    recorder.last_tick = recorder.ticks
    report = ended(host, recorder, tmp_path)
    assert report.verdict is Verdict.ALTERED
    assert only(report, "ORDER").segment == 2
    assert "PICTURE_MISSING" in codes_of(report)


@pytest.mark.parametrize("count", [3_000])
def test_at_28_segments_of_unknown_tracks_take_no_time(host: Host, tmp_path: Path, count: int) -> None:
    """Each would have a line of its own, all side by side."""
    recorder = running(host)
    recorder.both(4)
    first = recorder.last_tick
    recorder.wait(count / 10)
    file = encoder_file(1)
    for number in range(count):
        recorder.seal_file(file, first + number, recorder.ticks - number, track=4 * number + 7)
    recorder.media = {place: one for place, one in recorder.media.items() if place[1] <= 2}
    recorder.wait(0.2)
    recorder.stop()
    host.keep_head(recorder, recorder.head())
    store = host.write(tmp_path / "store", recorder)
    begun = time.perf_counter()
    report = report_of(store, host)
    assert time.perf_counter() - begun < 4
    assert "UNKNOWN_FORMAT" in codes_of(report)
    assert report.verdict is Verdict.INCOMPLETE
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(count / 10, abs=0.01)


def test_an_unknown_track_hides_no_known_one_nor_is_hidden(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.both(4)
    recorder.seal_file(encoder_file(9_000), recorder.last_tick - 2_000, recorder.last_tick, track=7)
    report = ended(host, recorder, tmp_path)
    assert only(report, "UNKNOWN_FORMAT").segment == 3
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(2)
    assert report.coverage.seconds(State.RECORDED) == pytest.approx(2)


# What a power cut or an encoder leaves on a card


def card_report(host: Host, recorder: Recorder, folder: Path, *names: str, data: bytes = b"x" * 700) -> Report:
    """The report on a card where files of these names lie in the folder of recording 1, too."""
    recorder.wait(0.2)
    recorder.stop()
    recorder.wait(10)
    host.dock(recorder)
    write_card(folder, recorder)
    for name in names:
        put(folder / card.device_folder(recorder.device) / card.recording_folder(1) / name, data)
    (folder / "heads").write_bytes(b"".join(host.heads[recorder.device]))
    return report_of(folder, host, trust=[recorder.device.hex()], heads=folder / "heads")


def given_up(host: Host, reason: int = codes.CAPTURE_LEFT_OPEN) -> Recorder:
    """A recorder that gave segment 2 up, which an encoder should have written."""
    recorder = running(host)
    recorder.segment(4)
    recorder.give_up(reason)
    return recorder


@pytest.mark.parametrize("reason", [codes.CAPTURE_LEFT_OPEN, codes.CAPTURE_CHANGED_WHILE_HASHED])
def test_a_file_that_the_recorder_gave_up_is_no_alteration(host: Host, tmp_path: Path, reason: int) -> None:
    """It lies on the card as the encoder left it; the journal says that nothing vouches for it."""
    report = card_report(host, given_up(host, reason), tmp_path, "S0000002.MP4")
    assert (only(report, "UNSEALED").segment, only(report, "UNSEALED").verdict) == (2, Verdict.INDETERMINATE)
    assert report.verdict is Verdict.INCOMPLETE


def test_at_34_what_recovery_left_of_an_encoder_is_no_alteration(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.both(4)
    recorder.fault([0, 700], codes.FAULT_RECOVERED_EXCESS, segment=3)
    report = card_report(host, recorder, tmp_path, "S0000003.MP4")
    assert only(report, "UNSEALED").segment == 3
    assert report.verdict is Verdict.INDETERMINATE


def test_at_3_a_file_that_was_not_given_up_is_unsigned(host: Host, tmp_path: Path) -> None:
    expect(card_report(host, given_up(host), tmp_path, "S0000003.MP4"), Verdict.ALTERED, "UNSIGNED_CONTENT", 3)


def test_at_30_a_number_that_was_given_up_and_sealed_has_one_file(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.fault([codes.CAPTURE_STALLED, 1], segment=1)
    recorder.both(4)
    expect(card_report(host, recorder, tmp_path, "S0000001.MP4"), Verdict.ALTERED, "STORE_MISMATCH", 30)


@pytest.mark.parametrize("name", ["S0000003.WAV", "S0000003.AVI"])
@pytest.mark.parametrize("length", [0, 512])
def test_at_9_a_power_cut_before_the_first_frame_is_no_alteration(
    host: Host, tmp_path: Path, name: str, length: int
) -> None:
    """The file was made, and power went before any media were durable in it."""
    recorder = running(host)
    recorder.both(4)
    report = card_report(host, recorder, tmp_path, name, data=bytes(length))
    assert only(report, "UNSEALED").segment == 3
    assert report.verdict is Verdict.INDETERMINATE


@pytest.mark.parametrize("length", [0, 700])
def test_at_3_no_host_pulls_what_was_never_sealed(host: Host, tmp_path: Path, length: int) -> None:
    recorder = given_up(host)
    ended(host, recorder, tmp_path)
    folder = next((tmp_path / "store").glob("recorders/*/media/**/R0000001"))
    (folder / "S0000002.mp4").write_bytes(bytes(length))
    expect(report_of(tmp_path / "store", host), Verdict.ALTERED, "UNSIGNED_CONTENT", 3)


# Pieces


PIECES = [(5, 9), (13, 17), (0, 9), (14, 16)]


@pytest.mark.parametrize("piece", PIECES)
def test_a_piece_beside_a_hole_lacks_nothing(host: Host, tmp_path: Path, piece: tuple[int, int]) -> None:
    """Pictures are missing from second 9 to 13: what ends or begins there is whole."""
    report = piece_report(host, tmp_path, piece)
    assert (report.verdict, report.findings) == (Verdict.VERIFIED, ())


@pytest.mark.parametrize("piece", [(5, 9.001), (12.999, 17), (10, 11), (0, 20)])
def test_ob_1_a_piece_with_a_part_of_a_hole_lacks_it(host: Host, tmp_path: Path, piece: tuple[float, float]) -> None:
    report = piece_report(host, tmp_path, piece)
    assert only(report, "PICTURE_MISSING").verdict is report.verdict is Verdict.INCOMPLETE


def piece_report(host: Host, folder: Path, piece: tuple[float, float]) -> Report:
    """The report on these seconds of a recording in which pictures are missing from second 9 to 13."""
    recorder = running(host)
    recorder.both(4)
    recorder.segment(4)
    recorder.both(4)
    begin = ended(host, recorder, folder).interval[0]
    return report_of(folder / "store", host, start=begin + piece[0], end=begin + piece[1])


# Ticks


@pytest.mark.parametrize("attested", [codes.ATTESTED_INLINE, codes.ATTESTED_POST_CLOSE])
def test_at_6_a_segment_ends_before_it_is_sealed(host: Host, tmp_path: Path, attested: int) -> None:
    """No recorder knows what it will have recorded in ten minutes."""
    recorder = running(host)
    recorder.both(4)
    file = encoder_file(20_000) if attested == codes.ATTESTED_POST_CLOSE else wav_file(sound(600), 4096)
    recorder.seal_file(file, recorder.last_tick, recorder.last_tick + 600_000)
    report = ended(host, recorder, tmp_path)
    assert only(report, "ORDER").segment == 3
    assert report.verdict is Verdict.ALTERED


# One number, one file


@pytest.mark.parametrize("other", [".avi", ".mp4", ".bin", ".WAV"])
@pytest.mark.parametrize("is_kept", [True, False])
def test_at_30_a_number_with_another_extension(host: Host, tmp_path: Path, other: str, is_kept: bool) -> None:
    recorder = running(host)
    recorder.both(4)
    ended(host, recorder, tmp_path)
    path = next((tmp_path / "store").glob("recorders/*/media/**/S0000001.wav"))
    path.with_suffix(other).write_bytes(path.read_bytes())
    if not is_kept:
        path.unlink()
    expect(report_of(tmp_path / "store", host), Verdict.ALTERED, "STORE_MISMATCH", 30)


def test_at_21_faults_that_give_up_a_thousand_numbers_hide_no_time(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    recorder.both(4)
    for _ in range(1000):
        recorder.give_up(codes.CAPTURE_NO_START)
    recorder.wait(60)
    recorder.last_tick = recorder.ticks
    recorder.both(4)
    report = ended(host, recorder, tmp_path)
    expect(report, Verdict.INCOMPLETE, "COVERAGE_HOLE", 21)
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(60)


@pytest.mark.parametrize("changed", [{"lost": 1 << 40}, {"expected": 1 << 40}, {"written": 1 << 40}, {"rate": 1 << 30}])
def test_at_21_numbers_of_frames_that_lie(host: Host, tmp_path: Path, changed: dict[str, int]) -> None:
    recorder = running(host)
    recorder.both(4)
    recorder.segment(4, **changed)
    recorder.seal_file(avi_file(4), recorder.last_tick - 4_000, recorder.last_tick)
    assert ended(host, recorder, tmp_path).verdict not in GOOD
