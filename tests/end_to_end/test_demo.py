"""`evidock demo` as a user runs it: both verdicts, both pictures, the user's own media, and nothing else touched."""

import json
import os
import shutil
import subprocess
import time
import wave
from pathlib import Path
from xml.etree import ElementTree

import pytest
from end_to_end.evidence import make_wav, one_line, run

from evidock.demonstration import media
from evidock.errors import MediaError
from evidock_simulator import launch
from evidock_simulator.images import MEDIA
from evidock_simulator.virtual.pictures import AviFile

pytestmark = pytest.mark.skipif(
    not launch.has_micropython(), reason="MicroPython's unix build has no wheel for this platform"
)

SECONDS = 60  # what the interface promises


def demo(folder: Path, *options: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Runs the demonstration in `folder`/out; it must work."""
    out = folder / "out"
    begun = time.monotonic()
    done = run(folder, "demo", "--out", str(out), *options)
    assert done.returncode == 0, done.stderr
    # Nothing but progress where the machine is slow.
    assert not [line for line in done.stderr.splitlines() if "Traceback" in line or line.startswith("evidock:")]
    # The promise is for a machine that does nothing else.
    busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert time.monotonic() - begun < SECONDS * busy
    return done, out


def check_pictures(out: Path, edited: str = "Altered", clean: str = "Verified, with declared gaps") -> None:
    """Both timelines are well formed and say their verdict; the edited one shows the edit."""
    for name, verdict in (("store", clean), ("edited", edited)):
        root = ElementTree.parse(out / f"{name}.svg").getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        text = " ".join(root.itertext())
        assert verdict in text
        assert ("CONTENT_MISMATCH" in text) == (name == "edited")


def test_both_verdicts_and_both_pictures(tmp_path: Path) -> None:
    """And again in the same folder, in Chinese and with another seed: another recorder, the same codes."""
    recorders: list[str] = []
    for number, options in enumerate([[], ["--lang", "zh", "--seed", "2"]]):
        done, out = demo(tmp_path, *options)
        assert "VERIFIED_DECLARED_GAPS" in done.stdout
        assert "ALTERED" in done.stdout
        assert ("模拟" if number else "SIMULATED") in done.stdout
        assert "CONTENT_MISMATCH (AT-1)" in done.stdout
        check_pictures(
            out, "内容已变动" if number else "Altered", "验证通过" if number else "Verified, with declared gaps"
        )
        assert {path.name for path in tmp_path.iterdir()} <= {"out", "home"}
        kept = {path.suffix for path in (out / "store").rglob("R0000001/*")}
        assert {".wav", ".avi"} <= kept
        # The demonstration pins nothing for the user, and the line that it prints does what it says.
        assert not list(tmp_path.glob("home/**/pins.txt"))
        words = next(line for line in done.stdout.splitlines() if "evidock verify" in line).split()
        fingerprint = words[words.index("--trust") + 1]
        again = run(tmp_path, "verify", str(out / "store"), "--trust", fingerprint, "--json")
        assert (again.returncode, again.stderr) == (0, "")
        found = [one["id"] for one in json.loads(again.stdout)["devices"]]
        assert len(found) == 1
        recorders.append(found[0])
    assert len(set(recorders)) == 2


def test_the_users_own_wav_and_avi(tmp_path: Path) -> None:
    """Stereo, 44.1 kHz, 16 bits, and MJPEG: recorded as they are, and untouched."""
    heard = make_wav(tmp_path / "heard.wav", 3, 44_100, 2)
    before = heard.read_bytes()
    seen = tmp_path / "seen.avi"
    shown = MEDIA["picture"].read_bytes()
    seen.write_bytes(shown)
    _done, out = demo(tmp_path, "--media", str(heard), "--media", str(seen))
    assert heard.read_bytes() == before
    assert seen.read_bytes() == shown
    assert not list((out / "recorder").glob("media*"))
    check_pictures(out)
    kept = next((out / "store").rglob("S0000001.wav")).read_bytes()
    assert kept[22:24] == b"\x02\x00"
    assert int.from_bytes(kept[24:28], "little") == 44_100
    # What was heard is what was kept, frame for frame, from a little after the start on.
    assert before[44 + 4 * 44_100 :][:44_100] in kept
    assert first_picture(next((out / "store").rglob("S0000002.avi")).read_bytes()) in shown


@pytest.mark.parametrize("given", ["heard.wav", pytest.param("seen.avi", marks=pytest.mark.hunt)])
def test_nothing_but_what_the_user_gave(given: str, tmp_path: Path) -> None:
    """No street beside one's own voice, and no voice beside one's own pictures; the edit is found in either."""
    own = tmp_path / given
    if given == "heard.wav":
        make_wav(own, 3, 16_000, 1)
    else:
        own.write_bytes(MEDIA["picture"].read_bytes())
    done, out = demo(tmp_path, "--media", str(own))
    assert {path.suffix for path in (out / "store").rglob("S0*")} == {own.suffix, ".lvs"}
    assert ("still picture" in done.stdout) == (given == "seen.avi")
    check_pictures(out)


def first_picture(avi: bytes) -> bytes:
    """The first JPEG of an AVI file: its chunk's length stands before it."""
    at = avi.index(b"\xff\xd8")
    return avi[at : at + int.from_bytes(avi[at - 4 : at], "little")]


needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg to make and to read such a file")


def make_clip(path: Path, *streams: str) -> Path:
    """Two seconds of what ffmpeg's own sources give, in whatever form the name asks for."""
    inputs = [word for stream in streams for word in ("-f", "lavfi", "-i", stream)]
    subprocess.run(["ffmpeg", "-v", "error", *inputs, "-t", "2", "-pix_fmt", "yuv420p", str(path)], check=True)
    return path


@pytest.mark.hunt  # a demonstration is long, and two others play by default
@needs_ffmpeg
def test_the_users_own_video(tmp_path: Path) -> None:
    """An MP4 with sound becomes what the microphone hears and the camera sees."""
    clip = make_clip(tmp_path / "clip.mp4", "testsrc=size=640x480:rate=25", "sine=frequency=440")
    _done, out = demo(tmp_path, "--media", str(clip))
    check_pictures(out)
    heard, seen = ((out / "recorder" / name).read_bytes() for name in ("media-1.wav", "media-1.avi"))
    kept = next((out / "store").rglob("S0000001.wav")).read_bytes()
    assert any(kept[at : at + 1000] in heard for at in (5_000, 20_000, 40_000))  # one may lie across the clip's end
    kept = next((out / "store").rglob("S0000002.avi")).read_bytes()
    assert first_picture(kept) in seen


@needs_ffmpeg
def test_videos_of_every_kind_are_prepared(tmp_path: Path) -> None:
    """Sound and pictures of several files follow each other; what the camera cannot show becomes what it can."""
    work = tmp_path / "work"
    work.mkdir()
    silent = make_clip(tmp_path / "silent.webm", "testsrc=size=200x300:rate=30")
    large = make_clip(tmp_path / "large.avi", "testsrc=size=1280x720:rate=25")
    sounding = make_clip(tmp_path / "sounding.mkv", "testsrc=size=320x240:rate=10", "sine")
    assert media.prepare([silent], work) == [work / "media-1.avi"]
    assert media.prepare([large, sounding], work) == [work / "media-2.wav", work / "media.avi"]
    joined = AviFile(str(work / "media.avi"))
    assert (joined.rate, joined.width, joined.height) == (media.PICTURE_RATE, media.WIDTH, media.HEIGHT)
    assert 2 * 9 <= int.from_bytes((work / "media.avi").read_bytes()[48:52], "little") <= 2 * 11
    assert (work / "media.avi").stat().st_size < media.MAXIMUM_BYTES * 4
    shipped = [MEDIA["sound"], MEDIA["picture"]]
    assert media.prepare(shipped, work) == [path.resolve() for path in shipped]


def test_without_ffmpeg_some_files_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert media.prepare([MEDIA["picture"]], tmp_path) == [MEDIA["picture"].resolve()]
    with pytest.raises(MediaError, match=r"patrol\.mp4 is neither a WAV file .* nor an AVI file .*: install ffmpeg"):
        media.prepare([MEDIA["encoder"]], tmp_path)
    cut = tmp_path / "cut.avi"
    for length in (0, 100, 300, 5000, MEDIA["picture"].stat().st_size - 2000):
        cut.write_bytes(MEDIA["picture"].read_bytes()[:length])
        with pytest.raises(MediaError, match=r"cut\.avi"):
            media.prepare([cut], tmp_path)


@needs_ffmpeg
def test_sound_that_ffmpeg_reads(tmp_path: Path) -> None:
    """Sounds of different rates become one, behind each other."""
    work = tmp_path / "work"
    work.mkdir()
    source = make_wav(tmp_path / "source.wav", 3, 16_000)
    clip = tmp_path / "clip.flac"
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(source), str(clip)], check=True)
    other = make_wav(tmp_path / "other.wav", 2, 8000)
    assert media.prepare([clip, other], work) == [work / "media.wav"]
    with wave.open(str(work / "media.wav")) as joined:
        assert joined.getparams()[:3] == (1, 2, media.SOUND_RATE)
        assert joined.getnframes() == 5 * media.SOUND_RATE
        assert joined.readframes(3 * media.SOUND_RATE) == source.read_bytes()[44:]


@pytest.mark.parametrize("kind", ["text", "missing", "folder", "empty", "eight bits"])
def test_media_that_is_none(kind: str, tmp_path: Path) -> None:
    """One line that names the file, exit status 1, and a folder in which it works afterwards."""
    path = tmp_path / "media.wav"
    if kind == "text":
        path.write_text("To whom it may concern")
    elif kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "eight bits":
        path.write_bytes(b"RIFF\x2c\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00@\x1f\x00\x00@\x1f\x00\x00")
    done = run(tmp_path, "demo", "--out", str(tmp_path / "out"), "--media", str(path))
    assert done.returncode == 1
    assert str(path) in one_line(done.stderr)


def test_a_folder_that_holds_other_things(tmp_path: Path) -> None:
    """Refused, and nothing in it is touched."""
    out = tmp_path / "out"
    (out / "holiday").mkdir(parents=True)
    (out / "holiday" / "photo.jpg").write_bytes(b"sea")
    (tmp_path / "file").write_text("x")
    for path in (out, tmp_path / "file"):
        done = run(tmp_path, "demo", "--out", str(path))
        assert done.returncode == 1
        assert str(path) in one_line(done.stderr)
    assert [path.name for path in out.rglob("*")] == ["holiday", "photo.jpg"]
    assert (tmp_path / "file").read_text() == "x"
