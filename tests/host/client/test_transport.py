"""Lines that pyserial opens: a pty, a TCP socket, and what may go wrong with them."""

import os
import socket
import threading
import time
import tty
from collections.abc import Generator
from pathlib import Path

import pytest
from support.docks import enrol, make_store
from support.ports import on_pty
from support.recorder import LEAF, ScriptedRecorder, Wire

import evidock
from evidock.client.transport import SerialLine
from evidock.errors import LineLost, PortError


@pytest.fixture
def recorder() -> ScriptedRecorder:
    return ScriptedRecorder()


@pytest.fixture
def address(recorder: ScriptedRecorder) -> Generator[str]:
    """The recorder behind a TCP socket, for one connection after another."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _peer = listener.accept()
            except OSError:
                return
            wire = Wire(recorder)
            with connection:
                while data := connection.recv(65536):
                    connection.sendall(wire.feed(data))

    threading.Thread(target=serve, daemon=True).start()
    yield f"socket://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def test_the_documented_use_over_a_socket(tmp_path: Path, recorder: ScriptedRecorder, address: str) -> None:
    """Interface: "Python", as written there, with the store's path."""
    store = tmp_path / "store"
    with make_store(store) as opened:
        enrol(recorder, opened)
    recorder.shift(1, 2, 8 * LEAF)
    told: list[evidock.Progress] = []
    with evidock.connect(address, store) as client:
        assert client.status().provisioned
        result = evidock.sync(client, store, progress=told.append)
    assert len(result.receipted) == 2
    assert told[-1].phase in ("media", "journal")
    with evidock.connect(address) as client:
        assert evidock.sync(client, str(store)).segments == []


def test_the_store_is_let_go_when_there_is_no_recorder(tmp_path: Path) -> None:
    store = tmp_path / "store"
    make_store(store).close()
    with pytest.raises(PortError):
        evidock.connect("/dev/no-such-port", store)
    with on_pty(lambda _data: b"") as silent, pytest.raises(evidock.EvidockError):
        evidock.connect(silent, store)
    evidock.Store(store).close()


def test_reading_waits_no_longer_than_asked() -> None:
    with on_pty(lambda _data: b"") as name:
        line = SerialLine(name)
        start = time.monotonic()
        assert line.read(0.2) == b""
        assert 0.15 < time.monotonic() - start < 10  # at once, but for a machine that is busy
        assert line.read(-1) == b""
        line.close()


def test_an_answer_comes_as_soon_as_it_is_there() -> None:
    with on_pty(lambda data: data[::-1]) as name:
        line = SerialLine(name)
        line.write(b"abc")
        start = time.monotonic()
        assert line.read(60) == b"cba"
        assert time.monotonic() - start < 20
        line.close()


def test_a_pulled_cable_is_a_lost_line() -> None:
    with on_pty(lambda _data: None) as name:
        line = SerialLine(name)

        def talk() -> None:
            for _ in range(20):
                line.write(b"x")
                line.read(0.2)

        with pytest.raises(LineLost, match="same command again"):
            talk()
        line.close()
        line.close()


def test_a_port_is_for_one_program() -> None:
    with on_pty(lambda _data: b"") as name:
        line = SerialLine(name)
        with pytest.raises(PortError, match="Another program"):
            SerialLine(name)
        line.close()
        SerialLine(name).close()


def test_a_port_that_may_not_be_opened(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may open everything")
    with on_pty(lambda _data: b"") as name:
        os.chmod(name, 0)
        with pytest.raises(PortError, match="may not open"):
            SerialLine(name)


def test_a_line_that_takes_nothing_is_a_lost_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recorder that reads nothing for seconds does not hang the host."""
    monkeypatch.setattr("evidock.client.transport.WRITE_SECONDS", 0.3)
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    line = SerialLine(os.ttyname(theirs))
    with pytest.raises(LineLost):
        line.write(bytes(1_000_000))
    line.close()
    os.close(ours)
    os.close(theirs)
