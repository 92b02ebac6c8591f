"""A station with scripted recorders: side by side, hot plug, turns, what is left alone, and an orderly end."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from support.docks import NOW_MS, attach, make_store
from support.recorder import Cable, ScriptedRecorder

from evidock import station
from evidock.client import Recorder
from evidock.docking import SyncResult, sync
from evidock.errors import LineLost, PortError, StoreError
from evidock.progress import MEDIA, WAITING, Progress
from evidock.provisioning import provision
from evidock.station import DONE, FAILED, GONE, PROGRESS, REOPENED, STARTED, Event, Station, berth
from evidock.station.plugged import plugged
from evidock.store import Store
from evidock_protocol import messages

WAIT_SECONDS = 20.0


class Rack:
    """Ports with recorders in them, and a station that runs in a thread; `events` is what it told."""

    def __init__(self, store: Store):
        self.store = store
        self.present: dict[str, object] = {}
        self.events: list[Event] = []
        self.failed: set[str] = set()
        self.dock: Any = sync
        self.noise: dict[str, bytes] = {}
        self._recorders: dict[str, ScriptedRecorder | None] = {}
        self._heard = threading.Condition()
        self._plugged = 0
        self._thread: threading.Thread | None = None
        self.station: Station | None = None

    def new(self, seed: int, enrolled: bool = True) -> ScriptedRecorder:
        recorder = ScriptedRecorder(seed)
        if enrolled:
            provision(attach(recorder, self.store), self.store, str(seed), f"BC-{seed}")
            recorder.shift(1, 2, 100)
        return recorder

    def plug(self, port: str, recorder: ScriptedRecorder | None) -> None:
        self._plugged += 1
        self._recorders[port] = recorder
        self.present = {**self.present, port: self._plugged}

    def unplug(self, port: str) -> None:
        self.present = {name: mark for name, mark in self.present.items() if name != port}

    def connect(self, port: str, store: Store, *, stop: threading.Event) -> Recorder:
        if port not in self.present:
            raise PortError("no_port", port=port)
        cable = Cable(self._recorders[port], self.noise.get(port, b""))
        return Recorder(cable, port, store, False, cable.monotonic)

    def make(self, **options: Any) -> Station:
        self.station = Station(self.store, connect=self.connect, dock=self.dock, **options)
        return self.station

    def once(self, **options: Any) -> set[str]:
        return self.make(**options).run(lambda: self.present, self._listen, once=True)

    def begin(self, **options: Any) -> None:
        made = self.make(**options)
        self._thread = threading.Thread(target=lambda: made.run(lambda: self.present, self._listen), daemon=True)
        self._thread.start()

    def end(self) -> None:
        if self.station is not None:
            self.station.stop()
        if self._thread is not None:
            self._thread.join(WAIT_SECONDS)
            assert not self._thread.is_alive()

    def wait(self, kind: str, port: str, count: int = 1) -> Event:
        """The `count`-th event of a kind on a port, once it came."""
        with self._heard:
            assert self._heard.wait_for(lambda: len(self.of(kind, port)) >= count, WAIT_SECONDS), self.events
            return self.of(kind, port)[count - 1]

    def of(self, kind: str, port: str | None = None) -> list[Event]:
        return [event for event in self.events if event.kind == kind and port in (None, event.port)]

    def _listen(self, event: Event) -> None:
        with self._heard:
            self.events.append(event)
            self._heard.notify_all()


@pytest.fixture
def rack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Rack]:
    monkeypatch.setattr(station, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(berth, "RETRY_SECONDS", 0.02)
    with make_store(tmp_path / "store") as store:
        made = Rack(store)
        try:
            yield made
        finally:
            made.end()


def told(rack: Rack, recorder: ScriptedRecorder) -> list[Event]:
    assert recorder.device is not None
    return [event for event in rack.events if event.device == recorder.device.hex()]


def test_each_port_once(rack: Rack) -> None:
    recorders = [rack.new(seed) for seed in (1, 2, 3)]
    for number, recorder in enumerate(recorders):
        rack.plug(f"port{number}", recorder)
    assert rack.once() == set()
    for number, recorder in enumerate(recorders):
        done = rack.wait(DONE, f"port{number}")
        assert recorder.device is not None
        assert done.result is not None
        assert done.device == recorder.device.hex()
        assert done.result.receipted == [(1, 1), (1, 2)]
        assert done.again is None
        assert told(rack, recorder)[0].kind == STARTED
    folder = rack.store.folder
    rack.store.close()
    with Store(folder, lambda: NOW_MS) as again:
        assert all(again.archive(one).segments.unreceipted(again.host.thumbprint) == [] for one in again.devices())


def test_one_that_fails_harms_no_other(rack: Rack) -> None:
    """A dead line, a stranger, a recorder that is not enrolled, and a fault of ours stand beside a good recorder."""
    good = rack.new(1)
    rack.plug("dead", None)
    rack.plug("stranger", None)
    rack.noise["stranger"] = b"login: " * 20
    rack.plug("unknown", rack.new(2, enrolled=False))
    rack.plug("ours", rack.new(3))
    rack.plug("good", good)

    def dock(recorder: Recorder, store: Store, progress: Callable[[Progress], None], delete: bool) -> SyncResult:
        if recorder.port == "ours":
            raise ZeroDivisionError("a fault of ours")
        return sync(recorder, store, progress, delete)

    rack.dock = dock
    assert rack.once() == {"dead", "stranger", "unknown", "ours"}
    errors = {event.port: event.error.key for event in rack.of(FAILED) if event.error is not None}
    assert errors == {"dead": "silent", "stranger": "not_a_recorder", "unknown": "blank", "ours": "docking_fails"}
    assert len(rack.of(DONE)) == 1
    assert len(good.receipts) == 1


def test_hot_plug_once_for_each_appearance(rack: Rack) -> None:
    one, two = rack.new(1), rack.new(2)
    rack.begin(again=0)
    rack.plug("a", one)
    assert rack.wait(DONE, "a").again is None
    rack.unplug("a")
    rack.wait(GONE, "a")
    rack.plug("a", two)
    rack.wait(DONE, "a", 2)
    rack.plug("b", one)
    rack.wait(DONE, "b")
    rack.plug("b", one)  # so quickly that nobody saw it gone
    rack.wait(GONE, "b")
    rack.wait(DONE, "b", 2)
    rack.end()
    names = [event.device for event in rack.of(DONE)]
    assert names[0] == names[2] == names[3] != names[1]
    assert len(rack.of(STARTED)) == len(names) == 4


def test_a_recorder_that_stays_is_docked_again_in_time(rack: Rack) -> None:
    recorder = rack.new(1)
    rack.plug("a", recorder)
    rack.begin(again=0.05)
    assert rack.wait(DONE, "a").again == 0.05
    size = len(recorder.entries)
    asked_three_times(recorder)
    assert len(recorder.entries) == size  # it had nothing new, so no docking wrote into its journal

    def record(kind: int) -> None:
        if kind == messages.STATUS:
            recorder.during = lambda _kind: None
            recorder.shift(1, 1, 50)

    recorder.during = record
    later = rack.wait(DONE, "a", 2)
    assert later.result is not None
    assert later.result.segments == [(2, 1)]
    asked_three_times(recorder)
    assert [event.kind for event in rack.events if event.kind != PROGRESS] == [STARTED, DONE] * 2


def asked_three_times(recorder: ScriptedRecorder) -> None:
    """Until the station looked three times more whether there is anything new."""
    begun = time.monotonic()
    until = 3 + [kind for kind, _values in recorder.requests].count(messages.STATUS)
    while [kind for kind, _values in recorder.requests].count(messages.STATUS) < until:
        assert time.monotonic() - begun < WAIT_SECONDS
        time.sleep(0.01)


@pytest.mark.parametrize("name", ["blank", "foreign", "version", "silent"])
def test_who_is_not_for_this_store_is_left_alone(rack: Rack, name: str, tmp_path: Path) -> None:
    """OB-26: it is told once (twice where it may only have been booting), and nothing more is asked of it."""
    recorder = rack.new(1, enrolled=False)
    if name == "foreign":
        with make_store(tmp_path / "other", seed=7) as other:
            provision(attach(recorder, other), other)
    if name == "version":
        recorder.versions["wire"] = [9]
    rack.plug("a", None if name == "silent" else recorder)
    other = rack.new(2)
    rack.plug("b", other)
    rack.begin(again=0.02)
    last = rack.wait(FAILED, "a", 2 if name == "silent" else 1)
    assert last.again is None
    asked = len(recorder.requests)
    rack.wait(DONE, "b")
    asked_three_times(other)
    assert len(recorder.requests) == asked
    assert len(rack.of(FAILED, "a")) == (2 if name == "silent" else 1)
    rack.unplug("a")
    rack.wait(GONE, "a")
    rack.plug("a", rack.new(3))
    rack.wait(DONE, "a")


def test_a_bad_line_is_tried_again_and_again_more_slowly(rack: Rack) -> None:
    recorder = rack.new(1)
    recorder.silent = {messages.JOURNAL}
    rack.dock = lambda one, store, progress, delete: sync(one, store, progress, delete, 0)
    rack.plug("a", recorder)
    rack.begin()
    assert [rack.wait(FAILED, "a", count).again for count in (1, 2, 3)] == [0.02, 0.04, 0.08]
    recorder.silent = set()
    rack.wait(DONE, "a")
    recorder.silent = {messages.JOURNAL}


def test_at_most_so_many_at_once_in_order(rack: Rack) -> None:
    running, most, order = set[str](), list[int](), list[str]()
    guard = threading.Lock()

    def dock(recorder: Recorder, store: Store, progress: Callable[[Progress], None], delete: bool) -> SyncResult:
        with guard:
            running.add(recorder.port)
            most.append(len(running))
            order.append(recorder.port)
        time.sleep(0.03)
        with guard:
            running.remove(recorder.port)
        return sync(recorder, store, progress, delete)

    rack.dock = dock
    for seed in range(1, 7):
        rack.plug(f"port{seed}", rack.new(seed))
    rack.once(jobs=2)
    assert max(most) == 2
    assert sorted(order[:2]) == ["port1", "port2"]
    assert sorted(order[-2:]) == ["port5", "port6"]


def test_a_line_that_is_away_gives_its_turn_to_the_next(rack: Rack) -> None:
    """With one turn for all, a docking that waits for its cable holds nobody up, and goes on without waiting."""
    other_done = threading.Event()
    back = threading.Event()

    def dock(recorder: Recorder, store: Store, progress: Callable[[Progress], None], delete: bool) -> SyncResult:
        if recorder.port == "away":
            progress(Progress(MEDIA, 1, 10, received=5))
            while not other_done.is_set():
                progress(Progress(WAITING, 1, 10, received=5))
                time.sleep(0.005)
            progress(Progress(MEDIA, 1, 10, received=5, reopened=1))
            assert back.wait(WAIT_SECONDS)
            return sync(recorder, store, None, delete)
        result = sync(recorder, store, progress, delete)
        other_done.set()
        return result

    rack.dock = dock
    rack.plug("away", rack.new(1))
    rack.plug("other", rack.new(2))
    rack.begin(jobs=1, again=0)
    rack.wait(DONE, "other")
    assert rack.wait(REOPENED, "away").reading is not None
    back.set()
    rack.wait(DONE, "away")


def test_progress_is_told_now_and_then_not_at_every_word(rack: Rack) -> None:
    finish = threading.Event()

    def dock(recorder: Recorder, store: Store, progress: Callable[[Progress], None], delete: bool) -> SyncResult:
        for done in range(20_000):
            progress(Progress(MEDIA, done, 20_000, received=done))
        assert finish.wait(WAIT_SECONDS)
        return sync(recorder, store, progress, delete)

    rack.dock = dock
    rack.plug("a", rack.new(1))
    rack.begin()
    rack.wait(PROGRESS, "a")
    finish.set()
    rack.wait(DONE, "a")
    assert len(rack.of(PROGRESS)) < 1000


def test_the_same_recorder_on_two_ports(rack: Rack) -> None:
    recorder = rack.new(1)
    inside, leave = threading.Event(), threading.Event()

    def dock(one: Recorder, store: Store, progress: Callable[[Progress], None], delete: bool) -> SyncResult:
        if not inside.is_set():
            assert one.device is not None
            with store.claim(one.device, one.port):
                inside.set()
                assert leave.wait(WAIT_SECONDS)
        return sync(one, store, progress, delete)

    rack.dock = dock
    rack.plug("first", recorder)
    rack.begin()
    assert inside.wait(WAIT_SECONDS)
    rack.plug("second", recorder)
    refused = rack.wait(FAILED, "second")
    assert isinstance(refused.error, StoreError)
    assert refused.error.key == "recorder_in_use"
    assert "docked on first already" in str(refused.error)
    leave.set()
    rack.wait(DONE, "first")
    rack.wait(DONE, "second")


def test_a_stop_ends_dockings_at_once_and_they_go_on_another_time(rack: Rack) -> None:
    """What a signal does: those that run and those that wait for a turn end, and nothing is lost."""
    recorders = [rack.new(seed) for seed in (1, 2, 3)]
    busy = threading.Semaphore(0)

    def dock(recorder: Recorder, store: Store, progress: Callable[[Progress], None], delete: bool) -> SyncResult:
        def slow(event: Progress) -> None:
            progress(event)
            if event.phase == MEDIA:
                busy.release()
                while True:
                    time.sleep(0.005)
                    progress(event)

        return sync(recorder, store, slow, delete)

    rack.dock = dock
    for number, recorder in enumerate(recorders):
        rack.plug(f"port{number}", recorder)
    rack.begin(jobs=2)
    assert busy.acquire(timeout=WAIT_SECONDS)
    assert busy.acquire(timeout=WAIT_SECONDS)
    begun = time.monotonic()
    rack.end()
    assert time.monotonic() - begun < 5
    assert {event.error.key for event in rack.of(FAILED) if event.error is not None} == {"interrupted"}
    assert len(rack.of(FAILED)) == 3
    assert not rack.of(DONE)
    rack.dock = sync
    rack.events.clear()
    assert rack.once() == set()
    assert len(rack.of(DONE)) == 3
    assert all(len(recorder.receipts) == 1 for recorder in recorders)


def test_a_listener_that_fails_ends_the_station(rack: Rack) -> None:
    rack.plug("a", rack.new(1))

    def listen(_event: Event) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        rack.make().run(lambda: rack.present, listen)


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_is_docked_any_more_once_it_has_ended(rack: Rack, fails: bool) -> None:
    """Whoever runs it lets go of the store then: a docking whose disk is slow is waited for, however long."""
    finish = threading.Event()

    def dock(recorder: Recorder, store: Store, progress: Callable[[Progress], None], delete: bool) -> SyncResult:
        assert finish.wait(WAIT_SECONDS)
        return sync(recorder, store, None, delete)

    def listen(event: Event) -> None:
        started.set()
        if fails:
            raise BrokenPipeError

    def run() -> None:
        with contextlib.suppress(BrokenPipeError):
            made.run(lambda: rack.present, listen)

    rack.dock = dock
    rack.plug("a", rack.new(1))
    started = threading.Event()
    made = rack.make(monotonic=lambda: time.monotonic() * 1000)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(WAIT_SECONDS)
    made.stop()
    thread.join(0.3)
    assert thread.is_alive()
    finish.set()
    thread.join(WAIT_SECONDS)
    assert not thread.is_alive()


def test_a_cable_pulled_while_others_go_on(rack: Rack) -> None:
    recorder, other = rack.new(1), rack.new(2)

    def dock(one: Recorder, store: Store, progress: Callable[[Progress], None], delete: bool) -> SyncResult:
        if one.port == "a" and not rack.of(FAILED, "a"):
            rack.unplug("a")
            raise LineLost("line_lost", port=one.port)
        return sync(one, store, progress, delete)

    rack.dock = dock
    rack.plug("a", recorder)
    rack.plug("b", other)
    rack.begin(again=0)
    rack.wait(FAILED, "a")
    rack.wait(GONE, "a")
    rack.wait(DONE, "b")
    rack.plug("a", recorder)
    rack.wait(DONE, "a")


def test_what_is_plugged_in(tmp_path: Path) -> None:
    """Devices alone, each once, whatever it is called; another thing under the same name has another mark."""
    ours, theirs = os.openpty()
    other_ours, other = os.openpty()
    name = os.ttyname(theirs)
    (tmp_path / "recorder.flash").write_bytes(b"no device")
    (tmp_path / "recorder.gone").symlink_to(tmp_path / "nothing")
    link = tmp_path / "recorder.a"
    link.symlink_to(name)
    (tmp_path / "recorder.b").symlink_to(name)
    found = plugged((str(tmp_path / "recorder*"), name, "socket://host:1"))
    assert list(found) == [str(link), "socket://host:1"]
    assert plugged((str(tmp_path / "recorder*"),))[str(link)] == found[str(link)]
    link.unlink()
    (tmp_path / "recorder.b").unlink()
    link.symlink_to(os.ttyname(other))
    assert plugged((str(tmp_path / "recorder*"),))[str(link)] != found[str(link)]
    for handle in (ours, theirs, other_ours, other):
        os.close(handle)
    assert plugged((str(tmp_path / "recorder*"),)) == {}
