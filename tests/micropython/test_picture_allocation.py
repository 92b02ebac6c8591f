"""What the agent allocates on MicroPython for pictures that it records and for an encoder's file that it hashes.

DESIGN.md, "Memory". What stays is measured on the 64-bit build alone: the other collects only between two scripts.
"""

import os
import subprocess
from pathlib import Path

import pytest

MOST = 64  # bytes on average for 4,096 bytes captured
PEAKS = 320  # bytes that may stay of a MiB: the tree's


@pytest.mark.parametrize("build", ["64-bit", "32-bit"])
def test_pictures_and_files_allocate_next_to_nothing(
    build: str, repository: Path, request: pytest.FixtureRequest
) -> None:
    if build == "64-bit":
        command = [request.getfixturevalue("micropython"), "-X", "heapsize=2m"]
    else:
        command = request.getfixturevalue("webassembly")
    roots = (str(repository / "protocol"), str(repository / "device"))
    environment = {**os.environ, "MICROPYPATH": os.pathsep.join(roots)}
    done = subprocess.run(
        [*command, "tests/vectors/picture_checks.py"],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split() for line in done.stdout.splitlines() if not line.startswith("sys.maxsize")]
    assert [what for what, *_figures in lines] == ["4000", "20001", "60000", "encoder"]
    for what, most, mean, retained in lines:
        print(f"{what}: at most {most} bytes, on average {mean} for 4,096 bytes, retained {retained}")
        assert int(mean) <= MOST
        assert build == "32-bit" or int(retained) <= PEAKS
