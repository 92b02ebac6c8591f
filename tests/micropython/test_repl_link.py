"""The line over the REPL's stream, on real MicroPython started at its prompt: banner, echo and Ctrl-C's byte.

The board is MicroPython's unix build on a pty; what it is told is typed there, as mpremote and people do.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evidock import client
from evidock_protocol import codes, framing, messages, versions, wire
from evidock_simulator import compiling, images, launch
from evidock_simulator.line import Line

HELLO = {"package": [1], "wire": [1], "flash": [1], "software": "\x03" * 5}
CTRL_A, CTRL_C, CTRL_D = b"\x01", b"\x03", b"\x04"


class Prompt:
    """A MicroPython at its prompt, and what came from it; the pty's other end stays open, or its end would be EIO."""

    def __init__(self, far: int, seen: bytes = b""):
        self.far = far
        self.seen = seen

    def type(self, text: bytes) -> None:
        """As slowly as a prompt reads."""
        for at in range(0, len(text), 32):
            os.write(self.far, text[at : at + 32])
            time.sleep(0.01)

    def read(self, seconds: float) -> bytes:
        ready = select.select([self.far], [], [], seconds)[0]
        data = os.read(self.far, 4096) if ready else b""
        self.seen += data
        return data

    def wait_for(self, text: bytes, seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        start = len(self.seen)
        while text not in self.seen[start:] and time.monotonic() < end:
            self.read(0.2)
        assert text in self.seen[start:], self.seen[-2000:]


@contextlib.contextmanager
def micropython(near: int, repository: Path) -> Iterator[None]:
    """MicroPython at its prompt on a pty, which becomes its terminal."""
    if not launch.has_micropython():
        pytest.skip("MicroPython's unix build has no wheel for this platform")
    folder = compiling.compiled()
    assert folder is not None
    environment = launch.micropython_environment(folder)
    for below in ("tests/micropython", "device/evidock_agent/boards"):
        environment["MICROPYPATH"] += os.pathsep + str(repository / below)
    process = subprocess.Popen(
        [*launch.micropython("4M"), "-i"],
        stdin=near,
        stdout=near,
        stderr=near,
        env=environment,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def prompt(repository: Path, raw: bool = True) -> Iterator[Prompt]:
    far, near = pty.openpty()
    (tty.setraw if raw else tty.setcbreak)(near)
    try:
        with micropython(near, repository):
            started = Prompt(far)
            started.wait_for(b">>> ")
            yield started
    finally:
        os.close(far)
        os.close(near)


class Host:
    """Asks over a prompt that has become a line."""

    def __init__(self, line: Prompt):
        self.line = line
        self.reader = framing.FrameReader(framing.frame_size(versions.MAXIMUM_PAYLOAD))
        self.writer = framing.FrameWriter(versions.MAXIMUM_PAYLOAD)

    def ask(self, number: int, tries: int = 20) -> dict[str, Any]:
        """HELLO's answer; asked again after a second, since text before the first frame spoils it."""
        frame = bytes(self.writer.encode(wire.request(messages.HELLO, number, HELLO)))
        assert CTRL_C in frame
        for _ in range(tries):
            os.write(self.line.far, frame)
            end = time.monotonic() + 1
            while time.monotonic() < end:
                for payload in self.reader.feed(self.line.read(0.2)):
                    kind, answered, values = wire.parse_answer(payload)
                    assert (kind, answered) == (messages.HELLO, number)
                    return dict(values)
        raise AssertionError(self.line.seen[-2000:])


@pytest.mark.parametrize("way", ["typed", "raw REPL"])
def test_a_recorder_at_its_prompt(way: str, repository: Path, tmp_path: Path) -> None:
    image, card = tmp_path / "flash", tmp_path / "card"
    images.prepare(image, card, "patrol", seed=1)
    begin = f"import repl_recorder; repl_recorder.begin({str(image)!r}, {str(card)!r})"
    with prompt(repository) as board:
        if way == "typed":
            board.type(begin.encode() + b"\r")
        else:
            board.type(CTRL_A)
            board.wait_for(b"raw REPL; CTRL-B to exit\r\n>")
            board.type(begin.encode() + CTRL_D)
        board.wait_for(b"waiting")  # the simulator says so on the same stream: text before the frames
        host = Host(board)
        os.write(board.far, b"stray text, and the end of a frame\x00")
        for number in (3, 0x0303):
            before = len(board.seen)
            answer = host.ask(number)
            assert (answer["rates"], answer["rate"], answer["state"]) == ([], None, codes.RECORDER_BLANK)
            assert CTRL_C in board.seen[before:]
            assert b">>> " not in board.seen[before:]


def test_mpremote_starts_it_and_a_host_docks_to_the_same_port(repository: Path, tmp_path: Path) -> None:
    """As an integrator does: one USB port for both, and nothing in between."""
    image, card = tmp_path / "flash", tmp_path / "card"
    images.prepare(image, card, "patrol", seed=1)
    begin = f"import repl_recorder; repl_recorder.begin({str(image)!r}, {str(card)!r})"
    with Line(tmp_path / "port", "bytes=1000000,latency=1", far=tmp_path / "board") as line:
        near = os.open(tmp_path / "board", os.O_RDWR | os.O_NOCTTY)
        with micropython(near, repository):
            # "resume": a soft reset ends MicroPython's unix build.
            mpremote = [sys.executable, "-m", "mpremote", "connect", str(line.host), "resume", "exec", "--no-follow"]
            done = subprocess.run([*mpremote, begin], capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
            with client.connect(str(line.host)) as recorder:
                status = recorder.status()
        os.close(near)
    assert (status.provisioned, status.protection) == (False, "simulated")


def test_ctrl_c_means_what_it_did_once_the_line_is_closed(repository: Path) -> None:
    """On a terminal that makes an interrupt of it."""
    with prompt(repository, raw=False) as board:
        board.type(b"import repl_recorder; repl_recorder.busy()\r")
        board.wait_for(b"given back")
        board.type(CTRL_C)
        board.wait_for(b">>> ")
        assert b"KeyboardInterrupt" in board.seen
