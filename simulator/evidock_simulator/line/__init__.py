"""A serial line in software: exact rate and latency, faults from a seed, exact counts, for tests and benchmarks.

Architecture: "The simulator"; interface: "Command line" (evidock-sim line).
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from evidock_simulator.line.ends import socket_pair
from evidock_simulator.line.options import BadOptions, Break, Options, check_far_port, parse
from evidock_simulator.line.process import Orders
from evidock_simulator.line.report import Report

__all__ = ["BadOptions", "Break", "Line", "NoLine", "Options", "parse", "read_report"]

_WAIT = 30.0  # seconds for an answer of the line's process


class NoLine(RuntimeError):
    """The line's process did not start, or has ended."""


class Line:
    """A line whose port for a host is at `host`, in a process of its own until `close` or the end of a `with`.

    What is at its far end: the port `recorder_link` that is there; or, with `far`, a second pty under that link, for
    any program to open; or else `recorder`, the non-blocking descriptor of a socket, on which this process plays the
    recorder. With the option `uart`, `tell_rate` says what rate a recorder on that socket has set.
    """

    def __init__(
        self, link: Path, options: Options | str, recorder_link: Path | None = None, *, far: Path | None = None
    ):
        self.options = parse(options) if isinstance(options, str) else options
        if recorder_link is not None:
            check_far_port(self.options)
        self.host = str(Path(link).absolute())
        self.recorder: int | None = None
        self._rates: int | None = None
        passed: list[int] = []  # descriptors that only the line's process keeps
        orders: Orders = {"link": self.host, "options": self.options.text}
        if recorder_link is not None:
            orders["port"] = str(Path(recorder_link).absolute())
        elif far is not None:
            orders["far"] = str(far.absolute())
        else:
            near, self.recorder = socket_pair()
            telling, self._rates = os.pipe()
            os.set_blocking(telling, False)
            orders["socket"] = (near, self.recorder)
            orders["rates"] = telling
            passed = [near, telling]
        try:
            self._process, self._control = start(orders, [*passed, *([self.recorder] if self.recorder else [])])
        except NoLine:
            self._let_go()
            raise
        finally:
            for descriptor in passed:
                os.close(descriptor)
        self._answers = self._control.makefile("rb")

    def report(self) -> Report:
        """What the line has done up to now; `report.of` says what is in it."""
        try:
            self._control.sendall(b"?")
            return json.loads(self._answers.readline())
        except (OSError, ValueError):
            raise NoLine("the line's process has ended") from None

    def tell_rate(self, rate: int, written: int) -> None:
        """The recorder on the socket has set `rate`, bits per second, after so many bytes that it has written."""
        assert self._rates is not None, "only for a recorder on the socket"
        os.write(self._rates, rate.to_bytes(4, "little") + (written & 0xFFFFFFFF).to_bytes(4, "little"))

    def close(self) -> None:
        """Ends the line: the host's port is gone."""
        self._control.close()
        self._answers.close()
        try:
            self._process.wait(_WAIT)
        finally:
            if self._process.poll() is None:
                self._process.kill()
            if self._process.stderr:
                self._process.stderr.close()
        self._let_go()

    def _let_go(self) -> None:
        for descriptor in (self.recorder, self._rates):
            if descriptor is not None:
                os.close(descriptor)
        self.recorder = self._rates = None

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None):
        self.close()


def read_report(path: Path) -> Report:
    """What `--line-report` has written: up to 0.1 s old while bytes move, exact once the line is idle."""
    return json.loads(path.read_text(encoding="utf-8"))


def start(orders: Orders, inherited: list[int]) -> tuple["subprocess.Popen[bytes]", socket.socket]:
    """Starts the process of a line and waits until its link is there; it ends when the socket is closed.

    Raises NoLine with what it said.
    """
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    ours, theirs = socket.socketpair()
    ours.settimeout(_WAIT)
    process = subprocess.Popen(
        [sys.executable, "-m", "evidock_simulator.line", json.dumps({**orders, "control": theirs.fileno()})],
        pass_fds=[*inherited, theirs.fileno()],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,  # a Ctrl-C is for who started the line
    )
    theirs.close()
    if ours.recv(1):
        return process, ours
    ours.close()
    complaint = process.communicate()[1].decode().strip().splitlines()
    raise NoLine(complaint[-1] if complaint else "the line did not start")
