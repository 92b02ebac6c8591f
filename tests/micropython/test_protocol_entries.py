"""The entry-level modules of evidock_protocol on real MicroPython: the same vectors as on CPython."""

import os
import subprocess
from pathlib import Path

SCRIPT = "tests/vectors/entry_checks.py"


def run(command: list[str], repository: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "MICROPYPATH": str(repository / "protocol")}
    return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, timeout=120)


def test_the_vectors_on_the_desktop_build(micropython: str, repository: Path) -> None:
    done = run([micropython, SCRIPT, "tests/vectors"], repository)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(" cases, 0 disagree\n")


def test_the_vectors_on_a_32_bit_build(webassembly: list[str], repository: Path) -> None:
    """Small integers have 31 bits there, as on a board: times, sequences and CRCs become big integers."""
    done = run([*webassembly, SCRIPT, "/tests/vectors"], repository)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sys.maxsize 2147483647\n" in done.stdout
    assert done.stdout.endswith(" cases, 0 disagree\n")
