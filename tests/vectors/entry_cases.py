"""Cases of the entry-level vector files as pytest parameters, each with its title as id."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from vectors import entry_checks

VECTORS = Path(__file__).resolve().parent


def cases(*names: str) -> list[Any]:
    """(check, case) for every case of these files."""
    return [
        pytest.param(check, case, id=title)
        for name in names
        for check, case, title in entry_checks.cases(str(VECTORS), name)
    ]


def of(name: str, wanted: Callable[[Any], None]) -> list[Any]:
    """The cases of a file that one check is for."""
    found = entry_checks.cases(str(VECTORS), name)
    return [pytest.param(case, id=title) for check, case, title in found if check is wanted]
