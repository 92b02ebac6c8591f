"""What a virtual recorder hears and sees: the files that ship, the user's own, and files that are no good."""

import hashlib
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from evidock_simulator import images, scenario
from evidock_simulator.virtual import sources
from evidock_simulator.virtual.clip import FragmentedMp4, PlainFile, open_clip
from evidock_simulator.virtual.pictures import AviFile, height_place
from evidock_simulator.virtual.sound import NotUsable, WavFile

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")


def picture(source: AviFile, number: int) -> bytes:
    buffer = memoryview(bytearray(source.length(number)))
    half = len(buffer) // 2
    source.read(number, 0, buffer[:half])
    source.read(number, half, buffer[half:])
    return bytes(buffer)


def avi(path: Path, pictures: list[bytes], base: int = 4, streams: int = 1, codec: bytes = b"MJPG") -> Path:
    """The least AVI that has an index, whose offsets count from `base` bytes before the first chunk."""
    movi, index = b"movi", b""
    for data in pictures:
        index += struct.pack("<4sIII", b"00dc", 16, len(movi) - 4 + base, len(data))
        movi += struct.pack("<4sI", b"00dc", len(data)) + data + bytes(len(data) % 2)
    main = struct.pack("<14I", 100_000, 0, 0, 16, len(pictures), 0, streams, 0, 32, 16, 0, 0, 0, 0)
    stream = b"vids" + codec + struct.pack("<10I", 0, 0, 0, 1, 10, 0, len(pictures), 0, 0, 0) + bytes(8)
    strl = b"strl" + struct.pack("<4sI", b"strh", len(stream)) + stream
    hdrl = b"hdrl" + struct.pack("<4sI", b"avih", len(main)) + main + struct.pack("<4sI", b"LIST", len(strl)) + strl
    body = b"AVI " + struct.pack("<4sI", b"LIST", len(hdrl)) + hdrl + struct.pack("<4sI", b"LIST", len(movi)) + movi
    body += struct.pack("<4sI", b"idx1", len(index)) + index if pictures else b""
    path.write_bytes(struct.pack("<4sI", b"RIFF", len(body)) + body)
    return path


def test_what_ships_is_what_the_readme_says() -> None:
    folder = images.MEDIA["sound"].parent
    told = (folder / "README.md").read_text(encoding="utf-8")
    for path in images.MEDIA.values():
        assert hashlib.sha256(path.read_bytes()).hexdigest() in told


def test_the_pictures_that_ship_are_in_step_with_the_sound() -> None:
    seen = AviFile(str(images.MEDIA["picture"]))
    assert (seen.rate, seen.width, seen.height) == (4, 320, 240)
    every = [picture(seen, number) for number in range(116)]
    assert all(data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9" for data in every)
    assert all(struct.unpack_from(">HH", data, height_place(memoryview(data))) == (240, 320) for data in every)
    assert picture(seen, 116 + 7) == every[7] != every[8]
    heard = WavFile(str(images.MEDIA["sound"]))
    bytes_of_sound = images.MEDIA["sound"].stat().st_size - 44
    assert abs(bytes_of_sound / (2 * heard.rate) - len(every) / seen.rate) < 0.01


def test_a_clip_in_fragments_goes_on_without_end(tmp_path: Path) -> None:
    clip = open_clip(str(images.MEDIA["encoder"]))
    assert isinstance(clip, FragmentedMp4)
    assert (clip.rate, clip.tracks) == (4, 3)
    assert clip.due(0, False) == 1  # the head
    assert clip.due(70_400, True) == 1 + 281
    assert clip.piece(0)[4:8] == b"ftyp"
    assert len({clip.piece(1 + loop * 128) for loop in range(3)}) == 3
    assert len(clip.piece(1)) == len(clip.piece(129))


@needs_ffmpeg
def test_a_clip_of_three_rounds_plays_without_a_seam(tmp_path: Path) -> None:
    clip = open_clip(str(images.MEDIA["encoder"]))
    made = tmp_path / "long.mp4"
    made.write_bytes(b"".join(clip.piece(number) for number in range(clip.due(70_250, True))))
    command = ["ffprobe", "-v", "warning", "-count_packets", "-show_entries", "stream=duration,nb_read_packets"]
    probe = subprocess.run([*command, "-of", "csv=p=0", str(made)], capture_output=True, text=True, check=True)
    assert probe.stderr == ""
    assert probe.stdout.split() == ["70.250000,281", "70.336000,1101"]
    run = ["ffmpeg", "-v", "warning", "-xerror", "-i", str(made), "-f", "null", "-"]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stderr == ""


def test_any_other_file_is_copied_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "clip"
    path.write_bytes(bytes(range(256)) * 100 + b"end")
    clip = open_clip(str(path))
    assert isinstance(clip, PlainFile)
    assert (clip.media, clip.rate) == (4, 0)
    assert clip.due(0, False) == 0 < clip.due(40, False) < clip.due(0, True) == 7
    assert b"".join(clip.piece(number) for number in range(7)) == path.read_bytes()


@pytest.mark.parametrize("base", [4, 4096])
def test_an_index_counts_from_either_place(base: int, tmp_path: Path) -> None:
    """And an empty chunk shows the picture before it, as players do."""
    pictures = [b"\xff\xd8one\xff\xd9", b"", b"\xff\xd8three\xff\xd9"]
    path = avi(tmp_path / "a.avi", pictures)
    if base != 4:
        start = path.read_bytes().index(b"movi")
        avi(path, pictures, start + 4)
    seen = AviFile(str(path))
    assert [picture(seen, number) for number in range(4)] == [pictures[0], pictures[0], pictures[2], pictures[0]]


def test_files_that_are_no_good(tmp_path: Path) -> None:
    good = [b"\xff\xd8one\xff\xd9"]
    bad = [
        avi(tmp_path / "a.avi", []),
        avi(tmp_path / "b.avi", good, streams=2),
        avi(tmp_path / "c.avi", good, codec=b"H264"),
        avi(tmp_path / "d.avi", [b"", *good]),
    ]
    whole = avi(tmp_path / "whole.avi", good).read_bytes()
    for length in (0, 3, 12, 60, 150, len(whole) - 17):
        path = tmp_path / f"cut-{length}.avi"
        path.write_bytes(whole[:length])
        bad.append(path)
    for path in bad:
        with pytest.raises(NotUsable):
            AviFile(str(path))
    empty = tmp_path / "empty"
    empty.touch()
    fragments = images.MEDIA["encoder"].read_bytes()
    lame = tmp_path / "lame.mp4"
    lame.write_bytes(fragments.replace(b"tfdt", b"free"))
    for path in (empty, lame):
        with pytest.raises(NotUsable):
            open_clip(str(path))


def test_each_file_goes_to_its_track(tmp_path: Path) -> None:
    given = [avi(tmp_path / "a.avi", [b"\xff\xd8one\xff\xd9"])]
    state = images.prepare(tmp_path / "one", tmp_path / "one.card", "patrol", 1, given)
    assert state["picture"] == str(given[0])
    assert state["media"] == str(images.MEDIA["sound"])
    assert state["encoder"] is None
    sound, pictures, clip = sources.open_all(state)
    assert isinstance(sound, WavFile)
    assert isinstance(pictures, AviFile)
    assert clip is None
    # Gone on with, it keeps what it was given, and takes something else.
    assert images.prepare(tmp_path / "one", tmp_path / "one.card", "patrol")["picture"] == str(given[0])
    state = images.prepare(tmp_path / "one", tmp_path / "one.card", "patrol", None, [images.MEDIA["picture"]])
    assert (state["picture"], state["media"]) == (str(images.MEDIA["picture"]), str(images.MEDIA["sound"]))
    # Without media of its own, an encoder's scenario plays what ships.
    state = images.prepare(tmp_path / "two", tmp_path / "two.card", "external-encoder")
    assert (state["media"], state["picture"], state["encoder"]) == (None, None, str(images.MEDIA["encoder"]))


def test_a_recorder_with_nothing_but_what_is_given(tmp_path: Path) -> None:
    place = (tmp_path / "one", tmp_path / "one.card", "patrol")
    state = images.prepare(*place, 1, [images.MEDIA["picture"]], only_media=True)
    assert [source is None for source in sources.open_all(state)] == [True, False, True]
    assert sources.tracks(images.prepare(*place)) == [sources.PICTURE]  # for the life of its shift
    state = images.prepare(tmp_path / "two", tmp_path / "two.card", "patrol", 1, only_media=True)
    assert sources.tracks(state) == [sources.SOUND, sources.PICTURE]
    with pytest.raises(images.BadImage, match="is what the recorder of scenario patrol takes"):
        images.prepare(tmp_path / "three", tmp_path / "c", "patrol", 1, [images.MEDIA["encoder"]], only_media=True)


def test_files_that_no_track_takes(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("To whom it may concern")
    wav, seen, clip = (images.MEDIA[track] for track in ("sound", "picture", "encoder"))
    for name, given in (("patrol", [clip]), ("patrol", [text]), ("quiet-shift", [seen]), ("external-encoder", [wav])):
        with pytest.raises(images.BadImage, match=str(given[0])):
            images.prepare(tmp_path / "one", tmp_path / "one.card", name, 1, given)
    with pytest.raises(images.BadImage, match="another"):
        images.prepare(tmp_path / "one", tmp_path / "one.card", "patrol", 1, [wav, wav])
    with pytest.raises(OSError, match="absent"):
        images.prepare(tmp_path / "one", tmp_path / "one.card", "patrol", 1, [tmp_path / "absent"])
    assert not list(tmp_path.glob("one*"))


def test_scenarios_name_their_tracks() -> None:
    assert scenario.load("patrol")[0]["tracks"] == ["sound", "picture"]
    assert scenario.load("quiet-shift")[0]["tracks"] == ["sound"]
    assert scenario.load("external-encoder")[0]["tracks"] == ["encoder"]
