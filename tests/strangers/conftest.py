"""What the tests with strangers' programs share: the archive, and the environments that the programs run in."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from strangers import archive
from strangers.make_environments import python_of

HERE = Path(__file__).resolve().parent
SECONDS = 120
# (program, its arguments) to the verdicts that it prints
Ask = Callable[..., list[str]]


@pytest.fixture(scope="session")
def synced(tmp_path_factory: pytest.TempPathFactory) -> archive.Archive:
    """An archive that a host pulled from a recorder on the simulator's in-process lane."""
    return archive.make(tmp_path_factory.mktemp("strangers"))


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Runs a stranger's program in its environment: `ask("pycose", "verify_with_pycose.py", rows)`."""

    def asked(environment: str, program: str, rows: list[str], *before: str) -> list[str]:
        folder = os.environ.get("EVIDOCK_STRANGERS")
        python = python_of(Path(folder), environment) if folder else None
        if python is None:
            where = folder or "FOLDER"
            pytest.skip(
                f"no environment for {environment}: python tests/strangers/make_environments.py {where}, "
                "and EVIDOCK_STRANGERS names that folder"
            )
        listed = tmp_path / "rows"
        listed.write_text("".join(row + "\n" for row in rows), encoding="ascii")
        command = [str(python), str(HERE / program), *before, str(listed)]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        done = subprocess.run(command, env=clean, capture_output=True, text=True, timeout=SECONDS, check=False)
        assert done.returncode == 0, done.stderr
        verdicts = done.stdout.splitlines()
        assert len(verdicts) == len(rows)
        return verdicts

    return asked
