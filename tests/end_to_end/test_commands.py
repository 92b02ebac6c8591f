"""Signed commands as a user gives them: both command lines, real MicroPython behind a real pty."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from support.virtual import Virtual, command, environment, virtual

from evidock import organisation
from evidock.durable import SequenceFile
from evidock.store import Store
from evidock_protocol import codes, entry, kinds

OFFICER = 0x1234567890ABCDE1
# One recording that goes on until a command ends it.
LONG_SHIFT = {
    "name": "long-shift",
    "title": {"en": "one long recording", "zh": "一段长录音"},
    "start": "2026-03-02T21:40:00+08:00",
    "clock": {"set": True, "kept_without_power": True},
    "battery": [[0, 96], [300, 91]],
    "temperature": [[0, 215], [300, 243]],
    "events": [[20, "press", "record"], [5000, "press", "stop"], [5010, "dock"]],
}


class User:
    """A user at a host with a store, in front of one recorder."""

    def __init__(self, folder: Path, recorder: Virtual):
        self.recorder = recorder
        self.store = folder / "store"
        self._environment = environment(folder / "home")
        self.device = b""

    def __call__(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        run = command("evidock", name, "--port", str(self.recorder.port), str(self.store), *arguments)
        return subprocess.run(run, env=self._environment, capture_output=True, text=True, check=False, timeout=120)

    def does(self, name: str, *arguments: str) -> dict[str, Any]:
        """Runs a command that must succeed; the JSON that it printed."""
        done = self(name, *arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def enrol(self) -> None:
        self.recorder.wait_for("waiting")
        self.make_store()
        self.device = bytes.fromhex(self.does("provision", "--serial", "417")["device"])

    def make_store(self) -> None:
        run = command("evidock", "init", str(self.store))
        subprocess.run(run, env=self._environment, capture_output=True, check=True, timeout=120)

    def recording(self) -> int | None:
        """The recording that runs."""
        run = command("evidock", "status", "--port", str(self.recorder.port), "--json")
        done = subprocess.run(run, env=self._environment, capture_output=True, text=True, check=True, timeout=120)
        return json.loads(done.stdout)["recording"]

    def verify(self) -> dict[str, Any]:
        run = command("evidock", "verify", str(self.store), "--json")
        done = subprocess.run(run, env=self._environment, capture_output=True, text=True, check=False, timeout=120)
        return json.loads(done.stdout)

    def entries(self) -> list[entry.Entry]:
        with Store(self.store) as store:
            (device,) = store.devices()
            journal = store.archive(device).folder / "journal.cbs"
        return [entry.parse(raw) for raw in SequenceFile(journal).items]


def test_a_shift_of_commands(tmp_path: Path) -> None:
    """OB-11, OB-12, OB-15: checked, issued, exempt while it records, taken back; nobody's number leaks."""
    scenario = tmp_path / "long.json"
    scenario.write_text(json.dumps(LONG_SHIFT))
    with virtual(tmp_path, str(scenario), "--speed", "25") as recorder:
        user = User(tmp_path, recorder)
        user.enrol()
        recorder.wait_for("shift")
        checked = user.does("check")
        assert checked["passed"], checked
        assert [item["item"] for item in checked["items"]] == [
            "function", "battery", "storage", "picture", "sound", "clock"
        ]  # fmt: skip
        issued = user.does("issue", "--officer", str(OFFICER), "--unit", "12")
        while user.recording() is None:
            assert "docked" not in recorder.states()
        begun = user.does("exempt", "--class", "privacy", "--officer", str(OFFICER), "--begin")
        assert begun["recording"] == 1
        assert begun["approval_owed"]
        assert user("exempt", "--class", "emergency", "--end").returncode == 1
        ended = user.does("exempt", "--class", "privacy", "--approver", "5", "--end")
        returned = user.does("return", "--officer", str(OFFICER))
        told = user.does("sync")
        assert told["refused_openings"] == 0
        assert told["segments"] == [[1, 1]]
        assert user.recording() is None
    items = user.entries()
    for kept, kind in ((issued, kinds.ISSUE), (begun, kinds.EXEMPT), (ended, kinds.EXEMPT), (returned, kinds.RETURN)):
        assert items[kept["entry"]].kind == kind
    stop = next(item for item in items if item.kind == kinds.STOP)
    assert stop.body["reason"] == codes.STOP_EXEMPT
    assert stop.sequence > begun["entry"]
    following = items[returned["entry"] + 1]
    assert (following.kind, following.body["reason"]) == (kinds.EPOCH, codes.EPOCH_RETURN)
    secrets = (OFFICER.to_bytes(8, "big"), str(OFFICER).encode())
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name != "private.cbs" and ".flash" not in path.name:
            assert not any(secret in path.read_bytes() for secret in secrets), path
    report = user.verify()
    assert report["verdict"] == "VERIFIED_DECLARED_GAPS", report["findings"]
    assert "approval" in [one["what"] for one in report["owed"]]
    assert report["coverage"]["exempt_s"] > 0


def test_another_organisations_host_commands_nothing(tmp_path: Path) -> None:
    """OB-26: it learns nothing, and its officer's number stays with it."""
    with virtual(tmp_path, "quiet-shift", "--speed", "max") as recorder:
        User(tmp_path, recorder).enrol()
        stranger = User(tmp_path / "stranger", recorder)
        stranger.make_store()
        for arguments in (["check"], ["issue", "--officer", str(OFFICER)], ["exempt", "--class", "1", "--begin"]):
            done = stranger(*arguments)
            assert done.returncode == 1
            assert "not enrolled" in done.stderr
            assert len(done.stderr.splitlines()) == 1


def test_settings_deletion_firmware_and_an_order(tmp_path: Path) -> None:
    """OB-46: all that changes a recorder is signed, kept by it, and judged by a verifier."""
    with virtual(tmp_path, "quiet-shift", "--speed", "max") as recorder:
        user = User(tmp_path, recorder)
        user.enrol()
        recorder.wait_for("docked")
        refused = user("configure", "receipts=9")
        assert refused.returncode == 2
        configured = user.does("configure", "battery_warning=20", "voice_wait=0")
        assert list(configured["entries"]) == ["battery_warning", "voice_wait"]
        announced = user.does("firmware", "--expect", "ab" * 32)
        order = tmp_path / "reset.order"
        key = organisation.unlock(tmp_path / "home" / "evidock" / "organisation.key", "correct horse")
        order.write_bytes(key.order(codes.OPERATION_RESET, [], int(time.time() * 1000), user.device))
        early = user("order", str(order))
        assert early.returncode == 1
        assert "busy" in early.stderr
        told = user.does("sync", "--delete")
        assert sorted(told["segments"]) == sorted(told["receipted"]) == told["deleted"] != []
        assert (told["kept"], told["contradicted"], told["unknown_custody"]) == ([], [], None)
        again = user.does("sync", "--delete")
        assert (again["missing"], again["deleted"], again["kept"]) == ([], [], [])
        reset = user.does("order", str(order))
        assert reset["operation"] == "reset"
        assert user("order", str(order)).returncode == 1
    items = user.entries()
    assert [items[number].kind for number in configured["entries"].values()] == [kinds.CONFIG, kinds.CONFIG]
    assert (items[announced["entry"]].kind, items[reset["entry"]].kind) == (kinds.FIRMWARE, kinds.RESET)
    assert sum(item.kind == kinds.TOMBSTONE for item in items) == len(told["deleted"])
    report = user.verify()
    assert report["verdict"] in ("VERIFIED", "VERIFIED_DECLARED_GAPS"), report["findings"]


def test_a_recorder_set_back_to_an_old_image(tmp_path: Path) -> None:
    """AT-12: one line, exit status 1, nothing of its media taken; verify finds the head that was kept."""
    with virtual(tmp_path, "quiet-shift", "--speed", "max") as recorder:
        user = User(tmp_path, recorder)
        user.enrol()
        recorder.wait_for("docked")
        user.does("sync")
        recorder.kill()
        images = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with virtual(tmp_path, "quiet-shift", "--speed", "max") as recorder:
        User(tmp_path, recorder).recorder.wait_for("docked")
        user = User(tmp_path, recorder)
        for _ in range(4):
            user.does("issue", "--officer", "1")
        user.does("sync")
    media = {path: path.stat().st_mtime_ns for path in user.store.rglob("media/**/*") if path.is_file()}
    for path, data in images.items():
        path.write_bytes(data)
    with virtual(tmp_path, "quiet-shift", "--speed", "max") as recorder:
        recorder.wait_for("docked")
        user = User(tmp_path, recorder)
        done = user("sync")
    assert done.returncode == 1
    assert "set back" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert {path: path.stat().st_mtime_ns for path in user.store.rglob("media/**/*") if path.is_file()} == media
    report = user.verify()
    assert report["verdict"] in ("ALTERED", "UNTRUSTED")
    assert {12, 14, 36, 11, 18} & {finding["attack"] for finding in report["findings"]}
