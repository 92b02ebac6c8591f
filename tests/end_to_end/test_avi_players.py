"""What players make of an AVI as the recorder writes it: ffmpeg shows and seeks, with lost pictures and odd lengths."""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from evidock_protocol import avi

RATE = 10
SIZE = (64, 48)
pytestmark = pytest.mark.skipif(
    shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None, reason="ffmpeg and ffprobe are not installed"
)


def chunk(picture: bytes) -> bytes:
    return b"00dc" + struct.pack("<I", len(picture)) + picture + bytes(len(picture) & 1)


def file_of(pictures: list[bytes]) -> bytes:
    """A closed file."""
    body = bytes(avi.AVI_HEADER) + b"".join(chunk(picture) for picture in pictures)
    index = bytearray()
    for _slice in avi.index_steps(io.BytesIO(body), len(body), len(pictures), index.extend):
        pass
    return avi.avi_header(*SIZE, RATE, len(pictures), len(body) - 512) + body[512:] + index


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Thirty real pictures that all differ."""
    folder = tmp_path_factory.mktemp("pictures")
    source = f"testsrc=size={SIZE[0]}x{SIZE[1]}:rate={RATE}"
    run("ffmpeg", "-f", "lavfi", "-i", source, "-frames:v", "30", "-q:v", "5", f"{folder}/%02d.jpg")
    return [path.read_bytes() for path in sorted(folder.iterdir())]


def run(*command: str) -> bytes:
    return subprocess.run([command[0], "-v", "error", *command[1:]], check=True, capture_output=True, timeout=60).stdout


def probe(path: Path, *options: str) -> dict[str, Any]:
    return json.loads(run("ffprobe", "-of", "json", *options, str(path)))


LOST = (4, 5, 12, 29)


@pytest.fixture(scope="module")
def film(photographs: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """A file with lost pictures, at its end too, and pictures of even and odd length."""
    pictures = [b"" if number in LOST else picture for number, picture in enumerate(photographs)]
    pictures[7] = pictures[7] + bytes(1 - (len(pictures[7]) & 1))
    pictures[8] = pictures[8] + bytes(len(pictures[8]) & 1)
    path = tmp_path_factory.mktemp("film") / "film.avi"
    path.write_bytes(file_of(pictures))
    return path, pictures


def test_ffprobe_reads_it(film: tuple[Path, list[bytes]]) -> None:
    path, pictures = film
    assert {len(picture) & 1 for picture in pictures} == {0, 1}
    found = probe(path, "-show_format", "-show_streams", "-count_frames")
    assert found["format"]["format_name"] == "avi"
    (stream,) = found["streams"]
    assert (stream["codec_name"], stream["width"], stream["height"]) == ("mjpeg", *SIZE)
    assert (stream["r_frame_rate"], stream["nb_frames"]) == ("10/1", "30")
    assert float(stream["duration"]) == pytest.approx(3.0)
    assert stream["nb_read_frames"] == "26"


def test_a_lost_picture_takes_its_time(film: tuple[Path, list[bytes]]) -> None:
    """Picture and sound stay in step: each picture stands at its own moment."""
    path, pictures = film
    packets = probe(path, "-show_packets")["packets"]
    assert [(round(float(packet["pts_time"]) * RATE), int(packet["size"])) for packet in packets] == [
        (number, len(picture)) for number, picture in enumerate(pictures) if picture
    ]


@pytest.mark.parametrize("number", [0, 3, 7, 13, 28])
def test_players_seek(film: tuple[Path, list[bytes]], number: int) -> None:
    """The picture that a player shows after a seek is, bit for bit, the one that was written there."""
    path, pictures = film
    shown = run(
        "ffmpeg", "-ss", str(number / RATE), "-i", str(path), "-frames:v", "1", "-c", "copy", "-f", "mjpeg", "-"
    )
    assert shown == pictures[number]


def test_an_open_file_can_be_looked_at(photographs: list[bytes], tmp_path: Path) -> None:
    """Whoever takes the card out sees what was recorded until then, without an index."""
    path = tmp_path / "open.avi"
    path.write_bytes(avi.avi_header(*SIZE, RATE, 0, 0) + b"".join(chunk(picture) for picture in photographs) + b"00dc")
    run("ffprobe", str(path))
