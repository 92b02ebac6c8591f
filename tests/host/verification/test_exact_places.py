"""Where and when something differs, to the millisecond, as protocol/SPECIFICATION.md says it."""

from pathlib import Path

import pytest
from nacl.signing import SigningKey
from support.forge import Host, Recorder, key_of
from support.forged_media import File, avi_file, encoder_file, sound, wav_file
from support.verified import report_of

from evidock.report import Report, State
from evidock.verification.segments import SegmentChecker
from evidock_protocol import codes, kinds

BOTH = codes.TRACK_SOUND | codes.TRACK_PICTURE
LEAF = 32_768  # bytes: 1024 ms of sound
MEDIA = "recorders/*/media/**/"


class Forger:
    """Signs with a key of its own, and calls it `key`'s."""

    def __init__(self, key: SigningKey):
        self.verify_key = key.verify_key
        self.sign = key_of("forger").sign


def running(host: Host, tracks: int = codes.TRACK_SOUND) -> Recorder:
    recorder = host.recorder(tracks=tracks, leaf_size=LEAF)
    recorder.booted()
    recorder.wait(5)
    recorder.start()
    return recorder


def seal(recorder: Recorder, file: File, seconds: float, **changed: object) -> None:
    recorder.wait(seconds)
    recorder.seal_file(file, recorder.last_tick, recorder.ticks, **changed)


def docked(host: Host, recorder: Recorder, folder: Path) -> Path:
    recorder.stop()
    recorder.wait(10)
    host.dock(recorder)
    return host.write(folder / "store", recorder)


def flip(store: Path, pattern: str, place: int) -> None:
    (path,) = store.glob(MEDIA + pattern)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def altered(report: Report) -> list[int]:
    """Milliseconds of each altered stretch."""
    return [round(1000 * span.seconds) for span in report.coverage.spans if span.state is State.ALTERED]


def codes_of(report: Report) -> list[str]:
    return sorted(one.code for one in report.findings)


def test_one_leaf_of_sound_is_as_long_as_it_is(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    seal(recorder, wav_file(sound(10), LEAF), 10)
    store = docked(host, recorder, tmp_path)
    flip(store, "*.wav", 512 + LEAF)
    assert altered(report_of(store, host)) == [1024]


def test_times_are_rounded_outwards(host: Host, tmp_path: Path) -> None:
    """4096 bytes at 11025 samples a second are 185.76 ms."""
    recorder = running(host)
    file = wav_file(sound(10)[: 11_025 * 20], 4096)._replace(rate=11_025)
    seal(recorder, file, 10)
    store = docked(host, recorder, tmp_path)
    flip(store, "*.wav", 512 + 4096)
    report = report_of(store, host)
    assert altered(report) == [187]  # from 185.76 to 371.52


def test_what_lies_behind_the_chunks_is_the_whole_segment(host: Host, tmp_path: Path) -> None:
    """The index is in the last leaf, and so is a picture."""
    recorder = running(host, codes.TRACK_PICTURE)
    seal(recorder, avi_file(10), 10)
    store = docked(host, recorder, tmp_path)
    flip(store, "*.avi", -1)
    assert altered(report_of(store, host)) == [10_000]


def test_files_exchanged_between_two_tracks_are_named_twice(host: Host, tmp_path: Path) -> None:
    recorder = running(host, BOTH)
    recorder.both(10)
    store = docked(host, recorder, tmp_path)
    (first,), (second,) = store.glob(MEDIA + "*.wav"), store.glob(MEDIA + "*.avi")
    contents = first.read_bytes(), second.read_bytes()
    first.write_bytes(contents[1])
    second.write_bytes(contents[0])
    found = [one.segment for one in report_of(store, host).findings if (one.code, one.attack) == ("ORDER", 6)]
    assert set(found) == {1, 2}
    assert len(found) == 2


def test_copies_of_one_file_in_two_places_are_named_twice(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    for number in range(3):
        seal(recorder, wav_file(sound(4, number), LEAF), 4)
    store = docked(host, recorder, tmp_path)
    first, *others = sorted(store.glob(MEDIA + "*.wav"))
    for path in others:
        path.write_bytes(first.read_bytes())
    found = [one.segment for one in report_of(store, host).findings if one.code == "ORDER"]
    assert set(found) == {2, 3}
    assert len(found) == 2


def test_many_shapes_of_leaves_are_not_all_tried(host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recorder that lies names one length with a hundred sizes of leaves: the file is not hashed for each."""
    recorder = running(host)
    data = sound(1)
    for number in range(100):
        seal(recorder, wav_file(data, 4096 + number), 1)
    store = docked(host, recorder, tmp_path)
    flip(store, "*S0000001.wav", 600)
    count = 0
    whole_root = SegmentChecker.whole_root

    def counted(*arguments: object) -> bytes:
        nonlocal count
        count += 1
        return whole_root(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(SegmentChecker, "whole_root", counted)
    assert "CONTENT_MISMATCH" in codes_of(report_of(store, host))
    assert 0 < count < 20


def test_a_recording_whose_stop_does_not_count_keeps_its_seconds(host: Host, tmp_path: Path) -> None:
    recorder = running(host)
    seal(recorder, wav_file(sound(10), LEAF), 10)
    body = {"recording": 1, "reason": codes.STOP_BUTTON, "segments": 1, "last_tick": recorder.last_tick, "boot": 1}
    recorder.add(kinds.STOP, {**body, "battery": 80, "storage_free": 900}, key=Forger(recorder.key))
    recorder.wait(20)
    recorder.start()
    seal(recorder, wav_file(sound(4), LEAF), 4)
    report = report_of(docked(host, recorder, tmp_path), host)
    recorded = [(span.recording, round(span.seconds)) for span in report.coverage.spans if span.state is State.RECORDED]
    assert recorded == [(1, 10), (2, 4)]
    assert "TAIL_OPEN" in codes_of(report)


def test_a_clock_that_creeps_is_a_step(host: Host, tmp_path: Path) -> None:
    """Two seconds at each entry, and none of them is more than a clock may be off."""
    recorder = running(host)
    seal(recorder, wav_file(sound(4), LEAF), 4)
    for _ in range(4):
        recorder.wait(1)
        recorder.started -= 1_900
        recorder.add(kinds.MARK, {"recording": 1, "type": 1, "count": 1})
    report = report_of(docked(host, recorder, tmp_path), host)
    assert "CLOCK_STEP" in codes_of(report)


def test_the_first_word_of_an_encoder_that_comes_too_late_ends_the_wait(host: Host, tmp_path: Path) -> None:
    recorder = running(host, BOTH)
    first = recorder.last_tick
    recorder.wait(14)
    last = recorder.last_tick = recorder.ticks
    recorder.wait(16)
    recorder.give_up(codes.CAPTURE_FILE_GONE)
    recorder.wait(4)
    recorder.seal_file(encoder_file(4 << 20), first, last)
    recorder.stop()
    recorder.wait(10)
    host.dock(recorder)
    report = report_of(host.write(tmp_path / "store", recorder), host)
    assert "COVERAGE_HOLE" in codes_of(report)


@pytest.mark.parametrize(("changed", "code"), [({"rate": 0}, "MALFORMED"), ({"stored": 9}, "UNKNOWN_FORMAT")])
def test_the_frames_of_a_segment_that_is_rejected_are_not_judged(
    changed: dict[str, int], code: str, host: Host, tmp_path: Path
) -> None:
    recorder = running(host)
    seal(recorder, wav_file(sound(10), LEAF), 10, written=0, lost=5, **changed)
    found = codes_of(report_of(docked(host, recorder, tmp_path), host))
    assert code in found
    assert not {"SAMPLES_LOST", "AUDIO_MISSING", "COVERAGE_HOLE"} & set(found)
