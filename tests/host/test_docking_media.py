"""Every kind of media through a docking: AVI beside WAV, files of an encoder, and files smaller than a header."""

from collections.abc import Generator
from pathlib import Path

import pytest
from support.docks import dock, enrol, make_store
from support.forged_media import File, avi_file, encoder_file, sound, wav_file
from support.recorder import LEAF, ScriptedRecorder

from evidock import durable
from evidock.archive import Archive
from evidock.disk_work import DiskWork
from evidock.media import is_intact
from evidock.report import State, Verdict
from evidock.store import Store
from evidock.verification import verify
from evidock_protocol import codes, kinds, merkle


@pytest.fixture
def recorder() -> ScriptedRecorder:
    return ScriptedRecorder()


@pytest.fixture
def store(tmp_path: Path, recorder: ScriptedRecorder) -> Generator[Store]:
    with make_store(tmp_path / "store") as made:
        enrol(recorder, made)
        yield made


def start(recorder: ScriptedRecorder, tracks: int) -> None:
    recorder.recordings += 1
    body = {"recording": recorder.recordings, "reason": 1, "tracks": tracks, "card": None, "battery": 90}
    recorder.open_start = recorder.append(kinds.START, {**body, "storage_free": None, "handover": None})


def seal(recorder: ScriptedRecorder, number: int, file: File, first: int) -> tuple[int, int]:
    """Seals `file` as a segment that began at tick `first`."""
    key = (recorder.recordings, number)
    recorder.media[key] = bytearray(file.data)
    leaves = [merkle.leaf_hash(file.data[: file.header]), *merkle.hash_leaves(file.data, file.header, file.leaf_size)]
    recorder.leaves[key] = leaves
    body = {
        "recording": key[0], "number": number, "media": file.media, "header_length": file.header,
        "length": len(file.data), "leaf_size": file.leaf_size,
        "root": merkle.segment_root(leaves[0], merkle.root_of(leaves[1:])), "boot": 1, "first_tick": first,
        "last_tick": recorder.ticks, "expected": (recorder.ticks - first) * file.rate // 1000,
        "written": file.written, "lost": file.lost, "rate": file.rate, "track": file.track, "attested": file.attested,
        "stored": 0, "attested_length": len(file.data),
    }  # fmt: skip
    recorder.append(kinds.SEGMENT, body)
    return key


FILES = {
    "avi": avi_file(4),
    "pictures of an encoder": encoder_file(200_000, track=codes.TRACK_PICTURE),
    "another container": encoder_file(70_000, media=codes.MEDIA_OTHER, track=codes.TRACK_PICTURE),
    "as long as a header": encoder_file(512, track=codes.TRACK_PICTURE),
    "shorter than a header": encoder_file(7, track=codes.TRACK_PICTURE),
    "one byte more than a leaf": encoder_file(512 + 4096 + 1, track=codes.TRACK_PICTURE),
}
EXTENSIONS = {codes.MEDIA_AVI: ".avi", codes.MEDIA_MP4: ".mp4", codes.MEDIA_OTHER: ".bin"}


@pytest.mark.parametrize("name", FILES)
def test_sound_and_another_file_are_docked_receipted_and_verified(
    store: Store, recorder: ScriptedRecorder, name: str
) -> None:
    file = FILES[name]
    start(recorder, 3)
    first = recorder.ticks
    recorder.ticks += 4000
    keys = [seal(recorder, 1, wav_file(sound(4), LEAF), first), seal(recorder, 2, file, first)]
    recorder.stop()
    result = dock(recorder, store)
    assert result.segments == result.receipted == keys
    assert recorder.device is not None
    archive = store.archive(recorder.device)
    path = archive.media_path(*keys[1])
    assert path.suffix == EXTENSIONS[file.media]
    assert path.read_bytes() == file.data
    assert is_intact(path, archive.segments.known[keys[1]])
    report = verify(store.folder, trust=[store.host.thumbprint.hex(), recorder.device.hex()])
    sealed_late = file.attested == codes.ATTESTED_POST_CLOSE
    assert report.coverage.seconds(State.POST_CLOSE if sealed_late else State.RECORDED) == pytest.approx(4)
    # The clock of this recorder stands still, and it checks nothing before it records.
    assert {one.code for one in report.findings} <= {"CLOCK_STEP", "UNCHECKED"}
    path.write_bytes(file.data[:-1] + bytes([file.data[-1] ^ 1]))
    assert verify(store.folder, trust=[recorder.device.hex()]).verdict is Verdict.ALTERED


def test_a_second_docking_mends_a_file_of_any_kind(store: Store, recorder: ScriptedRecorder) -> None:
    """What was pulled and then changed here, before its receipt, is pulled again where it differs."""
    start(recorder, 3)
    first = recorder.ticks
    recorder.ticks += 4000
    key = seal(recorder, 1, encoder_file(60_000), first)
    recorder.stop()
    good = bytes(recorder.media[key])
    recorder.media[key][30_000] ^= 1
    assert dock(recorder, store).damaged == [key]
    recorder.media[key][30_000] ^= 1
    result = dock(recorder, store)
    assert (result.segments, result.receipted) == ([key], [key])
    assert recorder.device is not None
    assert store.archive(recorder.device).media_path(*key).read_bytes() == good


@pytest.fixture
def archive(store: Store, recorder: ScriptedRecorder) -> Archive:
    """Of a recorder whose only segment was docked."""
    recorder.shift(1, 1, LEAF + 30)
    dock(recorder, store)
    assert recorder.device is not None
    return store.archive(recorder.device)


def test_what_is_found_whole_is_made_durable_before_its_receipt(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host died between giving a file its name and flushing it: what a receipt says must outlive the next crash."""
    (path,) = [one for one in archive.media_path(1, 1).parent.rglob("S0000001.*") if one.suffix == ".wav"]
    flushed: list[Path] = []
    monkeypatch.setattr(durable, "sync_file", flushed.append)
    assert DiskWork(archive).look(archive.segments.known[1, 1]).is_whole
    assert flushed == [path]


def test_a_repair_that_broke_off_goes_on(archive: Archive) -> None:
    """What was mended of a damaged file is in the half-pulled one: it is not copied over."""
    path, partial = archive.media_path(1, 1), archive.partial_path(1, 1)
    whole = path.read_bytes()
    path.write_bytes(b"rot!" + whole[4:])
    partial.parent.mkdir(parents=True, exist_ok=True)
    partial.write_bytes(whole)
    assert not DiskWork(archive).look(archive.segments.known[1, 1]).is_whole
    assert partial.read_bytes() == whole
