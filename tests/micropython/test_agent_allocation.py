"""What the agent allocates on MicroPython for media that it records and that it answers with: next to nothing.

DESIGN.md, "Memory". On the 64-bit build, where blocks of the heap have 32 bytes, and on the 32-bit one, where they have
16 and a CRC is a big integer. That one collects only while no Python runs: its script goes on after main().
"""

import os
import subprocess
from pathlib import Path

import pytest

REQUEST = 256  # bytes for a request of several answers
MOST = 64  # bytes for each answer with up to 4,096 bytes of media, and on average for 4,096 bytes captured
LISTENING = 128  # on average for 4,096 bytes while somebody is listened to


def run(command: list[str], repository: Path, *arguments: str) -> list[list[str]]:
    """The words of each line that a script of tests/vectors printed."""
    roots = (str(repository / "protocol"), str(repository / "device"))
    environment = {**os.environ, "MICROPYPATH": os.pathsep.join(roots)}
    done = subprocess.run(
        [*command, *arguments], cwd=repository, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr[-1000:]  # node shows a whole line of a whole program
    return [line.split() for line in done.stdout.splitlines() if not line.startswith("sys.maxsize")]


@pytest.fixture(params=["64-bit", "32-bit"])
def build(request: pytest.FixtureRequest) -> tuple[list[str], str, bool]:
    """(command, folder of the vectors as it sees it, whether it collects inside a script) of each build."""
    if request.param == "64-bit":
        return [request.getfixturevalue("micropython"), "-X", "heapsize=4m"], "tests/vectors", True
    return request.getfixturevalue("webassembly"), "/tests/vectors", False


def test_the_recorders_frames_are_the_protocols(build: tuple[list[str], str, bool], repository: Path) -> None:
    """By machine code on the one build, and byte by byte where there is no viper."""
    command, vectors, has_viper = build
    lines = run(command, repository, "tests/vectors/answer_checks.py", vectors)
    assert lines[0] == ["machine", "code", str(has_viper)]
    assert lines[-1][-2:] == ["0", "disagree"]


def test_an_answer_allocates_next_to_nothing(build: tuple[list[str], str, bool], repository: Path) -> None:
    """From `Server.step()` taking the next chunk to the line accepting it, for every kind of content."""
    command, vectors, collects = build
    found = run(command, repository, "tests/vectors/answer_checks.py", vectors, "measure")
    lines = [line for line in found if line[0].isdigit()]
    assert len(lines) == 3 * 5
    for chunk, content, most, mean, retained in lines:
        print(f"{chunk} bytes of {content}: at most {most}, on average {mean}, retained {retained}")
        assert int(most) <= MOST
        assert int(retained) <= 0 or not collects
    (most,) = (int(line[2]) for line in found if line[0] == "request")
    assert most <= REQUEST
    assert [int(line[1]) for line in found if line[0] == "later"] == ([] if collects else [0])


def test_noise_on_the_line_takes_no_memory(build: tuple[list[str], str, bool], repository: Path) -> None:
    """AT-28: bytes per KiB of noise, and what stays of a MiB of it."""
    command, vectors, collects = build
    lines = run(command, repository, "tests/vectors/answer_checks.py", vectors, "noise")
    # Of a torn frame two CRCs and their difference.
    limits = {"overlong": 0, "zeros": 0, "short": 0, "random": 100, "frames": 1152}
    assert {name for name, _per_kib, _retained in lines} == limits.keys()
    for name, per_kib, retained in lines:
        print(f"{name}: {per_kib} bytes per KiB of noise, retained {retained}")
        assert int(per_kib) <= limits[name]
        assert int(retained) <= 0 or not collects


def test_captured_sound_allocates_next_to_nothing(build: tuple[list[str], str, bool], repository: Path) -> None:
    command, _vectors, collects = build
    captured, heard = run(command, repository, "tests/vectors/capture_checks.py")
    for what, (most, mean, retained) in (("captured", captured), ("captured and listened to", heard)):
        print(f"for 4,096 bytes {what}: at most {most}, on average {mean}, retained {retained}")
    assert int(captured[1]) <= MOST
    assert int(heard[1]) <= LISTENING
    assert int(heard[2]) <= int(captured[2]) or not collects
