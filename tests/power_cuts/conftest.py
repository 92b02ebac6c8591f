"""The recorded runs, one for all workers, and the cutters that boot recorders on their cuts."""

import fcntl
import os
import shutil
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from power_cuts import shift
from power_cuts.cutting import Cutter
from power_cuts.shift import Run

from evidock_simulator import launch


@pytest.fixture(scope="session")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Run]:
    """A run by its name in `shift.RUNS`, recorded by whichever worker comes first."""
    if not launch.has_micropython():
        pytest.skip("MicroPython's unix build has no wheel for this platform")
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def run(name: str) -> Run:
        folder: Path = base / f"power-cuts-{name}"
        with (base / f"power-cuts-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "facts.json").exists():
                shutil.rmtree(folder, ignore_errors=True)  # of a recording that broke off
                folder.mkdir()
                shift.record(folder, *shift.RUNS[name])
        return shift.load(folder)

    return run


@pytest.fixture
def cutter_of(run_of: Callable[[str], Run]) -> Generator[Callable[[str], Cutter]]:
    """A new cutter on a run by its name; cuts come in the order of its log."""
    made: list[Cutter] = []

    def cutter(name: str) -> Cutter:
        made.append(Cutter(run_of(name)))
        return made[-1]

    yield cutter
    for one in made:
        one.close()
