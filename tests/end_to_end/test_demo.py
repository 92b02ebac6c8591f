"""`evidock demo` as a user runs it: both verdicts, both pictures, the user's own media, and nothing else touched."""

import json
import shutil
import subprocess
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from end_to_end.evidence import make_wav, one_line, run

from evidock_simulator import launch

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
    assert time.monotonic() - begun < SECONDS
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


def test_the_users_own_wav(tmp_path: Path) -> None:
    """Stereo, 44.1 kHz, 16 bits: recorded as it is, and untouched."""
    heard = make_wav(tmp_path / "heard.wav", 3, 44_100, 2)
    before = heard.read_bytes()
    _done, out = demo(tmp_path, "--media", str(heard))
    assert heard.read_bytes() == before
    check_pictures(out)
    kept = next((out / "store").rglob("S0000001.wav")).read_bytes()
    assert kept[22:24] == b"\x02\x00"
    assert int.from_bytes(kept[24:28], "little") == 44_100
    # What was heard is what was kept, frame for frame, from a little after the start on.
    assert before[44 + 4 * 44_100 :][:44_100] in kept


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg to make and to read such a file")
def test_sound_that_ffmpeg_reads(tmp_path: Path) -> None:
    source = make_wav(tmp_path / "source.wav", 3, 16_000)
    clip = tmp_path / "clip.flac"
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(source), str(clip)], check=True)
    other = make_wav(tmp_path / "other.wav", 2, 8000)
    _done, out = demo(tmp_path, "--media", str(clip), "--media", str(other))
    check_pictures(out)
    assert (out / "recorder" / "media.wav").is_file()


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
