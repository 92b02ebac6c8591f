"""Dockings as a user does them: both command lines, real MicroPython behind a real pty, cuts and kills included."""

import json
import os
import subprocess
import time
import wave
from pathlib import Path

import pytest
from support.virtual import Virtual, command, environment, virtual

from evidock.durable import SequenceFile
from evidock.store import Store
from evidock_protocol import codes, entry, kinds, sign1

# One recording of 75 seconds: a full segment and a short one.
SHORT_SHIFT = {
    "name": "short-shift",
    "title": {"en": "one short recording", "zh": "一段短录音"},
    "start": "2026-03-02T21:40:00+08:00",
    "clock": {"set": True, "kept_without_power": True},
    "battery": [[0, 96], [300, 91]],
    "temperature": [[0, 215], [300, 243]],
    "events": [[1, "press", "record"], [76, "press", "stop"], [80, "dock"]],
}


class Host:
    """A user at a host, with a store."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.store = folder / "store"
        self.environment = environment(folder / "home")

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        run = command("evidock", *arguments)
        return subprocess.run(run, env=self.environment, capture_output=True, text=True, check=False, timeout=120)

    def does(self, *arguments: str) -> str:
        """Runs a command that must succeed; what it printed."""
        done = self(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def enrol(self, recorder: Virtual) -> None:
        recorder.wait_for("waiting")
        self.does("init", str(self.store))
        self.does("provision", "--port", str(recorder.port), str(self.store), "--serial", "417")

    def sync(self, recorder: Virtual) -> dict[str, list[object]]:
        return json.loads(self.does("sync", "--port", str(recorder.port), str(self.store), "--json"))

    def check_whole(self) -> int:
        """Every segment that the journal names is here, intact, receipted and in custody; how many there are."""
        with Store(self.store) as store:
            (device,) = store.devices()
            archive = store.archive(device)
            known = archive.segments.known
            assert archive.segments.unreceipted(store.host.thumbprint) == []
            for key, segment in known.items():
                with wave.open(str(archive.media_path(*key)), "rb") as sound:
                    assert sound.getnframes() * sound.getnchannels() * 2 == segment.length - segment.header_length
                assert archive.leaves_path(*key).stat().st_size == 32 * segment.leaves
                assert (device, *key, segment.root) in store.custody.ingested
            assert archive.heads[-1].describes(archive.chain)
            assert {head.hash for head in archive.heads} <= store.custody.heads
            assert not list(archive.folder.rglob("*.part"))
            assert not list(archive.folder.glob("quarantine/*"))
            return len(known)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_a_shift_docked_twice(host: Host, tmp_path: Path) -> None:
    with virtual(tmp_path, "quiet-shift", "--speed", "max") as recorder:
        host.enrol(recorder)
        recorder.wait_for("docked")
        before = json.loads(host.does("status", "--port", str(recorder.port), "--json"))
        assert before["provisioned"]
        assert before["docked"]
        assert before["protection"] == "simulated"
        assert before["backlog_segments"] >= 3
        first = host.sync(recorder)
        assert len(first["segments"]) == before["backlog_segments"]
        assert first["receipted"] == first["segments"]
        assert not first["missing"]
        assert not first["damaged"]
        second = host.sync(recorder)
        assert second["segments"] == []
        after = json.loads(host.does("status", "--port", str(recorder.port), "--json"))
        assert after["backlog_segments"] == 0
        assert after["epoch"] == before["epoch"] + 2  # each docking ends with a new key
    assert host.check_whole() == before["backlog_segments"]


def test_host_and_recorder_witness_each_other(host: Host, tmp_path: Path) -> None:
    """The recorder's HOST entries name the custody head; the custody chain names the recorder's heads."""
    with virtual(tmp_path, "quiet-shift", "--speed", "max") as recorder:
        host.enrol(recorder)
        recorder.wait_for("docked")
        for _ in range(2):
            host.sync(recorder)
    with Store(host.store) as store:
        (device,) = store.devices()
        archive = store.archive(device)
        custody = {sign1.statement_hash(raw) for raw in SequenceFile(host.store / "custody.cbs").items}
        entries = [entry.parse(raw) for raw in SequenceFile(archive.folder / "journal.cbs").items]
        attached = [one for one in entries if one.kind == kinds.HOST and one.body["event"] == codes.HOST_ATTACHED]
        assert len(attached) >= 2
        for one in attached:
            assert one.body["custody"] in custody
            assert one.body["host"] == store.host.thumbprint


def test_recording_goes_on_beside_a_docking(host: Host, tmp_path: Path) -> None:
    scenario = tmp_path / "short.json"
    scenario.write_text(json.dumps(SHORT_SHIFT))
    with virtual(tmp_path, str(scenario), "--speed", "40") as recorder:
        host.enrol(recorder)
        recorder.wait_for("shift")
        while not json.loads(host.does("status", "--port", str(recorder.port), "--json"))["backlog_segments"]:
            assert "docked" not in recorder.states()
        told = host.sync(recorder)
        assert told["open_recording"] is not None
        brought = told["segments"]
        assert brought
        recorder.wait_for("docked")
        rest = host.sync(recorder)["segments"]
        assert rest
        assert not [one for one in rest if one in brought]
    assert host.check_whole() == 2


def test_the_recorder_loses_power_in_the_middle(host: Host, tmp_path: Path) -> None:
    with virtual(tmp_path, "quiet-shift", "--speed", "max") as recorder:
        host.enrol(recorder)
        recorder.wait_for("docked")
        docking = subprocess.Popen(
            command("evidock", "sync", "--patience", "0", "--port", str(recorder.port), str(host.store)),
            env=host.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        wait_for_media(host.store)
        recorder.kill()
        _out, err = docking.communicate(timeout=60)
        assert docking.returncode == 1
        assert len(err.splitlines()) == 1
        assert "same command again" in err
    with virtual(tmp_path, "quiet-shift", "--speed", "max") as recorder:
        recorder.wait_for("docked")
        host.sync(recorder)
    assert host.check_whole() >= 3


def test_the_host_is_killed_in_the_middle(host: Host, tmp_path: Path) -> None:
    with virtual(tmp_path, "quiet-shift", "--speed", "max") as recorder:
        host.enrol(recorder)
        recorder.wait_for("docked")
        for _ in range(2):
            docking = subprocess.Popen(
                command("evidock", "sync", "--port", str(recorder.port), str(host.store)),
                env=host.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            wait_for_media(host.store)
            docking.kill()
            docking.wait()
        host.sync(recorder)
    assert host.check_whole() >= 3


def test_another_organisations_host_gets_nothing(host: Host, tmp_path: Path) -> None:
    """OB-26, OB-63: a host that the recorder's organisation did not certify gets no byte of evidence."""
    with virtual(tmp_path, "quiet-shift", "--speed", "max") as recorder:
        host.enrol(recorder)
        recorder.wait_for("docked")
        stranger = Host(tmp_path / "stranger")
        stranger.does("init", str(stranger.store))
        done = stranger("provision", "--port", str(recorder.port), str(stranger.store))
        assert done.returncode == 1
        assert "another organisation" in done.stderr
        assert not list((stranger.store / "recorders").iterdir())
        host.sync(recorder)
    assert host.check_whole() >= 3


def wait_for_media(store: Path) -> None:
    """Until the first bytes of media are on the host's disk."""
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size for path in store.rglob("*.part") if os.path.exists(path)):
        assert time.monotonic() < deadline
        if any(store.rglob("*.wav")):
            return
        time.sleep(0.001)
