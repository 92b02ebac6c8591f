"""A line that is lost during a docking and comes back: nothing is pulled twice, and in the end all is receipted."""

from __future__ import annotations

import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.docks import enrol, make_store
from support.recorder import LEAF, Cable, ScriptedRecorder

from evidock.client import Recorder
from evidock.client.assembly import Assembly
from evidock.disk_work import DiskWork
from evidock.docking import SyncResult, sync
from evidock.errors import DiskFull, LineLost, Misbehaving, PortError
from evidock.media import is_intact
from evidock.progress import Progress
from evidock.store import Store
from evidock_protocol import kinds, messages

LENGTH = 4 * LEAF + 30


class Port:
    """A port whose cable is pulled after each of `cuts` bytes, and is away for `away` seconds each time."""

    def __init__(self, recorder: ScriptedRecorder, cuts: list[int], away: float = 0.2):
        self.recorder = recorder
        self.opened = 0
        self._cuts = cuts
        self._away = away
        self._passed = 0.0
        self._cable: Cable | None = None
        self._back_at = 0.0

    def monotonic(self) -> float:
        return self._passed + (self._cable.now if self._cable is not None else 0.0)

    def wait(self, seconds: float) -> None:
        self._passed += seconds

    def open(self) -> Cable:
        if self._cable is not None:
            self._passed += self._cable.now
            self._cable = None
            self._back_at = self._passed + self._away
        if self.opened and self._passed < self._back_at:
            raise PortError("no_port", port="port")
        self.opened += 1
        cable = Cable(self.recorder)
        cable.cut_after = self._cuts.pop(0) if self._cuts else None
        self._cable = cable
        return cable

    def dock(self, store: Store, **options: Any) -> SyncResult:
        client = Recorder(
            self.open(), "port", store, False, self.monotonic, opener=self.open, wait=self.wait, fixed=True
        )
        return sync(client, store, **options)


@pytest.fixture
def recorder() -> ScriptedRecorder:
    return ScriptedRecorder()


@pytest.fixture
def store(tmp_path: Path, recorder: ScriptedRecorder) -> Generator[Store]:
    with make_store(tmp_path / "store") as made:
        enrol(recorder, made)
        recorder.shift(1, 3, LENGTH)
        recorder.requests.clear()
        yield made


def check_whole(store: Store, recorder: ScriptedRecorder) -> None:
    assert recorder.device is not None
    archive = store.archive(recorder.device)
    for key in recorder.media:
        assert is_intact(archive.media_path(*key), archive.segments.known[key])
    assert archive.segments.unreceipted(store.host.thumbprint) == []


def pulled(recorder: ScriptedRecorder) -> int:
    return sum(values["length"] for kind, values in recorder.requests if kind == messages.MEDIA)


@pytest.mark.parametrize("cut", [400, 3_000, 20_000, 150_000, 390_000])
def test_it_goes_on_by_itself(store: Store, recorder: ScriptedRecorder, cut: int) -> None:
    port = Port(recorder, [cut])
    result = port.dock(store)
    assert result.reopened == 1
    assert sorted(result.segments) == sorted(result.receipted) == [(1, 1), (1, 2), (1, 3)]
    assert result.bytes == sum(map(len, recorder.media.values()))
    assert port.opened == 2
    check_whole(store, recorder)


def test_what_had_arrived_is_not_pulled_again(store: Store, recorder: ScriptedRecorder) -> None:
    """Not even the part of a leaf: what was on its way when the cable was pulled is all that is asked for twice."""
    total = sum(map(len, recorder.media.values()))
    Port(recorder, [200_000, 200_000]).dock(store)
    assert pulled(recorder) <= total + 2 * 64 * 1024
    check_whole(store, recorder)


def test_with_no_patience_it_is_an_error_at_once(store: Store, recorder: ScriptedRecorder) -> None:
    port = Port(recorder, [150_000])
    with pytest.raises(LineLost):
        port.dock(store, patience=0)
    assert port.opened == 1


def test_a_line_that_stays_away_is_an_error_after_the_patience(store: Store, recorder: ScriptedRecorder) -> None:
    port = Port(recorder, [150_000], away=1e9)
    with pytest.raises(LineLost):
        port.dock(store, patience=7)
    assert 7 <= port.monotonic() < 9


def test_a_line_that_comes_back_and_brings_nothing_is_an_error(store: Store, recorder: ScriptedRecorder) -> None:
    """Each session makes the journal longer by an entry: that is not what counts."""
    port = Port(recorder, [150_000, *[1_500] * 1000], away=0.01)
    with pytest.raises(LineLost):
        port.dock(store)
    assert 3 < port.opened < 40


def test_a_line_that_is_bad_for_long_and_brings_something_each_time_gets_there(
    store: Store, recorder: ScriptedRecorder
) -> None:
    result = Port(recorder, [40_000] * 60, away=5).dock(store)
    assert result.reopened > 10
    check_whole(store, recorder)


def test_a_recorder_that_was_booted_behind_its_port_gets_a_new_session(
    store: Store, recorder: ScriptedRecorder
) -> None:
    left = 30

    def boot(kind: int) -> None:
        nonlocal left
        left -= kind == messages.MEDIA
        if left == 0:
            recorder.proved = False

    recorder.during = boot
    port = Port(recorder, [])
    assert port.dock(store).reopened == 1
    check_whole(store, recorder)


def test_another_recorder_on_the_port_ends_it(store: Store, recorder: ScriptedRecorder) -> None:
    port = Port(recorder, [150_000])
    other = ScriptedRecorder(seed=8)
    other.provision(store.organisation, store.successor)

    def swap() -> Cable:
        port.recorder = other
        return port.open()

    client = Recorder(port.open(), "port", store, False, port.monotonic, opener=swap, wait=port.wait, fixed=True)
    with pytest.raises(Misbehaving):
        sync(client, store)
    assert not [kind for kind, _values in other.requests if kind == messages.MEDIA]


def test_a_receipt_that_was_lost_with_its_session_is_given_in_the_next(
    store: Store, recorder: ScriptedRecorder
) -> None:
    recorder.silent.add(messages.RECEIPT)
    lost = 0

    def come_back(kind: int) -> None:
        nonlocal lost
        lost += kind == messages.RECEIPT
        if kind == messages.OPEN and lost:
            recorder.silent.clear()

    recorder.during = come_back
    result = Port(recorder, []).dock(store)
    assert result.reopened == 1
    assert sorted(result.receipted) == [(1, 1), (1, 2), (1, 3)]
    assert len(recorder.receipts) == 1
    check_whole(store, recorder)


def test_progress_says_that_it_waits_and_never_goes_back(store: Store, recorder: ScriptedRecorder) -> None:
    told: list[Progress] = []
    Port(recorder, [150_000, 150_000], away=3).dock(store, progress=told.append)
    assert sum(one.phase == "waiting" for one in told) >= 2 * 3 / 0.5 - 2
    assert told[-1].phase == "done"
    assert told[-1].done == told[-1].total == sum(map(len, recorder.media.values()))
    for name in ("received", "lost", "mended", "reopened"):
        values = [getattr(one, name) for one in told]
        assert values == sorted(values)
    assert told[-1].reopened == 2
    media = [one.done for one in told if one.phase == "media"]
    assert media == sorted(media)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(300, 120_000), max_size=6))
def test_cables_pulled_anywhere(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    recorder = ScriptedRecorder()
    with make_store(tmp_path_factory.mktemp("dock") / "store") as store:
        enrol(recorder, store)
        recorder.shift(1, 2, LENGTH)
        result = Port(recorder, list(cuts)).dock(store)
        assert result.reopened <= len(cuts)
        check_whole(store, recorder)


def test_evidence_comes_first(store: Store, recorder: ScriptedRecorder) -> None:
    """A recording of a case, segments with a mark, segments beside an interruption; then the rest, oldest first."""
    recorder.shift(1, 2, 100)  # 2: nothing special
    recorder.recordings += 1  # 3: of a case
    body = {"recording": 3, "reason": 1, "tracks": 1, "card": None, "battery": 90}
    recorder.append(kinds.START, {**body, "storage_free": None, "handover": None}, {3: "A-17"})
    recorder.segment(100)
    recorder.recordings += 1  # 4: a mark in its second segment
    recorder.append(kinds.START, {**body, "recording": 4, "storage_free": None, "handover": None})
    for number in (1, 2, 3):
        recorder.ticks += 60_000
        if number == 2:
            recorder.append(kinds.MARK, {"recording": 4, "type": 1, "count": 1})
        recorder.segment(100)
    result = Port(recorder, []).dock(store)
    assert result.segments[:2] == [(3, 1), (4, 2)]
    assert result.segments[2:] == sorted(result.segments[2:])
    assert len(result.segments) == 9


def test_a_full_disk_is_told_though_the_line_was_lost_too(
    store: Store, recorder: ScriptedRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the same docking is tried again and again on a disk that takes nothing."""
    begun, cut = threading.Event(), threading.Event()

    def finish(_disk: DiskWork, _assembly: Assembly) -> bool:
        begun.set()
        assert cut.wait(5)
        raise DiskFull("disk_full", path="disk")

    class Cut(Port):
        def open(self) -> Cable:
            cable = super().open()
            read = cable.read

            def watch(seconds: float) -> bytes:
                try:
                    return read(seconds)
                except LineLost:
                    assert begun.wait(5)  # what has not begun is given up, and no news
                    cut.set()
                    raise

            cable.read = watch  # type: ignore[method-assign]
            return cable

    monkeypatch.setattr(DiskWork, "finish", finish)
    with pytest.raises(DiskFull):
        Cut(recorder, [2 * LENGTH]).dock(store, patience=0)


@pytest.mark.parametrize("listed", [False, True])
def test_media_that_nothing_judges_wait_for_the_proof(tmp_path: Path, recorder: ScriptedRecorder, listed: bool) -> None:
    """Only where a leaf list judges them are media taken of whoever is on the port after the line was lost."""
    if not listed:
        recorder.twist = lambda kind, values: {**values, "hashes": b""} if kind == messages.LEAVES else values
    early: list[bool] = []

    def watch(kind: int) -> None:
        if kind == messages.MEDIA and recorder.device is not None:
            early.append(store.archive(recorder.device).chain.size < len(recorder.entries))

    with make_store(tmp_path / "other") as store:
        enrol(recorder, store)
        recorder.shift(1, 1, 20 * LEAF)
        recorder.during = watch
        result = Port(recorder, [10 * LEAF]).dock(store)
        assert (result.reopened, result.receipted) == (1, [(1, 1)])
    assert any(early) == listed
