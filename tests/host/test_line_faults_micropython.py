"""Lines with faults between the real host and the agent as a recorder runs it: a process on MicroPython where there is
one, behind a simulated line in real time.

As `test_line_faults`, over ptys and the own ports of the host: each seed is a line of its own and a host of its own,
which has nothing of the recorder yet.
"""

from __future__ import annotations

import json
import random
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.docks import make_organisation
from support.hostile import quick_folder, sentenced
from support.virtual import Virtual, virtual

from evidock import sync, verify
from evidock.client import connect
from evidock.docking import SyncResult
from evidock.errors import EvidockError
from evidock.provisioning import provision
from evidock.report import Verdict
from evidock.store import Store
from evidock_simulator.line import Line

USUAL = 1  # seeds by default
AT_ONCE = 11  # seeds for one recorder
HUNTED = 60
ORGANISATION = make_organisation()
SHIFT = {
    "name": "shift", "title": {"en": "a test's shift", "zh": "测试班次"}, "start": "2026-03-02T21:40:00+08:00",
    "clock": {"set": True, "kept_without_power": True}, "battery": [[0, 94], [400, 83]],
    "temperature": [[0, 182], [400, 231]],
    "events": [
        [2, "press", "record"], [4, "press", "mark"], [7, "press", "stop"], [8, "press", "record"],
        [9, "press", "stop"], [12, "dock"],
    ],
}  # fmt: skip


@contextmanager
def docked(folder: Path) -> Generator[Virtual]:
    """A recorder at the end of a shift, of this organisation."""
    scenario = folder / "shift.json"
    scenario.write_text(json.dumps(SHIFT))
    with virtual(folder, str(scenario), "--speed", "max") as recorder:
        recorder.wait_for("waiting")
        with new_store(folder / "first") as store, connect(str(recorder.port), store) as client:
            provision(client, store, "417", "BC-1")
        recorder.wait_for("docked")
        yield recorder


def new_store(folder: Path) -> Store:
    return Store.create(folder, ORGANISATION, folder.name, "UTC")


def drawn(seed: int) -> str:
    """The options of a seed's line."""
    source = random.Random(f"micropython {seed}")
    options = [f"bytes={source.choice((1_000_000, 4_000_000, 8_000_000))}", f"seed={seed}"]
    options += source.choice(([], ["latency=1"], ["latency=16"], ["usb=64"]))
    errors: list[str] = source.choice(([], ["errors=1e-6"], *(["errors=1e-5"],) * 3))
    options += ["errors=1e-4"] if seed % 20 == 7 else errors
    options += source.choice(([], [], ["drop=1e-6"], ["drop=1e-5"]))
    options += source.choice(([], [], ["insert=1e-6"], ["insert=1e-5"]))
    for _ in range(source.choice((0, 0, 1, 2, 4))):
        at = source.choice((source.randrange(3000), source.randrange(150_000)))
        options.append(f"{source.choice(('cut', 'unplug'))}={at}:{source.choice((10, 60, 200, 400))}")
    return ",".join(options)


def dock(port: str, store: Store, patience: float) -> SyncResult | EvidockError:
    try:
        with connect(port, store) as client:
            return sync(client, store, patience=patience)
    except EvidockError as error:
        return sentenced(error)


def media(folder: Path) -> dict[str, bytes]:
    """Every file of media in a store, by its name there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob("recorders/*/media/**/*.wav")}


def run(recorder: Virtual, folder: Path, seed: int, truth: dict[str, bytes]) -> None:
    options = drawn(seed)
    with new_store(folder / f"host{seed}") as store:
        with connect(str(recorder.port), store) as client:
            provision(client, store)
        with Line(folder / f"line{seed}", options, recorder.port) as line:
            ended = dock(line.host, store, patience=3)
            told = f"seed {seed}, {options}: {ended!r} {line.report()}"
        held = media(store.folder)
        assert held.items() <= truth.items(), told
        if isinstance(ended, SyncResult):
            assert held == truth, told
        again = dock(str(recorder.port), store, patience=3)
        assert isinstance(again, SyncResult), f"not resumable: {again!r} after {told}"
        assert not (isinstance(ended, SyncResult) and again.bytes), told
        assert media(store.folder) == truth, told
        assert not list(store.folder.glob("recorders/*/partial/*")), told
        report = verify(store, trust=[ORGANISATION.key.thumbprint.hex()])
        assert report.verdict is not Verdict.ALTERED, told


def run_seeds(seeds: range) -> None:
    with quick_folder() as folder, docked(folder) as recorder:
        with Store(folder / "first") as store:
            told = dock(str(recorder.port), store, patience=3)
            assert isinstance(told, SyncResult)
            truth = media(store.folder)
        assert len(truth) == 2
        for seed in seeds:
            run(recorder, folder, seed, truth)


def test_seeds() -> None:
    run_seeds(range(USUAL))


@pytest.mark.hunt
@pytest.mark.parametrize("first", range(USUAL, HUNTED, AT_ONCE))
def test_many_seeds(first: int) -> None:
    run_seeds(range(first, min(first + AT_ONCE, HUNTED)))
