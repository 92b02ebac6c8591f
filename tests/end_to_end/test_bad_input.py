"""What goes wrong at a user's desk: wrong ports, other versions, full disks, pulled cables, files of another kind.

Interface: "no traceback for bad input: one line on standard error says what is wrong and what to do".
"""

import json
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from end_to_end.conftest import Verify
from end_to_end.evidence import SECONDS, STATUS, Shift, one_line, run
from support.ports import Device, on_pty
from support.recorder import ScriptedRecorder, Wire
from support.virtual import Virtual, command, environment, virtual

from evidock_simulator import fat32

FULL_KIB = 700  # a file may have so many KiB: less than a segment has


def sync(folder: Path, port: str, store: Path, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """`evidock sync --json`, for the user of the shift; `limit` is the system's on the KiB of one file."""
    line = shlex.join(command("evidock", "sync", "--port", port, str(store), "--json"))
    if limit is not None:
        line = f"ulimit -f {limit}; {line}"
    env = environment(folder / "home")
    return subprocess.run(["bash", "-c", line], env=env, capture_output=True, text=True, check=False, timeout=SECONDS)


@contextmanager
def docked(shift: Shift, folder: Path) -> Iterator[Virtual]:
    """The shift's first recorder again, in `folder`: as after a power loss, docked."""
    if not (folder / "recorder.flash").exists():
        folder.mkdir(exist_ok=True)
        for path in (shift.folder / "one").glob("recorder.flash*"):
            subprocess.run(["cp", "--sparse=always", str(path), str(folder)], check=True)
    scenario = shift.folder / "one" / "one.json"
    with virtual(folder, str(scenario), "--seed", "11", "--flash", str(folder / "recorder.flash")) as recorder:
        recorder.wait_for("docked")
        yield recorder


@pytest.fixture
def second_store(shift: Shift, tmp_path: Path) -> Path:
    """Another store of the same organisation, which has pulled nothing yet."""
    store = tmp_path / "second"
    shutil.copytree(shift.folder / "home", tmp_path / "home")
    done = run(tmp_path, "init", str(store), "--zone", "Asia/Shanghai")
    assert done.returncode == 0, done.stderr
    return store


def enrol(tmp_path: Path, recorder: Virtual, store: Path) -> None:
    done = run(tmp_path, "provision", "--port", str(recorder.port), str(store))
    assert done.returncode == 0, done.stderr


def segments(store: Path) -> dict[str, int]:
    """Whole media files and their lengths."""
    return {str(path.relative_to(store)): path.stat().st_size for path in store.rglob("media/**/*.wav")}


# Ports.


def own_store(shift: Shift, folder: Path) -> Path:
    """A copy of the store: one is for one command at a time, and tests run side by side."""
    store = folder / "store"
    shutil.copytree(shift.store, store)
    return store


@pytest.mark.parametrize("program", ["status", "provision", "sync"])
@pytest.mark.parametrize(
    ("kind", "words"),
    [("echo", "not an evidock recorder"), ("file", "cannot be opened"), ("missing", "There is no port")],
)
def test_a_port_that_is_no_recorder(program: str, kind: str, words: str, shift: Shift, tmp_path: Path) -> None:
    store = [] if program == "status" else [str(own_store(shift, tmp_path))]
    echo: Device = lambda data: data  # noqa: E731
    with on_pty(echo) as pty:
        (tmp_path / "file").write_text("no port")
        port = {"echo": pty, "file": str(tmp_path / "file"), "missing": str(tmp_path / "missing")}[kind]
        done = run(tmp_path, program, "--port", port, *store)
    assert done.returncode == 1
    assert words in one_line(done.stderr)
    assert done.stdout == ""


@pytest.mark.parametrize("name", ["wire", "package"])
@pytest.mark.parametrize("program", ["status", "provision", "sync"])
def test_a_recorder_of_another_version(name: str, program: str, shift: Shift, tmp_path: Path) -> None:
    """What it speaks, what this host speaks, and which of both to update."""
    recorder = ScriptedRecorder()
    recorder.versions[name] = [7, 8]
    store = [] if program == "status" else [str(own_store(shift, tmp_path))]
    with on_pty(Wire(recorder).feed) as port:
        done = run(tmp_path, program, "--port", port, *store)
    assert done.returncode == 1
    line = one_line(done.stderr)
    assert "[7, 8]" in line
    assert "update" in line


def test_a_wrong_passphrase(shift: Shift, tmp_path: Path) -> None:
    """Nothing is made, and neither the right nor the wrong one is printed."""
    shutil.copytree(shift.folder / "home", tmp_path / "home")
    (tmp_path / "wrong").write_text("wrong horse\n")
    done = run(tmp_path, "init", str(tmp_path / "new"), "--passphrase-file", str(tmp_path / "wrong"))
    assert done.returncode == 1
    assert "passphrase" in one_line(done.stderr)
    assert "horse" not in done.stderr + done.stdout
    assert not (tmp_path / "new").exists()


# Dockings that break off.


def test_a_full_disk_half_way(shift: Shift, second_store: Path, tmp_path: Path) -> None:
    """One line, exit status 1; the same command goes on when there is space again."""
    with docked(shift, tmp_path / "recorder") as recorder:
        enrol(tmp_path, recorder, second_store)
        full = sync(tmp_path, str(recorder.port), second_store, FULL_KIB)
        assert full.returncode == 1
        line = one_line(full.stderr)
        assert "disk is full" in line
        assert "same command again" in line
        half = [path.stat().st_size for path in second_store.rglob("*.part")]
        assert half
        again = sync(tmp_path, str(recorder.port), second_store)
        assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["bytes"] <= sum(segments(second_store).values()) - max(half) + 65_536
    check_whole(shift, second_store, tmp_path)


def test_a_recorder_that_dies_half_way(shift: Shift, second_store: Path, tmp_path: Path) -> None:
    """SIGKILL is cable and battery at once. The next docking goes on, and brings no segment a second time."""
    place = tmp_path / "recorder"
    with docked(shift, place) as recorder:
        enrol(tmp_path, recorder, second_store)
        line = command("evidock", "sync", "--patience", "0", "--port", str(recorder.port), str(second_store))
        pipe = subprocess.PIPE
        docking = subprocess.Popen(line, env=environment(tmp_path / "home"), stdout=pipe, stderr=pipe, text=True)
        deadline = time.monotonic() + SECONDS
        while not segments(second_store) and docking.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        recorder.kill()
        _out, err = docking.communicate(timeout=SECONDS)
    if docking.returncode == 0:
        pytest.skip("this machine pulled everything before the recorder could be killed")
    assert docking.returncode == 1
    assert "same command again" in one_line(err)
    whole = segments(second_store)
    assert whole
    with docked(shift, place) as recorder:
        again = sync(tmp_path, str(recorder.port), second_store)
        assert again.returncode == 0, again.stderr
        third = sync(tmp_path, str(recorder.port), second_store)
    told = json.loads(again.stdout)
    names = [f"R{recording:07d}/S{number:07d}.wav" for recording, number in told["segments"]]
    assert not [name for name in names if any(path.endswith(name) for path in whole)]
    assert told["bytes"] <= sum(segments(second_store).values()) - sum(whole.values())
    assert json.loads(third.stdout)["segments"] == []
    check_whole(shift, second_store, tmp_path)


def check_whole(shift: Shift, store: Path, tmp_path: Path) -> None:
    """The second store has every segment that the first one has, and verifies."""
    first = shift.store / "recorders" / shift.devices["one"]
    assert sorted(segments(first).values()) == sorted(segments(store).values())
    assert not list(store.rglob("*.part"))
    done = run(tmp_path, "verify", str(store), "--trust", shift.pin, "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0, report["findings"]


# Stores that are damaged.


def test_a_torn_journal_is_named_and_mended(shift: Shift, tmp_path: Path, verify: Verify) -> None:
    """As a power cut of the host leaves it: verify names it, and the next docking brings what is missing."""
    store = tmp_path / "store"
    shutil.copytree(shift.store, store)
    journal = store / "recorders" / shift.devices["one"] / "journal.cbs"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-100])
    status, report = verify(store)
    assert (status, report["verdict"]) == (STATUS["INCOMPLETE"], "INCOMPLETE")
    assert "TAIL_OPEN" in {one["code"] for one in report["findings"]}
    shutil.copytree(shift.folder / "home", tmp_path / "home", dirs_exist_ok=True)
    with docked(shift, tmp_path / "recorder") as recorder:
        done = sync(tmp_path, str(recorder.port), store)
    assert done.returncode == 0, done.stderr
    assert journal.read_bytes().startswith(whole)
    assert verify(store)[0] == 0


def test_a_cut_journal_is_mended_by_the_recorder(shift: Shift, tmp_path: Path, verify: Verify) -> None:
    """Whole entries gone: what the store still holds is an earlier state, which the recorder's journal extends."""
    store = tmp_path / "store"
    shutil.copytree(shift.store, store)
    journal = store / "recorders" / shift.devices["one"] / "journal.cbs"
    whole = journal.read_bytes()
    journal.write_bytes(whole[: whole.rindex(b"\xd2\x84\x58\x2a\xa3\x01\x27\x04\x58\x20")])
    assert verify(store)[0] == STATUS["INCOMPLETE"]
    shutil.copytree(shift.folder / "home", tmp_path / "home", dirs_exist_ok=True)
    with docked(shift, tmp_path / "recorder") as recorder:
        done = sync(tmp_path, str(recorder.port), store)
        if done.returncode:
            assert str(journal) in one_line(done.stderr)
            return
    assert journal.read_bytes().startswith(whole)
    assert verify(store)[0] == 0


def test_a_damaged_journal_is_not_built_upon(shift: Shift, tmp_path: Path) -> None:
    """A changed byte: the docking stops with one line before it takes anything over."""
    store = tmp_path / "store"
    shutil.copytree(shift.store, store)
    journal = store / "recorders" / shift.devices["one"] / "journal.cbs"
    raw = bytearray(journal.read_bytes())
    raw[len(raw) // 2] ^= 1
    journal.write_bytes(raw)
    shutil.copytree(shift.folder / "home", tmp_path / "home", dirs_exist_ok=True)
    with docked(shift, tmp_path / "recorder") as recorder:
        done = sync(tmp_path, str(recorder.port), store)
    assert done.returncode == 1
    line = one_line(done.stderr)
    assert str(journal) in line
    assert "evidock verify" in line
    assert journal.read_bytes() == raw


# Paths that are something else.


@pytest.fixture
def others(tmp_path: Path) -> dict[str, Path]:
    """Things that are neither a store nor a card."""
    made = {name: tmp_path / name for name in ("text", "empty file", "zeros", "folder", "no recorder", "half a store")}
    made["text"].write_text("To whom it may concern\n" * 100)
    made["empty file"].touch()
    made["zeros"].write_bytes(bytes(1 << 20))
    made["folder"].mkdir()
    (made["folder"] / "EVIDOCK.TXT").touch()
    fat32.make_image(made["no recorder"])
    made["half a store"].mkdir()
    (made["half a store"] / "store.json").write_text("{not json")
    return {**made, "missing": tmp_path / "missing", "device": Path("/dev/null")}


PATHS = ("text", "empty file", "zeros", "folder", "no recorder", "half a store", "missing", "device")


@pytest.mark.parametrize("kind", PATHS)
@pytest.mark.parametrize("program", ["verify", "timeline"])
def test_evidence_that_is_none(program: str, kind: str, others: dict[str, Path], tmp_path: Path) -> None:
    options = ["--out", str(tmp_path / "picture.svg")] if program == "timeline" else []
    done = run(tmp_path, program, str(others[kind]), *options)
    assert done.returncode == 1
    line = one_line(done.stderr)
    assert str(others[kind]) in line or "card" in line
    assert not (tmp_path / "picture.svg").exists()


@pytest.mark.parametrize("kind", [kind for kind in PATHS if kind != "missing"])
@pytest.mark.parametrize("program", ["sync", "provision", "init"])
def test_a_store_that_is_none(program: str, kind: str, others: dict[str, Path], tmp_path: Path) -> None:
    """Refused before any port is opened, and left as it was."""
    path = others[kind]
    before = sorted(path.rglob("*")) if path.is_dir() else [path.stat().st_size]
    options = [] if program == "init" else ["--port", str(tmp_path / "no-port")]
    done = run(tmp_path, program, *options, str(path))
    assert done.returncode == 1
    assert str(path) in one_line(done.stderr)
    assert before == (sorted(path.rglob("*")) if path.is_dir() else [path.stat().st_size])
