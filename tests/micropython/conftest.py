"""The two builds of MicroPython that these tests run: the desktop's 64-bit one, and the 32-bit one under node."""

from pathlib import Path

import pytest
from support import interpreters


@pytest.fixture
def micropython() -> str:
    return interpreters.desktop()


@pytest.fixture
def webassembly(repository: Path) -> list[str]:
    """The command that runs a file of the repository on the 32-bit build; the file and its arguments follow."""
    node, build = interpreters.webassembly(repository)
    return [node, str(Path(__file__).with_name("webassembly.mjs")), build, str(repository)]
