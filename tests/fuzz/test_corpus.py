"""The corpus again, on every interpreter: no input that fuzzing ever kept may go wrong, or take much memory (AT-28).

`tests/fuzz/run.py` searches for more.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from fuzz.comparisons import TARGETS
from fuzz.replay import oracles_of
from fuzz.run import NAMES
from fuzz.seeds import seeds
from support import interpreters

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus"
LARGEST_CORPUS = 300_000  # bytes
INPUTS = sorted(CORPUS.glob("*/*"))
PORTABLE = ("frames", "cbor", "statements", "flash", "containers")
PEAK = 2 << 20  # bytes that one input may take besides its own length times
FACTOR = 200


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_an_input(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds(name: str) -> None:
    for raw in seeds(name):
        TARGETS[name](raw)


@pytest.mark.parametrize("name", [name for name in PORTABLE if name != "flash"])  # that holds an image in memory
def test_hostile_bytes_take_little_memory(name: str) -> None:
    oracle = oracles_of()[name]
    for raw in [*seeds(name), *(path.read_bytes() for path in CORPUS.glob(f"{name}/*"))]:
        tracemalloc.start()
        try:
            oracle(raw)
            _now, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < PEAK + FACTOR * len(raw)


def test_the_corpus_is_small_and_complete() -> None:
    assert {path.parent.name for path in INPUTS} == set(TARGETS) == set(NAMES)
    assert sum(path.stat().st_size for path in INPUTS) < LARGEST_CORPUS
    assert set(oracles_of()) == set(PORTABLE)


def test_without_atheris_it_says_how_to_install_it(repository: Path) -> None:
    """The interpreter is started without its packages, so that none is there."""
    command = [sys.executable, "-S", str(HERE / "run.py"), "cbor", "--seconds", "1"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "pip install" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def replayed(command: list[str], repository: Path) -> str:
    path = os.pathsep.join(str(repository / name) for name in ("protocol", "device", "tests"))
    environment = {**os.environ, "MICROPYPATH": path}
    done = subprocess.run(
        command, cwd=repository, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    count = sum(path.parent.name in PORTABLE for path in INPUTS)
    assert done.stdout.endswith(f"{count} inputs, 0 disagree\n")
    return done.stdout


def test_the_desktop_build_of_micropython(repository: Path) -> None:
    replayed([interpreters.desktop(), "tests/fuzz/replay.py", "tests/fuzz/corpus"], repository)


def test_a_32_bit_build_of_micropython(repository: Path) -> None:
    """Small integers have 31 bits there, as on a board."""
    node, build = interpreters.webassembly(repository)
    told = replayed([node, str(HERE / "webassembly.mjs"), build, str(repository)], repository)
    assert "sys.maxsize 2147483647\n" in told
