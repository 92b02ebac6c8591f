"""A docking station as a user runs it: real MicroPython behind real lines, hot plug, and a power cut in the middle."""

import json
import signal
import subprocess
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from end_to_end.evidence import make_wav, write_scenario
from support.virtual import Virtual, command, environment, virtual

from evidock.media import is_intact
from evidock.store import Store

WAIT_SECONDS = 90.0
# Twenty seconds of sound that nobody can compress: 5 s of a line at 1 Mbaud.
SHIFT = [[2, "press", "record"], [22, "press", "stop"], [26, "dock"]]


class Dock:
    """`evidock dock --events` in a process of its own; `events` is what it printed."""

    def __init__(self, home: Path, *arguments: str):
        self.events: list[dict[str, Any]] = []
        self._heard = threading.Condition()
        self.process = subprocess.Popen(
            command("evidock", "dock", *arguments, "--events"),
            env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait(self, what: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first event of which `what` is true, once it came."""
        with self._heard:
            found = self._heard.wait_for(lambda: [one for one in self.events if what(one)], WAIT_SECONDS)
        assert found, self.events[-20:]
        return found[0]

    def end(self) -> str:
        """SIGTERM; what it said on standard error."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stderr is not None
        assert self.process.wait(30) == 0
        return self.process.stderr.read()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._heard:
                self.events.append(json.loads(line))
                self._heard.notify_all()


class Ward:
    """Three enrolled recorders with a shift each; `plug` starts one, behind a line."""

    def __init__(self, folder: Path, stack: ExitStack):
        self.folder = folder
        self.store = folder / "store"
        self._stack = stack
        self._heard = make_wav(folder / "heard.wav", 7, 16000)
        self._scenario = write_scenario(folder, "ward", SHIFT)

    def port(self, name: str) -> str:
        return str(self.folder / name / "recorder")

    def plug(self, name: str, line: str = "rate=1000000,latency=1") -> Virtual:
        work = self.folder / name
        work.mkdir(exist_ok=True)
        options = ("--speed", "max", "--media", str(self._heard), "--seed", str(sum(name.encode())), "--line", line)
        return self._stack.enter_context(virtual(work, str(self._scenario), *options))

    def does(self, *arguments: str) -> None:
        run = command("evidock", *arguments)
        done = subprocess.run(
            run, env=environment(self.folder / "home"), capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture
def ward(tmp_path: Path) -> Generator[Ward]:
    with ExitStack() as stack:
        yield Ward(tmp_path, stack)


@pytest.mark.hunt
def test_three_recorders_one_loses_power_one_comes_later(ward: Ward) -> None:
    """OB-35: one that breaks off harms no other and goes on; one that is plugged in later is docked, too."""
    ward.does("init", str(ward.store))
    recorders = {name: ward.plug(name) for name in ("one", "two", "late")}
    for name, recorder in recorders.items():
        recorder.wait_for("waiting")
        ward.does("provision", "--port", ward.port(name), str(ward.store), "--serial", name)
    for recorder in recorders.values():
        recorder.wait_for("docked")
    recorders["late"].kill()
    Path(ward.port("late")).unlink(missing_ok=True)
    station = Dock(ward.folder / "home", str(ward.store), "--ports", str(ward.folder / "*" / "recorder"))
    try:
        one, two, late = (ward.port(name) for name in recorders)
        station.wait(lambda event: event["port"] == two and event.get("phase") == "media" and event["done"] > 0)
        recorders["two"].kill()
        station.wait(lambda event: event["port"] == two and event.get("phase") == "waiting")
        again = ward.plug("two")
        ward.plug("late")
        done = {port: station.wait(lambda event, port=port: is_done(event, port)) for port in (one, two, late)}
        assert all(event["result"]["receipted"] for event in done.values())
        assert done[two]["reopened"] >= 1
        assert done[two]["share"] is None or 0 <= done[two]["share"] <= 1
        assert again.process.poll() is None
        assert not [event for event in station.events if event["event"] == "failed"]
        assert {event["event"] for event in station.events if event["port"] == one} == {"started", "progress", "done"}
    finally:
        complaints = station.end()
    assert complaints == ""
    with Store(ward.store) as store:
        assert len(store.devices()) == 3
        for device in store.devices():
            archive = store.archive(device)
            assert archive.segments.known
            assert archive.segments.unreceipted(store.host.thumbprint) == []
            for key, segment in archive.segments.known.items():
                assert is_intact(archive.media_path(*key), segment)
            assert {head.hash for head in archive.heads} <= store.custody.heads


def is_done(event: dict[str, Any], port: str) -> bool:
    return event["event"] == "done" and event["port"] == port
