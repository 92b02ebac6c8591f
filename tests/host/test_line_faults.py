"""Any line at all between the real agent and the real host: a docking ends whole, or with a clear error and resumably.

Each seed makes a line with a rate, a latency, noise, lost and doubled bytes, stalls, silent cuts, unplugs, reboots of
the recorder and crashes of the host, docks to one of two hosts a few times, then once more over a clean line. After
every docking the archive holds nothing that differs from the recorder, and no leaf that was verified was asked for
again.
"""

from __future__ import annotations

import gc
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from support.hostile import quick_folder
from support.noisy_line import Event, Faults, drawn
from support.noisy_line_docks import HOSTS, SECONDS, Docks, Original

from evidock.client import Recorder
from evidock.docking import SyncResult
from evidock.errors import EvidockError, LineLost
from evidock.store import Store

USUAL = 100  # seeds by default
HUNTED = 10_000
AT_ONCE = 20


@pytest.fixture(scope="session")
def original() -> Generator[Original]:
    with quick_folder() as folder:
        yield Original(folder)


def run(original: Original, seed: int) -> list[str]:
    folder = original.folder / f"seed{seed}"
    folder.mkdir()
    try:
        docks = Docks(original, folder, seed)
        docks.run()
    finally:
        shutil.rmtree(folder)
    return docks.told


@pytest.mark.parametrize("first", range(0, USUAL, AT_ONCE))
def test_seeds(original: Original, first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        run(original, seed)


@pytest.mark.hunt
@pytest.mark.parametrize("first", range(USUAL, HUNTED, 10 * AT_ONCE))
def test_many_seeds(original: Original, first: int) -> None:
    """In all 10,000, with those above."""
    gc.disable()  # a fifth of the time
    try:
        for seed in range(first, min(first + 10 * AT_ONCE, HUNTED)):
            run(original, seed)
            if seed % AT_ONCE == 0:
                gc.collect()
    finally:
        gc.enable()


def test_the_seeds_hold_every_fault() -> None:
    """Else they would say nothing."""
    lines = [drawn(seed) for seed in range(USUAL)]
    kinds = [event.kind for line in lines for event in line.events]
    assert all(kinds.count(kind) >= 10 for kind in ("stall", "cut", "unplug", "reboot", "crash", "text"))
    for name in ("bits", "dropped", "inserted", "doubled", "overrun"):
        assert sum(bool(getattr(line, name)) for line in lines) >= 20, name
    assert len({line.rate for line in lines}) == 4
    assert sum(line.latency >= 16 for line in lines) >= 20


class Seed(Docks):
    """A docking over a line of the test's own."""

    def complete(self, name: str = HOSTS[0]) -> SyncResult:
        ended = self.dock(name)
        assert isinstance(ended, SyncResult), f"{ended!r} {self.story()}"
        self.check(name)
        self.check_complete(name)
        return ended

    def broken(self, name: str = HOSTS[0]) -> EvidockError | None:
        ended = self.dock(name)
        assert not isinstance(ended, SyncResult), self.story()
        self.check(name)
        return ended


def test_a_clean_line(original: Original, tmp_path: Path) -> None:
    """Every leaf is asked for in one pass: no range twice."""
    docks = Seed(original, tmp_path, 1, Faults())
    told = docks.complete()
    assert told.bytes == sum(len(docks.truth(*key)) for key in original.segments)
    assert len(told.segments) == len(SECONDS)


def test_a_crash_of_the_host_costs_no_verified_leaf(original: Original, tmp_path: Path) -> None:
    docks = Seed(original, tmp_path, 1, Faults(events=(Event(60_000, "crash"),)))
    assert docks.broken() is None
    told = docks.complete()
    whole = sum(len(docks.truth(*key)) for key in original.segments)
    assert 0 < told.bytes < whole


def test_at_another_dock_all_of_it_comes(original: Original, tmp_path: Path) -> None:
    docks = Seed(original, tmp_path, 1, Faults(events=(Event(60_000, "crash"),)))
    docks.broken(HOSTS[0])
    assert docks.complete(HOSTS[1]).bytes == sum(len(docks.truth(*key)) for key in original.segments)
    docks.complete(HOSTS[0])


def test_a_silent_cut_of_200_ms_is_not_noticed(original: Original, tmp_path: Path) -> None:
    docks = Seed(original, tmp_path, 1, Faults(events=(Event(30_000, "cut", 200),)))
    docks.complete()
    assert docks.line.happened == ["cut 200 ms at 30000"]


def test_a_line_that_stays_away_is_an_error(original: Original, tmp_path: Path) -> None:
    docks = Seed(original, tmp_path, 1, Faults(events=(Event(30_000, "cut", 3_600_000),)))
    began = docks.line.now
    assert isinstance(docks.broken(), LineLost)
    assert docks.line.now - began < 120_000
    docks.line.fault_free()
    docks.complete()


@pytest.mark.parametrize("slow", [5, 60, 400])
def test_a_slow_recorder_is_not_asked_twice(original: Original, tmp_path: Path, slow: int) -> None:
    """It takes so many milliseconds for each request; nothing is lost, so nothing may be asked again."""
    docks = Seed(original, tmp_path, 1, Faults(slow=slow))
    docks.complete()
    whole = sum(len(docks.truth(*key)) for key in original.segments)
    assert docks.line.carried < 1.2 * whole + 20_000, f"{docks.line.carried} bytes for {whole}"


class Slow(Seed):
    """A docking over a line whose rate is known, and low."""

    def _attach(self, store: Store) -> Recorder:
        recorder = super()._attach(store)
        recorder.connection.carries(self.faults.rate)
        return recorder


@pytest.mark.hunt
@pytest.mark.parametrize("rate", [240, 960])
def test_a_slow_line_is_no_silence(original: Original, tmp_path: Path, rate: int) -> None:
    """2,400 and 9,600 bits per second: nothing is lost, so nothing may be asked again."""
    docks = Slow(original, tmp_path, 1, Faults(rate=rate))
    told = docks.complete()
    assert (told.lost, told.reopened) == (0, 0)


def test_a_leaf_asked_for_again_is_noticed(original: Original, tmp_path: Path) -> None:
    """The watch at the line itself."""
    docks = Seed(original, tmp_path, 1, Faults())
    docks.complete()
    key = next(iter(original.segments))
    docks.requests._note_range(*key, 0, 100)
    with pytest.raises(AssertionError, match="asked again"):
        docks.check(HOSTS[0])
