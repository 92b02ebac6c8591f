"""A port that was lost and comes back, at once or late, under its name or another, with the same recorder or not."""

import contextlib
import os
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from support.docks import enrol, make_store
from support.ports import on_pty, speaks
from support.rated_cable import RATES, USUAL, RatedCable, RatedRecorder
from support.recorder import Cable, ScriptedRecorder, Wire

import evidock
from evidock.client import Recorder, connect
from evidock.client.transport import Line, Opener, Plugged, SerialLine
from evidock.errors import EvidockError, LineLost, Misbehaving, PortError, UnsupportedVersion


class Bench:
    """Ports in virtual time: `cable` is what the opener finds, None while nothing is plugged in."""

    def __init__(self, cable: Cable):
        self.cable: Cable | None = cable
        self.clock = cable
        self.back_at = 0.0
        self.opened: list[float] = []
        self.client = Recorder(
            cable, "cable", None, False, lambda: self.clock.now, opener=self.open, wait=self.wait, highest=USUAL
        )

    def open(self) -> Line:
        self.opened.append(self.clock.now)
        if self.cable is None or self.clock.now < self.back_at:
            raise PortError("no_port", port="cable")
        return self.cable

    def wait(self, seconds: float) -> None:
        assert seconds >= 0
        self.clock.now += seconds

    def plug(self, cable: Cable | None) -> None:
        """From now on this is what is on the port, on the same clock."""
        if cable is not None:
            cable.now = self.clock.now
            self.clock = cable
        self.cable = cable


@pytest.fixture
def recorder() -> ScriptedRecorder:
    return ScriptedRecorder()


def test_a_port_that_is_back_is_found_at_once(recorder: ScriptedRecorder) -> None:
    bench = Bench(Cable(recorder))
    old = bench.client.connection
    bench.plug(Cable(recorder))
    bench.back_at = bench.clock.now + 0.2
    bench.client.reopen(bench.clock.now + 0.5)
    assert bench.clock.now < bench.back_at + 0.05
    assert bench.client.connection is not old
    assert bench.client.status().battery_percent == 80


def test_nobody_there_until_the_deadline(recorder: ScriptedRecorder) -> None:
    bench = Bench(Cable(recorder))
    bench.plug(None)
    for _ in range(3):  # it may be asked again and again
        began = bench.clock.now
        with pytest.raises(LineLost):
            bench.client.reopen(began + 0.5)
        assert began + 0.5 <= bench.clock.now < began + 0.6
    bench.client.close()


def test_a_recorder_that_boots_answers_a_later_call_on_the_same_open_port(recorder: ScriptedRecorder) -> None:
    """Opening a port anew each time would reset some boards for ever."""
    bench = Bench(Cable(recorder))
    silent = Cable(None)
    bench.plug(silent)
    for _ in range(4):
        with pytest.raises(LineLost):
            bench.client.reopen(bench.clock.now + 0.5)
    assert len(bench.opened) == 1
    silent._wire = Wire(recorder)  # pyright: ignore[reportPrivateUsage]
    bench.client.reopen(bench.clock.now + 0.5)
    assert len(bench.opened) == 1


def test_boot_messages_are_skipped(recorder: ScriptedRecorder) -> None:
    bench = Bench(Cable(recorder))
    banner = b"ets Jun  8 2016 00:22:57\r\nrst:0x1\r\nMicroPython v1.28 on 2026-04-01\r\n>>> \x00\xff"
    bench.plug(Cable(recorder, banner))
    bench.client.reopen(bench.clock.now + 0.5)
    assert bench.client.connection.noise >= len(banner)


@pytest.mark.parametrize("other", [ScriptedRecorder(2), None])
def test_another_recorder_is_not_taken_for_the_first(
    recorder: ScriptedRecorder, other: ScriptedRecorder | None
) -> None:
    """Another one, or a blank one: none of its evidence comes near the first one's."""
    recorder.provision(bytes(32), bytes(32))
    if other is not None:
        other.provision(bytes(32), bytes(32))
    bench = Bench(Cable(recorder))
    strange = Cable(other or ScriptedRecorder(3))
    bench.plug(strange)
    with pytest.raises(Misbehaving, match="Another recorder"):
        bench.client.reopen(bench.clock.now + 30)
    assert strange.closed
    bench.plug(Cable(recorder))
    bench.client.reopen(bench.clock.now + 0.5)  # put back, it goes on


def test_other_firmware_is_looked_at_as_the_first_was(recorder: ScriptedRecorder) -> None:
    bench = Bench(Cable(recorder))
    recorder.versions["wire"] = [9]
    bench.plug(Cable(recorder))
    with pytest.raises(UnsupportedVersion):
        bench.client.reopen(bench.clock.now + 0.5)
    bench.client.close()


@pytest.mark.parametrize("booted", [False, True])
def test_the_last_rate_and_the_usual_one_are_tried(booted: bool) -> None:
    recorder = RatedRecorder()
    cable = RatedCable(recorder)
    cables = [cable]
    client = Recorder(
        cable, f"rated {booted}", None, False, lambda: cables[-1].now, opener=lambda: cables[-1], wait=lambda _s: None
    )
    cables.append(RatedCable(recorder, now=cable.now))
    assert recorder.rate == RATES[-1]
    if booted:
        recorder.rate = USUAL
    began = cables[-1].now
    client.reopen(began + 0.5)
    assert cables[-1].now < began + 0.5
    assert recorder.rate == cables[-1].rate == RATES[-1]


def test_without_an_opener_a_lost_line_stays_lost(recorder: ScriptedRecorder) -> None:
    cable = Cable(recorder)
    client = Recorder(cable, "cable", None, False, cable.monotonic)
    with pytest.raises(LineLost):
        client.reopen(cable.now)


# Real ports.


class Socket:
    """Where a cable is plugged in: a link that leads to one pty after another, or to none."""

    def __init__(self, folder: Path, recorder: ScriptedRecorder):
        self.link = folder / "port"
        self._wire = Wire(recorder)
        self._stack = contextlib.ExitStack()

    def plug(self, name: Path | None = None) -> None:
        port = self._stack.enter_context(on_pty(speaks(self._wire)))
        (name or self.link).symlink_to(port)

    def unplug(self) -> None:
        """The device is gone, and its name."""
        self.link.unlink()
        self._stack.close()

    def __enter__(self) -> "Socket":
        self.plug()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()


@pytest.fixture
def plug(tmp_path: Path, recorder: ScriptedRecorder) -> Generator[Socket]:
    with Socket(tmp_path, recorder) as made:
        yield made


def test_a_pty_that_is_unlinked_and_made_again(plug: Socket) -> None:
    with connect(str(plug.link)) as client:
        plug.unplug()
        with pytest.raises(LineLost):
            client.connection.request(1, {"package": [1], "wire": [1], "flash": [1], "software": "x"})
        with pytest.raises(LineLost):
            client.reopen(time.monotonic() + 0.1)
        timer = threading.Timer(0.2, plug.plug)
        timer.start()
        client.reopen(time.monotonic() + 20)
        timer.join()
        assert client.status().battery_percent == 80


def test_a_usb_device_that_comes_back_under_another_name(plug: Socket, tmp_path: Path) -> None:
    """By its serial number; and what took its old name is left alone."""
    listed: list[Plugged] = [Plugged(os.path.realpath(plug.link), (1, 2, "A"))]
    opener = Opener(str(plug.link), listed=lambda: listed)
    opener().close()
    listed.clear()
    with pytest.raises(PortError):
        opener()
    other = tmp_path / "other"
    plug.plug(other)
    listed.append(Plugged(os.path.realpath(plug.link), (1, 2, "B")))
    with pytest.raises(PortError):
        opener()
    listed.append(Plugged(os.path.realpath(other), (1, 2, "A")))
    line = opener()
    assert line.name == os.path.realpath(other)
    line.close()


def test_another_program_took_the_port_meanwhile(plug: Socket) -> None:
    """It is waited for, as for a port that is away."""
    with connect(str(plug.link)) as client:
        client.connection.close()
        other = SerialLine(str(plug.link))
        with pytest.raises(LineLost):
            client.reopen(time.monotonic() + 0.1)
        other.close()
        client.reopen(time.monotonic() + 20)


def test_a_stop_ends_what_waits(plug: Socket) -> None:
    stop = threading.Event()
    client = connect(str(plug.link), stop=stop)
    plug.unplug()
    threading.Timer(0.2, stop.set).start()
    began = time.monotonic()
    with pytest.raises(EvidockError, match="Interrupted"):
        client.reopen(began + 60)
    assert time.monotonic() - began < 20
    client.close()


@pytest.mark.parametrize("device", [lambda _data: b"", lambda _data: b"tick\r\n" * 10])
def test_a_stop_ends_the_first_hello(device: Any) -> None:
    stop = threading.Event()
    with on_pty(device) as name:
        threading.Timer(0.2, stop.set).start()
        began = time.monotonic()
        with pytest.raises(EvidockError, match="Interrupted"):
            connect(name, stop=stop)
        assert time.monotonic() - began < 3  # and not the four of HELLO
        with pytest.raises(EvidockError, match="Interrupted"):
            connect(name, stop=stop)
        SerialLine(name).close()  # it is let go


def test_a_docking_goes_on_over_an_unplugged_cable(plug: Socket, recorder: ScriptedRecorder, tmp_path: Path) -> None:
    """The whole path: sync, a port that vanishes in the middle of media, the same link later."""
    with make_store(tmp_path / "store") as store:
        enrol(recorder, store)
        recorder.shift(1, 2, 20 * 32768)
        told: list[evidock.Progress] = []
        pulled: list[threading.Timer] = []

        def watch(event: evidock.Progress) -> None:
            told.append(event)
            if event.phase == "media" and event.done and not pulled:
                plug.unplug()
                pulled.append(threading.Timer(0.1, plug.plug))
                pulled[0].start()

        with connect(str(plug.link), store) as client:
            result = evidock.sync(client, store, progress=watch)
    assert len(result.receipted) == 2
    assert result.reopened == 1
    assert any(event.phase == "waiting" for event in told)
