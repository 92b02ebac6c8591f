"""Prepares the suites for MicroPython: every module of tests/ that they need, lowered, in a folder of its own.

The stage mirrors tests/; product code stays where it is and is not touched.
"""

from __future__ import annotations

from pathlib import Path

from portable import host_only
from portable.lowering import lowered

FOLDERS = ("protocol", "device", "second_reader", "support", "vectors")
# Modules of the host that the suites' own helpers use: the chain rule and its keys.
HOST = ("keys", "chain")


def suite(repository: Path) -> list[str]:
    """Every test file of the agent and the protocol, below the repository, in order."""
    tests = repository / "tests"
    found = [path for folder in ("protocol", "device") for path in (tests / folder).rglob("test_*.py")]
    return sorted(path.relative_to(repository).as_posix() for path in found)


def module(file: str) -> str:
    """The module name of a test file in the stage."""
    return file.removeprefix("tests/").removesuffix(".py").replace("/", ".")


def stage(repository: Path, target: Path) -> None:
    """Fills `target`."""
    tests = repository / "tests"
    sources = [path for folder in FOLDERS for path in sorted((tests / folder).rglob("*.py"))]
    staged = {path.relative_to(tests).parts[0] for path in sources} | {"evidock"}
    for path in sources:
        place = path.relative_to(repository).as_posix()
        _write(
            target / path.relative_to(tests), lowered(path.read_text("utf-8"), place, staged, host_only.tests(place))
        )
    for name in HOST:
        path = repository / "host" / "evidock" / f"{name}.py"
        place = path.relative_to(repository).as_posix()
        _write(target / "evidock" / path.name, lowered(path.read_text("utf-8"), place, staged, set()))
    _write(target / "evidock" / "__init__.py", "")
    own = Path(__file__).parent
    _write(target / "run.py", (own / "run.py").read_text("utf-8"))
    for path in sorted((own / "shims").glob("*.py")):
        _write(target / "portable" / "shims" / path.name, path.read_text("utf-8"))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
