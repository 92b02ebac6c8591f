"""What comes out of a docking plays: ffmpeg opens each kind of segment, counts what SEGMENT counts, and seeks (OB-1).

Real MicroPython, a real pty, `evidock sync`; the players are strangers to all of it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from end_to_end.evidence import journal, run, write_scenario
from support.virtual import virtual

from evidock_protocol import codes, kinds
from evidock_simulator import images, launch

pytestmark = [
    pytest.mark.skipif(not launch.has_micropython(), reason="MicroPython's unix build has no wheel for this platform"),
    pytest.mark.skipif(
        shutil.which("ffprobe") is None, reason="needs ffprobe and ffmpeg, which play what was recorded"
    ),
]

# Sound and picture of one segment may differ by so much: whole pictures, each 250 ms, and what a stalled camera hands
# out late.
STEP_SECONDS = 0.26
FAULTY_STEP_SECONDS = 1.0
SCENARIOS: dict[str, tuple[list[str], list[list[Any]]]] = {
    # Two segments of each track, then a recording that loses power.
    "camera": (
        ["sound", "picture"],
        [
            [5, "press", "record"], [85, "press", "stop"],
            [90, "press", "record"], [117, "cut"], [130, "boot"], [140, "dock"],
        ],
    ),
    "encoder": (["encoder"], [[5, "press", "record"], [85, "press", "stop"], [100, "dock"]]),
    "faulty": (
        ["sound", "picture"],
        [
            [5, "press", "record"], [10, "camera", "half"], [15, "camera", "stall"], [18, "camera", "mend"],
            [25, "camera", "freeze"], [28, "camera", "mend"], [35, "camera", "resize"], [45, "press", "stop"],
            [50, "dock"],
        ],
    ),
}  # fmt: skip


class Played(NamedTuple):
    """One sealed segment: the fields of SEGMENT, and its file in the store."""

    body: dict[str, Any]
    path: Path

    @property
    def seconds(self) -> float:
        return (self.body["last_tick"] - self.body["first_tick"]) / 1000

    def probe(self) -> dict[str, Any]:
        """What ffprobe sees: `duration` of the file in seconds, and its streams by kind with `packets`."""
        command = ["ffprobe", "-v", "error", "-count_packets", "-show_streams", "-show_format", "-of", "json"]
        told = json.loads(subprocess.run([*command, str(self.path)], capture_output=True, check=True).stdout)
        streams = {one["codec_type"]: {**one, "packets": int(one["nb_read_packets"])} for one in told["streams"]}
        return {"duration": float(told["format"]["duration"]), **streams}

    def decode(self, *options: str, at: float = 0) -> bytes:
        """The decoded pictures, grey and 32 x 24 pixels each, from `at` seconds on; ffmpeg must not complain."""
        command = ["ffmpeg", "-v", "error", "-ss", str(at), "-i", str(self.path), "-vsync", "passthrough", *options]
        command += ["-vf", "scale=32:24", "-pix_fmt", "gray", "-f", "rawvideo", "-"]
        done = subprocess.run(command, capture_output=True, check=True)
        assert done.stderr == b""
        return done.stdout


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One store into which a recorder of each scenario was synced; made once for all workers."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = base / "playable"
    folder.mkdir(exist_ok=True)
    with (base / "playable.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").is_file():
            make(folder)
            (folder / "made").touch()
    return folder / "store"


def make(folder: Path) -> None:
    """`evidock init`, then `evidock-sim run`, `evidock provision` and `evidock sync` for each scenario."""
    does(folder, "init", str(folder / "store"))
    for seed, (name, (tracks, events)) in enumerate(SCENARIOS.items(), 31):
        work = folder / name
        work.mkdir()
        scenario = write_scenario(work, name, events)
        scenario.write_text(json.dumps({**json.loads(scenario.read_text()), "tracks": tracks}))
        with virtual(work, str(scenario), "--speed", "max", "--seed", str(seed)) as recorder:
            recorder.wait_for("waiting")
            does(folder, "provision", "--port", str(recorder.port), str(folder / "store"), "--serial", name)
            recorder.wait_for("docked")
            does(folder, "sync", "--port", str(recorder.port), str(folder / "store"))


def does(folder: Path, *arguments: str) -> None:
    done = run(folder, *arguments)
    assert done.returncode == 0, done.stderr


def segments(store: Path, name: str) -> list[Played]:
    """The segments of the recorder that played a scenario, in the order of their entries."""
    for folder in sorted((store / "recorders").iterdir()):
        entries = journal(folder)
        bodies = [one.body for one in entries if one.kind == kinds.SEGMENT]
        if entries[0].body["serial"] == name:
            return [Played(body, find(folder, body)) for body in bodies]
    raise AssertionError(f"no recorder {name}")


def find(folder: Path, body: dict[str, Any]) -> Path:
    stem = f"R{body['recording']:07d}/S{body['number']:07d}.*"
    (path,) = (one for one in (folder / "media").rglob(stem) if one.suffix in (".wav", ".avi", ".mp4", ".bin"))
    assert path.stat().st_size == body["length"]
    return path


def pairs(found: list[Played]) -> Iterator[tuple[Played, Played]]:
    """(sound, picture) of each stretch of time."""
    for sound in found:
        if sound.body["track"] == codes.TRACK_SOUND:
            span = (sound.body["recording"], sound.body["number"] + 1)
            yield sound, next(one for one in found if (one.body["recording"], one.body["number"]) == span)


def test_sound_and_pictures_play_side_by_side(store: Path) -> None:
    found = segments(store, "camera")
    sides = list(pairs(found))
    assert len(sides) == 3
    for sound, picture in sides:
        heard, seen = sound.probe(), picture.probe()
        assert heard["audio"]["codec_name"] == "pcm_s16le"
        assert heard["duration"] == pytest.approx(sound.body["written"] / sound.body["rate"], abs=0.001)
        assert heard["duration"] == pytest.approx(sound.seconds, abs=0.02)
        assert seen["video"]["codec_name"] == "mjpeg"
        assert (seen["video"]["width"], seen["video"]["height"]) == (320, 240)
        assert seen["video"]["packets"] == int(seen["video"]["nb_frames"]) == picture.body["written"]
        assert picture.body["lost"] == 0
        assert seen["duration"] == pytest.approx(heard["duration"], abs=STEP_SECONDS)
        assert len(picture.decode()) == picture.body["written"] * 32 * 24


def test_pictures_that_lost_their_power_play(store: Path) -> None:
    """What recovery sealed has its header and its index again (AT-9)."""
    found = segments(store, "camera")
    recovered = [one for one in found if one.body["attested"] == codes.ATTESTED_RECOVERED]
    assert [one.body["track"] for one in recovered] == [codes.TRACK_SOUND, codes.TRACK_PICTURE]
    sound, picture = recovered
    assert 24 < picture.seconds < 27.1
    assert picture.probe()["duration"] == pytest.approx(sound.probe()["duration"], abs=STEP_SECONDS)
    check_seeking(picture, 20)


def test_players_seek_by_the_index(store: Path) -> None:
    """A second in the middle shows the picture that belongs there, and the store holds what the camera gave."""
    picture = next(one for one in segments(store, "camera") if one.body["track"] == codes.TRACK_PICTURE)
    check_seeking(picture, 31)
    data = picture.path.read_bytes()
    source = images.MEDIA["picture"].read_bytes()
    first = data.index(b"\xff\xd8")
    length = int.from_bytes(data[first - 4 : first], "little")
    assert data[first : first + length] in source


def check_seeking(picture: Played, at: int) -> None:
    whole = picture.decode()
    one = picture.decode("-frames:v", "1", at=at)
    size = 32 * 24
    assert len(one) == size
    place = at * picture.body["rate"]
    assert one == whole[place * size : (place + 1) * size]
    # Another second of the street looks otherwise, so a player that did not seek would have been caught.
    assert one != whole[:size]
    assert b"idx1" in picture.path.read_bytes()[-16 * picture.body["expected"] - 512 :]


def test_files_of_an_encoder_play(store: Path) -> None:
    found = segments(store, "encoder")
    assert [one.body["attested"] for one in found] == [codes.ATTESTED_POST_CLOSE] * 2
    for one in found:
        assert one.path.suffix == ".mp4"
        seen = one.probe()
        assert (seen["video"]["codec_name"], seen["audio"]["codec_name"]) == ("h264", "aac")
        assert seen["video"]["packets"] == one.body["written"]
        assert abs(one.body["written"] - one.body["expected"]) <= 1
        assert seen["duration"] == pytest.approx(one.seconds, abs=2 * STEP_SECONDS)
        assert len(one.decode("-an")) == one.body["written"] * 32 * 24


def test_pictures_of_a_faulty_camera_play(store: Path) -> None:
    """What the camera lost stays as a hole in the picture, in step with the sound, never closed over."""
    sides = list(pairs(segments(store, "faulty")))
    assert len(sides) == 2  # the pictures changed their size
    for sound, picture in sides:
        seen = picture.probe()
        assert int(seen["video"]["nb_frames"]) == picture.body["written"] + picture.body["lost"]
        # A player skips what is empty, and shows what was cut.
        assert picture.body["written"] <= seen["video"]["packets"] <= picture.body["written"] + picture.body["lost"]
        assert seen["duration"] == pytest.approx(sound.probe()["duration"], abs=FAULTY_STEP_SECONDS)
    before, after = (picture for _sound, picture in sides)
    assert before.body["lost"] >= 4 * (3 + 3)
    assert before.probe()["video"]["height"] == 240
    assert after.probe()["video"]["height"] == 120
