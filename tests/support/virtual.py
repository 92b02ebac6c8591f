"""Virtual recorders as processes: the command `evidock-sim run` on a pty, as a user starts it, for end-to-end tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WAIT_SECONDS = 60


def environment(home: Path) -> dict[str, str]:
    """For a command of a user with a home folder of his own."""
    own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "EVIDOCK_PASSPHRASE": "correct horse", "LC_ALL": "C.UTF-8"}
    return {**os.environ, **own, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def command(package: str, *arguments: str) -> list[str]:
    """A command line of `evidock` or `evidock_simulator` with the interpreter that runs the tests."""
    return [sys.executable, "-c", f"from {package}.cli import main; main()", *arguments]


class Virtual:
    """A running virtual recorder; `port` is what a host opens."""

    def __init__(self, folder: Path, scenario: str, *options: str):
        self.port = folder / "recorder"
        self._log = folder / "states.jsonl"
        self._complaints = folder / "complaints"
        arguments = ("run", scenario, "--link", str(self.port), "--seed", "1", "--json", *options)
        with self._log.open("wb") as out, self._complaints.open("ab") as err:
            run = command("evidock_simulator", *arguments)
            self.process = subprocess.Popen(run, stdout=out, stderr=err, env=environment(folder))

    def states(self) -> list[str]:
        """The changes of state so far."""
        lines = self._log.read_text().splitlines()
        found: list[dict[str, Any]] = [json.loads(line) for line in lines if line.endswith("}")]
        return [str(one["state"]) for one in found]

    def wait_for(self, state: str) -> None:
        """Until the recorder said that it is in `state`; an AssertionError with its complaints when it does not."""
        deadline = time.monotonic() + WAIT_SECONDS
        while state not in self.states():
            assert self.process.poll() is None, self._complaints.read_text()
            assert time.monotonic() < deadline, f"{self.states()} {self._complaints.read_text()}"
            time.sleep(0.02)

    def kill(self) -> None:
        """A power cut."""
        self.process.kill()
        self.process.wait()


@contextmanager
def virtual(folder: Path, scenario: str, *options: str) -> Generator[Virtual]:
    """A virtual recorder in `folder` (made or gone on with), killed at the end."""
    recorder = Virtual(folder, scenario, *options)
    try:
        yield recorder
    finally:
        recorder.kill()
