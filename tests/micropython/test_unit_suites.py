"""The unit suites of protocol and agent, every file of them, on both builds of MicroPython.

The files are those that CPython runs; `portable/lowering.py` rewrites their syntax for MicroPython, `portable/shims/`
stands in for pytest, hypothesis and what else MicroPython lacks. Product code runs as it stands. What stays on CPython,
each with its reason, and what is long is named in `portable/host_only.py`.
"""

import collections
import fcntl
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from portable import host_only, staging

REPOSITORY = Path(__file__).resolve().parents[2]
SUITE = [file for file in staging.suite(REPOSITORY) if file not in host_only.FILES]
EXAMPLES = 15  # of each `given`; CPython draws hundreds
LIMIT, LONG_LIMIT = 60, 600  # seconds of the processor for one file, and for a hunt
TOO_LONG = [-signal.SIGXCPU, -signal.SIGKILL]
# By the clock, just below what pyproject.toml gives a test and .ci/run a hunt, so that nothing is left running.
HANGING = {LIMIT: 170, LONG_LIMIT: 880}
WIDE = [pytest.param(file, marks=pytest.mark.hunt) if file in host_only.SLOW else file for file in SUITE]
NARROW = [pytest.param(file, marks=pytest.mark.hunt) if file in host_only.HEAVY else file for file in SUITE]
Command = list[str]
Counts = collections.Counter[str]


def once(tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first worker to come fills for all."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (base / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = base / name / "done"
        if not done.exists():
            (base / name).mkdir(exist_ok=True)
            make(base / name)
            done.touch()
    return base / name


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lowered suites."""
    return once(tmp_path_factory, "stage", lambda folder: staging.stage(REPOSITORY, folder))


@pytest.fixture(scope="session")
def collected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Counts]:
    """For each file how often each test function runs on CPython, hunts aside."""
    folder = once(tmp_path_factory, "collected", collect)
    found: dict[str, Counts] = collections.defaultdict(collections.Counter)
    for line in (folder / "ids").read_text("utf-8").splitlines():
        file, _, test = line.partition("::")
        if test:
            found[file][test.split("[")[0]] += 1
    return found


def collect(folder: Path) -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider", "-m", "not hunt"]
    command += ["-o", "addopts=--import-mode=importlib", "--verbosity=-1", "tests/protocol", "tests/device"]
    path = os.pathsep.join(part for part in sys.path if part)
    environment = {**os.environ, "PYTHONPATH": path, "PYTEST_ADDOPTS": ""}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "ids").write_text(done.stdout, "utf-8")


def run(command: Command, limit: int) -> tuple[Counts, str]:
    """How often each test passed, and the output. Fails with what failed there, readably."""
    # The processor's time, not the clock's: a machine that is busy with something else is no fault.
    limited = ["sh", "-c", f'ulimit -t {limit}; exec "$@"', "sh", *command]
    try:
        done = subprocess.run(limited, capture_output=True, text=True, timeout=HANGING[limit])
    except subprocess.TimeoutExpired as problem:
        raise AssertionError(f"hangs; last:\n{(problem.stdout or b'')[-2000:]!r}") from None
    output = done.stdout + done.stderr
    assert done.returncode not in TOO_LONG, f"more than {limit} s of the processor; last:\n{output[-2000:]}"
    lines = output.splitlines()
    passed = collections.Counter(
        re.split("[- ]", line.split(" ", 2)[2])[0] for line in lines if line.startswith("PASS ")
    )
    complaints = "\n".join(line for line in lines if not line.startswith("PASS "))
    assert done.returncode == 0, complaints[-8000:]
    return passed, output


def expected(file: str, counts: Counts, wanted: Callable[[str], bool]) -> Counts:
    """What must pass: what CPython collects, without what stays there, each once."""
    left = collections.Counter({test: count for test, count in counts.items() if wanted(test)})
    for name in host_only.TESTS.get(file, {}):
        test, dash, _label = name.partition("-")
        left[test] -= 1 if dash else left[test]
    return +left


def short(micropython: Command, file: str, collected: dict[str, Counts], limit: int = LIMIT) -> str:
    long = host_only.LONG.get(file, [])
    without = ",".join([*host_only.TESTS.get(file, {}), *long])
    passed, output = run([*micropython, staging.module(file), str(EXAMPLES), without], limit)
    assert passed == expected(file, collected[file], lambda test: test not in long)
    return output


def on_desktop(micropython: str, stage: Path) -> Command:
    return [micropython, "-X", "heapsize=320m", str(stage / "run.py"), str(REPOSITORY), str(stage)]


def on_webassembly(webassembly: Command, stage: Path) -> Command:
    node, _script, build, repository = webassembly
    return [node, str(REPOSITORY / "tests" / "portable" / "run.mjs"), build, repository, str(stage)]


@pytest.mark.parametrize("file", WIDE)
def test_on_the_desktop_build(file: str, micropython: str, stage: Path, collected: dict[str, Counts]) -> None:
    limit = LONG_LIMIT if file in host_only.SLOW else LIMIT
    short(on_desktop(micropython, stage), file, collected, limit)


@pytest.mark.parametrize("file", NARROW)
def test_on_a_32_bit_build(file: str, webassembly: Command, stage: Path, collected: dict[str, Counts]) -> None:
    """Small integers have 31 bits there, as on a board."""
    limit = LONG_LIMIT if file in host_only.HEAVY else LIMIT
    output = short(on_webassembly(webassembly, stage), file, collected, limit)
    assert output.splitlines()[-1].endswith(" 2147483647")


@pytest.mark.hunt
@pytest.mark.parametrize(("file", "test"), [(file, test) for file, tests in host_only.LONG.items() for test in tests])
def test_the_long_ones(file: str, test: str, micropython: str, stage: Path) -> None:
    """On the desktop build only: the other collects no garbage inside a test, and runs out of memory."""
    command = [*on_desktop(micropython, stage), staging.module(file), str(EXAMPLES), "", test]
    passed, _output = run(command, LONG_LIMIT)
    assert set(passed) == {test}


def test_what_stays_behind_is_there(collected: dict[str, Counts]) -> None:
    """Every exception names a test that exists, with a reason; none is left from a test that went."""
    every = set(staging.suite(REPOSITORY))
    named = set(host_only.FILES) | set(host_only.TESTS) | set(host_only.LONG) | host_only.HEAVY | host_only.SLOW
    assert named <= every
    assert set(collected) <= every
    assert all(reason for reason in host_only.FILES.values())
    for file, tests in host_only.TESTS.items():
        assert {name.partition("-")[0] for name in tests} <= set(collected[file]), file
        assert all(tests.values())
    for file, names in host_only.LONG.items():
        assert set(names) <= set(collected[file]), file
