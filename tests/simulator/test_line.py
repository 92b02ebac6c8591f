"""A simulated line as a process: what it counts, how long it takes, what its failures look like to both ends.

Figures in time are asserted only when the line itself says that the machine let it keep them.
"""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import pytest
import serial
from support.virtual import command, environment
from typer.testing import CliRunner

from evidock_simulator.cli import app
from evidock_simulator.line import BadOptions, Line, NoLine, read_report
from evidock_simulator.line.report import Report

PATIENCE = 20.0  # seconds
QUIET = 0.15  # seconds without a byte, after which no more are waited for
STREAM = Random(6).randbytes(200_000)


@contextmanager
def opened(path: str) -> Generator[int]:
    """The descriptor of a port, as a host opens it."""
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def pass_on(data: bytes, sender: int, receiver: int, expected: int | None = None) -> bytes:
    """Writes `data` to one end while it reads the other, until `expected` bytes have come or none come any more."""
    sent = 0
    found = bytearray()
    deadline = time.monotonic() + PATIENCE
    while expected is None or len(found) < expected:
        assert time.monotonic() < deadline, f"{len(found)} of {expected} bytes came"
        ready = select.select([receiver], [sender] if sent < len(data) else [], [], QUIET)
        if not any(ready) and expected is None:
            break
        if ready[0]:
            found += os.read(receiver, 65536)
        if ready[1]:
            with suppress(BlockingIOError):
                sent += os.write(sender, data[sent : sent + 4096])
    return bytes(found)


def wait_until(line: Line, wanted: Callable[[Report], bool]) -> Report:
    """The report once it is as wanted."""
    deadline = time.monotonic() + PATIENCE
    while not wanted(found := line.report()):
        assert time.monotonic() < deadline, found
        time.sleep(0.01)
    return found


def until_valid(measure: Callable[[], Report]) -> Report:
    """A measurement that the machine did not spoil: it is repeated a few times."""
    for _ in range(5):
        found = measure()
        if not found["void"]:
            return found
    pytest.skip("the machine is too busy for times to count")


@pytest.mark.parametrize(("option", "rate"), [("rate=921600", 92_160), ("bytes=1000000,usb=64", 1_000_000)])
def test_the_rate_is_kept_and_every_byte_counted(option: str, rate: int, tmp_path: Path) -> None:
    count = rate // 5

    def measure() -> Report:
        with Line(tmp_path / "port", f"{option},latency=2") as line, opened(line.host) as host:
            assert line.recorder is not None
            began = time.monotonic()
            assert pass_on(STREAM[:count], line.recorder, host, count) == STREAM[:count]
            seconds = time.monotonic() - began
            assert pass_on(STREAM[:999], host, line.recorder, 999) == STREAM[:999]
            found = line.report()
        assert found["to_host"]["bytes"] == found["to_host"]["delivered"] == count
        assert found["to_recorder"]["bytes"] == found["to_recorder"]["delivered"] == 999
        assert found["to_host"]["busy_s"] == pytest.approx(count / rate, rel=1e-6)
        assert seconds > count / rate  # never faster, however busy the machine
        return found

    found = until_valid(measure)
    seconds = found["to_host"]["last_s"] - found["to_host"]["first_s"]
    assert seconds == pytest.approx(count / rate, rel=0.01)


def test_latency_is_added_each_way(tmp_path: Path) -> None:
    with Line(tmp_path / "port", "bytes=1000000,latency=30") as line, opened(line.host) as host:
        assert line.recorder is not None
        taken: list[float] = []
        for sender, receiver in ((host, line.recorder), (line.recorder, host)) * 5:
            began = time.monotonic()
            assert pass_on(b"x" * 100, sender, receiver, 100) == b"x" * 100
            taken.append(time.monotonic() - began)
        assert min(taken) >= 0.030
        assert min(taken[::2]) < 0.034
        assert min(taken[1::2]) < 0.034


def test_the_same_seed_gives_the_same_faults_whatever_the_timing(tmp_path: Path) -> None:
    def noisy(rate: int, latency: int, seed: int) -> bytes:
        options = f"bytes={rate},latency={latency},errors=1e-4,drop=1e-3,insert=1e-3,seed={seed}"
        with Line(tmp_path / "port", options) as line, opened(line.host) as host:
            assert line.recorder is not None
            found = pass_on(STREAM[:50_000], line.recorder, host)
            report = line.report()["to_host"]
            assert report["bytes"] == 50_000
            assert len(found) == 50_000 - report["dropped"] + report["inserted"] == report["delivered"]
            assert min(report["flipped"], report["dropped"], report["inserted"]) > 10
            return found

    first = noisy(1_000_000, 0, 1)
    assert noisy(300_000, 5, 1) == first
    assert noisy(1_000_000, 0, 2) != first


def test_a_cut_is_silent_and_begins_at_its_byte(tmp_path: Path) -> None:
    with Line(tmp_path / "port", "rate=1000000,cut=5000:50") as line, opened(line.host) as host:
        assert line.recorder is not None
        found = pass_on(STREAM[:20_000], line.recorder, host)
        report = line.report()
    lost = report["to_host"]["cut"]
    assert report["cuts"] == 1
    assert lost == pytest.approx(5000, abs=500)  # 50 ms of 100,000 bytes a second, unless the sender was kept waiting
    assert found == STREAM[:5000] + STREAM[5000 + lost : 20_000]


def test_failures_follow_one_another(tmp_path: Path) -> None:
    """The second was due in the midst of the first: it begins when that is over."""
    with Line(tmp_path / "port", "rate=1000000,cut=0:20,cut=1000:20,cut=9000:20") as line, opened(line.host) as host:
        assert line.recorder is not None
        time.sleep(0.1)  # the first is over before any byte is sent
        found = pass_on(STREAM[:20_000], line.recorder, host)
        report = line.report()
    assert report["cuts"] == 3
    assert found.startswith(STREAM[:1000])
    assert len(found) == 20_000 - report["to_host"]["cut"]
    assert report["to_host"]["cut"] == pytest.approx(4000, abs=800)


def test_an_unplugged_port_vanishes_and_comes_back_under_its_link(tmp_path: Path) -> None:
    link = tmp_path / "port"
    with Line(link, "rate=1000000,unplug=3000:200,unplug=6000:0") as line, opened(line.host) as host:
        assert line.recorder is not None
        first = os.readlink(link)
        os.write(line.recorder, STREAM[:3500])
        found = b""
        deadline = time.monotonic() + PATIENCE
        read = b"some"
        while read:  # an end, or an error, once the port is gone
            assert select.select([host], [], [], PATIENCE)[0]
            try:
                read = os.read(host, 4096)
            except OSError:
                read = b""
            found += read
        with pytest.raises(OSError, match="Input/output error"):
            os.write(host, b"x")
        assert STREAM[:3000].startswith(found)  # what a host has not read when the port goes is gone
        assert len(found) > 2000
        while not link.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with opened(line.host) as again:
            assert os.readlink(link) != first  # the host still holds the old one
            assert pass_on(STREAM[:2000], line.recorder, again) == STREAM[:2000]
            assert pass_on(STREAM[:500], again, line.recorder, 500) == STREAM[:500]
        report = line.report()
    assert report["unplugs"] == 1
    assert report["to_host"]["cut"] >= 500
    assert not os.path.lexists(link)


def test_what_finds_the_recorders_buffer_full_is_lost(tmp_path: Path) -> None:
    with Line(tmp_path / "port", "rate=1000000,overrun=256") as line, opened(line.host) as host:
        assert line.recorder is not None
        os.write(host, STREAM[:1000])
        wait_until(line, lambda report: report["to_recorder"]["overrun"] == 1000 - 256)
        assert os.read(line.recorder, 4096) == STREAM[:256]
        assert pass_on(STREAM[:255], host, line.recorder, 255) == STREAM[:255]
        assert line.report()["to_recorder"]["overrun"] == 1000 - 256


@pytest.mark.parametrize("option", ["rate=9600,overrun=256", "uart"])
def test_what_only_a_virtual_recorder_has_is_refused_before_a_port(option: str, tmp_path: Path) -> None:
    """Nobody can say what a port has not read, nor what rate its user has set: the report would be wrong."""
    with pytest.raises(BadOptions, match=r"^(overrun|uart): only for a virtual recorder"):
        Line(tmp_path / "port", option, tmp_path / "recorder")
    assert not list(tmp_path.iterdir())


def overfill(line: Line) -> tuple[bytes, int]:
    """(bytes offered, bytes taken) by a line towards a host that does not read."""
    assert line.recorder is not None
    data = STREAM + STREAM
    taken = 0
    while taken < len(data) and select.select([], [line.recorder], [], 2 * QUIET)[1]:
        with suppress(BlockingIOError):
            taken += os.write(line.recorder, data[taken : taken + 4096])
    return data, taken


def test_a_host_that_does_not_read_loses_bytes_of_a_uart(tmp_path: Path) -> None:
    with Line(tmp_path / "port", "rate=10000000,buffer=4096") as line, opened(line.host) as host:
        data, taken = overfill(line)
        assert taken == len(data)
        lost = wait_until(
            line, lambda report: sum(report["to_host"][name] for name in ("delivered", "overrun")) > taken - 4097
        )["to_host"]
        found = pass_on(b"", line.recorder or 0, host)
        assert data.startswith(found)
        assert lost["bytes"] == taken
        assert lost["overrun"] == taken - len(found) > 0


def test_a_host_that_does_not_read_keeps_usb_waiting(tmp_path: Path) -> None:
    with Line(tmp_path / "port", "bytes=1000000,buffer=4096") as line, opened(line.host) as host:
        data, taken = overfill(line)
        assert taken < len(data)
        assert pass_on(b"", line.recorder or 0, host) == data[:taken]
        assert line.report()["to_host"]["overrun"] == 0


def test_bytes_at_another_rate_are_garbage_until_both_have_changed(tmp_path: Path) -> None:
    with Line(tmp_path / "port", "uart") as line, serial.Serial(line.host, 115_200, timeout=PATIENCE) as port:
        assert line.recorder is not None
        port.write(b"hello")
        assert pass_on(b"", line.recorder, line.recorder, 5) == b"hello"
        os.write(line.recorder, b"slow answer")
        line.tell_rate(921_600, 11)
        assert port.read(11) == b"slow answer"  # it left before the recorder changed its rate
        os.write(line.recorder, b"fast")
        port.timeout = QUIET
        assert b"fast" not in port.read(100)
        port.write(b"hello")
        assert pass_on(b"", port.fileno(), line.recorder) != b"hello"
        port.baudrate = 921_600
        port.timeout = PATIENCE
        os.write(line.recorder, b"fast answer")
        assert port.read(11) == b"fast answer"
        port.write(STREAM[:9216])
        assert pass_on(b"", line.recorder, line.recorder, 9216) == STREAM[:9216]
        report = line.report()
        assert report["to_host"]["garbled"] == 4
        assert report["to_recorder"]["garbled"] == 5
        assert report["to_recorder"]["busy_s"] == pytest.approx(10 / 11_520 + 9216 / 92_160, rel=1e-6)


def test_a_line_before_a_port_that_is_there(tmp_path: Path) -> None:
    with (
        Line(tmp_path / "outer", "bytes=1000000", far=tmp_path / "inner"),
        opened(str(tmp_path / "outer")) as far,
        Line(tmp_path / "port", "rate=1000000,errors=1e-3", tmp_path / "inner") as line,
        opened(line.host) as host,
    ):
        found = pass_on(STREAM[:10_000], far, host, 10_000)
        assert line.report()["to_host"]["flipped"] > 0
        assert sum(a != b for a, b in zip(found, STREAM, strict=False)) <= line.report()["to_host"]["flipped"]


def test_a_line_whose_far_port_is_gone_ends(tmp_path: Path) -> None:
    with Line(tmp_path / "outer", "bytes=1000000", far=tmp_path / "inner") as outer:
        line = Line(tmp_path / "port", "rate=1000000", tmp_path / "inner")
        assert line.report()["to_host"]["bytes"] == 0
        outer.close()
        deadline = time.monotonic() + PATIENCE
        while os.path.lexists(tmp_path / "port"):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with pytest.raises(NoLine, match="has ended"):
            line.report()
        line.close()


def test_a_line_that_cannot_begin_says_why(tmp_path: Path) -> None:
    taken = tmp_path / "port"
    taken.write_text("mine")
    with pytest.raises(NoLine, match="is there and is no link of an earlier run"):
        Line(taken, "rate=9600")
    assert taken.read_text() == "mine"
    with pytest.raises(NoLine, match="No such file"):
        Line(tmp_path / "other", "rate=9600", tmp_path / "none")
    assert not os.path.lexists(tmp_path / "other")


@pytest.mark.parametrize("ends", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_command_relays_and_reports(tmp_path: Path, ends: signal.Signals) -> None:
    link, file = tmp_path / "port", tmp_path / "report.json"
    with (
        Line(tmp_path / "outer", "bytes=1000000", far=tmp_path / "inner") as outer,
        opened(outer.host) as far,
        subprocess.Popen(
            command(
                "evidock_simulator",
                *("line", "--port", str(tmp_path / "inner"), "--link", str(link)),
                *("--line-report", str(file), "rate=921600"),
            ),
            env=environment(tmp_path),
        ) as process,
    ):
        deadline = time.monotonic() + PATIENCE
        while not link.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        with opened(str(link)) as host:
            assert pass_on(STREAM[:5000], far, host, 5000) == STREAM[:5000]
            while read_report(file)["to_host"]["delivered"] < 5000:
                assert time.monotonic() < deadline
                time.sleep(0.01)
        process.send_signal(ends)  # SIGHUP: its terminal was closed
        assert process.wait(PATIENCE) == 0
    assert not os.path.lexists(link)
    assert read_report(file)["to_host"]["bytes"] == 5000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "patrol", "--link", "x", "--line", "rate=fast"), "rate=fast: expected a whole number"),
        (("run", "patrol", "--link", "x", "--line-report", "y"), "--line-report needs --line"),
        (("line", "--port", "x", "--link", "y", "uart"), "uart: only for a virtual recorder"),
        (("line", "--port", "x", "--link", "y", "rate=9600,overrun=9"), "overrun: only for a virtual recorder"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = CliRunner().invoke(app, arguments)
    assert ended.exit_code == 2
    assert said in " ".join(ended.output.replace("│", "").split())
    assert not list(tmp_path.iterdir())
