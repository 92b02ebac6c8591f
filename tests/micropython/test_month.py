"""A recorder that records until its card is full, is docked and emptied, day after day, keeps its memory flat."""

import json
import subprocess
import wave
from pathlib import Path
from typing import Any

import pytest

from evidock_simulator import compiling, fat32, images, launch

pytestmark = pytest.mark.skipif(
    not launch.has_micropython(), reason="MicroPython's unix build has no wheel for this platform"
)

HEAP = "512k"  # the recorder's, and the host's in the same process
CARD_BYTES = 34 * 1024 * 1024
RATE = 48_000  # two channels: the card is full after three minutes
ADDRESS = 8  # bytes that each entry of the journal ring takes in memory, at most: its place, and its opening's
SLACK = 1024  # bytes: what lies in a buffer that was enlarged


def days(folder: Path, count: int) -> list[dict[str, Any]]:
    """What each day ended with."""
    sound = folder / "sound.wav"
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(bytes(range(256)) * 16 * 61)
    image, card = folder / "flash", folder / "card"
    for path in (card, folder / "card.empty"):
        fat32.make_image(path, CARD_BYTES, serial=3)
    images.prepare(image, card, "quiet-shift", seed=3, media=[sound])
    script = Path(__file__).with_name("month_days.py")
    tests = Path(__file__).resolve().parents[1] / "simulator"
    done = subprocess.run(
        [*launch.micropython(HEAP), str(script), str(image), str(card), str(tests), str(count)],
        env=launch.micropython_environment(compiling.compiled()), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def judge(found: list[dict[str, Any]], count: int) -> None:
    assert len(found) == count
    for day, one in enumerate(found):
        assert one["failed"] is None
        assert one["boots"] == 1
        assert one["card"]
        assert one["recording"] == day + 1
        assert one["segments"] >= 2, "the card was not empty"
    first = found[1]  # all that is loaded once is there after two days
    for one in found[2:]:
        grown = one["memory"] - first["memory"]
        assert grown <= SLACK + ADDRESS * (one["held"] - first["held"]), (first, one)


def test_memory_stays_flat_for_some_days(tmp_path: Path) -> None:
    judge(days(tmp_path, 3), 3)


@pytest.mark.hunt
def test_memory_stays_flat_for_a_month(tmp_path: Path) -> None:
    judge(days(tmp_path, 31), 31)
