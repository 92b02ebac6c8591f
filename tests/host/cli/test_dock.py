"""Several recorders on real ptys from the command line: `sync` with several ports, `dock`, events, and the table."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support.command_line import CommandLine, Told
from support.ports import on_pty
from support.recorder import LEAF, ScriptedRecorder, Wire

from evidock.cli import common, live
from evidock.cli.main import run
from evidock.progress import DONE, JOURNAL, MEDIA, WAITING, Reading
from evidock_protocol import messages

Evidock = Callable[..., Told]


@pytest.fixture
def evidock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Evidock:
    return CommandLine(tmp_path, monkeypatch, capsys)


@pytest.fixture
def recorders() -> list[ScriptedRecorder]:
    return [ScriptedRecorder(seed) for seed in (1, 2)]


@pytest.fixture
def ports(evidock: Evidock, recorders: list[ScriptedRecorder]) -> Generator[list[str]]:
    """Two enrolled recorders with a shift each, on ptys; the store is `store`."""
    with ExitStack() as stack:
        names = [stack.enter_context(on_pty(Wire(recorder).feed)) for recorder in recorders]
        assert evidock("init", "store").status == 0
        for number, (name, recorder) in enumerate(zip(names, recorders, strict=True)):
            assert evidock("provision", "--port", name, "store", "--serial", str(number)).status == 0
            recorder.shift(1, 2, 100)
        yield names


def device_of(recorder: ScriptedRecorder) -> str:
    assert recorder.device is not None
    return recorder.device.hex()


def lines(told: Told) -> list[dict[str, Any]]:
    return [json.loads(line) for line in told.out.splitlines()]


def test_a_line_for_each_recorder(evidock: Evidock, ports: list[str]) -> None:
    told = evidock("sync", "--port", ports[0], "--port", ports[1], "store")
    assert (told.status, told.err) == (0, "")
    said = sorted(told.out.splitlines())
    assert len(said) == 2
    for port, line in zip(sorted(ports), said, strict=True):
        assert re.match(re.escape(port) + r": Recorder [0-9a-f]{16}: \d+ new entries .*, 2 new segments", line)


def test_one_that_fails_and_one_that_is_finished(evidock: Evidock, ports: list[str]) -> None:
    told = evidock("sync", "--port", "/nowhere/at-all", "--port", ports[1], "store", "--jobs", "1")
    assert told.status == 1
    assert told.complaint == "evidock: /nowhere/at-all: There is no port /nowhere/at-all: check the name and the cable."
    assert "2 receipted" in told.out


def test_several_as_json(evidock: Evidock, ports: list[str], recorders: list[ScriptedRecorder]) -> None:
    told = evidock("sync", "--port", ports[0], "--port", "/nowhere", "--port", ports[1], "store", "--json")
    assert told.status == 1
    found = json.loads(told.out)["recorders"]
    assert [one["port"] for one in found] == [ports[0], "/nowhere", ports[1]]
    assert found[1]["code"] == "no_port"
    assert [one["receipted"] for one in (found[0], found[2])] == [[[1, 1], [1, 2]]] * 2
    assert [one["device"] for one in (found[0], found[2])] == [device_of(one) for one in recorders]


def test_events(evidock: Evidock, ports: list[str]) -> None:
    """What a front end reads: one object a line, and nothing else on standard output."""
    found = lines(evidock("sync", "--port", ports[0], "store", "--events"))
    assert {"started", "done"} <= {event["event"] for event in found}
    assert all(event["port"] == ports[0] and event["time"].endswith("Z") for event in found)
    assert found[0]["event"] == "started"
    done = found[-1]
    assert done["result"]["receipted"] == [[1, 1], [1, 2]]
    assert done["again_s"] is None
    assert {"phase", "done", "total", "rate", "share", "remaining_s", "received", "lost", "mended", "reopened"} <= set(
        done
    )
    told = evidock("dock", "store", "--ports", ports[0], "--ports", "socket://127.0.0.1:9", "--once", "--events")
    assert told.status == 1
    failed = next(event for event in lines(told) if event["event"] == "failed")
    assert failed["code"] == "port_fails"
    assert "127.0.0.1:9" in failed["message"]
    assert failed["device"] is None


def test_a_dock_that_ends(evidock: Evidock, ports: list[str]) -> None:
    told = evidock("--lang", "zh", "dock", "store", "--ports", "/nowhere/tty*", "--once")
    assert told.status == 1
    assert "没有与" in told.complaint
    told = evidock("dock", "store", "--ports", ports[0], "--ports", ports[1], "--once")
    assert (told.status, told.err) == (0, "")
    assert len(told.out.splitlines()) == 2
    told = evidock("dock", "store", "--ports", ports[0], "--once", "--jobs", "0")
    assert told.status == 2


def test_progress_and_failures_in_a_log(
    evidock: Evidock, ports: list[str], recorders: list[ScriptedRecorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evidock.cli.dock_lines.PLAIN_SECONDS", 0.0)
    monkeypatch.setattr("evidock.station.POLL_SECONDS", 0.05)
    recorders[0].during = lambda kind: time.sleep(0.02) if kind == messages.MEDIA else None
    recorders[0].shift(1, 1, 4 * LEAF)
    told = evidock("--lang", "zh", "sync", "--port", ports[0], "--port", "/nowhere", "store")
    assert told.status == 1
    assert "evidock: /nowhere: 端口 /nowhere 不存在：请检查名称和线缆。" in told.err
    assert f"evidock: {ports[0]}: 媒体：" in told.err
    assert "已出具回执 3 个" in told.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_orderly_end(evidock: Evidock, ports: list[str], recorders: list[ScriptedRecorder], number: int) -> None:
    """A signal stops a docking at once; what was safe stays, and the next docking goes on from there."""
    recorders[0].silent = {messages.LEAVES}
    command = (sys.executable, "-c", "from evidock.cli import main; main()", "dock", "store", "--ports", ports[0])
    process = subprocess.Popen(
        (*command, "--events"),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["event"] == "started"
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert json.loads(out.splitlines()[-1])["code"] == "interrupted"
    recorders[0].silent = set()
    assert "2 receipted" in evidock("sync", "--port", ports[0], "store").out


def test_on_a_terminal_there_is_a_table(evidock: Evidock, ports: list[str], recorders: list[ScriptedRecorder]) -> None:
    recorders[0].during = lambda kind: time.sleep(0.02) if kind == messages.MEDIA else None
    recorders[0].shift(1, 2, 2 * LEAF)
    ours, theirs = os.openpty()
    command = (sys.executable, "-c", "from evidock.cli import main; main()", "sync", "store")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(
        (*command, "--port", ports[0], "--port", ports[1]), env=environment, stderr=theirs, stdout=subprocess.PIPE
    )
    os.close(theirs)
    drawn = b""
    try:
        while piece := os.read(ours, 65536):
            drawn += piece
    except OSError:
        pass
    os.close(ours)
    assert process.wait(20) == 0
    assert process.stdout is not None
    assert process.stdout.read().decode().count("receipted") == 2  # results are not for the terminal of standard error
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.decode())
    assert "2 of 2" in text
    assert device_of(recorders[1])[:8] in text


READINGS = {
    "media": Reading(MEDIA, 260_000_000, 580_000_000, 88_000.0, 0.982, 12960.0, 1, 1230, 3, 0),
    "waiting": Reading(WAITING, 2_400_000, 5_800_000, None, None, None, 1, 0, 0, 0),
    "journal": Reading(JOURNAL, 12, 500, 8000.0, 0.08, 55.0, 1, 0, 0, 0),
    "finished": Reading(DONE, 5_800_000, 5_800_000, None, None, None, 1, 120, 3, 1),
    "failed": Reading(MEDIA, 800_000, 5_800_000, 5.0, 0.1, 1.0, 1, 0, 0, 0),
}


def drawn(width: int, count: int = 6, height: int = 1000) -> str:
    rows = [
        live.Row(f"/dev/ttyACM{n}", f"{n:016x}", state, READINGS[state], 92_160.0) for n, state in enumerate(READINGS)
    ]
    rows += [
        live.Row(f"/dev/serial/by-id/usb-Evidock_Recorder_E66118604B5A3B2F-if{n:02}", None, "queued")
        for n in range(count)
    ]
    console = Console(width=width, color_system=None, file=io.StringIO(), record=True)
    console.print(live.table(rows, width, height))
    return console.export_text()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_the_table_fits_every_terminal(width: int, lang: str) -> None:
    """Nothing but the name of a port is ever cut off, least of all a number."""
    common.choose_language(lang)
    try:
        text = drawn(width)
    finally:
        common.choose_language("en")
    rows = text.splitlines()
    assert len(rows) == 1 + len(READINGS) + 6 + 1
    assert all(common.columns(row.rstrip()) <= width for row in rows)
    assert "…" not in re.sub(r"(?m)^…", "", text)
    if width >= 80:
        for number in ("1233", "98 %", "3:36:00", "88.0 kB/s", "100"):
            assert number in text


def test_the_sum_of_a_table() -> None:
    total = drawn(120).splitlines()[-1]
    assert "1 of 11" in total
    assert "269.0 MB / 597.4 MB" in total
    assert "96.0 kB/s" in total  # of those at work alone
    assert " 95 %" in total  # of the one line that carries media
    assert "3:36:00" in total
    assert "1356" in total


def test_more_ports_than_rows() -> None:
    text = drawn(120, 40, 10)
    assert len(text.splitlines()) == 1 + 10 + 1 + 1
    assert "… 35 more" in text
    assert "ttyACM0" in text


def test_help_of_both(evidock: Evidock) -> None:
    for command in ("sync", "dock"):
        told = evidock(command, "--help")
        assert "Example: evidock " + command in told.out
        assert "--events" in told.out
    assert run(["dock", "--nothing"]) == 2
