"""Any line, as users have them: sockets, RFC 2217, UARTs with rates, pulled cables, ports with no recorder on them.

Interface: "PORT is anything pyserial opens". Both command lines and the library, with the agent on real MicroPython.
"""

from __future__ import annotations

import json
import os
import pty
import subprocess
import threading
import time
import tty
from pathlib import Path

import pytest
from end_to_end.test_dock import SHORT_SHIFT, Host
from support.bridges import listening, rfc2217_server, tcp_bridge
from support.ports import on_pty
from support.virtual import virtual

import evidock
from evidock.client.transport import SerialLine
from evidock_simulator import launch

pytestmark = pytest.mark.skipif(
    not launch.has_micropython(), reason="MicroPython's unix build has no wheel for this platform"
)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.fixture
def shift(tmp_path: Path) -> str:
    """The scenario of one short recording: 75 s of sound in two segments."""
    path = tmp_path / "shift.json"
    path.write_text(json.dumps(SHORT_SHIFT))
    return str(path)


def syncs(host: Host, port: str, *options: str) -> dict[str, list[object]]:
    return json.loads(host.does("sync", "--port", port, str(host.store), "--json", *options))


def test_everything_over_a_socket_that_is_cut(host: Host, shift: str, tmp_path: Path) -> None:
    """status, provision and sync over socket://, as over a cable; a server that goes away for a moment is no end."""
    with (
        virtual(tmp_path, shift, "--speed", "max") as recorder,
        listening(tcp_bridge(str(recorder.port), [1_000_000, 1_000_000, 1_000_000, 400_000])) as address,
    ):
        port = "socket://" + address
        recorder.wait_for("waiting")
        assert not json.loads(host.does("status", "--port", port, "--json"))["provisioned"]
        host.does("init", str(host.store))
        host.does("provision", "--port", port, str(host.store), "--serial", "417")
        recorder.wait_for("docked")
        assert json.loads(host.does("status", "--port", port, "--json"))["backlog_segments"] == 2
        assert syncs(host, port)["reopened"] == 1
    assert host.check_whole() == 2


@pytest.mark.hunt
def test_everything_over_rfc2217(host: Host, shift: str, tmp_path: Path) -> None:
    """pyserial's own server; it is told the rate that --baud fixes."""
    rates: list[int] = []
    with (
        virtual(tmp_path, shift, "--speed", "max") as recorder,
        listening(rfc2217_server(str(recorder.port), rates)) as address,
    ):
        port = "rfc2217://" + address
        recorder.wait_for("waiting")
        host.does("init", str(host.store))
        host.does("provision", "--port", port, str(host.store))
        recorder.wait_for("docked")
        assert json.loads(host.does("status", "--port", port, "--json", "--baud", "57600"))["provisioned"]
        assert 57600 in rates
        assert len(syncs(host, port)["segments"]) == 2
    assert host.check_whole() == 2


@pytest.mark.hunt
def test_a_uart_is_brought_to_its_highest_rate(host: Host, shift: str, tmp_path: Path) -> None:
    """The media of 75 s are 2.4 MB: at the usual rate they took 208 s."""
    report = tmp_path / "line"
    line = ("--line", "uart,latency=1,overrun=256", "--line-report", str(report))
    with virtual(tmp_path, shift, "--speed", "max", *line) as recorder:
        host.enrol(recorder)
        recorder.wait_for("docked")
        began = time.monotonic()
        found = syncs(host, str(recorder.port))
        assert time.monotonic() - began < 100
        assert len(found["receipted"]) == 2
        before = json.loads(report.read_text())["to_host"]["garbled"]
        host.does("status", "--port", str(recorder.port))  # at its usual rate again: the next program finds it
        assert json.loads(report.read_text())["to_host"]["garbled"] == before
    assert host.check_whole() == 2


@pytest.mark.hunt
def test_a_cable_that_is_pulled_and_plugged_in_again(host: Host, shift: str, tmp_path: Path) -> None:
    """The port vanishes twice; the library says so while it waits, and pulls nothing twice that it has verified."""
    line = ("--line", "bytes=1000000,latency=1,unplug=600000:200,unplug=1200000:400")
    told: list[evidock.Progress] = []
    with virtual(tmp_path, shift, "--speed", "max", *line) as recorder:
        host.enrol(recorder)
        recorder.wait_for("docked")
        with evidock.connect(str(recorder.port), host.store) as client:
            result = evidock.sync(client, progress=told.append)
    assert result.reopened == 2
    assert len(result.receipted) == 2
    assert any(event.phase == "waiting" for event in told)
    assert result.bytes < 2_400_000 + 2 * 3 * 65536
    assert host.check_whole() == 2


@pytest.mark.hunt
def test_no_patience_is_an_error_at_once_and_the_next_run_goes_on(host: Host, shift: str, tmp_path: Path) -> None:
    line = ("--line", "bytes=1000000,unplug=900000:1000")
    with virtual(tmp_path, shift, "--speed", "max", *line) as recorder:
        host.enrol(recorder)
        recorder.wait_for("docked")
        lost = host("sync", "--port", str(recorder.port), str(host.store), "--patience", "0")
        assert lost.returncode == 1
        assert "run the same command again" in lost.stderr
        while not recorder.port.exists():
            time.sleep(0.05)
        again = json.loads(host.does("sync", "--port", str(recorder.port), str(host.store), "--json"))
        assert len(again["receipted"]) == 2
        assert again["bytes"] < 2_400_000 - 400_000
    assert host.check_whole() == 2


@pytest.mark.hunt
def test_a_crash_leaves_a_rate_behind_and_the_next_program_finds_the_recorder(host: Host, tmp_path: Path) -> None:
    with virtual(tmp_path, "quiet-shift", "--speed", "max", "--line", "uart") as recorder:
        recorder.wait_for("waiting")
        crashed = evidock.connect(str(recorder.port))
        assert crashed.line_rate == 300_000
        line = crashed.connection._line  # pyright: ignore[reportPrivateUsage]
        line.close()
        assert "EVIDOCK-SIM" in host.does("status", "--port", str(recorder.port))


def test_two_programs_on_one_port(host: Host, tmp_path: Path) -> None:
    with on_pty(lambda _data: b"") as name:
        line = SerialLine(name)
        refused = host("status", "--port", name)
        line.close()
    assert refused.returncode == 1
    assert "Another program" in refused.stderr
    if Path("/proc/locks").exists():
        assert str(os.getpid()) in refused.stderr  # it is named
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.hunt
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_bare_prompt_is_said_to_be_one(host: Host, lang: str) -> None:
    """The real prompt of MicroPython, with no agent."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    prompt = subprocess.Popen(["micropython", "-i"], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    outer, inner = pty.openpty()
    tty.setraw(inner)

    def carry(source: int, target: int) -> None:
        while True:
            try:
                os.write(target, os.read(source, 4096))
            except OSError:
                return

    for pair in ((ours, outer), (outer, ours)):
        threading.Thread(target=carry, args=pair, daemon=True).start()
    try:
        told = host("--lang", lang, "status", "--port", os.ttyname(inner))
    finally:
        prompt.kill()
        prompt.wait()
        for descriptor in (theirs, inner):
            os.close(descriptor)
    assert told.returncode == 1
    assert "MicroPython" in told.stderr
    assert ("agent" if lang == "en" else "代理程序") in told.stderr
