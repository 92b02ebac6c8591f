"""The user's own sound for the demonstration: WAV files as they are when they fit, anything else through ffmpeg.

Interface: `evidock demo --media`. The simulated microphone hears 16-bit PCM, mono or stereo.
"""

from __future__ import annotations

import shutil
import subprocess
import wave
from collections.abc import Sequence
from pathlib import Path

from evidock import errors
from evidock.errors import MediaError

RATE = 16_000  # samples per second of what is converted or joined
FFMPEG_SECONDS = 120
_READ = 1 << 20


def prepare(files: Sequence[Path], folder: Path) -> Path:
    """One WAV file for the microphone: the only file itself when it fits, otherwise a new one in `folder`.

    Several files follow each other, as 16 kHz mono. Raises MediaError for a file without usable sound, and for one that
    only ffmpeg can read when there is no ffmpeg.
    """
    for file in files:
        with errors.at(file), file.open("rb") as opened:
            opened.read(1)
    if len(files) == 1 and _fits(files[0]):
        return files[0].resolve()
    parts = [_convert(file, folder / f"media-{number}.wav") for number, file in enumerate(files, 1)]
    if len(parts) == 1:
        return parts[0]
    joined = folder / "media.wav"
    with wave.open(str(joined), "wb") as out:
        out.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        for part in parts:
            with wave.open(str(part), "rb") as sound:
                while frames := sound.readframes(_READ):
                    out.writeframes(frames)
    return joined


def _fits(file: Path) -> bool:
    """Whether the simulated microphone can play the file as it is."""
    try:
        with wave.open(str(file), "rb") as sound:
            return sound.getsampwidth() == 2 and sound.getnchannels() <= 2 and sound.getnframes() > 0
    except (wave.Error, EOFError):
        return False


def _convert(file: Path, target: Path) -> Path:
    program = shutil.which("ffmpeg")
    if program is None:
        raise MediaError("media_needs_ffmpeg", path=file)
    # fmt: off
    command = [
        program, "-nostdin", "-v", "error", "-y", "-protocol_whitelist", "file", "-i", f"file:{file}",
        "-vn", "-ac", "1", "-ar", str(RATE), "-c:a", "pcm_s16le", str(target),
    ]
    # fmt: on
    try:
        ran = subprocess.run(command, capture_output=True, timeout=FFMPEG_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise MediaError("media_unusable", path=file) from None
    if ran.returncode or not _fits(target):
        raise MediaError("media_unusable", path=file)
    return target
