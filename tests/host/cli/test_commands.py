"""The command line against recorders on real ptys: results, one line for what goes wrong, the promised exit status."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from support.command_line import PASSPHRASE, CommandLine, Told
from support.ports import Device, on_pty
from support.recorder import LEAF, ScriptedRecorder, Wire

from evidock_protocol import codes, messages

Evidock = Callable[..., Told]


@pytest.fixture
def evidock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Evidock:
    """Runs a command line in this process, as the user of a fresh home folder."""
    return CommandLine(tmp_path, monkeypatch, capsys)


@pytest.fixture
def recorder() -> ScriptedRecorder:
    return ScriptedRecorder()


@pytest.fixture
def port(recorder: ScriptedRecorder) -> Generator[str]:
    with on_pty(Wire(recorder).feed) as name:
        yield name


def child(*arguments: str, limit: int | None = None) -> list[str]:
    """A command line in a process of its own, with the system's limit on the size of a file."""
    script = "from evidock.cli import main; main()"
    if limit is not None:
        script = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); " + script
    return [sys.executable, "-c", script, *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


# The path that works.


def test_a_store_a_recorder_a_docking(evidock: Evidock, recorder: ScriptedRecorder, port: str, tmp_path: Path) -> None:
    told = evidock("init", "store", "--zone", "Asia/Shanghai")
    assert (told.status, told.err) == (0, "")
    assert "Asia/Shanghai" in told.out
    key = tmp_path / "home" / "evidock" / "organisation.key"
    assert key.stat().st_mode & 0o777 == 0o600
    fingerprint = json.loads((tmp_path / "store" / "store.json").read_text())["organisation"]
    assert fingerprint in (tmp_path / "home" / "evidock" / "pins.txt").read_text()
    assert fingerprint in told.out

    told = evidock("provision", "--port", port, "store", "--serial", "417", "--asset", "BC-1")
    assert told.status == 0
    assert recorder.device is not None
    assert recorder.device.hex() in told.out
    assert "417" in told.out

    recorder.shift(1, 2, 2 * LEAF)
    told = evidock("sync", "--port", port, "store")
    assert (told.status, told.err) == (0, "")
    assert "2 new segments" in told.out
    assert len(list((tmp_path / "store").rglob("*.wav"))) == 2

    told = evidock("sync", "--port", port, "store", "--json")
    result = json.loads(told.out)
    assert result["segments"] == []
    assert result["device"] == recorder.device.hex()
    assert result["size"] == len(recorder.entries)


def test_status_in_two_languages(evidock: Evidock, port: str) -> None:
    assert re.search(r"battery +80 % \(3\.90 V\)", evidock("status", "--port", port).out)
    assert re.search(r"电池 +80 %", evidock("status", "--port", port, "--lang", "zh").out)
    assert re.search(r"电池 +80 %", evidock("--lang=zh", "status", "--port", port).out)
    told = json.loads(evidock("status", "--port", port, "--json").out)
    assert told["battery_percent"] == 80
    assert told["device"] is None


def test_the_language_of_the_locale(evidock: Evidock, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "电池" in evidock("status", "--port", port).out


def test_provision_again_and_as_json(evidock: Evidock, recorder: ScriptedRecorder, port: str) -> None:
    evidock("init", "store")
    first = json.loads(evidock("provision", "--port", port, "store", "--json").out)
    again = json.loads(evidock("provision", "--port", port, "store", "--json").out)
    assert recorder.device is not None
    assert first["device"] == again["device"] == recorder.device.hex()
    assert (first["already_enrolled"], again["already_enrolled"]) == (False, True)


def test_the_store_of_the_environment(evidock: Evidock, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVIDOCK_STORE", "store")
    for command in (["init"], ["provision", "--port", port], ["sync", "--port", port]):
        assert evidock(*command).status == 0


def test_a_second_store_of_the_same_organisation(evidock: Evidock, tmp_path: Path) -> None:
    evidock("init", "one")
    assert evidock("init", "two").status == 0
    one, two = (json.loads((tmp_path / name / "store.json").read_text()) for name in ("one", "two"))
    assert one["organisation"] == two["organisation"]
    assert one["successor"] == two["successor"]
    assert one["host"] != two["host"]


@pytest.mark.parametrize("command", ["init", "provision", "issue", "check", "exempt", "return", "status", "sync"])
def test_help_has_an_example(evidock: Evidock, command: str) -> None:
    told = evidock(command, "--help")
    assert told.status == 0
    assert f"Example: evidock {command}" in " ".join(told.out.split())


def test_help_is_there_within_half_a_second() -> None:
    def seconds() -> float:
        # The processor's time: another program that keeps it busy is no fault of this one.
        process = subprocess.Popen(child("--help"), env=environment(), stdout=subprocess.DEVNULL)
        _process, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return used.ru_utime + used.ru_stime

    assert min(seconds() for _ in range(5)) < 0.5


def test_version_and_no_arguments(evidock: Evidock) -> None:
    assert evidock("--version").out.startswith("evidock 0.")
    assert "Commands:" in evidock().out


# Wrong usage: status 2.


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sync", "store"], "--port"),
        (["sync", "--port"], "--port"),
        (["bla"], "bla"),
        (["status", "--port", "x", "--bla"], "--bla"),
        (["sync", "--port", "x"], "EVIDOCK_STORE"),
        (["init"], "EVIDOCK_STORE"),
        (["init", "s", "--zone", "Mars/Olympus"], "Mars/Olympus"),
        (["init", "s", "--zone", "../../etc/passwd"], "passwd"),
        (["--lang", "fr", "init", "s"], "en or zh"),
        (["provision", "--port", "x", "a", "b"], "b"),
        (["issue", "--port", "x", "a"], "--officer"),
        (["return", "--port", "x", "a", "--officer", "Zhang"], "--officer"),
        (["check", "--port", "x"], "EVIDOCK_STORE"),
        (["exempt", "--port", "x", "a", "--begin"], "--class"),
        (["exempt", "--port", "x", "a", "--class", "1"], "--begin or --end"),
        (["exempt", "--port", "x", "a", "--class", "4", "--begin"], "1 (secret), 2 (privacy) or 3 (emergency)"),
    ],
)
def test_wrong_usage(evidock: Evidock, arguments: list[str], words: str) -> None:
    told = evidock(*arguments)
    assert told.status == 2
    assert words in told.complaint


# What goes wrong: status 1.


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("/dev/no-such-port", "There is no port"),
        ("/dev/null", "cannot be opened"),
        ("socket://127.0.0.1:1", "cannot be opened"),
        ("bla://x", "cannot be opened"),
        (".", "cannot be opened"),
    ],
)
def test_a_port_that_cannot_be_opened(evidock: Evidock, name: str, words: str) -> None:
    told = evidock("status", "--port", name)
    assert told.status == 1
    assert words in told.complaint


@pytest.mark.parametrize(
    ("device", "words"),
    [
        (lambda _data: b"", "Nothing answers"),
        (lambda data: data, "not an evidock recorder"),
        (lambda _data: b"\r\nMicroPython v1.28.0 on 2025; Raspberry Pi Pico\r\n>>> ", "MicroPython's prompt answers"),
        (lambda _data: os.urandom(5000), "not an evidock recorder"),
    ],
)
def test_a_port_that_is_not_a_recorder(evidock: Evidock, device: Device, words: str) -> None:
    with on_pty(device) as name:
        start = time.monotonic()
        told = evidock("status", "--port", name)
        assert time.monotonic() - start < 20  # 3 s where nothing else runs
    assert told.status == 1
    assert words in told.complaint


def test_a_port_that_vanishes_at_once(evidock: Evidock) -> None:
    with on_pty(lambda _data: None) as name:
        told = evidock("status", "--port", name)
    assert told.status == 1
    assert "same command again" in told.complaint


def test_a_recorder_of_another_version(evidock: Evidock, recorder: ScriptedRecorder, port: str) -> None:
    recorder.versions["wire"] = [7]
    told = evidock("status", "--port", port)
    assert told.status == 1
    assert "[7]" in told.complaint


def test_a_busy_port(evidock: Evidock, port: str) -> None:
    import serial

    with serial.Serial(port, exclusive=True):
        told = evidock("status", "--port", port)
    assert told.status == 1
    assert "Another program" in told.complaint


def test_a_wrong_passphrase(evidock: Evidock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    evidock("init", "one")
    monkeypatch.setenv("EVIDOCK_PASSPHRASE", "wrong horse")
    told = evidock("init", "two")
    assert told.status == 1
    assert "passphrase" in told.complaint
    assert "wrong horse" not in told.err + told.out
    assert not (tmp_path / "two").exists()
    (tmp_path / "secret").write_text(PASSPHRASE + "\n")
    assert evidock("init", "two", "--passphrase-file", "secret").status == 0


def test_no_passphrase_and_no_terminal(evidock: Evidock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVIDOCK_PASSPHRASE")
    assert "--passphrase-file" in evidock("init", "s").complaint
    monkeypatch.setenv("EVIDOCK_PASSPHRASE", "")
    assert "empty" in evidock("init", "s").complaint
    assert "nowhere" in evidock("init", "s", "--passphrase-file", "nowhere").complaint


def test_the_organisation_key_stays_out_of_the_store(evidock: Evidock, tmp_path: Path) -> None:
    for key in ("store/org.key", "store/deep/org.key", "other/../store/org.key"):
        told = evidock("init", "store", "--org-key", key)
        assert told.status == 1
        assert "inside the store" in told.complaint
    (tmp_path / "link").symlink_to(tmp_path / "store")
    assert evidock("init", "store", "--org-key", "link/org.key").status == 1


def test_a_store_that_is_none(evidock: Evidock, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    assert "not a store" in evidock("sync", "--port", "x", "nowhere").complaint
    assert "not empty" in evidock("init", "../" + tmp_path.name, "--org-key", "../org.key").complaint
    assert not (tmp_path.parent / "org.key").exists()


def test_a_store_that_may_not_be_written(evidock: Evidock, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (tmp_path / "locked").mkdir(mode=0o500)
    told = evidock("init", "locked/store")
    assert told.status == 1
    assert "permissions" in told.complaint


def test_blank_and_unknown_recorders(evidock: Evidock, recorder: ScriptedRecorder, port: str) -> None:
    evidock("init", "store")
    told = evidock("sync", "--port", port, "store")
    assert told.status == 1
    assert "evidock provision" in told.complaint


def test_a_disk_that_is_full_half_way(evidock: Evidock, recorder: ScriptedRecorder, port: str, tmp_path: Path) -> None:
    """A real limit of the system on the size of a file stands for the full disk: the same command goes on after it."""
    evidock("init", "store")
    evidock("provision", "--port", port, "store")
    recorder.shift(1, 3, 20 * LEAF)
    command = ("sync", "--port", port, "store")
    limited = child(*command, limit=9 * LEAF)
    done = subprocess.run(limited, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert Told(1, done.stdout, done.stderr).complaint.count("disk is full") == 1
    (part,) = (tmp_path / "store").rglob("*.part")
    assert part.stat().st_size >= 8 * LEAF
    asked = len([kind for kind, _values in recorder.requests if kind == messages.MEDIA])
    told = evidock(*command)
    assert told.status == 0
    assert "3 new segments" in told.out
    assert not list((tmp_path / "store").rglob("*.part"))
    lengths = [values["length"] for kind, values in recorder.requests[:] if kind == messages.MEDIA][asked:]
    assert sum(lengths) < sum(map(len, recorder.media.values())) - 8 * LEAF


def test_a_cable_pulled_half_way(evidock: Evidock, recorder: ScriptedRecorder, port: str, tmp_path: Path) -> None:
    evidock("init", "store")
    evidock("provision", "--port", port, "store")
    recorder.shift(1, 2, 10 * LEAF)
    wire, sent = Wire(recorder), 0

    def pulled(data: bytes) -> bytes | None:
        nonlocal sent
        answer = wire.feed(data)
        sent += len(answer)
        return answer if sent < 12 * LEAF else None

    with on_pty(pulled) as broken:
        told = evidock("sync", "--port", broken, "store", "--patience", "0")
    assert told.status == 1
    assert "same command again" in told.complaint
    told = evidock("sync", "--port", port, "store")
    assert told.status == 0
    found = {path.read_bytes() for path in (tmp_path / "store").rglob("*.wav")}
    assert found == set(map(bytes, recorder.media.values()))


def test_a_recorder_that_changed_its_history(evidock: Evidock, recorder: ScriptedRecorder, port: str) -> None:
    evidock("init", "store")
    evidock("provision", "--port", port, "store")
    recorder.start()
    recorder.entries[-1] = recorder.entries[-1][:-1] + bytes([recorder.entries[-1][-1] ^ 1])
    told = evidock("sync", "--port", port, "store")
    assert told.status == 1
    assert "signature is wrong" in told.complaint


def test_what_was_damaged_or_missing_is_said(evidock: Evidock, recorder: ScriptedRecorder, port: str) -> None:
    evidock("init", "store")
    evidock("provision", "--port", port, "store")
    recorder.shift(1, 3, LEAF)
    recorder.media[1, 1][700] ^= 1
    del recorder.media[1, 2]
    told = evidock("sync", "--port", port, "store")
    assert told.status == 0
    assert "Differs from what was signed: recording 1 segment 1" in told.out
    assert "Missing on the recorder: recording 1 segment 2" in told.out
    assert "1 receipted" in told.out


def test_a_recorder_cannot_write_to_the_terminal(evidock: Evidock, recorder: ScriptedRecorder, port: str) -> None:
    recorder.model = "\x1b[2J\x07evil\n"
    told = evidock("status", "--port", port)
    assert "\x1b" not in told.out
    assert "?[2J?evil?" in told.out


def test_interrupted_by_the_user(evidock: Evidock, recorder: ScriptedRecorder) -> None:
    asked = threading.Event()

    def silent(_data: bytes) -> bytes:
        asked.set()
        return b""

    with on_pty(silent) as port:
        command, pipe = child("status", "--port", port), subprocess.PIPE
        process = subprocess.Popen(
            command,
            env=environment(),
            stdout=pipe,
            stderr=pipe,
            text=True,
            # Whoever starts the tests in the background has the shell ignore SIGINT, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        assert asked.wait(30)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "Interrupted" in Told(1, out, err).complaint


def test_a_reader_that_goes_away(port: str) -> None:
    """As in `evidock status | true`: no traceback."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        child("status", "--port", port), env=environment(), stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


def test_progress_on_a_terminal_and_in_a_log(
    evidock: Evidock, recorder: ScriptedRecorder, port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A docking that takes longer than a second shows how far it is, how fast, and how long it will still take."""
    evidock("init", "store")
    evidock("provision", "--port", port, "store")
    recorder.shift(1, 2, 10 * LEAF)
    recorder.during = lambda kind: time.sleep(0.06) if kind == messages.MEDIA else None
    ours, theirs = os.openpty()
    command = ("sync", "--port", port, "store")
    process = subprocess.Popen(child(*command), env={**environment(), "TERM": "xterm", "COLUMNS": "120"}, stderr=theirs)
    os.close(theirs)
    drawn = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        drawn += piece
    os.close(ours)
    assert process.wait(20) == 0
    text = drawn.decode()
    assert "media" in text
    assert "kB/s" in text
    assert re.search(r"\d:\d\d:\d\d", text)

    monkeypatch.setattr("evidock.cli.progress.PLAIN_SECONDS", 0.2)
    recorder.shift(1, 2, 10 * LEAF)
    told = evidock(*command)
    assert re.search(r"media: .+ of .+, .+/s, \d:\d\d:\d\d left", told.err)


def test_the_clock_of_a_recorder_that_lost_it_is_set(evidock: Evidock, recorder: ScriptedRecorder, port: str) -> None:
    evidock("init", "store")
    evidock("provision", "--port", port, "store")
    recorder.wall = (codes.WALL_UNSET, 0)
    evidock("sync", "--port", port, "store")
    assert abs(recorder.wall[1] / 1000 - time.time()) < 60


# Signed commands.


@pytest.fixture
def enrolled(evidock: Evidock, port: str) -> Evidock:
    """The command line of a user whose recorder is enrolled in the folder `store`."""
    evidock("init", "store")
    evidock("provision", "--port", port, "store")
    return evidock


def test_a_check_prints_each_item_with_what_it_must_reach(
    enrolled: Evidock, recorder: ScriptedRecorder, port: str
) -> None:
    """OB-15. Exit status 1 when an item failed."""
    told = enrolled("check", "--port", port, "store")
    assert told.status == 1
    assert told.err == ""
    assert "failed its check" in told.out
    assert re.search(r"battery +passed +80 % +at least 20 %", told.out)
    assert re.search(r"storage +passed +1\.0 GB +at least 67\.1 MB", told.out)
    assert re.search(r"picture +absent$", told.out, re.MULTILINE)
    assert re.search(r"sound +failed +peak 0 +at least peak 1", told.out)
    assert re.search(r"clock +passed +2024-06-01T00:00:00\+00:00 +at least set", told.out)
    told = enrolled("check", "--port", port, "store", "--lang", "zh")
    assert re.search(r"电池 +通过 +80 % +至少 20 %", told.out)
    recorder.check_items[4] = [5, 1, 120]
    told = enrolled("check", "--port", port, "store", "--json")
    assert told.status == 0
    found = json.loads(told.out)
    assert found["passed"]
    assert found["items"][4] == {"item": "sound", "result": "passed", "value": 120, "unit": "peak", "threshold": 1}


def test_a_check_of_a_recorder_whose_clock_is_lost(enrolled: Evidock, recorder: ScriptedRecorder, port: str) -> None:
    for value in (-1, 0, 1 << 62):
        recorder.check_items[5] = [6, 2, value]
        told = enrolled("check", "--port", port, "store")
        assert told.status == 1
        assert re.search(r"clock +failed.*", told.out)


def test_issued_and_taken_back(enrolled: Evidock, recorder: ScriptedRecorder, port: str) -> None:
    told = enrolled("issue", "--port", port, "store", "--officer", "471147114711", "--unit", "12")
    assert (told.status, told.err) == (0, "")
    assert "is issued" in told.out
    assert "471147114711" not in told.out
    told = enrolled("return", "--port", port, "store", "--officer", "471147114711", "--json")
    assert json.loads(told.out) == {"device": recorder.device.hex(), "entry": len(recorder.entries) - 2}  # type: ignore[union-attr]
    assert [command["operation"] for command in recorder.commands] == [codes.OPERATION_ISSUE, codes.OPERATION_RETURN]
    assert "已发放" in enrolled("issue", "--port", port, "store", "--officer", "1", "--lang", "zh").out


@pytest.mark.parametrize("number", ["-1", str(1 << 63), "9" * 400])
def test_a_number_that_nobody_has(enrolled: Evidock, recorder: ScriptedRecorder, port: str, number: str) -> None:
    for arguments in (
        ("issue", "--officer", number),
        ("return", "--officer", "1", "--unit", number),
        ("exempt", "--class", "1", "--begin", "--approver", number),
    ):
        told = enrolled(*arguments, "--port", port, "store")
        assert told.status == 2
        assert "whole number from 0 to" in told.complaint
    assert not recorder.commands


@pytest.mark.parametrize(
    ("named", "class_"),
    [("1", 1), ("secret", 1), ("2", 2), ("privacy", 2), ("3", 3), ("emergency", 3), ("secret_or_privacy", 2)],
)
def test_an_exemption_by_each_name(
    enrolled: Evidock, recorder: ScriptedRecorder, port: str, named: str, class_: int
) -> None:
    """OB-11, OB-12."""
    recorder.exempt_recording = 3
    told = enrolled("exempt", "--port", port, "store", "--class", named, "--officer", "4711", "--begin")
    assert (told.status, told.err) == (0, "")
    assert "Recording 3 is ended by it" in told.out
    assert "approval is owed" in told.out
    recorder.exempt_recording = None
    told = enrolled("exempt", "--port", port, "store", "--class", named, "--approver", "5", "--end", "--json")
    assert json.loads(told.out)["approval_owed"] is False
    begun, ended = (command["arguments"] for command in recorder.commands)
    assert begun[:2] == [class_, True]
    assert begun[3] is None
    assert ended[:2] == [class_, False]
    assert ended[2] is None


def test_an_exemption_that_is_not_in_force(enrolled: Evidock, recorder: ScriptedRecorder, port: str) -> None:
    recorder.refuse = {messages.COMMAND: messages.OUT_OF_RANGE}
    told = enrolled("exempt", "--port", port, "store", "--class", "2", "--end")
    assert told.status == 1
    assert "No exemption of class 2 is in force" in told.complaint
    assert (
        "没有第 2 类" in enrolled("exempt", "--port", port, "store", "--class", "2", "--end", "--lang", "zh").complaint
    )


@pytest.mark.parametrize("command", ["check", "issue --officer 1", "return --officer 1", "exempt --class 1 --begin"])
def test_commands_to_a_recorder_that_is_not_enrolled(evidock: Evidock, port: str, command: str) -> None:
    evidock("init", "store")
    told = evidock(*command.split(), "--port", port, "store")
    assert told.status == 1
    assert "evidock provision" in told.complaint
    told = evidock(*command.split(), "--port", "/dev/no-such-port", "store")
    assert told.status == 1
    assert "no port" in told.complaint
