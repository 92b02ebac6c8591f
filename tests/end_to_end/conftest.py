"""What the end-to-end tests share: one archive that real recorders filled, made once and copied by who damages it."""

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from end_to_end.evidence import Shift, shared

from evidock.cli.main import run
from evidock_simulator import launch

Verify = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture(scope="session")
def shift(tmp_path_factory: pytest.TempPathFactory) -> Shift:
    """The docked shift. Never written to: copy what you damage."""
    if not launch.has_micropython():
        pytest.skip("MicroPython's unix build has no wheel for this platform")
    base = tmp_path_factory.getbasetemp()
    # Workers have folders of their own beside each other; whoever comes first makes it for all.
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (base / "shift.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return shared(base / "shift")


@pytest.fixture
def verify(shift: Shift, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verify:
    """Runs `evidock verify PATH --json`, trusting the shift's organisation unless told otherwise: status and report."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def verified(path: Path, *options: str, trust: str | None = None) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        status = run(["verify", str(path), "--json", "--trust", trust or shift.pin, *options])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return status, json.loads(out) if out else {"complaint": err}

    return verified
