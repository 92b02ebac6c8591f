"""`evidock-sim` as a user runs it: real MicroPython, a real pty, SIGKILL as a power cut; one result for one seed."""

import contextlib
import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from simulator.simulated_host import Host

from evidock_protocol import messages
from evidock_simulator import compiling, images, launch
from evidock_simulator.virtual import keeping, sources

pytestmark = pytest.mark.skipif(
    not launch.has_micropython(), reason="MicroPython's unix build has no wheel for this platform"
)

COMMAND = [sys.executable, "-m", "evidock_simulator.cli"]
DETERMINISTIC = """
import sys
import time
import gc

gc.threshold(8192)  # as the recorder's own process does
from evidock_agent.agent import Agent
from evidock_simulator.virtual import keeping, world
from evidock_simulator.virtual.board import Parts
from evidock_simulator.virtual.card_fat import FatCard
from evidock_simulator.virtual.clock import Clock
from evidock_simulator.virtual.links import MemoryLink
from evidock_simulator.virtual.slot import Slot
from evidock_simulator.virtual.sound import WavFile
sys.path.insert(1, sys.argv[3])
from simulated_host import Host

state = keeping.load(sys.argv[1] + ".world")
clock, slot, link = Clock(state["time"], state["wall"]), Slot(), MemoryLink()
parts = Parts(open(sys.argv[1], "r+b", 0), lambda supply: FatCard(sys.argv[2], slot, supply, clock), link,
    WavFile(state["media"]), clock, bytes(32))
shift = world.World(state, parts, slot, lambda state: None, Agent)
shift.power_on(1)

class Line:
    def write(self, data):
        link.to_recorder += data

    def read(self, seconds):
        end = clock.now + 1000 * seconds
        while not link.to_host and clock.now < end:
            shift.pass_time(shift.step())
        data, link.to_host = bytes(link.to_host), bytearray()
        return data

Host(Line()).provision()
while shift.phase() != "docked" or not shift.settled():
    shift.pass_time(shift.step())
for step in range(100):
    shift.pass_time(shift.step())
print(shift.agent.journal.size, shift.agent.failed)
shift.power_off()
"""


class Recorder:
    """A running `evidock-sim run`, and a host on its line."""

    def __init__(self, folder: Path, scenario: str, *options: str, command: list[str] = COMMAND, errors: bool = False):
        self.link = folder / "port"
        self.image = folder / "flash"
        named = ["run", scenario, "--link", str(self.link), "--flash", str(self.image), "--json", *options]
        path = os.pathsep.join(part for part in sys.path if part)
        self.process = subprocess.Popen(
            [*command, *named], stdout=subprocess.PIPE, stderr=subprocess.PIPE if errors else None, text=True,
            env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
        self.states: list[str] = []
        self._descriptor = -1

    def wait_for(self, state: str, seconds: float = 60) -> dict:
        """Reads lines up to this state."""
        assert self.process.stdout is not None
        while select.select([self.process.stdout], [], [], seconds)[0]:
            line = self.process.stdout.readline()
            assert line, f"ended after {self.states} with status {self.process.wait()}"
            found = json.loads(line)
            self.states.append(found["state"])
            if found["state"] == state:
                return found
        raise AssertionError(f"no {state} after {self.states}")

    def host(self) -> Host:
        """A host that opens the line anew."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = os.open(self.link, os.O_RDWR | os.O_NOCTTY)
        return Host(self)

    def write(self, data: bytes) -> None:
        assert os.write(self._descriptor, data) == len(data)

    def read(self, seconds: float) -> bytes:
        return os.read(self._descriptor, 65536) if select.select([self._descriptor], [], [], seconds)[0] else b""

    def end(self, how: int = signal.SIGKILL) -> int:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self.process.send_signal(how)
        return self.process.wait(10)

    def close(self) -> None:
        """Ends what still runs."""
        if self.process.poll() is None:
            self.end()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def run(tmp_path: Path) -> Iterator:
    """Starts recorders in one folder, and ends them."""
    started: list[Recorder] = []

    def start(scenario: str, *options: str) -> Recorder:
        started.append(Recorder(tmp_path, scenario, *options))
        return started[-1]

    yield start
    for recorder in started:
        recorder.close()


def media_bytes(image: Path, recordings: list[int]) -> float:
    """What the sources of a recorder give it in recordings of so many seconds; containers' headers left out."""
    sound, pictures, clip = sources.open_all(keeping.load(str(images.world_path(image))))
    segments = [min(60, seconds - begun) for seconds in recordings for begun in range(0, seconds, 60)]
    total = 0.0
    if sound is not None:
        total += 2 * sound.rate * sum(segments)
    if pictures is not None:  # each chunk with its head, its padding and its entry in the index
        lengths = [pictures.length(number) for number in range(240 * pictures.rate)]
        total += sum(8 + length + length % 2 + 16 for length in lengths) / 240 * sum(segments)
    if clip is not None:  # each file from the beginning
        pieces = [number for seconds in segments for number in range(clip.due(1000 * seconds, True))]
        total += sum(len(clip.piece(number)) for number in pieces)
    return total


@pytest.mark.parametrize(
    ("scenario", "recordings"),
    [("quiet-shift", [180]), ("patrol", [150, 120, 90, 97]), ("external-encoder", [140, 30])],
)
def test_a_whole_shift(scenario: str, recordings: list[int], run) -> None:
    recorder = run(scenario, "--speed", "max")
    recorder.wait_for("waiting")
    assert recorder.host().hello()["device"] is None
    recorder.host().provision()
    recorder.wait_for("docked")
    assert recorder.states == ["waiting", "provisioned", "shift", "docked"]
    host = recorder.host()
    assert host.hello()["protection"] == 1
    status = host.ask(messages.STATUS, {})
    assert status["docked"] == 1
    assert status["recording"] is None
    # Every second but the last few before a power cut.
    expected = media_bytes(recorder.image, recordings)
    second = expected / sum(recordings)
    assert expected - 3 * second <= status["backlog_bytes"] <= expected + second
    assert recorder.end(signal.SIGTERM) == -signal.SIGTERM


def test_the_process_that_was_started_is_the_recorder(run) -> None:
    recorder = run("quiet-shift", "--speed", "max")
    recorder.wait_for("waiting")
    children = Path(f"/proc/{recorder.process.pid}/task/{recorder.process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not list children")
    assert children.read_text() == ""


def test_an_idle_recorder_hardly_uses_the_processor(run) -> None:
    recorder = run("quiet-shift", "--speed", "max")
    recorder.wait_for("waiting")
    figures = Path(f"/proc/{recorder.process.pid}/stat")
    if not figures.exists():
        pytest.skip("this system does not tell a process's time")

    def ticks() -> int:
        return sum(int(value) for value in figures.read_text().split()[13:15])

    select.select([], [], [], 2.5)  # the seconds after boot, in which it looks at the line often
    before = ticks()
    select.select([], [], [], 1)
    assert ticks() - before <= os.sysconf("SC_CLK_TCK") // 10


def test_sigkill_is_a_power_cut_and_the_recorder_goes_on(run) -> None:
    recorder = run("quiet-shift", "--speed", "20")
    recorder.wait_for("waiting")
    recorder.host().provision()
    recorder.wait_for("shift")
    status = recorder.host().ask(messages.STATUS, {})
    while status["recording"] != 1:
        status = recorder.host().ask(messages.STATUS, {})
    begun = status["ticks"]  # seconds into the recording go by the recorder's clock: the machine may be busy
    while status["ticks"] < begun + 5000:
        status = recorder.host().ask(messages.STATUS, {})
    recorder.end()
    again = run("quiet-shift", "--speed", "max")
    again.wait_for("docked")
    assert again.states == ["shift", "docked"]
    status = again.host().ask(messages.STATUS, {})
    assert status["boot"] == 3
    assert status["backlog_segments"] >= 1
    again.end()
    once_more = run("quiet-shift", "--speed", "max")
    once_more.wait_for("docked")
    assert once_more.states == ["docked"]


def test_a_provisioned_recorder_killed_before_its_shift_goes_on_to_it(run) -> None:
    recorder = run("quiet-shift", "--speed", "max")
    recorder.wait_for("waiting")
    device = recorder.host()
    device.provision()
    recorder.end()
    again = run("quiet-shift", "--speed", "max")
    again.wait_for("docked")
    assert again.states == ["provisioned", "shift", "docked"]


def test_the_same_agent_runs_without_micropython(tmp_path: Path) -> None:
    """Where there is no MicroPython, Python takes its place, says so, and has a folder as its card."""
    script = "from evidock_simulator import cli, launch; launch.has_micropython = lambda: False; cli.main()"
    recorder = Recorder(tmp_path, "quiet-shift", "--speed", "max", command=[sys.executable, "-c", script], errors=True)
    try:
        recorder.wait_for("waiting")
        recorder.host().provision()
        recorder.wait_for("docked")
        recorder.end()
        assert recorder.process.stderr is not None
        assert "no MicroPython here" in recorder.process.stderr.read()
        (folder,) = (tmp_path / "flash.card.folder" / "EVIDOCK").glob("*/R0000001")
        assert len(list(folder.glob("*.WAV"))) == 4
    finally:
        recorder.close()


def test_two_recorders_have_two_keys(tmp_path: Path) -> None:
    seeds = [images.prepare(tmp_path / name, tmp_path / f"{name}.card", "patrol")["seed"] for name in ("a", "b")]
    assert seeds[0] != seeds[1]


def test_a_host_that_comes_and_goes(run) -> None:
    """The close of the line's other end must not hang it up for good."""
    recorder = run("quiet-shift", "--speed", "max")
    recorder.wait_for("waiting")
    for _ in range(3):
        assert recorder.host().hello()["model"] == "EVIDOCK-SIM"


def test_a_seed_gives_one_result(tmp_path: Path) -> None:
    """The same on both runs, byte for byte: internal flash, and the card with its file system."""
    digests = set()
    support = Path(__file__).parents[1] / "simulator"
    for name in ("a", "b"):
        image, card = tmp_path / name / "flash", tmp_path / name / "card"
        images.prepare(image, card, "patrol", 3)
        run = subprocess.run(
            [*launch.micropython(), "-c", DETERMINISTIC, str(image), str(card), str(support)],
            env=launch.micropython_environment(compiling.compiled()), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stdout + run.stderr
        size, failed = run.stdout.split()
        assert int(size) > 30
        assert failed == "None"
        digests.add((hashlib.sha256(image.read_bytes()).digest(), hashlib.sha256(card.read_bytes()).digest()))
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["run", "no-such", "--link", "{}/port"], 1, "quiet-shift"),
        (["run", "quiet-shift", "--link", "{}/taken"], 1, "choose another path"),
        (["run", "quiet-shift", "--link", "{}/port", "--media", "{}/taken"], 1, "not a WAV file"),
        (["run", "quiet-shift", "--link", "{}/port", "--media", "{}/absent"], 1, "No such file"),
        (["run", "quiet-shift", "--link", "{}/port", "--flash", "{}/taken"], 1, "begin anew"),
        (["run", "quiet-shift", "--link", "{}/port", "--speed", "fast"], 2, "max"),
        (["run", "quiet-shift", "--link", "{}/port", "--speed", "nan"], 2, "max"),
        (["run", "quiet-shift"], 2, "--link"),
        (["attack"], 2, "NAME"),
    ],
)
def test_bad_input_gives_one_line(arguments: list[str], status: int, text: str, tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"taken, and no WAV file")
    path = os.pathsep.join(part for part in sys.path if part)
    run = subprocess.run(
        [sys.executable, "-m", "evidock_simulator.cli", *(part.format(tmp_path) for part in arguments)],
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == status, run.stderr
    assert text in run.stderr
    assert "Traceback" not in run.stderr
    assert status == 2 or run.stderr.count("\n") == 1
    assert (tmp_path / "taken").read_bytes() == b"taken, and no WAV file"
    with contextlib.suppress(FileNotFoundError):
        assert not (tmp_path / "port").is_symlink()


def test_lists_name_first(tmp_path: Path) -> None:
    path = os.pathsep.join(part for part in sys.path if part)
    run = subprocess.run(
        [sys.executable, "-m", "evidock_simulator.cli", "scenarios"],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    names = [line.split()[0] for line in run.stdout.splitlines()]
    assert names == sorted(names)
    assert {"quiet-shift", "patrol"} <= set(names)


def test_the_link_goes_with_the_recorder(run) -> None:
    """The number of a pty is used again: a stale link would lead a host to another recorder."""
    recorder = run("quiet-shift", "--speed", "max")
    recorder.wait_for("waiting")
    link = recorder.link
    assert link.is_symlink()
    recorder.process.kill()
    recorder.process.wait()
    for _ in range(200):
        if not link.is_symlink():
            return
        time.sleep(0.05)  # another process removes it; there is no clock to inject
    raise AssertionError(f"{link} is still there")
