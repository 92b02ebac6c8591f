"""AT-1, 3, 4, 5, 7, 8, 10, 24, 30, 31: what is done to media files in a store, and where the report locates it."""

import shutil
from pathlib import Path

import pytest
from support.forge import SECOND, Host, Recorder, key_of, put, resigned, shift, sound
from support.verified import expect, only, report_of

from evidock import layout
from evidock.report import State, Verdict
from evidock_protocol import card, merkle, wav

FIRST_START = 12.0  # seconds of the shift at which its first recording starts
LEAF = 16 * 1024


def media(store: Path, recording: int, number: int) -> Path:
    return next(store.glob(f"recorders/*/media/**/{card.recording_folder(recording)}/{card.segment_stem(number)}.wav"))


def test_a_clean_store_is_verified(store: Path, host: Host) -> None:
    report = report_of(store, host)
    assert report.verdict is Verdict.VERIFIED
    assert report.findings == ()
    assert report.coverage.seconds(State.RECORDED) == pytest.approx(10.0)
    assert report.devices[0].head is not None
    assert report.devices[0].epochs == 4


@pytest.mark.parametrize("offset", [wav.WAV_HEADER, 20_000, wav.WAV_HEADER + 2 * SECOND - 1])
def test_at_1_a_flipped_bit_is_located_to_its_leaf_and_its_seconds(store: Path, host: Host, offset: int) -> None:
    path = media(store, 1, 2)
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)
    report = report_of(store, host)
    finding = expect(report, Verdict.ALTERED, "CONTENT_MISMATCH", 1)
    leaf = (offset - wav.WAV_HEADER) // LEAF
    start = wav.WAV_HEADER + leaf * LEAF
    assert finding.bytes == (start, min(start + LEAF, len(data)))
    assert (finding.recording, finding.segment) == (1, 2)
    assert finding.path is not None
    assert finding.path.endswith("R0000001/S0000002.wav")
    assert finding.time is not None
    begin = report.interval[0] + FIRST_START + 2.0  # the second segment starts two seconds into the recording
    assert finding.time[0] == pytest.approx(begin + leaf * LEAF / SECOND, abs=0.01)
    assert finding.time[1] == pytest.approx(min(begin + (leaf + 1) * LEAF / SECOND, begin + 2), abs=0.01)
    assert report.coverage.seconds(State.ALTERED) == pytest.approx(finding.time[1] - finding.time[0], abs=0.001)
    assert report.coverage.seconds(State.RECORDED) == pytest.approx(10 - (finding.time[1] - finding.time[0]), abs=0.001)


def test_at_1_replaced_bytes_in_two_places_are_two_findings(store: Path, host: Host) -> None:
    path = media(store, 1, 1)
    data = bytearray(path.read_bytes())
    data[600:700] = bytes(100)
    data[40_000:40_100] = bytes(100)
    path.write_bytes(data)
    report = report_of(store, host)
    assert [finding.bytes for finding in report.findings] == [(512, 16_896), (33_280, 49_664)]
    assert report.verdict is Verdict.ALTERED


def test_at_1_a_reencoded_file_is_altered_as_a_whole(store: Path, host: Host) -> None:
    path = media(store, 2, 1)
    data = sound(2.0, seed=99)
    path.write_bytes(wav.wav_header(16_000, 1, 16, len(data)) + data)
    finding = expect(report_of(store, host), Verdict.ALTERED, "CONTENT_MISMATCH", 1)
    assert finding.bytes == (wav.WAV_HEADER, wav.WAV_HEADER + len(data))


@pytest.mark.parametrize("kept", [0, 100, wav.WAV_HEADER, 30_000, 2 * SECOND])
def test_at_1_a_truncated_file_is_altered_from_its_cut_on(store: Path, host: Host, kept: int) -> None:
    path = media(store, 1, 1)
    whole = path.read_bytes()
    path.write_bytes(whole[:kept])
    report = report_of(store, host)
    assert report.verdict is Verdict.ALTERED
    found = [one for one in report.findings if one.code == "CONTENT_MISMATCH"]
    assert found[-1].bytes is not None
    assert found[-1].bytes[1] == len(whole)
    assert min(one.bytes[0] for one in found if one.bytes) <= kept


def test_at_1_without_leaf_hashes_the_whole_segment_is_named(store: Path, host: Host) -> None:
    path = media(store, 1, 2)
    data = bytearray(path.read_bytes())
    data[20_000] ^= 1
    path.write_bytes(data)
    shutil.rmtree(next(store.glob("recorders/*/leaves")))
    finding = expect(report_of(store, host), Verdict.ALTERED, "CONTENT_MISMATCH", 1)
    assert finding.bytes == (0, len(data))


def test_leaf_hashes_that_were_changed_too_mislead_nobody(store: Path, host: Host) -> None:
    path = media(store, 1, 2)
    data = bytearray(path.read_bytes())
    data[20_000] ^= 1
    path.write_bytes(data)
    leaves = [merkle.leaf_hash(bytes(data[:512])), *merkle.hash_leaves(data, 512, LEAF)]
    next(store.glob("recorders/*/leaves/R0000001/S0000002.lvs")).write_bytes(b"".join(leaves))
    report = report_of(store, host)
    assert expect(report, Verdict.ALTERED, "CONTENT_MISMATCH", 1).bytes == (0, len(data))
    only(report, "LEAVES_DAMAGED")


def test_at_3_signatures_stripped_from_a_known_recorder(store: Path, host: Host) -> None:
    next(store.glob("recorders/*/journal.cbs")).unlink()
    report = report_of(store, host)
    found = [one for one in report.findings if one.code == "UNSIGNED_CONTENT"]
    assert len(found) == 5
    assert {one.attack for one in found} == {3}
    assert report.verdict is Verdict.ALTERED


def test_at_3_a_loose_file_without_any_journal_is_untrusted(tmp_path: Path, host: Host) -> None:
    host.write(tmp_path / "store")
    device = bytes(range(32))
    put(tmp_path / "store" / layout.recorder(device) / "media/2025/03/14/R0000001/S0000001.wav", sound(1))
    report = report_of(tmp_path / "store", host)
    expect(report, Verdict.UNTRUSTED, "UNSIGNED_CONTENT", 3)


def test_at_3_a_file_that_no_entry_names(store: Path, host: Host) -> None:
    path = media(store, 2, 2)
    path.with_name("S0000003.wav").write_bytes(path.read_bytes())
    finding = expect(report_of(store, host), Verdict.ALTERED, "UNSIGNED_CONTENT", 3)
    assert (finding.recording, finding.segment) == (2, 3)


def test_at_4_a_forged_tail_is_uncovered(store: Path, host: Host) -> None:
    path = media(store, 1, 3)
    whole = path.read_bytes()
    path.write_bytes(whole + bytes(5000))
    finding = expect(report_of(store, host), Verdict.ALTERED, "UNCOVERED_TAIL", 4)
    assert finding.bytes == (len(whole), len(whole) + 5000)
    assert finding.segment == 3


def test_at_5_a_deleted_file_inside_a_recording(store: Path, host: Host) -> None:
    media(store, 1, 2).unlink()
    report = report_of(store, host)
    finding = expect(report, Verdict.INCOMPLETE, "SEGMENT_MISSING", 5)
    assert (finding.recording, finding.segment) == (1, 2)
    begin = report.interval[0] + FIRST_START
    assert finding.time == pytest.approx((begin + 2, begin + 4))
    assert report.coverage.seconds(State.UNEXPLAINED) == pytest.approx(2)


def test_at_7_a_trimmed_beginning(store: Path, host: Host) -> None:
    media(store, 1, 1).unlink()
    report = report_of(store, host)
    finding = expect(report, Verdict.INCOMPLETE, "HEAD_MISSING", 7)
    assert finding.time == pytest.approx((report.interval[0] + FIRST_START, report.interval[0] + FIRST_START + 2))


def test_at_8_a_trimmed_end(store: Path, host: Host) -> None:
    for number in (2, 3):
        media(store, 1, number).unlink()
    report = report_of(store, host)
    finding = expect(report, Verdict.INCOMPLETE, "TAIL_OPEN", 8)
    assert finding.time == pytest.approx((report.interval[0] + FIRST_START + 2, report.interval[0] + FIRST_START + 6))
    assert finding.segment == 2


def test_at_10_a_whole_recording_deleted(store: Path, host: Host) -> None:
    shutil.rmtree(media(store, 1, 1).parent)
    report = report_of(store, host)
    finding = expect(report, Verdict.INCOMPLETE, "RECORDING_MISSING", 10)
    assert finding.recording == 1
    assert finding.time == pytest.approx((report.interval[0] + FIRST_START, report.interval[0] + FIRST_START + 6))


def test_a_deleted_file_stays_missing_when_the_receipts_are_deleted_too(store: Path, host: Host) -> None:
    media(store, 1, 2).unlink()
    next(store.glob("recorders/*/receipts.cbs")).unlink()
    (store / layout.CUSTODY).unlink()
    report = report_of(store, host, trust=[next(store.glob("recorders/*")).name])
    only(report, "SEGMENT_MISSING")  # the recorder sealed the receipt
    only(report, "CUSTODY_BREAK")  # and noted how far the host's custody had got
    assert report.verdict is Verdict.ALTERED


def test_a_segment_that_never_came_is_pending(tmp_path: Path, host: Host) -> None:
    recorder = host.recorder()
    recorder.booted()
    recorder.start()
    recorder.segment(2)
    recorder.segment(2)
    recorder.stop()
    host.dock(recorder, receipt=False)
    store = host.write(tmp_path / "store", recorder)
    media(store, 1, 2).unlink()
    report = report_of(store, host)
    assert report.verdict is Verdict.INDETERMINATE
    only(report, "PENDING")
    assert report.coverage.seconds(State.PENDING) == pytest.approx(2)


def test_at_24_a_swapped_header(store: Path, host: Host) -> None:
    path = media(store, 1, 1)
    data = bytearray(path.read_bytes())
    data[: wav.WAV_HEADER] = wav.wav_header(8_000, 1, 16, len(data) - wav.WAV_HEADER)
    path.write_bytes(data)
    finding = expect(report_of(store, host), Verdict.ALTERED, "CONTENT_MISMATCH", 24)
    assert finding.bytes == (0, wav.WAV_HEADER)


def test_at_30_a_renamed_file(store: Path, host: Host) -> None:
    path = media(store, 1, 2)
    folder = path.parent.parent / "R0000002"
    path.rename(folder / "S0000009.wav")
    report = report_of(store, host)
    assert report.verdict is Verdict.ALTERED
    only(report, "UNSIGNED_CONTENT")
    only(report, "SEGMENT_MISSING")


def test_at_30_a_file_moved_to_another_day(store: Path, host: Host) -> None:
    path = media(store, 1, 2)
    elsewhere = path.parents[2] / "15" / "R0000001"
    elsewhere.mkdir(parents=True)
    path.rename(elsewhere / path.name)
    expect(report_of(store, host), Verdict.ALTERED, "STORE_MISMATCH", 30)


def test_at_31_a_foreign_file(store: Path, host: Host) -> None:
    path = media(store, 1, 2)
    path.with_name("interview.mp4").write_bytes(b"x" * 100)
    finding = expect(report_of(store, host), Verdict.ALTERED, "INSERTED", 31)
    assert finding.path is not None
    assert finding.path.endswith("interview.mp4")


def test_files_swapped_between_two_segments_are_both_altered(store: Path, host: Host) -> None:
    one, two = media(store, 1, 1), media(store, 1, 2)
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    report = report_of(store, host)
    assert report.verdict is Verdict.ALTERED
    assert {finding.segment for finding in report.findings if finding.code == "CONTENT_MISMATCH"} == {1, 2}
    swapped = [finding for finding in report.findings if (finding.code, finding.attack) == ("ORDER", 6)]
    assert {finding.segment for finding in swapped} == {1, 2}
    assert all(finding.time for finding in swapped)


def test_at_15_another_recorders_file_in_this_place(host: Host, recorder: Recorder, tmp_path: Path) -> None:
    other = shift(host, "other")
    store = host.write(tmp_path / "both", recorder, other)
    theirs = next(store.glob(f"recorders/{other.device.hex()}/media/**/R0000001/S0000003.wav"))
    ours = next(store.glob(f"recorders/{recorder.device.hex()}/media/**/R0000001/S0000002.wav"))
    ours.write_bytes(theirs.read_bytes())
    finding = next(one for one in report_of(store, host).findings if one.code == "WRONG_DEVICE")
    assert finding.attack == 15
    assert other.device.hex()[:16] in finding.text


def test_a_thief_without_keys_cannot_sign_for_his_edit(store: Path, host: Host) -> None:
    """The editor seals his edit with a SEGMENT signed by a key of his own: the chain prescribes another (AT-17)."""
    path = media(store, 1, 2)
    data = path.read_bytes()[:-1] + b"\x55"
    path.write_bytes(data)

    def seal(payload: dict[int, object]) -> None:
        leaves = merkle.hash_leaves(data, wav.WAV_HEADER, LEAF)
        header = merkle.leaf_hash(data[: wav.WAV_HEADER])
        payload[10][6] = merkle.segment_root(header, merkle.root_of(leaves))  # type: ignore[index]

    original = shift(Host()).entries[4]
    journal = next(store.glob("recorders/*/journal.cbs"))
    journal.write_bytes(journal.read_bytes().replace(original, resigned(original, key_of("thief"), seal)))
    report = report_of(store, host)
    only(report, "KEY_CHANGE")
    assert report.verdict is Verdict.ALTERED  # the entries after it do not follow from his
