"""The user's own sound and pictures for the demonstration: as they are when they fit, anything else through ffmpeg.

Interface: `evidock demo --media`. The simulated microphone hears WAV (16-bit PCM, mono or stereo), the simulated camera
sees AVI (one stream of MJPEG and its index).
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import wave
from collections.abc import Sequence
from pathlib import Path

from evidock import errors
from evidock.errors import MediaError

SOUND_RATE = 16_000  # samples per second of what is converted or joined
PICTURE_RATE = 5  # pictures per second, likewise
WIDTH, HEIGHT = 320, 240  # pixels, likewise
MAXIMUM_BYTES = 100_000  # of pictures per second: the whole shift is to fit onto the card, and through the line
FFMPEG_SECONDS = 120
_READ = 1 << 20


def prepare(files: Sequence[Path], folder: Path) -> list[Path]:
    """What the recorder is to hear and see: at most one WAV and one AVI file, new ones in `folder` where needed.

    The sound of several files follows each other, and so do their pictures; a file may have both. Raises MediaError for
    a file with neither, and for one that only ffmpeg can read when there is no ffmpeg.
    """
    sounds: list[Path] = []
    pictures: list[Path] = []
    for number, file in enumerate(files, 1):
        with errors.at(file), file.open("rb") as opened:
            opened.read(1)
        if _is_sound(file):
            sounds.append(file.resolve())
        elif _is_pictures(file):
            pictures.append(file.resolve())
        else:
            if (sound := _convert(file, folder / f"media-{number}.wav", _SOUND)) is not None:
                sounds.append(sound)
            if (seen := _convert(file, folder / f"media-{number}.avi", _PICTURES)) is not None:
                pictures.append(seen)
            if sound is None and seen is None:
                raise MediaError("media_unusable", path=file)
    joined = (_joined(sounds, folder / "media.wav", _SOUND), _joined(pictures, folder / "media.avi", _PICTURES))
    return [path for path in joined if path is not None]


def _is_sound(file: Path) -> bool:
    """Whether the simulated microphone can play the file as it is."""
    try:
        with wave.open(str(file), "rb") as sound:
            return sound.getsampwidth() == 2 and sound.getnchannels() <= 2 and sound.getnframes() > 0
    except (wave.Error, EOFError):
        return False


def _is_pictures(file: Path) -> bool:
    """Whether the simulated camera can show the file as it is. Source: Microsoft AVI, "avih", "strh", "idx1"."""
    with file.open("rb") as opened:
        head = opened.read(256)
        if len(head) < 256 or head[:4] != b"RIFF" or head[8:12] != b"AVI " or head[24:28] != b"avih":
            return False
        period, pictures, streams = (struct.unpack_from("<I", head, 32 + at)[0] for at in (0, 16, 24))
        if streams != 1 or b"vidsMJPG" not in head or not pictures or not period:
            return False
        length = opened.seek(0, 2)
        if length > pictures * period / 1_000_000 * MAXIMUM_BYTES:
            return False
        at, name = 12, b""
        while name != b"idx1" and at + 8 <= length:
            opened.seek(at)
            name, size = struct.unpack("<4sI", opened.read(8))
            at += 8 + size + size % 2
    return name == b"idx1"


# fmt: off
_SOUND = ["-vn", "-map", "0:a:0", "-ac", "1", "-ar", str(SOUND_RATE), "-c:a", "pcm_s16le"]
_PICTURES = [
    "-an", "-map", "0:V:0", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "10", "-vf",
    f"fps={PICTURE_RATE},scale={WIDTH}:{HEIGHT}:force_original_aspect_ratio=decrease,"
    f"pad={WIDTH}:{HEIGHT}:-1:-1,setsar=1",
]
# fmt: on


def _convert(file: Path, target: Path, options: list[str], source: Sequence[str] = ()) -> Path | None:
    """The sound or the pictures of a file; None when it has none."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise MediaError("media_needs_ffmpeg", path=file)
    command = [program, "-nostdin", "-v", "error", "-y", "-protocol_whitelist", "file", *source, "-i", f"file:{file}"]
    try:
        ran = subprocess.run(
            [*command, *options, str(target)], capture_output=True, timeout=FFMPEG_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise MediaError("media_unusable", path=file) from None
    fits = _is_sound if options is _SOUND else _is_pictures
    return target if ran.returncode == 0 and fits(target) else None


def _joined(parts: list[Path], target: Path, options: list[str]) -> Path | None:
    """The parts behind each other, in one form; the only one as it is; None when there are none."""
    if len(parts) < 2:
        return parts[0] if parts else None
    same: list[Path] = []
    for number, part in enumerate(parts, 1):
        form = target.with_name(f"part-{number}{target.suffix}")
        converted = part if part.parent == target.parent else _convert(part, form, options)
        if converted is None:
            raise MediaError("media_unusable", path=part)
        same.append(converted)
    if options is _SOUND:
        _join_sound(same, target)
        return target
    listing = target.with_suffix(".txt")
    listing.write_text("".join(f"file '{part.name}'\n" for part in same), encoding="utf-8")
    return _convert(listing, target, ["-c", "copy"], ["-f", "concat"])


def _join_sound(parts: list[Path], target: Path) -> None:
    with wave.open(str(target), "wb") as out:
        out.setparams((1, 2, SOUND_RATE, 0, "NONE", "not compressed"))
        for part in parts:
            with wave.open(str(part), "rb") as sound:
                while frames := sound.readframes(_READ):
                    out.writeframes(frames)
