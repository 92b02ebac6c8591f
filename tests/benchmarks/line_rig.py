"""What the benchmarks of the line share: recorders with so many bytes to give, copies of them, and measured dockings.

A recorder is prepared once for each amount of media: it works a shift in which an encoder writes files of random bytes,
which no framing packs better than video. Every docking is of a copy into a copy of the store, so that no receipt of one
run changes the next. The host is a process of its own (`line_host.py`), so that its processor time is its own.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / name) for name in ("protocol", "device", "host", "simulator", "tests")]

from evidock import client, organisation, provisioning  # noqa: E402
from evidock.store import Store  # noqa: E402

MEBIBYTE = 1 << 20
SEGMENT_SECONDS = 60  # after which the recorder begins another file
WAITED = 0.01  # of a docking's time
SHIFT_SECONDS = 120.0  # for a change of state, while other programs use the machine too
HOST = Path(__file__).with_name("line_host.py")
PACKAGES = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in
                                                            ("protocol", "device", "host", "simulator"))}  # fmt: skip


class Image(NamedTuple):
    """A recorder that waits in its dock, and the store that it is enrolled in. `payload` counts its bytes of media."""

    folder: Path
    store: Path
    payload: int
    file: Path
    seed: int


class Bench:
    """The images of one run of a benchmark, made when they are first wanted, in `folder`."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._images: dict[tuple[int, int], Image] = {}
        self._copies = 0

    def image(self, segments: int, length: int) -> Image:
        """A docked recorder with `segments` files of `length` bytes of random content each."""
        key = (segments, length)
        if key not in self._images:
            self._images[key] = self.fleet(1, segments, length)[0]
        return self._images[key]

    def fleet(self, count: int, segments: int, length: int) -> list[Image]:
        """So many of them, enrolled in one store."""
        return _prepare(self.place(), count, segments, length)

    def place(self) -> Path:
        """A new folder for one run."""
        self._copies += 1
        place = self.folder / f"run-{self._copies}"
        place.mkdir()
        return place


class Recorder:
    """A simulator of its own process; a context manager. `port` is where it answers."""

    def __init__(self, folder: Path, media: Path, seed: int):
        """Starts it on what is in `folder`: shift.json, and flash and card unless it is new."""
        self.port = folder / "recorder"
        self._log = folder / "recorder.log"
        shift = str(folder / "shift.json")
        command = [sys.executable, "-m", "evidock_simulator", "run", shift, "--link", str(self.port)]
        command += ["--flash", str(folder / "flash"), "--card", str(folder / "card"), "--seed", str(seed)]
        command += ["--media", str(media), "--speed", "max", "--json"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, env=PACKAGES
            )
        self._said = threading.Condition()
        self._states: list[str] = []
        threading.Thread(target=self._follow, daemon=True).start()

    @property
    def waited(self) -> float:
        """Seconds for which it could run and had no processor; 0 where the system does not tell."""
        return waited(f"/proc/{self._process.pid}/schedstat")

    def wait_for(self, state: str) -> None:
        """Returns once the recorder has said `state`."""
        with self._said:
            came = self._said.wait_for(lambda: state in self._states or "ended" in self._states, SHIFT_SECONDS)
            if not came or state not in self._states:
                words = self._log.read_text(errors="replace").strip()
                raise SystemExit(f"the recorder did not become {state}: {words[-2000:] or self._states}")

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _follow(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._said:
                self._states.append(json.loads(line)["state"] if line.startswith(b"{") else "")
                self._said.notify_all()
        with self._said:
            self._states.append("ended")
            self._said.notify_all()


class Docking(NamedTuple):
    """What one docking measured: `host` is what `line_host.py` printed, `line` the line's own report.

    `waited`: seconds for which host and recorder could run and had no processor.
    """

    host: dict[str, Any]
    line: dict[str, Any]
    payload: int
    waited: float

    @property
    def complete(self) -> bool:
        """Whether every byte of media came, as signed."""
        return self.host.get("error") is None and self.host["bytes"] >= self.payload

    @property
    def void(self) -> bool:
        """Whether the machine was too busy for the times to count: the line says so, or both ends had to wait."""
        return bool(self.line["void"]) or self.waited > WAITED * self.host["seconds"]


def scenario(segments: int) -> dict[str, Any]:
    """A shift of so many files of an encoder, then the dock."""
    # The last file ends with the recording, ten seconds before another would begin.
    end = 10 + SEGMENT_SECONDS * segments - 10
    return {
        "name": "benchmark",
        "title": {"en": "media for a benchmark", "zh": "基准测试用的媒体"},
        "tracks": ["encoder"],
        "start": "2026-03-02T21:40:00+08:00",
        "clock": {"set": True, "kept_without_power": True},
        "battery": [[0, 92], [end + 60, 88]],
        "temperature": [[0, 215], [end + 60, 251]],
        "events": [[10, "press", "record"], [end, "press", "stop"], [end + 30, "dock"]],
    }


def waited(*files: str) -> float:
    """Seconds that processes waited for a processor, from their /proc/…/schedstat."""
    total = 0
    for file in files:
        with contextlib.suppress(OSError):
            total += int(Path(file).read_text().split()[1])
    return total / 1e9


def random_bytes(seed: int, length: int) -> bytes:
    """Bytes that look random, the same for the same seed."""
    return hashlib.shake_128(seed.to_bytes(8, "big")).digest(length)


def _prepare(folder: Path, count: int, segments: int, length: int) -> list[Image]:
    key = organisation.create(folder / "organisation.key", "benchmark")
    images: list[Image] = []
    with contextlib.ExitStack() as held:
        store = held.enter_context(Store.create(folder / "store", key, "benchmark dock", "UTC"))
        recorders: list[Recorder] = []
        for seed in range(1, count + 1):
            place = folder / f"recorder-{seed}"
            place.mkdir()
            media = place / "media.bin"
            media.write_bytes(random_bytes(seed, length))
            (place / "shift.json").write_text(json.dumps(scenario(segments)), encoding="utf-8")
            images.append(Image(place, folder / "store", segments * length, media, seed))
            recorders.append(held.enter_context(Recorder(place, media, seed)))
            recorders[-1].wait_for("waiting")
            with client.connect(str(recorders[-1].port), store) as connected:
                provisioning.provision(connected, store, f"BENCH-{seed}", f"{seed:04d}")
        for recorder in recorders:  # their shifts go on side by side
            recorder.wait_for("docked")
    return images


@contextlib.contextmanager
def docked_copy(image: Image, place: Path) -> Iterator[Recorder]:
    """A copy of the recorder in the folder `place`, running, in its dock."""
    for name in ("flash", "flash.world", "card", "shift.json"):
        _copy_sparse(image.folder / name, place / name)
    with Recorder(place, image.file, image.seed) as recorder:
        recorder.wait_for("docked")
        yield recorder


def dock(bench: Bench, image: Image, line: str, seconds: float = 900, **options: Any) -> Docking:
    """Docks a copy of `image` over a line with these options; `options` go to the host's process."""
    from evidock_simulator.line import Line

    place = bench.place()
    shutil.copytree(image.store, place / "store")
    with docked_copy(image, place) as recorder, Line(place / "port", line, recorder_link=recorder.port) as wire:
        before = recorder.waited
        host = run_host({"port": str(wire.host), "store": str(place / "store"), **options}, seconds)
        report = wire.report()
        lost = recorder.waited - before + host.get("waited", 0.0)
    remove(place)
    return Docking(host, report, image.payload, lost)


def run_host(arguments: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Runs the host's process and returns what it measured, or {"error": …}."""
    begun = time.monotonic()
    try:
        run = subprocess.run(
            [sys.executable, str(HOST), json.dumps(arguments)], capture_output=True, text=True, timeout=seconds,
            check=False, env=PACKAGES,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"error": f"not done after {seconds:.0f} s", "seconds": time.monotonic() - begun, "bytes": 0}
    last = (run.stdout.strip().splitlines() or [""])[-1]
    if last.startswith("{"):
        return json.loads(last)
    return {"error": (run.stderr.strip().splitlines() or ["it said nothing"])[-1], "bytes": 0, "seconds": 0.0}


def open_raw(port: Path | str) -> int:
    """A descriptor of a port that passes every byte as it is."""
    descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(descriptor)
    return descriptor


def remove(place: Path) -> None:
    """Removes a folder, of which a recorder that has just ended removes its link at the same time."""

    def missing(_function: object, _path: str, error: Any) -> None:
        if not issubclass(error[0], FileNotFoundError):
            raise error[1]

    shutil.rmtree(place, onerror=missing)


def _copy_sparse(source: Path, target: Path) -> None:
    """Copies a file without filling its holes: a card of 128 MiB holds a few."""
    with source.open("rb") as old, target.open("wb") as new:
        end = os.fstat(old.fileno()).st_size
        new.truncate(end)
        at = 0
        while at < end:
            try:
                at = os.lseek(old.fileno(), at, os.SEEK_DATA)
            except OSError:  # no data behind this
                return
            hole = os.lseek(old.fileno(), at, os.SEEK_HOLE)
            while at < hole:
                data = os.pread(old.fileno(), min(MEBIBYTE, hole - at), at)
                os.pwrite(new.fileno(), data, at)
                at += len(data)


def share(part: float, whole: float) -> str:
    """A ratio for a table, "-" when there is none."""
    return f"{part / whole:.4f}" if whole else "-"


def print_table(head: Sequence[str], widths: Sequence[int]) -> None:
    """The head of a table; rows follow with `print_row`."""
    print("  ".join(f"{text:>{width}}" for text, width in zip(head, widths, strict=True)), flush=True)


def print_row(cells: Sequence[object], widths: Sequence[int]) -> None:
    """One row, at once, because the next may take a minute."""
    print("  ".join(f"{text!s:>{width}}" for text, width in zip(cells, widths, strict=True)), flush=True)
