"""The simulator as another process: starts it, follows what it prints, and ends it.

Interface: "evidock-sim run … --json".
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import cast

from evidock.errors import SimulatorError

SECONDS = 120.0  # for a change of state; a shift takes a few
_END_SECONDS = 5.0


class VirtualRecorder:
    """A running `evidock-sim`; a context manager. `port` is where it answers."""

    def __init__(self, scenario: str, folder: Path, seed: int, media: Sequence[Path] = ()):
        """Starts it; given `media`, it hears and sees these and nothing else.

        Raises SimulatorError when it is not installed.
        """
        if find_spec("evidock_simulator") is None:
            raise SimulatorError("no_simulator")
        self.port = folder / "port"
        self._log = folder / "recorder.log"
        command = [sys.executable, "-m", "evidock_simulator", "run", scenario, "--link", str(self.port)]
        command += ["--flash", str(folder / "recorder.flash"), "--card", str(folder / "recorder.card")]
        command += ["--seed", str(seed), "--speed", "max", "--json"]
        for file in media:
            command += ["--media", str(file)]
        if media:  # what the user gave is told from what ships: no street beside somebody's own voice
            command.append("--only-media")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL)
        self._states: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._follow, daemon=True).start()

    def wait_for(self, state: str) -> None:
        """Returns once the recorder says that it is `state`. Raises SimulatorError when it ends or takes too long."""
        until = time.monotonic() + SECONDS
        while True:
            try:
                said = self._states.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                raise SimulatorError("simulator_slow", state=state, log=self._log) from None
            if said is None:
                raise SimulatorError("simulator_ended", reason=self._last_words(), log=self._log)
            if said == state:
                return

    def __enter__(self) -> VirtualRecorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.port.unlink(missing_ok=True)

    def _follow(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        for line in stream:
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if isinstance(said, dict):
                self._states.put(str(cast("dict[str, object]", said).get("state")))
        self._states.put(None)

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else f"exit status {self._process.wait()}"
