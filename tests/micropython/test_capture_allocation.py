"""What the agent allocates while it records: next to nothing for what it captures, on both builds of MicroPython.

DESIGN.md, "Memory". What stays is measured on the 64-bit build alone: the other collects only between two scripts.
"""

import os
import subprocess
from pathlib import Path

import pytest

MOST = 64  # bytes for each 4,096 bytes captured
STAYS = 1024  # bytes of 40 s: peaks of the trees, and the dictionary of anchors
CHECKPOINT = 6144  # bytes for one round of checkpoints with its flushes, signatures not counted; 5,305 measured


@pytest.mark.parametrize("build", ["64-bit", "32-bit"])
def test_a_recording_allocates_next_to_nothing(build: str, repository: Path, request: pytest.FixtureRequest) -> None:
    if build == "64-bit":
        command = [request.getfixturevalue("micropython"), "-X", "heapsize=8m"]
    else:
        command = request.getfixturevalue("webassembly")
    roots = (str(repository / "protocol"), str(repository / "device"))
    done = subprocess.run(
        [*command, "tests/vectors/recording_checks.py"],
        cwd=repository,
        env={**os.environ, "MICROPYPATH": os.pathsep.join(roots)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if not line.startswith("sys.maxsize")]
    assert [what for what, *_figures in lines] == ["sound", "both"]
    for what, mean, retained, checkpoint in lines:
        print(f"{what}: {mean} bytes for 4,096, retained {retained}; {checkpoint} for a round of checkpoints")
        assert 0 < int(mean) <= MOST
        assert int(checkpoint) <= CHECKPOINT
        assert build == "32-bit" or int(retained) <= STAYS
