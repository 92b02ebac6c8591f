"""How a recording wears card and flash: `python tests/benchmarks/bench_wear.py [MINUTES]` (simulated; default 60).

A table for sound alone and for sound and pictures, with an idle line and with a host that pulls media meanwhile. It
never fails on a figure; tests/micropython/test_wear.py does.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / name) for name in ("protocol", "device", "simulator")]

from evidock_simulator import compiling, fat32, images, launch  # noqa: E402

SCRIPT = Path(__file__).with_name("wear_shift.py")
CARD_BYTES = 8 << 30  # sparse; with clusters of 32 KiB, as cards are sold
WRITTEN = 1.1  # at most, of what the media take
ERASED = 20  # sectors an hour, at most
HOSTS = ("idle", "syncing")


def run(tracks: str, minutes: int, host: str) -> dict[str, Any]:
    """What one recording of `tracks` ("sound" or "both") wrote and erased. Raises RuntimeError with what it said."""
    with tempfile.TemporaryDirectory() as place:
        image, card = Path(place) / "flash", Path(place) / "card"
        fat32.make_image(card, CARD_BYTES)
        images.prepare(image, card, "patrol" if tracks == "both" else "quiet-shift", seed=1)
        arguments = [str(image), str(card), str(ROOT / "tests" / "simulator"), str(minutes), host]
        done = subprocess.run(
            [*launch.micropython("16M"), str(SCRIPT), *arguments],
            env=launch.micropython_environment(compiling.compiled()), capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError((done.stdout + done.stderr).strip())
    return json.loads(done.stdout)


def main() -> None:
    """Prints the table."""
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    if compiling.compiled() is None or not launch.has_micropython():
        sys.exit("MicroPython's unix build or mpy-cross is not installed here")
    print(f"{'':16}{'media':>9}{'beside':>9}{'written':>9}{'ratio':>7}{'again':>7}{'a call':>8}", end="")
    print(f"{'erased/h':>10}{'capturing':>11}")
    for tracks in ("sound", "both"):
        for host in HOSTS:
            found = run(tracks, minutes, host)
            media, written = found["media"], found["written"]
            print(
                f"{tracks + ', ' + host:16}{media / 1e6:7.1f}MB{found['beside'] / media:9.3%}{written / 1e6:7.1f}MB"
                f"{written / media:7.3f}{found['again'] / media:7.3f}{written // found['calls']:7} B"
                f"{found['erased'] * 60 / minutes:10.1f}{found['erased_capturing']:11}"
            )
    print(f"at most: ratio {WRITTEN}, {ERASED} erased an hour, none while it captures")


if __name__ == "__main__":
    main()
