"""Lines that pyserial opens: a pty, a TCP socket, and what may go wrong with them."""

import contextlib
import os
import random
import socket
import threading
import time
import tty
from collections.abc import Generator
from pathlib import Path

import pytest
from support.bridges import listening, rfc2217_server
from support.docks import enrol, make_store
from support.ports import on_pty, speaks
from support.recorder import LEAF, ScriptedRecorder, Wire

import evidock
from evidock.client.transport import SerialLine
from evidock.errors import LineLost, NotARecorder, PortError
from evidock_protocol import messages


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
    assert told[-1].phase == "done"
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


def test_writing_to_a_port_that_takes_nothing_ends_when_told_so() -> None:
    ours, theirs = os.openpty()
    stop = threading.Event()
    line = SerialLine(os.ttyname(theirs), stop=stop)
    threading.Timer(0.1, stop.set).start()
    start = time.monotonic()
    with pytest.raises(evidock.EvidockError) as told:
        line.write(bytes(1 << 20))
    assert told.value.key == "interrupted"
    assert time.monotonic() - start < 3
    line.close()
    os.close(ours)
    os.close(theirs)


def test_writing_waits_for_a_slow_port() -> None:
    ours, theirs = os.openpty()
    line = SerialLine(os.ttyname(theirs))
    got = bytearray()

    def take() -> None:
        while len(got) < 100_000:
            time.sleep(0.001)
            got.extend(os.read(ours, 5000))

    taking = threading.Thread(target=take, daemon=True)
    taking.start()
    sent = random.Random(1).randbytes(100_000)
    line.write(memoryview(sent))
    taking.join(10)
    assert got == sent
    line.close()
    os.close(ours)
    os.close(theirs)


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


def test_what_gathers_comes_at_once() -> None:
    """Fewer wake-ups while media stream: everything that a terminal holds, and not 4,095 bytes of it."""
    with on_pty(lambda _data: bytes(12_000)) as name:
        line = SerialLine(name)
        line.gather = 0.2
        line.write(b"x")
        found = [len(line.read(20))]
        while sum(found) < 12_000:
            found.append(len(line.read(20)))
        assert found[0] > 4095
        line.close()


def ask_often(client: evidock.Recorder) -> None:
    for _ in range(10):
        client.connection.request(messages.STATUS, {}, 1, 2)


def test_a_server_of_rfc2217(recorder: ScriptedRecorder) -> None:
    """pyserial's own; the rate is the far port's, and a server that goes away is a lost line."""
    rates: list[int] = []
    wire = Wire(recorder)
    with on_pty(speaks(wire)) as far, listening(rfc2217_server(far, rates, [400])) as address:
        with evidock.connect("rfc2217://" + address, baud=57600) as client:
            assert client.status().battery_percent == 80
            assert rates[-1] == 57600
            assert client.connection._line.read(0) == b""  # pyright: ignore[reportPrivateUsage]
            with pytest.raises(LineLost):
                ask_often(client)
            client.reopen(time.monotonic() + 20)
            assert client.status().battery_percent == 80
        with evidock.connect("rfc2217://" + address) as client:
            assert rates[-1] == 115_200
            assert client.line_rate is None  # the recorder says that it has none


@pytest.mark.parametrize("url", ["socket://127.0.0.1:1", "rfc2217://127.0.0.1:1", "socket://nonsense", "what://x", ""])
def test_a_server_that_is_not_there_is_said_in_one_line(url: str) -> None:
    with pytest.raises(PortError) as caught:
        evidock.connect(url)
    assert "\n" not in str(caught.value)


class Talker:
    """Something that talks all the time, whatever it is asked."""

    def __init__(self, text: bytes):
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.name = os.ttyname(self._theirs)
        self._text = text
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._talk)

    def _talk(self) -> None:
        while not self._over.wait(0.002):
            with contextlib.suppress(BlockingIOError):
                os.write(self._ours, self._text)

    def __enter__(self) -> "Talker":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()
        os.close(self._ours)
        os.close(self._theirs)


@pytest.mark.hunt
@pytest.mark.parametrize(
    "text", [b"$GPGGA,123519,4807.038,N*47\r\n", bytes(2000), b"\xff" * 4000, b"\x02\x01\x00" * 99]
)
def test_what_talks_without_end_is_said_to_be_no_recorder(text: bytes) -> None:
    with Talker(text) as talker:
        began = time.monotonic()
        with pytest.raises(NotARecorder, match="not an evidock recorder"):
            evidock.connect(talker.name)
        assert time.monotonic() - began < 12


def test_a_recorder_behind_its_boot_messages_and_its_prompt(recorder: ScriptedRecorder) -> None:
    """What a board says while it boots, its prompt and stray text between the frames are no part of them."""
    wire = Wire(recorder)
    first = [b'ets Jun  8 2016\r\nMicroPython v1.28; Raspberry Pi Pico\r\nType "help()"\r\n>>> ']

    def device(data: bytes) -> bytes:
        answer = wire.feed(data)
        return (first.pop() if first else b"") + b"\x00Traceback: none\r\n\x00" + answer + b"I (312) wifi: up\r\n"

    with on_pty(device) as name, evidock.connect(name) as client:
        for _ in range(3):
            assert client.status().battery_percent == 80
        assert client.connection.noise > 100


@pytest.mark.parametrize("rate", [0, -1, 12_345_678, 1 << 40, 1 << 70])
def test_a_rate_that_a_port_cannot_have(rate: int) -> None:
    """It is set or it is not; whatever the system says, the port goes on."""
    with on_pty(lambda data: data) as name:
        line = SerialLine(name)
        assert line.set_rate(rate) == (line.rate == rate)
        assert line.set_rate(921_600)
        line.write(b"x")
        assert line.read(20) == b"x"
        line.close()


@pytest.mark.parametrize("name", ["/dev/null", "/", "/dev/zero", "relative", "/dev/ttyS99"])
def test_what_is_no_serial_port(name: str) -> None:
    with pytest.raises(PortError):
        SerialLine(name)


def test_all_of_it_is_sent_through_a_port_that_takes_a_part_at_once() -> None:
    controller, terminal = os.openpty()
    line = SerialLine(os.ttyname(terminal))
    sent = random.Random(1).randbytes(300_000)
    got = bytearray()

    def take() -> None:
        while len(got) < len(sent):
            got.extend(os.read(controller, 4096))

    reader = threading.Thread(target=take, daemon=True)
    reader.start()
    line.write(sent)
    reader.join(10)
    line.close()
    os.close(controller)
    os.close(terminal)
    assert got == sent
