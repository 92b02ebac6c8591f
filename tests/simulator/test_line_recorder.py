"""A virtual recorder behind a simulated line, on real MicroPython where there is one: its rate and its buffer."""

import os
import signal
import time
from pathlib import Path

import pytest
import serial
from simulator.simulated_host import Host
from support.virtual import virtual

from evidock_protocol import messages
from evidock_simulator.line import read_report
from evidock_simulator.line.ends import RATES, socket_pair
from evidock_simulator.virtual.links import USUAL_RATE, DescriptorLink, MemoryLink, PoweredLink
from evidock_simulator.virtual.supply import Supply

PATIENCE = 20.0  # seconds


class Port:
    """What `Host` speaks over."""

    def __init__(self, path: Path, rate: int = USUAL_RATE):
        self.serial = serial.Serial(str(path), rate, timeout=0)

    def write(self, data: bytes) -> None:
        self.serial.write(data)

    def read(self, seconds: float) -> bytes:
        self.serial.timeout = seconds
        first = self.serial.read(1)
        self.serial.timeout = 0
        return first + self.serial.read(4095)


def test_a_recorder_behind_a_uart_changes_its_rate(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with virtual(tmp_path, "quiet-shift", "--line", "uart,latency=1,overrun=256", "--line-report", str(report)) as run:
        run.wait_for("waiting")
        port = Port(run.port)
        host = Host(port)
        hello = host.hello()
        assert hello["rates"] == list(RATES)
        assert hello["rate"] == USUAL_RATE
        assert host.ask(messages.RATE, {"rate": 3_000_000}) == {"rate": 3_000_000}  # whole: it left before the change
        port.serial.baudrate = 3_000_000
        assert host.hello()["rate"] == 3_000_000
        deadline = time.monotonic() + PATIENCE
        while (found := read_report(report))["to_host"]["bytes"] != found["to_host"]["delivered"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert found["to_host"]["garbled"] == found["to_recorder"]["garbled"] == 0
        run.process.send_signal(signal.SIGSTOP)  # a recorder that is busy for long
        port.serial.write(b"\x01" * 1000)
        while read_report(report)["to_recorder"]["overrun"] != 1000 - 256:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        run.process.send_signal(signal.SIGCONT)
        port.serial.write(b"\0")
        assert host.hello()["rate"] == 3_000_000
        run.kill()
        while os.path.lexists(run.port):  # the power cut ended the line, too
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_recorder_without_a_uart_has_no_rate(tmp_path: Path) -> None:
    with virtual(tmp_path, "quiet-shift", "--line", "bytes=1000000,usb=64") as run:
        run.wait_for("waiting")
        hello = Host(Port(run.port)).hello()
        assert hello["rates"] == []
        assert hello["rate"] is None


def test_a_rate_is_told_with_the_bytes_before_it() -> None:
    recorder, far = os.openpty()
    reading, telling = os.pipe()
    link = DescriptorLink(recorder, (9600, USUAL_RATE), telling)
    assert link.rate == USUAL_RATE
    link.write(memoryview(b"0123456789"))
    link.set_rate(9600)
    assert link.rate == 9600
    assert os.read(reading, 100) == (9600).to_bytes(4, "little") + (10).to_bytes(4, "little")
    os.close(far)
    os.close(reading)


@pytest.mark.parametrize("rates", [(), (9600, USUAL_RATE)])
def test_a_boot_sets_the_usual_rate(rates: tuple[int, ...]) -> None:
    line = MemoryLink(rates=rates)
    supply = Supply()
    link = PoweredLink(line, supply)
    assert link.rates == rates
    assert link.rate == (USUAL_RATE if rates else 0)
    if rates:
        link.set_rate(9600)
        assert link.rate == line.rate == 9600
        supply.on = False
        link.set_rate(USUAL_RATE)
        assert line.rate == 9600
        assert PoweredLink(line, Supply()).rate == USUAL_RATE


def test_a_line_that_reads_no_rates_never_holds_the_recorder_up() -> None:
    """Whole pairs until the pipe is full, then the newest waits; without a reader the rate still changes."""
    ours, theirs = os.pipe()
    recorder, far = socket_pair()
    os.set_blocking(ours, False)
    os.set_blocking(theirs, False)
    link = DescriptorLink(recorder, (9600, USUAL_RATE), theirs)
    for _ in range(70_000 // 8):
        link.set_rate(9600)
    link.set_rate(USUAL_RATE)
    assert link.rate == USUAL_RATE
    assert len(os.read(ours, 1 << 20)) % 8 == 0
    link.wait(0)  # what waited is told now
    assert int.from_bytes(os.read(ours, 8)[:4], "little") == USUAL_RATE
    os.close(ours)
    link.set_rate(9600)  # the line has ended
    assert link.rate == 9600
    os.close(far)
