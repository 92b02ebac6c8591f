"""The player as a process, with a pty to it: what a test holds.

Architecture: "The simulator" (MicroPython cannot open a pty, so that it is handed one).
"""

import json
import os
import pty
import subprocess
import tty
from pathlib import Path
from typing import Any

from evidock_simulator import compiling, launch

HEAP = "16M"
_SCRIPT = Path(__file__).with_name("player.py")


class PlayerEnded(RuntimeError):
    """The player ended, or raised: the text is what it said."""


class Process:
    """A running player; `port` is what a host opens. `ask` sends a command and returns its answer."""

    def __init__(self, flash: Path, card: Path):
        recorder, host = pty.openpty()
        tty.setraw(host)
        os.set_blocking(recorder, False)
        self.port = os.ttyname(host)
        self._held = host  # the last close of it would give the recorder EIO for ever
        self._process = subprocess.Popen(
            [*launch.micropython(HEAP), str(_SCRIPT), str(flash), str(card), str(recorder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=(recorder,),
            env=launch.micropython_environment(compiling.compiled()),
        )
        os.close(recorder)

    def ask(self, do: str, **values: Any) -> dict[str, Any]:
        """One command. Raises PlayerEnded."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **values}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise PlayerEnded(f"{do}: ended with status {self._process.wait()}")
        found = json.loads(line)
        if "error" in found:
            raise PlayerEnded(f"{do} {values}: {found['error']}")
        return found

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        os.close(self._held)
