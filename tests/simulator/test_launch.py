"""How a virtual recorder starts and ends: one for an image, and no link that outlives it."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from support.virtual import command, environment, virtual

PATIENCE = 20.0  # seconds


def test_an_image_is_that_of_one_recorder(tmp_path: Path) -> None:
    """Two on one flash would write over each other."""
    with virtual(tmp_path, "quiet-shift") as first:
        first.wait_for("waiting")
        again = command("evidock_simulator", "run", "quiet-shift", "--link", str(tmp_path / "other"))
        again += ["--flash", str(tmp_path / "recorder.flash")]
        second = subprocess.run(
            again, env=environment(tmp_path), capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert second.returncode == 1
        assert "another recorder runs on it" in second.stderr
        assert not os.path.lexists(tmp_path / "other")
    with virtual(tmp_path, "quiet-shift") as after:  # a power cut gives it back
        after.wait_for("waiting")


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="nothing lists processes here")
def test_a_link_goes_with_its_recorder_whatever_else_was_ended(tmp_path: Path) -> None:
    with virtual(tmp_path, "quiet-shift") as run:
        run.wait_for("waiting")
        others = [one for one in of(str(run.port)) if one != run.process.pid]
        assert others
        for one in others:  # as `pkill -f` does
            os.kill(one, signal.SIGTERM)
        time.sleep(0.1)
        assert os.path.lexists(run.port)
        run.kill()
        deadline = time.monotonic() + PATIENCE
        while os.path.lexists(run.port):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def of(word: str) -> list[int]:
    """Processes that were started with `word`."""
    found: list[int] = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word in file.read_bytes().decode(errors="replace").split("\0"):
                found.append(int(file.parent.name))
        except OSError:
            continue  # it has ended
    return found
