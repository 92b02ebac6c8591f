"""What a pull takes of a recorder's memory: a bound, whatever the window, the files and the time.

DESIGN.md, "Memory". On both builds; the 32-bit one has a board's words. Chunks have 1 KiB.
"""

import os
import subprocess
from pathlib import Path

import pytest

MOST = 3072  # bytes: all that is made for media alone, and what a pull keeps
GROWTH = 128  # bytes between a thousand chunks and two thousand: two views of the last frame's place may differ
SLICE = 4096  # bytes that a slice with up to 16 chunks, or with a request that looks for a segment, leaves to collect


@pytest.fixture(params=["64-bit", "32-bit"])
def figures(request: pytest.FixtureRequest, repository: Path) -> dict[str, int]:
    """Bytes by stage, as `pull_checks.py` prints them."""
    if request.param == "64-bit":
        command = [request.getfixturevalue("micropython"), "-X", "heapsize=4m"]
    else:
        command = request.getfixturevalue("webassembly")
    environment = {
        **os.environ,
        "MICROPYPATH": os.pathsep.join((str(repository / "protocol"), str(repository / "device"))),
    }
    done = subprocess.run(
        [*command, "tests/vectors/pull_checks.py", "tests/vectors"],
        cwd=repository, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-1000:]
    words = [line.split() for line in done.stdout.splitlines() if not line.startswith("sys.maxsize")]
    return {name: int(value) for name, value in words}


def test_a_pull_takes_little_whatever_is_asked(figures: dict[str, int]) -> None:
    print(figures)
    for stage in ("small", "full", "middle", "again"):
        assert figures["made"] + figures[stage] - figures["server"] <= MOST, stage
    assert figures["again"] - figures["middle"] <= GROWTH
    assert figures["step"] <= SLICE


def test_nothing_is_kept_of_a_pull_that_is_over(figures: dict[str, int]) -> None:
    """But the file's place, and views of where frames lie."""
    assert figures["after"] - figures["server"] <= 512
